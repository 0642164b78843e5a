//! Runs that are created with keys while the server is killed.
#![cfg(unix)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::channel;

use serde_json::{Value, json};

use crate::serving::{Serving, asked_with, idle, token};
use crate::support::Place;

/// So many callers, and so many runs that each of them wants.
const CALLERS: (usize, usize) = (6, 12);

/// Creates runs until the server is killed in the middle, then all of them once more on the next one. Gives the answers
/// of both by what was wanted, and how many runs there are.
fn created_twice(has_keys: bool) -> (BTreeMap<String, Value>, BTreeMap<String, Value>, Value) {
    let place = Place::new();
    let token = token(&place);
    let serving = Serving::new(&place);
    let site = serving.made(&token, "/site", json!({"site_url": "https://example.com"}));
    let wanted = json!({"site_id": site, "flow_id": serving.made(&token, "/flow", idle())});
    let create = |address: &str, key: &str| {
        let named = if has_keys { "idempotency-key" } else { "x-key" };
        let headers = [("authorization", token.as_str()), (named, key)];
        asked_with(address, "POST", "/v1/ops/flowrun", &headers, Some(&wanted))
    };

    let (told, answers) = channel();
    let address = serving.address.clone();
    let mut first = BTreeMap::new();
    std::thread::scope(|scope| {
        for caller in 0..CALLERS.0 {
            let (told, create, address) = (told.clone(), &create, &address);
            scope.spawn(move || {
                for number in 0..CALLERS.1 {
                    let key = format!("{caller}-{number}");
                    // One that is not answered may have been created all the same.
                    if let Some((201, run)) = create(address, &key) {
                        told.send((key, run)).expect("the test waits");
                    }
                }
            });
        }
        drop(told);
        // In the middle: some are answered, some are under way, some have not been sent.
        for (key, run) in answers.iter().take(CALLERS.0 * CALLERS.1 / 3) {
            first.insert(key, run);
        }
        assert_eq!(serving.ended("KILL"), None);
        first.extend(answers.iter());
    });

    let serving = Serving::new(&place);
    let mut second = BTreeMap::new();
    for caller in 0..CALLERS.0 {
        for number in 0..CALLERS.1 {
            let key = format!("{caller}-{number}");
            let (status, run) = create(&serving.address, &key).expect("it answers");
            assert_eq!(status, 201, "{run}");
            second.insert(key, run);
        }
    }
    let (_, list) = serving.ask("GET", "/v1/ops/flowrun?lean=true", &token, None);
    assert_eq!(serving.ended("INT"), Some(0));
    assert_eq!(place.run(&["store", "verify", "--store", "runs.flowrun"]).code, 0);
    (first, second, list["count"].clone())
}

#[test]
fn whoever_asks_again_after_a_kill_has_one_run_for_each_key() {
    let (first, second, count) = created_twice(true);
    let most = CALLERS.0 * CALLERS.1;
    assert!(first.len() >= most / 3 && first.len() < most, "{} of {most} were answered", first.len());
    assert_eq!(count, json!(most));
    for (key, run) in &first {
        assert_eq!(second[key], *run, "the same answer before and after");
    }
    let runs: BTreeSet<String> = second.values().map(|run| run["id"].to_string()).collect();
    assert_eq!(runs.len(), most);
}

/// What the test above is good for.
#[test]
fn whoever_asks_again_without_keys_has_runs_twice() {
    let (first, _, count) = created_twice(false);
    assert!(count.as_u64().expect("a number") >= (CALLERS.0 * CALLERS.1 + first.len()) as u64, "{count}");
}
