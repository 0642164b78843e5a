//! Waiting for the disk on the thread of a driver, where no other task of the runtime has to wait for that.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Whether the calling thread may wait: another one takes over where there are several, and where there is one
/// the driver has to be the only task.
pub(super) fn may_wait() -> bool {
    let Ok(runtime) = Handle::try_current() else { return false };
    match runtime.runtime_flavor() {
        RuntimeFlavor::MultiThread => true,
        RuntimeFlavor::CurrentThread => runtime.metrics().num_alive_tasks() == 1,
        // There may be more kinds one day.
        _ => false,
    }
}

/// Waits on the calling thread, which may.
pub(super) fn wait<T>(wait: impl FnOnce() -> T) -> T {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::MultiThread => tokio::task::block_in_place(wait),
        _ => wait(),
    }
}
