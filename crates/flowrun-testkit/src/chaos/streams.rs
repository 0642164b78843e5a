//! One seed, split: what one part of a story draws does not move what the others draw.

use flowrun_sim::random::Random;

/// What is drawn for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stream {
    /// The nodes and edges of the flow.
    Flow,
    /// The limits of the run.
    Limits,
    /// What objects are worth.
    Scores,
    /// What executors do, and how long they take.
    Conduct,
    /// What executors do that is out of the ordinary.
    Misdeeds,
    /// How the disk behaves, and when it fails.
    Disk,
    /// When the process ends.
    Crashes,
    /// What people ask for.
    Calls,
    /// Which of several things that are ready comes first.
    Order,
    /// When several ends are decided together.
    Ends,
    /// When a driver looks up from its calls.
    Pauses,
}

/// The numbers of one place in a stream.
pub(super) fn draw(seed: u64, stream: Stream, place: u64) -> Random {
    Random::at(Random::at(seed, stream as u64).next_u64(), place)
}

/// A place that stands for a text.
pub(super) fn place_of(text: &str) -> u64 {
    text.bytes()
        .fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}
