//! What is named as the cause is the cause: changed, it changes what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};

use super::{EdgeReason, ExplainedState, Explainer, JudgedObject};
use crate::run::Record;
use crate::run::tests::{case, going_on, play, second, types};
use crate::{
    Condition, Event, Facts, Flow, NodeIx, NodeSpec, ObjectEntry, ObjectReport, ObjectStatus, Operator,
    Outcome, Plan, Report, Run, Seen,
};

/// A flow whose conditions all read keys of their own, and what its nodes yield.
#[derive(Clone, Debug)]
struct Flowing {
    plan: Arc<Plan>,
    /// The facts of each object, by its id.
    facts: BTreeMap<String, Value>,
    /// The objects that each node yields.
    yields: Vec<Vec<String>>,
    fails: Vec<bool>,
    /// What each key is compared with.
    thresholds: BTreeMap<String, (Operator, i32)>,
}

#[derive(Clone, Debug)]
struct Drawn {
    task_type: &'static str,
    conditions: Vec<(usize, bool, i32)>,
    start_if: bool,
    fails: bool,
    objects: Vec<Vec<Option<i32>>>,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let task_type = proptest::sample::select(vec!["probe", "probe", "probe", "slack"]);
    let condition = (0..Operator::ALL.len(), any::<bool>(), -3..4);
    let value = proptest::option::weighted(0.9, -4..5);
    let objects = proptest::collection::vec(proptest::collection::vec(value, 24), 0..4);
    let conditions = proptest::collection::vec(condition, 0..4);
    (task_type, conditions, any::<bool>(), proptest::bool::weighted(0.1), objects).prop_map(
        |(task_type, conditions, start_if, fails, objects)| Drawn {
            task_type,
            conditions,
            start_if,
            fails,
            objects,
        },
    )
}

fn flowing() -> impl Strategy<Value = Flowing> {
    let edges = proptest::collection::vec((any::<Index>(), any::<Index>()), 1..10);
    (proptest::collection::vec(drawn(), 2..7), edges).prop_map(|(nodes, edges)| {
        let (count, mut flow) = (nodes.len(), Flow::builder());
        // Between two nodes one edge: of several none decides alone.
        let edges: BTreeSet<(usize, usize)> = edges
            .into_iter()
            .map(|(a, b)| (a.index(count), b.index(count)))
            .filter(|(a, b)| a != b)
            .map(|(a, b)| (a.min(b), a.max(b)))
            .collect();
        let (mut thresholds, mut keys) = (BTreeMap::new(), Vec::new());
        for (index, drawn) in nodes.iter().enumerate() {
            // A receiver above which nothing stands works on the run itself, whose facts are not ours.
            let is_root = edges.iter().all(|(_, target)| *target != index);
            let task_type = if is_root { "probe" } else { drawn.task_type };
            let mut node = NodeSpec::new(index.to_string(), task_type).start_if(drawn.start_if);
            for (place, (operator, is_or, value)) in drawn.conditions.iter().enumerate() {
                let key = format!("k{index}_{place}");
                let operator = Operator::ALL[*operator];
                let condition = Condition::new(&key, operator, *value);
                node = node.condition(if *is_or { condition.or() } else { condition });
                thresholds.insert(key.clone(), (operator, *value));
                keys.push(key);
            }
            flow = flow.node(node);
        }
        for (a, b) in edges {
            flow = flow.edge(a.to_string(), b.to_string());
        }
        let (mut facts, mut yields) = (BTreeMap::new(), Vec::new());
        for (index, drawn) in nodes.iter().enumerate() {
            let mut ids = Vec::new();
            for (number, values) in drawn.objects.iter().enumerate() {
                let mut object = json!({"type": "probe"});
                for (key, value) in keys.iter().zip(values) {
                    if let Some(value) = value {
                        object[key] = json!(value);
                    }
                }
                let id = format!("o{index}_{number}");
                facts.insert(id.clone(), object);
                ids.push(id);
            }
            yields.push(ids);
        }
        let plan = Arc::new(Plan::new(&flow.build().unwrap(), &types()).unwrap());
        let fails = nodes.iter().map(|drawn| drawn.fails).collect();
        Flowing { plan, facts, yields, fails, thresholds }
    })
}

impl Flowing {
    /// Runs the flow to its end and explains it.
    fn run(&self) -> Explainer {
        let mut run = Run::new(Arc::clone(&self.plan), going_on());
        let mut explainer = Explainer::new(Arc::clone(&self.plan), going_on());
        let mut handle = |run: &mut Run, event| {
            let records = run.handle(second(0), event).unwrap().records.to_vec();
            records.iter().for_each(|record| explainer.note(second(0), record).unwrap());
        };
        handle(&mut run, Event::Started);
        loop {
            let next = run.working().next();
            let Some((node, attempt)) = next else { break };
            let done = |id: &str| {
                let facts = self.facts.get(id).map(|facts| Facts::new(facts.clone()));
                ObjectReport { entry: ObjectEntry::new("p", id).with_status(ObjectStatus::Passed), facts }
            };
            let carried: Vec<String> =
                run.objects(node).iter().filter_map(|entry| entry.id.as_deref().map(str::to_owned)).collect();
            let own = &self.yields[node.index()];
            let is_probe = run.plan().node(node).task_type() == "probe";
            let objects = if is_probe { own } else { &carried };
            let report = Report::Objects(objects.iter().map(|id| done(id)).collect());
            handle(&mut run, Event::Reported { node, attempt, report });
            let failed = self.fails[node.index()];
            let outcome = if failed { Outcome::failed("no") } else { Outcome::Passed };
            handle(&mut run, Event::AttemptEnded { node, attempt, outcome });
        }
        assert!(run.is_over());
        explainer
    }

    /// The same with another value for the operand, with which the comparison turns out otherwise.
    fn turn(&mut self, object: &str, key: &str, holds: bool) {
        let (operator, threshold) = self.thresholds[key];
        let turned = [threshold - 1, threshold, threshold + 1].into_iter().find(|value| {
            let compared = match operator {
                Operator::AtLeast => *value >= threshold,
                Operator::AtMost => *value <= threshold,
                Operator::Equal => *value == threshold,
                Operator::MoreThan => *value > threshold,
                Operator::LessThan => *value < threshold,
                Operator::NotEqual => *value != threshold,
            };
            compared != holds
        });
        self.facts.get_mut(object).unwrap()[key] = json!(turned.unwrap());
    }
}

/// Changes what is named for each edge that conditions decided, and sees whether the edge, and with it the node, comes
/// out otherwise. How many edges that were.
fn named_is_the_cause(
    case: &Flowing,
    named: fn(&JudgedObject) -> Vec<usize>,
) -> Result<usize, TestCaseError> {
    let mut edges = 0;
    let explanation = case.run().explain();
    for (node, explained) in explanation.nodes.iter().enumerate() {
        for (place, edge) in explained.edges.iter().enumerate() {
            let EdgeReason::Conditions { count, objects, .. } = &edge.why else { continue };
            prop_assert_eq!(*count, objects.len(), "few enough to name them all");
            let taken = edge.taken == Some(true);
            let mut changed = case.clone();
            for object in objects.iter().take(if taken { usize::MAX } else { 1 }) {
                for place in named(object) {
                    let compared = &object.comparisons[place].comparison;
                    prop_assert!(!matches!(compared.seen, Seen::NotReached), "it has operands");
                    changed.turn(&object.object, &compared.key, compared.holds());
                }
            }
            let after = changed.run().explain_node(NodeIx::new(node));
            prop_assert_eq!(after.edges[place].taken, Some(!taken), "{}", explained.text);
            // Of several edges into a node others may have come out otherwise with it.
            if explained.edges.len() == 1 {
                prop_assert_eq!(after.state == ExplainedState::Skipped, taken, "{}", explained.text);
            }
            edges += 1;
        }
    }
    Ok(edges)
}

fn decisive(object: &JudgedObject) -> Vec<usize> {
    let places = object.comparisons.iter().enumerate();
    places.filter(|(_, judged)| judged.decisive).map(|(place, _)| place).collect()
}

/// What an explanation would name that looks at the first comparison alone.
fn first(object: &JudgedObject) -> Vec<usize> {
    (0..object.comparisons.len().min(1)).collect()
}

/// What one would name that leaves out the last of what decided.
fn too_few(object: &JudgedObject) -> Vec<usize> {
    let mut named = decisive(object);
    named.pop();
    named
}

#[test]
fn changing_what_is_named_changes_what_came_of_it() {
    let edges = std::cell::Cell::new(0);
    TestRunner::new(Config { failure_persistence: None, ..Config::default() })
        .run(&flowing(), |case| {
            edges.set(edges.get() + named_is_the_cause(&case, decisive)?);
            Ok(())
        })
        .unwrap();
    assert!(edges.get() > 100, "only {} edges were decided by conditions", edges.get());
}

#[test]
fn an_explanation_that_names_something_else_is_found_out() {
    for wrong in [first, too_few] {
        let mut runner = TestRunner::deterministic();
        let found = runner.run(&flowing(), |case| named_is_the_cause(&case, wrong).map(drop));
        assert!(found.is_err());
    }
}

proptest! {
    // Every record of a run costs an explanation of all its nodes.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn after_every_record_each_node_is_explained_by_records_about_it(case in case()) {
        let decided = play(&case, |_, _| ());
        let lines = decided.iter().flat_map(|decided| decided.records.iter().map(|record| (decided.at, record)));
        let journal: Vec<_> = lines.collect();
        let mut explainer = Explainer::new(Arc::clone(&case.plan), case.spec.clone());
        for (number, (at, record)) in (1_u64..).zip(&journal) {
            explainer.note(*at, record).unwrap();
            // What a record changes is its own node and, where it ends one or stops the run, what is below.
            let explanation = explainer.explain();
            prop_assert_eq!(explanation.at, number);
            for (node, explained) in explanation.nodes.iter().enumerate() {
                let node = NodeIx::new(node);
                prop_assert!(!explained.text.is_empty());
                let about = |told: u64| {
                    let record = &journal[told as usize - 1].1;
                    told <= number && record.node() == Some(node)
                };
                prop_assert!(explained.record.is_none_or(about) && explained.started.is_none_or(about));
                prop_assert!(explained.attempts.iter().all(|attempt| about(attempt.started)));
                let taken = |wanted| explained.edges.iter().filter(move |edge| edge.taken == wanted).count();
                let status = explainer.run().node_status(node).to_string();
                match explained.state {
                    ExplainedState::Skipped => {
                        prop_assert!(!explained.edges.is_empty());
                        prop_assert_eq!(taken(Some(false)), explained.edges.len());
                        let is_skip = |told: u64| matches!(journal[told as usize - 1].1, Record::NodeSkipped { .. });
                        prop_assert!(explained.record.is_some_and(is_skip));
                    }
                    ExplainedState::Queued | ExplainedState::Waiting | ExplainedState::NotReached => {
                        prop_assert!(!explained.because.is_empty(), "it says what it waits for");
                        let is_waiting = explained.state == ExplainedState::Waiting;
                        prop_assert_eq!(status, if is_waiting { "working" } else { "queued" });
                    }
                    ExplainedState::Working | ExplainedState::Passed | ExplainedState::Failed => {
                        prop_assert!(explained.edges.is_empty() || taken(Some(true)) > 0);
                        prop_assert_eq!(taken(None), 0);
                        prop_assert_eq!(Value::from(status), json!(explained.state));
                        let is_failed = explained.state == ExplainedState::Failed;
                        prop_assert!(!is_failed || !explained.because.is_empty(), "it says why");
                    }
                    ExplainedState::Empty => prop_assert_eq!(status, "queued"),
                }
            }
        }
    }
}
