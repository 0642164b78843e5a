//! `scan` with a place for what it brings home: each scan is compared with the one before.

#![cfg(feature = "scan")]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod common;

use common::{NO_SECRETS, Ran, guard, run};
use flowrun::{ObjectStatus, Page, Site, Task};
use flowrun_artefacts::Artefacts;
use flowrun_executors::scan::{ScanExecutor, ScanSettings};
use flowrun_testkit::servers::{RawReply, RawServer, Website};
use serde_json::{Value, json};

const LIMIT: u64 = 1 << 30;

fn task(url: &str, data: &Value) -> Task {
    let site = Site::new(url).with_id("site").with_page(Page::new(url).with_id("page"));
    Task::detached("1", "scan", data.to_string(), site).unwrap()
}

fn only_facts(ran: &Ran) -> &Value {
    ran.facts[&ran.order[0]].attributes()
}

#[tokio::test]
async fn the_first_scan_has_no_deltas_and_the_next_one_those_of_its_scores() {
    let server = RawServer::start(|request| {
        let policy =
            if request.path() == "/safe" { "content-security-policy: default-src 'self'\r\n" } else { "" };
        RawReply::bytes(format!(
            "HTTP/1.1 200 OK\r\n{policy}content-type: text/html\r\ncontent-length: 3\r\n\r\nabc"
        ))
    });
    let server = server.await.unwrap();
    let artefacts = Artefacts::temporary(LIMIT).unwrap();
    let scan = async |path: &str| {
        let executor = ScanExecutor::new(guard(&[server.addr()]), ScanSettings::new());
        let executor = executor.artefacts(artefacts.clone());
        run(executor, task(&(server.url() + path), &json!({"type": ["security"]})), NO_SECRETS).await
    };
    let first = scan("/").await;
    assert_eq!(only_facts(&first).get("security_delta"), None);
    let second = scan("/").await;
    let delta = &only_facts(&second)["security_delta"]["scores"];
    assert_eq!(delta["transport_delta"], 0.0);
    assert_eq!(delta["current_average"], only_facts(&second)["security"]["scores"]["average"]);
    // Another page is another story.
    assert_eq!(only_facts(&scan("/safe").await).get("security_delta"), None);
}

#[cfg(feature = "browser")]
mod browser {
    use flowrun_browser::{BrowserPool, BrowserSettings};
    use flowrun_guard::Guard;

    use super::*;

    fn executor(guard: Guard, artefacts: &Artefacts) -> ScanExecutor {
        let pool = BrowserPool::new(&guard, BrowserSettings::new().allow_unsandboxed(true));
        pool.settings().installed().unwrap_or_else(|missing| panic!("{missing}"));
        ScanExecutor::new(guard, ScanSettings::new()).browsers(pool).artefacts(artefacts.clone())
    }

    fn pictured() -> Value {
        json!({"type": ["vrt"], "configs": {"min_wait_time": 0, "interval": 0.05, "window_size": "1280,900"}})
    }

    /// The memory of a page under the address of another version, as if the page had become that version.
    fn as_if_it_had_been(artefacts: &Artefacts, plain: &str, url: &str) {
        let mut memory =
            artefacts.pages().unwrap().into_iter().find(|memory| memory.page.url == plain).unwrap();
        url.clone_into(&mut memory.page.url);
        artefacts.remember(&memory).unwrap();
    }

    #[tokio::test]
    #[ignore = "needs Chromium: cargo xtask tools"]
    async fn every_version_of_the_shop_that_is_a_change_raises_the_alarm_and_no_other() {
        let site = Website::start().await.unwrap();
        let artefacts = Artefacts::temporary(LIMIT).unwrap();
        let scan = async |path: &str| {
            let executor = executor(guard(&[site.addr()]), &artefacts);
            run(executor, task(&site.page(path), &pictured()), NO_SECRETS).await
        };
        let first = scan("/shop").await;
        let images = &only_facts(&first)["images"];
        assert_eq!((&images["score"], &images["baseline"]["state"]), (&json!(100.0), &json!("made")));
        assert_eq!(only_facts(&first)["component_scores"], json!({"images": 100.0, "vrt": 100.0}));
        let told =
            "images score 100: there was no picture to compare with, so this one is the baseline from now on";
        assert!(first.lines.iter().any(|line| line.contains(told)), "{:?}", first.lines);
        for change in Website::changes() {
            if change.path != "/shop" {
                as_if_it_had_been(&artefacts, &site.page("/shop"), &site.page(change.path));
            }
            let ran = scan(change.path).await;
            assert_eq!(ran.status(), ObjectStatus::Passed);
            let images = &only_facts(&ran)["images"];
            assert_eq!(
                images["score"].as_f64().unwrap() < 95.0,
                change.is_change,
                "{} {images}",
                change.path
            );
            assert_eq!(images["regions_changed"].as_u64().unwrap() > 0, change.is_change, "{}", change.path);
            let kept = only_facts(&ran)["artefacts"].as_array().unwrap();
            let what: Vec<_> = kept.iter().map(|kept| kept["what"].as_str().unwrap()).collect();
            let expected: &[_] =
                if change.is_change { &["screenshot", "difference"] } else { &["screenshot"] };
            assert_eq!(what, expected, "{}", change.path);
            for kept in kept {
                let run = "00000000-0000-0000-0000-000000000000";
                assert!(artefacts.get(run, kept["hash"].as_str().unwrap()).unwrap().is_some());
            }
        }
    }

    #[tokio::test]
    #[ignore = "needs Chromium: cargo xtask tools"]
    async fn the_console_and_the_audits_of_every_page_find_what_is_known_and_nothing_else() {
        let site = Website::start().await.unwrap();
        let artefacts = Artefacts::temporary(LIMIT).unwrap();
        for page in Website::pages() {
            let data = json!({"type": ["html", "logs", "security"], "configs": {"min_wait_time": 1, "interval": 0.1}});
            let executor = executor(guard(&[site.addr()]), &artefacts);
            let ran = run(executor, task(&site.page(page.path), &data), NO_SECRETS).await;
            let facts = only_facts(&ran);
            let mut lines = facts["logs"].as_array().unwrap().clone();
            for known in page.console {
                let says = |line: &Value| {
                    let text = format!("{} {}", line["message"], line["url"]);
                    line["level"] == known.level && text.contains(known.says)
                };
                let at = lines.iter().position(says);
                lines.remove(
                    at.unwrap_or_else(|| panic!("{}: nothing says {known:?}: {lines:#?}", page.path)),
                );
            }
            assert_eq!(lines, Vec::<Value>::new(), "{}", page.path);
        }
    }

    #[tokio::test]
    #[ignore = "needs Chromium: cargo xtask tools"]
    async fn a_full_account_fails_the_picture_and_says_why() {
        let site = Website::start().await.unwrap();
        let artefacts = Artefacts::temporary(1000).unwrap();
        let executor = executor(guard(&[site.addr()]), &artefacts);
        let ran = run(executor, task(&site.page("/shop"), &pictured()), NO_SECRETS).await;
        assert_eq!(ran.status(), ObjectStatus::Failed);
        assert_eq!(only_facts(&ran)["components"]["images"], "failed");
        assert!(ran.lines.iter().any(|line| line.contains("and 1000 are allowed")), "{:?}", ran.lines);
    }
}
