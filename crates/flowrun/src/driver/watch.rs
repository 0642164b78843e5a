//! The driver's look at the clock: one for what happens in the same moment.

use std::sync::Arc;

use flowrun_core::Timestamp;

use crate::Clock;

/// A clock that is read again once it has ticked, or something may have been waited for
/// ([why](https://github.com/flowrun/flowrun/blob/main/docs/design/one-look-a-tick.md)).
pub(crate) struct Watch {
    clock: Arc<dyn Clock>,
    /// The last reading, with the tick before it.
    read: Option<(i64, Timestamp)>,
    /// The latest time it told.
    latest: Option<Timestamp>,
    /// By how much the clock was set back since it is looked at, in microseconds.
    behind: i64,
}

impl Watch {
    pub(crate) const fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, read: None, latest: None, behind: 0 }
    }

    /// The time, as of no earlier than the last wait and the last tick.
    pub(super) fn now(&mut self) -> Timestamp {
        // The tick first: one that comes between the two is then noticed the next time.
        let tick = self.clock.tick();
        match (self.read, tick) {
            (Some((last, at)), Some(tick)) if last == tick => at,
            _ => {
                let at = self.forwards(self.clock.now());
                self.read = tick.map(|tick| (tick, at));
                at
            }
        }
    }

    /// The time that the clock shows, if it had not been set back meanwhile: what is waited for by the clock would
    /// come as much later.
    fn forwards(&mut self, shown: Timestamp) -> Timestamp {
        let mut at = Timestamp::from_micros(shown.as_micros().saturating_add(self.behind));
        if let Some(latest) = self.latest.filter(|latest| at < *latest) {
            self.behind += latest.as_micros() - at.as_micros();
            at = latest;
        }
        self.latest = Some(at);
        at
    }

    /// Something may have been waited for: the next look is at the clock itself.
    pub(super) const fn waited(&mut self) {
        self.read = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    struct Set(AtomicI64);

    impl Clock for Set {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(self.0.load(Ordering::Relaxed))
        }
    }

    #[test]
    fn a_clock_that_is_set_back_goes_on_from_where_it_was() {
        let clock = Arc::new(Set(AtomicI64::new(0)));
        let mut watch = Watch::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let told = [100, 107, 20, 25, 3, 9, 500].map(|shown| {
            clock.0.store(shown, Ordering::Relaxed);
            watch.now().as_micros()
        });
        assert_eq!(told, [100, 107, 107, 112, 112, 118, 609]);
    }
}
