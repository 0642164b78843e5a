//! A small website whose defects are known.
//!
//! [`KnownPage`] lists, for each page, exactly what a scan must find: a missed defect and a false alarm are
//! both mistakes. The other routes are there to be survived; [`Website`] lists them.

mod defects;
mod pages;
mod png;
mod routes;
mod shop;
mod tall;

use std::io;
use std::net::SocketAddr;

pub use defects::{Component, ConsoleLine, Defect, KnownPage};
pub use shop::KnownChange;

use super::listener::Listener;
use super::recorder::Recorder;

/// The website, on plain HTTP.
///
/// | Route | What it does |
/// | --- | --- |
/// | `/`, `/good`, `/about`, `/bad`, `/privacy`, `/terms` | pages; their defects are in [`pages`](Self::pages) |
/// | `/shop` | a page in [versions](Self::changes): pairs of pictures to be compared |
/// | `/tall`, `/tall?v=2` | a page of some 4,200 pixels; in the second version a band has another colour |
/// | `/ua` | shows the user agent and the size of the window |
/// | `/known.json` | [`pages`](Self::pages) and [`changes`](Self::changes), for programs |
/// | `/style.css`, `/app.js`, `/img/{n}.png`, `/img/bicycle.svg`, `/robots.txt` | what the pages use; images up to `n` = 99 |
/// | `/redir`, `/redir/{n}` | `302` to `/good`, directly or over `n` further hops |
/// | `/redir-private` | `302` to an address that no scan may follow |
/// | `/loop` | `302` to itself |
/// | `/hang` | takes the request and never answers |
/// | `/stall` | sends headers and the start of a page, then nothing |
/// | `/big` | 100 MB of body, length not announced |
/// | `/get-only` | `405` to `HEAD`, a page to `GET` |
/// | `/api/500` | `500` |
/// | `/missing` and everything else | `404` |
#[derive(Debug)]
pub struct Website {
    listener: Listener,
    received: Recorder<Visit>,
}

/// One request the website was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The method, in capitals.
    pub method: String,
    /// Path and query.
    pub path: String,
}

impl Website {
    /// Starts the server.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with I/O enabled.
    pub async fn start() -> io::Result<Self> {
        let received = Recorder::new();
        let listener = Listener::http(routes::router(received.clone())).await?;
        Ok(Self { listener, received })
    }

    /// The pages and what is wrong with each. `https-used`, `http-redirects-to-https` and `hsts`, which counts for
    /// nothing over http, are wrong with every page, as the whole site is served without TLS.
    #[must_use]
    pub const fn pages() -> &'static [KnownPage] {
        defects::PAGES
    }

    /// The versions of `/shop`, and which of them differ as people see it.
    #[must_use]
    pub const fn changes() -> &'static [KnownChange] {
        shop::CHANGES
    }

    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.listener.addr()
    }

    /// Its address, `http://127.0.0.1:PORT`, without a path.
    #[must_use]
    pub fn url(&self) -> String {
        self.listener.url()
    }

    /// The address of the page or route at `path`, which starts with `/`.
    #[must_use]
    pub fn page(&self, path: &str) -> String {
        self.url() + path
    }

    /// Every request that has arrived, in their order.
    #[must_use]
    pub fn received(&self) -> Vec<Visit> {
        self.received.all()
    }

    /// Waits until `count` requests have arrived, then gives all of them.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn arrived(&self, count: usize) -> Vec<Visit> {
        self.received.at_least(count).await
    }
}
