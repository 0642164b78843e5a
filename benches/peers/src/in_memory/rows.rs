//! Starts a process for each combination.

use std::io::{self, Write};
use std::process::Command;

use benches::graph::{Shape, size_name};
use serde::Serialize;

use super::child::{FLAG, Measured};
use super::peers::PEERS;
use crate::process::Outcome;

const SHAPES: [Shape; 4] = [Shape::Layered, Shape::Chain, Shape::Wide, Shape::Fan];

/// One line of the table.
#[derive(Debug, Serialize)]
pub struct Row {
    pub graph: String,
    pub peer: &'static str,
    pub outcome: Outcome<Measured>,
}

/// Every peer on every shape at these sizes, smaller ones first.
pub fn measure_all(sizes: &[usize]) -> io::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for shape in SHAPES {
        let mut has_failed = [false; PEERS.len()];
        for &size in sizes {
            let graph = format!("{shape}/{}", size_name(size));
            for (peer, has_failed) in PEERS.iter().zip(&mut has_failed) {
                let outcome = if *has_failed {
                    Outcome::Skipped
                } else {
                    writeln!(io::stderr(), "{graph} {}", peer.name)?;
                    measure(peer.name, shape, size)?
                };
                *has_failed = outcome.measured().is_err();
                rows.push(Row { graph: graph.clone(), peer: peer.name, outcome });
            }
        }
    }
    Ok(rows)
}

fn measure(peer: &str, shape: Shape, size: usize) -> io::Result<Outcome<Measured>> {
    let mut command = Command::new(std::env::current_exe()?);
    Outcome::of(command.args([FLAG, peer, &shape.to_string(), &size.to_string()]))
}
