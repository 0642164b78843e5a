//! One sitting: everything somebody asked for, measured one after the other.

use crate::report::Report;
use crate::{Effort, Machine, durable, scenarios};

/// Sizes of the graphs, in nodes.
const SIZES: [usize; 4] = [100, 10_000, 100_000, 1_000_000];

/// What to measure.
#[derive(Clone, Debug, Default)]
pub struct Sitting {
    /// Leave out graphs over 10,000 nodes: a minute instead of several.
    pub is_quick: bool,
    /// Parts of the names of figures; none asks for all of them.
    pub names: Vec<String>,
}

impl Sitting {
    /// Measures. `tell` hears the name of each figure before it is taken.
    ///
    /// # Errors
    ///
    /// [`NoFigureError`] when no figure has a name that was asked for.
    pub fn take(&self, mut tell: impl FnMut(&str)) -> Result<Report, NoFigureError> {
        let sizes = if self.is_quick { &SIZES[..2] } else { &SIZES };
        // The machine first: its load is then that of others.
        let machine = Machine::here();
        let mut figures = Vec::new();
        for scenario in scenarios::all(sizes).iter().filter(|scenario| self.wants(scenario.name())) {
            tell(scenario.name());
            figures.push(scenario.build().measure(Effort::default()));
        }
        let mut durable = Vec::new();
        for work in durable::ALL.into_iter().filter(|work| self.wants(&work.name())) {
            tell(&work.name());
            durable.push(work.measure());
        }
        let is_empty = figures.is_empty() && durable.is_empty();
        if is_empty { Err(NoFigureError) } else { Ok(Report::new(machine, figures, durable)) }
    }

    fn wants(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|part| name.contains(part))
    }
}

/// No figure has such a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoFigureError;

impl std::fmt::Display for NoFigureError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(
            "no figure has such a name; names are like `run layered/10k`, and a part of one is enough",
        )
    }
}

impl std::error::Error for NoFigureError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_choose_by_a_part_of_theirs() {
        let sitting = |names: &[&str]| Sitting {
            is_quick: true,
            names: names.iter().map(|&name| name.to_owned()).collect(),
        };
        let mut told = Vec::new();
        let report = sitting(&["core chain/100"]).take(|name| told.push(name.to_owned())).unwrap();
        assert_eq!(told, ["core chain/100"]);
        assert_eq!(report.figures.len(), 1);
        assert_eq!(sitting(&["no such thing"]).take(|_| ()).unwrap_err(), NoFigureError);
    }
}
