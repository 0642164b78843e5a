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
use super::page::ADDRESS_BYTES;
use super::references::{self, Reference, Target, place, without_fragment};

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
    /// Where it was found in the end.
    final_url: Url,
    /// The places in the document, if it is one and was read.
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
            let state = match &reference.target {
                Target::OnPage(true) => LinkState::Fine,
                Target::OnPage(false) => LinkState::Broken("there is no such place on the page".to_owned()),
                Target::Malformed(why) => LinkState::Broken(format!("the address is malformed: {why}")),
                Target::TooLong => {
                    LinkState::NotChecked(format!("the address is longer than {ADDRESS_BYTES} bytes"))
                }
                Target::Address(_) if index >= self.per_page => {
                    LinkState::NotChecked(format!("only {} links of a page are checked", self.per_page))
                }
                Target::Address(url) => match timeout_at(deadline, self.state_of(page, url)).await {
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
        let place = place(url).filter(|_| page.origin() == url.origin());
        let question = Question { url: without_fragment(url), anchors: place.is_some() };
        let found = match self.ask(question).await.result {
            Ok(found) => found,
            Err(state) => return state,
        };
        // A redirect that names a place of its own is where a browser goes.
        let place = references::place(&found.final_url).or(place);
        match (Meaning::of(found.status), place, found.anchors) {
            (Meaning::There, Some(place), Some(anchors)) if !place.is_among(&anchors) => {
                LinkState::Broken("there is no such place on that page".to_owned())
            }
            (Meaning::There, ..) if found.redirected => LinkState::Redirected,
            (Meaning::There, ..) => LinkState::Fine,
            (Meaning::Nothing, ..) => LinkState::NotChecked(format!("it answers {}", found.status)),
            (Meaning::Broken, ..) => LinkState::Broken(format!("it answers {}", found.status)),
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
            if response.is_success() && !response.truncated && is_html(&response) {
                found.anchors = anchors_of(response).await;
            }
            return Ok(found);
        }
        match self.send(Method::Head, &question.url, false).await {
            // The one kind of answer to HEAD that nobody gives by mistake, and the one that asks to be left alone.
            Ok(response) if Meaning::of(response.status) == Meaning::There || response.status == 429 => {
                Ok(Found::of(&response))
            }
            Err(error) if !may_mind_head(&error) => Err(error),
            // Servers that do not care for HEAD answer 404, 400 or 5xx, or hang up: what counts is what a
            // visitor gets.
            _ => Ok(Found::of(&self.send(Method::Get, &question.url, false).await?)),
        }
    }

    async fn send(&self, method: Method, url: &Url, whole: bool) -> Result<Response, GuardError> {
        let limits = if whole { self.limits } else { self.limits.body_bytes(0) };
        self.guard.send(Request::new(method, url.as_str()).compressed(whole).limits(limits)).await
    }
}

impl Found {
    fn of(response: &Response) -> Self {
        Self {
            status: response.status,
            redirected: !response.redirects.is_empty(),
            final_url: response.final_url.clone(),
            anchors: None,
        }
    }
}

/// What a status says about the address that answers with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// There is something.
    There,
    /// A visitor does not get it.
    Broken,
    /// It is there for someone else, at another time, or nobody knows what the status means.
    Nothing,
}

impl Meaning {
    /// By the registry of status codes (RFC 9110, section 15, and what was registered later).
    const fn of(status: u16) -> Self {
        match status {
            200..=399 => Self::There,
            // Bad request, not found, method not allowed for what visitors do, not acceptable, conflict, gone,
            // length, content, address and type that do not suit, range, unprocessable, failed dependency.
            400 | 404..=406 | 409..=411 | 413..=416 | 422 | 424 => Self::Broken,
            500..=508 | 510 => Self::Broken,
            _ => Self::Nothing,
        }
    }
}

/// Whether a document is HTML, as far as its server says; without a word browsers would look and find out.
fn is_html(response: &Response) -> bool {
    response.headers.get("content-type").is_none_or(|kind| kind.to_ascii_lowercase().contains("html"))
}

/// Whether a request may have failed because it was HEAD.
const fn may_mind_head(error: &GuardError) -> bool {
    matches!(
        error,
        GuardError::Transport { .. } | GuardError::Timeout { .. } | GuardError::TooManyRedirects { .. }
    )
}

fn unreachable(error: GuardError) -> LinkState {
    match error {
        GuardError::Refused(_) | GuardError::Timeout { .. } => LinkState::NotChecked(error.explained()),
        _ => LinkState::Broken(error.explained()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_statuses_that_say_so_make_a_link_broken() {
        for there in [200, 204, 206, 300, 304, 399] {
            assert_eq!(Meaning::of(there), Meaning::There, "{there}");
        }
        for broken in [400, 404, 405, 410, 414, 500, 502, 503, 504, 508] {
            assert_eq!(Meaning::of(broken), Meaning::Broken, "{broken}");
        }
        for nothing in [401, 402, 403, 407, 408, 425, 429, 451, 420, 499, 511, 520, 530, 999] {
            assert_eq!(Meaning::of(nothing), Meaning::Nothing, "{nothing}");
        }
    }
}
