//! When work on a thread of its own has to stop: a deadline, or nobody waits for it any more.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Questions between two looks at the clock; what is done between two questions takes microseconds.
const LOOK_EVERY: u32 = 64;

/// Asked by the work again and again whether it should go on. A thread cannot be stopped from outside.
#[derive(Debug)]
pub(crate) struct Watch {
    deadline: Instant,
    unwanted: Arc<AtomicBool>,
    over: Cell<bool>,
    asked: Cell<u32>,
}

/// Held by who waits for the work: dropping it ends the work.
#[derive(Debug)]
pub(crate) struct Wanted(Arc<AtomicBool>);

impl Watch {
    /// A watch that ends at `deadline`, or when the other half is dropped.
    pub(crate) fn until(deadline: Instant) -> (Self, Wanted) {
        let unwanted = Arc::new(AtomicBool::new(false));
        let wanted = Wanted(Arc::clone(&unwanted));
        // The first question looks at the clock.
        (Self { deadline, unwanted, over: Cell::new(false), asked: Cell::new(0) }, wanted)
    }

    /// Whether to stop. Once it says so it never says otherwise.
    pub(crate) fn is_over(&self) -> bool {
        let asked = self.asked.get();
        self.asked.set(asked.wrapping_add(1));
        if !self.over.get() && asked.is_multiple_of(LOOK_EVERY) {
            // Nothing else is read because of the flag, so no order is needed.
            self.over.set(self.unwanted.load(Ordering::Relaxed) || Instant::now() >= self.deadline);
        }
        self.over.get()
    }
}

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn work_stops_at_its_deadline_and_when_nobody_waits() {
        let now = Instant::now();
        let (late, _wanted) = Watch::until(now);
        assert!(late.is_over());
        let (watch, wanted) = Watch::until(now + Duration::from_secs(3600));
        assert!(!watch.is_over());
        drop(wanted);
        let more = (1..).take_while(|_| !watch.is_over()).count();
        assert_eq!(more, LOOK_EVERY as usize - 1);
        assert!(watch.is_over());
    }
}
