//! The picture of a page: everything still, what is masked hidden, as high as the page.

use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::visit::Window;
use crate::{BrowserError, PageRequest};

/// The highest picture, in pixels. Higher ones are no longer drawn in one piece.
const HIGHEST: u32 = 16_384;

/// How often the window follows a page that grows with it.
const ROUNDS: usize = 4;

/// Changes of height that do not count, in pixels.
const SLACK: u32 = 20;

/// A picture of a page.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Screenshot {
    /// The file.
    pub png: Vec<u8>,
    /// Its width in pixels, one for each CSS pixel.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// Ids of masks that no element has.
    pub masks_missing: Vec<String>,
    /// Whether the page is higher than the highest picture.
    pub is_cut: bool,
}

impl std::fmt::Debug for Screenshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { png, width, height, masks_missing, is_cut } = self;
        f.debug_struct("Screenshot")
            .field("png", &format_args!("{} bytes", png.len()))
            .field("width", width)
            .field("height", height)
            .field("masks_missing", masks_missing)
            .field("is_cut", is_cut)
            .finish()
    }
}

/// Stops what moves, in all trees that scripts can reach.
const STILL: &str = "(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync('*, *::before, *::after { animation: none !important; transition: none !important; ' +
        'scroll-behavior: auto !important; caret-color: transparent !important; }');
    const still = (root) => {
        root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
        for (const element of root.querySelectorAll('*')) {
            if (element.shadowRoot) still(element.shadowRoot);
            if (element instanceof HTMLMediaElement) { element.pause(); element.currentTime = 0; }
            if (element instanceof SVGSVGElement) { element.pauseAnimations(); element.setCurrentTime(0); }
            if (element instanceof HTMLMarqueeElement) element.stop();
        }
    };
    still(document);
    return true;
})()";

/// Hides the elements with these ids and all in them; the ids nobody has.
const MASK: &str = "((ids) => {
    const sheet = new CSSStyleSheet();
    const missing = [];
    for (const id of ids) {
        const name = '#' + CSS.escape(id);
        if (!document.querySelector(name)) { missing.push(id); continue; }
        sheet.insertRule(`${name}, ${name} * { visibility: hidden !important; }`);
        for (const element of document.querySelectorAll(`${name}, ${name} *`))
            if (element.style) element.style.setProperty('visibility', 'hidden', 'important');
    }
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    return missing;
})";

/// Waits for pictures that are on their way, but not for long, and until what is there is drawn.
const SETTLE: &str = "(async () => {
    const pause = (ms) => new Promise((done) => setTimeout(done, ms));
    const loaded = (image) => image.complete || new Promise((done) => {
        image.addEventListener('load', done, { once: true });
        image.addEventListener('error', done, { once: true });
    });
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    await Promise.race([pause(500), Promise.all([...document.images]
        .filter((image) => image.loading !== 'lazy' || image.getBoundingClientRect().top < innerHeight)
        .map(loaded))]);
    await Promise.race([pause(500), document.fonts.ready]);
    await Promise.race([pause(100), frame().then(frame)]);
    return true;
})()";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metrics {
    css_content_size: Size,
}

#[derive(Deserialize)]
struct Size {
    height: f64,
}

#[derive(Deserialize)]
struct Captured {
    data: String,
}

/// Takes the picture.
pub(crate) async fn take(window: &Window<'_>, request: &PageRequest) -> Result<Screenshot, BrowserError> {
    let still = request.disable_animations;
    let masks_missing = prepare(window, request).await?;
    let (width, mut height) = request.window;
    let mut page = height;
    if request.auto_height {
        for _ in 0..ROUNDS {
            page = page_height(window).await?;
            let wanted = page.clamp(request.window.1, HIGHEST.max(request.window.1));
            if wanted.abs_diff(height) < SLACK {
                break;
            }
            height = wanted;
            window.resize(request, width, height).await?;
            let _: bool = window.evaluate(SETTLE).await?;
        }
    } else {
        let _: bool = window.evaluate(SETTLE).await?;
    }
    // What came with the scrolling moves as well.
    if still || !request.mask_ids.is_empty() {
        prepare(window, request).await?;
    }
    let clip = json!({"x": 0, "y": 0, "width": width, "height": height, "scale": 1});
    let captured: Captured =
        window.call("Page.captureScreenshot", json!({"format": "png", "clip": clip})).await?;
    let png = BASE64.decode(captured.data.as_bytes());
    let png = png.map_err(|_| BrowserError::Protocol { what: "the browser sends no picture".to_owned() })?;
    Ok(Screenshot { png, width, height, masks_missing, is_cut: request.auto_height && page > HIGHEST })
}

/// Stops and hides what the request says; the ids of masks that nobody has.
async fn prepare(window: &Window<'_>, request: &PageRequest) -> Result<Vec<String>, BrowserError> {
    if request.disable_animations {
        let _: bool = window.evaluate(STILL).await?;
    }
    match request.mask_ids.as_slice() {
        [] => Ok(Vec::new()),
        // As data, never as a piece of the script.
        ids => window.evaluate(&format!("{MASK}({})", Value::from(ids))).await,
    }
}

async fn page_height(window: &Window<'_>) -> Result<u32, BrowserError> {
    let metrics: Metrics = window.call("Page.getLayoutMetrics", json!({})).await?;
    let height = metrics.css_content_size.height.ceil().clamp(1.0, f64::from(u32::MAX));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was clamped to the type")]
    let height = height as u32;
    Ok(height)
}
