//! Runs that are kept in a store: killed, interrupted, and gone on with.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, Command, Stdio};

use flowrun_testkit::servers::{WebhookReply, WebhookSink, Website};
use serde_json::Value;

use crate::support::{Ended, Place, flow};

/// A website, a receiver of webhooks, and a folder with `flow.json`.
pub(crate) struct Scene {
    site: Website,
    pub(crate) sink: WebhookSink,
    pub(crate) place: Place,
}

impl Scene {
    /// A scan and webhooks below each other, each with these further members of its data.
    pub(crate) async fn with_hooks(hooks: &[&str]) -> Self {
        let site = Website::start().await.expect("a port on loopback");
        let (sink, place) = (WebhookSink::start().await.expect("a port on loopback"), Place::new());
        let scene = Self { site, sink, place };
        let data: Vec<(String, String)> = hooks
            .iter()
            .enumerate()
            .map(|(place, more)| {
                let uri = format!("{}/{}", scene.sink.url(), place + 2);
                let data = format!(r#", "request_type": "POST", "uri": "{uri}"{more}"#);
                ((place + 2).to_string(), data)
            })
            .collect();
        let mut nodes = vec![("1", "scan", r#", "type": ["html"]"#)];
        nodes.extend(data.iter().map(|(id, data)| (id.as_str(), "webhook", data.as_str())));
        let edges: Vec<_> = nodes.windows(2).map(|pair| (pair[0].0, pair[1].0)).collect();
        scene.place.file("flow.json", flow(&nodes, &edges));
        scene
    }

    /// Starts the run, with its standard error to be read.
    pub(crate) fn start(&self, more: &[&str]) -> Running {
        let (site, sink) = (self.site.url(), self.sink.addr().to_string());
        let args = ["run", "flow.json", "--store", "runs.db", "--site", &site, "--allow-host", &sink];
        self.running(&[&args, more].concat())
    }

    /// Starts to watch a run.
    pub(crate) fn watch(&self, run: &str) -> Running {
        self.running(&["runs", "watch", run, "--store", "runs.db"])
    }

    fn running(&self, args: &[&str]) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flowrun"));
        command.args(args).current_dir(self.place.path()).env_clear().stdin(Stdio::null());
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        let said = BufReader::new(child.stderr.take().expect("it is piped"));
        Running { child, said }
    }

    /// Goes on with stored runs, which may reach the receiver.
    pub(crate) fn resume(&self, more: &[&str]) -> Ended {
        let host = self.sink.addr().to_string();
        self.place.run(&[&["resume", "--store", "runs.db", "--allow-host", &host], more].concat())
    }

    /// A command on the store.
    pub(crate) fn on_store(&self, command: &[&str]) -> Ended {
        self.place.run(&[command, &["--store", "runs.db"]].concat())
    }

    /// Which nodes the receiver was called by, in their order.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.sink.received().iter().map(|request| request.path.trim_start_matches('/').to_owned()).collect()
    }

    /// Starts a run whose first webhook is not answered, and kills it there.
    pub(crate) async fn killed_in_flight(&self, more: &[&str]) {
        self.sink.script([WebhookReply::Hang]);
        let running = self.start(more);
        self.sink.arrived(1).await;
        running.kill();
    }

    /// The only run of the store.
    pub(crate) fn run(&self) -> Value {
        let list = self.on_store(&["runs", "list", "--json"]);
        let list: Value = serde_json::from_str(&list.out).expect("the list is JSON");
        assert_eq!(list["runs"].as_array().map(Vec::len), Some(1), "{list}");
        list["runs"][0].clone()
    }
}

/// A process that is at work.
pub(crate) struct Running {
    child: Child,
    said: BufReader<ChildStderr>,
}

impl Running {
    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("a shell").success());
    }

    /// Reads until a line with `text` in it.
    pub(crate) fn says(&mut self, text: &str) -> String {
        let mut lines = self.said.by_ref().lines().map(|line| line.expect("its lines are text"));
        lines.find(|line| line.contains(text)).unwrap_or_else(|| panic!("it never said `{text}`"))
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().expect("the child is ours to kill");
        self.child.wait().expect("the child is ours to wait for");
    }

    /// Waits for its end: the exit code, and what it said since the last line that was read.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.said.read_to_string(&mut rest).expect("its lines are text");
        (self.child.wait().expect("the child is ours to wait for").code(), rest)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_killed_goes_on_and_repeats_nothing_that_is_done() {
    let scene = Scene::with_hooks(&["", "", ""]).await;
    scene.sink.script([WebhookReply::Status(200), WebhookReply::Hang]);
    let mut running = scene.start(&[]);
    let told = running.says("is kept in");
    scene.sink.arrived(2).await;
    running.kill();
    let run = scene.run();
    assert_eq!(run["status"], "working");
    assert!(told.contains(run["id"].as_str().unwrap()), "{told}");

    let resumed = scene.resume(&[]);
    assert_eq!(resumed.code, 0, "{resumed:?}");
    assert!(resumed.out.starts_with("node  task"), "{}", resumed.out);
    assert!(!resumed.err.contains("[1 scan]") && resumed.err.contains("[3 webhook]"), "{}", resumed.err);
    assert_eq!(scene.calls(), ["2", "3", "3", "4"]);
    let received = scene.sink.received();
    let key = |place: usize| received[place].header("idempotency-key").unwrap().to_owned();
    assert_eq!(key(1), key(2), "the same effect, the same key");
    assert_ne!(key(0), key(1));
    assert_eq!(scene.run()["status"], "passed");

    let nothing = scene.resume(&[]);
    assert_eq!((nothing.code, nothing.out.as_str()), (0, ""), "{nothing:?}");
    assert!(nothing.err.contains("nothing to resume"), "{nothing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn naming_a_run_that_is_over_shows_how_it_ended() {
    let scene = Scene::with_hooks(&[""]).await;
    assert_eq!(scene.start(&[]).ended().0, Some(0));
    let id = scene.run()["id"].as_str().unwrap().to_owned();
    let ended = scene.resume(&[&id[..8], "--json"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.err.contains("is over already"), "{ended:?}");
    let run: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((&run["id"], &run["status"]), (&id.into(), &"passed".into()));
    assert_eq!(scene.calls(), ["2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_without_its_secret_is_left_untouched_and_named() {
    let scene = Scene::with_hooks(&[r#", "payload": "{\"word\": \"{{WORD}}\"}""#]).await;
    scene.killed_in_flight(&["--secret", "WORD=swordfish"]).await;
    let before = scene.run();
    let id = before["id"].as_str().unwrap();
    for named in [&[][..], &[id]] {
        let ended = scene.resume(named);
        assert_eq!((ended.code, ended.out.as_str()), (3, ""), "{ended:?}");
        assert!(ended.err.contains(id) && ended.err.contains("`WORD`"), "{ended:?}");
    }
    assert_eq!(scene.run(), before);
    assert_eq!(scene.calls(), ["2"]);
    let given = scene.resume(&["--secret", "WORD=swordfish"]);
    assert_eq!(given.code, 0, "{given:?}");
    assert!(scene.sink.received().iter().all(|request| request.text() == r#"{"word": "swordfish"}"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_interrupt_lets_finish_what_works_and_the_run_goes_on_later() {
    let scene = Scene::with_hooks(&["", ""]).await;
    scene.sink.script([WebhookReply::Slow(200, std::time::Duration::from_millis(300))]);
    let running = scene.start(&["--json"]);
    scene.sink.arrived(1).await;
    running.signal("INT");
    let (code, said) = running.ended();
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("[2 webhook] passed") && !said.contains("[3 webhook] started"), "{said}");
    let id = scene.run()["id"].as_str().unwrap().to_owned();
    assert!(said.contains(&format!("`flowrun resume --store runs.db {id}`")), "{said}");
    let resumed = scene.resume(&[]);
    assert_eq!(resumed.code, 0, "{resumed:?}");
    assert_eq!(scene.calls(), ["2", "3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_interrupt_waits_for_nothing_and_the_run_goes_on_later() {
    let scene = Scene::with_hooks(&[""]).await;
    scene.sink.script([WebhookReply::Hang]);
    let mut running = scene.start(&[]);
    scene.sink.arrived(1).await;
    running.signal("INT");
    running.says("stopping: ");
    running.signal("INT");
    let (code, said) = running.ended();
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("interrupted; go on by `flowrun resume --store runs.db "), "{said}");
    let resumed = scene.resume(&[]);
    assert_eq!(resumed.code, 0, "{resumed:?}");
    assert_eq!(scene.calls(), ["2", "2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_to_terminate_leaves_a_stored_run_to_go_on_later() {
    let scene = Scene::with_hooks(&["", ""]).await;
    scene.sink.script([WebhookReply::Slow(200, std::time::Duration::from_millis(300))]);
    let running = scene.start(&[]);
    scene.sink.arrived(1).await;
    running.signal("TERM");
    assert_eq!(running.ended().0, Some(130));
    assert_eq!(scene.resume(&[]).code, 0);
    assert_eq!(scene.calls(), ["2", "3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_must_not_be_repeated_waits_for_a_person() {
    let scene = Scene::with_hooks(&[r#", "configs": {"on_unknown": "pause"}"#]).await;
    scene.killed_in_flight(&[]).await;
    let id = scene.run()["id"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        let ended = scene.resume(&[]);
        assert_eq!((ended.code, ended.out.as_str()), (5, ""), "{ended:?}");
        assert!(ended.err.contains(&format!("`flowrun resume --store runs.db {id}`")), "{ended:?}");
    }
    let shown = scene.on_store(&["runs", "show", &id]);
    assert!(shown.out.contains("2: waits for a person"), "{shown:?}");
    assert!(shown.out.contains(&format!("run {id} awaiting a person in ")), "{shown:?}");
    assert!(scene.on_store(&["runs", "list"]).out.contains("  awaiting a person  "));
    let run = scene.run();
    assert_eq!((&run["state"], &run["status"]), (&"awaiting a person".into(), &"working".into()));
    assert_eq!(scene.calls(), ["2"]);
    assert_eq!(scene.resume(&[&id]).code, 0);
    assert_eq!(scene.calls(), ["2", "2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_run_is_cancelled_without_starting_anything() {
    let scene = Scene::with_hooks(&[""]).await;
    scene.killed_in_flight(&[]).await;
    let id = scene.run()["id"].as_str().unwrap().to_owned();
    let cancelled = scene.on_store(&["runs", "cancel", &id[..6], "--json"]);
    assert_eq!(cancelled.code, 0, "{cancelled:?}");
    let run: Value = serde_json::from_str(&cancelled.out).unwrap();
    assert_eq!(run["status"], "cancelled");
    assert_eq!(scene.run()["status"], "cancelled");
    assert_eq!(scene.calls(), ["2"]);
    let again = scene.on_store(&["runs", "cancel", &id]);
    assert_eq!((again.code, again.out.as_str()), (4, ""), "{again:?}");
    assert_eq!(scene.on_store(&["runs", "delete", &id]).code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_done_once_more_and_nothing_else() {
    let scene = Scene::with_hooks(&["", "", ""]).await;
    scene.sink.script([WebhookReply::Status(200), WebhookReply::Status(404)]);
    assert_eq!(scene.start(&[]).ended().0, Some(1));
    let id = scene.run()["id"].as_str().unwrap().to_owned();
    let host = scene.sink.addr().to_string();
    let rerun =
        |more: &[&str]| scene.on_store(&[&["runs", "rerun", &id, "--allow-host", &host], more].concat());
    let again = rerun(&[]);
    assert_eq!(again.code, 0, "{again:?}");
    assert_eq!(scene.calls(), ["2", "3", "3", "4"]);
    let received = scene.sink.received();
    assert_ne!(received[1].header("idempotency-key"), received[2].header("idempotency-key"), "another visit");
    assert_eq!(scene.run()["status"], "passed");

    let none = rerun(&["--failed"]);
    assert_eq!((none.code, none.out.as_str()), (4, ""), "{none:?}");
    let unknown = rerun(&["--from", "9"]);
    assert_eq!((unknown.code, unknown.out.as_str()), (2, ""), "{unknown:?}");
    assert!(unknown.err.contains("has no node `9`"), "{unknown:?}");
    let from = rerun(&["--from", "4", "--json"]);
    assert_eq!(from.code, 0, "{from:?}");
    assert_eq!(scene.calls(), ["2", "3", "3", "4", "4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_shown_as_it_stands_with_every_decision() {
    let scene = Scene::with_hooks(&[""]).await;
    scene.killed_in_flight(&[]).await;
    let id = scene.run()["id"].as_str().unwrap().to_owned();
    let table = scene.on_store(&["runs", "show", &id]);
    assert!(table.out.contains("\n2     webhook  working"), "{table:?}");
    let json = scene.on_store(&["runs", "show", &id, "--json"]);
    let run: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((&run["id"], &run["status"]), (&id.as_str().into(), &"working".into()));
    let journal = scene.on_store(&["runs", "show", &id, "--journal"]);
    let lines: Vec<Value> = journal.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().zip(1..).all(|(line, seq)| line["seq"] == seq), "{journal:?}");
    assert_eq!(lines.last().unwrap()["node"], "2");
    assert_eq!(journal.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_be_used_stops_a_run_before_it_starts() {
    let scene = Scene::with_hooks(&[""]).await;
    scene.place.file("runs.db", "not a store");
    let (code, said) = scene.start(&[]).ended();
    assert_eq!(code, Some(4));
    assert!(said.starts_with("error: `runs.db` is not a store") || said.contains("is not a store"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert_eq!(scene.calls(), Vec::<String>::new());
    assert_eq!(std::fs::read_to_string(scene.place.path().join("runs.db")).unwrap(), "not a store");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_that_is_refused_leaves_no_store_behind() {
    let scene = Scene::with_hooks(&[""]).await;
    scene.place.file("flow.json", flow(&[("1", "slak", "")], &[]));
    assert_eq!(scene.start(&[]).ended().0, Some(3));
    assert!(!scene.place.path().join("runs.db").exists());
}
