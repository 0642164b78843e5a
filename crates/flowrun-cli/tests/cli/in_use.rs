//! Commands on a store that another process holds: they say what they would say if nobody held it.
#![cfg(unix)]

use std::path::Path;
use std::time::Duration;

use flowrun::{NewRun, RunId, RunSpec, RunStatus, Site, Store as _, Timestamp};
use flowrun_store::SqliteStore;
use flowrun_testkit::servers::WebhookReply;
use serde_json::Value;

use crate::serving::Serving;
use crate::store::stored_run;
use crate::stored::Scene;
use crate::support::{Ended, Place};

/// A folder with a store of three runs, two of them over. The open one needs a secret that nobody gives, so that whoever
/// takes up what is open leaves it.
fn place() -> Place {
    let place = Place::new();
    let path = place.path().join("runs.db");
    stored_run(&path, 0x11, RunStatus::Passed);
    stored_run(&path, 0x12, RunStatus::Failed);
    let store = SqliteStore::open_file(&path).expect("a store in a folder of our own");
    let spec =
        RunSpec::new(RunId::from_bytes([0x22; 16]), Timestamp::EPOCH, Site::new("https://example.com"));
    let node = r#"{"id":"1","data":{"id":"1","task_type":"scan"}}"#;
    let flow = format!(r#"{{"title":"Open","nodes":[{node}],"edges":[]}}"#);
    let new = NewRun::new(spec, flow).with_secrets(vec!["WORD".to_owned()]);
    let mut journal = store.create(new).expect("the id is new");
    let started = journal.append(Timestamp::EPOCH, &mut vec![flowrun::Record::RunStarted]);
    futures::executor::block_on(started.done()).expect("there is room");
    place
}

/// What is looked at, and what is changed, in this order.
const COMMANDS: &[&[&str]] = &[
    &["runs", "list"],
    &["runs", "list", "--json"],
    &["runs", "list", "--open"],
    &["runs", "list", "--limit", "1"],
    &["runs", "list", "--limit", "0", "--json"],
    &["runs", "show", "11"],
    &["runs", "show", "12", "--json"],
    &["runs", "show", "12", "--journal"],
    &["runs", "show", "22"],
    &["runs", "show", "1"],
    &["runs", "show", "33"],
    &["runs", "show", ""],
    &["runs", "explain", "12"],
    &["runs", "explain", "12", "--json"],
    &["runs", "explain", "12", "--at", "1", "--node", "1"],
    &["runs", "explain", "12", "--at", "9"],
    &["runs", "explain", "12", "--node", "9"],
    &["runs", "watch", "11"],
    &["runs", "watch", "12", "--json"],
    &["runs", "watch", "12", "--journal"],
    &["runs", "watch", "22"],
    &["runs", "watch", "33"],
    &["runs", "pause", "22"],
    &["runs", "pause", "22", "--json"],
    &["runs", "pause", "11"],
    &["runs", "show", "22", "--journal"],
    &["runs", "resume", "11"],
    &["runs", "resume", "12", "--json"],
    &["runs", "rerun", "12", "--from", "9"],
    &["runs", "rerun", "22"],
    &["runs", "delete", "22"],
    &["runs", "cancel", "22"],
    &["runs", "cancel", "22"],
    &["runs", "cancel", "12", "--json"],
    &["runs", "show", "22", "--json"],
    &["runs", "resume", "22"],
    &["runs", "delete", "11"],
    &["runs", "delete", "11"],
    &["runs", "delete", "22", "--json"],
    &["runs", "list"],
    &["account", "create", "ops", "--sites", "1"],
    &["account", "create", "ops"],
    &["account", "create", "dev", "--user", "dev@example.com"],
    &["account", "limits", "ops", "--sites", "none", "--nodes", "4"],
    &["account", "limits", "nobody", "--sites", "1"],
    &["account", "list"],
    &["account", "list", "--json"],
    &["token", "create", "--account", "ops", "--scope", "run", "--expires", "30d"],
    &["token", "create", "--account", "nobody"],
    &["token", "list"],
    &["token", "list", "--account", "ops", "--json"],
    &["token", "list", "--account", "nobody"],
    &["token", "revoke", "11111111-1111-4111-8111-111111111111"],
    &["store", "verify"],
    &["store", "verify", "--json"],
    &["store", "stats"],
    &["store", "stats", "--json"],
    &["store", "backup", "copy.db"],
    &["store", "backup", "copy.db"],
    &["store", "backup", "other.db", "--json"],
    &["store", "backup", "missing/copy.db"],
];

/// How a command ends, without what two runs of one command do not share: times, the folder, figures of the file, and what
/// is drawn at random.
fn ended(place: &Place, command: &[&str]) -> Ended {
    let Ended { code, out, err } = place.run(&[command, &["--store", "runs.db"]].concat());
    Ended { code, out: plain(place.path(), &out), err: plain(place.path(), &err) }
}

fn plain(folder: &Path, text: &str) -> String {
    let folder = folder.canonicalize().expect("the folder is there");
    let text = text.replace(&folder.display().to_string(), "(folder)");
    let lines = text.lines().map(|line| {
        let is_figure = ["epoch", "bytes", "free_bytes"]
            .iter()
            .any(|name| line.trim_start().trim_start_matches('"').starts_with(name));
        // How long a run took that was cancelled is the last thing of its line.
        let line =
            line.split_once(" in ").filter(|(run, _)| run.starts_with("run ")).map_or(line, |(run, _)| run);
        if is_figure { "(figure)".to_owned() } else { without_times(&without_chance(line)) }
    });
    lines.map(|line| line + "\n").collect()
}

/// The text with ids and tokens that were drawn at random blanked out; those of the runs above were not.
fn without_chance(text: &str) -> String {
    let pieces = text.split_inclusive([' ', '"', ',']).map(|piece| {
        let word = piece.trim_end_matches([' ', '"', ',']);
        let is_drawn = word.len() == 36 && word.get(14..15) == Some("4") && word.matches('-').count() == 4;
        let blank = if is_drawn { "(id)" } else { "(token)" };
        if is_drawn || word.starts_with("flowrun_") { piece.replace(word, blank) } else { piece.to_owned() }
    });
    pieces.collect()
}

/// The text with every time of the present blanked out, as `2026-11-30 18:40:09.123456` or with the letters of ISO 8601.
fn without_times(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("20") {
        let (before, time) = rest.split_at(at);
        out.push_str(before);
        let shape: String = time.chars().take(19).map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        if matches!(&*shape, "0000-00-00 00:00:00" | "0000-00-00T00:00:00") {
            out.push_str("(time)");
            rest = time[19..].trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == 'Z');
        } else {
            out.push_str("20");
            rest = &time[2..];
        }
    }
    out + rest
}

#[test]
fn a_command_says_the_same_whether_the_store_is_held_or_not() {
    let (free, held) = (place(), place());
    let serving = Serving::with(&held, &["--store", "runs.db"]);
    for command in COMMANDS {
        let (free, held) = (ended(&free, command), ended(&held, command));
        assert_eq!(free.code, held.code, "{command:?}: {free:?}, {held:?}");
        assert_eq!((&free.out, &free.err), (&held.out, &held.err), "{command:?}");
    }
    assert_eq!(serving.ended("TERM"), Some(0));
    // Also what the holder wrote for others is whole.
    for copy in ["copy.db", "other.db"] {
        assert_eq!(held.run(&["store", "verify", "--store", copy]).code, 0);
    }
    let left: Vec<_> =
        std::fs::read_dir(held.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("socket")), "{left:?}");
}

/// Without the socket a command is refused as it was before there was one, and the comparison above sees that.
#[test]
fn a_holder_that_answers_nobody_is_found_out() {
    let (free, held) = (place(), place());
    let _serving = Serving::with(&held, &["--store", "runs.db"]);
    std::fs::remove_file(held.path().join("runs.db-socket")).expect("the server has made it");
    let command = &["runs", "list"];
    let (free, held) = (ended(&free, command), ended(&held, command));
    assert_ne!((free.code, &free.out), (held.code, &held.out));
    assert!(held.code == 4 && held.err.contains("is open already, in process"), "{held:?}");
}

/// What the comparison above leaves of an output tells commands and their answers apart.
#[test]
fn another_answer_is_found_out() {
    let place = place();
    let mut seen: Vec<(Option<i32>, String, String)> = Vec::new();
    for command in [
        &["runs", "list"][..],
        &["runs", "list", "--open"],
        &["runs", "show", "11"],
        &["runs", "show", "12"],
        &["runs", "show", "33"],
        &["runs", "show", "34"],
        &["runs", "show", "12", "--journal"],
        &["runs", "watch", "12"],
        &["store", "stats"],
    ] {
        let Ended { code, out, err } = ended(&place, command);
        let answer = (Some(code), out, err);
        assert!(!seen.contains(&answer), "{command:?}: {answer:?}");
        seen.push(answer);
    }
    let drawn = "id 3b241101-e2bb-4255-8caf-4136c566a962, flowrun_x";
    assert_eq!(without_chance(drawn), "id (id), (token)");
    assert_eq!(without_times("at 2026-11-30T18:40:09.5Z, 20 of 2026"), "at (time), 20 of 2026");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_watched_paused_and_let_go_on_in_the_process_that_drives_it() {
    let scene = Scene::with_hooks(&["", "", ""]).await;
    scene.sink.script([WebhookReply::Status(200), WebhookReply::Slow(200, Duration::from_secs(1))]);
    let mut running = scene.start(&["--json"]);
    let id = running.says("is kept in").split(' ').nth(1).expect("the run is named").to_owned();
    scene.sink.arrived(2).await;
    let paused = scene.on_store(&["runs", "pause", &id]);
    assert_eq!((paused.code, &*paused.err), (0, &*format!("run {id} is paused\n")));
    let watching = scene.watch(&id);
    // What was at work is done, nothing else starts, and its process is done with it.
    let (code, said) = running.ended();
    assert_eq!(code, Some(5), "{said}");
    let (code, said) = watching.ended();
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("[3 webhook] passed") && said.contains("`flowrun runs resume"), "{said}");
    assert_eq!(scene.calls(), ["2", "3"]);

    let host = scene.sink.addr().to_string();
    let resumed = scene.on_store(&["runs", "resume", &id, "--allow-host", &host]);
    assert_eq!(resumed.code, 0, "{resumed:?}");
    assert!(resumed.out.starts_with("node  task"), "{resumed:?}");
    assert_eq!(scene.calls(), ["2", "3", "4"]);
    assert_eq!(scene.run()["status"], "passed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_failed_is_done_once_more_by_whoever_holds_its_store() {
    let scene = Scene::with_hooks(&[""]).await;
    scene.sink.script([WebhookReply::Status(404)]);
    let mut first = scene.start(&[]);
    let id = first.says("is kept in").split(' ').nth(1).expect("the run is named").to_owned();
    assert_eq!(first.ended().0, Some(1));
    scene.sink.script([WebhookReply::Hang, WebhookReply::Status(404), WebhookReply::Status(200)]);
    let running = scene.start(&[]);
    scene.sink.arrived(2).await;

    let again = scene.on_store(&["runs", "rerun", &id]);
    assert_eq!(again.code, 1, "{again:?}");
    assert!(again.out.starts_with("node  task") && again.out.contains("2     webhook  failed"), "{again:?}");
    assert!(!again.err.contains("[1 scan]") && again.err.contains("[2 webhook] failed"), "{again:?}");
    let again = scene.on_store(&["runs", "rerun", &id, "--from", "2", "--json"]);
    let document: Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!((again.code, &document["status"]), (0, &"passed".into()), "{again:?}");
    let over = scene.on_store(&["runs", "rerun", &id, "--secret", "WORD=swordfish"]);
    assert_eq!((over.code, &*over.out), (4, ""), "{over:?}");
    assert!(over.err.contains("uses its own secrets"), "{over:?}");
    assert_eq!(scene.calls(), ["2", "2", "2", "2"]);
    running.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_looked_after_in_a_store_that_a_run_holds_if_it_has_some() {
    let scene = Scene::with_hooks(&[""]).await;
    for has_accounts in [false, true] {
        if has_accounts {
            assert_eq!(scene.on_store(&["account", "create", "ops"]).code, 0);
        }
        scene.sink.script([WebhookReply::Hang]);
        let running = scene.start(&[]);
        scene.sink.arrived(1 + usize::from(has_accounts)).await;
        let made = scene.on_store(&["token", "create", "--account", "ops"]);
        if has_accounts {
            assert!(made.code == 0 && made.out.starts_with("flowrun_"), "{made:?}");
        } else {
            assert_eq!((made.code, &*made.out), (4, ""), "{made:?}");
            assert!(made.err.contains("there are no accounts in the store"), "{made:?}");
        }
        running.kill();
    }
    assert_eq!(scene.on_store(&["token", "list"]).out.lines().count(), 1);
    assert_eq!(scene.on_store(&["store", "verify"]).code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_cancelled_in_the_process_that_drives_it() {
    let scene = Scene::with_hooks(&["", ""]).await;
    scene.sink.script([WebhookReply::Hang]);
    let running = scene.start(&[]);
    scene.sink.arrived(1).await;
    let id = scene.run()["id"].as_str().unwrap().to_owned();
    let cancelled = scene.on_store(&["runs", "cancel", &id, "--json"]);
    assert_eq!(cancelled.code, 0, "{cancelled:?}");
    let document: Value = serde_json::from_str(&cancelled.out).unwrap();
    assert_eq!(document["status"], "cancelled");
    assert_eq!(running.ended().0, Some(5));
    assert_eq!(scene.run()["status"], "cancelled");
    assert_eq!(scene.calls(), ["2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_is_killed_is_told_to_who_watches_and_hinders_nobody_afterwards() {
    let scene = Scene::with_hooks(&["", ""]).await;
    scene.sink.script([WebhookReply::Hang]);
    let running = scene.start(&[]);
    scene.sink.arrived(1).await;
    let id = scene.run()["id"].as_str().unwrap().to_owned();
    let mut watching = scene.watch(&id);
    watching.says("[2 webhook] started");
    running.kill();
    let (code, said) = watching.ended();
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("ended before it had answered; "), "{said}");

    let socket = scene.place.path().join("runs.db-socket");
    assert!(socket.exists(), "whoever is killed removes nothing");
    assert_eq!(scene.run()["status"], "working");
    assert!(!socket.exists(), "it leads nowhere");
    assert_eq!(scene.resume(&[]).code, 0);
}
