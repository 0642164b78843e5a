//! Pages and browsers for tests.

use std::net::SocketAddr;
use std::time::Duration;

use flowrun_browser::{BrowserPool, BrowserSession, BrowserSettings, PageRequest};
use flowrun_guard::{Endpoint, Guard};
use flowrun_testkit::servers::{RawReply, RawRequest, RawServer};

/// A guard that lets requests out to these addresses.
pub(crate) fn guard(addresses: &[SocketAddr]) -> Guard {
    let endpoint = |address: &SocketAddr| address.to_string().parse::<Endpoint>().unwrap();
    addresses.iter().fold(Guard::builder(), |builder, one| builder.allow(endpoint(one))).build().unwrap()
}

/// Settings under which a browser also runs for root, as tests do in containers.
pub(crate) fn settings() -> BrowserSettings {
    BrowserSettings::new().allow_unsandboxed(true).browsers(2)
}

/// A pool that reaches these addresses. It fails where there is no browser.
pub(crate) fn pool(addresses: &[SocketAddr], settings: BrowserSettings) -> BrowserPool {
    let pool = BrowserPool::new(&guard(addresses), settings);
    pool.settings().installed().unwrap_or_else(|missing| panic!("{missing}"));
    pool
}

/// A session that reaches one server.
pub(crate) fn session(server: &RawServer) -> BrowserSession {
    pool(&[server.addr()], settings()).session()
}

/// A page at `path` of the server, which is not waited for longer than it takes.
pub(crate) fn page(server: &RawServer, path: &str) -> PageRequest {
    PageRequest::new(server.url() + path)
        .wait(Duration::ZERO, Duration::from_secs(10))
        .interval(Duration::from_millis(50))
        .timeout(Duration::from_secs(60))
}

/// An answer with these headers, each ended by `\r\n`.
pub(crate) fn answer(status: &str, headers: &str, body: &[u8]) -> RawReply {
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", body.len());
    RawReply::bytes([head.as_bytes(), body].concat())
}

/// A page with this in its body.
pub(crate) fn html(body: &str) -> RawReply {
    let document = format!("<!doctype html><html lang=en><title>Test</title><body>{body}</body></html>");
    answer("200 OK", "content-type: text/html; charset=utf-8\r\n", document.as_bytes())
}

pub(crate) fn not_found() -> RawReply {
    answer("404 Not Found", "content-type: text/plain\r\n", b"nothing")
}

/// A server of pages; `None` is not found.
pub(crate) async fn serve(
    pages: impl Fn(&RawRequest) -> Option<RawReply> + Send + Sync + 'static,
) -> RawServer {
    RawServer::start(move |request| pages(request).unwrap_or_else(not_found)).await.unwrap()
}
