//! Counts allocations, while somebody asks for it.
//!
//! A binary that wants counts makes [`CountingAllocator`] its global allocator. Counting is off except inside
//! [`count`], so that times are those of the system allocator and one relaxed load.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

static IS_COUNTING: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
/// Bytes allocated minus bytes freed since counting began; below zero when older memory was freed.
static LIVE: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);

/// The system allocator, with counters.
#[derive(Debug)]
pub struct CountingAllocator;

/// What was allocated while something ran, in all threads of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allocations {
    /// How many allocations; growing one in place or elsewhere counts as one more.
    pub count: u64,
    /// Bytes asked for.
    pub bytes: u64,
    /// The most bytes that were held at a time beyond what was held before.
    pub peak_bytes: u64,
}

/// Runs `work` and counts what it allocates; all zero unless [`CountingAllocator`] is the global allocator.
///
/// Counters are those of the process: one caller at a time.
pub fn count<T>(work: impl FnOnce() -> T) -> (T, Allocations) {
    ALLOCATIONS.store(0, Ordering::Relaxed);
    BYTES.store(0, Ordering::Relaxed);
    LIVE.store(0, Ordering::Relaxed);
    PEAK.store(0, Ordering::Relaxed);
    IS_COUNTING.store(true, Ordering::SeqCst);
    let done = work();
    IS_COUNTING.store(false, Ordering::SeqCst);
    let counted = Allocations {
        count: ALLOCATIONS.load(Ordering::Relaxed),
        bytes: BYTES.load(Ordering::Relaxed),
        peak_bytes: u64::try_from(PEAK.load(Ordering::Relaxed)).unwrap_or(0),
    };
    (done, counted)
}

/// Whether this process counts allocations at all.
#[must_use]
pub fn is_counting_installed() -> bool {
    count(|| std::hint::black_box(Box::new(1_u8))).1.count > 0
}

fn grown(bytes: usize) {
    ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    BYTES.fetch_add(bytes as u64, Ordering::Relaxed);
    moved(bytes as i64);
}

fn moved(bytes: i64) {
    let live = LIVE.fetch_add(bytes, Ordering::Relaxed) + bytes;
    PEAK.fetch_max(live, Ordering::Relaxed);
}

#[expect(unsafe_code, reason = "an allocator is an unsafe trait; this one passes every call on as it is")]
// SAFETY: every method hands its arguments to the system allocator and gives back its answer.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if IS_COUNTING.load(Ordering::Relaxed) {
            grown(layout.size());
        }
        // SAFETY: the caller's promises are the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if IS_COUNTING.load(Ordering::Relaxed) {
            grown(layout.size());
        }
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if IS_COUNTING.load(Ordering::Relaxed) {
            moved(-(layout.size() as i64));
        }
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if IS_COUNTING.load(Ordering::Relaxed) {
            moved(-(layout.size() as i64));
            grown(new_size);
        }
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}
