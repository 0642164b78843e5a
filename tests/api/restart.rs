//! What a server leaves behind, the next one goes on with.

use std::time::Duration;

use flowrun_server::{Limits, Server, ServerOptions};
use serde_json::json;

use crate::client::Client;
use crate::served::{Served, Tasks};

#[tokio::test(flavor = "multi_thread")]
async fn open_runs_go_on_and_deleted_ones_do_not_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::at(folder.path(), Tasks::Stay, ServerOptions::new()).await;
    let client = served.account("a", Limits::default()).await;
    let site = client.make("/site", json!({"site_url": "https://example.com"})).await;
    let nodes = json!([{"id": "1", "data": {"id": "1", "task_type": "scan"}}]);
    let flow = client.make("/flow", json!({"title": "T", "nodes": nodes})).await;
    let wanted = json!({"site_id": site, "flow_id": flow});
    let run = client.make("/flowrun", wanted.clone()).await;
    let deleted = client.make("/flowrun", wanted).await;
    assert_eq!(client.get(&format!("/flowrun/{run}")).await.1["status"], "working");
    assert_eq!(client.delete(&format!("/flowrun/{deleted}")).await.0, 200);
    served.stop().await;

    let served = Served::at(folder.path(), Tasks::End, ServerOptions::new()).await;
    let client = Client::new(served.address(), client.token);
    let ended = client.ended(&run).await;
    assert_eq!(ended["status"], "passed");
    assert_eq!(client.get(&format!("/flowrun/{deleted}")).await.0, 404);
    let (_, list) = client.get("/flowrun").await;
    assert_eq!((&list["count"], &list["results"][0]["id"]), (&json!(1), &json!(run)));
    served.stop().await;

    // Once more, so that a run which is over is read from where its end was noted down.
    let served = Served::at(folder.path(), Tasks::Stay, ServerOptions::new()).await;
    let client = Client::new(served.address(), client.token);
    assert_eq!(client.get(&format!("/flowrun/{run}")).await, (200, ended));
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_revoked_is_refused_from_the_next_request_on() {
    let served = Served::new(ServerOptions::new()).await;
    let client = served.account("a", Limits::default()).await;
    assert_eq!(client.get("/flow").await.0, 200);
    let token = served.server.repository().tokens(None).unwrap().remove(0);
    assert!(served.server.repository().revoke_token(token.id).await.unwrap());
    assert_eq!(client.get("/flow").await.0, 401);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_shuts_down_creates_no_runs_and_says_so() {
    let served = Served::new(ServerOptions::new()).await;
    let client = served.account("a", Limits::default()).await;
    let site = client.make("/site", json!({"site_url": "https://example.com"})).await;
    let flow = client.make("/flow", json!({"title": "T"})).await;
    served.server.shutdown(Duration::ZERO).await;
    let (status, answer) = client.post("/flowrun", json!({"site_id": site, "flow_id": flow})).await;
    assert_eq!((status, &answer["reason"]), (503, &json!("the server is shutting down")));
    assert_eq!(client.get("/flow").await.0, 200);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_open_runs_come_to_their_end_new_ones_are_refused_and_the_rest_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let mut builder = Server::builder(folder.path().join("runs.flowrun"));
    builder = builder.executor("scan", Tasks::Stay);
    // Longer than anybody waits: the server goes when its runs have ended.
    let served = Served::patient(builder.open().await.unwrap(), Duration::from_secs(3600)).await;
    let client = served.account("a", Limits::default()).await;
    let site = client.make("/site", json!({"site_url": "https://example.com"})).await;
    let nodes = json!([{"id": "1", "data": {"id": "1", "task_type": "scan"}}]);
    let flow = client.make("/flow", json!({"nodes": nodes})).await;
    let wanted = json!({"site_id": site, "flow_id": flow});
    let run = client.make("/flowrun", wanted.clone()).await;
    let (serving, _server) = served.begin_to_stop();
    let mut created = vec![run];
    // Until the signal has arrived runs are created, each on a connection of its own.
    let refused = loop {
        match client.post("/flowrun", wanted.clone()).await {
            (201, run) => created.push(run["id"].as_str().unwrap().to_owned()),
            (status, answer) => break (status, answer["reason"].clone()),
        }
    };
    assert_eq!(refused, (503, json!("the server is shutting down")));
    assert_eq!(client.get("/flowrun").await.1["count"], created.len());
    for run in created {
        assert_eq!(client.delete(&format!("/flowrun/{run}")).await.0, 200);
    }
    serving.await.unwrap();
}
