//! The served API and programs of others, which `cargo xtask tools` installs into the tool folder of the checkout. Cargo
//! alone ignores these tests; `cargo xtask test` installs what they need and runs them.
#![cfg(unix)]

#[path = "../cli/serving.rs"]
mod serving;
#[path = "../cli/support.rs"]
#[expect(dead_code, reason = "made for the tests of the command line")]
mod support;

mod fuzzed;
mod original;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use serving::Serving;
use support::Place;

/// Something in the tool folder.
fn tool(name: &str) -> PathBuf {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools").join(name);
    assert!(tool.exists(), "`{name}` is not in `.tools`: `cargo xtask tools` installs it");
    tool
}

/// An account, and a token that may do everything in it.
fn token(place: &Place) -> String {
    assert_eq!(place.run(&["account", "create", "ops", "--user", "dev@example.com"]).code, 0);
    place.run(&["token", "create", "--account", "ops"]).out.trim().to_owned()
}

/// Makes something below `/v1/ops`, and gives its id.
fn made(serving: &Serving, token: &str, path: &str, body: Value) -> String {
    let (status, made) = serving.ask("POST", &format!("/v1/ops{path}"), token, Some(body));
    assert_eq!(status, 201, "{made}");
    made["id"].as_str().expect("an id").to_owned()
}

/// A flow of one node that nothing here can do: a run of it ends at once, and goes nowhere.
fn idle() -> Value {
    json!({"title": "Idle", "nodes": [{"id": "1", "data": {"id": "1", "task_type": "case"}}]})
}
