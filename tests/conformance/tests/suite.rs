//! The project's own suite: every recorded case, and what keeps the rules honest.
#![expect(clippy::unwrap_used, reason = "a test: a case that cannot be read must fail it")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use flowrun_conformance::{
    Case, Conduct, Subject, Summary, Verdict, apply, check, first_difference, model, replay, rules,
};
use serde_json::{Value, json};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

fn recorded() -> Vec<Case> {
    Case::read_dir(&folder("conformance")).unwrap()
}

fn is_mismatch(case: &Case) -> bool {
    matches!(check(case), Verdict::Mismatch { .. })
}

#[test]
fn every_case_is_as_recorded_or_differs_as_is_known() {
    let mut cases = recorded();
    cases.extend(Case::read_dir(&folder("derived-cases")).unwrap());
    let summary = Summary::of(&cases);
    assert!(!summary.has_mismatch(), "{summary}");
    let idle: Vec<_> = summary.by_rule().into_iter().filter(|(_, cases)| *cases == 0).collect();
    assert!(idle.is_empty(), "these rules rewrite nothing in any case: {idle:#?}");
}

#[test]
fn a_case_without_named_defect_needs_only_the_statuses_the_commas_and_the_signs() {
    for case in recorded().iter().filter(|case| case.head.reference_defect.is_none()) {
        let verdict = check(case);
        let is_tacit = verdict
            .rules()
            .iter()
            .all(|rule| ["D1", "D19", "row Conditions, operators"].contains(&rule.number));
        assert!(is_tacit, "{}: {verdict}", case.head.name);
    }
}

#[test]
fn the_model_of_the_original_does_what_was_recorded() {
    for case in recorded() {
        let difference = first_difference(&case.expected(), &model(&case, &Conduct::ORIGINAL));
        assert_eq!(difference, None, "{}", case.head.name);
    }
}

/// The places in the expectation of a run that are corrupted, in each case every third of them.
const PLACES: [&[&str]; 9] = [
    &["outcome"],
    &["final", "status"],
    &["final", "nodes", "last", "status"],
    &["final", "nodes", "first", "objects", "last", "status"],
    &["final", "edges", "first", "animated"],
    &["final", "logs", "last", "message"],
    &["final", "logs", "first", "step"],
    &["dispatch_order", "first", "resources", "first", "id"],
    &["dispatch_order", "last", "objects", "first", "status"],
];

/// The value at a place; `None` where the expectation has no such place.
fn place<'v>(value: &'v mut Value, path: &[&str]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |value, step| match (value, *step) {
        (Value::Array(items), "first") => items.first_mut(),
        (Value::Array(items), "last") => items.last_mut(),
        (value, step) => value.get_mut(step),
    })
}

#[test]
fn a_corrupted_expectation_is_a_mismatch_whatever_the_rules() {
    let mut corrupted = [0; PLACES.len()];
    for (number, case) in recorded().into_iter().enumerate() {
        for (count, path) in corrupted.iter_mut().zip(PLACES).skip(number % 3).step_by(3) {
            let mut case = case.clone();
            let Some(value) = place(&mut case.head.expected, path) else { continue };
            *value = "corrupted".into();
            assert!(is_mismatch(&case), "{} at {path:?}", case.head.name);
            *count += 1;
        }
    }
    assert!(corrupted.iter().all(|count| *count > 15), "{corrupted:?}");
}

#[test]
fn a_line_or_a_start_too_much_or_too_little_is_a_mismatch() {
    for case in recorded() {
        for path in [&["final", "logs"][..], &["dispatch_order"]] {
            let (mut more, mut less) = (case.clone(), case.clone());
            let Some(Value::Array(items)) = place(&mut more.head.expected, path) else { continue };
            items.push(json!({"message": "corrupted"}));
            assert!(is_mismatch(&more), "{} with more {path:?}", case.head.name);
            let Some(Value::Array(items)) = place(&mut less.head.expected, path) else { continue };
            if items.pop().is_some() {
                // The design may start less than was recorded: then it reads as the design says.
                let mut got = replay(&less);
                let is_design = place(&mut less.head.expected, path) == place(&mut got, path);
                assert!(is_mismatch(&less) || is_design, "{} with less {path:?}", case.head.name);
            }
        }
    }
}

/// The settings of each task type, and their places in the arguments of its task.
const SETTINGS: [(&str, &str, &[&str]); 22] = [
    ("scan", "type", &["type"]),
    ("scan", "configs", &["configs"]),
    ("test", "type", &["type"]),
    ("test", "configs", &["configs"]),
    ("test", "threshold", &["threshold"]),
    ("case", "configs", &["configs"]),
    ("case", "case_id", &["case_id"]),
    ("case", "updates", &["updates"]),
    ("report", "configs", &["configs"]),
    ("issue", "title", &["title"]),
    ("issue", "details", &["details"]),
    ("issue", "generate", &["generate"]),
    ("slack", "message", &["body"]),
    ("phone", "message", &["body"]),
    ("phone", "phone_number", &["phone_number"]),
    ("email", "email", &["message_obj", "email"]),
    ("email", "subject", &["message_obj", "subject"]),
    ("email", "message", &["message_obj", "content"]),
    ("webhook", "request_type", &["request_type"]),
    ("webhook", "uri", &["url"]),
    ("webhook", "headers", &["headers"]),
    ("webhook", "payload", &["payload"]),
];

/// The case with the setting taken out of the nodes that were started as this task, or null there, and with
/// `handed_over` in the arguments they were started with; `None` if none of them has it.
fn without(
    case: &Case,
    task: &str,
    (key, place_of_it): (&str, &[&str]),
    is_null: bool,
    handed_over: &Value,
) -> Option<Case> {
    let mut case = case.clone();
    let Subject::Run(run) = &mut case.subject else { return None };
    let mut found = false;
    for start in case.head.expected["dispatch_order"].as_array_mut()? {
        if start["task"] != task {
            continue;
        }
        let node = usize::try_from(start["node_index"].as_u64()?).unwrap();
        let data = run.flow["nodes"][node]["data"].as_object_mut()?;
        if is_null {
            data.insert(key.to_owned(), Value::Null);
        } else {
            data.remove(key);
        }
        if let Some(argument) = place(&mut start["args"], place_of_it) {
            *argument = handed_over.clone();
            found = true;
        }
    }
    found.then_some(case)
}

/// The first case in which the task has this argument: how it is read does not depend on the rest.
fn starting(cases: &[Case], task: &str, argument: &[&str]) -> Option<Case> {
    let has_it = |case: &&Case| {
        let starts = case.head.expected["dispatch_order"].as_array();
        starts.into_iter().flatten().any(|start| {
            start["task"] == task
                && place(&mut start["args"].clone(), argument).is_some_and(|it| !it.is_null())
        })
    };
    cases.iter().find(has_it).cloned()
}

#[test]
fn a_setting_nobody_gave_may_be_recorded_as_null_or_as_its_default() {
    let cases = recorded();
    for (task, key, argument) in SETTINGS {
        let case = starting(&cases, task, argument).unwrap();
        for is_null in [false, true] {
            let with =
                |handed_over: &Value| without(&case, task, (key, argument), is_null, handed_over).unwrap();
            let as_null = with(&Value::Null);
            let started = replay(&as_null)["dispatch_order"].take();
            let default = started.as_array().into_iter().flatten().find_map(|start| {
                place(&mut start["args"].clone(), argument).filter(|_| start["task"] == task).cloned()
            });
            let default = default.unwrap();
            let verdict = check(&as_null);
            assert!(!is_mismatch(&as_null), "{} without {key}: {verdict}", case.head.name);
            let needs_rule = verdict.rules().iter().any(|rule| rule.number == "D12");
            assert_eq!(needs_rule, !default.is_null(), "{} without {key}: {verdict}", case.head.name);
            for (handed_over, is_wrong) in [(default, false), ("corrupted".into(), true)] {
                assert_eq!(
                    is_mismatch(&with(&handed_over)),
                    is_wrong,
                    "{} with {handed_over}",
                    case.head.name
                );
            }
        }
    }
}

#[test]
fn null_recorded_for_a_setting_that_was_given_is_a_mismatch() {
    let cases = recorded();
    for (task, key, argument) in SETTINGS {
        let mut case = starting(&cases, task, argument).unwrap();
        for start in case.head.expected["dispatch_order"].as_array_mut().into_iter().flatten() {
            let is_task = start["task"] == task;
            if let Some(argument) = place(&mut start["args"], argument).filter(|_| is_task) {
                *argument = Value::Null;
            }
        }
        assert!(is_mismatch(&case), "{} with null for {key}", case.head.name);
    }
}

#[test]
fn a_result_or_an_output_that_was_not_recorded_is_a_mismatch() {
    for case in recorded() {
        let mut wrong = case.clone();
        match case.subject {
            Subject::Run(_) => continue,
            Subject::Conditions(_) => wrong.head.expected = json!({"result": "corrupted"}),
            Subject::Template(_) => wrong.head.expected = json!({"output": "corrupted"}),
        }
        // Where code from a value is run, whatever was recorded says nothing.
        let is_unpredictable = model(&case, &Conduct::ORIGINAL) != model(&wrong, &Conduct::ORIGINAL);
        assert!(is_mismatch(&wrong) || is_unpredictable, "{}", case.head.name);
    }
}

#[test]
fn an_expectation_that_reads_as_the_design_says_is_left_alone() {
    for mut case in recorded() {
        case.head.reference_defect = None;
        case.head.expected = replay(&case);
        let mut expected = case.expected();
        let rules: Vec<_> = apply(&case, &mut expected).iter().map(|rule| rule.number).collect();
        assert_eq!((rules, expected), (vec![], case.expected()), "{}", case.head.name);
        assert!(matches!(check(&case), Verdict::Match), "{}: {}", case.head.name, check(&case));
    }
}

#[test]
fn a_case_by_design_is_compared_without_any_rule() {
    let needs_rules = |case: &Case| !check(case).rules().is_empty();
    for mut case in recorded().into_iter().filter(needs_rules) {
        case.head.expected_by = Some("design".to_owned());
        assert!(is_mismatch(&case), "{}", case.head.name);
        case.head.expected = replay(&case);
        assert!(matches!(check(&case), Verdict::Match), "{}", case.head.name);
    }
}

/// Headings of the third level begin with the number: `### D1: …`.
#[test]
fn every_rule_is_explained_and_every_explanation_has_a_rule() {
    let text = std::fs::read_to_string(folder("../docs/differences.md")).unwrap();
    // Those of the API come after them, and have a test of their own.
    let runs = text.lines().take_while(|line| *line != "## The API");
    let headings = runs.filter_map(|line| line.strip_prefix("### "));
    let explained: BTreeSet<&str> = headings.filter_map(|heading| heading.split(':').next()).collect();
    let numbers: BTreeSet<&str> = rules().map(|rule| rule.number).collect();
    assert_eq!(explained, numbers);
}

/// Runs the binary and gives its exit code and what it printed.
fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_conformance")).args(arguments).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_binary_says_what_came_of_each_case() {
    let (code, said) = run(&[folder("conformance").to_str().unwrap()]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("\nsingle-scan: match\n"), "{said}");
    assert!(said.contains("\npair-scan-slack: known difference (D1)\n"), "{said}");
    assert!(said.contains(" 0 mismatches\n"), "{said}");
}

#[test]
fn the_binary_fails_on_a_mismatch_and_shows_the_first_place() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("one-mismatch");
    std::fs::create_dir_all(&dir).unwrap();
    let text = std::fs::read_to_string(folder("conformance/conditions/join-or-and.json")).unwrap();
    let mut case: Value = serde_json::from_str(&text).unwrap();
    case["expected"]["result"] = "neither".into();
    std::fs::write(dir.join("case.json"), case.to_string()).unwrap();
    let (code, said) = run(&[dir.to_str().unwrap()]);
    assert_eq!(code, Some(1));
    assert!(said.contains("MISMATCH at result\n  expected \"neither\"\n"), "{said}");
    let (code, said) = run(&[dir.to_str().unwrap(), "--json"]);
    assert_eq!(code, Some(1));
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["summary"], json!({"match": 0, "known": 0, "mismatch": 1}));
    assert_eq!(said["cases"][0]["path"], "result");
}

#[test]
fn the_binary_refuses_what_it_cannot_replay() {
    let no_cases = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-cases");
    std::fs::create_dir_all(&no_cases).unwrap();
    let no_cases = no_cases.to_str().unwrap();
    for arguments in [&[][..], &["a", "b"], &["--yaml", no_cases], &["no-such-directory"], &[no_cases]] {
        assert_eq!(run(arguments).0, Some(2), "{arguments:?}");
    }
}
