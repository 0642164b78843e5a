//! The rows as markdown.

use std::fmt::Write;

use crate::child::Measured;
use crate::parent::{Outcome, Row};

/// One table; wall times first, because that is what a user waits for.
pub fn markdown(rows: &[Row]) -> String {
    let mut out = String::from(
        "| graph | crate | build + run, ns | build, ns | run, ns | run, CPU ns | allocations build + run | peak, MiB |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for Row { graph, peer, outcome } in rows {
        let cells = match outcome {
            Outcome::Measured(measured) => cells(measured),
            Outcome::Arity => failure("too many parents for its interface"),
            Outcome::TimedOut => failure("> 20 s"),
            Outcome::OutOfMemory => failure("> 4 GiB"),
            Outcome::StackOverflow => failure("stack overflow"),
            Outcome::Panicked => failure("panic"),
            Outcome::Died(how) => failure(how),
            Outcome::Skipped => failure("skipped"),
        };
        writeln!(out, "| {graph} | {peer} | {cells} |").expect("a string takes all that is written");
    }
    out
}

fn cells(measured: &Measured) -> String {
    let peak = measured.peak_bytes.map_or_else(|| "–".to_owned(), |bytes| (bytes >> 20).to_string());
    format!(
        "{:.0} | {:.0} | {:.0} | {:.0} | {:.1} + {:.1} | {peak}",
        measured.build_ns + measured.run_ns,
        measured.build_ns,
        measured.run_ns,
        measured.run_cpu_ns,
        measured.build_allocations,
        measured.run_allocations,
    )
}

fn failure(what: &str) -> String {
    format!("{what} | – | – | – | – | –")
}
