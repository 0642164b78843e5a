//! Numbers that stand in for chance: the same seed gives the same ones.

use std::time::Duration;

/// SplitMix64, of Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of these.
    pub(crate) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[(self.next() % choices.len() as u64) as usize]
    }

    /// A wait of up to so many milliseconds, to the microsecond.
    pub(crate) fn up_to_ms(&mut self, ms: u64) -> Duration {
        Duration::from_micros(self.next() % (ms * 1_000))
    }
}
