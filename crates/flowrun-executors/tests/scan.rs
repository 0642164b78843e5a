//! `scan` against the test website.
#![cfg(feature = "scan")]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{NO_SECRETS, Ran, found, guard, in_flow, run};
use flowrun::{
    DetachedRun, ErrorClass, NoSecrets, ObjectStatus, Outcome, Page, Report, Site, Task, TaskExecutor,
};
use flowrun_executors::scan::{MissingTool, ScanExecutor, ScanSettings};
use flowrun_testkit::servers::{Component, Website};
use serde_json::{Value, json};

const HTTP_COMPONENTS: &str = r#"{"type":["html","security"]}"#;

fn task(website: &Website, paths: &[&str], data: &str) -> Task {
    let site = Site::new(website.url()).with_id("site");
    let page = |path: &&str| Page::new(website.page(path)).with_id(format!("page {path}"));
    let site = paths.iter().map(page).fold(site, Site::with_page);
    Task::detached("1", "scan", data, site).unwrap()
}

async fn scan(website: &Website, paths: &[&str], data: &str, settings: ScanSettings) -> Ran {
    let executor = ScanExecutor::new(guard(&[website.addr()]), settings);
    run(executor, task(website, paths, data), NO_SECRETS).await
}

/// Names of the audits that found something, with their component, sorted.
fn findings(facts: &Value) -> Vec<(Component, String)> {
    let found = |component: Component, audits: &Value| {
        let audits = audits.as_array().unwrap().clone();
        audits
            .into_iter()
            .filter(|audit| matches!(audit["verdict"].as_str(), Some("warning" | "fail")))
            .map(move |audit| (component, audit["name"].as_str().unwrap().to_owned()))
    };
    let mut all: Vec<_> = found(Component::Basic, &facts["basic"]["audits"]).collect();
    for category in facts["security"]["audits"].as_object().unwrap().values() {
        all.extend(found(Component::Security, category));
    }
    all.sort();
    all
}

#[tokio::test]
async fn every_known_defect_is_found_and_nothing_else() {
    let website = Website::start().await.unwrap();
    let paths: Vec<&str> = Website::pages().iter().map(|page| page.path).collect();
    let ran = scan(&website, &paths, HTTP_COMPONENTS, ScanSettings::new()).await;
    assert_eq!(ran.outcome, Outcome::done());
    assert_eq!(ran.order.len(), paths.len());
    for (page, id) in Website::pages().iter().zip(&ran.order) {
        let facts = ran.facts[id].attributes();
        let known: Vec<_> =
            page.defects.iter().map(|defect| (defect.component, defect.audit.to_owned())).collect();
        assert_eq!(findings(facts), known, "{}", page.path);
        let mut broken: Vec<_> =
            facts["links"]["broken"].as_array().unwrap().iter().map(|l| &l["url"]).collect();
        broken.sort_by_key(|url| url.as_str());
        assert_eq!(broken, page.broken_links, "{}", page.path);
        assert_eq!(facts["links"]["counts"]["not_checked"], 0, "{}", page.path);
    }
}

#[tokio::test]
async fn a_page_is_told_about_line_by_line() {
    let website = Website::start().await.unwrap();
    let ran = scan(&website, &["/good"], HTTP_COMPONENTS, ScanSettings::new()).await;
    let run_id = "00000000-0000-0000-0000-000000000000";
    let lines = ran.lines_without(&[(&website.url(), "SITE"), (&ran.order[0], "ID"), (run_id, "RUN")]);
    assert_eq!(
        lines,
        [
            "starting 1 scans for SITE | run_id: RUN",
            "starting html and logs component for SITE/good | scan_id: ID",
            "starting security component for SITE/good | scan_id: ID",
            "completed html and logs component for SITE/good | scan_id: ID",
            "completed security component for SITE/good | scan_id: ID",
            "finished running all scan components for SITE/good | scan_id: ID",
        ]
    );
    assert_eq!(ran.statuses[&ran.order[0]], [ObjectStatus::Working, ObjectStatus::Passed]);
}

#[tokio::test]
async fn facts_carry_what_conditions_read() {
    let website = Website::start().await.unwrap();
    let ran = scan(&website, &["/good"], HTTP_COMPONENTS, ScanSettings::new()).await;
    let facts = ran.facts[&ran.order[0]].attributes();
    // 7 audits of transport, of which two are measured and failed, and HSTS, which counts for nothing over http;
    // everything else that applies passed.
    let scores = json!({
        "transport": 0.0, "browser": 90.0, "scripts": 100.0, "forms": null, "compliance": 100.0,
        "average": 61.76
    });
    assert_eq!(facts["security"]["scores"], scores);
    assert_eq!(facts["score"], 61.76);
    assert_eq!(facts["basic"]["score"], 100.0);
    for (pointer, value) in [
        ("/type", json!("scan")),
        ("/id", json!(ran.order[0])),
        ("/page", json!({"id": "page /good", "page_url": website.page("/good")})),
        ("/site", json!({"id": "site", "site_url": website.url()})),
        ("/lighthouse", Value::Null),
        ("/logs", Value::Null),
        ("/engine", json!("http")),
        ("/components", json!({"html": "completed", "security": "completed"})),
        ("/http/status", json!(200)),
        ("/http/title", json!("Good – flowrun test website")),
        ("/http/content_type", json!("text/html; charset=utf-8")),
    ] {
        assert_eq!(facts.pointer(pointer), Some(&value), "{pointer}");
    }
}

#[tokio::test]
async fn ids_are_the_same_in_every_attempt() {
    let website = Website::start().await.unwrap();
    let one = scan(&website, &["/", "/good"], HTTP_COMPONENTS, ScanSettings::new()).await;
    let two = scan(&website, &["/", "/good"], HTTP_COMPONENTS, ScanSettings::new()).await;
    assert_eq!(one.order, two.order);
    assert_ne!(one.order[0], one.order[1]);
}

#[tokio::test]
async fn without_a_browser_its_components_fail_and_say_what_to_install() {
    let website = Website::start().await.unwrap();
    let ran =
        scan(&website, &["/good"], r#"{"type":["html","vrt","lighthouse"]}"#, ScanSettings::new()).await;
    assert_eq!(ran.status(), ObjectStatus::Failed);
    let lines = ran.lines_without(&[(&website.url(), "SITE"), (&ran.order[0], "ID")]);
    assert_eq!(
        lines[2..7],
        [
            "completed html and logs component for SITE/good | scan_id: ID",
            "images component failed for SITE/good | scan_id: ID",
            "images needs a Chromium browser: apt-get install -y --no-install-recommends \
             chromium-headless-shell fonts-liberation",
            "lighthouse component failed for SITE/good | scan_id: ID",
            "lighthouse needs Lighthouse on Node 22: npm i lighthouse@13 node@22",
        ]
    );
    let facts = ran.facts[&ran.order[0]].attributes();
    let components = json!({"html": "completed", "images": "failed", "lighthouse": "failed"});
    assert_eq!(facts["components"], components);
}

#[tokio::test]
async fn what_is_skipped_is_said_to_be_skipped_and_scores_nothing() {
    let website = Website::start().await.unwrap();
    let settings = ScanSettings::new().missing_tool(MissingTool::Skip);
    let ran = scan(&website, &["/good"], r#"{"type":["logs","yellowlab","nonsense"]}"#, settings).await;
    assert_eq!(ran.status(), ObjectStatus::Passed);
    let lines = ran.lines_without(&[(&website.url(), "SITE"), (&ran.order[0], "ID")]);
    assert_eq!(lines[0], "unknown scan component `nonsense`");
    assert!(
        lines[2].starts_with("skipped logs component for SITE/good: it needs a Chromium browser: apt-get")
    );
    assert!(lines[3].contains("npm i --ignore-scripts yellowlabtools@3.0.1"), "{}", lines[3]);
    assert!(lines.iter().all(|line| !line.starts_with("completed")), "{lines:?}");
    let facts = ran.facts[&ran.order[0]].attributes();
    assert_eq!(facts["components"], json!({"logs": "skipped", "yellowlab": "skipped"}));
    assert_eq!((&facts["score"], &facts["logs"]), (&Value::Null, &Value::Null));
    assert_eq!(website.received(), []);
}

#[tokio::test]
async fn a_page_that_cannot_be_read_fails_with_the_reason_and_the_others_go_on() {
    let website = Website::start().await.unwrap();
    let paths = [
        "/loop",
        "/redir-private",
        "/hang",
        "/stall",
        "/big",
        "/missing",
        "/api/500",
        "/robots.txt",
        "/good",
    ];
    let settings = ScanSettings::new().fetch_limit(Duration::from_millis(300)).document_bytes(1 << 20);
    let ran = scan(&website, &paths, HTTP_COMPONENTS, settings).await;
    // Some of them may be read by another attempt; the others are decided.
    assert_eq!(ran.failure(), Some((ErrorClass::Partial, None)));
    let host = website.addr().to_string();
    let reason = |path: &str| {
        let start = format!("could not scan {}: ", website.page(path));
        let line = ran.lines.iter().find_map(|line| line.strip_prefix(&start)).unwrap();
        line.split(" | ").next().unwrap().replace(&host, "HOST")
    };
    for (path, expected) in [
        ("/loop", "`HOST` redirects more than 5 times"),
        (
            "/redir-private",
            "refused to connect to `169.254.169.254:80`: 169.254.169.254 is no public address (link-local); \
             --allow-host 169.254.169.254:80 allows it",
        ),
        ("/hang", "`HOST` did not answer within 300 ms"),
        ("/stall", "`HOST` did not answer within 300 ms"),
        ("/big", "the page is larger than 1048576 bytes"),
        ("/missing", "the page answers 404"),
        ("/api/500", "the page answers 500"),
        ("/robots.txt", "the page is `text/plain; charset=utf-8`, not HTML"),
    ] {
        assert_eq!(reason(path), expected, "{path}");
    }
    for (id, path) in ran.order.iter().zip(paths) {
        let expected = match path {
            "/good" => ObjectStatus::Passed,
            "/hang" | "/stall" | "/api/500" => ObjectStatus::Working,
            _ => ObjectStatus::Failed,
        };
        assert_eq!(ran.statuses[id].last(), Some(&expected), "{path}");
        let facts = ran.facts[id].attributes();
        assert_eq!(facts["page"]["page_url"], website.page(path));
        assert_eq!(facts["http"].is_null(), path != "/good");
    }
}

#[tokio::test]
async fn a_closed_port_and_a_page_inside_the_network_fail() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let website = Website::start().await.unwrap();
    let site = Site::new(format!("http://{closed}")).with_page(Page::new(format!("http://{closed}/")));
    let site = site.with_page(Page::new(website.page("/good"))).with_page(Page::new("not an address"));
    let task = Task::detached("1", "scan", HTTP_COMPONENTS, site).unwrap();
    let ran = run(ScanExecutor::new(guard(&[closed]), ScanSettings::new()), task, NO_SECRETS).await;
    let mut reasons: Vec<_> = ran.lines.iter().filter(|line| line.starts_with("could not scan")).collect();
    reasons.sort();
    assert!(reasons.iter().any(|line| line.contains(&format!("could not connect to `{closed}`: "))));
    assert!(reasons.iter().any(|line| line.contains("is no public address (loopback); --allow-host")));
    assert!(reasons.iter().any(|line| line.contains("the address is not a URL")));
    assert_eq!(website.received(), []);
}

#[tokio::test]
async fn redirects_on_the_way_to_a_page_are_recorded() {
    let website = Website::start().await.unwrap();
    let ran = scan(&website, &["/redir/2"], HTTP_COMPONENTS, ScanSettings::new()).await;
    assert_eq!(ran.status(), ObjectStatus::Passed);
    let http = &ran.facts[&ran.order[0]].attributes()["http"];
    assert_eq!(http["final_url"], website.page("/good"));
    assert_eq!(
        http["redirects"],
        json!([
            {"from": website.page("/redir/2"), "status": 307},
            {"from": website.page("/redir/1"), "status": 307},
            {"from": website.page("/redir"), "status": 302}
        ])
    );
}

#[tokio::test]
async fn each_link_is_asked_for_once_per_node() {
    let website = Website::start().await.unwrap();
    scan(&website, &["/", "/good", "/about"], HTTP_COMPONENTS, ScanSettings::new()).await;
    let asked =
        |path| website.received().iter().filter(|visit| visit.method == "HEAD" && visit.path == path).count();
    assert_eq!((asked("/privacy"), asked("/style.css"), asked("/robots.txt")), (1, 1, 1));
}

#[tokio::test]
async fn a_scan_that_is_told_to_stop_stops() {
    let website = Website::start().await.unwrap();
    let task = task(&website, &["/hang"], HTTP_COMPONENTS);
    let mut detached = DetachedRun::new(&task, Arc::new(NoSecrets));
    let executor = Arc::new(ScanExecutor::new(guard(&[website.addr()]), ScanSettings::new()));
    let attempt = tokio::spawn(executor.execute(task, detached.context()));
    website.arrived(1).await;
    detached.cancel();
    let Outcome::Failed(failure) = attempt.await.unwrap() else { panic!("it was stopped") };
    assert_eq!(failure.class, ErrorClass::Stopped);
    assert!(
        detached
            .reports()
            .iter()
            .all(|report| !matches!(report, Report::Log(line) if line.contains("finished")))
    );
}

#[test]
fn a_node_that_asks_for_nothing_is_refused_before_anything_runs() {
    let executor = ScanExecutor::new(guard(&[]), ScanSettings::new());
    assert_eq!(found(&executor, "{}"), []);
    assert_eq!(
        found(&executor, r#"{"type":[]}"#),
        [in_flow("/data/type", "`type` names no component of a scan")]
    );
    assert_eq!(
        found(&executor, r#"{"type":["html","htlm"]}"#),
        [in_flow("/data/type/1", "a scan has no component `htlm`")]
    );
}
