//! The example programs of the documentation that the project was founded on, run as they stand.
//!
//! What they leave to the reader is done before them: modules are imported, and two of the names that stand for the address
//! have one value. Ids take the place of `<site:id>` and its like.

use std::process::Command;

use flowrun_server::{Limits, ServerOptions};
use serde_json::{Value, json};

use crate::client::Client;
use crate::outside;
use crate::served::Served;

const CREATE: &str = include_str!("snippets/create.py");
const RETRIEVE: &str = include_str!("snippets/retrieve.py");
const LIST: &str = include_str!("snippets/list.py");
const DELETE: &str = include_str!("snippets/delete.py");

/// The flow of the documentation.
const FLOW: &str = include_str!("../../crates/flowrun-core/tests/fixtures/seed_flow.json");
/// The run that it shows.
const RUN: &str = include_str!("../../crates/flowrun-core/tests/fixtures/seed_flow_run.json");

/// Runs an example, and gives what it prints.
async fn printed(example: &str, client: &Client, ids: &[(&str, &str)]) -> Value {
    let example = ids.iter().fold(example.to_owned(), |example, (name, id)| example.replace(name, id));
    let program = format!(
        "import json, os, requests\nBASE_URL = os.environ['CURSION_API_BASE_URL']\n{}\nprint(json.dumps(json_response))",
        example.replace("print(json_response)", "")
    );
    let mut command = Command::new(outside::tool("python/api/bin/python"));
    command
        .args(["-c", &program])
        .env("CURSION_API_BASE_URL", format!("http://{}/v1/ops", client.address))
        .env("CURSION_API_TOKEN", &client.token);
    serde_json::from_str(&outside::printed(command).await).unwrap()
}

/// The names of the members of an object, and of what it holds.
fn names(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), names(value))).collect(),
        Value::Array(items) => items.iter().map(names).collect(),
        _ => Value::Null,
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs python/api of the tool folder"]
async fn the_examples_of_the_documentation_work_as_they_stand() {
    let served = Served::new(ServerOptions::new()).await;
    let client = served.account("dev", Limits::default()).await;
    let site = client.make("/site", json!({"site_url": "https://example.com"})).await;
    let drawn: Value = serde_json::from_str(FLOW).unwrap();
    let flow = json!({"title": drawn["title"], "nodes": drawn["nodes"], "edges": drawn["edges"]});
    let flow = client.make("/flow", flow).await;

    let run = printed(CREATE, &client, &[("<site:id>", &site), ("<flow:id>", &flow)]).await;
    let documented: Value = serde_json::from_str(RUN).unwrap();
    let mut shape = names(&documented);
    // One line more: the first node was started already.
    let line = shape["logs"][0].clone();
    shape["logs"].as_array_mut().unwrap().push(line);
    assert_eq!(names(&run), shape);
    for member in ["title", "edges", "configs", "status"] {
        assert_eq!(run[member], documented[member], "{member}");
    }
    let id = run["id"].as_str().unwrap();
    let retrieved = printed(RETRIEVE, &client, &[("<flowrun:id>", id)]).await;
    assert_eq!(retrieved["id"], id);
    let list = printed(LIST, &client, &[]).await;
    assert_eq!((&list["count"], &list["results"][0]["id"]), (&json!(1), &json!(id)));
    let deleted = printed(DELETE, &client, &[("<flowrun:id>", id)]).await;
    assert_eq!(deleted, json!({"message": "FlowRun deleted"}));
    served.stop().await;
}
