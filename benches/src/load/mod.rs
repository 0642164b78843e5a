//! What the server answers, client and server in processes of their own, beside floors of the same sitting.
//!
//! Each round takes the subject and its floors in turns, so that whatever else the machine does meets all of them. The
//! flow is the documented one, of a scan and a message. Where creating alone is measured its first task stays at work; where
//! runs also run, tasks are done at once.
#![expect(clippy::missing_panics_doc, reason = "a measurement that goes wrong has to stop, everywhere here")]

pub mod client;
mod fill;
pub mod server;

use std::fmt;
use std::path::Path;
use std::time::Instant;

use flowrun_bench::{durable, median};
use rusqlite::Connection;
use serde_json::{Value, json};

use client::{Client, Slow, latency, rate, request};
use server::{Kind, Process};

/// Clients that ask at the same time.
const CLIENTS: usize = 64;

/// Callers who send a byte now and then.
const SLOW: usize = 200;

/// The documented flow.
const FLOW: &str = include_str!("../../../crates/flowrun-core/tests/fixtures/seed_flow.json");

/// One of a single scan: what lists are filled with is short enough to make a million of it.
const SHORT_FLOW: &str =
    r#"{"title": "Look", "nodes": [{"id": "1", "data": {"id": "1", "task_type": "scan"}}], "edges": []}"#;

/// One thing that was measured.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What it is.
    pub name: String,
    /// What came out, with its unit.
    pub seen: String,
    /// It by its floor; `None` where it is a floor itself.
    pub ratio: Option<f64>,
    /// What that has to be: at least, or at most.
    pub goal: Option<Goal>,
}

/// A bound of a ratio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// Not less.
    AtLeast(f64),
    /// Not more.
    AtMost(f64),
}

impl Figure {
    /// Whether the goal is reached. What has none has reached it.
    #[must_use]
    pub fn holds(&self) -> bool {
        match (self.ratio, self.goal) {
            (_, None) => true,
            (None, _) => false,
            (Some(ratio), Some(Goal::AtLeast(least))) => ratio >= least,
            (Some(ratio), Some(Goal::AtMost(most))) => ratio <= most,
        }
    }

    fn floor(name: impl Into<String>, seen: impl Into<String>) -> Self {
        Self { name: name.into(), seen: seen.into(), ratio: None, goal: None }
    }

    fn of(name: impl Into<String>, seen: impl Into<String>, ratio: f64, goal: Goal) -> Self {
        Self { name: name.into(), seen: seen.into(), ratio: Some(ratio), goal: Some(goal) }
    }
}

/// As a row of a table.
impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, seen, ratio, goal } = self;
        let ratio = ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"));
        let goal = match goal {
            None => "–".to_owned(),
            Some(Goal::AtLeast(least)) => format!("≥ {least}"),
            Some(Goal::AtMost(most)) => format!("≤ {most}"),
        };
        let word = if self.goal.is_none() {
            ""
        } else if self.holds() {
            "holds"
        } else {
            "misses"
        };
        write!(f, "| {name} | {seen} | {ratio} | {goal} | {word} |")
    }
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// Rounds in which subjects and floors take turns.
    pub rounds: usize,
    /// Requests of a round.
    pub requests: usize,
    /// Runs in the long list.
    pub listed: usize,
    /// Runs that are open at once.
    pub open: usize,
}

impl Extent {
    /// What `docs/performance.md` shows.
    pub const FULL: Self = Self { rounds: 5, requests: 3_200, listed: 1_000_000, open: 10_000 };
    /// What takes half a minute.
    pub const SHORT: Self = Self { rounds: 3, requests: 1_280, listed: 20_000, open: 10_000 };
}

/// What can be measured by itself.
pub const PARTS: [&str; 3] = ["rates", "pages", "open"];

/// Measures these parts, in folders below the working directory: one for temporary files may be memory. Each figure is told as
/// soon as it is there.
pub fn measure(parts: &[&str], extent: Extent, mut tell: impl FnMut(&Figure)) {
    let folder = tempfile::Builder::new().prefix("load-").tempdir_in(".");
    let folder = folder.expect("the working directory can be written");
    let place = |name: &str| {
        let place = folder.path().join(name);
        std::fs::create_dir(&place).expect("the folder is new");
        place
    };
    for part in parts {
        let figures = match *part {
            "rates" => rates(&place("ends"), &place("stays"), extent),
            "pages" => pages(&place("short"), &place("long"), extent),
            _ => vec![memory(&place("open"), extent.open)],
        };
        figures.iter().for_each(&mut tell);
    }
}

/// A server with this flow and a site, and the request that creates a run.
fn ready(kind: Kind, folder: &Path, flow: &str) -> (Process, Vec<u8>) {
    let server = Process::start(kind, folder);
    let mut client = Client::new(&server.address);
    let mut make = |path: &str, body: &Value| {
        let (status, made) =
            client.ask(&request("POST", &format!("/v1/ops{path}"), &server.token, &body.to_string()));
        assert_eq!(status, 201, "{}", String::from_utf8_lossy(made));
        serde_json::from_slice::<Value>(made).expect("it is JSON")["id"].clone()
    };
    let site = make("/site", &json!({"site_url": "https://example.com"}));
    let drawn: Value = serde_json::from_str(flow).expect("it is JSON");
    let flow =
        make("/flow", &json!({"title": drawn["title"], "nodes": drawn["nodes"], "edges": drawn["edges"]}));
    let body = json!({"site_id": site, "flow_id": flow}).to_string();
    let create = request("POST", "/v1/ops/flowrun", &server.token, &body);
    (server, create)
}

/// Creates one run and gives its id, and its document once it is over.
fn ended(server: &Process, create: &[u8]) -> (String, String) {
    let mut client = Client::new(&server.address);
    let (_, made) = client.ask(create);
    let made: Value = serde_json::from_slice(made).expect("it is JSON");
    let id = made["id"].as_str().expect("a run has an id").to_owned();
    let retrieve = request("GET", &format!("/v1/ops/flowrun/{id}"), &server.token, "");
    for _ in 0..100_000 {
        let document = String::from_utf8_lossy(client.ask(&retrieve).1).into_owned();
        if !document.contains("\"time_completed\":null,\"logs\"") {
            return (id, document);
        }
    }
    panic!("the run does not end");
}

fn rates(folder: &Path, staying: &Path, extent: Extent) -> Vec<Figure> {
    let Extent { rounds, requests, .. } = extent;
    let (stays, create) = ready(Kind::Stays, staying, FLOW);
    let (ends, create_and_run) = ready(Kind::Ends, folder, FLOW);
    let (id, document) = ended(&ends, &create_and_run);
    let retrieve = request("GET", &format!("/v1/ops/flowrun/{id}"), &ends.token, "");
    let constant = Process::start(Kind::Constant(document.len()), folder);
    let body = String::from_utf8_lossy(&create);
    let body = body.rsplit("\r\n").next().unwrap_or_default();
    let constant_post = request("POST", "/", &ends.token, body);
    let constant_get = request("GET", "/", &ends.token, "");
    let mut group = durable::floors::group_commit(folder, CLIENTS, requests * 4);
    let mut read = sqlite_read(folder, &id, requests);

    let mut seen: [Vec<f64>; 8] = Default::default();
    for round in 0..=rounds {
        let of = |server: &Process, request: &[u8], status| {
            rate(&server.address, CLIENTS, requests, request, status)
        };
        let rates = [
            of(&stays, &create, 201),
            of(&constant, &constant_post, 201),
            durable::rate(&mut group),
            of(&ends, &create_and_run, 201),
            of(&ends, &retrieve, 200),
            of(&constant, &constant_get, 200),
            read(),
            {
                let _slow = Slow::start(&ends.address, SLOW);
                of(&ends, &retrieve, 200)
            },
        ];
        // The first one warms up.
        if round > 0 {
            seen.iter_mut().zip(rates).for_each(|(seen, rate)| seen.push(rate));
        }
    }
    let [created, posted, committed, run, retrieved, got, rows, beside_slow] = &seen;
    let by = |subject: &[f64], floor: &[f64]| {
        median(subject.iter().zip(floor).map(|(subject, floor)| subject / floor).collect())
    };
    let shown = |rates: &Vec<f64>| format!("{:.0} a second", median(rates.clone()));
    // Whichever goal is the lower one.
    let (by_constant, by_group) = (by(created, posted), by(created, committed));
    let (ratio, goal, floor) = if by_constant / 0.3 > by_group / 0.5 {
        (by_constant, 0.3, "the constant route")
    } else {
        (by_group, 0.5, "group commit")
    };
    let bytes = document.len();
    vec![
        Figure::of(
            format!("create, {CLIENTS} clients, by {floor}"),
            shown(created),
            ratio,
            Goal::AtLeast(goal),
        ),
        Figure::floor("floor: a constant route that reads the same body", shown(posted)),
        Figure::floor(format!("floor: group commit of {CLIENTS}"), shown(committed)),
        Figure::floor("create, and all runs run meanwhile", shown(run)),
        Figure::of(
            format!("retrieve, {CLIENTS} clients, by the constant route"),
            shown(retrieved),
            by(retrieved, got),
            Goal::AtLeast(0.5),
        ),
        Figure::floor(format!("floor: a constant route of {bytes} bytes"), shown(got)),
        Figure::floor("floor: a plain SQLite read of the same row, one after the other", shown(rows)),
        Figure::of(
            format!("retrieve beside {SLOW} slow callers, by that without"),
            shown(beside_slow),
            by(beside_slow, retrieved),
            Goal::AtLeast(0.5),
        ),
    ]
}

/// Reads of the row of a run a second, on a connection of its own.
fn sqlite_read(folder: &Path, id: &str, reads: usize) -> impl FnMut() -> f64 {
    let file = Connection::open(folder.join("runs.flowrun")).expect("the store is there");
    let id: Vec<u8> = id
        .replace('-', "")
        .as_bytes()
        .chunks(2)
        .map(|pair| {
            u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("an id is hexadecimal")
        })
        .collect();
    move || {
        let mut select =
            file.prepare_cached("SELECT document FROM server_run WHERE id = ?1").expect("it is SQL");
        let begun = Instant::now();
        for _ in 0..reads {
            let document: Option<String> =
                select.query_row([&id], |row| row.get(0)).expect("the row is there");
            assert!(document.is_some(), "the run is over");
        }
        reads as f64 / begun.elapsed().as_secs_f64()
    }
}

fn pages(short: &Path, long: &Path, extent: Extent) -> Vec<Figure> {
    const SHORT: usize = 1_000;
    let stored = |folder: &Path, runs: usize| {
        let (server, create) = ready(Kind::Ends, folder, SHORT_FLOW);
        ended(&server, &create);
        drop(server);
        fill::fill(folder, runs);
    };
    stored(short, SHORT);
    stored(long, extent.listed);
    let servers = [short, long].map(|folder| Process::start(Kind::Ends, folder));
    let [short_server, long_server] = &servers;
    let [mut short, mut long] = servers.each_ref().map(|server| Client::new(&server.address));
    let page = |offset: usize, token: &str| {
        request("GET", &format!("/v1/ops/flowrun?limit=10&offset={offset}"), token, "")
    };
    let names = ["first", "middle", "last"];
    let offsets = |runs: usize| [0, runs / 2, runs - 10];
    names
        .into_iter()
        .zip(offsets(SHORT).into_iter().zip(offsets(extent.listed)))
        .map(|(name, (near, far))| {
            let (near, far) = (page(near, &short_server.token), page(far, &long_server.token));
            let rounds =
                (0..=extent.rounds).map(|_| (latency(&mut short, 50, &near), latency(&mut long, 50, &far)));
            let (small, large): (Vec<f64>, Vec<f64>) =
                rounds.skip(1).map(|(a, b)| (a.as_secs_f64(), b.as_secs_f64())).unzip();
            let ratio = median(small.iter().zip(&large).map(|(small, large)| large / small).collect());
            let micros = |seen: Vec<f64>| median(seen) * 1e6;
            let seen = format!("{:.0} µs, {:.0} µs of {SHORT}", micros(large), micros(small));
            Figure::of(
                format!("the {name} page of a list of {} runs, by that of {SHORT}", extent.listed),
                seen,
                ratio,
                Goal::AtMost(3.0),
            )
        })
        .collect()
}

fn memory(folder: &Path, open: usize) -> Figure {
    let (server, create) = ready(Kind::Stays, folder, FLOW);
    let _ = rate(&server.address, CLIENTS, open.next_multiple_of(CLIENTS), &create, 201);
    let megabytes = server.resident() as f64 / 1e6;
    Figure::of(
        format!("{open} open runs, MB by 300"),
        format!("{megabytes:.0} MB"),
        megabytes / 300.0,
        Goal::AtMost(1.0),
    )
}
