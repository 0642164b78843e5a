//! `figures [--json] [--quick] [--svg FILE] [NAME…]`: measures flowrun beside its floors.
//!
//! Prints a markdown table, or JSON with `--json`; progress goes to standard error. `--svg` writes the plot of
//! how cost grows, `--quick` leaves out graphs over 10,000 nodes, and names choose figures by a part of theirs.

use std::io::{self, Write};
use std::process::ExitCode;

use benches::alloc::CountingAllocator;
use benches::report::Report;
use benches::{Effort, Machine, scenarios};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const SIZES: [usize; 4] = [100, 10_000, 100_000, 1_000_000];

#[derive(Default)]
struct Options {
    as_json: bool,
    is_quick: bool,
    svg: Option<String>,
    names: Vec<String>,
}

impl Options {
    fn of(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut options = Self::default();
        while let Some(argument) = arguments.next() {
            match &*argument {
                "--json" => options.as_json = true,
                "--quick" => options.is_quick = true,
                "--svg" => options.svg = Some(arguments.next()?),
                _ if argument.starts_with('-') => return None,
                _ => options.names.push(argument),
            }
        }
        Some(options)
    }

    fn wants(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|part| name.contains(part))
    }
}

fn main() -> io::Result<ExitCode> {
    let Some(options) = Options::of(std::env::args().skip(1)) else {
        writeln!(io::stderr(), "usage: figures [--json] [--quick] [--svg FILE] [NAME…]")?;
        return Ok(ExitCode::from(2));
    };
    let sizes = if options.is_quick { &SIZES[..2] } else { &SIZES };
    let mut figures = Vec::new();
    // The machine first: its load is then that of others.
    let machine = Machine::here();
    for scenario in scenarios::all(sizes).iter().filter(|scenario| options.wants(scenario.name())) {
        writeln!(io::stderr(), "{}", scenario.name())?;
        figures.push(scenario.build().measure(Effort::default()));
    }
    let report = Report::new(machine, figures);
    let text = if options.as_json { report.to_json()? } else { report.to_markdown() };
    writeln!(io::stdout(), "{text}")?;
    if let (Some(path), Some(svg)) = (&options.svg, report.to_svg()) {
        std::fs::write(path, svg)?;
    }
    Ok(ExitCode::SUCCESS)
}
