//! How fast pages of one host are asked for.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use flowrun_guard::Url;
use tokio::time::{Instant, sleep_until};

/// Lets the pages of a host begin one after the other, with a pause between them.
#[derive(Debug)]
pub(crate) struct Pace {
    pause: Duration,
    /// When the next page of a host may begin.
    next: Mutex<BTreeMap<String, Instant>>,
}

impl Pace {
    pub(crate) fn new(pause: Duration) -> Self {
        Self { pause, next: Mutex::default() }
    }

    /// Waits until the page at `url` may begin. Without a pause, and for what is no address, that is at once.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves a gap where the page would have begun.
    pub(crate) async fn turn_of(&self, url: &str) {
        let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
        let Some(host) = host.filter(|_| !self.pause.is_zero()) else { return };
        let at = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let next = next.entry(host).or_insert_with(Instant::now);
            let at = (*next).max(Instant::now());
            *next = at + self.pause;
            at
        };
        sleep_until(at).await;
    }
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pages_of_one_host_begin_one_after_the_other_and_others_at_once() {
        let pace = Pace::new(Duration::from_secs(2));
        let start = Instant::now();
        let turn = |url: &'static str| {
            let pace = &pace;
            async move {
                pace.turn_of(url).await;
                start.elapsed().as_secs()
            }
        };
        let urls =
            ["http://a.example/1", "http://a.example:81/2", "http://b.example/", "https://a.example/3", "x"];
        assert_eq!(join_all(urls.map(turn)).await, [0, 2, 0, 4, 0]);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(turn("http://a.example/4").await, 64, "what was not used is not saved up");
    }
}
