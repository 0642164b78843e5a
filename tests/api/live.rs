//! Runs as they happen and as they were: event streams, journals, explanations.

use std::time::Duration;

use flowrun_server::{Limits, Scope, ServerOptions};
use serde_json::{Value, json};

use crate::client::Client;
use crate::served::{Served, Tasks};
use crate::streams::{Frame, Stream};

/// A chain of so many nodes and a site for it; gives the bodies that make a run of it.
pub(crate) async fn chain(client: &Client, nodes: usize) -> Value {
    let site = client.make("/site", json!({"site_url": "https://example.com"})).await;
    let node = |id: usize| json!({"id": id.to_string(), "data": {"id": id.to_string(), "task_type": "scan"}});
    let edge =
        |id: usize| json!({"id": id.to_string(), "source": id.to_string(), "target": (id + 1).to_string()});
    let nodes_of: Vec<Value> = (1..=nodes).map(node).collect();
    let edges: Vec<Value> = (1..nodes).map(edge).collect();
    let flow = client.make("/flow", json!({"title": "Chain", "nodes": nodes_of, "edges": edges})).await;
    json!({"site_id": site, "flow_id": flow})
}

/// The whole journal of a run.
pub(crate) async fn journal(client: &Client, run: &str) -> Vec<Value> {
    let (mut events, mut from) = (Vec::new(), json!(1));
    while !from.is_null() {
        let (status, page) = client.get(&format!("/flowrun/{run}/journal?from={from}&limit=50")).await;
        assert_eq!(status, 200, "{page}");
        events.extend(page["events"].as_array().unwrap().iter().cloned());
        from = page["next"].clone();
    }
    events
}

fn events(frames: &[Frame]) -> Vec<Value> {
    let events = frames.iter().filter(|frame| frame.event.is_none() && frame.comment.is_none());
    let events = events.map(|frame| {
        let event = frame.json();
        assert_eq!(event["seq"], json!(frame.id), "the id of an event is its number");
        event
    });
    events.collect()
}

async fn ending(folder: &std::path::Path, options: ServerOptions) -> Served {
    Served::at(folder, Tasks::End, options).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_told_event_by_event_as_its_journal_has_it_and_then_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let served = ending(folder.path(), ServerOptions::new()).await;
    let client = served.account("a", Limits::default()).await;
    let run = client.make("/flowrun", chain(&client, 3).await).await;
    let stream = Stream::open(&client, &format!("/flowrun/{run}/events"), &[]).await;
    assert_eq!(
        (stream.status, &stream.headers["content-type"]),
        (200, &"text/event-stream".parse().unwrap())
    );
    let frames = stream.rest().await;
    let last = frames.last().unwrap();
    assert_eq!((last.event.as_deref(), last.json()), (Some("end"), json!({"status": "passed"})));
    let journal = journal(&client, &run).await;
    assert_eq!(events(&frames), journal);
    assert_eq!(journal.first().unwrap()["record"], "RunStarted");
    assert!(journal.last().unwrap()["record"]["RunEnded"].is_object());

    // From the middle, by number; and by nothing that is left.
    let from = Stream::open(&client, &format!("/flowrun/{run}/events?from=4"), &[]).await.rest().await;
    assert_eq!(events(&from), journal[3..]);
    let seen = journal.len().to_string();
    let nothing = Stream::open(&client, &format!("/flowrun/{run}/events"), &[("last-event-id", seen)]).await;
    assert_eq!((nothing.status, nothing.rest().await.len()), (204, 0));
    for wrong in ["x", "-1", "4711"] {
        let header = [("last-event-id", wrong.to_owned())];
        let refused = Stream::open(&client, &format!("/flowrun/{run}/events"), &header).await;
        assert_eq!(
            (refused.status, &refused.headers["content-type"]),
            (400, &"application/problem+json".parse().unwrap())
        );
    }
    served.stop().await;
}

/// Watches a run through a hundred cuts, as it happens or once it is over; `seen` says what the watcher claims to have seen
/// when it comes again.
async fn through_cuts(seen: fn(u64) -> u64, is_over: bool) -> (Vec<Value>, Vec<Value>, usize) {
    let folder = tempfile::tempdir().unwrap();
    let served = ending(folder.path(), ServerOptions::new()).await;
    let client = served.account("a", Limits::default()).await;
    let run = client.make("/flowrun", chain(&client, 120).await).await;
    if is_over {
        client.ended(&run).await;
    }
    let path = format!("/flowrun/{run}/events");
    let (mut told, mut last, mut cuts, mut before) = (Vec::new(), 0, 0, 0_usize);
    loop {
        let header = (last > 0).then(|| ("last-event-id", seen(last).to_string()));
        let mut stream = Stream::open(&client, &path, header.as_slice()).await;
        // One or two events, and whatever else is on its way is lost with the connection. After the last cut, the rest.
        let most = if cuts < 100 { 1 + cuts % 2 } else { usize::MAX };
        let mut is_end = stream.status == 204;
        while !is_end && told.len() < before.saturating_add(most) {
            let frame = stream.told().await;
            is_end = frame.event.is_some();
            last = frame.id.unwrap_or(last);
            told.push(frame);
        }
        if is_end {
            let (told, journal) = (events(&told), journal(&client, &run).await);
            served.stop().await;
            return (told, journal, cuts);
        }
        before = told.len();
        cuts += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_cut_a_hundred_times_tells_each_event_once() {
    let (told, journal, cuts) = through_cuts(|last| last, false).await;
    assert!(journal.len() > 200 && cuts >= 100, "{} events, {cuts} cuts", journal.len());
    assert_eq!(told, journal);
}

/// What the test above is good for.
#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_who_goes_on_one_event_too_early_or_too_late_is_found_out() {
    let (told, journal, _) = through_cuts(|last| last - 1, true).await;
    assert!(told.len() > journal.len(), "events come twice");
    let (told, journal, _) = through_cuts(|last| last + 1, true).await;
    assert!(told.len() < journal.len(), "events are lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_never_silent_and_says_when_the_server_goes_away() {
    let served = Served::new(ServerOptions::new().heartbeat(Duration::from_millis(1))).await;
    let client = served.account("a", Limits::default()).await;
    let run = client.make("/flowrun", chain(&client, 2).await).await;
    let mut of_run = Stream::open(&client, &format!("/flowrun/{run}/events"), &[]).await;
    let mut of_all = Stream::open(&client, "/flowruns/events", &[]).await;
    for stream in [&mut of_run, &mut of_all] {
        while stream.next().await.unwrap().comment.as_deref() != Some("heartbeat") {}
    }
    let (serving, server) = served.begin_to_stop();
    for stream in [of_run, of_all] {
        let last = stream.rest().await.pop().unwrap();
        assert_eq!(last.event.as_deref(), Some("drain"), "{last:?}");
    }
    serving.await.unwrap();
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_the_token_it_was_opened_with() {
    let served = Served::new(ServerOptions::new()).await;
    let client = served.account("a", Limits::default()).await;
    let run = client.make("/flowrun", chain(&client, 2).await).await;
    let token = served.token("a", Scope::Read).await;
    let reader = Client::new(client.address, token.secret);
    let of_run = Stream::open(&reader, &format!("/flowrun/{run}/events"), &[]).await;
    let of_all = Stream::open(&reader, "/flowruns/events", &[]).await;
    let mut other = Stream::open(&client, "/flowruns/events", &[]).await;
    assert_eq!(other.told().await.event.as_deref(), Some("ready"));
    assert!(served.server.repository().revoke_token(token.id).await.unwrap());
    for stream in [of_run, of_all] {
        assert_eq!(stream.rest().await.pop().unwrap().event.as_deref(), Some("denied"));
    }
    let (status, cancelled) = client.post(&format!("/flowrun/{run}/cancel"), json!({})).await;
    assert_eq!(status, 202, "{cancelled}");
    assert_eq!(other.told().await.event.as_deref(), Some("run"), "those of other tokens go on");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_runs_of_an_account_are_told_to_those_of_the_account() {
    let folder = tempfile::tempdir().unwrap();
    let served = ending(folder.path(), ServerOptions::new()).await;
    let (a, b) = (served.account("a", Limits::default()).await, served.account("b", Limits::default()).await);
    let (mut of_a, mut of_b) =
        (Stream::open(&a, "/flowruns/events", &[]).await, Stream::open(&b, "/flowruns/events", &[]).await);
    assert_eq!(of_a.told().await.event.as_deref(), Some("ready"));
    assert_eq!(of_b.told().await.event.as_deref(), Some("ready"));
    let run = a.make("/flowrun", chain(&a, 2).await).await;
    let mut states = Vec::new();
    while states.last().is_none_or(|state| state != "passed") {
        let told = of_a.told().await.json();
        assert_eq!(told["id"], run.as_str());
        states.push(told["state"].as_str().unwrap().to_owned());
    }
    assert_eq!(a.delete(&format!("/flowrun/{run}")).await.0, 200);
    assert_eq!(of_a.told().await.json(), json!({"id": run, "status": "deleted"}));
    // What is told to the other account first is of its own run.
    let own = b.make("/flowrun", chain(&b, 1).await).await;
    assert_eq!(of_b.told().await.json()["id"], own.as_str());
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_shown_and_explained_as_it_was_after_any_record() {
    let folder = tempfile::tempdir().unwrap();
    let served = ending(folder.path(), ServerOptions::new()).await;
    let client = served.account("a", Limits::default()).await;
    let run = client.make("/flowrun", chain(&client, 2).await).await;
    let whole = client.ended(&run).await;
    let last = journal(&client, &run).await.len();
    let mut told = Vec::new();
    for at in 0..=last {
        let (_, shown) = client.get(&format!("/flowrun/{run}?at={at}")).await;
        let (_, explained) = client.get(&format!("/flowrun/{run}/explain?at={at}")).await;
        assert_eq!((&explained["at"], &explained["id"]), (&json!(at), &json!(run)));
        let statuses = |path: &str| {
            shown["nodes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|node| node["data"][path].clone())
                .collect::<Vec<_>>()
        };
        let states: Vec<Value> =
            explained["nodes"].as_array().unwrap().iter().map(|node| node["state"].clone()).collect();
        assert_eq!(statuses("status"), states);
        told.push(
            states.iter().map(|state| state.as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" "),
        );
        if at == last {
            assert_eq!(shown, whole);
        }
    }
    told.dedup();
    assert_eq!(told, ["queued queued", "working queued", "passed queued", "passed working", "passed passed"]);
    let (_, one) = client.get(&format!("/flowrun/{run}/explain?node=2&at=3")).await;
    let texts: Vec<&str> =
        one["nodes"].as_array().unwrap().iter().map(|node| node["text"].as_str().unwrap()).collect();
    assert_eq!(
        texts,
        [
            "`2` has not started: it waits for `1`.",
            "`1` started (record 3) with the run. It is at work, attempt 1 (record 3)."
        ]
    );
    for path in [format!("/flowrun/{run}?at={}", last + 1), format!("/flowrun/{run}/explain?at=x")] {
        assert_eq!(client.get(&path).await.0, 400, "{path}");
    }
    assert_eq!(client.get(&format!("/flowrun/{run}/explain?node=9")).await.0, 404);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_run_is_neither_watched_nor_asked_for_anything() {
    let served = Served::new(ServerOptions::new()).await;
    let (a, b) = (served.account("a", Limits::default()).await, served.account("b", Limits::default()).await);
    let run = b.make("/flowrun", chain(&b, 2).await).await;
    for id in [run.as_str(), "11111111-1111-4111-8111-111111111111"] {
        for (method, what) in
            [("GET", "events"), ("GET", "events?from=2"), ("POST", "cancel"), ("POST", "rerun")]
        {
            let answer = a.send(method, &format!("/flowrun/{id}/{what}"), None).await;
            assert_eq!(answer.status, 404, "{what}");
            assert!(answer.text.contains("flowrun not found"), "{}", answer.text);
        }
    }
    assert_eq!(b.get(&format!("/flowrun/{run}")).await.1["status"], "working");
    served.stop().await;
}
