//! Executors that say too much, say what is too large, and panic when they are dropped, killed meanwhile.

use flowrun::NodeStatus;
use serde_json::Value;

use crate::case::Shape;
use crate::invariants::violations;
use crate::place::Place;
use crate::play::Stage;

/// Has the program be the service with those executors.
const UNRULY: [(&str, &str); 1] = [("FLOWRUN_UNRULY", "1")];

/// What the program says where it is killed; each in a process of its own.
const MOMENTS: [&str; 6] =
    ["loud begins", "is kept in", "loud begins", "loud ends", "large begins", "bitter is dropped"];

/// More lines than the journal may have: the log of the loud node, however often it began, and what else happens.
const MOST_LINES: usize = 10_000 + 200;

#[tokio::test(flavor = "multi_thread")]
async fn executors_that_say_too_much_and_panic_are_survived_like_any_other() {
    let stage = Stage::start().await;
    let mut place = Place::new("unruly", Shape::Chain(1), &stage.outside);
    for moment in MOMENTS {
        let mut child = place.start(&[], &UNRULY);
        // One that has come to its end before is not killed, and has said so by its end.
        child.says(moment).await;
        place.kill(child).await;
        assert_eq!(violations(&place), Vec::<String>::new(), "killed at `{moment}`");
    }
    assert!(place.kills >= 4, "only {} kills", place.kills);
    let child = place.start(&[], &UNRULY);
    let ended = place.ended(child).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(violations(&place), Vec::<String>::new());

    let lines = place.journal().len();
    assert!(lines < MOST_LINES, "{lines} lines");
    let child = place.start(&["runs", "list", "--store", "runs.db", "--json"], &[]);
    let list: Value = serde_json::from_str(&place.ended(child).await.out).expect("the list is JSON");
    let id = list["runs"][0]["id"].as_str().expect("an id is a text").to_owned();
    let child = place.start(&["runs", "show", "--store", "runs.db", "--json", &id], &[]);
    let run: Value = serde_json::from_str(&place.ended(child).await.out).expect("a run is JSON");
    let status = |node: usize| run["nodes"][node]["data"]["status"].as_str().unwrap_or_default().to_owned();
    let (passed, failed) = (NodeStatus::Passed.to_string(), NodeStatus::Failed.to_string());
    assert_eq!([0, 1, 2, 3].map(status), [passed.clone(), failed.clone(), failed, passed]);
    let logs = run["logs"].as_array().expect("a run has logs").iter();
    let told: Vec<&str> = logs.filter_map(|line| line["message"].as_str()).collect();
    for limit in ["more than 10000 log lines", "more than 65536 bytes of facts"] {
        assert!(told.iter().any(|line| line.contains(limit)), "nobody told that there are {limit}");
    }
}
