//! No page reaches an address that the guard refuses, by whatever way: a listener there counts.

use std::collections::BTreeSet;
use std::net::UdpSocket;
use std::time::Duration;

use flowrun_browser::{BrowserError, PageRequest};
use flowrun_testkit::servers::{RawReply, RawRequest, RawServer};

use crate::setup::{answer, guard, html, page, pool, serve, settings};

/// The ways out of a page. Each asks for `/by/NAME` at the place of `CANARY`.
const WAYS: [&str; 16] = [
    "beacon",
    "css",
    "eventsource",
    "fetch",
    "form",
    "iframe",
    "image",
    "link",
    "object",
    "redirect",
    "script",
    "service-worker",
    "shared-worker",
    "websocket",
    "worker",
    "window",
];

const PAGE: &str = r#"
<link rel=stylesheet href="CANARY/by/css"><link rel=preload as=image href="CANARY/by/link">
<link rel=dns-prefetch href="//prefetched.example"><link rel=preconnect href="CANARY">
<script type=speculationrules>{"prefetch": [{"urls": ["CANARY/by/speculation"], "eagerness": "immediate"}]}</script>
<img src="CANARY/by/image"><script src="CANARY/by/script"></script><object data="CANARY/by/object"></object>
<iframe src="CANARY/by/iframe"></iframe><iframe src="/redirect"></iframe><iframe name=target></iframe>
<form method=post target=target action="CANARY/by/form"></form>
<script>
navigator.sendBeacon('CANARY/by/beacon');
fetch('CANARY/by/fetch', {mode: 'no-cors'}).catch(() => 0);
new EventSource('CANARY/by/eventsource');
new WebSocket('CANARY/by/websocket'.replace('http', 'ws'));
document.forms[0].submit();
window.open('CANARY/by/window');
new Worker('/worker.js?worker');
new SharedWorker('/worker.js?shared-worker');
navigator.serviceWorker.register('/service.js');
const peer = new RTCPeerConnection({iceServers: [{urls: 'stun:127.0.0.1:STUN'}]});
peer.createDataChannel('x');
peer.createOffer().then((offer) => peer.setLocalDescription(offer));
</script>"#;

/// A server of the page whose ways lead to `canary`.
async fn website(canary: &RawServer, stun: u16) -> RawServer {
    let canary = canary.url();
    let fill = move |text: &str| text.replace("CANARY", &canary).replace("STUN", &stun.to_string());
    let script = "content-type: text/javascript\r\n";
    serve(move |request: &RawRequest| {
        let by = |way: &str| fill(&format!("fetch('CANARY/by/{way}', {{mode: 'no-cors'}})"));
        match request.path() {
            "/" => Some(html(&fill(PAGE))),
            "/redirect" | "/away" => {
                Some(answer("302 Found", &fill("location: CANARY/by/redirect\r\n"), b""))
            }
            "/worker.js?worker" => Some(answer("200 OK", script, by("worker").as_bytes())),
            "/worker.js?shared-worker" => Some(answer("200 OK", script, by("shared-worker").as_bytes())),
            "/service.js" => Some(answer("200 OK", script, by("service-worker").as_bytes())),
            "/script-away" => Some(html(&fill("<script>location = 'CANARY/by/location'</script>"))),
            _ => None,
        }
    })
    .await
}

async fn canary() -> RawServer {
    RawServer::start(|_| RawReply::close()).await.unwrap()
}

/// Time for a page to try everything.
fn patient(page: PageRequest) -> PageRequest {
    page.wait(Duration::from_secs(2), Duration::from_secs(4))
}

#[tokio::test]
#[ignore = "needs Chromium: cargo xtask tools"]
async fn no_way_leads_to_an_address_that_is_refused() {
    let canary = canary().await;
    let stun = UdpSocket::bind("127.0.0.1:0").unwrap();
    stun.set_nonblocking(true).unwrap();
    let website = website(&canary, stun.local_addr().unwrap().port()).await;
    let session = pool(&[website.addr()], settings()).session();
    let visit = session.visit(&patient(page(&website, "/"))).await.unwrap();
    assert_eq!(canary.connections(), 0, "{:?}", canary.received());
    assert!(stun.recv_from(&mut [0; 64]).is_err(), "a packet arrived");
    assert!(visit.refused.len() >= 10, "{:?}", visit.refused);
    for path in ["/away", "/script-away"] {
        let gone = session.visit(&patient(page(&website, path))).await;
        assert!(
            matches!(gone, Err(BrowserError::Unreachable(_) | BrowserError::Navigation(_))),
            "{path}: {gone:?}"
        );
    }
    let direct = session.visit(&PageRequest::new(canary.url())).await;
    assert!(matches!(direct, Err(BrowserError::Unreachable(_))), "{direct:?}");
    assert_eq!(canary.connections(), 0, "{:?}", canary.received());
    session.close().await;
}

/// The twin: where the guard lets them, all ways are gone, and counted.
#[tokio::test]
#[ignore = "needs Chromium: cargo xtask tools"]
async fn without_the_guard_every_way_is_counted() {
    let canary = canary().await;
    let website = website(&canary, 1).await;
    let open = flowrun_browser::BrowserPool::new(&guard(&[website.addr(), canary.addr()]), settings());
    let session = open.session();
    let visit = session.visit(&patient(page(&website, "/"))).await.unwrap();
    assert_eq!(visit.windows, 1, "the window is closed before it asks for anything");
    let gone: BTreeSet<String> = canary.received().iter().map(|request| request.path().to_owned()).collect();
    let ways = WAYS.iter().filter(|way| **way != "window").map(|way| format!("/by/{way}"));
    let missing: Vec<String> = ways.filter(|way| !gone.contains(way)).collect();
    assert!(missing.is_empty(), "{missing:?} of {gone:?}");
    session.close().await;
}
