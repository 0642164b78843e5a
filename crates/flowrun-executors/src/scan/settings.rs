//! How a scan behaves, whatever the flow says.

use std::time::Duration;

use super::MissingTool;

/// Options of a [`ScanExecutor`](super::ScanExecutor).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ScanSettings {
    /// What becomes of components whose tool is not there. Default: they fail.
    pub missing_tool: MissingTool,
    /// Pages looked at side by side. Default: 4. One is polite and slow; many may look like an attack.
    pub pages_at_once: usize,
    /// Links asked for side by side, over all pages of a node. Default: 8.
    pub links_at_once: usize,
    /// Links checked per page; the rest is listed as not checked. Default: 500.
    pub links_per_page: usize,
    /// Time for one page, its links included. Default: 60 s. Links that are left then are listed as not checked.
    pub page_limit: Duration,
    /// Time for fetching the page itself. Default: 30 s.
    pub fetch_limit: Duration,
    /// Time for one link. Default: 10 s.
    pub link_limit: Duration,
    /// The largest document, in bytes after decoding. Default: 5 MiB. A larger one fails its page.
    pub document_bytes: usize,
}

impl Default for ScanSettings {
    fn default() -> Self {
        Self {
            missing_tool: MissingTool::default(),
            pages_at_once: 4,
            links_at_once: 8,
            links_per_page: 500,
            page_limit: Duration::from_secs(60),
            fetch_limit: Duration::from_secs(30),
            link_limit: Duration::from_secs(10),
            document_bytes: 5 << 20,
        }
    }
}

impl ScanSettings {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`missing_tool`](Self::missing_tool).
    #[must_use]
    pub const fn missing_tool(mut self, missing_tool: MissingTool) -> Self {
        self.missing_tool = missing_tool;
        self
    }

    /// Sets [`pages_at_once`](Self::pages_at_once); 0 counts as 1.
    #[must_use]
    pub fn pages_at_once(mut self, pages_at_once: usize) -> Self {
        self.pages_at_once = pages_at_once.max(1);
        self
    }

    /// Sets [`links_at_once`](Self::links_at_once); 0 counts as 1.
    #[must_use]
    pub fn links_at_once(mut self, links_at_once: usize) -> Self {
        self.links_at_once = links_at_once.max(1);
        self
    }

    /// Sets [`links_per_page`](Self::links_per_page).
    #[must_use]
    pub const fn links_per_page(mut self, links_per_page: usize) -> Self {
        self.links_per_page = links_per_page;
        self
    }

    /// Sets [`page_limit`](Self::page_limit).
    #[must_use]
    pub const fn page_limit(mut self, page_limit: Duration) -> Self {
        self.page_limit = page_limit;
        self
    }

    /// Sets [`fetch_limit`](Self::fetch_limit).
    #[must_use]
    pub const fn fetch_limit(mut self, fetch_limit: Duration) -> Self {
        self.fetch_limit = fetch_limit;
        self
    }

    /// Sets [`link_limit`](Self::link_limit).
    #[must_use]
    pub const fn link_limit(mut self, link_limit: Duration) -> Self {
        self.link_limit = link_limit;
        self
    }

    /// Sets [`document_bytes`](Self::document_bytes).
    #[must_use]
    pub const fn document_bytes(mut self, document_bytes: usize) -> Self {
        self.document_bytes = document_bytes;
        self
    }
}
