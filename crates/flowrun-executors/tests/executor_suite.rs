//! The executors keep what an engine relies on, against real servers on loopback.
#![cfg(all(feature = "email", feature = "scan", feature = "slack", feature = "webhook"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::net::SocketAddr;

use flowrun::{Page, Site, TaskExecutor};
use flowrun_executors::email::{EmailExecutor, EmailSettings};
use flowrun_executors::scan::{ScanExecutor, ScanSettings};
use flowrun_executors::slack::{SlackExecutor, SlackSettings};
use flowrun_executors::webhook::{WebhookExecutor, WebhookSettings};
use flowrun_guard::{Endpoint, Guard};
use flowrun_testkit::executor_suite::{ExecutorSuite, Verdict};
use flowrun_testkit::servers::{SlackSink, SmtpSink, WebhookSink, Website};
use serde_json::{Value, json};

const SECRET: &str = "a-value-that-nobody-knows";

fn guard(addresses: &[SocketAddr]) -> Guard {
    let endpoint = |address: &SocketAddr| address.to_string().parse::<Endpoint>().unwrap();
    addresses.iter().fold(Guard::builder(), |builder, one| builder.allow(endpoint(one))).build().unwrap()
}

/// An address where nobody listens.
async fn closed() -> SocketAddr {
    tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap()
}

fn suite<E: TaskExecutor>(task_type: &str, data: Value, make: impl Fn() -> E + 'static) -> ExecutorSuite {
    ExecutorSuite::new(task_type, make).data(data).secret("key", SECRET)
}

/// Fails unless every promise is kept and enough of them were looked at.
async fn keeps(suite: ExecutorSuite, judged: usize) {
    let verdict = suite.run().await;
    verdict.assert();
    let not_judged = verdict.checks.iter().filter(|(_, one)| matches!(one, Verdict::NotJudged(_))).count();
    assert!(verdict.checks.len() - not_judged >= judged, "{verdict}");
}

#[tokio::test]
async fn webhook_keeps_every_promise() {
    let sink = WebhookSink::start().await.unwrap();
    let closed = closed().await;
    let data = |uri: String| json!({"request_type": "POST", "uri": uri, "payload": {"key": "{{key}}"}});
    let open = guard(&[sink.addr(), closed]);
    let make = move || WebhookExecutor::new(open.clone(), WebhookSettings::new());
    let suite = suite("webhook", data(sink.url()), make)
        .bad_data(json!({"request_type": "POST"}))
        .failing_data(data(format!("http://{closed}")))
        .effects(move || {
            let key = |request: &flowrun_testkit::servers::WebhookRequest| {
                request.header("idempotency-key").unwrap_or_default().to_owned()
            };
            sink.received().iter().map(key).collect()
        });
    keeps(suite, 26).await;
}

#[tokio::test]
async fn slack_keeps_every_promise() {
    let sink = SlackSink::start().await.unwrap();
    let settings = SlackSettings::new().token(SECRET).channel("C1").api_url(sink.api_url());
    let open = guard(&[sink.addr()]);
    let make = move || SlackExecutor::new(open.clone(), settings.clone());
    let suite = suite("slack", json!({"message": "{{key}} {{health}}"}), make).bad_data(json!({}));
    keeps(suite, 22).await;
}

#[tokio::test]
async fn email_keeps_every_promise() {
    let sink = SmtpSink::start().await.unwrap();
    let settings = EmailSettings::new().smtp_url(sink.url()).from("Flows <flows@a.example>");
    let open = guard(&[sink.addr()]);
    let make = move || EmailExecutor::new(open.clone(), settings.clone());
    let mail = |to: &str| json!({"email": to, "subject": "hello", "message": "{{key}} {{health}}"});
    let suite = suite("email", mail("one@b.example"), make).bad_data(json!({"subject": "hello"})).effects(
        move || {
            let id = |mail: &flowrun_testkit::servers::Mail| mail.header("message-id").unwrap_or_default();
            sink.received().iter().map(id).collect()
        },
    );
    keeps(suite, 24).await;
}

#[tokio::test]
async fn scan_keeps_every_promise() {
    let website = Website::start().await.unwrap();
    let paths = Website::pages().iter().take(2).map(|page| website.page(page.path));
    let site = paths.fold(Site::new(website.url()), |site, url| site.with_page(Page::new(&url)));
    let open = guard(&[website.addr()]);
    let make = move || ScanExecutor::new(open.clone(), ScanSettings::new());
    let suite = suite("scan", json!({"type": ["html", "security"]}), make)
        .bad_data(json!({"type": "html"}))
        .site(site);
    keeps(suite, 20).await;
}
