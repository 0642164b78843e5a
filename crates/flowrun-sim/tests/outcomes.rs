//! The listed ends are those of the state machine, and their scripts lead there.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::collections::BTreeSet;
use std::sync::Arc;

use flowrun_core::{
    Call, Condition, Event, Facts, Flow, NodeIx, NodeSpec, NodeStatus, ObjectEntry, ObjectReport,
    ObjectStatus, Operator, Outcome, Plan, Report, Role, Run, Task, TaskTypes, Timestamp,
};
use flowrun_sim::outcomes::{Outcomes, outcomes};
use flowrun_sim::script::{RunSettings, Script};
use flowrun_sim::sim::simulate;
use flowrun_sim::synth::{Shape, Synth};
use proptest::prelude::*;
use serde_json::json;

fn planned(flow: &Flow) -> Arc<Plan> {
    Arc::new(Plan::new(flow, &TaskTypes::documented()).unwrap())
}

fn settings(end_on_fail: bool) -> RunSettings {
    let mut settings = RunSettings::default();
    settings.configs = Some([("end_on_fail".to_owned(), end_on_fail.into())].into_iter().collect());
    settings
}

/// Plays every script and holds the end against what is said of it.
fn play(plan: &Arc<Plan>, listed: &Outcomes) {
    for end in &listed.ends {
        let script = Script::parse(&end.script.to_json()).unwrap();
        let simulated = simulate(plan, &script).unwrap();
        let run = simulated.run();
        let nodes: Vec<NodeStatus> =
            (0..plan.node_count()).map(|node| run.node_status(NodeIx::new(node))).collect();
        assert_eq!((run.status(), nodes), (end.status, end.nodes.clone()), "{}", end.script.to_json());
    }
}

/// Every end, found by trying every choice of every node in every order on the state machine.
struct BruteForce<'a> {
    plan: &'a Arc<Plan>,
    script: Script,
    ends: BTreeSet<String>,
}

type Taken = Vec<(NodeIx, bool, usize)>;

impl BruteForce<'_> {
    /// Goes on from a run in which these nodes have ended.
    fn go(&mut self, taken: &mut Taken) {
        let (run, tasks) = self.replay(taken);
        if run.is_over() {
            let status = |node| run.node_status(NodeIx::new(node)).to_string();
            self.ends.insert((0..self.plan.node_count()).map(status).collect::<Vec<_>>().join(" "));
            return;
        }
        for (node, task) in tasks {
            for failed in [false, true] {
                for choice in 0..choices(self.plan, &task).len() {
                    taken.push((node, failed, choice));
                    self.go(taken);
                    taken.pop();
                }
            }
        }
    }

    fn replay(&self, taken: &Taken) -> (Run, Vec<(NodeIx, Task)>) {
        let at = Timestamp::EPOCH;
        let mut run = Run::new(Arc::clone(self.plan), self.script.run_spec(at));
        let mut working = Vec::new();
        let start = |run: &mut Run, event: Event, working: &mut Vec<(NodeIx, Task)>| {
            let calls = run.handle(at, event).unwrap().calls.clone();
            let task = |call: Call| (call.node(), run.task(call.node(), call.attempt()));
            working.extend(calls.into_iter().map(task));
        };
        start(&mut run, Event::Started, &mut working);
        for &(node, failed, choice) in taken {
            let place = working.iter().position(|(known, _)| *known == node).unwrap();
            let (_, task) = working.remove(place);
            let attempt = task.attempt();
            let report = Report::Objects(choices(self.plan, &task).swap_remove(choice));
            start(&mut run, Event::Reported { node, attempt, report }, &mut working);
            let failure = Outcome::failed("no").class(flowrun_core::ErrorClass::Permanent);
            let outcome = if failed { failure } else { Outcome::Passed };
            start(&mut run, Event::AttemptEnded { node, attempt, outcome }, &mut working);
        }
        (run, working)
    }
}

/// What an attempt may report: nothing, or its objects on either side, on both, or on neither.
fn choices(plan: &Plan, task: &Task) -> Vec<Vec<ObjectReport>> {
    let node = plan.find(&task.node()).unwrap();
    let report = |entry: &ObjectEntry, facts: serde_json::Value| ObjectReport {
        entry: entry.clone().with_status(ObjectStatus::Passed),
        facts: Some(Facts::new(facts)),
    };
    let sides = [
        json!({"type": "own", "health": 90}),
        json!({"type": "own", "health": 10}),
        json!({"type": "test", "status": "incomplete"}),
    ];
    let own = |number: usize| ObjectEntry::new("p", format!("{}-{number}", task.node()));
    let handed: Vec<ObjectEntry> = match plan.role(node) {
        Some(Role::Receiver) => task.objects().iter().map(|object| object.entry.clone()).collect(),
        _ => vec![own(0)],
    };
    let all = |side: usize| handed.iter().map(|entry| report(entry, sides[side].clone())).collect::<Vec<_>>();
    let mut choices = vec![all(0)];
    if plan.role(node) != Some(Role::Receiver) {
        choices.push(Vec::new());
    }
    if plan.conditions(node).is_some() {
        choices.extend([all(1), all(2)]);
        choices.push([all(0), vec![report(&own(1), sides[1].clone())]].concat());
    }
    choices
}

prop_compose! {
    /// Small flows with everything in them; conditions ask for `health`.
    fn small_flows()(nodes in 1..=3_usize)(
        kinds in proptest::collection::vec(
            (proptest::sample::select(vec!["scan", "slack", "issue", ""]), any::<bool>(), any::<Option<bool>>()),
            nodes,
        ),
        edges in proptest::collection::vec(any::<bool>(), nodes * (nodes - 1) / 2),
    ) -> Flow {
        let mut flow = Flow::builder();
        for (place, (task_type, has_conditions, start_if)) in kinds.iter().enumerate() {
            let mut node = NodeSpec::new(place.to_string(), *task_type).set("start_if", start_if);
            if *has_conditions {
                node = node.condition(Condition::new("health", Operator::AtLeast, 50));
            }
            flow = flow.node(node);
        }
        let pairs = (0..kinds.len()).flat_map(|target| (0..target).map(move |source| (source, target)));
        for ((source, target), _) in pairs.zip(edges).filter(|(_, is_there)| *is_there) {
            flow = flow.edge(source.to_string(), target.to_string());
        }
        flow.build().unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_end_of_a_small_flow_is_listed_and_no_other(flow in small_flows(), end_on_fail in any::<bool>()) {
        let plan = planned(&flow);
        let listed = outcomes(&plan, &settings(end_on_fail), 0);
        prop_assert!(listed.is_exhaustive);
        play(&plan, &listed);
        let mut script = Script::default();
        script.run = settings(end_on_fail);
        let mut search = BruteForce { plan: &plan, script, ends: BTreeSet::new() };
        search.go(&mut Vec::new());
        let shown = |nodes: &[NodeStatus]| nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let ends: Vec<String> = listed.ends.iter().map(|end| shown(&end.nodes)).collect();
        let different: BTreeSet<String> = ends.iter().cloned().collect();
        prop_assert_eq!(different.len(), ends.len());
        prop_assert_eq!(different, search.ends);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn scripts_of_flows_as_people_draw_them_lead_where_they_say(seed in any::<u64>(), end_on_fail in any::<bool>()) {
        let plan = planned(&Synth::new(Shape::Cursion, 6).unwrap().seed(seed).flow());
        let listed = outcomes(&plan, &settings(end_on_fail), 0);
        prop_assert!(listed.is_exhaustive && listed.ends.len() > 1);
        play(&plan, &listed);
    }
}

#[test]
fn twelve_nodes_side_by_side_end_in_every_combination() {
    let plan = planned(&Synth::new(Shape::Wide, 12).unwrap().flow());
    let listed = outcomes(&plan, &settings(true), 0);
    assert!(listed.is_exhaustive);
    assert_eq!(listed.ends.len(), 1 << 12);
}

#[test]
fn a_large_flow_is_listed_up_to_the_limit_and_says_so() {
    let plan = planned(&Synth::new(Shape::Random, 200).unwrap().seed(5).flow());
    let listed = outcomes(&plan, &settings(true), 20);
    assert!(!listed.is_exhaustive);
    assert_eq!(listed.ends.len(), 20);
    play(&plan, &listed);
}
