//! Starts a process for each combination and tells what became of it.

use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use benches::graph::{Shape, size_name};
use serde::Serialize;

use crate::child::{FLAG, Measured, UNFIT};
use crate::peers::PEERS;

const TIME: Duration = Duration::from_secs(20);
const SHAPES: [Shape; 4] = [Shape::Layered, Shape::Chain, Shape::Wide, Shape::Fan];

/// One line of the table.
#[derive(Debug, Serialize)]
pub struct Row {
    pub graph: String,
    pub peer: &'static str,
    pub outcome: Outcome,
}

/// What became of a combination.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was measured.
    Measured(Measured),
    /// The interface of the crate cannot express the graph: a node has too many parents.
    Arity,
    /// It did not end within 20 s.
    TimedOut,
    /// It needed more than 4 GiB.
    OutOfMemory,
    /// It recursed too deeply.
    StackOverflow,
    /// It panicked.
    Panicked,
    /// It died in another way.
    Died(String),
    /// A smaller graph had failed already.
    Skipped,
}

impl Outcome {
    fn is_measured(&self) -> bool {
        matches!(self, Self::Measured(_))
    }
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
                *has_failed = !outcome.is_measured();
                rows.push(Row { graph: graph.clone(), peer: peer.name, outcome });
            }
        }
    }
    Ok(rows)
}

fn measure(peer: &str, shape: Shape, size: usize) -> io::Result<Outcome> {
    let mut child = Command::new(std::env::current_exe()?)
        .args([FLAG, peer, &shape.to_string(), &size.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (out, err) = (drain(child.stdout.take()), drain(child.stderr.take()));
    let status = wait(&mut child)?;
    let (out, err) = (joined(out), joined(err));
    Ok(match status {
        None => Outcome::TimedOut,
        Some(status) => outcome_of(status, &out, &err),
    })
}

fn outcome_of(status: ExitStatus, out: &str, err: &str) -> Outcome {
    if status.success()
        && let Ok(measured) = serde_json::from_str(out)
    {
        return Outcome::Measured(measured);
    }
    match status.code() {
        Some(code) if code == i32::from(UNFIT) => Outcome::Arity,
        _ if err.contains("has overflowed its stack") => Outcome::StackOverflow,
        _ if err.contains("memory allocation of") => Outcome::OutOfMemory,
        _ if err.contains("panicked at") => Outcome::Panicked,
        _ => Outcome::Died(status.to_string()),
    }
}

/// Waits until the child has ended or its time is over, then kills it: it is this process's own child.
fn wait(child: &mut Child) -> io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + TIME;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Reads to the end in a thread, so that a child that says much does not block.
fn drain(from: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(mut from) = from {
            // What was read before an error is still worth looking at.
            let _ = from.read_to_end(&mut text);
        }
        String::from_utf8_lossy(&text).into_owned()
    })
}

fn joined(text: JoinHandle<String>) -> String {
    text.join().unwrap_or_default()
}
