//! Runs that do not come to their own end.
#![cfg(unix)]

use std::process::{Child, Command, Stdio};

use flowrun_testkit::servers::Website;

use crate::support::{Place, flow};

fn scan() -> String {
    flow(&[("1", "scan", r#", "type": ["html"]"#)], &[])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_takes_too_long_is_stopped() {
    let site = Website::start().await.unwrap();
    let args = ["run", "-", "--site", &site.url(), "--page", "/hang", "--timeout", "0.2"];
    let ended = Place::new().run_with_input(&args, scan());
    assert_eq!(ended.code, 5, "{ended:?}");
    assert!(ended.err.contains("timed out") && ended.out.contains("failed"), "{ended:?}");
}

/// Starts a run that hangs, sends it a signal once it hangs, and gives its exit code and its output.
async fn signalled(signal: &str) -> (Option<i32>, String) {
    let site = Website::start().await.expect("a port on loopback");
    let place = Place::new();
    place.file("flow.json", scan());
    let mut command = Command::new(env!("CARGO_BIN_EXE_flowrun"));
    command.args(["run", "flow.json", "--site", &site.url(), "--page", "/hang", "--json"]);
    command
        .current_dir(place.path())
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let child: Child = command.spawn().expect("the binary starts");
    site.arrived(1).await;
    let kill = format!("kill -{signal} {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().expect("a shell").success());
    let ended = tokio::task::spawn_blocking(|| child.wait_with_output()).await;
    let ended = ended.expect("waiting does not panic").expect("the binary ends");
    (ended.status.code(), String::from_utf8_lossy(&ended.stdout).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_cancels_the_run_and_its_result_is_printed() {
    let (code, out) = signalled("INT").await;
    assert_eq!(code, Some(130));
    let run: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(run["status"], "cancelled");
    assert!(out.contains("CANCELLED"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_to_terminate_cancels_the_run() {
    assert_eq!(signalled("TERM").await.0, Some(5));
}
