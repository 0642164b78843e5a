//! Whether what a page points at is there. Each address is asked for once per node, however many pages name it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use flowrun_guard::{Guard, GuardError, Limits, Method, Request, Response, Url};
use futures::StreamExt;
use futures::stream;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::ScanSettings;
use super::analysis::anchors_of;
use super::references::{Reference, fragment, without_fragment};

/// Redirects followed for a link, as for a page.
pub(crate) const REDIRECTS: usize = 5;

/// Asks for addresses and remembers the answers.
#[derive(Debug)]
pub(crate) struct Links {
    guard: Guard,
    limits: Limits,
    per_page: usize,
    at_once: usize,
    permits: Semaphore,
    known: Mutex<BTreeMap<Question, Arc<OnceCell<Answer>>>>,
}

/// An address, and whether its document must be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Question {
    url: Url,
    anchors: bool,
}

#[derive(Clone, Debug)]
struct Answer {
    result: Result<Found, LinkState>,
}

#[derive(Clone, Debug)]
struct Found {
    status: u16,
    redirected: bool,
    /// The places in the document, if it was read.
    anchors: Option<BTreeSet<String>>,
}

/// What is known of one link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LinkState {
    /// It is there.
    Fine,
    /// It is there, but somewhere else.
    Redirected,
    /// It is not there.
    Broken(String),
    /// Nobody knows.
    NotChecked(String),
}

impl Links {
    pub(crate) fn new(guard: Guard, settings: &ScanSettings) -> Self {
        Self {
            guard,
            limits: Limits::default()
                .total(settings.link_limit)
                .body_bytes(settings.document_bytes)
                .redirects(REDIRECTS),
            per_page: settings.links_per_page,
            at_once: settings.links_at_once,
            permits: Semaphore::new(settings.links_at_once),
            known: Mutex::default(),
        }
    }

    /// Checks the references of one page, in their order. What is not answered by `deadline` is not checked.
    pub(crate) async fn check(
        &self,
        page: &Url,
        references: Vec<Reference>,
        deadline: Instant,
    ) -> Vec<(Reference, LinkState)> {
        let check = |(index, reference): (usize, Reference)| async move {
            let state = match reference.on_page {
                Some(true) => LinkState::Fine,
                Some(false) => LinkState::Broken("there is no such place on the page".to_owned()),
                None if index >= self.per_page => {
                    LinkState::NotChecked(format!("only {} links of a page are checked", self.per_page))
                }
                None => match timeout_at(deadline, self.state_of(page, &reference.url)).await {
                    Ok(state) => state,
                    Err(_) => LinkState::NotChecked("the time for the page was over".to_owned()),
                },
            };
            (reference, state)
        };
        stream::iter(references.into_iter().enumerate()).map(check).buffered(self.at_once).collect().await
    }

    /// The status an address answers with; `None` when it gave no answer.
    pub(crate) async fn status(&self, url: &Url) -> Option<u16> {
        let answer = self.ask(Question { url: without_fragment(url), anchors: false }).await;
        answer.result.ok().map(|found| found.status)
    }

    async fn state_of(&self, page: &Url, url: &Url) -> LinkState {
        // Only documents of the same site are read for the places they have.
        let place = fragment(url).filter(|_| page.origin() == url.origin());
        let question = Question { url: without_fragment(url), anchors: place.is_some() };
        let found = match self.ask(question).await.result {
            Ok(found) => found,
            Err(state) => return state,
        };
        match (found.status, place, found.anchors) {
            (200..=399, Some(place), Some(anchors)) if !anchors.contains(&place) => {
                LinkState::Broken("there is no such place on that page".to_owned())
            }
            (200..=399, ..) if found.redirected => LinkState::Redirected,
            (200..=399, ..) => LinkState::Fine,
            // They are there for someone else, or later.
            (status @ (401 | 403 | 407 | 429), ..) => LinkState::NotChecked(format!("it answers {status}")),
            (status, ..) => LinkState::Broken(format!("it answers {status}")),
        }
    }

    async fn ask(&self, question: Question) -> Answer {
        let cell = {
            // Nothing can panic while the map is held.
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry(question.clone()).or_default())
        };
        cell.get_or_init(|| async {
            let _permit = self.permits.acquire().await.expect("the semaphore is never closed");
            Answer { result: self.fetch(&question).await.map_err(unreachable) }
        })
        .await
        .clone()
    }

    async fn fetch(&self, question: &Question) -> Result<Found, GuardError> {
        if question.anchors {
            let response = self.send(Method::Get, &question.url, true).await?;
            let mut found = Found::of(&response);
            if response.is_success() && !response.truncated {
                found.anchors = anchors_of(response).await;
            }
            return Ok(found);
        }
        let response = self.send(Method::Head, &question.url, false).await?;
        // The two ways to say that HEAD is not spoken here.
        let response = match response.status {
            405 | 501 => self.send(Method::Get, &question.url, false).await?,
            _ => response,
        };
        Ok(Found::of(&response))
    }

    async fn send(&self, method: Method, url: &Url, whole: bool) -> Result<Response, GuardError> {
        let limits = if whole { self.limits } else { self.limits.body_bytes(0) };
        self.guard.send(Request::new(method, url.as_str()).compressed(whole).limits(limits)).await
    }
}

impl Found {
    const fn of(response: &Response) -> Self {
        Self { status: response.status, redirected: !response.redirects.is_empty(), anchors: None }
    }
}

fn unreachable(error: GuardError) -> LinkState {
    match error {
        GuardError::Refused(_) | GuardError::Timeout { .. } => LinkState::NotChecked(error.explained()),
        _ => LinkState::Broken(error.explained()),
    }
}
