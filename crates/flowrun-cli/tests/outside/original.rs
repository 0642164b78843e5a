//! The command-line client of the original, as it is published.

use std::path::Path;
use std::process::Command;

use flowrun_testkit::servers::{SlackSink, Website};
use serde_json::{Value, json};

use crate::serving::{Serving, token};
use crate::support::Place;
use crate::tool;

/// The flow that the project was founded on.
const FLOW: &str = include_str!("../../../flowrun-core/tests/fixtures/seed_flow.json");

/// Runs the client with a home of its own, and gives what it prints. It draws tables as wide as the screen.
fn client(home: &Path, args: &[&str]) -> String {
    let output = Command::new(tool("python/client/bin/cursion"))
        .args(args)
        .env_clear()
        .envs([("HOME", home.as_os_str()), ("COLUMNS", "200".as_ref()), ("PYTHONUTF8", "1".as_ref())])
        .output()
        .expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{args:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs python/client of the tool folder"]
async fn the_client_of_the_original_lists_what_there_is_and_runs_a_flow_to_its_end() {
    let (website, slack) =
        (Website::start().await.expect("a port"), SlackSink::start().await.expect("a port"));
    let place = Place::new();
    let hosts = [website.addr().to_string(), slack.addr().to_string()];
    let api = slack.api_url();
    let mut args = vec!["--missing-tool", "skip", "--slack-token", "xoxb-1", "--slack-channel", "C1"];
    args.extend(["--slack-api-url", &api, "--allow-host", &hosts[0], "--allow-host", &hosts[1]]);
    let serving = Serving::with(&place, &args);
    let token = token(&place);
    let address = format!("http://{}/", website.addr());
    let site = serving.made(&token, "/site", json!({"site_url": address}));
    let drawn: Value = serde_json::from_str(FLOW).expect("JSON");
    let flow = json!({"title": drawn["title"], "nodes": drawn["nodes"], "edges": drawn["edges"]});
    let flow = serving.made(&token, "/flow", flow);

    let root = format!("http://{}", serving.address);
    client(place.path(), &["setup", "--api-key", &token, "--api-root", &root, "--client-root", &root]);
    client(place.path(), &["check"]);
    let sites = client(place.path(), &["get-sites"]);
    assert!(sites.contains(&site), "{sites}");
    let flows = client(place.path(), &["get-flows"]);
    assert!(flows.contains(&flow) && flows.contains("Dual Step Flow"), "{flows}");

    let told = client(place.path(), &["run-flow", &site, &flow]);
    assert!(told.contains("flowrun completed") && told.contains("Passed"), "{told}");
    let (_, runs) = serving.ask("GET", "/v1/ops/flowrun", &token, None);
    assert_eq!((&runs["count"], &runs["results"][0]["status"]), (&json!(1), &json!("passed")), "{told}");
    let runs = client(place.path(), &["get-flowruns"]);
    assert!(runs.contains(&flow), "{runs}");
    assert_eq!(serving.ended("TERM"), Some(0));
}
