//! Browsers that end, and processes that end with browsers at work.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use flowrun_browser::{BrowserError, BrowserPool, PageRequest};
use flowrun_testkit::servers::RawReply;

use crate::setup::{guard, html, page, pool, serve, settings};

/// The page to look at, for the process that is killed.
const PAGE: &str = "FLOWRUN_TEST_PAGE";

/// Processes that were started with this directory.
fn processes(profiles: &Path) -> Vec<i32> {
    let profiles = profiles.to_str().unwrap();
    let started_with = |pid: &i32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&format!("--user-data-dir={profiles}"))
    };
    let all = fs::read_dir("/proc").unwrap().flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(started_with).collect()
}

/// Waits until none of them is left, for a bounded time.
async fn gone(profiles: &Path) -> Vec<i32> {
    for _ in 0..100 {
        if processes(profiles).is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    processes(profiles)
}

#[tokio::test]
#[ignore = "needs Chromium: cargo xtask tools"]
async fn kill_9_in_the_middle_of_a_scan_leaves_no_browser_and_the_next_one_sweeps_its_profile() {
    let server = serve(|_| Some(RawReply::bytes("").then_hang())).await;
    let home = tempfile::tempdir().unwrap();
    let profiles = home.path().join("profiles");
    let mut engine = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "death::an_engine_to_be_killed"])
        .env(PAGE, server.url())
        .env("TMPDIR", home.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    server.arrived(1).await;
    let profiles_of = |parent: &Path| fs::read_dir(parent).unwrap().count();
    let running = processes(home.path());
    // `kill` sends SIGKILL: nothing of the engine runs after it.
    engine.kill().unwrap();
    engine.wait().unwrap();
    assert!(!running.is_empty(), "there was no browser to be left");
    assert!(gone(home.path()).await.is_empty());
    let left = fs::read_dir(home.path()).unwrap().flatten().next().unwrap().path();
    assert_eq!(profiles_of(&left), 1);
    fs::rename(&left, &profiles).unwrap();
    let fine = serve(|_| Some(html("fine"))).await;
    let next = pool(&[fine.addr()], settings().profiles(&profiles));
    let session = next.session();
    session.visit(&page(&fine, "/")).await.unwrap();
    assert_eq!(profiles_of(&profiles), 1, "its own");
    session.close().await;
    drop(next);
    assert_eq!(profiles_of(&profiles), 0);
    assert!(processes(&profiles).is_empty());
}

/// Is killed by the test above; does nothing by itself.
#[tokio::test]
#[ignore = "part of another test"]
async fn an_engine_to_be_killed() {
    let Ok(url) = std::env::var(PAGE) else { return };
    let address = url.strip_prefix("http://").unwrap().parse().unwrap();
    let _ = pool(&[address], settings()).session().visit(&PageRequest::new(url)).await;
}

#[tokio::test]
#[ignore = "needs Chromium: cargo xtask tools"]
async fn a_browser_that_dies_is_replaced_once() {
    let server = serve(|request| match request.path() {
        "/" => Some(html("fine")),
        _ => Some(RawReply::bytes("").then_hang()),
    })
    .await;
    let home = tempfile::tempdir().unwrap();
    let pool = BrowserPool::new(&guard(&[server.addr()]), settings().profiles(home.path().join("profiles")));
    let session = pool.session();
    let kill = |pid: i32| {
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    };
    let oldest = || processes(home.path()).into_iter().min().unwrap();
    // The second one lives.
    let hung = page(&server, "/hangs").timeout(Duration::from_secs(3));
    let once = async {
        server.arrived(1).await;
        kill(oldest());
    };
    let (ended, ()) = tokio::join!(session.visit(&hung), once);
    assert!(matches!(ended, Err(BrowserError::TimedOut { .. })), "{ended:?}");
    assert_eq!(server.received().len(), 2);
    // The second one dies too.
    let twice = async {
        for count in 3..=4 {
            server.arrived(count).await;
            kill(oldest());
        }
    };
    let hung = page(&server, "/hangs");
    let (ended, ()) = tokio::join!(session.visit(&hung), twice);
    assert!(matches!(ended, Err(BrowserError::Died)), "{ended:?}");
    assert_eq!(server.received().len(), 4);
    assert_eq!(session.visit(&page(&server, "/")).await.unwrap().status, 200);
    session.close().await;
    assert!(processes(home.path()).is_empty());
}

#[tokio::test]
#[ignore = "needs Chromium: cargo xtask tools"]
async fn a_page_that_crashes_fails_and_the_next_one_is_fine() {
    let server = serve(|request| match request.path() {
        "/" => Some(html("fine")),
        _ => Some(RawReply::bytes("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<p>").then_hang()),
    })
    .await;
    let home = tempfile::tempdir().unwrap();
    let pool = BrowserPool::new(&guard(&[server.addr()]), settings().profiles(home.path().join("profiles")));
    let session = pool.session();
    let renderers = |browser: i32| {
        let shows = |pid: &i32| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let group =
                stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(2)?.parse().ok());
            String::from_utf8_lossy(&line).contains("--type=renderer") && group == Some(browser)
        };
        let all = fs::read_dir("/proc").unwrap().flatten();
        all.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(shows).collect::<Vec<i32>>()
    };
    let crash = async {
        for count in 1..=2 {
            server.arrived(count).await;
            // Until the page has begun, the process that shows it may be another one.
            tokio::time::sleep(Duration::from_millis(300)).await;
            let browser = processes(home.path()).into_iter().min().unwrap();
            for renderer in renderers(browser) {
                let pid = rustix::process::Pid::from_raw(renderer).unwrap();
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        }
    };
    let crashing = page(&server, "/crashes");
    let (ended, ()) = tokio::join!(session.visit(&crashing), crash);
    assert!(matches!(ended, Err(BrowserError::Crashed)), "{ended:?}");
    assert_eq!(session.visit(&page(&server, "/")).await.unwrap().status, 200);
    session.close().await;
}
