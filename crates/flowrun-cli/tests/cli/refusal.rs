//! Flows that are refused before anything runs.

use flowrun_testkit::servers::Website;

use crate::support::{Ended, Place, flow, sound};

/// Runs a flow that must be refused, and shows that nobody was asked anything.
async fn refused(text: String, more: &[&str]) -> Ended {
    let site = Website::start().await.expect("a port on loopback");
    let url = site.url();
    let ended = Place::new().run_with_input(&[&["run", "-", "--site", &url], more].concat(), text);
    assert_eq!((ended.code, ended.out.as_str()), (3, ""), "{ended:?}");
    assert_eq!(site.received(), []);
    ended
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_setting_is_named() {
    let ended = refused(sound(), &[]).await;
    insta::assert_snapshot!(ended.err);
    let half = refused(sound(), &["--slack-token", "xoxb-1"]).await;
    assert!(half.err.contains("FLOWRUN_SLACK_CHANNEL"), "{}", half.err);
    let mail = flow(&[("1", "scan", ""), ("2", "email", r#", "email": "a@b.example""#)], &[("1", "2")]);
    let ended = refused(mail, &[]).await;
    assert!(ended.err.contains("FLOWRUN_SMTP_URL"), "{}", ended.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_type_that_nobody_does_is_named() {
    let ended = refused(flow(&[("1", "case", "")], &[]), &[]).await;
    assert!(ended.err.contains("`case`"), "{}", ended.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cycle_is_refused() {
    let text = flow(&[("1", "scan", ""), ("2", "scan", "")], &[("1", "2"), ("2", "1")]);
    assert!(refused(text, &[]).await.err.contains("plan.cycle"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_is_refused() {
    assert!(refused("{".to_owned(), &[]).await.err.contains("json.syntax"));
}

#[test]
fn a_flow_that_is_not_there_is_not_found() {
    let ended = Place::new().run(&["run", "nowhere.json", "--site", "http://127.0.0.1:1"]);
    assert_eq!((ended.code, ended.out.as_str()), (4, ""), "{ended:?}");
}
