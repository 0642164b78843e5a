//! Waiting for something that others bring about.

use tokio::sync::Notify;

/// Wakes whoever waits, so that they look again.
#[derive(Default)]
pub(crate) struct Signal(Notify);

impl Signal {
    /// Something changed: everybody who waits looks again.
    pub(crate) fn raise(&self) {
        self.0.notify_waiters();
    }

    /// Waits until `look` finds something. It is called at once, and again after every change.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting; what `look` did stays done.
    pub(crate) async fn until<T>(&self, mut look: impl FnMut() -> Option<T>) -> T {
        let mut changed = std::pin::pin!(self.0.notified());
        loop {
            // Registered before the look, so that a change between the two is not missed.
            changed.as_mut().enable();
            if let Some(found) = look() {
                return found;
            }
            changed.as_mut().await;
            changed.set(self.0.notified());
        }
    }
}
