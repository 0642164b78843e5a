//! How `scan` reads what a server sends: encodings and character sets, against a real server.
#![cfg(feature = "scan")]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod common;

use common::{NO_SECRETS, Ran, guard, run};
use flowrun::{Page, Site, Task};
use flowrun_executors::scan::{ScanExecutor, ScanSettings};
use flowrun_testkit::servers::{ScriptedSite, SiteReply};

/// Scans the one page at `/` for its source.
async fn scan(site: &ScriptedSite) -> Ran {
    let page = Page::new(&site.page("/")).with_id("page");
    let task = Task::detached("1", "scan", r#"{"type":["html"]}"#, Site::new(&site.url()).with_page(page));
    run(ScanExecutor::new(guard(&[site.addr()]), ScanSettings::new()), task.unwrap(), NO_SECRETS).await
}

/// The title of the page that is served as `reply`, or the line that says why there is none.
async fn title(reply: SiteReply) -> String {
    let site = ScriptedSite::start().await.unwrap();
    site.answers("/", [reply]);
    let ran = scan(&site).await;
    let facts = ran.facts[&ran.order[0]].attributes();
    if let Some(title) = facts["http"]["title"].as_str() {
        return title.to_owned();
    }
    let line = ran.lines.iter().find(|line| line.starts_with("could not scan"));
    line.unwrap().replace(&site.addr().to_string(), "HOST").split(" | ").next().unwrap().to_owned()
}

#[tokio::test]
async fn a_plain_page_is_read_whatever_encoding_it_claims() {
    for claimed in ["none", "utf-8", "br", "identity", "none, text/html", ""] {
        let page = SiteReply::html("<title>plain</title>").header("content-encoding", claimed);
        assert_eq!(title(page).await, "plain", "{claimed}");
    }
}

#[tokio::test]
async fn a_page_that_cannot_be_read_says_so() {
    let binary = SiteReply::html(&b"\x0b\x02\x80hello\x03"[..]).header("content-encoding", "br");
    assert_eq!(
        title(binary).await,
        "could not scan http://HOST/: `HOST` sent a body that does not decode as `br`: the encoding is not \
         known, and the body is not text without it"
    );
    let cut = SiteReply::html(&b"\x1f\x8b\x08"[..]).header("content-encoding", "gzip");
    assert!(title(cut).await.starts_with("could not scan http://HOST/: `HOST` sent a body that does not"));
}
