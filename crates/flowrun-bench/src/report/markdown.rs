//! Figures as a table that people read.

use std::fmt::Write;

use super::Report;
use crate::Figure;
use crate::durable::DurableFloor;
use crate::graph::size_name;

const EXPECT: &str = "a string takes all that is written";

pub(super) fn markdown(report: &Report) -> String {
    let mut out = String::new();
    let machine = &report.machine;
    writeln!(
        out,
        "{} cores of {}, {}, {}, flowrun {}{}\n",
        machine.cores,
        machine.cpu,
        machine.kernel,
        machine.rustc,
        machine.flowrun,
        if machine.is_optimised { "" } else { " (not optimised)" }
    )
    .expect(EXPECT);
    if !report.figures.is_empty() {
        in_memory(&mut out, report);
    }
    if !report.durable.is_empty() {
        on_disk(&mut out, report);
    }
    out
}

fn in_memory(out: &mut String, report: &Report) {
    out.push_str(
        "| measured | CPU ÷ floor | CPU ns | wall ns | floor CPU ns | allocations | peak heap, MiB | MB/s |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for figure in &report.figures {
        row(out, figure);
    }
    if !report.growth.is_empty() {
        out.push_str("\nGrowth of the cost of a node:\n\n");
    }
    for growth in &report.growth {
        let size = size_name(growth.nodes);
        writeln!(out, "- {}, 10k to {size} nodes: {:.2} ×", growth.name, growth.ratio).expect(EXPECT);
    }
}

fn on_disk(out: &mut String, report: &Report) {
    out.push_str(
        "\n| on disk | rate ÷ floor | nodes a second | floor, records a second |\n| --- | ---: | ---: | ---: |\n",
    );
    for figure in &report.durable {
        let all =
            |text: fn(&DurableFloor) -> String| figure.floors.iter().map(text).collect::<Vec<_>>().join(", ");
        writeln!(
            out,
            "| {} | {} | {} | {} |",
            figure.name,
            all(|floor| format!("{} × {}", short(floor.ratio), floor.name)),
            whole(figure.per_second),
            all(|floor| whole(floor.per_second)),
        )
        .expect(EXPECT);
    }
}

fn row(out: &mut String, figure: &Figure) {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    let all = |text: fn(&crate::FloorCost) -> String| {
        let floors = figure.floors.iter().map(text).collect::<Vec<_>>();
        if floors.is_empty() { "–".to_owned() } else { floors.join(", ") }
    };
    writeln!(
        out,
        "| {} | {} | {} | {} | {} | {} | {} | {} |",
        figure.name,
        all(|floor| format!("{} × {}", short(floor.ratio), floor.name)),
        whole(figure.cost.cpu_ns),
        whole(figure.cost.wall_ns),
        all(|floor| whole(floor.cost.cpu_ns)),
        or_dash(figure.memory.allocations_per_unit.map(|count| format!("{count:.2}"))),
        or_dash(figure.memory.peak_heap_bytes.map(|bytes| format!("{:.1}", bytes as f64 / (1 << 20) as f64))),
        or_dash(figure.bytes_per_second.map(|bytes| whole(bytes / 1e6))),
    )
    .expect(EXPECT);
}

fn whole(number: f64) -> String {
    format!("{number:.0}")
}

/// Two digits that matter.
fn short(ratio: f64) -> String {
    if ratio < 1.0 { format!("{ratio:.2}") } else { format!("{ratio:.1}") }
}
