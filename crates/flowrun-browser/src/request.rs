//! What is asked of a browser about one page.

use std::time::Duration;

use crate::Device;

/// Who we are, at the end of every user agent.
pub(crate) const USER_AGENT: &str =
    concat!("flowrun/", env!("CARGO_PKG_VERSION"), " (+", env!("CARGO_PKG_REPOSITORY"), ")");

/// A page, and how to look at it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PageRequest {
    /// Its address, over http or https.
    pub url: String,
    /// What the page believes it is shown on. Default: `Windows 10 PC`.
    pub device: Device,
    /// The window in CSS pixels: width and height. Default: 1920 × 1080.
    pub window: (u32, u32),
    /// Time for everything, from a browser that is ready to the picture. Default: 300 s.
    pub timeout: Duration,
    /// How often it is looked whether the page is ready. Default: 1 s.
    pub interval: Duration,
    /// How long a page is left alone after it came. Default: 3 s.
    pub min_wait: Duration,
    /// How long it has to be ready after it came; then it is taken as it is. Default: 30 s.
    pub max_wait: Duration,
    /// Ids of elements that are hidden in the picture. Default: none.
    pub mask_ids: Vec<String>,
    /// Whether the picture is as high as the page. Default: true. Otherwise it shows the window.
    pub auto_height: bool,
    /// Whether animations and videos are stopped before the picture. Default: true.
    pub disable_animations: bool,
    /// Whether a picture is taken at all. Default: false.
    pub screenshot: bool,
    /// Headers sent with every request to the origin of the page, and to no other.
    pub headers: Vec<(String, String)>,
    /// Cookies of the page's address, names with values.
    pub cookies: Vec<(String, String)>,
    /// The largest document, in bytes. Default: 5 MiB.
    pub document_bytes: usize,
}

impl PageRequest {
    /// The page at `url`, looked at as by default.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            device: Device::default(),
            window: (1920, 1080),
            timeout: Duration::from_secs(300),
            interval: Duration::from_secs(1),
            min_wait: Duration::from_secs(3),
            max_wait: Duration::from_secs(30),
            mask_ids: Vec::new(),
            auto_height: true,
            disable_animations: true,
            screenshot: false,
            headers: Vec::new(),
            cookies: Vec::new(),
            document_bytes: 5 << 20,
        }
    }

    /// Sets [`device`](Self::device).
    #[must_use]
    pub const fn device(mut self, device: Device) -> Self {
        self.device = device;
        self
    }

    /// Sets [`window`](Self::window).
    #[must_use]
    pub const fn window(mut self, width: u32, height: u32) -> Self {
        self.window = (width, height);
        self
    }

    /// Sets [`timeout`](Self::timeout).
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets [`interval`](Self::interval).
    #[must_use]
    pub const fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Sets [`min_wait`](Self::min_wait) and [`max_wait`](Self::max_wait).
    #[must_use]
    pub const fn wait(mut self, min: Duration, max: Duration) -> Self {
        self.min_wait = min;
        self.max_wait = max;
        self
    }

    /// Sets [`mask_ids`](Self::mask_ids).
    #[must_use]
    pub fn mask_ids(mut self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.mask_ids = ids.into_iter().map(Into::into).collect();
        self
    }

    /// Sets [`auto_height`](Self::auto_height).
    #[must_use]
    pub const fn auto_height(mut self, auto_height: bool) -> Self {
        self.auto_height = auto_height;
        self
    }

    /// Sets [`disable_animations`](Self::disable_animations).
    #[must_use]
    pub const fn disable_animations(mut self, disable: bool) -> Self {
        self.disable_animations = disable;
        self
    }

    /// Sets [`screenshot`](Self::screenshot).
    #[must_use]
    pub const fn screenshot(mut self, screenshot: bool) -> Self {
        self.screenshot = screenshot;
        self
    }

    /// Adds one of the [`headers`](Self::headers).
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds one of the [`cookies`](Self::cookies).
    #[must_use]
    pub fn cookie(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.cookies.push((name.into(), value.into()));
        self
    }

    /// Sets [`document_bytes`](Self::document_bytes).
    #[must_use]
    pub const fn document_bytes(mut self, bytes: usize) -> Self {
        self.document_bytes = bytes;
        self
    }
}
