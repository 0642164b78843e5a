//! The server, from nothing to a run.
#![cfg(unix)]

use std::process::Command;

use serde_json::{Value, json};

use crate::serving::{Serving, asked, idle, token};
use crate::support::Place;

#[test]
fn a_new_user_gets_from_nothing_to_a_run_that_outlives_the_server() {
    let place = Place::new();
    let serving = Serving::new(&place);
    let (status, ready) = serving.ask("GET", "/readyz", "", None);
    assert_eq!((status, &ready["status"]), (200, &json!("ok")));

    // While the server runs.
    assert_eq!(place.run(&["account", "create", "ops", "--user", "dev@example.com", "--sites", "1"]).code, 0);
    let token = place.run(&["token", "create", "--account", "ops"]);
    assert_eq!(token.code, 0, "{token:?}");
    let token = token.out.trim();
    let make = |path: &str, body| {
        let (status, made) = serving.ask("POST", &format!("/v1/ops{path}"), token, Some(body));
        assert_eq!(status, 201, "{made}");
        made
    };
    let site = make("/site", json!({"site_url": "https://example.com"}));
    let nodes = json!([{"id": "1", "data": {"id": "1", "task_type": "case"}}]);
    let flow = make("/flow", json!({"title": "T", "nodes": nodes}));
    let run = make("/flowrun", json!({"site_id": site["id"], "flow_id": flow["id"]}));
    assert_eq!((&run["user"], &run["title"]), (&json!("dev@example.com"), &json!("T")));

    // Nothing here does cases: the node fails in its turn, with a line.
    let path = format!("/v1/ops/flowrun/{}", run["id"].as_str().expect("an id"));
    let ended = (0..10_000).map(|_| serving.ask("GET", &path, token, None).1);
    let ended = ended.into_iter().find(|run| !run["time_completed"].is_null()).expect("it ends");
    assert_eq!(ended["status"], "failed");
    assert!(ended["logs"].to_string().contains("nothing here does tasks of the type `case`"), "{ended}");
    assert_eq!(serving.ended("TERM"), Some(0));

    let serving = Serving::new(&place);
    assert_eq!(serving.ask("GET", &path, token, None), (200, ended));
    let listed = place.run(&["token", "list", "--json"]);
    let listed: Value = serde_json::from_str(&listed.out).expect("JSON");
    let id = listed["tokens"][0]["id"].as_str().expect("an id");
    assert_eq!(place.run(&["token", "revoke", id]).code, 0);
    assert_eq!(serving.ask("GET", &path, token, None).0, 401);
    assert_eq!(serving.ended("INT"), Some(0));
}

#[test]
fn of_runs_that_are_created_while_it_is_killed_none_is_lost_and_none_begins_twice() {
    let place = Place::new();
    let token = token(&place);
    let serving = Serving::new(&place);
    let site = serving.made(&token, "/site", json!({"site_url": "https://example.com"}));
    let wanted = json!({"site_id": site, "flow_id": serving.made(&token, "/flow", idle())});

    // Each of them creates until its server is gone; the main thread kills it in the middle.
    let (told, acknowledged) = std::sync::mpsc::channel();
    let (address, child) = (serving.address.clone(), serving.child.id());
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let (told, address, token, wanted) =
                (told.clone(), address.clone(), token.clone(), wanted.clone());
            std::thread::spawn(move || {
                while let Some((201, run)) = asked(&address, "POST", "/v1/ops/flowrun", &token, Some(&wanted))
                {
                    told.send(run["id"].clone()).expect("the test waits");
                }
            })
        })
        .collect();
    drop(told);
    let mut created: Vec<Value> = acknowledged.iter().take(30).collect();
    let kill = format!("kill -KILL {child}");
    assert!(Command::new("sh").args(["-c", &kill]).status().expect("a shell").success());
    created.extend(acknowledged.iter());
    callers.into_iter().for_each(|caller| caller.join().expect("a caller ends"));
    let mut killed = serving;
    killed.child.wait().expect("it is gone");

    let serving = Serving::new(&place);
    for run in &created {
        let path = format!("/v1/ops/flowrun/{}", run.as_str().expect("an id"));
        let ended = (0..10_000).map(|_| serving.ask("GET", &path, &token, None).1);
        let ended = ended.into_iter().find(|run| !run["time_completed"].is_null()).expect("it ends");
        let lines = ended["logs"].as_array().expect("lines");
        let starts = lines.iter().filter(|line| line["message"].to_string().contains("starting job ID"));
        assert_eq!(starts.count(), 1, "{ended}");
    }
    // What was not acknowledged is there whole or not at all, and the account knows how many there are.
    let count =
        serving.ask("GET", "/v1/ops/flowrun?limit=1", &token, None).1["count"].as_u64().expect("a number");
    assert!(
        count >= created.len() as u64 && count <= created.len() as u64 + 4,
        "{count} of {}",
        created.len()
    );
    assert_eq!(serving.ended("TERM"), Some(0));
    let listed = place.run(&["account", "list", "--json"]);
    let listed: Value = serde_json::from_str(&listed.out).expect("JSON");
    assert_eq!(listed["accounts"][0]["flowruns"], count);
    let verified = place.run(&["store", "verify", "--store", "runs.flowrun"]);
    assert_eq!(verified.code, 0, "{verified:?}");
}

#[test]
fn an_address_that_others_reach_needs_a_token_first() {
    let place = Place::new();
    let refused = place.run(&["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.err.contains("there is no token yet"), "{refused:?}");
    assert!(!place.path().join("runs.flowrun").exists());
}

#[test]
fn accounts_and_tokens_that_are_not_there_are_named() {
    let place = Place::new();
    assert_eq!(place.run(&["account", "create", "a"]).code, 0);
    for (args, code, says) in [
        (&["account", "create", "a"][..], 2, "there is an account `a` already"),
        (&["account", "limits", "b", "--sites", "3"], 4, "there is no account `b`"),
        (&["token", "create", "--account", "b"], 4, "there is no account `b`"),
        (&["token", "create", "--account", "a", "--scope", "all"], 2, "none of `read`, `run`, `write`"),
        (&["token", "create", "--account", "a", "--expires", "5"], 2, "such as 30s"),
        (&["token", "create", "--account", "a", "--expires", "0s"], 2, "must be more than 0"),
        (&["account", "create", ""], 2, "must not be empty"),
        (&["account", "create", "b\nc"], 2, "control characters"),
        (&["account", "create", "b", "--user", "b "], 2, "must not begin or end with a space"),
        (&["account", "create", "b", "--concurrency", "0"], 2, "must be at least 1"),
        (&["account", "limits", "a", "--concurrency", "0"], 2, "must be at least 1"),
        (&["token", "revoke", "11111111-1111-4111-8111-111111111111"], 4, "there is no token"),
    ] {
        let ended = place.run(args);
        assert_eq!(ended.code, code, "{args:?}: {ended:?}");
        assert!(ended.err.contains(says), "{args:?}: {ended:?}");
    }
    let limits = place.run(&["account", "limits", "a", "--sites", "3", "--nodes", "4"]);
    assert!(limits.out.contains("sites_allowed 3  nodes_allowed 4"), "{limits:?}");
    let limits = place.run(&["account", "limits", "a", "--sites", "none"]);
    assert!(!limits.out.contains("sites_allowed") && limits.out.contains("nodes_allowed 4"), "{limits:?}");
}

/// A run that takes for ever, and an hour for it to end.
#[test]
fn a_second_signal_ends_a_server_that_waits_for_its_runs_at_once() {
    for signal in ["TERM", "INT"] {
        let place = Place::new();
        let token = token(&place);
        // It takes connections and says nothing.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has ports");
        let silent = silent.local_addr().map(|at| (silent, at.to_string())).expect("it has an address");
        let serving = Serving::with(&place, &["--grace", "1h", "--allow-host", &silent.1]);
        let site = serving.made(&token, "/site", json!({"site_url": format!("http://{}", silent.1)}));
        let nodes = json!([{"id": "1", "data": {"id": "1", "task_type": "scan"}}]);
        let flow = serving.made(&token, "/flow", json!({"nodes": nodes}));
        let wanted = json!({"site_id": site, "flow_id": flow});
        let create = || serving.ask("POST", "/v1/ops/flowrun", &token, Some(wanted.clone())).0;
        assert_eq!(create(), 201);
        serving.signal(signal);
        // It has heard it, and waits: whatever does not create runs is answered.
        assert!((0..10_000).any(|_| create() == 503));
        assert_eq!(serving.ask("GET", "/v1/ops/flow", &token, None).0, 200);
        assert_eq!(serving.ended(signal), Some(130));
    }
}
