//! Starts a process for each combination, between two rounds of the floors.

use std::io::{self, Write};

use benches::durable::Durable;
use peers_child::durable::{Answer, Ask};
use serde::Serialize;

use super::floors::{Floors, Rates};
use super::peers::{PEERS, Peer, build_all};
use crate::process::Outcome;

const CASES: [Durable; 4] = [
    Durable { runs: 1, nodes: 100 },
    Durable { runs: 16, nodes: 10 },
    Durable { runs: 64, nodes: 10 },
    Durable { runs: 256, nodes: 5 },
];

/// One line of the table.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Such as `16 × 10`: runs at once, and steps of each.
    pub case: String,
    pub peer: &'static str,
    /// Steps of all runs.
    pub steps: usize,
    pub outcome: Outcome<Answer>,
    pub floors: Rates,
    /// How the crate's connections sync by its source, where they could not be asked.
    pub by_source: Option<&'static str>,
}

/// Every crate in every case.
pub fn measure_all() -> io::Result<Vec<Row>> {
    build_all()?;
    let mut rows = Vec::new();
    for case in CASES {
        for peer in &PEERS {
            writeln!(io::stderr(), "{} {}", name(case), peer.name)?;
            rows.push(measure(case, peer)?);
        }
    }
    Ok(rows)
}

fn measure(case: Durable, peer: &Peer) -> io::Result<Row> {
    let folder = tempfile::Builder::new().prefix("durable-").tempdir_in(".")?;
    let Durable { runs, nodes } = case;
    let ask = Ask { runs, nodes, settings: peer.settings, folder: folder.path().to_owned() };
    let mut floors = Floors::new(folder.path(), runs);
    floors.round();
    let outcome = match peer.command()? {
        Some(mut command) => Outcome::of(command.arg(serde_json::to_string(&ask)?))?,
        None => Outcome::NotBuilt,
    };
    floors.round();
    Ok(Row {
        case: name(case),
        peer: peer.name,
        steps: runs * nodes,
        outcome,
        floors: floors.rates(),
        by_source: peer.by_source,
    })
}

fn name(Durable { runs, nodes }: Durable) -> String {
    format!("{runs} × {nodes}")
}
