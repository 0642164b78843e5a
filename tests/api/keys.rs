//! Requests that are sent twice, and answers that were seen before.

use std::collections::BTreeSet;
use std::time::Duration;

use flowrun_server::{Limits, ServerOptions};
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::live::chain;
use crate::served::{Served, Tasks};

async fn create(client: &Client, wanted: &Value) -> Answer {
    client.send("POST", "/flowrun", Some(("application/json", wanted.to_string()))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_requests_with_one_key_make_one_run_and_have_one_answer() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::at(folder.path(), Tasks::End, ServerOptions::new()).await;
    let mut limits = Limits::default();
    limits.flowruns_allowed = Some(1);
    let client = served.account("a", limits).await;
    let wanted = chain(&client, 2).await;
    let keyed = client.with("idempotency-key", "\"k 1\"");
    let answers = futures::future::join_all((0..100).map(|_| create(&keyed, &wanted))).await;
    let texts: BTreeSet<_> = answers.iter().map(|answer| (answer.status, answer.text.as_str())).collect();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert_eq!(answers[0].status, 201);
    let (_, list) = client.get("/flowrun").await;
    assert_eq!(list["count"], 1);
    let run = list["results"][0]["id"].as_str().unwrap().to_owned();
    assert!(answers[0].text.contains(&run));

    // Once it is over, and from the next server, and though its flow is gone, and no further run would be allowed.
    client.ended(&run).await;
    assert_eq!(create(&keyed, &wanted).await.text, answers[0].text);
    served.stop().await;
    let served = Served::at(folder.path(), Tasks::End, ServerOptions::new()).await;
    let client = Client::new(served.address(), client.token.clone());
    let keyed = client.with("idempotency-key", "k 1");
    assert_eq!(create(&keyed, &wanted).await.text, answers[0].text);
    assert_eq!(create(&client, &wanted).await.status, 426, "without a key it is another run");

    // Another request is not answered with this run, nor is somebody else.
    let other = json!({"site_id": wanted["site_id"], "flow_id": wanted["flow_id"], "configs": {}});
    assert_eq!(create(&keyed, &other).await.status, 422);
    let b = served.account("b", Limits::default()).await.with("idempotency-key", "k 1");
    assert_eq!(create(&b, &wanted).await.status, 404, "the site is not theirs");
    let own = chain(&b, 1).await;
    let theirs = create(&b, &own).await;
    assert!(theirs.status == 201 && !theirs.text.contains(&run));

    // What was deleted does not come back under its key.
    assert_eq!(client.delete(&format!("/flowrun/{run}")).await.0, 200);
    assert_eq!(create(&keyed, &wanted).await.status, 410);
    for wrong in ["", "é", &"x".repeat(256)] {
        assert_eq!(create(&client.with("idempotency-key", wrong), &wanted).await.status, 400, "{wrong:?}");
    }
    assert_eq!(served.server.repository().account_named("a").unwrap().unwrap().flowruns, 1);
    served.stop().await;
}

/// What the test above is good for.
#[tokio::test(flavor = "multi_thread")]
async fn requests_without_a_key_make_a_run_each() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::at(folder.path(), Tasks::End, ServerOptions::new()).await;
    let client = served.account("a", Limits::default()).await;
    let wanted = chain(&client, 1).await;
    futures::future::join_all((0..5).map(|_| create(&client, &wanted))).await;
    assert_eq!(client.get("/flowrun").await.1["count"], 5);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_stays_free_when_nothing_was_created() {
    let served = Served::new(ServerOptions::new()).await;
    let client = served.account("a", Limits::default()).await;
    let wanted = chain(&client, 1).await;
    let keyed = client.with("idempotency-key", "k");
    let unknown = json!({"site_id": wanted["site_id"], "flow_id": "11111111-1111-4111-8111-111111111111"});
    assert_eq!(create(&keyed, &unknown).await.status, 404);
    assert_eq!(create(&keyed, &wanted).await.status, 201);
    served.stop().await;
}

fn tag(answer: &Answer) -> String {
    answer.headers["etag"].to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_known_is_not_sent_again_and_another_one_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::at(folder.path(), Tasks::End, ServerOptions::new()).await;
    let client = served.account("a", Limits::default()).await;
    let wanted = chain(&client, 1).await;
    let flow = format!("/flow/{}", wanted["flow_id"].as_str().unwrap());
    let first = client.send("GET", &flow, None).await;
    let known = client.with("if-none-match", &tag(&first)).send("GET", &flow, None).await;
    assert_eq!((known.status, known.text.as_str(), tag(&known)), (304, "", tag(&first)));

    let rename = |title: &str| {
        Some(("application/json", json!({"flow_id": wanted["flow_id"], "title": title}).to_string()))
    };
    let meant = client.with("if-match", &tag(&first));
    assert_eq!(meant.send("POST", "/flow", rename("A")).await.status, 201);
    assert_eq!(meant.send("POST", "/flow", rename("B")).await.status, 412, "somebody was first");
    assert_eq!(meant.send("DELETE", &flow, None).await.status, 412);
    let second = client.with("if-none-match", &tag(&first)).send("GET", &flow, None).await;
    assert!(second.status == 200 && second.text.contains("\"A\""), "{}", second.text);
    // Of many who have seen the same version one is the first.
    let meant = client.with("if-match", &tag(&second));
    let changes = (0..20).map(|number| meant.send("POST", "/flow", rename(["C", "D"][number % 2])));
    let changed = futures::future::join_all(changes).await;
    assert_eq!(changed.iter().filter(|answer| answer.status == 201).count(), 1);
    assert_eq!(changed.iter().filter(|answer| answer.status == 412).count(), 19);

    let run = client.make("/flowrun", wanted).await;
    client.ended(&run).await;
    let run = format!("/flowrun/{run}");
    let shown = client.send("GET", &run, None).await;
    assert_eq!(client.with("if-none-match", &tag(&shown)).send("GET", &run, None).await.status, 304);
    assert_eq!(client.with("if-match", "\"other\"").send("DELETE", &run, None).await.status, 412);
    assert_eq!(client.with("if-match", &tag(&shown)).send("DELETE", &run, None).await.status, 200);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_prefers_to_wait_is_answered_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::at(folder.path(), Tasks::End, ServerOptions::new()).await;
    let client = served.account("a", Limits::default()).await.with("prefer", "wait=60");
    let created = create(&client, &chain(&client, 5).await).await;
    let run: Value = serde_json::from_str(&created.text).unwrap();
    assert_eq!((created.status, &run["status"]), (201, &json!("passed")));
    assert_eq!(created.headers["preference-applied"], "wait=60");
    served.stop().await;

    // One that does not end in time is shown as it stands.
    let served = Served::new(ServerOptions::new()).await;
    let client = served.account("a", Limits::default()).await;
    let hurried = client.with("prefer", "wait=0");
    let run = hurried.make("/flowrun", chain(&client, 1).await).await;
    assert_eq!(hurried.get(&format!("/flowrun/{run}")).await.1["status"], "working");
    // And whoever waits hears of a cancel.
    let waits = client.with("prefer", "wait=60");
    let path = format!("/flowrun/{run}");
    let (waited, cancelled) = tokio::join!(waits.send("GET", &path, None), async {
        tokio::time::sleep(Duration::ZERO).await;
        client.post(&format!("/flowrun/{run}/cancel"), json!({})).await
    });
    assert_eq!(cancelled.0, 202);
    assert!(waited.text.contains("\"status\":\"cancelled\""), "{}", waited.text);
    served.stop().await;
}
