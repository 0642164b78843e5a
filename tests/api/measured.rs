//! What the server counts and measures.

use std::collections::BTreeMap;

use flowrun_server::{Limits, ServerOptions};

use crate::client::{self, Client};
use crate::live::chain;
use crate::served::{Served, Tasks};
use crate::streams::Stream;

/// The value of each series.
async fn measured(client: &Client) -> BTreeMap<String, f64> {
    let headers = [("host".to_owned(), client.address.to_string())];
    let answer = client::send(client.address, "GET", "/metrics", headers, None).await;
    assert_eq!(answer.status, 200);
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    let samples = answer.text.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_and_attempts_are_counted_and_no_run_adds_a_series() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::at(folder.path(), Tasks::End, ServerOptions::new()).await;
    let client = served.account("a", Limits::default()).await;
    let before = measured(&client).await;
    assert!(
        before.iter().filter(|(name, _)| name.starts_with("flowrun_runs")).all(|(_, value)| *value == 0.0)
    );
    let wanted = chain(&client, 3).await;
    for _ in 0..5 {
        let run = client.make("/flowrun", wanted.clone()).await;
        client.ended(&run).await;
    }
    let stream = Stream::open(&client, "/flowruns/events", &[]).await;
    let after = measured(&client).await;
    assert_eq!(
        after.keys().collect::<Vec<_>>(),
        before.keys().collect::<Vec<_>>(),
        "no series for any run or account"
    );
    let value = |name: &str| after[name];
    assert_eq!(value("flowrun_runs_started_total"), 5.0);
    assert_eq!(value("flowrun_runs_ended_total{status=\"passed\"}"), 5.0);
    assert_eq!(value("flowrun_attempts_total{outcome=\"started\"}"), 15.0);
    assert_eq!(value("flowrun_attempts_total{outcome=\"passed\"}"), 15.0);
    assert_eq!(value("flowrun_queue_wait_seconds_count"), 15.0);
    assert!(value("flowrun_commit_seconds_count") >= 20.0, "a chain commits for each node");
    assert_eq!(value("flowrun_event_streams"), 1.0);
    drop(stream);
    served.stop().await;
}
