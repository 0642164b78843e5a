//! Each finding of the check, as a person reads it.

use std::fmt::Write;

use proptest::prelude::*;

use super::{Plan, Role, TaskTypes};
use crate::{Condition, Diagnostic, Findings, Flow, FlowBuilder, NodeIx, NodeSpec, Operator, Severity};

/// The findings about a flow: code, pointer, node or edge, message, help, and what is underlined.
fn findings(text: &str) -> String {
    let flow = Flow::from_json(text).unwrap();
    let mut out = String::new();
    let compat =
        Plan::new(&flow, &TaskTypes::documented()).map(|plan| plan.compat_warnings()).unwrap_or_default();
    for finding in Plan::diagnose(&flow, &TaskTypes::documented()).into_iter().chain(compat) {
        let Diagnostic { severity, code, message, node, edge, pointer, span, help, .. } = finding;
        let severity = if severity == Severity::Error { "error" } else { "warning" };
        let about: String = [("node", node), ("edge", edge)]
            .into_iter()
            .filter_map(|(kind, id)| Some(format!(" {kind} {}", id?)))
            .collect();
        let seen = span.map_or("nothing", |span| &text[span]);
        writeln!(out, "{severity}[{code}] {pointer}{about}: {message}").unwrap();
        writeln!(out, "  at {seen}").unwrap();
        if let Some(help) = help {
            writeln!(out, "  help: {help}").unwrap();
        }
    }
    out
}

/// A flow of scans `a`, `b`, … with the edges given as `ab`.
fn graph(nodes: &str, edges: &str) -> String {
    let nodes: Vec<String> =
        nodes.chars().map(|id| format!(r#"{{"id":"{id}","data":{{"task_type":"scan"}}}}"#)).collect();
    with_edges(&nodes.join(","), edges)
}

/// A flow with nodes as JSON and edges given as `ab`, their ids the same.
fn with_edges(nodes: &str, edges: &str) -> String {
    let edges: Vec<String> = edges
        .split_whitespace()
        .map(|edge| format!(r#"{{"id":"{edge}","source":"{}","target":"{}"}}"#, &edge[..1], &edge[1..]))
        .collect();
    format!(r#"{{"nodes":[{nodes}],"edges":[{}]}}"#, edges.join(","))
}

#[test]
fn a_plain_flow_has_no_findings() {
    assert_eq!(findings(&graph("abc", "ab bc")), "");
}

#[test]
fn an_empty_flow_is_refused_and_its_edges_are_still_looked_at() {
    insta::assert_snapshot!(findings(&graph("", "ab")), @r#"
    error[plan.empty-flow] /nodes: the flow has no nodes
      at nothing
      help: add a node with a task_type
    error[plan.dangling-edge] /edges/0/source edge ab: the edge to `b` comes from `a`, which this flow does not define
      at "a"
      help: name a node that exists, or remove the edge
    error[plan.dangling-edge] /edges/0/target edge ab: node `a` leads to `b`, which this flow does not define
      at "b"
      help: name a node that exists, or remove the edge
    "#);
}

#[test]
fn missing_ids_are_refused() {
    insta::assert_snapshot!(findings(r#"{"nodes":[{"data":{"task_type":"scan"}},{"id":""}],"edges":[]}"#), @r#"
    error[plan.missing-id] /nodes/0/id: the node at place 1 has no id
      at {"task_type":"scan"}
    error[plan.missing-id] /nodes/1/id: the node at place 2 has no id
      at ""
    "#);
}

#[test]
fn duplicate_ids_are_refused() {
    insta::assert_snapshot!(findings(&graph("aba", "ab")), @r#"
    error[plan.duplicate-id] /nodes/2/id node a: two nodes have the id `a`; the first stands at place 1
      at "a"
      help: give every node an id of its own
    "#);
}

#[test]
fn ids_that_differ_inside_data_are_refused_and_other_spellings_of_the_same_are_not() {
    let text = r#"{"nodes":[{"id":"a","data":{"id":"b","task_type":"scan"}}],"edges":[]}"#;
    insta::assert_snapshot!(findings(text), @r#"
    error[plan.id-mismatch] /nodes/0/data/id node a: node `a` has the id `b` inside its data
      at "b"
      help: make `id` and `data.id` the same
    "#);
    let text = r#"{"nodes":[{"id":"a","data":{"id":"\u0061","task_type":"scan"}}],"edges":[]}"#;
    assert_eq!(findings(text), "");
}

#[test]
fn dangling_edges_are_refused_with_a_guess_at_what_was_meant() {
    let text = r#"{"nodes":[{"id":"scan"},{"id":"email"}],"edges":[
        {"id":"1","source":"scan","target":"emial"},{"id":"2","source":"nowhere","target":"email"},
        {"id":"3","source":"scan"}]}"#;
    insta::assert_snapshot!(findings(text), @r#"
    error[plan.dangling-edge] /edges/0/target edge 1: node `scan` leads to `emial`, which this flow does not define
      at "emial"
      help: did you mean `email`?
    error[plan.dangling-edge] /edges/1/source edge 2: the edge to `email` comes from `nowhere`, which this flow does not define
      at "nowhere"
      help: name a node that exists, or remove the edge
    error[plan.dangling-edge] /edges/2/target edge 3: the edge at place 3 has no target
      at "3"
      help: name a node that exists, or remove the edge
    "#);
}

#[test]
fn a_guess_may_be_further_from_a_long_id_than_from_a_short_one() {
    let guess = |known: &str, typed: &str| {
        let text = format!(
            r#"{{"nodes":[{{"id":"a"}},{{"id":"{known}"}}],"edges":[{{"id":"1","source":"a","target":"{typed}"}}]}}"#
        );
        findings(&text).contains(&format!("did you mean `{known}`?"))
    };
    // One letter and one more for every four are forgiven.
    assert!(guess("mail", "nail2") && !guess("mail", "nali2"));
    assert!(guess("notification-mail", "notifikatoin-male") && !guess("notification-mail", "notif-mail"));
}

#[test]
fn an_edge_from_a_node_to_itself_is_refused() {
    insta::assert_snapshot!(findings(&graph("ab", "ab bb")), @r#"
    error[plan.self-edge] /edges/1 node b edge bb: node `b` leads to itself
      at "b"
      help: a flow has no loops: remove the edge
    "#);
}

#[test]
fn cycles_are_refused_with_the_nodes_on_them() {
    insta::assert_snapshot!(findings(&graph("abcde", "ab bc cd db be")), @r#"
    error[plan.cycle] /nodes/1 node b: the flow has a cycle: b -> c -> d -> b
      at "b"
      help: a flow has no loops: remove one of these edges
    "#);
}

#[test]
fn a_flow_without_a_first_node_is_refused() {
    insta::assert_snapshot!(findings(&graph("ab", "ab ba")), @r#"
    error[plan.no-root] /nodes: no node can be the first: every node has an incoming edge
      at nothing
      help: remove the edges into the node that is to start
    error[plan.cycle] /nodes/0 node a: the flow has a cycle: a -> b -> a
      at "a"
      help: a flow has no loops: remove one of these edges
    "#);
}

#[test]
fn a_way_out_of_a_cycle_is_not_on_it() {
    // The first child of `b` leads out; the cycle is walked past it.
    for edges in ["ab bd bc ca", "ab bd bc ca de"] {
        let found = findings(&graph("abcde", edges));
        assert!(found.contains("the flow has a cycle: a -> b -> c -> a\n"), "{found}");
    }
    // Nor is the way in, wherever the two stand.
    let found = findings(&graph("abcd", "db bc cb ba"));
    assert!(found.contains("the flow has a cycle: b -> c -> b\n"), "{found}");
}

#[test]
fn long_cycles_are_cut_in_the_message() {
    let ids = "abcdefghijklmnopqrstuvwxyz";
    let edges: Vec<&str> = (0..25).map(|place| &ids[place..place + 2]).collect();
    let found = findings(&graph(ids, &(edges.join(" ") + " za")));
    assert!(found.contains("s -> t -> … 6 more -> a\n"), "{found}");
}

#[test]
fn unknown_task_types_are_refused_and_empty_nodes_are_not() {
    let text = r#"{"nodes":[{"id":"a","data":{"task_type":"paint"}}],"edges":[]}"#;
    insta::assert_snapshot!(findings(text), @r#"
    error[plan.unknown-task-type] /nodes/0/data/task_type node a: node `a` has the task type `paint`, which nobody here can do
      at "paint"
      help: known task types: case, email, issue, phone, report, scan, slack, test, webhook
    "#);
    for empty in [r#""""#, "null"] {
        let text = format!(r#"{{"nodes":[{{"id":"a","data":{{"task_type":{empty}}}}}],"edges":[]}}"#);
        assert_eq!(findings(&text), "");
    }
    assert_eq!(findings(r#"{"nodes":[{"id":"a"}]}"#), "");
}

#[test]
fn malformed_conditions_are_refused() {
    let node = |conditions: &str| {
        format!(r#"{{"nodes":[{{"id":"a","data":{{"task_type":"scan","conditions":{conditions}}}}}]}}"#)
    };
    insta::assert_snapshot!(findings(&node(r#"{"data_type":"health"}"#)), @r#"
    error[plan.malformed-conditions] /nodes/0/data/conditions node a: the conditions of node `a` cannot be read: `conditions` is neither null nor an array
      at {"data_type":"health"}
      help: conditions are null or an array of {joiner, data_type, operator, value}
    "#);
    insta::assert_snapshot!(findings(&node(r#"[{"data_type":"health","operator":">=","value":1},7]"#)), @r#"
    error[plan.malformed-conditions] /nodes/0/data/conditions/1 node a: the conditions of node `a` cannot be read: element 1 of `conditions` is not an object
      at [{"data_type":"health","operator":">=","value":1},7]
      help: conditions are null or an array of {joiner, data_type, operator, value}
    "#);
    assert_eq!(findings(&node("null")), "");
    assert_eq!(findings(&node("[ ]")), "");
}

#[test]
fn more_conditions_than_max_conds_are_refused() {
    let condition = r#"{"joiner":"and","data_type":"health","operator":">=","value":"1"}"#;
    let first = condition.replace("and", "");
    let node = |limit: &str| {
        format!(
            r#"{{"nodes":[{{"id":"a","data":{{"task_type":"scan","maxConds":{limit},"conditions":[{first},{condition}]}}}}]}}"#
        )
    };
    insta::assert_snapshot!(findings(&node("1")), @r#"
    error[plan.max-conds] /nodes/0/data/conditions node a: node `a` has 2 conditions, over its maxConds of 1
      at [{"joiner":"","data_type":"health","operator":">=","value":"1"},{"joiner":"and","data_type":"health","operator":">=","value":"1"}]
      help: remove conditions, or raise maxConds
    "#);
    assert_eq!(findings(&node("2")), "");
    assert_eq!(findings(&node("null")), "");
}

#[test]
fn the_smallest_max_nodes_limits_the_flow() {
    let node = |id, limit| format!(r#"{{"id":"{id}","data":{{"task_type":"scan","maxNodes":{limit}}}}}"#);
    let flow = |limit| with_edges(&format!("{},{}", node("a", 12), node("b", limit)), "ab");
    insta::assert_snapshot!(findings(&flow(1)), @"
    error[plan.max-nodes] /nodes/1/data/maxNodes node b: the flow has 2 nodes, over the maxNodes of 1 on node `b`
      at 1
      help: remove nodes, or raise maxNodes on every node
    ");
    assert_eq!(findings(&flow(2)), "");
}

#[test]
fn the_first_of_those_with_the_smallest_max_nodes_is_named() {
    let node = |id, limit| format!(r#"{{"id":"{id}","data":{{"task_type":"scan","maxNodes":{limit}}}}}"#);
    let nodes = [node("a", 2), node("b", 1), node("c", 2), node("d", 1)].join(",");
    let found = findings(&with_edges(&nodes, "ab bc cd"));
    assert!(found.contains("over the maxNodes of 1 on node `b`"), "{found}");
}

#[test]
fn settings_of_a_node_that_cannot_be_used_are_refused() {
    let configs =
        r#"{"timeout":"original","retries":1.5,"on_unknown":"ask","retry_wait":null,"attempt_timeout":30}"#;
    let node = format!(r#"{{"id":"a","data":{{"task_type":"scan","configs":{configs}}}}}"#);
    insta::assert_snapshot!(findings(&with_edges(&node, "")), @r#"
    error[plan.node-setting] /nodes/0/data/configs/retries node a: `retries` of node `a` cannot be `1.5`
      at 1.5
      help: give a whole number from 0 to 1000
    error[plan.node-setting] /nodes/0/data/configs/on_unknown node a: `on_unknown` of node `a` cannot be `\"ask\"`
      at "ask"
      help: give "retry", "fail" or "pause"
    "#);
    let text = with_edges(r#"{"id":"a","data":{"task_type":"scan","configs":{"retries":3}}}"#, "");
    let plan = Plan::new(&Flow::from_json(text).unwrap(), &TaskTypes::documented()).unwrap();
    assert_eq!(plan.settings(NodeIx::new(0)).and_then(|settings| settings.retries), Some(3));
}

#[test]
fn several_roots_and_a_root_that_is_not_the_first_node_are_told() {
    insta::assert_snapshot!(findings(&graph("abcd", "ac bd")), @r#"
    warning[plan.roots] /nodes/1 node b: 2 nodes start at once: they have no incoming edge
      at "b"
      help: the public original starts the first node only
    "#);
    insta::assert_snapshot!(findings(&graph("ab", "ba")), @r#"
    warning[plan.roots] /nodes/1 node b: node `b` starts, though it is not the first
      at "b"
      help: the public original starts the first node only
    "#);
}

/// They are told where they are asked for, and only there.
#[test]
fn what_the_original_would_do_is_no_warning_of_a_check() {
    let condition = |sign: &str| {
        let expression = format!(r#"{{"joiner":"","data_type":"health","operator":"{sign}","value":"1"}}"#);
        let nodes = format!(
            r#"{{"id":"a","data":{{"task_type":"scan","conditions":[{expression}]}}}},
            {{"id":"b","data":{{"task_type":"scan","start_if":true}}}}"#
        );
        let flow = Flow::from_json(with_edges(&nodes, "ab")).unwrap();
        let plan = Plan::new(&flow, &TaskTypes::documented()).unwrap();
        let codes = |found: Vec<Diagnostic>| found.iter().map(|one| one.code).collect::<Vec<_>>();
        (codes(plan.warnings()), codes(plan.compat_warnings()))
    };
    for sign in [">", "<", "!="] {
        assert_eq!(condition(sign), (vec![], vec!["condition.operator"]), "{sign}");
    }
    for sign in [">=", "<=", "==", "="] {
        assert_eq!(condition(sign), (vec![], vec![]), "{sign}");
    }
    let plan = Plan::new(&Flow::from_json(graph("abc", "ab ac")).unwrap(), &TaskTypes::documented()).unwrap();
    assert_eq!(plan.warnings(), []);
    assert_eq!(plan.compat_warnings()[0].code, "plan.fan-out");
}

#[test]
fn a_drawing_without_any_task_type_gets_one_warning() {
    let node = |id: &str| format!(r#"{{"id":"{id}","type":"slack","data":{{"label":"x","start_if":true}}}}"#);
    for (nodes, edges) in [(node("a"), ""), ([node("a"), node("b"), node("c")].join(","), "ab")] {
        let flow = Flow::from_json(with_edges(&nodes, edges)).unwrap();
        let found = Plan::diagnose(&flow, &TaskTypes::documented());
        assert_eq!(found.iter().map(|one| one.code).collect::<Vec<_>>(), ["plan.no-tasks"]);
        assert_eq!(found[0].severity, Severity::Warning);
    }
    // An empty node is one on purpose.
    let empty = Flow::from_json(r#"{"nodes":[{"id":"a","data":{"task_type":null}}]}"#).unwrap();
    assert_eq!(Plan::diagnose(&empty, &TaskTypes::documented()), []);
}

#[test]
fn names_in_configs_that_are_nearly_ours_are_told() {
    let text =
        r#"{"nodes":[{"id":"a","data":{"task_type":"scan","configs":{"retrys":3,"timeout":300,"own":1}}}]}"#;
    insta::assert_snapshot!(findings(text), @r"
    warning[plan.unknown-setting] /nodes/0/data/configs/retrys node a: `retrys` in the configs of node `a` does nothing
      at 3
      help: did you mean `retries`?
    ");
}

#[test]
fn conditions_on_what_no_object_there_has_are_told() {
    let conditions =
        r#""conditions":[{"joiner":"","data_type":"test_status","operator":"==","value":"passed"}]"#;
    let flow = |above: &str, kind: &str| {
        let nodes = format!(
            r#"{{"id":"a","data":{{"task_type":"{above}"}}}},{{"id":"b","data":{{"task_type":"{kind}",{conditions}}}}}"#
        );
        let flow = Flow::from_json(with_edges(&nodes, "ab")).unwrap();
        let types = TaskTypes::documented().with("own", super::Role::Producer);
        Plan::diagnose(&flow, &types).iter().map(|one| one.code).collect::<Vec<_>>()
    };
    assert_eq!(flow("test", "slack"), [""; 0]);
    assert_eq!(flow("scan", "slack"), ["condition.foreign-key"]);
    assert_eq!(flow("test", "scan"), ["condition.foreign-key"]);
    assert_eq!(flow("own", "slack"), [""; 0]);
    assert_eq!(flow("case", "email"), [""; 0], "a case run has a status too");
    assert_eq!(flow("report", "email"), ["condition.foreign-key"]);
}

#[test]
fn an_unlinked_node_is_told() {
    insta::assert_snapshot!(findings(&graph("abc", "ab")), @r#"
    warning[plan.unlinked] /nodes/2 node c: node `c` is linked to no other: it starts at once
      at "c"
      help: link it, or remove it
    warning[plan.roots] /nodes/2 node c: 2 nodes start at once: they have no incoming edge
      at "c"
      help: the public original starts the first node only
    "#);
}

#[test]
fn fan_out_and_joins_are_told() {
    insta::assert_snapshot!(findings(&graph("abcd", "ab ac bd cd")), @r#"
    warning[plan.fan-out] /nodes/0 node a: node `a` starts 2 nodes at once
      at "a"
      help: the public original starts none of them and ends the run
    warning[plan.join] /nodes/3 node d: node `d` has 2 incoming edges: it starts once, after all of them
      at "d"
      help: the public original starts it once for every edge
    "#);
}

#[test]
fn what_a_start_if_does_not_do_is_told() {
    let conditions = r#""conditions":[{"joiner":"","data_type":"health","operator":">=","value":"1"}]"#;
    let node = |id, more: &str| format!(r#"{{"id":"{id}","data":{{"task_type":"scan",{more}}}}}"#);
    let below = |ids: &[(char, &str)]| {
        let mut nodes = node('a', conditions);
        for (id, start_if) in ids {
            nodes += &format!(",{}", node(*id, &format!(r#""start_if":{start_if}"#)));
        }
        let edges: Vec<String> = ids.iter().map(|(id, _)| format!("a{id}")).collect();
        findings(&with_edges(&nodes, &edges.join(" ")))
    };
    assert_eq!(below(&[('b', "true"), ('c', "false")]), "");
    insta::assert_snapshot!(below(&[('b', "true"), ('c', "1"), ('d', "false"), ('e', "0")]), @r#"
    warning[plan.same-start-if] /nodes/0 node a: node `a` starts 2 nodes when its conditions are true
      at "a"
      help: the public original starts the one of the last edge only
    warning[plan.same-start-if] /nodes/0 node a: node `a` starts 2 nodes when its conditions are false
      at "a"
      help: the public original starts the one of the last edge only
    "#);
    insta::assert_snapshot!(below(&[('b', "null"), ('c', "\"yes\"")]), @r#"
    warning[plan.never-runs] /nodes/1 node b: node `b` never starts: it stands below conditions and its start_if is null
      at "b"
      help: set start_if to true or false
    warning[plan.never-runs] /nodes/2 node c: node `c` never starts: it stands below conditions and its start_if is null
      at "c"
      help: set start_if to true or false
    warning[plan.start-if-value] /nodes/2/data/start_if node c: start_if of node `c` is neither true nor false: it counts as null
      at "yes"
      help: set it to true or false
    "#);
    let ignored = format!("{},{}", node('a', r#""start_if":null"#), node('b', r#""start_if":true"#));
    insta::assert_snapshot!(findings(&with_edges(&ignored, "ab")), @"
    warning[plan.start-if-ignored] /nodes/1/data/start_if node b: start_if of node `b` is ignored: no node above it has conditions
      at true
      help: set it to null
    ");
}

#[test]
fn an_own_producer_below_objects_is_told_that_it_gets_none() {
    let types = TaskTypes::documented().with("tell", Role::Producer).with("hear", Role::Receiver);
    let warnings = |flow: FlowBuilder| -> Vec<String> {
        let warnings = Plan::new(&flow.build().unwrap(), &types).unwrap().warnings();
        warnings.iter().map(|warning| format!("{}: {}", warning.code, warning.message)).collect()
    };
    let below = |above: NodeSpec, task_type: &str| {
        warnings(
            Flow::builder().node(above).node(NodeSpec::new("b", task_type).start_if(true)).edge("a", "b"),
        )
    };
    let is_told = ["plan.no-objects: node `b` is handed none of the objects above it: `tell` starts afresh"];
    let with_conditions =
        |task_type| NodeSpec::new("a", task_type).condition(Condition::new("size", Operator::AtLeast, 1));
    assert_eq!(below(with_conditions("tell"), "tell"), is_told);
    assert_eq!(below(with_conditions("tell"), "hear"), [""; 0]);
    assert_eq!(below(with_conditions("tell"), "scan"), [""; 0], "what everybody knows");
    let chain = |above: &str, below: &str| {
        warnings(
            Flow::builder().node(NodeSpec::new("a", above)).node(NodeSpec::new("b", below)).edge("a", "b"),
        )
    };
    assert_eq!(chain("scan", "tell"), is_told);
    assert_eq!(chain("hear", "tell"), is_told);
    assert_eq!(chain("tell", "tell"), [""; 0], "nobody knows whether there are any");
}

#[test]
fn nodes_that_can_never_run_are_told() {
    let nodes = r#"{"id":"a","data":{"task_type":""}},{"id":"b","data":{"task_type":"scan"}},
        {"id":"c","data":{"task_type":"scan"}}"#;
    insta::assert_snapshot!(findings(&with_edges(nodes, "ab bc")), @r#"
    warning[plan.never-runs] /nodes/1 node b: node `b` never starts: no edge into it can be taken
      at "b"
      help: link it elsewhere, or remove it
    warning[plan.never-runs] /nodes/2 node c: node `c` never starts: no edge into it can be taken
      at "c"
      help: link it elsewhere, or remove it
    "#);
}

#[test]
fn a_timeout_where_it_does_nothing_is_told_unless_it_is_the_usual_one() {
    let node = |task_type, timeout| {
        let node = format!(r#"{{"id":"a","data":{{"task_type":"{task_type}","configs":{{{timeout}}}}}}}"#);
        findings(&with_edges(&node, ""))
    };
    insta::assert_snapshot!(node("webhook", r#""timeout":30"#), @"
    warning[plan.timeout] /nodes/0/data/configs/timeout node a: `timeout` of node `a` does nothing
      at 30
      help: it is how long a page may take to be captured; a deadline is `attempt_timeout`
    ");
    // What the original writes into every node, and what means a thing.
    assert_eq!(node("webhook", r#""timeout":300"#), "");
    assert_eq!(node("webhook", r#""timeout":null"#), "");
    assert_eq!(node("webhook", r#""attempt_timeout":30"#), "");
    assert_eq!(node("scan", r#""timeout":30"#), "");
}

#[test]
fn odd_conditions_are_told_by_their_own_codes() {
    let text = r#"{"nodes":[{"id":"a","data":{"task_type":"scan","conditions":[
        {"joiner":"and","data_type":"colour","operator":"!=","value":"x"}]}}]}"#;
    insta::assert_snapshot!(findings(text), @r#"
    warning[condition.joiner-on-first] /nodes/0/data/conditions/0/joiner node a: condition 1 of node `a`: the joiner of the first expression is ignored
      at "and"
    warning[condition.unknown-key] /nodes/0/data/conditions/0/data_type node a: condition 1 of node `a`: data key `colour` is not known; where objects have no such member the expression is false
      at "colour"
    warning[condition.operator] /nodes/0/data/conditions/0/operator node a: condition 1 of node `a` has the operator `!=`
      at "!="
      help: the public original reads it as `==`
    "#);
}

#[test]
fn all_problems_are_told_at_once_errors_first_each_in_the_order_of_the_document() {
    let text = r#"{"edges":[{"id":"1","source":"a","target":"z"},{"id":"2","source":"b","target":"b"}],
        "nodes":[{"id":"a","data":{"id":"x","task_type":"paint","conditions":7}},
        {"id":"b","data":{"task_type":"scan","maxNodes":1,"start_if":true}},{"id":"b"}]}"#;
    let found = findings(text);
    let codes: Vec<&str> = found.lines().filter_map(|line| line.split(['[', ']']).nth(1)).collect();
    insta::assert_debug_snapshot!(codes, @r#"
    [
        "plan.dangling-edge",
        "plan.self-edge",
        "plan.id-mismatch",
        "plan.unknown-task-type",
        "plan.malformed-conditions",
        "plan.max-nodes",
        "plan.duplicate-id",
    ]
    "#);
}

#[test]
fn a_thousand_typing_errors_do_not_take_a_guess_each() {
    let nodes: String = (0..999).map(|id| format!(r#"{{"id":"node-number-{id}"}},"#)).collect();
    let edge = r#"{"id":"1","source":"node-numbre-1","target":"node-number-x"}"#;
    let edges = vec![edge; 20_000].join(",");
    let text = format!(r#"{{"nodes":[{nodes}{{"id":"last"}}],"edges":[{edges}]}}"#);
    let found = Plan::diagnose(&Flow::from_json(text).unwrap(), &TaskTypes::documented());
    let guesses = found.iter().filter(|problem| problem.help.as_ref().unwrap().starts_with("did you mean"));
    assert_eq!(guesses.count(), super::check::GUESSES);
}

/// How many findings of a code there are, and the last of the findings in full.
fn counted(found: &[Diagnostic], code: &str) -> (usize, Option<(Severity, &'static str, String)>) {
    let last = found.last().map(|last| (last.severity, last.code, last.message.clone()));
    (found.iter().filter(|finding| finding.code == code).count(), last)
}

#[test]
fn of_very_many_problems_the_first_are_told_and_the_number_of_the_rest() {
    let edges = vec![r#"{"id":"1","source":"a","target":"z"}"#; 1_234].join(",");
    let text = format!(r#"{{"nodes":[{{"id":"a"}}],"edges":[{edges}]}}"#);
    let found = Plan::new(&Flow::from_json(text).unwrap(), &TaskTypes::documented()).unwrap_err();
    let last = (Severity::Error, "plan.more", "234 more are not listed".to_owned());
    assert_eq!(counted(found.problems(), "plan.dangling-edge"), (Findings::MOST, Some(last)));
}

#[test]
fn of_very_many_warnings_the_first_are_told_and_the_number_of_the_rest() {
    let nodes: Vec<String> = (0..1_500).map(|id| format!(r#"{{"id":"{id}"}}"#)).collect();
    let text = format!(r#"{{"nodes":[{}],"edges":[]}}"#, nodes.join(","));
    let plan = Plan::new(&Flow::from_json(text).unwrap(), &TaskTypes::documented()).unwrap();
    let last = (Severity::Warning, "plan.more", "500 more are not listed".to_owned());
    assert_eq!(counted(&plan.warnings(), "plan.unlinked"), (Findings::MOST, Some(last)));
}

#[test]
fn warnings_are_told_of_refused_flows_too_and_after_all_problems() {
    let nodes = r#"{"id":"a","data":{"task_type":"scan"}},{"id":"b","data":{"task_type":"scan"}},
        {"id":"c","data":{"task_type":"scan","maxNodes":1}}"#;
    let flow = Flow::from_json(with_edges(nodes, "ab")).unwrap();
    let found = Plan::new(&flow, &TaskTypes::documented()).unwrap_err();
    let found = found.into_diagnostics();
    let codes: Vec<&str> = found.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["plan.max-nodes", "plan.unlinked"]);
}

#[test]
fn task_types_are_numbered_as_they_come_up_and_empty_nodes_have_none() {
    let node = |id, task_type| format!(r#"{{"id":"{id}","data":{{"task_type":{task_type}}}}}"#);
    let nodes = [
        node("a", r#""test""#),
        node("b", r#""scan""#),
        node("c", r#""t\u0065st""#),
        node("d", "null"),
        node("e", r#""scan""#),
    ];
    let flow = Flow::from_json(with_edges(&nodes.join(","), "ab")).unwrap();
    let plan = Plan::new(&flow, &TaskTypes::documented()).unwrap();
    assert_eq!(plan.task_types().collect::<Vec<_>>(), ["test", "scan"]);
    let places: Vec<Option<usize>> = plan.node_ixs().map(|node| plan.task_type_of(node)).collect();
    assert_eq!(places, [Some(0), Some(1), Some(0), None, Some(1)]);
}

#[test]
fn flows_whose_edges_lead_back_in_the_order_of_nodes_have_no_cycle_for_that() {
    let flow = |edges| Flow::from_json(graph("abc", edges)).unwrap();
    assert!(Plan::new(&flow("cb ba"), &TaskTypes::documented()).is_ok());
    assert!(Plan::new(&flow("cb ba ac"), &TaskTypes::documented()).is_err());
}

/// A flow of `count` scans in a row, closed to a ring if asked.
fn row(count: usize, ring: bool) -> Flow {
    let mut text = String::from(r#"{"nodes":["#);
    for node in 0..count {
        write!(text, r#"{}{{"id":"{node}","data":{{"task_type":""}}}}"#, if node > 0 { "," } else { "" })
            .unwrap();
    }
    text += r#"],"edges":["#;
    for node in 0..if ring { count } else { count - 1 } {
        let (comma, next) = (if node > 0 { "," } else { "" }, (node + 1) % count);
        write!(text, r#"{comma}{{"id":"{node}","source":"{node}","target":"{next}"}}"#).unwrap();
    }
    Flow::from_json(text + "]}").unwrap()
}

#[test]
fn a_row_and_a_ring_of_100_000_nodes_need_no_deep_stack() {
    let check = || {
        let plan = Plan::new(&row(100_000, false), &TaskTypes::documented()).unwrap();
        let last = plan.children(NodeIx::new(99_998)).to_vec();
        let refused = Plan::new(&row(100_000, true), &TaskTypes::documented()).unwrap_err();
        (last, refused.problems().iter().map(|problem| problem.code).take(2).collect::<Vec<_>>())
    };
    let small = std::thread::Builder::new().stack_size(256 * 1024).spawn(check).unwrap();
    assert_eq!(small.join().unwrap(), (vec![NodeIx::new(99_999)], vec!["plan.no-root", "plan.cycle"]));
}

/// Nodes with few different ids, some missing, of any type, with any limit and start_if.
fn any_node() -> impl Strategy<Value = serde_json::Value> {
    let id = proptest::option::of(proptest::sample::select(vec!["", "a", "b", "c", "d", "\u{1b}[2J", "é"]));
    let task_type = proptest::sample::select(vec!["scan", "slack", "", "paint"]);
    let limit = proptest::option::of(-1..4_i32);
    (id.clone(), id, task_type, limit.clone(), limit, any::<bool>()).prop_map(
        |(id, data_id, task_type, max_nodes, max_conds, routed)| {
            let conditions = if routed { serde_json::json!([{"data_type": "health"}]) } else { serde_json::Value::Null };
            serde_json::json!({"id": id, "data": {"id": data_id, "task_type": task_type, "maxNodes": max_nodes,
                "maxConds": max_conds, "conditions": conditions, "start_if": max_conds}})
        },
    )
}

fn any_edge() -> impl Strategy<Value = serde_json::Value> {
    let id = || proptest::option::of(proptest::sample::select(vec!["", "a", "b", "c", "d", "e"]));
    (id(), id()).prop_map(|(source, target)| serde_json::json!({"source": source, "target": target}))
}

proptest! {
    #[test]
    fn any_graph_is_planned_or_refused_and_every_finding_has_its_place(
        nodes in proptest::collection::vec(any_node(), 0..8),
        edges in proptest::collection::vec(any_edge(), 0..16),
    ) {
        let document = serde_json::json!({"nodes": nodes, "edges": edges});
        let flow = Flow::from_json(document.to_string()).unwrap();
        let found = match Plan::new(&flow, &TaskTypes::documented()) {
            Ok(plan) => plan.warnings(),
            Err(refused) => {
                prop_assert!(!refused.problems().is_empty());
                refused.into_diagnostics()
            }
        };
        prop_assert!(found.is_sorted_by_key(|finding| finding.severity));
        for finding in &found {
            // The place, or where it would stand.
            let parent = finding.pointer.rsplit_once('/').unwrap().0;
            prop_assert!(document.pointer(parent).is_some(), "{finding:?}");
            prop_assert!(finding.span.clone().is_none_or(|span| flow.to_json().get(span).is_some()));
            prop_assert!(!finding.message.contains('\u{1b}'), "no control characters in a message");
        }
    }
}
