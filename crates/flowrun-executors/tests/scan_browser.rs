//! `scan` with a browser. Cargo alone passes these tests over, as they need Chromium; `cargo xtask test` runs them.
#![cfg(feature = "browser")]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod common;

use common::{NO_SECRETS, Ran, Secrets, guard, run};
use flowrun::{ObjectStatus, Outcome, Page, Site, Task};
use flowrun_browser::{BrowserPool, BrowserSettings};
use flowrun_executors::scan::{ScanExecutor, ScanSettings};
use flowrun_testkit::servers::{RawReply, RawRequest, RawServer};
use serde_json::{Value, json};

fn answer(status: &str, headers: &str, body: &str) -> RawReply {
    let length = body.len();
    RawReply::bytes(format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}"))
}

fn html(body: &str) -> RawReply {
    let document = format!("<!doctype html><html lang=en><title>Tést</title><body>{body}</body></html>");
    answer("200 OK", "content-type: text/html; charset=utf-8\r\n", &document)
}

fn pages(request: &RawRequest) -> RawReply {
    match request.path() {
        "/" => html(
            "<p id=made></p><script>console.error('x'); made.outerHTML = '<a href=/gone>Link</a>'</script>",
        ),
        "/locked" if !request.head.contains("Basic YWRhOmxvdmVsYWNlMTIz") => {
            answer("401 Unauthorized", "", "who are you?")
        }
        "/locked" => html("<script>console.log(document.cookie)</script>"),
        "/broken" => answer("501 Not Implemented", "", "no"),
        _ => answer("404 Not Found", "", "nothing"),
    }
}

async fn scan(server: &RawServer, paths: &[&str], data: Value, secrets: Secrets) -> Ran {
    let guard = guard(&[server.addr()]);
    let pool = BrowserPool::new(&guard, BrowserSettings::new().allow_unsandboxed(true));
    pool.settings().installed().unwrap_or_else(|missing| panic!("{missing}"));
    let executor = ScanExecutor::new(guard, ScanSettings::new()).browsers(pool);
    let page = |path: &&str| Page::new(&(server.url() + path)).with_id(*path);
    let site = paths.iter().map(page).fold(Site::new(server.url()).with_id("site"), Site::with_page);
    run(executor, Task::detached("1", "scan", data.to_string(), site).unwrap(), secrets).await
}

/// Waits for nothing but what a test needs.
fn data(components: &[&str], more: Value) -> Value {
    let mut configs = json!({"min_wait_time": 0, "interval": 0.05});
    configs.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"type": components, "configs": configs})
}

#[tokio::test]
#[ignore = "needs Chromium: cargo xtask tools"]
async fn a_page_is_looked_at_as_scripts_made_it() {
    let server = RawServer::start(pages).await.unwrap();
    let ran =
        scan(&server, &["/"], data(&["html", "logs", "images", "security"], json!({})), NO_SECRETS).await;
    let run_id = "00000000-0000-0000-0000-000000000000";
    let lines = ran.lines_without(&[(&server.url(), "SITE"), (&ran.order[0], "ID"), (run_id, "RUN")]);
    assert_eq!(
        lines,
        [
            "starting 1 scans for SITE | run_id: RUN",
            "starting html and logs component for SITE/ | scan_id: ID",
            "starting images component for SITE/ | scan_id: ID",
            "starting security component for SITE/ | scan_id: ID",
            "completed html and logs component for SITE/ | scan_id: ID",
            "completed images component for SITE/ | scan_id: ID",
            "completed security component for SITE/ | scan_id: ID",
            "finished running all scan components for SITE/ | scan_id: ID",
        ]
    );
    assert_eq!(ran.statuses[&ran.order[0]], [ObjectStatus::Working, ObjectStatus::Passed]);
    let facts = ran.facts[&ran.order[0]].attributes();
    assert_eq!(facts["engine"], "chromium");
    assert_eq!(facts["links"]["broken"][0]["url"], "/gone", "a link that a script made");
    let logs = facts["logs"].as_array().unwrap();
    assert_eq!(logs[0]["message"], "x");
    assert_eq!(
        (&logs[0]["level"], &logs[0]["source"], &logs[0]["line"]),
        (&json!("error"), &json!("console-api"), &json!(1))
    );
    assert_eq!((&facts["images"]["width"], &facts["images"]["height"]), (&json!(1920), &json!(1080)));
    assert!(facts["browser"]["product"].as_str().unwrap().contains("Chrome/"));
    assert_eq!(facts["browser"]["title"], "Tést");
    assert!(facts["security"]["scores"]["average"].is_number());
    assert!(facts["basic"]["score"].is_number());
}

#[tokio::test]
#[ignore = "needs Chromium: cargo xtask tools"]
async fn a_page_that_answers_badly_fails_with_the_reason() {
    let server = RawServer::start(pages).await.unwrap();
    let ran = scan(&server, &["/broken"], data(&["logs", "images"], json!({})), NO_SECRETS).await;
    let lines = ran.lines_without(&[(&server.url(), "SITE"), (&ran.order[0], "ID")]);
    assert_eq!(
        lines[3..],
        [
            "html and logs component failed for SITE/broken | scan_id: ID",
            "images component failed for SITE/broken | scan_id: ID",
            "could not scan SITE/broken: the page answers 501 | scan_id: ID",
            "finished running all scan components for SITE/broken | scan_id: ID",
        ]
    );
    let facts = ran.facts[&ran.order[0]].attributes();
    assert_eq!(
        (&facts["logs"], &facts["images"], &facts["score"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(ran.outcome, Outcome::done());
    assert_eq!(ran.status(), ObjectStatus::Failed);
}

#[tokio::test]
#[ignore = "needs Chromium: cargo xtask tools"]
async fn a_locked_page_is_opened_with_secrets_which_are_not_told() {
    let server = RawServer::start(pages).await.unwrap();
    let access = json!({
        "basic_auth": {"username": "ada", "password": "{{password}}"},
        "cookies": {"session": "{{cookie}}"},
        "headers": {"X-Key": "{{key}}"},
    });
    let secrets = Secrets(&[("password", "lovelace123"), ("cookie", "crumbs-of-it"), ("key", "key-to-it")]);
    let ran = scan(&server, &["/locked"], data(&["html", "logs"], access), secrets).await;
    assert_eq!(ran.status(), ObjectStatus::Passed);
    // Once by the browser, once by the plain fetch.
    let asked = server.received().into_iter().filter(|request| request.path() == "/locked");
    let asked: Vec<_> = asked.map(|request| request.head.to_lowercase()).collect();
    assert_eq!(asked.len(), 2);
    for head in asked {
        assert!(head.contains("cookie: session=crumbs-of-it") && head.contains("x-key: key-to-it"), "{head}");
        assert!(head.contains("flowrun/"), "{head}");
    }
    let facts = ran.facts[&ran.order[0]].attributes().to_string();
    assert!(!facts.contains("crumbs-of-it"), "{facts}");
}

#[tokio::test]
async fn a_browser_that_may_not_be_started_is_one_that_is_not_there() {
    let server = RawServer::start(pages).await.unwrap();
    let guard = guard(&[server.addr()]);
    let pool = BrowserPool::new(&guard, BrowserSettings::new().executable("/nowhere/chromium"));
    let executor = ScanExecutor::new(guard, ScanSettings::new()).browsers(pool);
    let site = Site::new(server.url() + "/");
    let data = data(&["html", "logs"], json!({})).to_string();
    let ran = run(executor, Task::detached("1", "scan", data, site).unwrap(), NO_SECRETS).await;
    let facts = ran.facts[&ran.order[0]].attributes();
    assert_eq!(facts["engine"], "http");
    assert_eq!(facts["components"], json!({"html": "completed", "logs": "failed"}));
    let why = "logs needs a browser that may be started: there is no browser at `/nowhere/chromium`";
    assert!(ran.lines.iter().any(|line| line == why), "{:?}", ran.lines);
}
