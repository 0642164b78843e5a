//! A server that is killed while runs are created over HTTP.
//!
//! | | |
//! | --- | --- |
//! | S1 | a run whose creation was answered with 201 is there |
//! | S2 | the store is sound, and accounts count the runs that there are |
//! | S3 | there are no more runs than were asked for |
//! | S4 | a node is begun for no run twice: keys of a node are no more than runs that began it, attempts of a key rise |
//! | S5 | no file holds the value of a secret in any spelling |
//! | S6 | when nothing is killed any more, every run passes, and each had its effects under keys of its own |
//!
//! Journals are looked at as those of other cases.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use flowrun::{Record, RunFilter, Store as _, TaskTypes};
use flowrun_store::SqliteOptions;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::case::{Shape, flow};
use crate::chance::Chance;
use crate::child::Child;
use crate::invariants::{Violations, of_run};
use crate::ledger::Effect;
use crate::place::{Place, SECRET};
use crate::play::Stage;

/// What a server says when it can be asked, before its address.
const LISTENS: &str = "listening on http://";

/// Who creates runs at the same time.
const CALLERS: usize = 4;

/// Runs that each of them creates between two kills, if it comes to it.
const EACH: usize = 3;

/// The latest moment of a kill after the server listens.
const LATEST_MS: u64 = 150;

/// How often servers of one store are killed at random: what is looked at after each kill grows with its runs.
const AGAIN: u32 = 8;

/// Places where a server is stopped and killed, each with how often it is passed before.
const POINTS: [&str; 8] = ["c0:3", "c1:3", "c3_before:6", "c3:6", "c3_after:6", "c6:3", "c8:3", "c10:1"];

/// When a server is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So long after it listens.
    After(Duration),
    /// Where it passes a place for that time.
    At(&'static str),
    /// When it has answered that a run is created.
    Acknowledged,
}

/// What callers got of a server.
#[derive(Debug, Default)]
struct Created {
    acknowledged: Vec<String>,
    /// Requests that were sent and not answered.
    unknown: usize,
}

/// A server with an account, a site and a flow, and what is known of its runs.
struct Served<'a> {
    place: Place<'a>,
    allowed: Vec<String>,
    token: String,
    /// What a caller sends to create a run.
    wanted: Value,
    created: Created,
    found: Violations,
}

impl<'a> Served<'a> {
    async fn new(stage: &'a Stage, case: &str) -> Self {
        let shape = Shape::Chain(2);
        let mut place = Place::new(case, shape, &stage.outside);
        let account = on_store(&mut place, &["account", "create", "ops"]).await;
        assert!(!account.is_empty(), "an account has an id");
        let token = on_store(&mut place, &["token", "create", "--account", "ops"]).await.trim().to_owned();
        let site = stage.outside.site();
        let host = site.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let allowed = vec![host, stage.outside.host()];
        let mut served = Self {
            place,
            allowed,
            token,
            wanted: Value::Null,
            created: Created::default(),
            found: Vec::new(),
        };
        let (server, address) = served.started().await;
        let drawn: Value = serde_json::from_str(&flow(shape, case, &stage.outside)).expect("a flow is JSON");
        let flow = json!({"title": case, "nodes": drawn["nodes"], "edges": drawn["edges"]});
        let site = post(&address, "/site", &served.token, &json!({"site_url": site})).await.expect("a site");
        let flow = post(&address, "/flow", &served.token, &flow).await.expect("a flow");
        served.wanted = json!({"site_id": site["id"], "flow_id": flow["id"]});
        server.signal("TERM");
        served.place.ended(server).await;
        served
    }

    /// Starts a server.
    fn serve(&self, vars: &[(&str, &str)]) -> Child {
        let secret = format!("WORD={SECRET}");
        let mut args = vec![
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--grace",
            "0s",
            "--store",
            "runs.db",
            "--secret",
            &secret,
        ];
        args.extend(self.allowed.iter().flat_map(|host| ["--allow-host", host]));
        self.place.start(&args, vars)
    }

    /// Starts a server that nobody kills, and gives its address.
    async fn started(&self) -> (Child, String) {
        let mut server = self.serve(&[]);
        let said = server.says(LISTENS).await.expect("nobody kills it");
        (server, said.trim_start_matches(LISTENS).to_owned())
    }

    /// Has runs created, and kills the server when the moment has come; looks at what is left.
    async fn killed(&mut self, moment: Moment, vars: &[(&str, &str)]) {
        let at = if let Moment::At(place) = moment { place } else { "nowhere:1" };
        let vars = [vars, &[("FLOWRUN_KILL_AT", at)]].concat();
        let mut server = self.serve(&vars);
        let stops = format!("at {}", at.split(':').next().unwrap_or_default());
        // One that is stopped while it recovers does not come to listening.
        let said = server.says_one_of(&[LISTENS, &stops]).await;
        let mut callers = JoinSet::new();
        if let Some(address) = said.as_deref().and_then(|said| said.strip_prefix(LISTENS)) {
            for _ in 0..CALLERS {
                callers.spawn(create(address.to_owned(), self.token.clone(), self.wanted.clone()));
            }
        }
        match moment {
            Moment::After(wait) => tokio::time::sleep(wait).await,
            // Where it does not come by, it is killed when there is nothing left to do.
            Moment::At(_) => tokio::select! {
                _ = server.says(&stops) => {}
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            },
            Moment::Acknowledged => {
                while let Some(created) = callers.join_next().await {
                    let created = created.expect("a caller does not panic");
                    let is_there = !created.acknowledged.is_empty();
                    self.heard(created);
                    if is_there {
                        break;
                    }
                }
            }
        }
        self.place.kill(server).await;
        while let Some(created) = callers.join_next().await {
            self.heard(created.expect("a caller does not panic"));
        }
        let found = self.violations();
        self.found.extend(found);
    }

    fn heard(&mut self, created: Created) {
        self.created.acknowledged.extend(created.acknowledged);
        self.created.unknown += created.unknown;
    }

    /// What is not as it has to be.
    fn violations(&self) -> Violations {
        let copy = self.place.copy();
        let mut found: Violations = copy
            .spellings_of(SECRET)
            .into_iter()
            .map(|how| format!("S5: a file holds the secret {how}"))
            .collect();
        let tables = flowrun_server::tables().optional();
        let store = SqliteOptions::new(copy.store()).create(false).host_tables(tables).open();
        let store = match store {
            Ok(store) => store,
            Err(error) => return vec![format!("S2: the store does not open: {error}")],
        };
        let verified = store.verify_replaying(&TaskTypes::documented()).expect("the copy can be read");
        found.extend(verified.problems.into_iter().map(|what| format!("S2: {what}")));
        let runs = store.runs(&RunFilter::default()).expect("the copy can be read");
        let ids: BTreeSet<String> = runs.iter().map(|run| run.id.to_string()).collect();
        for run in self.created.acknowledged.iter().filter(|run| !ids.contains(*run)) {
            found.push(format!("S1: run {run} was acknowledged and is gone"));
        }
        let asked = self.created.acknowledged.len() + self.created.unknown;
        if runs.len() > asked {
            found.push(format!("S3: there are {} runs, and {asked} were asked for", runs.len()));
        }
        let mut begun: BTreeMap<String, usize> = BTreeMap::new();
        for run in &runs {
            found.extend(of_run(&store, run, &[], 0));
            let stored = store.stored(run.id).expect("the copy can be read");
            let plan = stored.new.plan(&TaskTypes::documented()).expect("the flow was admitted");
            let started = stored.lines.iter().filter_map(|line| match &line.record {
                Record::AttemptStarted { node, .. } => Some(plan.node_id(*node).into_owned()),
                _ => None,
            });
            for node in started.collect::<BTreeSet<_>>() {
                *begun.entry(node).or_default() += 1;
            }
        }
        let effects = self.place.effects();
        for ((node, key), effects) in by_key(&effects) {
            let attempts: Vec<u32> = effects.iter().map(|effect| effect.attempt).collect();
            if key.is_empty() || attempts.windows(2).any(|pair| pair[0] >= pair[1]) {
                found.push(format!("S4: the attempts of node {node} under `{key}` were {attempts:?}"));
            }
        }
        for (node, keys) in keys(&effects) {
            let begun = begun.get(node).copied().unwrap_or_default();
            if keys > begun {
                found.push(format!(
                    "S4: node {node} had effects under {keys} keys, and {begun} runs began it"
                ));
            }
        }
        found
    }

    /// Lets everything come to its end.
    async fn finished(mut self) -> (u32, usize, Violations) {
        let (server, _) = self.started().await;
        // The server answers while it works.
        let mut open = usize::MAX;
        for _ in 0..600 {
            let listed = on_store(&mut self.place, &["runs", "list", "--open", "--json"]).await;
            let listed: Value = serde_json::from_str(&listed).expect("the list is JSON");
            open = listed["runs"].as_array().map_or(usize::MAX, Vec::len);
            if open == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        server.signal("TERM");
        let ended = self.place.ended(server).await;
        if (open, ended.code) != (0, Some(0)) {
            self.found.push(format!("S6: {open} runs are open, and the server ended with {:?}", ended.code));
        }
        let found = self.violations();
        self.found.extend(found);
        let listed = on_store(&mut self.place, &["runs", "list", "--limit", "100000", "--json"]).await;
        let listed: Value = serde_json::from_str(&listed).expect("the list is JSON");
        let runs = listed["runs"].as_array().cloned().unwrap_or_default();
        for run in runs.iter().filter(|run| run["status"] != "passed") {
            self.found.push(format!("S6: it ended otherwise: {run}"));
        }
        for (node, keys) in keys(&self.place.effects()) {
            if keys != runs.len() {
                self.found.push(format!("S6: node {node} has {keys} keys in {} runs", runs.len()));
            }
        }
        let accounts = on_store(&mut self.place, &["account", "list", "--json"]).await;
        let accounts: Value = serde_json::from_str(&accounts).expect("the list is JSON");
        if accounts["accounts"][0]["flowruns"] != runs.len() {
            self.found.push(format!("S2: the account counts otherwise than {} runs: {accounts}", runs.len()));
        }
        (self.place.kills, runs.len(), self.found)
    }
}

/// The effects of each node under each key.
fn by_key(effects: &[Effect]) -> BTreeMap<(&str, &str), Vec<&Effect>> {
    let mut by_key: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for effect in effects {
        by_key.entry((effect.node.as_str(), effect.key.as_str())).or_default().push(effect);
    }
    by_key
}

/// How many keys there are of each node.
fn keys(effects: &[Effect]) -> BTreeMap<&str, usize> {
    let mut keys = BTreeMap::new();
    for (node, _) in by_key(effects).into_keys() {
        *keys.entry(node).or_default() += 1;
    }
    keys
}

/// Creates runs until there are enough, or nobody answers.
async fn create(address: String, token: String, wanted: Value) -> Created {
    let mut created = Created::default();
    for _ in 0..EACH {
        match post(&address, "/flowrun", &token, &wanted).await {
            Ok(run) => created.acknowledged.push(run["id"].as_str().expect("a run has an id").to_owned()),
            Err(sent) => {
                created.unknown += usize::from(sent);
                break;
            }
        }
    }
    created
}

/// Sends a request on a connection of its own. Without a 201, whether it may have arrived.
async fn post(address: &str, path: &str, token: &str, body: &Value) -> Result<Value, bool> {
    let body = body.to_string();
    let request = format!(
        "POST /v1/ops{path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Token {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.map_err(|_| false)?;
    stream.write_all(request.as_bytes()).await.map_err(|_| true)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.map_err(|_| true)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(true)?;
    let body = if head.starts_with("HTTP/1.1 201") { serde_json::from_str(body).ok() } else { None };
    body.ok_or(true)
}

/// What a command on the store of a place prints.
async fn on_store(place: &mut Place<'_>, command: &[&str]) -> String {
    let child = place.start(&[command, &["--store", "runs.db"]].concat(), &[]);
    let ended = place.ended(child).await;
    assert_eq!(ended.code, Some(0), "{command:?}: {ended:?}");
    ended.out
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_what_a_server_acknowledged_nothing_is_lost_and_nothing_begins_twice() {
    let wanted = crate::number("FLOWRUN_CRASH_SERVER", AGAIN);
    let (stage, mut chance) = (Stage::start().await, Chance::new(crate::seed()));
    let (mut killed, mut acknowledged, mut stored) = (0, 0, 0);
    for number in 0..wanted.div_ceil(AGAIN) {
        let mut served = Served::new(&stage, &format!("server-{number}")).await;
        for place in POINTS.iter().filter(|_| number == 0) {
            served.killed(Moment::At(place), &[]).await;
        }
        for _ in 0..AGAIN.min(wanted - number * AGAIN) {
            served.killed(Moment::After(chance.up_to_ms(LATEST_MS)), &[]).await;
        }
        acknowledged += served.created.acknowledged.len();
        let (kills, runs, found) = served.finished().await;
        assert_eq!(found, Violations::new(), "server {number}");
        (killed, stored) = (killed + kills, stored + runs);
    }
    println!("{killed} servers were killed; {acknowledged} runs were acknowledged, {stored} are there");
    assert_eq!(killed, wanted + POINTS.len() as u32);
    assert!(acknowledged > 0, "nothing was acknowledged, so this shows nothing");
}

/// Kills a server when it has acknowledged a run, and gives what is found then.
async fn found(stage: &Stage, broken: Option<&str>) -> Violations {
    let vars: Vec<(&str, &str)> = broken.map(|broken| ("FLOWRUN_SABOTAGE", broken)).into_iter().collect();
    let mut served = Served::new(stage, &format!("server-{}", broken.unwrap_or("sound"))).await;
    served.killed(Moment::Acknowledged, &vars).await;
    assert!(!served.created.acknowledged.is_empty(), "nothing was acknowledged");
    served.found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_acknowledges_before_the_commit_is_found_out() {
    let stage = Stage::start().await;
    assert_eq!(found(&stage, None).await, Violations::new());
    let found = found(&stage, Some("ack")).await;
    assert!(found.iter().any(|what| what.starts_with("S1")), "S1 is not among {found:#?}");
}
