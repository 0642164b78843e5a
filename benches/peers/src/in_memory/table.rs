//! The rows as markdown.

use std::fmt::Write;

use super::child::Measured;
use super::rows::Row;

/// One table; wall times first, because that is what a user waits for.
pub fn markdown(rows: &[Row]) -> String {
    let mut out = String::from(
        "| graph | crate | build + run, ns | build, ns | run, ns | run, CPU ns | allocations build + run | peak, MiB |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for Row { graph, peer, outcome } in rows {
        let cells = outcome.measured().map_or_else(failure, cells);
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
