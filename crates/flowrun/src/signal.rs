//! Waiting for something that others bring about.

use std::sync::atomic::{AtomicUsize, Ordering, fence};

use tokio::sync::Notify;

/// Wakes whoever waits, so that they look again. Raising it costs next to nothing while nobody waits.
#[derive(Default)]
pub(crate) struct Signal {
    notify: Notify,
    waiting: AtomicUsize,
}

impl Signal {
    /// Something changed: everybody who waits looks again.
    pub(crate) fn raise(&self) {
        // Together with the one in `Waiting`: either the count is seen here, or the change is seen there.
        fence(Ordering::SeqCst);
        if self.waiting.load(Ordering::Relaxed) > 0 {
            self.notify.notify_waiters();
        }
    }

    /// Waits until `look` finds something. It is called at once, and again after every change.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting; what `look` did stays done.
    pub(crate) async fn until<T>(&self, mut look: impl FnMut() -> Option<T>) -> T {
        if let Some(found) = look() {
            return found;
        }
        let _waiting = Waiting::new(&self.waiting);
        let mut changed = std::pin::pin!(self.notify.notified());
        loop {
            // Registered before the look, so that a change between the two is not missed.
            changed.as_mut().enable();
            if let Some(found) = look() {
                return found;
            }
            changed.as_mut().await;
            changed.set(self.notify.notified());
        }
    }
}

/// Somebody who is counted while it waits.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
