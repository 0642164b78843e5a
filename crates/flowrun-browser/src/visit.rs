//! One page, looked at: from an empty window to what there is to say about it.

use std::collections::BTreeSet;
use std::time::Duration;

use flowrun_guard::Guard;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::attendant::{Progress, Seen};
use crate::browser::Browser;
use crate::connection::{CallError, SessionId};
use crate::picture::{self, Screenshot};
use crate::proxy::Proxy;
use crate::{BrowserError, BrowserSettings, Logs, PageRequest, memory};

/// How often it is looked how much memory the browser holds.
const MEMORY_INTERVAL: Duration = Duration::from_millis(250);

/// Tries to ask something of a document while it is replaced by another one.
const TRIES: usize = 3;

/// What a look at a page brought.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PageVisit {
    /// Where the page was in the end.
    pub final_url: String,
    /// The status of its document.
    pub status: u16,
    /// Its title.
    pub title: String,
    /// The document as it was when the page was ready, scripts having run.
    pub html: String,
    /// What its console said until then.
    pub logs: Logs,
    /// Its picture, if one was asked for.
    pub screenshot: Option<Screenshot>,
    /// The browser and its version: `HeadlessChrome/156.0.8078.114`.
    pub product: String,
    /// Whether the page was ready in the time for that.
    pub ready: bool,
    /// How often it was looked whether it is.
    pub polls: usize,
    /// Requests it made.
    pub requests: usize,
    /// Bytes that came over the network.
    pub transferred_bytes: u64,
    /// Dialogs that were dismissed.
    pub dialogs: usize,
    /// Windows it opened, which were closed.
    pub windows: usize,
    /// Downloads it began, which were denied.
    pub downloads: usize,
    /// Addresses the guard refused, at most 100, each once.
    pub refused: BTreeSet<String>,
}

/// A window of the browser, with nothing of any other page in it.
pub(crate) struct Window<'a> {
    pub(crate) browser: &'a Browser,
    pub(crate) session: SessionId,
    /// The id of the page and of its main frame.
    pub(crate) target: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    browser_context_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    target_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Navigated {
    error_text: Option<String>,
    #[serde(default)]
    is_download: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct World {
    execution_context_id: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Evaluated {
    result: Remote,
    exception_details: Option<Value>,
}

#[derive(Deserialize)]
struct Remote {
    value: Option<Value>,
}

#[derive(Deserialize)]
struct Document {
    /// `None` when it is too large.
    html: Option<String>,
    title: String,
    url: String,
}

/// What the page is asked for; in a world of its own, in which nothing of the page's scripts is.
const DOCUMENT: &str = r"((limit) => {
    const whole = (text) => text.toWellFormed ? text.toWellFormed() : text;
    const type = document.doctype ? new XMLSerializer().serializeToString(document.doctype) + '\n' : '';
    const html = whole(type + (document.documentElement ? document.documentElement.outerHTML : ''));
    return {
        html: new TextEncoder().encode(html).length > limit ? null : html,
        title: whole(document.title).slice(0, 2000),
        url: document.URL,
    };
})";

impl Browser {
    /// Looks at a page. After an error the browser must not be used again.
    ///
    /// # Errors
    ///
    /// Why the page could not be looked at.
    ///
    /// # Cancel safety
    ///
    /// After dropping the future the browser must not be used again either.
    pub(crate) async fn visit(
        &mut self,
        request: &PageRequest,
        guard: &Guard,
        settings: &BrowserSettings,
    ) -> Result<PageVisit, BrowserError> {
        guard.check_url(&request.url).map_err(|error| BrowserError::Unreachable(error.into()))?;
        let proxy = Proxy::open(guard.clone(), settings.network_bytes).await;
        let proxy = proxy.map_err(|source| BrowserError::Proxy { source })?;
        let created = json!({
            "disposeOnDetach": true,
            "proxyServer": format!("http://{}", proxy.address()),
            "proxyBypassList": "<-loopback>",
        });
        let context: Context = self.call(None, "Target.createBrowserContext", created).await?;
        let context = context.browser_context_id;
        let progress = self.attendant.begin(&context, request, guard);
        let limit = request.timeout;
        let work = async {
            tokio::select! {
                biased;
                done = self.look(request, &context, progress.clone(), &proxy) => done,
                () = crashed(progress.clone()) => Err(BrowserError::Crashed),
                () = proxy.exhausted() => Err(BrowserError::TooMuchTraffic(settings.network_bytes)),
                () = self.outgrown(settings.memory_bytes) => {
                    Err(BrowserError::TooMuchMemory(settings.memory_bytes))
                }
            }
        };
        let done = tokio::time::timeout(limit, work).await;
        let visit = done.unwrap_or(Err(BrowserError::TimedOut { limit }))?;
        self.attendant.end();
        let disposed = json!({"browserContextId": context});
        let _: Value = self.call(None, "Target.disposeBrowserContext", disposed).await?;
        Ok(visit)
    }

    async fn look(
        &self,
        request: &PageRequest,
        context: &str,
        progress: watch::Receiver<Progress>,
        proxy: &Proxy,
    ) -> Result<PageVisit, BrowserError> {
        let window = self.open_window(request, context, progress).await?;
        window.go_to(&request.url, proxy).await?;
        let (ready, polls) = window.wait_until_ready(request).await?;
        let read = format!("{DOCUMENT}({})", request.document_bytes);
        let document: Document = window.evaluate(&read).await?;
        let html = document.html.ok_or(BrowserError::DocumentTooLarge(request.document_bytes))?;
        window.judge(proxy)?;
        let logs = self.attendant.ask(|seen| seen.logs.clone());
        let screenshot = match request.screenshot {
            true => Some(picture::take(&window, request).await?),
            false => None,
        };
        // Scripts go on while the picture is taken, and may lead elsewhere.
        let status = window.judge(proxy)?;
        let Seen { requests, dialogs, windows, downloads, refused, .. } = self.attendant.take();
        Ok(PageVisit {
            final_url: document.url,
            status,
            title: document.title,
            html,
            logs,
            screenshot,
            product: self.product.clone(),
            ready,
            polls,
            requests,
            transferred_bytes: proxy.passed(),
            dialogs,
            windows,
            downloads,
            refused,
        })
    }

    async fn open_window(
        &self,
        request: &PageRequest,
        context: &str,
        mut progress: watch::Receiver<Progress>,
    ) -> Result<Window<'_>, BrowserError> {
        let deny = json!({"behavior": "deny", "browserContextId": context, "eventsEnabled": true});
        let _: Value = self.call(None, "Browser.setDownloadBehavior", deny).await?;
        if !request.cookies.is_empty() {
            let cookie =
                |(name, value): &(String, String)| json!({"name": name, "value": value, "url": request.url});
            let cookies: Vec<_> = request.cookies.iter().map(cookie).collect();
            let cookies = json!({"cookies": cookies, "browserContextId": context});
            let _: Value = self.call(None, "Storage.setCookies", cookies).await?;
        }
        let created = json!({"url": "about:blank", "browserContextId": context});
        let created: Created = self.call(None, "Target.createTarget", created).await?;
        let attached = progress.wait_for(|progress| progress.page.is_some()).await;
        let session = attached.ok().and_then(|progress| progress.page.clone());
        let session = session.ok_or(BrowserError::Died)?;
        let window = Window { browser: self, session, target: created.target_id };
        window.set_up(request).await?;
        Ok(window)
    }

    /// Waits until the browser holds more memory than it may.
    async fn outgrown(&self, limit: u64) {
        loop {
            sleep(MEMORY_INTERVAL).await;
            if self.process.id().is_some_and(|leader| memory::held_by(leader) > limit) {
                return;
            }
        }
    }

    async fn call<T: DeserializeOwned>(
        &self,
        session: Option<&SessionId>,
        method: &'static str,
        params: Value,
    ) -> Result<T, CallError> {
        self.connection.call(session, method, params).await
    }
}

async fn crashed(mut progress: watch::Receiver<Progress>) {
    if progress.wait_for(|progress| progress.crashed).await.is_err() {
        // Nobody watches any more: the visit is over, or the browser.
        std::future::pending().await
    }
}

impl Window<'_> {
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: Value,
    ) -> Result<T, CallError> {
        self.browser.call(Some(&self.session), method, params).await
    }

    /// Calls what has nothing to say.
    pub(crate) async fn tell(&self, method: &'static str, params: Value) -> Result<(), CallError> {
        self.call::<Value>(method, params).await.map(drop)
    }

    async fn set_up(&self, request: &PageRequest) -> Result<(), CallError> {
        self.tell("Fetch.enable", json!({"patterns": [{"urlPattern": "*"}]})).await?;
        self.tell("Target.setAutoAttach", crate::attendant::auto_attach()).await?;
        self.tell("Page.enable", json!({})).await?;
        self.tell("Inspector.enable", json!({})).await?;
        self.tell("Runtime.enable", json!({})).await?;
        self.tell("Log.enable", json!({})).await?;
        // Bodies are nobody's concern: they would be kept for those who ask.
        let nothing = json!({"maxTotalBufferSize": 0, "maxResourceBufferSize": 0});
        self.tell("Network.enable", nothing).await?;
        let (width, height) = request.window;
        self.resize(request, width, height).await?;
        let introduction = request.device.introduction(&self.browser.reduced_version());
        self.tell("Emulation.setUserAgentOverride", introduction).await?;
        if request.device.is_mobile() {
            self.tell("Emulation.setTouchEmulationEnabled", json!({"enabled": true})).await?;
        }
        if request.disable_animations {
            let reduced = json!({"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]});
            self.tell("Emulation.setEmulatedMedia", reduced).await?;
        }
        self.tell("Emulation.setFocusEmulationEnabled", json!({"enabled": true})).await?;
        self.tell("Runtime.runIfWaitingForDebugger", json!({})).await
    }

    pub(crate) async fn resize(
        &self,
        request: &PageRequest,
        width: u32,
        height: u32,
    ) -> Result<(), CallError> {
        let mobile = request.device.is_mobile();
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile});
        self.tell("Emulation.setDeviceMetricsOverride", metrics).await
    }

    /// Goes to the page and waits until its answer begins.
    async fn go_to(&self, url: &str, proxy: &Proxy) -> Result<(), BrowserError> {
        let navigated: Navigated = self.call("Page.navigate", json!({"url": url})).await?;
        if navigated.is_download {
            return Err(BrowserError::Download);
        }
        // Without this a page that cannot be reached would be one: the browser shows a page of its own instead.
        let Some(error) = navigated.error_text else { return Ok(()) };
        if let Some(failure) = proxy.failure(url) {
            return Err(BrowserError::Unreachable(failure));
        }
        if self.browser.attendant.ask(|seen| seen.downloads > 0) {
            return Err(BrowserError::Download);
        }
        Err(BrowserError::Navigation(crate::logs::tame(&error)))
    }

    /// Waits as long as the request says; whether the page was ready, and how often it was looked.
    async fn wait_until_ready(&self, request: &PageRequest) -> Result<(bool, usize), BrowserError> {
        let came = Instant::now();
        sleep(request.min_wait).await;
        let mut polls = 0;
        loop {
            polls += 1;
            if self.evaluate::<bool>("document.readyState === 'complete'").await? {
                return Ok((true, polls));
            }
            let left = request.max_wait.saturating_sub(came.elapsed());
            if left.is_zero() {
                return Ok((false, polls));
            }
            // An interval of nothing would be a loop without a pause.
            sleep(request.interval.max(Duration::from_millis(10)).min(left)).await;
        }
    }

    /// Whether what the window shows is a page that was asked for; its status.
    fn judge(&self, proxy: &Proxy) -> Result<u16, BrowserError> {
        let (unreachable, status) =
            self.browser.attendant.ask(|seen| (seen.unreachable.clone(), seen.status));
        if let Some(url) = unreachable {
            return Err(match proxy.failure(&url) {
                Some(failure) => BrowserError::Unreachable(failure),
                None => BrowserError::Navigation("it leads to a page that cannot be reached".to_owned()),
            });
        }
        match status {
            Some(status @ 200..=299) => Ok(status),
            Some(status) => Err(BrowserError::Status(status)),
            None => Err(BrowserError::Navigation("the browser shows no answer of the page".to_owned())),
        }
    }

    /// Asks something of the document, in a world in which nothing of the page's scripts is.
    pub(crate) async fn evaluate<T: DeserializeOwned>(&self, expression: &str) -> Result<T, BrowserError> {
        let mut tries = 1;
        loop {
            match self.try_evaluate(expression).await {
                // A page that is replaced takes its worlds with it.
                Err(CallError::Refused { .. }) if tries < TRIES => tries += 1,
                evaluated => return Ok(evaluated?),
            }
        }
    }

    async fn try_evaluate<T: DeserializeOwned>(&self, expression: &str) -> Result<T, CallError> {
        let method = "Runtime.evaluate";
        let world = json!({"frameId": self.target, "worldName": "flowrun"});
        let world: World = self.call("Page.createIsolatedWorld", world).await?;
        let asked = json!({
            "expression": expression,
            "contextId": world.execution_context_id,
            "returnByValue": true,
            "awaitPromise": true,
        });
        let evaluated: Evaluated = self.call(method, asked).await?;
        if let Some(details) = evaluated.exception_details {
            let text = details["exception"]["description"].as_str().unwrap_or("an exception");
            return Err(CallError::Refused { method, message: crate::logs::tame(text) });
        }
        serde_json::from_value(evaluated.result.value.unwrap_or(Value::Null))
            .map_err(|source| CallError::Malformed { method, source })
    }
}
