//! How many requests a token may make.

use std::num::NonZeroU32;

use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use super::refusal::Refusal;
use crate::repo::TokenId;

/// Counts the requests of each token. Tokens that are none are not counted, so that nobody can fill the table.
pub(crate) struct Rates {
    limiter: RateLimiter<TokenId, HashMapStateStore<TokenId>, DefaultClock>,
    clock: DefaultClock,
}

impl Rates {
    /// So many requests a second, and as many at once.
    pub(crate) fn new(a_second: NonZeroU32) -> Self {
        Self { limiter: RateLimiter::hashmap(Quota::per_second(a_second)), clock: DefaultClock::default() }
    }

    /// Counts a request.
    ///
    /// # Errors
    ///
    /// 429 when it is one too many.
    pub(crate) fn count(&self, token: TokenId) -> Result<(), Refusal> {
        self.limiter.check_key(&token).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            // Whole seconds, and never the answer that it may come at once.
            Refusal::throttled(wait.as_secs() + 1)
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    #[test]
    fn a_token_has_its_own_share() {
        let rates = Rates::new(NonZeroU32::new(2).unwrap());
        let (a, b) = (TokenId::random(), TokenId::random());
        assert!(rates.count(a).is_ok() && rates.count(a).is_ok());
        assert_eq!(rates.count(a).unwrap_err().status(), StatusCode::TOO_MANY_REQUESTS);
        assert!(rates.count(b).is_ok());
    }
}
