//! The model, the rules and the core on whatever flow and script. The model without any defect and the core
//! are two ways to say what the design says, written apart from each other.

use flowrun_conformance::{Case, Conduct, Verdict, check, first_difference, model, replay};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

const TYPES: [&str; 11] =
    ["scan", "scan", "test", "case", "report", "issue", "slack", "email", "webhook", "phone", ""];

/// Six stored objects of four kinds, two pages.
fn domain() -> Value {
    let page = |n: u8| json!({"id": format!("page{n}"), "page_url": format!("https://a.example/{n}")});
    json!({
        "o0": {"type": "scan", "page": page(0), "score": 90},
        "o1": {"type": "scan", "page": page(1), "score": 20},
        "o2": {"type": "test", "page": page(1), "score": 95, "status": "passed"},
        "o3": {"type": "test", "page": page(0), "score": 10, "status": "incomplete"},
        "o4": {"type": "caserun", "status": "failed", "title": "Login"},
        "o5": {"type": "report", "path": "https://a.example/r.pdf"},
    })
}

fn node() -> impl Strategy<Value = Value> {
    let conditions = select(vec![
        json!(null),
        json!(null),
        json!([]),
        json!([{"joiner": "", "data_type": "health", "operator": ">=", "value": "80"}]),
        json!([{"joiner": "", "data_type": "test_status", "operator": "==", "value": "passed"},
               {"joiner": "or", "data_type": "health", "operator": ">=", "value": 80}]),
    ]);
    let start_if = select(vec![json!(null), json!(true), json!(false), json!(1), json!(0)]);
    (select(TYPES.to_vec()), conditions, start_if).prop_map(|(task_type, conditions, start_if)| {
        json!({"task_type": task_type, "conditions": conditions, "start_if": start_if, "message": "m"})
    })
}

fn update() -> impl Strategy<Value = Value> {
    let entry = (0..7_usize, select(vec!["working", "passed", "passed", "failed", "incomplete"]));
    let objects = vec(entry, 0..3);
    let status = select(vec![None, None, None, Some("working"), Some("passed"), Some("failed")]);
    let message = select(vec![None, Some("a line, with a comma")]);
    (objects, status, message).prop_map(|(objects, status, message)| {
        let entry = |(object, status): &(usize, &str)| {
            json!({"parent": "p", "id": format!("o{object}"), "status": status})
        };
        json!({
            "objects": objects.iter().map(entry).collect::<Vec<_>>(),
            "node_status": status,
            "message": message,
        })
    })
}

fn case() -> impl Strategy<Value = Value> {
    let size = 1..7_usize;
    let parts = size.prop_flat_map(|size| {
        (
            vec(node(), size),
            vec((0..size, 0..size), 0..2 * size),
            vec(vec(update(), 0..4), size),
            vec(0..size, 0..4 * size),
            select(vec![json!({}), json!({"end_on_fail": false}), json!({"end_on_fail": null})]),
            any::<u64>(),
        )
    });
    parts.prop_map(|(mut nodes, edges, updates, order, configs, shuffle)| {
        let size = nodes.len();
        // Ids neither in the order of the array nor in that of the edges.
        let id = |place: usize| ((place as u64 * 5 + shuffle % 7) % 11).to_string();
        for (place, node) in nodes.iter_mut().enumerate() {
            let data = node.take();
            *node = json!({"id": id(place), "data": data});
            node["data"]["id"] = id(place).into();
        }
        let rotated = |place: usize| (place + shuffle as usize % size) % size;
        let edges = edges.iter().filter(|(source, target)| source < target).enumerate();
        let edge = |(number, (source, target)): (usize, &(usize, usize))| {
            json!({"id": number.to_string(), "source": id(rotated(*source)), "target": id(rotated(*target))})
        };
        let script: serde_json::Map<String, Value> =
            updates.iter().enumerate().map(|(place, updates)| (id(place), json!(updates))).collect();
        json!({
            "name": "generated",
            "expected": {},
            "flow": {"id": "f", "title": "t", "nodes": nodes, "edges": edges.map(edge).collect::<Vec<_>>()},
            "site": {"id": "s", "site_url": "https://a.example", "pages": []},
            "configs": configs,
            "script": {
                "domain": domain(),
                "nodes": script,
                "order": order.iter().map(|place| id(*place)).collect::<Vec<_>>(),
            },
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, max_shrink_iters: 300, ..ProptestConfig::default() })]

    #[test]
    fn the_core_does_what_the_model_of_the_design_says(case in case()) {
        let read = Case::from_json(&case.to_string()).unwrap();
        let (says, does) = (model(&read, &Conduct::DESIGN), replay(&read));
        prop_assert_eq!(first_difference(&says, &does), None);
    }

    #[test]
    fn whatever_the_original_does_the_rules_explain(case in case()) {
        let mut case = case;
        // As a recorder would: nobody answers for tasks that say nothing, so all that works is left at work.
        let nodes = case["flow"]["nodes"].as_array().unwrap().clone();
        let started = nodes.iter().map(|node| json!({"node": node["id"]})).collect::<Vec<_>>();
        let working = nodes.iter().map(|node| json!({"id": node["id"], "status": "working"}));
        case["expected"] =
            json!({"dispatch_order": started, "final": {"nodes": working.collect::<Vec<_>>()}});
        case["expected"] = model(&Case::from_json(&case.to_string()).unwrap(), &Conduct::ORIGINAL);
        let verdict = check(&Case::from_json(&case.to_string()).unwrap());
        prop_assert!(!matches!(verdict, Verdict::Mismatch { .. }), "{}", verdict);
    }
}
