//! Who watches a page while it is looked at: answers what cannot wait and keeps what must not be missed.
//!
//! It hears every event of the browser in order, on the task that reads them, and answers with commands. It stops
//! requests that the guard refuses, closes windows and dialogs that nobody will look at, and reaches every part of a
//! page (frames, workers) before that part runs its first line.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flowrun_guard::{Guard, Url};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use crate::PageRequest;
use crate::connection::{Command, Event, SessionId};
use crate::logs::{Logs, tame};

/// Refused addresses that are kept.
const REFUSED: usize = 100;

/// Listens to one browser, which shows one page at a time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attendant(Arc<Mutex<Option<Attended>>>);

/// What the visit waits for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    /// The session of the page, once it is there.
    pub(crate) page: Option<SessionId>,
    /// The process that shows it ended.
    pub(crate) crashed: bool,
}

/// What was seen of a page.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) logs: Logs,
    /// The status of the document in the window.
    pub(crate) status: Option<u16>,
    /// The address that the window could not show, with the browser's own page in its place.
    pub(crate) unreachable: Option<String>,
    pub(crate) requests: usize,
    pub(crate) dialogs: usize,
    pub(crate) windows: usize,
    pub(crate) downloads: usize,
    /// Addresses that the guard refused, each once.
    pub(crate) refused: BTreeSet<String>,
}

/// A page under watch.
#[derive(Debug)]
struct Attended {
    context: String,
    guard: Guard,
    /// The origin whose requests get the headers.
    origin: Option<Url>,
    headers: Vec<(String, String)>,
    /// The id of the page, which is also that of its main frame.
    target: Option<String>,
    sessions: BTreeSet<SessionId>,
    /// Windows that are about to be closed.
    closing: BTreeSet<SessionId>,
    seen: Seen,
    progress: watch::Sender<Progress>,
}

impl Attendant {
    /// Begins to watch the page that is about to be opened in `context`.
    pub(crate) fn begin(
        &self,
        context: &str,
        request: &PageRequest,
        guard: &Guard,
    ) -> watch::Receiver<Progress> {
        let (progress, told) = watch::channel(Progress::default());
        *self.lock() = Some(Attended {
            context: context.to_owned(),
            guard: guard.clone(),
            origin: Url::parse(&request.url).ok(),
            headers: request.headers.clone(),
            target: None,
            sessions: BTreeSet::new(),
            closing: BTreeSet::new(),
            seen: Seen::default(),
            progress,
        });
        told
    }

    /// What was seen so far, of which nothing is kept.
    pub(crate) fn take(&self) -> Seen {
        self.lock().as_mut().map(|attended| std::mem::take(&mut attended.seen)).unwrap_or_default()
    }

    /// Asks about what was seen so far.
    pub(crate) fn ask<T: Default>(&self, question: impl FnOnce(&Seen) -> T) -> T {
        self.lock().as_ref().map(|attended| question(&attended.seen)).unwrap_or_default()
    }

    /// Stops watching.
    pub(crate) fn end(&self) {
        *self.lock() = None;
    }

    /// Hears an event; what is to be done about it.
    pub(crate) fn hear(&self, event: Event<'_>) -> Vec<Command> {
        match &mut *self.lock() {
            Some(attended) => attended.hear(&event).unwrap_or_default(),
            None => Vec::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Attended>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What to do with a part of a page as soon as it is there: hear it, stop its requests, and so with its own parts.
pub(crate) fn attend(session: &SessionId) -> Vec<Command> {
    let command = |method, params| Command::new(Some(session), method, params);
    vec![
        command("Fetch.enable", json!({"patterns": [{"urlPattern": "*"}]})),
        command("Runtime.enable", json!({})),
        command("Log.enable", json!({})),
        command("Target.setAutoAttach", auto_attach()),
    ]
}

/// Every new part waits until it is released.
pub(crate) fn auto_attach() -> Value {
    json!({"autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true})
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attached {
    session_id: SessionId,
    target_info: Target,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    target_id: String,
    r#type: String,
    browser_context_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Paused {
    request_id: String,
    request: Asked,
}

#[derive(Deserialize)]
struct Asked {
    url: String,
    #[serde(default)]
    headers: Map<String, Value>,
}

#[derive(Deserialize)]
struct Dialog {
    r#type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Received {
    r#type: String,
    frame_id: Option<String>,
    response: Answered,
}

#[derive(Deserialize)]
struct Answered {
    status: u16,
}

#[derive(Deserialize)]
struct Navigated {
    frame: Frame,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Frame {
    id: String,
    unreachable_url: Option<String>,
}

impl Attended {
    /// `None` when there is nothing to do.
    fn hear(&mut self, event: &Event<'_>) -> Option<Vec<Command>> {
        if event.method == "Target.attachedToTarget" {
            return Some(self.attached(event.params()?));
        }
        if event.method == "Browser.downloadWillBegin" {
            self.seen.downloads += 1;
            return None;
        }
        if let Some(closing) = event.session.as_ref().filter(|session| self.closing.contains(session)) {
            let paused: Option<Paused> = (event.method == "Fetch.requestPaused").then(|| event.params())?;
            return paused.map(|paused| vec![fail(closing, &paused.request_id)]);
        }
        // What belongs to no part of this page is an echo of the one before.
        let session = event.session.as_ref().filter(|session| self.sessions.contains(session))?;
        match event.method {
            "Fetch.requestPaused" => return Some(vec![self.paused(session, event.params()?)]),
            "Page.javascriptDialogOpening" => {
                self.seen.dialogs += 1;
                let dialog: Dialog = event.params()?;
                // To let a page go is to accept that it is left; everything else is dismissed.
                let accept = json!({"accept": dialog.r#type == "beforeunload"});
                return Some(vec![Command::new(Some(session), "Page.handleJavaScriptDialog", accept)]);
            }
            "Inspector.targetCrashed" if self.is_page(session) => {
                self.progress.send_modify(|progress| progress.crashed = true);
            }
            "Network.responseReceived" => {
                let received: Received = event.params()?;
                if received.r#type == "Document" && received.frame_id == self.target {
                    self.seen.status = Some(received.response.status);
                }
            }
            "Page.frameNavigated" => {
                let Navigated { frame } = event.params()?;
                if Some(&frame.id) == self.target.as_ref() {
                    self.seen.unreachable = frame.unreachable_url;
                }
            }
            _ => drop(self.seen.logs.read(event)),
        }
        None
    }

    fn is_page(&self, session: &SessionId) -> bool {
        self.progress.borrow().page.as_ref() == Some(session)
    }

    fn attached(&mut self, Attached { session_id, target_info }: Attached) -> Vec<Command> {
        if target_info.browser_context_id.as_ref() != Some(&self.context) {
            // The browser's own first window: nobody looks at it.
            return Vec::new();
        }
        if target_info.r#type != "page" {
            let mut commands = attend(&session_id);
            commands.push(Command::new(Some(&session_id), "Runtime.runIfWaitingForDebugger", json!({})));
            self.sessions.insert(session_id);
            return commands;
        }
        match &self.target {
            None => {
                self.target = Some(target_info.target_id);
                self.sessions.insert(session_id.clone());
                self.progress.send_modify(|progress| progress.page = Some(session_id));
                Vec::new()
            }
            Some(known) if *known == target_info.target_id => Vec::new(),
            // It has to be let go before it can be closed, and the page that opened it waits for that. Whatever it asks
            // for meanwhile is stopped.
            Some(_) => {
                self.seen.windows += 1;
                let target = json!({"targetId": target_info.target_id});
                let mut commands = attend(&session_id);
                commands.push(Command::new(Some(&session_id), "Runtime.runIfWaitingForDebugger", json!({})));
                commands.push(Command::new(None, "Target.closeTarget", target));
                self.closing.insert(session_id);
                commands
            }
        }
    }

    /// Lets a request go on, with what it needs beside, or not.
    fn paused(&mut self, session: &SessionId, paused: Paused) -> Command {
        let Paused { request_id, request } = paused;
        self.seen.requests += 1;
        let url = Url::parse(&request.url).ok();
        let allowed = url.as_ref().is_some_and(|url| match url.scheme() {
            "http" | "https" => self.guard.check_url(&request.url).is_ok(),
            // They hold what they show.
            "about" | "blob" | "data" => true,
            _ => false,
        });
        if !allowed {
            if self.seen.refused.len() < REFUSED {
                self.seen.refused.insert(tame(&request.url));
            }
            return fail(session, &request_id);
        }
        let is_own = match (&url, &self.origin) {
            (Some(url), Some(origin)) => url.origin() == origin.origin(),
            _ => false,
        };
        let mut go_on = json!({"requestId": request_id});
        if is_own && !self.headers.is_empty() {
            // They hold for this hop: where it leads to is asked again.
            go_on["headers"] = with_headers(request.headers, &self.headers);
        }
        Command::new(Some(session), "Fetch.continueRequest", go_on)
    }
}

/// Stops a request.
fn fail(session: &SessionId, request_id: &str) -> Command {
    let refused = json!({"requestId": request_id, "errorReason": "BlockedByClient"});
    Command::new(Some(session), "Fetch.failRequest", refused)
}

/// The headers of a request with ours, which replace those of the same name.
fn with_headers(asked: Map<String, Value>, ours: &[(String, String)]) -> Value {
    let is_ours = |name: &str| ours.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
    let theirs = asked.into_iter().filter(|(name, _)| !is_ours(name));
    let theirs = theirs.map(|(name, value)| json!({"name": name, "value": value}));
    let ours = ours.iter().map(|(name, value)| json!({"name": name, "value": value}));
    Value::Array(theirs.chain(ours).collect())
}
