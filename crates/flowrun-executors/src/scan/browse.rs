//! Pages looked at with a browser, for who has one.

use std::time::Duration;

use flowrun::NodeProblem;
use flowrun_browser::{BrowserError, BrowserPool, BrowserSession, Device, LogEntry, PageRequest, PageVisit};
use serde_json::{Value, json};

use super::configs::{Configs, Granted};
use crate::text::tame;

/// Bytes of facts that lines of the console may take in full; of those beyond, only the level is kept, so that they
/// still count.
const LOG_BYTES: usize = 24 << 10;

/// Where browsers come from, if there are any.
#[derive(Clone, Debug, Default)]
pub(crate) struct Browsers(Option<BrowserPool>);

/// A browser for the pages of one node.
#[derive(Debug)]
pub(crate) struct Session(BrowserSession);

/// What a browser saw.
#[derive(Debug)]
pub(crate) struct Visit(PageVisit);

impl Browsers {
    pub(crate) const fn new(pool: BrowserPool) -> Self {
        Self(Some(pool))
    }

    /// A browser, if there is one.
    ///
    /// # Errors
    ///
    /// What is needed for one; `None` when one has to be installed.
    pub(crate) fn session(&self) -> Result<Session, Option<String>> {
        let pool = self.0.as_ref().ok_or(None)?;
        match pool.settings().usable() {
            Ok(_) => Ok(Session(pool.session())),
            Err(BrowserError::NotInstalled(_)) if pool.settings().executable.is_none() => Err(None),
            Err(error) => {
                let help = error.help().map(|help| format!("; {help}")).unwrap_or_default();
                Err(Some(format!("a browser that may be started: {error}{help}")))
            }
        }
    }

    /// What of `configs` no browser can do.
    pub(crate) fn check(configs: &Configs) -> Option<NodeProblem> {
        let device = configs.device.as_deref()?;
        let bad = device.parse::<Device>().err()?;
        let known: Vec<&str> = Device::names().collect();
        let message = format!("`device`: {}", tame(&bad.to_string()));
        let problem = NodeProblem::error("scan.config", "/data/configs/device", message);
        Some(problem.help(format!("devices: {}", known.join(", "))))
    }
}

impl Session {
    pub(crate) async fn visit(
        &self,
        url: &str,
        configs: &Configs,
        granted: &Granted,
        screenshot: bool,
        document_bytes: usize,
    ) -> Result<Visit, BrowserError> {
        // A check has refused names that no device has.
        let device = configs.device.as_deref().and_then(|name| name.parse().ok()).unwrap_or_default();
        let (width, height) = configs.window;
        let mut request = PageRequest::new(url)
            .device(device)
            .window(width, height)
            .timeout(configs.timeout)
            .interval(configs.interval)
            .wait(configs.min_wait, configs.max_wait)
            .mask_ids(&configs.mask_ids)
            .auto_height(configs.auto_height)
            .disable_animations(configs.disable_animations)
            .screenshot(screenshot)
            .document_bytes(document_bytes);
        request.headers.clone_from(&granted.headers);
        request.cookies.clone_from(&granted.cookies);
        self.0.visit(&request).await.map(Visit)
    }

    /// Ends the browser and waits until it is gone.
    pub(crate) async fn close(self) {
        self.0.close().await;
    }
}

impl Visit {
    pub(crate) fn html(&self) -> &str {
        &self.0.html
    }

    /// The file of the picture, and the browser that took it.
    pub(crate) fn picture(&self) -> Option<(&[u8], &str)> {
        Some((&self.0.screenshot.as_ref()?.png, &self.0.product))
    }

    pub(crate) fn final_url(&self) -> &str {
        &self.0.final_url
    }

    /// The lines of the console, as conditions count them. `said` makes a stranger's text fit to be kept.
    pub(crate) fn logs(&self, said: &dyn Fn(&str) -> String) -> Value {
        let mut bytes = 0;
        let line = |entry: &LogEntry| {
            let LogEntry { level, source, message, url, line, .. } = entry;
            let url = url.as_deref().map(said);
            let full = json!({
                "level": level.name(),
                "source": source,
                "message": said(message),
                "url": url,
                "line": line,
            });
            bytes += full.to_string().len();
            if bytes <= LOG_BYTES { full } else { json!({"level": level.name()}) }
        };
        Value::Array(self.0.logs.entries.iter().map(line).collect())
    }

    /// What there is to say about the picture; null without one.
    pub(crate) fn images(&self) -> Value {
        self.0.screenshot.as_ref().map_or(Value::Null, |picture| {
            json!({
                "width": picture.width,
                "height": picture.height,
                "bytes": picture.png.len(),
                "is_cut": picture.is_cut,
                "masks_missing": picture.masks_missing.iter().map(|id| tame(id)).collect::<Vec<_>>(),
            })
        })
    }

    /// The browser, and what it met on the page.
    pub(crate) fn about(&self, said: &dyn Fn(&str) -> String) -> Value {
        let visit = &self.0;
        json!({
            "product": tame(&visit.product),
            "final_url": said(&visit.final_url),
            "title": said(&visit.title),
            "html_bytes": visit.html.len(),
            "ready": visit.ready,
            "requests": visit.requests,
            "transferred_bytes": visit.transferred_bytes,
            "dialogs": visit.dialogs,
            "windows": visit.windows,
            "downloads": visit.downloads,
            "refused": visit.refused.iter().take(20).map(|url| said(url)).collect::<Vec<_>>(),
            "logs_dropped": visit.logs.dropped,
        })
    }

    /// What is worth a line of the log.
    pub(crate) fn remarks(&self, max_wait: Duration) -> Vec<String> {
        let mut remarks = Vec::new();
        if !self.0.ready {
            remarks.push(format!("the page was not ready after {} s", max_wait.as_secs_f64()));
        }
        if let Some(picture) = &self.0.screenshot {
            remarks.extend(
                picture.masks_missing.iter().map(|id| format!("no element has the id `{}`", tame(id))),
            );
            if picture.is_cut {
                remarks.push(format!("the page is higher than its picture of {} pixels", picture.height));
            }
        }
        remarks
    }
}
