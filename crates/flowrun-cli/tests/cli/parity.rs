//! What `check` says is what `run` does: both refuse the same flows, for the same reasons at the same places.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{Place, flow};

/// A flow of one node, refused at `/nodes/0` and this pointer.
struct Bad {
    task_type: &'static str,
    data: &'static str,
    code: &'static str,
    pointer: &'static str,
}

const fn bad(task_type: &'static str, data: &'static str, code: &'static str, pointer: &'static str) -> Bad {
    Bad { task_type, data, code, pointer }
}

/// Everything that is wrong whatever the operator sets.
const BAD: &[Bad] = &[
    bad("scan", r#", "type": ["htlm"]"#, "scan.component", "/data/type/0"),
    bad("scan", r#", "type": ["html", "seo"]"#, "scan.component", "/data/type/1"),
    bad("scan", r#", "type": []"#, "scan.type", "/data/type"),
    bad("scan", r#", "type": "html""#, "scan.type", "/data/type"),
    bad("scan", r#", "type": ["html"], "type": ["logs"]"#, "node.duplicate-key", "/data/type"),
    bad("webhook", "", "webhook.uri", "/data/uri"),
    bad("webhook", r#", "uri": "a.example/hook""#, "webhook.uri", "/data/uri"),
    bad("webhook", r#", "uri": "ftp://a.example""#, "webhook.uri", "/data/uri"),
    bad("webhook", r#", "uri": 7"#, "node.wrong-type", "/data/uri"),
    bad(
        "webhook",
        r#", "uri": "https://a.example", "request_type": "PUT""#,
        "webhook.request-type",
        "/data/request_type",
    ),
    bad(
        "webhook",
        r#", "uri": "https://a.example", "request_type": "POST", "payload": "hello""#,
        "webhook.payload",
        "/data/payload",
    ),
    bad(
        "webhook",
        r#", "uri": "https://a.example", "headers": {"Host": "b.example"}"#,
        "webhook.headers",
        "/data/headers",
    ),
    bad(
        "webhook",
        r#", "uri": "https://a.example", "configs": {"any_response": 1, "any_response": true}"#,
        "node.duplicate-key",
        "/data/configs/any_response",
    ),
    bad("slack", "", "slack.message", "/data/message"),
    bad("slack", r#", "message": "a", "message": "b""#, "node.duplicate-key", "/data/message"),
    bad("email", r#", "subject": "s""#, "email.address", "/data/email"),
    bad("email", r#", "subject": "s", "email": "nobody""#, "email.address", "/data/email"),
    bad(
        "scan",
        r#", "configs": {"retries": 1, "retries": 2}"#,
        "node.duplicate-key",
        "/data/configs/retries",
    ),
    bad("scan", r#", "configs": {"retries": -1}"#, "plan.node-setting", "/data/configs/retries"),
    bad("scan", r#", "configs": {}, "configs": {}"#, "node.duplicate-key", "/data/configs"),
    bad("case", "", "plan.unknown-task-type", "/data/task_type"),
    bad("report", "", "plan.unknown-task-type", "/data/task_type"),
];

/// All settings an operator can give, so that none of them is missing.
const SETTINGS: &str = "slack_webhook_url = 'http://127.0.0.1:1/'\nsmtp_url = 'smtp://127.0.0.1:1'\n\
    mail_from = 'a@b.example'\nmissing_tool = 'skip'\n";

fn errors(place: &Place) -> BTreeSet<(String, String)> {
    let ended = place.run(&["check", "flow.json", "--json"]);
    let report: Value = serde_json::from_str(&ended.out).expect("`--json` prints JSON");
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().into_iter().flatten();
    let errors: BTreeSet<_> = findings
        .filter(|finding| finding["severity"] == "error")
        .map(|finding| (text(finding, "code"), text(finding, "pointer")))
        .collect();
    assert_eq!(ended.code, if errors.is_empty() { 0 } else { 3 }, "{}", ended.out);
    errors
}

fn run(place: &Place) -> crate::support::Ended {
    place.run(&["run", "flow.json", "--site", "http://127.0.0.1:1"])
}

#[test]
fn every_flow_that_run_refuses_check_refuses_at_the_key_it_is_about() {
    let place = Place::new();
    place.file("flowrun.toml", SETTINGS);
    for Bad { task_type, data, code, pointer } in BAD {
        place.file("flow.json", flow(&[("1", task_type, data)], &[]));
        let found = errors(&place);
        let expected = BTreeSet::from([((*code).to_owned(), format!("/nodes/0{pointer}"))]);
        assert_eq!(found, expected, "{task_type} {data}");
        let ran = run(&place);
        assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{task_type} {data}: {}", ran.err);
        assert!(ran.err.contains(code), "{task_type} {data}: {}", ran.err);
    }
}

/// The other half: what passes the check is run, and fails at most by what it meets.
#[test]
fn what_check_lets_through_run_does_not_refuse() {
    let place = Place::new();
    place.file("flowrun.toml", SETTINGS);
    for (task_type, data) in [
        ("scan", ""),
        ("scan", r#", "type": ["vrt", "full"], "configs": {"any_response": 1, "note": 1, "note": 2}"#),
        ("webhook", r#", "uri": "{{site_url}}/hook", "payload": {"a": "{{flow_title}}"}"#),
        ("slack", r#", "message": "{{flowrun_status}}""#),
        ("email", r#", "email": "a@b.example, c@d.example""#),
        ("", ""),
    ] {
        place.file("flow.json", flow(&[("1", task_type, data)], &[]));
        assert_eq!(errors(&place), BTreeSet::new(), "{task_type} {data}");
        let ran = run(&place);
        assert!([0, 1].contains(&ran.code), "{task_type} {data}: {}", ran.err);
    }
}

#[test]
fn all_problems_are_told_at_once_those_of_the_graph_and_those_of_the_nodes() {
    let place = Place::new();
    let nodes = [("1", "scan", r#", "type": ["htlm"]"#), ("2", "webhook", ""), ("3", "slak", "")];
    place.file("flow.json", flow(&nodes, &[("1", "2"), ("1", "9")]));
    let codes: BTreeSet<String> = errors(&place).into_iter().map(|(code, _)| code).collect();
    let expected = ["plan.dangling-edge", "plan.unknown-task-type", "scan.component", "webhook.uri"];
    assert_eq!(codes.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    let ran = run(&place);
    assert_eq!(ran.code, 3);
    assert!(expected.iter().all(|code| ran.err.contains(code)), "{}", ran.err);
}

#[test]
fn the_settings_of_the_operator_are_told_where_they_are_asked_for() {
    let place = Place::new();
    place.file("flow.json", flow(&[("1", "slack", r#", "message": "m""#)], &[]));
    let plain = place.run(&["check", "flow.json"]);
    assert_eq!((plain.code, plain.err.as_str()), (0, ""));
    let asked = place.run(&["check", "flow.json", "--settings"]);
    assert_eq!(asked.code, 3, "{asked:?}");
    assert!(
        asked.err.contains("slack.settings") && asked.err.contains("FLOWRUN_SLACK_TOKEN"),
        "{}",
        asked.err
    );
    assert!(asked.err.contains("settings are flags"), "{}", asked.err);
    let refused = run(&place);
    assert_eq!((refused.code, refused.err.contains("slack.settings")), (3, true), "{}", refused.err);
    let flags = ["--slack-token", "xoxb-1", "--slack-channel", "C1"];
    let given = place.run(&[&["check", "flow.json", "--settings"][..], &flags].concat());
    assert_eq!((given.code, given.err.as_str()), (0, ""));
    place.file("other.toml", SETTINGS);
    assert_eq!(place.run(&["check", "--settings=other.toml", "flow.json"]).code, 0);
}

/// A run that would send `{{TOKEN}}` as typed is not begun.
#[test]
fn a_secret_that_is_not_given_is_told_by_check_and_refused_by_run() {
    let place = Place::new();
    place.file("flowrun.toml", SETTINGS);
    let hook = r#", "uri": "http://127.0.0.1:1/", "headers": {"Authorization": "Bearer {{TOKEN}}"}"#;
    place.file("flow.json", flow(&[("1", "webhook", hook)], &[]));
    let checked = place.run(&["check", "flow.json"]);
    assert_eq!(checked.code, 0, "{checked:?}");
    assert!(checked.err.contains("template.unknown-name"), "{}", checked.err);
    let ran = run(&place);
    assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{ran:?}");
    assert!(ran.err.contains("`TOKEN` in `headers`"), "{}", ran.err);
    // Given in any of three ways, also by name alone for a check.
    for given in [&["--secret", "TOKEN"][..], &["--secret", "TOKEN=a-secret-value"]] {
        let checked = place.run(&[&["check", "flow.json"], given].concat());
        assert_eq!((checked.code, checked.err.as_str()), (0, ""), "{given:?}");
    }
    place.file("flowrun.toml", format!("{SETTINGS}[secrets]\nTOKEN = 'a-secret-value'\n"));
    assert_eq!(place.run(&["check", "flow.json"]).err, "");
    assert_eq!(run(&place).code, 1, "nobody listens at port 1");
}
