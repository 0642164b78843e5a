//! Requests that Schemathesis makes up from the description of the API. Each is answered as the description says: with a
//! status, a type and a shape that stand there, and never with a failure of the server.
#![expect(clippy::print_stdout, reason = "says how many there were, to whoever asks for more of them")]

use std::process::Command;

use serde_json::{Value, json};

use crate::serving::{Serving, idle, token};
use crate::support::Place;
use crate::tool;

/// What is looked at in each answer. Left out are the two that hold the server to the description of what is *sent*: the
/// original is laxer (ids that are none are counted as failed) and stricter (forms without arrays) than a schema can say.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,unsupported_method,allow_header_conformance,missing_required_header,\
                      ignored_auth,use_after_free,ensure_resource_availability";

/// A number from the environment.
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// What came of a run of Schemathesis.
struct Fuzzed {
    requests: u64,
    failures: Vec<Value>,
    printed: String,
}

/// Sends requests made up from this description; `more` are arguments.
fn fuzz(place: &Place, serving: &Serving, token: &str, document: &Value, more: &[&str]) -> Fuzzed {
    let (document, report) =
        (place.file("openapi.json", document.to_string()), place.path().join("report.json"));
    let output = Command::new(tool("python/api/bin/schemathesis"))
        .arg("run")
        .arg(document)
        .args([
            "--url",
            &format!("http://{}", serving.address),
            "--header",
            &format!("Authorization: Token {token}"),
        ])
        .args(["--checks", CHECKS, "--continue-on-failure", "--no-color", "--generation-database", "none"])
        // A stream that ends only with the server.
        .args(["--exclude-path", "/v1/ops/flowruns/events"])
        .args(["--warnings", "off", "--report", "json", "--report-json-path"])
        .arg(&report)
        .args(more)
        .current_dir(place.path())
        .output()
        .expect("it starts");
    let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let report = std::fs::read_to_string(report).unwrap_or_else(|error| panic!("{error}: {printed}"));
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!((&report["complete"], &report["errors"]), (&json!(true), &json!([])), "{printed}");
    Fuzzed {
        requests: report["test_cases"]["generated"].as_u64().expect("a number"),
        failures: report["failures"].as_array().expect("a list").clone(),
        printed,
    }
}

/// The description with ids and addresses that make sense among those that may be sent: by chance alone none is hit.
fn with_known(mut document: Value, sites: &[String], flows: &[String]) -> Value {
    let mut offer = |schema: &str, name: &str, what: Value| {
        let place = &mut document["components"]["schemas"][schema]["properties"][name];
        assert!(!place.is_null(), "{schema}.{name}");
        *place = json!({"anyOf": [what, place.clone()]});
    };
    for schema in ["NewFlowRun", "SavedPage"] {
        offer(schema, "site_id", json!({"enum": sites}));
    }
    offer("NewFlowRun", "flow_id", json!({"enum": flows}));
    let address = json!({"type": "string", "pattern": "^https://[a-z]{1,9}\\.example/[a-z]{0,9}$"});
    offer("SavedSite", "site_url", address.clone());
    offer("SavedPage", "page_url", address);
    document
}

#[test]
#[ignore = "needs python/api of the tool folder"]
fn requests_that_are_made_up_are_answered_as_the_description_says() {
    let (wanted, seed) = (number("FLOWRUN_API_REQUESTS", 1_000), number("FLOWRUN_API_SEED", 1));
    let place = Place::new();
    let serving = Serving::new(&place);
    let token = token(&place);
    // Many, because what is made up also deletes.
    let site = |index| serving.made(&token, "/site", json!({"site_url": format!("https://{index}.example")}));
    let sites: Vec<String> = (0..40).map(site).collect();
    let flows: Vec<String> = (0..40).map(|_| serving.made(&token, "/flow", idle())).collect();
    let document = with_known(serving.ask("GET", "/openapi.json", "", None).1, &sites, &flows);

    let mut requests = 0;
    for round in 0..20 {
        let (examples, seed) = ((wanted / 100).clamp(1, 200).to_string(), (seed + round).to_string());
        let more = ["--max-examples", examples.as_str(), "--seed", &seed];
        let fuzzed = fuzz(&place, &serving, &token, &document, &more);
        assert!(fuzzed.failures.is_empty(), "{}", fuzzed.printed);
        requests += fuzzed.requests;
        if requests >= wanted {
            break;
        }
    }
    assert!(requests >= wanted, "{requests} of {wanted}");
    // They came past the door: runs were created, which takes a site and a flow that are there.
    let listed = place.run(&["account", "list", "--json"]);
    let listed: Value = serde_json::from_str(&listed.out).expect("JSON");
    let runs = listed["accounts"][0]["flowruns"].as_u64().expect("a number");
    println!("{requests} requests were answered as described, and created {runs} runs");
    assert!(runs > 0, "{listed}");
    assert_eq!(serving.ended("TERM"), Some(0));
}

#[test]
#[ignore = "needs python/api of the tool folder"]
fn an_answer_that_is_not_described_is_found_out() {
    let place = Place::new();
    let serving = Serving::new(&place);
    let token = token(&place);
    let (_, document) = serving.ask("GET", "/openapi.json", "", None);
    let more = ["--include-operation-id", "retrieve_flow", "--max-examples", "1", "--phases", "fuzzing"];
    let found = |document| {
        let failures = fuzz(&place, &serving, &token, &document, &more).failures;
        failures.iter().map(|failure| failure["type"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(found(document.clone()), [json!(null); 0]);
    let mut without = document.clone();
    without["paths"]["/v1/ops/flow/{id}"]["get"]["responses"]
        .as_object_mut()
        .expect("statuses")
        .remove("404");
    assert_eq!(found(without), ["UndefinedStatusCode"]);
    let mut other = document;
    other["components"]["schemas"]["Refusal"]["required"] = json!(["wherefore"]);
    assert_eq!(found(other), ["JsonSchemaError"]);
    assert_eq!(serving.ended("TERM"), Some(0));
}
