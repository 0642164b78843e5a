//! How much memory the process holds, as the system sees it.

use std::fs;

/// Memory of this process in bytes, now and at its highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resident {
    /// Held now.
    pub now: u64,
    /// The most that was held since the last [`forget_peak`].
    pub peak: u64,
}

/// What the process holds; `None` where the system does not tell.
#[must_use]
pub fn resident() -> Option<Resident> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let bytes = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        let kibibytes = line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?;
        Some(kibibytes * 1024)
    };
    Some(Resident { now: bytes("VmRSS:")?, peak: bytes("VmHWM:")? })
}

/// Starts the peak anew from what is held now. Where the system cannot, the peak stays that of the process.
pub fn forget_peak() {
    // Older kernels and some sandboxes refuse; the figure is then too high, never too low.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// How far the peak rises above what is held at the start while `work` runs. The peak is that of the process:
/// one caller at a time. Memory that the allocator kept
/// from earlier work is not counted: for exact figures use a fresh process or [`alloc::count`].
///
/// [`alloc::count`]: crate::alloc::count
pub fn peak_growth<T>(work: impl FnOnce() -> T) -> (T, Option<u64>) {
    forget_peak();
    let before = resident();
    let done = work();
    let growth = before.zip(resident()).map(|(before, after)| after.peak.saturating_sub(before.now));
    (done, growth)
}
