//! `slack` against a stand-in for Slack.
#![cfg(feature = "slack")]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{NO_SECRETS, Ran, Secrets, found, guard, in_flow, in_settings, run, task};
use flowrun::{DetachedRun, ErrorClass, NoSecrets, ObjectStatus, Outcome, TaskExecutor};
use flowrun_executors::slack::{SlackExecutor, SlackSettings};
use flowrun_testkit::servers::{SlackReply, SlackRoute, SlackSink};
use serde_json::json;

fn by_token(sink: &SlackSink) -> SlackSettings {
    SlackSettings::new().token("xoxb-secret").channel("C1").api_url(sink.api_url())
}

async fn send(sink: &SlackSink, settings: SlackSettings, objects: usize) -> Ran {
    let objects = vec![json!({"type": "scan", "score": 91.5}); objects];
    let task = task("slack", &json!({"message": "health is {{health}}"}), &objects);
    run(SlackExecutor::new(guard(&[sink.addr()]), settings), task, NO_SECRETS).await
}

#[tokio::test]
async fn each_object_is_one_message() {
    let sink = SlackSink::start().await.unwrap();
    let ran = send(&sink, by_token(&sink), 2).await;
    assert_eq!(ran.outcome, Outcome::done());
    assert_eq!(ran.lines, ["slack message sent successfully"; 2]);
    assert_eq!(ran.order, ["scan-1", "scan-2"]);
    assert_eq!(ran.statuses["scan-2"], [ObjectStatus::Passed]);
    let posts = sink.received();
    assert_eq!(posts.len(), 2);
    assert_eq!((posts[0].route, posts[0].token.as_deref()), (SlackRoute::Api, Some("xoxb-secret")));
    assert_eq!((posts[0].channel(), posts[0].text()), ("C1", "health is 91.5"));
}

#[tokio::test]
async fn an_incoming_webhook_needs_no_token() {
    let sink = SlackSink::start().await.unwrap();
    sink.script([SlackReply::Ok, SlackReply::Refused("no_service".into())]);
    let ran = send(&sink, SlackSettings::new().webhook_url(sink.webhook_url()), 2).await;
    assert_eq!(ran.lines, ["slack message sent successfully", "no_service"]);
    assert_eq!(ran.statuses["scan-1"], [ObjectStatus::Passed]);
    assert_eq!(ran.statuses["scan-2"], [ObjectStatus::Failed]);
    assert_eq!(sink.received()[0].route, SlackRoute::Webhook);
    assert_eq!(sink.received()[0].text(), "health is 91.5");
}

#[tokio::test]
async fn what_slack_refuses_fails_with_its_own_word() {
    let sink = SlackSink::start().await.unwrap();
    sink.script([SlackReply::Refused("channel_not_found".into())]);
    let ran = send(&sink, by_token(&sink), 1).await;
    assert_eq!((ran.status(), &ran.lines[..]), (ObjectStatus::Failed, &["channel_not_found".to_owned()][..]));
}

#[tokio::test]
async fn a_busy_slack_is_waited_for_within_the_limit() {
    let sink = SlackSink::start().await.unwrap();
    sink.script([SlackReply::RateLimited(0), SlackReply::RateLimited(0)]);
    let ran = send(&sink, by_token(&sink).least_wait(Duration::from_millis(1)), 1).await;
    assert_eq!((ran.status(), ran.lines.len(), sink.received().len()), (ObjectStatus::Passed, 1, 3));

    sink.script([SlackReply::RateLimited(3600)]);
    let ran = send(&sink, by_token(&sink), 1).await;
    assert_eq!(ran.status(), ObjectStatus::Failed);
    assert_eq!(ran.failure(), Some((ErrorClass::Transient, Some(Duration::from_secs(3600)))));
    assert_eq!(ran.lines, ["slack asks to wait 3600 s more, and messages wait 60 s at most"]);
}

#[tokio::test]
async fn a_slack_that_asks_for_no_wait_is_not_asked_for_ever() {
    let sink = SlackSink::start().await.unwrap();
    sink.script(vec![SlackReply::RateLimited(0); 100]);
    let settings = by_token(&sink).least_wait(Duration::from_millis(1));
    let ran = send(&sink, settings, 1).await;
    assert_eq!((ran.status(), sink.received().len()), (ObjectStatus::Failed, 100 - 90));
    assert!(matches!(ran.failure(), Some((ErrorClass::Transient, Some(_)))));
}

/// Posts one message and gives what came of it, with the answer 200 and this body.
async fn told(settings: impl Fn(&SlackSink) -> SlackSettings, body: &str) -> (Option<ErrorClass>, String) {
    let sink = SlackSink::start().await.unwrap();
    sink.script([SlackReply::Said(body.into())]);
    let ran = send(&sink, settings(&sink), 1).await;
    assert_eq!(sink.received().len(), 1);
    let class = match ran.status() {
        ObjectStatus::Passed => None,
        _ => Some(ran.failure().map_or(ErrorClass::Permanent, |(class, _)| class)),
    };
    (class, ran.lines.join("; "))
}

#[tokio::test]
async fn an_incoming_webhook_was_posted_when_it_says_so() {
    let by_webhook = |sink: &SlackSink| SlackSettings::new().webhook_url(sink.webhook_url());
    for body in ["ok", "ok\n", r#"{"ok":true}"#, r#"{"success":true}"#, r#"{"result":"success","msg":""}"#] {
        assert_eq!(told(by_webhook, body).await.0, None, "{body}");
    }
    let unreadable = "slack gave an answer that cannot be read; whether the message was posted is not known";
    for (body, class, line) in [
        ("no_service", ErrorClass::Permanent, "no_service"),
        ("invalid_token", ErrorClass::Permanent, "invalid_token"),
        (r#"{"ok":false,"error":"no_text"}"#, ErrorClass::Permanent, "no_text"),
        (r#"{"success":false,"error":"no_text"}"#, ErrorClass::Permanent, "no_text"),
        ("service_unavailable", ErrorClass::Transient, "service_unavailable"),
        ("", ErrorClass::Unknown, unreadable),
        ("{}", ErrorClass::Unknown, unreadable),
        ("<html>log in to the network</html>", ErrorClass::Unknown, unreadable),
    ] {
        assert_eq!(told(by_webhook, body).await, (Some(class), line.to_owned()), "{body}");
    }
}

#[tokio::test]
async fn a_refusal_says_what_is_missing_and_whether_it_may_pass() {
    for (body, class, line) in [
        (
            json!({"ok": false, "error": "missing_scope", "needed": "chat:write", "provided": "identify"}),
            ErrorClass::Permanent,
            "missing_scope (needed: chat:write; provided: identify)",
        ),
        (
            json!({"ok": false, "error": "invalid_arguments",
                "response_metadata": {"messages": ["[ERROR] missing required field: channel"]}}),
            ErrorClass::Permanent,
            "invalid_arguments ([ERROR] missing required field: channel)",
        ),
        (
            json!({"ok": false, "error": "invalid_blocks", "errors": ["no more than 50 items allowed"]}),
            ErrorClass::Permanent,
            "invalid_blocks (no more than 50 items allowed)",
        ),
        (json!({"ok": false, "error": "service_unavailable"}), ErrorClass::Transient, "service_unavailable"),
        (json!({"ok": false, "error": "team_added_to_org"}), ErrorClass::Transient, "team_added_to_org"),
        (
            json!({"ok": false, "error": "fatal_error"}),
            ErrorClass::Unknown,
            "fatal_error; whether the message was posted is not known",
        ),
        (json!({"ok": false}), ErrorClass::Permanent, "ok is false"),
    ] {
        assert_eq!(told(by_token, &body.to_string()).await, (Some(class), line.to_owned()), "{body}");
    }
}

#[tokio::test]
async fn a_limit_that_is_told_in_the_body_is_waited_for() {
    let sink = SlackSink::start().await.unwrap();
    let limited = json!({"ok": false, "error": "ratelimited"});
    sink.script([SlackReply::Later(limited.clone(), 0), SlackReply::Ok, SlackReply::Later(limited, 3600)]);
    let settings = || by_token(&sink).least_wait(Duration::from_millis(1));
    let ran = send(&sink, settings().longest_wait(Duration::from_secs(5)), 1).await;
    assert_eq!((ran.status(), sink.received().len()), (ObjectStatus::Passed, 2));
    let ran = send(&sink, settings(), 1).await;
    assert_eq!(ran.failure(), Some((ErrorClass::Transient, Some(Duration::from_secs(3600)))));
}

#[tokio::test]
async fn a_text_that_is_too_long_is_cut_with_a_mark() {
    let sink = SlackSink::start().await.unwrap();
    let task = task("slack", &json!({"message": "&".repeat(50_000)}), &[json!({"type": "scan"})]);
    let ran = run(SlackExecutor::new(guard(&[sink.addr()]), by_token(&sink)), task, NO_SECRETS).await;
    assert_eq!(ran.lines[0], "the message is longer than Slack takes: its end was cut");
    let posts = sink.received();
    assert!(posts[0].text().chars().count() <= 40_000 && posts[0].text().ends_with("… (cut)"));
}

#[tokio::test]
async fn answers_that_say_nothing_are_failures() {
    for (reply, line) in [
        (SlackReply::ServerError, "slack answers 500".to_owned()),
        (
            SlackReply::InvalidJson,
            "slack gave an answer that cannot be read; whether the message was posted is not known"
                .to_owned(),
        ),
    ] {
        let sink = SlackSink::start().await.unwrap();
        sink.script([reply]);
        let ran = send(&sink, by_token(&sink), 1).await;
        assert_eq!((ran.status(), &ran.lines[..]), (ObjectStatus::Failed, &[line][..]));
    }
}

#[tokio::test]
async fn silence_ends_at_the_time_limit_and_no_secret_is_told() {
    let sink = SlackSink::start().await.unwrap();
    sink.script([SlackReply::Hang, SlackReply::Hang]);
    let limit = Duration::from_millis(100);
    for settings in [by_token(&sink), SlackSettings::new().webhook_url(sink.webhook_url())] {
        let ran = send(&sink, settings.timeout(limit), 1).await;
        let line = format!("`{}` did not answer within 100 ms; whether it arrived is not known", sink.addr());
        assert_eq!((ran.status(), &ran.lines[..]), (ObjectStatus::Failed, &[line][..]));
    }
    let closed = SlackSettings::new().webhook_url("http://127.0.0.1:9/services/secret");
    let ran = send(&sink, closed.clone(), 1).await;
    assert_eq!(ran.status(), ObjectStatus::Failed);
    assert!(ran.lines[0].starts_with("refused to connect to `127.0.0.1:9`"), "{}", ran.lines[0]);
    assert!(!ran.lines[0].contains("secret") && !format!("{closed:?}").contains("secret"));
}

#[tokio::test]
async fn values_cannot_mention_anyone() {
    let sink = SlackSink::start().await.unwrap();
    let object = json!({"type": "issue", "id": "i", "title": "<!channel> & <@U1>"});
    let task = task("slack", &json!({"message": "<!here> {{issue_title}} {{team}}"}), &[object]);
    let executor = SlackExecutor::new(guard(&[sink.addr()]), by_token(&sink));
    run(executor, task, Secrets(&[("team", "the web team")])).await;
    assert_eq!(sink.received()[0].text(), "<!here> &lt;!channel&gt; &amp; &lt;@U1&gt; the web team");
}

#[tokio::test]
async fn a_stop_ends_the_waiting_and_decides_nothing() {
    let sink = SlackSink::start().await.unwrap();
    sink.script([SlackReply::RateLimited(50)]);
    let task = task("slack", &json!({"message": "m"}), &[json!({"type": "scan"})]);
    let mut detached = DetachedRun::new(&task, Arc::new(NoSecrets));
    let executor = Arc::new(SlackExecutor::new(guard(&[sink.addr()]), by_token(&sink)));
    let attempt = tokio::spawn(executor.execute(task, detached.context()));
    sink.arrived(1).await;
    detached.cancel();
    let Outcome::Failed(failure) = attempt.await.unwrap() else { panic!("it was stopped") };
    assert_eq!((failure.class, detached.reports().len()), (ErrorClass::Stopped, 0));
}

#[test]
fn a_missing_setting_is_named_before_anything_runs() {
    let check = |settings, data| found(&SlackExecutor::new(guard(&[]), settings), data);
    let some = r#"{"message": "m"}"#;
    let neither =
        "neither `FLOWRUN_SLACK_TOKEN` with `FLOWRUN_SLACK_CHANNEL` nor `FLOWRUN_SLACK_WEBHOOK_URL` is set";
    assert_eq!(check(SlackSettings::new(), some), [in_settings(neither)]);
    let no_channel = in_settings("`FLOWRUN_SLACK_CHANNEL` is not set");
    assert_eq!(check(SlackSettings::new().token("t"), some), [no_channel]);
    let no_token = in_settings("`FLOWRUN_SLACK_TOKEN` is not set");
    assert_eq!(check(SlackSettings::new().channel("c"), some), std::slice::from_ref(&no_token));
    let complete = SlackSettings::new().token("t").channel("c");
    let empty = in_flow("/data/message", "`message` is empty");
    assert_eq!(check(complete.clone(), r#"{"message": " "}"#), std::slice::from_ref(&empty));
    assert_eq!(check(SlackSettings::new().channel("c"), "{}"), [empty, no_token]);
    let twice = in_flow("/data/message", "`message` is given twice");
    assert_eq!(check(complete.clone(), r#"{"message": "a", "message": "b"}"#), [twice]);
    assert_eq!(check(complete, some), []);
}
