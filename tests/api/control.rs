//! What is asked of runs and flows: to stop, to wait, to go on, to be done once more, to be looked at first.

use flowrun_server::{Limits, Scope, ServerOptions};
use serde_json::{Value, json};

use crate::client::Client;
use crate::live::{chain, journal};
use crate::served::{Served, Tasks};

async fn ask(client: &Client, run: &str, what: &str) -> (u16, Value) {
    client.post(&format!("/flowrun/{run}/{what}"), json!({})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_paused_let_go_on_and_cancelled() {
    let served = Served::new(ServerOptions::new()).await;
    let client = served.account("a", Limits::default()).await;
    let run = client.make("/flowrun", chain(&client, 2).await).await;
    let stands = |state: &str, at_rest: bool| json!({"id": run, "status": "working", "state": state, "at_rest": at_rest});
    assert_eq!(
        ask(&client, &run, "pause").await,
        (200, stands("paused", false)),
        "the first node is at work"
    );
    assert_eq!(
        ask(&client, &run, "pause").await,
        (200, stands("paused", false)),
        "asking twice changes nothing"
    );
    assert_eq!(ask(&client, &run, "resume").await, (200, stands("working", false)));
    assert_eq!(ask(&client, &run, "rerun").await.0, 409, "it is not over");
    let (status, cancelled) = ask(&client, &run, "cancel").await;
    assert_eq!((status, &cancelled["id"]), (202, &json!(run)));
    let document = client.ended(&run).await;
    assert_eq!(document["status"], "cancelled");
    for what in ["cancel", "pause", "resume"] {
        let (status, problem) = ask(&client, &run, what).await;
        assert_eq!((status, &problem["detail"]), (409, &json!("the run is over")), "{what}");
    }
    let records = journal(&client, &run).await;
    let asked = ["Paused", "Resumed", "CancelRequested"];
    let told: Vec<_> =
        records.iter().filter_map(|event| event["record"].as_str()).filter(|it| asked.contains(it)).collect();
    assert_eq!(told, asked, "each once");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_over_is_done_once_more_from_a_node() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::at(folder.path(), Tasks::End, ServerOptions::new()).await;
    let client = served.account("a", Limits::default()).await;
    let run = client.make("/flowrun", chain(&client, 3).await).await;
    assert_eq!(client.ended(&run).await["status"], "passed");
    let path = format!("/flowrun/{run}/rerun");
    assert_eq!(client.post(&path, json!({})).await.0, 409, "nothing failed");
    for wrong in [
        json!({"from": "9"}),
        json!({"only": "some"}),
        json!({"from": "1", "only": "failed"}),
        json!({"from": 5}),
    ] {
        assert_eq!(client.post(&path, wrong.clone()).await.0, 400, "{wrong}");
    }
    let (status, again) = client.post(&path, json!({"from": "2"})).await;
    assert_eq!((status, &again["id"]), (202, &json!(run)));
    client.ended(&run).await;
    let (_, explained) = client.get(&format!("/flowrun/{run}/explain")).await;
    let visits: Vec<_> =
        explained["nodes"].as_array().unwrap().iter().map(|node| node["visit"].clone()).collect();
    assert_eq!(visits, [1, 2, 2]);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_only_sees_asks_for_nothing() {
    let served = Served::new(ServerOptions::new()).await;
    let client = served.account("a", Limits::default()).await;
    let run = client.make("/flowrun", chain(&client, 2).await).await;
    let reader = Client::new(client.address, served.token("a", Scope::Read).await.secret);
    for what in ["cancel", "pause", "resume", "rerun"] {
        assert_eq!(ask(&reader, &run, what).await.0, 403, "{what}");
    }
    for path in ["journal", "explain"] {
        assert_eq!(reader.get(&format!("/flowrun/{run}/{path}")).await.0, 200, "{path}");
    }
    assert_eq!(reader.post("/flow/check", json!({"nodes": []})).await.0, 200);
    assert_eq!(client.get(&format!("/flowrun/{run}")).await.1["status"], "working", "nothing happened to it");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_is_checked_before_it_runs_as_it_would_be_when_it_is_started() {
    let served = Served::new(ServerOptions::new()).await;
    let client = served.account("a", Limits::default()).await;
    let node = |id: &str| json!({"id": id, "data": {"id": id, "task_type": "scan"}});
    let edge = |source: &str, target: &str| json!({"id": source, "source": source, "target": target});
    for (nodes, edges, codes) in [
        (json!([node("1"), node("2")]), json!([edge("1", "2")]), vec![]),
        (
            json!([node("1"), node("2")]),
            json!([edge("1", "2"), edge("2", "1")]),
            vec!["plan.no-root", "plan.cycle"],
        ),
        (
            json!([node("1"), node("1")]),
            json!([edge("1", "9")]),
            vec!["plan.duplicate-id", "plan.dangling-edge"],
        ),
        (json!(["x"]), json!([]), vec!["flow.wrong-type"]),
    ] {
        let drawing = json!({"nodes": nodes, "edges": edges});
        let (status, checked) = client.post("/flow/check", drawing.clone()).await;
        assert_eq!((status, &checked["ok"]), (200, &json!(codes.is_empty())), "{checked}");
        let errors =
            checked["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] == "error");
        let found: Vec<_> = errors.map(|finding| finding["code"].as_str().unwrap().to_owned()).collect();
        assert_eq!(found, codes, "{checked}");
    }
    let wanted = chain(&client, 2).await;
    let (_, checked) = client.post("/flow/check", json!({"flow_id": wanted["flow_id"]})).await;
    assert_eq!(checked["ok"], true);
    for wrong in [json!({}), json!({"nodes": {}}), json!({"nodes": [], "edges": 5})] {
        assert_eq!(client.post("/flow/check", wrong).await.0, 400);
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_routes_refuse_with_problems_whatever_is_accepted() {
    let served = Served::new(ServerOptions::new()).await;
    let client = served.account("a", Limits::default()).await;
    let nobody = Client::new(client.address, "nobody".to_owned());
    let run = "11111111-1111-4111-8111-111111111111";
    for (who, method, path, status) in [
        (&client, "GET", format!("/flowrun/{run}/events"), 404),
        (&client, "GET", format!("/flowrun/{run}/explain"), 404),
        (&client, "POST", format!("/flowrun/{run}/cancel"), 404),
        (&client, "GET", format!("/flowrun/{run}/cancel"), 405),
        (&client, "POST", "/flowrun/x/cancel".to_owned(), 404),
        (&nobody, "GET", format!("/flowrun/{run}/journal"), 401),
        (&client, "POST", "/flow/check".to_owned(), 400),
        (&client.with("accept", "text/html"), "GET", format!("/flowrun/{run}/journal"), 406),
    ] {
        let answer = who.send(method, &path, None).await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{method} {path}");
        let problem: Value = serde_json::from_str(&answer.text).unwrap();
        assert_eq!(problem["status"], status, "{problem}");
    }
    served.stop().await;
}
