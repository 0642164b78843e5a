//! Times: what the processor did, and what the clock on the wall says.

use std::ops::{Add, Div};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// How long something took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Elapsed {
    /// Processor time of all threads of the process. On a busy machine this is the one to trust.
    pub cpu: Duration,
    /// Time that passed.
    pub wall: Duration,
}

impl Add for Elapsed {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { cpu: self.cpu + other.cpu, wall: self.wall + other.wall }
    }
}

impl Div<u32> for Elapsed {
    type Output = Self;

    fn div(self, by: u32) -> Self {
        Self { cpu: self.cpu / by, wall: self.wall / by }
    }
}

/// Measures the parts of a piece of work that count, and leaves out its preparation.
#[derive(Debug, Default)]
pub struct Stopwatch {
    total: Elapsed,
}

impl Stopwatch {
    /// Runs `work` on the clock.
    pub fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let (cpu, wall) = (cpu_time(), Instant::now());
        let done = work();
        // The wall first: reading the processor's clock is a system call.
        let wall = wall.elapsed();
        let cpu = cpu_time().saturating_sub(cpu).saturating_sub(cost_of_looking());
        self.add(Elapsed { cpu, wall });
        done
    }

    /// Puts time on the clock that was measured elsewhere.
    pub fn add(&mut self, elapsed: Elapsed) {
        self.total = self.total + elapsed;
    }

    /// What was measured so far.
    #[must_use]
    pub const fn total(&self) -> Elapsed {
        self.total
    }
}

/// What the clock shows when nothing is measured: part of the two system calls. A run of a hundred nodes takes
/// ten times as long, so it is taken off.
fn cost_of_looking() -> Duration {
    static COST: OnceLock<Duration> = OnceLock::new();
    *COST.get_or_init(|| {
        let look = || {
            let (cpu, wall) = (cpu_time(), Instant::now());
            std::hint::black_box(wall.elapsed());
            cpu_time().saturating_sub(cpu)
        };
        (0..1_000).map(|_| look()).min().unwrap_or_default()
    })
}

/// Processor time that this process has used, in all its threads.
#[must_use]
pub fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_on_the_clock_counts() {
        let mut watch = Stopwatch::default();
        let started = Instant::now();
        let spun = watch.time(|| (0..200_000_u64).fold(0, |sum, x| std::hint::black_box(sum ^ x)));
        assert!(std::hint::black_box(spun) < 1 << 20);
        let once = watch.total();
        assert!(once.cpu > Duration::ZERO && once.wall <= started.elapsed());
        watch.time(|| ());
        assert!(watch.total().wall >= once.wall);
    }
}
