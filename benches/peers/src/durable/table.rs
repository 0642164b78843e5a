//! The rows as markdown.

use std::collections::BTreeSet;
use std::fmt::Write;

use peers_child::durable::Answer;

use super::rows::Row;

/// One table; the two floors of a row stand beside it.
pub fn markdown(rows: &[Row]) -> String {
    let mut out = String::from(
        "| runs × steps | crate | steps/s | ms/step | of group commit | survives power loss | `fdatasync`/s | group commit, records/s |\n\
         | --- | --- | ---: | ---: | ---: | --- | ---: | ---: |\n",
    );
    for row in rows {
        let cells = row.outcome.measured().map_or_else(failure, |answer| cells(row, answer));
        let Row { case, peer, floors, .. } = row;
        writeln!(out, "| {case} | {peer} | {cells} | {:.0} | {:.0} |", floors.syncs, floors.records)
            .expect("a string takes all that is written");
    }
    out
}

fn cells(row: &Row, answer: &Answer) -> String {
    let ms_per_step = answer.round_ms / row.steps as f64;
    let per_second = 1e3 / ms_per_step;
    let survives = row.by_source.map_or_else(|| survives(&answer.synchronous), str::to_owned);
    let stuck = if answer.is_stuck { ", then stuck" } else { "" };
    format!("{per_second:.0}{stuck} | {ms_per_step:.3} | {:.3} | {survives}", per_second / row.floors.records)
}

/// Whether what was told as done is still there after the power was gone: only if each connection waits for the disk.
fn survives(synchronous: &[u8]) -> String {
    let kinds: BTreeSet<u8> = synchronous.iter().copied().collect();
    let names = kinds.iter().map(|kind| match kind {
        0 => "OFF",
        1 => "NORMAL",
        2 => "FULL",
        3 => "EXTRA",
        _ => "unknown",
    });
    let names = names.collect::<Vec<_>>().join(" and ");
    let answer = match kinds.first() {
        None => return "not known".to_owned(),
        Some(0 | 1) => "no",
        Some(_) => "yes",
    };
    format!("{answer} ({names})")
}

fn failure(what: &str) -> String {
    format!("{what} | – | – | –")
}

#[cfg(test)]
mod tests {
    use super::survives;

    #[test]
    fn one_connection_that_does_not_wait_is_enough_to_lose_something() {
        assert_eq!(survives(&[2, 2, 0]), "no (OFF and FULL)");
        assert_eq!(survives(&[1]), "no (NORMAL)");
        assert_eq!(survives(&[2, 3]), "yes (FULL and EXTRA)");
        assert_eq!(survives(&[]), "not known");
    }
}
