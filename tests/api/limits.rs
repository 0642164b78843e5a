//! What an account may have, and how much a token may ask.

use std::num::NonZeroU32;

use flowrun_server::{Limits, ServerOptions};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::served::Served;

fn node(id: &str, conditions: usize) -> Value {
    let condition = |index| json!({"joiner": if index == 0 { "" } else { "and" }, "data_type": "score", "operator": ">=", "value": "1"});
    let conditions: Vec<Value> = (0..conditions).map(condition).collect();
    json!({"id": id, "data": {"id": id, "task_type": "scan", "conditions": conditions}})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_is_saved_in_any_size_and_run_in_the_size_that_is_allowed() {
    let served = Served::new(ServerOptions::new()).await;
    let mut limits = Limits::default();
    (limits.nodes_allowed, limits.conditions_allowed) = (Some(2), Some(1));
    let client = served.account("a", limits).await;
    let site = client.make("/site", json!({"site_url": "https://example.com"})).await;
    for (nodes, expected) in [
        (json!([node("1", 1), node("2", 1)]), None),
        (json!([node("1", 0), node("2", 0), node("3", 0)]), Some("max nodes reached")),
        (json!([node("1", 2)]), Some("max conditions reached")),
    ] {
        let flow = client.make("/flow", json!({"nodes": nodes})).await;
        let (status, answer) = client.post("/flowrun", json!({"site_id": site, "flow_id": flow})).await;
        assert_eq!(
            (status, answer["reason"].as_str()),
            (if expected.is_some() { 426 } else { 201 }, expected)
        );
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_are_created_at_once_do_not_pass_the_limit_together() {
    let served = Served::new(ServerOptions::new()).await;
    let mut limits = Limits::default();
    limits.flowruns_allowed = Some(5);
    let client = served.account("a", limits).await;
    let site = client.make("/site", json!({"site_url": "https://example.com"})).await;
    let flow = client.make("/flow", json!({"nodes": [node("1", 0)]})).await;
    let wanted = json!({"site_id": site, "flow_id": flow});
    let answers = join_all((0..20).map(|_| client.post("/flowrun", wanted.clone()))).await;
    let of = |status| answers.iter().filter(|answer| answer.0 == status).count();
    assert_eq!((of(201), of(426)), (5, 15));
    assert_eq!(client.get("/flowrun").await.1["count"], 5);
    // A refusal by the check costs nothing either way: it is looked at first.
    let account = served.server.repository().account_named("a").unwrap().unwrap();
    assert_eq!((account.flowruns, account.runs), (5, 5));
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_that_is_refused_costs_no_run_and_tells_every_problem() {
    let served = Served::new(ServerOptions::new()).await;
    let client = served.account("a", Limits::default()).await;
    let site = client.make("/site", json!({"site_url": "https://example.com"})).await;
    let nodes = json!([node("1", 0), node("1", 0), {"id": "2", "data": {"id": "2", "task_type": "dance"}}]);
    let flow = client.make("/flow", json!({"nodes": nodes})).await;
    let (status, answer) = client.post("/flowrun", json!({"site_id": site, "flow_id": flow})).await;
    assert_eq!(status, 400);
    assert!(answer["reason"].is_string() && answer["problems"].as_array().unwrap().len() >= 2, "{answer}");
    let account = served.server.repository().account_named("a").unwrap().unwrap();
    assert_eq!((account.flowruns, account.runs), (0, 0));
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_asks_too_often_waits_and_others_do_not() {
    let served = Served::new(ServerOptions::new().rate_limit(NonZeroU32::MIN)).await;
    let (a, b) = (served.account("a", Limits::default()).await, served.account("b", Limits::default()).await);
    let answers = join_all((0..20).map(|_| a.send("GET", "/flow", None))).await;
    let refused = answers.iter().find(|answer| answer.status == 429).unwrap();
    assert!(refused.headers.contains_key("retry-after") && refused.text.contains("detail"), "{refused:?}");
    assert!(answers.iter().any(|answer| answer.status == 200));
    assert_eq!(b.get("/flow").await.0, 200);
    served.stop().await;
}
