//! How often something is measured.

use std::time::{Duration, Instant};

/// No more rounds begin after this.
const ENOUGH: Duration = Duration::from_secs(4);
const MAX_ROUNDS: usize = 9;
/// A round that has not ended by then never will; what those before it took still counts.
const HOPELESS: Duration = Duration::from_secs(16);

/// The times of rounds that follow each other, until there are enough of them or they took long enough.
#[derive(Debug)]
pub struct Rounds {
    began: Instant,
    took: Vec<Duration>,
    is_stuck: bool,
}

impl Rounds {
    /// From now on.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it reads the clock")]
    pub fn new() -> Self {
        Self { began: Instant::now(), took: Vec::new(), is_stuck: false }
    }

    /// Whether another one is to be done. The first one is.
    #[must_use]
    pub fn go_on(&self) -> bool {
        let is_enough = self.took.len() >= MAX_ROUNDS || self.began.elapsed() >= ENOUGH;
        !self.is_stuck && (self.took.is_empty() || !is_enough)
    }

    /// How long to wait for the next one. For the first it is longer than the process may live.
    #[must_use]
    pub fn patience(&self) -> Duration {
        if self.took.is_empty() { HOPELESS * 4 } else { HOPELESS.saturating_sub(self.began.elapsed()) }
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> usize {
        self.took.len()
    }

    /// One took so long.
    pub fn add(&mut self, took: Duration) {
        self.took.push(took);
    }

    /// The last one did not end.
    pub fn give_up(&mut self) {
        self.is_stuck = true;
    }

    /// Whether one did not end.
    #[must_use]
    pub fn is_stuck(&self) -> bool {
        self.is_stuck
    }

    /// What one takes; zero when there was none.
    #[must_use]
    pub fn median(mut self) -> Duration {
        self.took.sort();
        self.took.get(self.took.len() / 2).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_round_and_never_more_than_the_most() {
        let mut rounds = Rounds::new();
        assert!(rounds.go_on());
        for took in [7, 1, 2, 3, 4, 5, 6, 8, 9] {
            rounds.add(Duration::from_secs(took));
        }
        assert!(!rounds.go_on());
        assert_eq!((rounds.count(), rounds.median()), (9, Duration::from_secs(5)));
    }

    #[test]
    fn one_that_does_not_end_is_the_last() {
        let mut rounds = Rounds::new();
        rounds.add(Duration::from_secs(1));
        assert!(rounds.go_on() && rounds.patience() <= HOPELESS);
        rounds.give_up();
        assert!(!rounds.go_on() && rounds.is_stuck());
    }
}
