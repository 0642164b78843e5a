//! Figures for programs, for people, and as a picture.

mod markdown;
mod plot;

use serde::Serialize;

use crate::durable::DurableFigure;
use crate::{Figure, Machine};

pub use plot::{Curve, growth_curves, plot};

/// Figures of one sitting.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Version of this shape; a key that changes its meaning makes it 2.
    pub version: u32,
    /// Where they were taken.
    pub machine: Machine,
    /// Cost of a node at the largest size by that at 10k, for each shape that was run at both.
    pub growth: Vec<Growth>,
    /// The figures in memory: processor time counts.
    pub figures: Vec<Figure>,
    /// The figures on disk: time on the wall counts.
    pub durable: Vec<DurableFigure>,
}

/// How the cost of a node grows with the graph.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Growth {
    /// What was run, such as `run layered`.
    pub name: String,
    /// Nodes of the larger graph.
    pub nodes: usize,
    /// Processor time a node there, by that at 10k nodes.
    pub ratio: f64,
}

impl Report {
    /// A report on this machine.
    #[must_use]
    pub fn new(machine: Machine, figures: Vec<Figure>, durable: Vec<DurableFigure>) -> Self {
        Self { version: 1, machine, growth: growth(&figures), figures, durable }
    }

    /// The report as JSON, indented.
    ///
    /// # Errors
    ///
    /// When a figure is no finite number, which a clock that stands still could cause.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }

    /// The report as markdown: the machine, then a table, ratios first.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        markdown::markdown(self)
    }

    /// The cost of a node by the size of the graph as an SVG picture, both axes logarithmic; `None` without
    /// figures for two sizes of a shape.
    #[must_use]
    pub fn to_svg(&self) -> Option<String> {
        let curves = growth_curves(&self.figures);
        (!curves.is_empty()).then(|| plot("CPU ns per node, by nodes of the graph", &curves))
    }
}

fn growth(figures: &[Figure]) -> Vec<Growth> {
    let at_10k = figures.iter().filter_map(|figure| Some((figure.name.strip_suffix("/10k")?, figure)));
    let largest = |name: &str| {
        let of_name = figures.iter().filter(|figure| family(&figure.name) == name);
        of_name.max_by_key(|figure| figure.units)
    };
    at_10k
        .filter_map(|(name, small)| {
            let large = largest(name).filter(|large| large.units > small.units)?;
            let ratio = large.cost.cpu_ns / small.cost.cpu_ns;
            Some(Growth { name: name.to_owned(), nodes: large.units, ratio })
        })
        .collect()
}

/// The name without the size.
fn family(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(family, _)| family)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::DurableFloor;
    use crate::{Cost, FloorCost, Memory};

    fn figure(name: &str, units: usize, cpu_ns: f64) -> Figure {
        Figure {
            name: name.to_owned(),
            units,
            cost: Cost { cpu_ns, wall_ns: cpu_ns },
            bytes_per_second: None,
            floors: vec![FloorCost { name: "boxed", cost: Cost { cpu_ns: 40.0, wall_ns: 41.0 }, ratio: 3.0 }],
            memory: Memory {
                allocations_per_unit: Some(1.0),
                peak_heap_bytes: Some(3 << 20),
                peak_resident_bytes: None,
            },
        }
    }

    fn report() -> Report {
        let figures = vec![
            figure("run layered/10k", 10_000, 100.0),
            figure("run layered/1M", 1_000_000, 150.0),
            figure("events read by 1 layered/10k", 20_002, 80.0),
        ];
        let floor = DurableFloor { name: "append", per_second: 5_000.0, ratio: 0.8 };
        let durable = DurableFigure {
            name: "durable chain".to_owned(),
            in_flight: 1,
            per_second: 4_000.0,
            floors: vec![floor],
        };
        Report::new(Machine::here(), figures, vec![durable])
    }

    #[test]
    fn growth_is_told_for_what_was_run_at_two_sizes() {
        let expected = Growth { name: "run layered".into(), nodes: 1_000_000, ratio: 1.5 };
        assert_eq!(report().growth, [expected]);
    }

    #[test]
    fn the_table_starts_with_ratios() {
        let markdown = report().to_markdown();
        assert!(
            markdown.contains("| run layered/1M | 3.0 × boxed | 150 | 150 | 40 | 1.00 | 3.0 |"),
            "{markdown}"
        );
        assert!(markdown.contains("| durable chain | 0.80 × append | 4000 | 5000 |"), "{markdown}");
        assert!(markdown.contains("run layered, 10k to 1M nodes: 1.50 ×"), "{markdown}");
    }

    #[test]
    fn json_has_a_version_and_the_machine() {
        let json: serde_json::Value = serde_json::from_str(&report().to_json().unwrap()).unwrap();
        assert_eq!(json["version"], 1);
        assert!(json["machine"]["cores"].as_u64().unwrap() >= 1);
        assert_eq!(json["figures"][0]["floors"][0]["ratio"], 3.0);
    }

    #[test]
    fn the_picture_has_a_line_for_each_shape_and_one_for_the_floor() {
        let svg = report().to_svg().unwrap();
        assert_eq!(svg.matches("<polyline").count(), 2);
        assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
        assert!(Report::new(Machine::here(), Vec::new(), Vec::new()).to_svg().is_none());
    }
}
