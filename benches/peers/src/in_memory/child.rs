//! One combination, in a process that may die of it.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use benches::graph::{SHAPES, graph};
use benches::{Stopwatch, alloc, memory};
use peers_child::{UNFIT, limit_memory};
use serde::{Deserialize, Serialize};

use super::peers::{Build, Input, PEERS, Unfit};

/// The first argument of a child.
pub const FLAG: &str = "--child";
/// No more rounds begin after this.
const ENOUGH: Duration = Duration::from_secs(4);
const MAX_ROUNDS: usize = 9;

/// What a child measured, for one node.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Putting the graph together: wall and processor time.
    pub build_ns: f64,
    pub build_cpu_ns: f64,
    /// Running it, wall and processor time.
    pub run_ns: f64,
    pub run_cpu_ns: f64,
    /// Allocations of the first build and run.
    pub build_allocations: f64,
    pub run_allocations: f64,
    /// Peak of resident memory during the first build and run, above what the bare graph takes.
    pub peak_bytes: Option<u64>,
}

/// Measures and prints one line of JSON.
pub fn main(peer: &str, shape: &str, size: &str) -> io::Result<ExitCode> {
    limit_memory()?;
    let peer = PEERS.iter().find(|known| known.name == peer);
    let shape = SHAPES.into_iter().find(|known| known.to_string() == shape);
    let (Some(peer), Some(shape), Ok(size)) = (peer, shape, size.parse()) else {
        return Ok(ExitCode::from(2));
    };
    let input = Input::new(&graph(shape, size), peer.reads_text);
    match measure(peer.build, &input) {
        Ok(measured) => {
            writeln!(io::stdout(), "{}", serde_json::to_string(&measured)?)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(Unfit) => Ok(ExitCode::from(UNFIT)),
    }
}

fn measure(build: Build, input: &Input) -> Result<Measured, Unfit> {
    let nodes = input.nodes as f64;
    let (mut builds, mut runs) = (Vec::new(), Vec::new());
    let first_round = || {
        let (mut build_watch, mut run_watch) = (Stopwatch::default(), Stopwatch::default());
        let (prepared, built) = build_watch.time(|| alloc::count(|| build(input)));
        let prepared = prepared?;
        let (done, ran) = run_watch.time(|| alloc::count(prepared));
        assert_eq!(done, input.nodes, "every task ran");
        Ok((built, ran, build_watch.total(), run_watch.total()))
    };
    let started = Instant::now();
    let (first, peak_bytes) = memory::peak_growth(first_round);
    let (built, ran, build_time, run_time) = first?;
    // The first round counts allocations, which slows it a little. It stands for all when there is no time for
    // others: a crate is not to be killed for what it is asked to do twice.
    if started.elapsed() >= ENOUGH {
        builds.push(build_time);
        runs.push(run_time);
    }
    while builds.len() < MAX_ROUNDS && started.elapsed() < ENOUGH {
        let (mut build_watch, mut run_watch) = (Stopwatch::default(), Stopwatch::default());
        let prepared = build_watch.time(|| build(input))?;
        let done = run_watch.time(prepared);
        assert_eq!(done, input.nodes, "every task ran");
        builds.push(build_watch.total());
        runs.push(run_watch.total());
    }
    let median = |times: &[benches::Elapsed], of: fn(&benches::Elapsed) -> Duration| {
        let mut times = times.iter().map(of).collect::<Vec<_>>();
        times.sort();
        times[times.len() / 2].as_nanos() as f64 / nodes
    };
    Ok(Measured {
        build_ns: median(&builds, |time| time.wall),
        build_cpu_ns: median(&builds, |time| time.cpu),
        run_ns: median(&runs, |time| time.wall),
        run_cpu_ns: median(&runs, |time| time.cpu),
        build_allocations: built.count as f64 / nodes,
        run_allocations: ran.count as f64 / nodes,
        peak_bytes,
    })
}
