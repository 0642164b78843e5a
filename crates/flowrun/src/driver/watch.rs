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
}

impl Watch {
    pub(crate) const fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, read: None }
    }

    /// The time, as of no earlier than the last wait and the last tick.
    pub(super) fn now(&mut self) -> Timestamp {
        // The tick first: one that comes between the two is then noticed the next time.
        let tick = self.clock.tick();
        match (self.read, tick) {
            (Some((last, at)), Some(tick)) if last == tick => at,
            _ => {
                let at = self.clock.now();
                self.read = tick.map(|tick| (tick, at));
                at
            }
        }
    }

    /// Something may have been waited for: the next look is at the clock itself.
    pub(super) const fn waited(&mut self) {
        self.read = None;
    }
}
