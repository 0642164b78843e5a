//! Plays a case to its end without further kills, and says how it came out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tokio::sync::Mutex;

use crate::case::{Shape, ends};
use crate::flow_run::difference;
use crate::invariants::{Violations, violations};
use crate::ledger::{Effect, Outside};
use crate::place::Place;
use crate::report::Outcome;

/// The servers, and how each flow runs when nothing is killed.
pub(crate) struct Stage {
    pub(crate) outside: Outside,
    unbroken: Mutex<BTreeMap<String, String>>,
}

impl Stage {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// Servers that call `meanwhile` with each effect before it is answered.
    pub(crate) async fn start_with(meanwhile: impl Fn(&Effect) + Send + Sync + 'static) -> Self {
        Self { outside: Outside::start(meanwhile).await, unbroken: Mutex::default() }
    }

    /// The run of the shape when nothing is killed.
    async fn unbroken(&self, shape: Shape) -> String {
        let case = format!("{shape:?}-unbroken");
        // Held over the run, so that it runs once.
        let mut known = self.unbroken.lock().await;
        if let Some(run) = known.get(&case) {
            return run.clone();
        }
        let mut place = Place::new(case.clone(), shape, &self.outside);
        let child = place.run(&[]);
        let ended = place.ended(child).await;
        assert!(matches!(ended.code, Some(0 | 1)), "{ended:?}");
        let (id, run) = last_run(&mut place).await.expect("the run is stored");
        let run = run.replace(&case, "CASE").replace(&id, "RUN");
        known.insert(case, run.clone());
        run
    }

    /// Lets a case come to its end: a client whose run is not there asks for it again, one that hangs is
    /// cancelled, anything else goes on.
    pub(crate) async fn finish(&self, place: &mut Place<'_>, mut found: Violations) -> Outcome {
        let (kills, shape) = (place.kills, place.shape);
        if last_run(place).await.is_none() && !place.may_be_gone {
            let child = place.run(&[]);
            if shape == Shape::Hanging {
                self.outside.effect_of(&place.case, "2").await;
                place.kill(child).await;
            } else {
                place.ended(child).await;
            }
        }
        if shape == Shape::Hanging
            && let Some((id, run)) = last_run(place).await
            && status(&run) == "working"
        {
            let child = place.start(&["runs", "cancel", "--store", "runs.db", &id], &[]);
            let ended = place.ended(child).await;
            if ended.code != Some(0) {
                found.push(format!("I12: it cannot be cancelled: {ended:?}"));
            }
        }
        let child = place.resume(&[]);
        let ended = place.ended(child).await;
        if !matches!(ended.code, Some(0 | 1)) {
            found.push(format!("I12: going on ended with {:?}: {:?}", ended.code, ended.said));
        }
        found.extend(violations(place));
        let Some((id, run)) = last_run(place).await else {
            return Outcome { kills, end: "gone".to_owned(), violations: found };
        };
        let end = status(&run);
        let wanted = ends(shape);
        if end != wanted {
            found.push(format!("I10: the run is {end}, without kills it is {wanted}"));
        } else if shape != Shape::Hanging {
            let unbroken = self.unbroken(shape).await;
            let broken = run.replace(&place.case, "CASE").replace(&id, "RUN");
            let lost = lost_attempts(place, &id).await;
            found.extend(difference(&unbroken, &broken, &lost).map(|what| format!("I10: {what}")));
        }
        let case = &place.case;
        let violations = found.into_iter().map(|what| format!("{case}: {what}")).collect();
        Outcome { kills, end, violations }
    }
}

/// Id and JSON of the run that the store of a case holds.
async fn last_run(place: &mut Place<'_>) -> Option<(String, String)> {
    let child = place.start(&["runs", "list", "--store", "runs.db", "--json"], &[]);
    let ended = place.ended(child).await;
    if ended.code == Some(4) && !place.store().exists() {
        return None;
    }
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let list: Value = serde_json::from_str(&ended.out).expect("the list is JSON");
    let runs = list["runs"].as_array().expect("the list has runs");
    assert!(runs.len() <= 1, "a case has one run: {list}");
    let id = runs.first()?["id"].as_str().expect("an id is a text").to_owned();
    let child = place.start(&["runs", "show", "--store", "runs.db", "--json", &id], &[]);
    let ended = place.ended(child).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    Some((id, ended.out))
}

/// The nodes that lost an attempt, by the journal.
async fn lost_attempts(place: &mut Place<'_>, run: &str) -> BTreeSet<String> {
    let child = place.start(&["runs", "show", "--store", "runs.db", "--journal", run], &[]);
    let journal = place.ended(child).await.out;
    let lines = journal.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line is JSON"));
    let lost = lines.filter(|line| line["record"].get("AttemptLost").is_some());
    lost.filter_map(|line| Some(line["node"].as_str()?.to_owned())).collect()
}

fn status(run: &str) -> String {
    let run: Value = serde_json::from_str(run).expect("a run is JSON");
    run["status"].as_str().expect("a run has a status").to_owned()
}
