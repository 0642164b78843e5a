//! Pages that cannot be read this time: another attempt reads them, and them alone.

use std::time::Duration;

use flowrun::{
    Engine, ErrorClass, Flow, ObjectEntry, ObjectStatus, Page, RunRequest, RunStatus, Site, TaskObject,
};
use flowrun_executors::scan::{ScanExecutor, ScanSettings};
use flowrun_testkit::servers::{ScriptedSite, SiteReply};

use super::common::{NO_SECRETS, guard, run};
use super::{scan, scan_with, task};

/// Runs a flow of one scan of `/done` and `/busy` with so many retries.
async fn run_with(retries: u32, site: &ScriptedSite) -> (RunStatus, Vec<ObjectStatus>) {
    let executor = ScanExecutor::new(guard(&[site.addr()]), ScanSettings::new());
    let engine = Engine::builder().executor("scan", executor).build().unwrap();
    let configs = format!(r#"{{"retries": {retries}, "retry_wait": 0.001}}"#);
    let flow = format!(
        r#"{{"nodes": [{{"id": "1", "data": {{"task_type": "scan", "type": ["html"], "configs": {configs}}}}}],
            "edges": []}}"#
    );
    let page = |path: &str| Page::new(site.page(path)).with_id(path);
    let pages = Site::new(site.url()).with_page(page("/done")).with_page(page("/busy"));
    let request = RunRequest::new(Flow::from_json(flow).unwrap(), pages);
    let ended = engine.start(request).await.unwrap().result().await.unwrap();
    let objects: Vec<ObjectEntry> = ended.node("1").unwrap().objects.to_vec();
    (ended.status(), objects.iter().map(|object| object.status).collect())
}

#[tokio::test]
async fn a_page_that_is_busy_is_read_again_and_no_other() {
    let not_now = [
        SiteReply::status(503),
        SiteReply::status(429),
        SiteReply::status(408),
        SiteReply::status(425),
        SiteReply::close(),
    ];
    for reply in not_now {
        let site = ScriptedSite::start().await.unwrap();
        site.answers("/done", [SiteReply::html("<p>done")]);
        // A connection that is closed is tried once more by whoever sends.
        let busy = vec![reply.clone(); if format!("{reply:?}").starts_with("0") { 4 } else { 2 }];
        site.answers("/busy", busy.into_iter().chain([SiteReply::html("<p>there")]));
        let (status, objects) = run_with(2, &site).await;
        assert_eq!((status, objects), (RunStatus::Passed, vec![ObjectStatus::Passed; 2]), "{reply:?}");
        assert_eq!(site.asked("GET", "/done"), 1, "{reply:?}");
    }
}

#[tokio::test]
async fn without_retries_or_with_too_few_the_page_has_failed() {
    for (retries, asked) in [(0, 1), (1, 2)] {
        let site = ScriptedSite::start().await.unwrap();
        site.answers("/done", [SiteReply::html("<p>done")]);
        site.answers("/busy", [SiteReply::status(503)]);
        let (status, objects) = run_with(retries, &site).await;
        assert_eq!((status, objects), (RunStatus::Failed, vec![ObjectStatus::Passed, ObjectStatus::Failed]));
        assert_eq!((site.asked("GET", "/busy"), site.asked("GET", "/done")), (asked, 1));
    }
}

#[tokio::test]
async fn what_would_be_the_same_next_time_is_not_read_again() {
    for reply in [SiteReply::status(404), SiteReply::status(501), SiteReply::redirect("/busy")] {
        let site = ScriptedSite::start().await.unwrap();
        site.answers("/done", [SiteReply::html("<p>done")]);
        site.answers("/busy", [reply.clone()]);
        let (status, _) = run_with(5, &site).await;
        assert_eq!(status, RunStatus::Failed);
        assert!(site.asked("GET", "/busy") <= 6, "{reply:?}");
    }
}

#[tokio::test]
async fn the_server_says_how_long_to_wait() {
    let site = ScriptedSite::start().await.unwrap();
    site.answers("/", [SiteReply::status(503).header("retry-after", "120")]);
    let ran = scan(&site).await;
    assert_eq!(ran.failure(), Some((ErrorClass::Partial, Some(Duration::from_secs(120)))));
    assert_eq!(ran.status(), ObjectStatus::Working);
    let settings = ScanSettings::new().fetch_limit(Duration::from_millis(1));
    assert_eq!(scan_with(&site, settings).await.failure().map(|(class, _)| class), Some(ErrorClass::Partial));
}

#[tokio::test]
async fn where_a_tool_is_missing_no_attempt_would_help() {
    let site = ScriptedSite::start().await.unwrap();
    site.answers("/", [SiteReply::status(503)]);
    let page = Site::new(site.url()).with_page(Page::new(site.page("/")));
    let task = flowrun::Task::detached("1", "scan", r#"{"type":["html","vrt"]}"#, page).unwrap();
    let ran = run(ScanExecutor::new(guard(&[site.addr()]), ScanSettings::new()), task, NO_SECRETS).await;
    assert_eq!((ran.failure(), ran.status()), (None, ObjectStatus::Failed));
}

#[tokio::test]
async fn an_attempt_that_goes_on_leaves_what_is_done() {
    let site = ScriptedSite::start().await.unwrap();
    site.answers("/", [SiteReply::html("<p>x")]);
    let first = scan(&site).await;
    let entry = first.entries[&first.order[0]].clone();
    assert_eq!(entry.status, ObjectStatus::Passed);
    let again = task(&site.page("/")).with_objects([TaskObject { entry, facts: None }]);
    let second = run(ScanExecutor::new(guard(&[site.addr()]), ScanSettings::new()), again, NO_SECRETS).await;
    assert!(second.order.is_empty(), "{:?}", second.order);
    assert_eq!(site.asked("GET", "/"), 1);
}
