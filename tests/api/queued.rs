//! Runs of an account that has as many tasks at work as it may have wait, say so, and have their turn.

use flowrun_server::{Limits, ServerOptions};
use serde_json::{Value, json};

use crate::client::Client;
use crate::served::{Served, Tasks};

/// An account that may have so many tasks at work, and a run of one task to be created in it.
async fn account(served: &Served, name: &str, concurrency: Option<u64>) -> (Client, Value) {
    let mut limits = Limits::default();
    limits.concurrency = concurrency;
    let client = served.account(name, limits).await;
    let site = client.make("/site", json!({"site_url": "https://example.com"})).await;
    let nodes = json!([{"id": "1", "data": {"id": "1", "task_type": "scan"}}]);
    let flow = client.make("/flow", json!({"title": "T", "nodes": nodes})).await;
    (client, json!({"site_id": site, "flow_id": flow}))
}

/// Whether the run waits, and for what. Asks until it stands as it is expected to.
async fn stands(client: &Client, run: &str, waits: bool) -> Value {
    for _ in 0..20_000 {
        let (_, run) = client.get(&format!("/flowrun/{run}")).await;
        let node = &run["nodes"][0]["data"]["status"];
        if waits == run.get("waiting").is_some() && waits == (node == "queued") {
            return run["waiting"].clone();
        }
        tokio::task::yield_now().await;
    }
    panic!("run {run} does not come to {waits}")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_the_concurrency_waits_with_a_reason_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::at(folder.path(), Tasks::Stay, ServerOptions::new()).await;
    let (a, wanted) = account(&served, "a", Some(1)).await;
    let (b, other) = account(&served, "b", None).await;
    let first = a.make("/flowrun", wanted.clone()).await;
    stands(&a, &first, false).await;
    let mut runs = Vec::new();
    for _ in 0..4 {
        runs.push(a.make("/flowrun", wanted.clone()).await);
    }
    for run in &runs {
        let waiting = stands(&a, run, true).await;
        let reason = "the account has as many tasks at work as its concurrency allows: 1";
        assert_eq!(waiting, json!([{"node": "1", "reason": reason}]));
    }
    // Lists say it, too, and other accounts do not wait.
    let (_, list) = a.get("/flowrun?lean=true").await;
    assert_eq!(
        list["results"].as_array().unwrap().iter().filter(|run| run.get("waiting").is_some()).count(),
        4
    );
    let of_b = b.make("/flowrun", other).await;
    stands(&b, &of_b, false).await;

    // One that waits can be deleted; what it waited for is had by the others in their order.
    assert_eq!(a.delete(&format!("/flowrun/{}", runs[1])).await.0, 200);
    assert_eq!(a.get(&format!("/flowrun/{}", runs[1])).await.0, 404);
    assert_eq!(a.delete(&format!("/flowrun/{first}")).await.0, 200);
    stands(&a, &runs[0], false).await;
    stands(&a, &runs[2], true).await;
    served.stop().await;

    // They wait in the next server as well, and are done there one after the other.
    let served = Served::at(folder.path(), Tasks::Stay, ServerOptions::new()).await;
    let a = Client::new(served.address(), a.token);
    // Which of them has the slot is another matter: the one that had it starts anew.
    let mut waiting = 0;
    for _ in 0..20_000 {
        let (_, list) = a.get("/flowrun").await;
        let runs = list["results"].as_array().unwrap().iter();
        waiting = runs.filter(|run| run.get("waiting").is_some()).count();
        if waiting == 2 {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(waiting, 2);
    served.stop().await;
    let served = Served::at(folder.path(), Tasks::End, ServerOptions::new()).await;
    let a = Client::new(served.address(), a.token);
    for run in [&runs[0], &runs[2], &runs[3]] {
        let ended = a.ended(run).await;
        assert_eq!((&ended["status"], ended.get("waiting")), (&json!("passed"), None));
    }
    assert_eq!(served.server.repository().account_named("a").unwrap().unwrap().runs, 3);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_asks_for_much_does_not_keep_another_one_waiting() {
    let served = Served::new(ServerOptions::new().max_tasks(2)).await;
    let (a, flood) = account(&served, "a", None).await;
    let (b, wanted) = account(&served, "b", None).await;
    let mut runs = Vec::new();
    for _ in 0..20 {
        runs.push(a.make("/flowrun", flood.clone()).await);
    }
    let own = b.make("/flowrun", wanted).await;
    let waiting = stands(&b, &own, true).await;
    let reason = "the server has as many tasks at work as it does at a time";
    assert_eq!(waiting, json!([{"node": "1", "reason": reason}]));
    // The next slot that gets free is for the account that has none.
    let mut working = Vec::new();
    for run in &runs {
        let (_, shown) = a.get(&format!("/flowrun/{run}")).await;
        working.extend((shown["nodes"][0]["data"]["status"] == "working").then(|| run.clone()));
    }
    assert_eq!(working.len(), 2);
    assert_eq!(a.delete(&format!("/flowrun/{}", working[0])).await.0, 200);
    stands(&b, &own, false).await;
    served.stop().await;
}
