//! Pages that do not behave.

use std::time::Duration;

use flowrun_browser::{BrowserError, PageRequest};
use flowrun_testkit::servers::RawReply;

use crate::setup::{answer, html, page, pool, serve, session, settings};

#[tokio::test]
#[ignore = "needs Chromium: cargo xtask tools"]
async fn a_page_that_cannot_be_had_is_never_one() {
    let server = serve(|request| match request.path() {
        "/closes" => Some(RawReply::close()),
        "/download" => Some(answer("200 OK", "content-disposition: attachment\r\n", b"MZ")),
        "/nothing" => Some(answer("204 No Content", "", b"")),
        "/error" => Some(answer("503 Service Unavailable", "content-type: text/html\r\n", b"<h1>later</h1>")),
        "/away" => Some(html("<script>location = '/closes'</script>")),
        _ => None,
    })
    .await;
    let session = session(&server);
    let why = async |path: &str| {
        let waiting = page(&server, path).wait(Duration::from_millis(500), Duration::from_secs(5));
        session.visit(&waiting).await.unwrap_err().to_string()
    };
    assert_eq!(why("/missing").await, "the page answers 404");
    assert_eq!(why("/error").await, "the page answers 503");
    assert_eq!(why("/download").await, "it is a download, not a page");
    assert!(why("/closes").await.contains("the browser could not open the page"), "{}", why("/closes").await);
    assert!(why("/nothing").await.contains("net::ERR_ABORTED"), "{}", why("/nothing").await);
    let away = why("/away").await;
    assert!(away.contains("cannot be reached") || away.contains("502"), "{away}");
    // Nobody listens there, and it is allowed.
    let gone = serve(|_| None).await;
    let address = gone.addr();
    drop(gone);
    let session = pool(&[address], settings()).session();
    let refused = session.visit(&PageRequest::new(format!("http://{address}/"))).await.unwrap_err();
    assert!(matches!(refused, BrowserError::Unreachable(_)), "{refused}");
    assert!(refused.is_transient(), "{refused}");
}

#[tokio::test]
#[ignore = "needs Chromium: cargo xtask tools"]
async fn a_page_that_hangs_is_over_with_its_time() {
    let server = serve(|request| match request.path() {
        "/hangs" => Some(RawReply::bytes("").then_hang()),
        "/loops" => Some(html("<script>for (;;) {}</script>")),
        _ => None,
    })
    .await;
    let session = session(&server);
    for path in ["/hangs", "/loops"] {
        let limit = Duration::from_secs(2);
        let hung = session.visit(&page(&server, path).timeout(limit)).await;
        assert!(
            matches!(hung, Err(BrowserError::TimedOut { limit: told }) if told == limit),
            "{path}: {hung:?}"
        );
    }
}

#[tokio::test]
#[ignore = "needs Chromium: cargo xtask tools"]
async fn dialogs_windows_and_downloads_change_nothing() {
    let server = serve(|request| match request.path() {
        "/" => Some(html(
            "<script>
            alert('1'); document.title = String(confirm('2')) + prompt('3');
            window.open('/window'); window.open('/window');
            addEventListener('beforeunload', (event) => event.preventDefault());
            const link = document.createElement('a'); link.href = '/file'; link.download = 'file'; link.click();
            print();
            </script>",
        )),
        "/file" => Some(answer("200 OK", "content-disposition: attachment\r\n", b"MZ")),
        _ => None,
    })
    .await;
    let session = session(&server);
    let waiting = page(&server, "/").wait(Duration::from_millis(500), Duration::from_secs(5));
    let visit = session.visit(&waiting.screenshot(true)).await.unwrap();
    assert_eq!((visit.dialogs, visit.downloads), (3, 1));
    assert_eq!(visit.title, "falsenull");
    assert!(server.received().iter().all(|request| request.path() != "/window"));
    assert!(visit.windows <= 2);
    session.close().await;
}

#[tokio::test]
#[ignore = "needs Chromium: cargo xtask tools"]
async fn what_is_too_large_ends_the_page_and_not_the_machine() {
    let server = serve(|request| match request.path() {
        "/network" => Some(html("<script>fetch('/endless').then((answer) => answer.arrayBuffer())</script>")),
        "/endless" => {
            Some(RawReply::bytes("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n\0").then_more())
        }
        "/document" => Some(html("<script>document.body.append('x'.repeat(6 << 20))</script>")),
        "/memory" => Some(html(
            "<script>const held = []; setInterval(() => held.push(new Uint8Array(32 << 20).fill(1)), 10)</script>",
        )),
        "/logs" => Some(html("<script>for (let i = 0; i < 3000; i++) console.log('x'.repeat(5000))</script>")),
        _ => None,
    })
    .await;
    let session = pool(&[server.addr()], settings().network_bytes(8 << 20)).session();
    let waiting = |path: &str| page(&server, path).wait(Duration::ZERO, Duration::from_secs(50));
    let patient = waiting("/network").wait(Duration::from_secs(30), Duration::from_secs(30));
    let traffic = session.visit(&patient).await;
    assert!(matches!(traffic, Err(BrowserError::TooMuchTraffic(limit)) if limit == 8 << 20), "{traffic:?}");
    let document = session.visit(&waiting("/document")).await;
    assert!(matches!(document, Err(BrowserError::DocumentTooLarge(_))), "{document:?}");
    let small = pool(&[server.addr()], settings().memory_bytes(300 << 20)).session();
    let endless = waiting("/memory").wait(Duration::from_secs(30), Duration::from_secs(30));
    let memory = small.visit(&endless).await;
    assert!(matches!(memory, Err(BrowserError::TooMuchMemory(_))), "{memory:?}");
    let logs = session.visit(&waiting("/logs")).await.unwrap().logs;
    assert_eq!((logs.entries.len(), logs.dropped), (1000, 2000));
    assert!(logs.entries.iter().all(|entry| entry.message.chars().count() == 2001));
    session.close().await;
}

#[tokio::test]
#[ignore = "needs Chromium: cargo xtask tools"]
async fn a_page_without_end_is_cut() {
    let server = serve(|request| match request.path() {
        "/" => Some(html(
            "<script>
            const more = () => { const p = document.createElement('p'); p.style.height = '5000px'; document.body.append(p); };
            more(); addEventListener('resize', more);
            </script>",
        )),
        _ => None,
    })
    .await;
    let session = session(&server);
    let visit = session.visit(&page(&server, "/").window(400, 300).screenshot(true)).await.unwrap();
    let picture = visit.screenshot.unwrap();
    assert!(picture.height <= 16_384, "{picture:?}");
    session.close().await;
}
