//! `scan` against websites whose every answer is written by the test.
#![cfg(feature = "scan")]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod audits;
#[path = "../common/mod.rs"]
mod common;
mod discover;
mod links;
mod reading;
mod retries;
mod tls;

use common::{NO_SECRETS, Ran, guard, run};
use flowrun::{Page, Site, Task};
use flowrun_executors::scan::{ScanExecutor, ScanSettings};
use flowrun_testkit::servers::ScriptedSite;
use serde_json::Value;

/// Scans the one page at `/`.
async fn scan(site: &ScriptedSite) -> Ran {
    scan_with(site, ScanSettings::new()).await
}

async fn scan_with(site: &ScriptedSite, settings: ScanSettings) -> Ran {
    run(ScanExecutor::new(guard(&[site.addr()]), settings), task(&site.page("/")), NO_SECRETS).await
}

fn task(url: &str) -> Task {
    let site = Site::new(url).with_page(Page::new(url).with_id("page"));
    Task::detached("1", "scan", r#"{"type":["html","security"]}"#, site).unwrap()
}

/// What was found out about the one page.
fn facts(ran: &Ran) -> &Value {
    ran.facts[&ran.order[0]].attributes()
}

/// Why the page could not be scanned, without its address.
fn reason(ran: &Ran, site: &ScriptedSite) -> String {
    let line = ran.lines.iter().find_map(|line| line.strip_prefix("could not scan "));
    let line = line.unwrap_or_else(|| panic!("{:?}", ran.lines)).replace(&site.addr().to_string(), "HOST");
    let reason = line.split_once(": ").unwrap().1;
    reason.split(" | ").next().unwrap().to_owned()
}
