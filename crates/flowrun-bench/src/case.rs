//! One thing that is measured.

use std::fmt;

use crate::clock::{Elapsed, Stopwatch};

/// Work on so many units (nodes, events, bytes), as often as wanted.
pub struct Case {
    name: &'static str,
    units: usize,
    work: Box<dyn FnMut(&mut Stopwatch)>,
}

impl Case {
    /// `work` does all `units` once and puts what counts of it on the clock.
    #[must_use]
    pub fn new(name: &'static str, units: usize, work: impl FnMut(&mut Stopwatch) + 'static) -> Self {
        Self { name, units, work: Box::new(work) }
    }

    /// What it is called in tables.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// How many units one round does.
    #[must_use]
    pub const fn units(&self) -> usize {
        self.units
    }

    /// Does the work once.
    pub fn once(&mut self) -> Elapsed {
        let mut watch = Stopwatch::default();
        (self.work)(&mut watch);
        watch.total()
    }

    /// Does the work as often as it takes to do about `units` units: the mean of one round.
    ///
    /// Reading the clocks costs about a microsecond, so a round of a few hundred units is done many times.
    pub fn mean(&mut self, units: usize) -> Elapsed {
        let times = u32::try_from(units / self.units.max(1)).unwrap_or(u32::MAX).max(1);
        let total = (0..times).fold(Elapsed::default(), |total, _| total + self.once());
        total / times
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("name", &self.name).field("units", &self.units).finish_non_exhaustive()
    }
}
