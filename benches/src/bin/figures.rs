//! `figures [--json] [--quick] [--svg FILE] [NAME…]`: measures flowrun beside its floors.
//!
//! Prints a markdown table, or JSON with `--json`; progress goes to standard error. `--svg` writes the plot of
//! how cost grows, `--quick` leaves out graphs over 10,000 nodes, and names choose figures by a part of theirs.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use benches::Sitting;
use benches::alloc::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

#[derive(Default)]
struct Options {
    as_json: bool,
    svg: Option<String>,
    sitting: Sitting,
}

impl Options {
    fn of(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut options = Self::default();
        while let Some(argument) = arguments.next() {
            match &*argument {
                "--json" => options.as_json = true,
                "--quick" => options.sitting.is_quick = true,
                "--svg" => options.svg = Some(arguments.next()?),
                _ if argument.starts_with('-') => return None,
                _ => options.sitting.names.push(argument),
            }
        }
        Some(options)
    }
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Some(options) = Options::of(std::env::args().skip(1)) else {
        writeln!(io::stderr(), "usage: figures [--json] [--quick] [--svg FILE] [NAME…]")?;
        return Ok(ExitCode::from(2));
    };
    let report = options.sitting.take(|name| {
        // Progress that nobody can see is no reason to stop measuring.
        let _ = writeln!(io::stderr(), "{name}");
    })?;
    let text = if options.as_json { report.to_json()? } else { report.to_markdown() };
    writeln!(io::stdout(), "{text}")?;
    if let (Some(path), Some(svg)) = (&options.svg, report.to_svg()) {
        std::fs::write(path, svg)?;
    }
    Ok(ExitCode::SUCCESS)
}
