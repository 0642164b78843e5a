//! Every small flow, against the naive interpreter.
//!
//! All labelled DAGs are walked, so every order of the nodes comes up; the edges are listed forwards and
//! backwards, so children come up in either order. Completions come oldest first and newest first.

use std::sync::Arc;

use super::naive::{Drawn, DrawnNode, Next, Story, interpret};
use super::play::{going_on, second, spec};
use crate::{
    Attempt, Condition, Decision, Event, Facts, Flow, NodeSpec, NodeStatus, ObjectEntry, ObjectReport,
    ObjectStatus, Operator, Outcome, Plan, Report, Role, Run, RunStatus, TaskTypes,
};

/// Every set of edges between `count` nodes that has no cycle.
fn dags(count: usize) -> impl Iterator<Item = Vec<(usize, usize)>> {
    let nodes = 0..count;
    let pairs: Vec<(usize, usize)> = nodes
        .clone()
        .flat_map(|from| nodes.clone().filter(move |to| *to != from).map(move |to| (from, to)))
        .collect();
    (0_u32..1 << pairs.len()).filter_map(move |mask| {
        let edges =
            || pairs.iter().enumerate().filter(move |(bit, _)| mask >> bit & 1 == 1).map(|(_, edge)| *edge);
        is_acyclic(count, edges()).then(|| edges().collect())
    })
}

/// Takes nodes without incoming edge away until none is left.
fn is_acyclic(count: usize, edges: impl Iterator<Item = (usize, usize)>) -> bool {
    let mut parents = [0_u32; 8];
    edges.for_each(|(from, to)| parents[to] |= 1 << from);
    let mut left = (1_u32 << count) - 1;
    loop {
        let first = (0..count).find(|&node| left >> node & 1 == 1 && parents[node] & left == 0);
        let Some(first) = first else { return left == 0 };
        left &= !(1 << first);
    }
}

fn plan_of(flow: &Drawn) -> Arc<Plan> {
    let mut builder = Flow::builder();
    for (index, node) in flow.nodes.iter().enumerate() {
        let mut drawn = NodeSpec::new(index.to_string(), if node.empty { "" } else { "probe" });
        if node.sides.is_some() {
            drawn = drawn.condition(Condition::new("score", Operator::AtLeast, 80));
        }
        if let Some(side) = node.start_if {
            drawn = drawn.start_if(side);
        }
        builder = builder.node(drawn);
    }
    for (source, target) in &flow.edges {
        builder = builder.edge(source.to_string(), target.to_string());
    }
    let types = TaskTypes::default().with("probe", Role::Producer);
    Arc::new(Plan::new(&builder.build().unwrap(), &types).unwrap())
}

/// What the machine makes of the flow.
fn run(plan: &Arc<Plan>, flow: &Drawn, next: Next) -> Story {
    let spec = if flow.end_on_fail { spec() } else { going_on() };
    let mut run = Run::new(Arc::clone(plan), spec);
    let (mut starts, mut working) = (Vec::new(), Vec::new());
    let mut note = |decision: Decision<'_>, working: &mut Vec<_>| {
        for call in decision.calls {
            starts.push(call.node().index());
            working.push(call.node());
        }
    };
    note(run.handle(second(0), Event::Started).unwrap(), &mut working);
    while let Some(node) = next.take(&mut working) {
        let (drawn, attempt) = (&flow.nodes[node.index()], Attempt::FIRST);
        if let Some(sides) = &drawn.sides {
            let report = Report::Objects(sides.iter().enumerate().map(object).collect());
            run.handle(second(1), Event::Reported { node, attempt, report }).unwrap();
        }
        let failed = || Outcome::failed("no luck");
        let outcome = if drawn.fails { failed() } else { Outcome::Done };
        note(run.handle(second(2), Event::AttemptEnded { node, attempt, outcome }).unwrap(), &mut working);
    }
    let ended = plan.node_ixs().map(|node| match run.node_status(node) {
        NodeStatus::Passed => Some(true),
        NodeStatus::Failed => Some(false),
        NodeStatus::Queued | NodeStatus::Working => None,
    });
    assert!(run.is_over(), "the run closes when nothing works: {flow:?}");
    Story { ended: ended.collect(), starts, passed: run.status() == RunStatus::Passed }
}

/// An object on that side of the conditions.
fn object((number, side): (usize, &bool)) -> ObjectReport {
    let entry = ObjectEntry::new("p", number.to_string()).with_status(ObjectStatus::Passed);
    let score = if *side { 90 } else { 10 };
    ObjectReport { entry, facts: Some(Facts::new(serde_json::json!({"type": "probe", "score": score}))) }
}

/// Compares both with either rule about failures, if there are any, and either order of completions.
fn compare(plan: &Arc<Plan>, flow: &mut Drawn) {
    let rules: &[bool] = if flow.nodes.iter().any(|node| node.fails) { &[true, false] } else { &[true] };
    for &end_on_fail in rules {
        flow.end_on_fail = end_on_fail;
        for next in [Next::First, Next::Last] {
            assert_eq!(run(plan, flow, next), interpret(flow, next), "{flow:?}, {next:?}");
        }
    }
}

/// Every choice of one of `choices` for each of `count` nodes.
fn choices(count: usize, choices: usize) -> impl Iterator<Item = Vec<usize>> {
    (0..choices.pow(count as u32))
        .map(move |number| (0..count).map(|place| number / choices.pow(place as u32) % choices).collect())
}

fn drawn(count: usize, edges: Vec<(usize, usize)>) -> Drawn {
    Drawn { nodes: vec![DrawnNode::default(); count], edges, end_on_fail: true }
}

#[test]
fn every_flow_of_up_to_four_nodes_runs_as_the_naive_interpreter_says() {
    for count in 1..=4 {
        for mut edges in dags(count) {
            for backwards in [true, false] {
                edges.reverse();
                let mut flow = drawn(count, edges.clone());
                for empty in choices(count, if backwards { 1 } else { 2 }) {
                    for (node, empty) in flow.nodes.iter_mut().zip(empty) {
                        node.empty = empty == 1;
                    }
                    let plan = plan_of(&flow);
                    for fails in choices(count, 2) {
                        // What an empty node would have done makes no difference.
                        if flow.nodes.iter().zip(&fails).any(|(node, fails)| node.empty && *fails == 1) {
                            continue;
                        }
                        for (node, fails) in flow.nodes.iter_mut().zip(fails) {
                            node.fails = fails == 1;
                        }
                        compare(&plan, &mut flow);
                    }
                }
            }
        }
    }
}

/// Each of the 29,281 labelled DAGs of five nodes, with one choice of failures each, another for every DAG.
/// `FLOWRUN_EXHAUSTIVE=1` takes every choice of failures for each: about a minute.
#[test]
fn every_flow_of_five_nodes_runs_as_the_naive_interpreter_says() {
    let all = std::env::var_os("FLOWRUN_EXHAUSTIVE").is_some();
    let mut seen = 0;
    for mut edges in dags(5) {
        if seen % 2 == 1 {
            edges.reverse();
        }
        let mut flow = drawn(5, edges);
        let plan = plan_of(&flow);
        for (number, fails) in choices(5, 2).enumerate() {
            if all || number == seen % 32 {
                for (node, fails) in flow.nodes.iter_mut().zip(fails) {
                    node.fails = fails == 1;
                }
                compare(&plan, &mut flow);
            }
        }
        seen += 1;
    }
    assert_eq!(seen, 29_281);
}

/// Flows whose edges lead to later nodes only, up to four nodes. Each node that has children goes without
/// conditions or has them with no object, one on either side, or one on both; each node below conditions has
/// each `start_if`, null only in flows of up to three nodes, where one of the nodes may also fail.
#[test]
fn every_flow_with_conditions_of_up_to_four_nodes_runs_as_the_naive_interpreter_says() {
    const SIDES: [Option<&[bool]>; 5] =
        [None, Some(&[]), Some(&[true]), Some(&[false]), Some(&[false, true])];
    for count in 2..=4 {
        for edges in dags(count).filter(|edges| edges.iter().all(|(source, target)| source < target)) {
            for sides in choices(count, SIDES.len()) {
                let childless = |node: usize| edges.iter().all(|edge| edge.0 != node);
                if (0..count).any(|node| childless(node) && sides[node] != 0) {
                    continue;
                }
                let mut flow = drawn(count, edges.clone());
                for (node, side) in flow.nodes.iter_mut().zip(&sides) {
                    node.sides = SIDES[*side].map(<[bool]>::to_vec);
                }
                let routed = |node: usize| edges.iter().any(|edge| edge.1 == node && sides[edge.0] != 0);
                for start_if in choices(count, 3) {
                    let needless = |node: usize| start_if[node] == 0 && count == 4;
                    if (0..count).any(|node| if routed(node) { needless(node) } else { start_if[node] != 0 })
                    {
                        continue;
                    }
                    for (node, start_if) in flow.nodes.iter_mut().zip(start_if) {
                        node.start_if = [None, Some(true), Some(false)][start_if];
                    }
                    let plan = plan_of(&flow);
                    // One node that fails, or none.
                    for failing in if count == 4 { count..=count } else { 0..=count } {
                        flow.nodes.iter_mut().enumerate().for_each(|(node, it)| it.fails = node == failing);
                        compare(&plan, &mut flow);
                    }
                }
            }
        }
    }
}
