//! From an address to what a plain fetch of it tells.

use std::time::{Duration, SystemTime};

use flowrun_guard::{GuardError, Limits, Method, Redirect, Request, Response, Url};
use tokio::time::{Instant, timeout_at};

use super::analysis::analyse;
use super::charset::Charset;
use super::configs::Granted;
use super::executor::Node;
use super::facts::Fetched;
use super::links::REDIRECTS;
use super::page::Surroundings;
use crate::outcome::is_transient;
use crate::text::tame;

/// Why a page could not be read.
#[derive(Debug)]
pub(super) struct Unread {
    /// In words, for the log.
    pub(super) reason: String,
    /// `None` when it would be the same next time.
    pub(super) passing: Option<Passing>,
}

impl Unread {
    pub(super) fn for_good(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), passing: None }
    }

    pub(super) fn of(error: &GuardError) -> Self {
        let passing = error.is_transient().then_some(Passing { retry_after: None });
        Self { reason: error.explained(), passing }
    }
}

/// What a page was not read for may pass. Of several the longest wait counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Passing {
    /// How long the server asks to be left alone.
    pub(super) retry_after: Option<Duration>,
}

impl Passing {
    /// What an answer says about another one later; `None` when that would be the same.
    pub(super) fn of(response: &Response) -> Option<Self> {
        is_transient(response.status)
            .then(|| Self { retry_after: response.headers.retry_after(SystemTime::now()) })
    }
}

impl Node<'_> {
    /// Reads the page and everything around it. With `rendered`, an address and a document, that is what is looked at
    /// instead of the document that was served.
    ///
    /// # Errors
    ///
    /// Why the page could not be read.
    pub(super) async fn fetched(
        &self,
        page_url: &str,
        granted: &Granted,
        rendered: Option<(&str, &str)>,
    ) -> Result<Fetched, Unread> {
        let settings = &self.executor.settings;
        let deadline = Instant::now() + settings.page_limit;
        let over = |_| Unread {
            reason: format!("it took longer than {} s", settings.page_limit.as_secs_f64()),
            passing: Some(Passing { retry_after: None }),
        };
        let first = timeout_at(deadline, self.fetch(page_url, REDIRECTS, granted));
        let mut response = first.await.map_err(over)??;
        loop {
            let surroundings = self.surroundings(page_url, &response);
            let surroundings = timeout_at(deadline, surroundings).await.unwrap_or_default();
            let bytes = response.body.len();
            if let Some((url, html)) = rendered {
                show(&mut response, url, html);
            }
            // A browser has gone where the document sends it.
            let follow = rendered.is_none();
            let analysis = analyse(response, surroundings, self.components.to_vec(), follow, deadline);
            let late = || Unread::for_good("the document could not be read in the time there is for it");
            let (read, mut analysis) = analysis.await.ok_or_else(late)?;
            let Some(target) = analysis.refresh.take() else {
                let references = std::mem::take(&mut analysis.references);
                let links = self.links.check(&read.final_url, references, deadline).await;
                return Ok(Fetched { response: read, bytes, analysis, links });
            };
            response = timeout_at(deadline, self.follow(read, &target, granted)).await.map_err(over)??;
        }
    }

    /// Goes where a document sends its visitor, as a redirect would: the hops count together.
    async fn follow(&self, from: Response, target: &Url, granted: &Granted) -> Result<Response, Unread> {
        let endpoint = from.final_url.host_str().unwrap_or_default().to_owned();
        let left = REDIRECTS.checked_sub(from.redirects.len() + 1);
        let too_many = || Unread::for_good(format!("`{endpoint}` redirects more than {REDIRECTS} times"));
        let left = left.ok_or_else(too_many)?;
        if from.final_url.scheme() == "https" && target.scheme() == "http" {
            return Err(Unread::for_good("a redirect in the document leads from https to http"));
        }
        // Elsewhere nobody is to see them.
        let nothing = Granted::default();
        let granted = if target.origin() == from.final_url.origin() { granted } else { &nothing };
        let mut response = self.fetch(target.as_str(), left, granted).await?;
        let mut redirects = from.redirects;
        redirects.push(Redirect::new(from.final_url, from.status, from.headers));
        redirects.append(&mut response.redirects);
        response.redirects = redirects;
        Ok(response)
    }

    async fn fetch(&self, page_url: &str, redirects: usize, granted: &Granted) -> Result<Response, Unread> {
        let settings = &self.executor.settings;
        let limits = Limits::default()
            .total(settings.fetch_limit)
            .body_bytes(settings.document_bytes)
            .redirects(redirects);
        let request = Request::new(Method::Get, page_url)
            .header("accept", "text/html,application/xhtml+xml")
            .compressed(true)
            .limits(limits);
        let headers = granted.all_headers().into_iter();
        let request = headers.fold(request, |request, (name, value)| request.header(name, value));
        let response = self.executor.guard.send(request).await.map_err(|error| Unread::of(&error))?;
        if !response.is_success() {
            let reason = format!("the page answers {}", response.status);
            return Err(Unread { reason, passing: Passing::of(&response) });
        }
        if response.truncated {
            return Err(Unread::for_good(format!(
                "the page is larger than {} bytes",
                settings.document_bytes
            )));
        }
        match response.headers.get("content-type") {
            Some(kind) if !kind.to_ascii_lowercase().contains("html") => {
                Err(Unread::for_good(format!("the page is `{}`, not HTML", tame(kind))))
            }
            _ => Ok(response),
        }
    }

    async fn surroundings(&self, page_url: &str, response: &Response) -> Surroundings {
        let robots = async {
            let robots = response.final_url.join("/robots.txt").ok()?;
            self.links.status(&robots).await
        };
        let (robots_status, redirects_to_https) =
            tokio::join!(robots, self.redirects_to_https(page_url, &response.final_url));
        Surroundings { now: Some(SystemTime::now()), redirects_to_https, robots_status }
    }

    /// Whether asking over plain http leads to https.
    async fn redirects_to_https(&self, page_url: &str, final_url: &Url) -> Option<bool> {
        if final_url.scheme() == "http" {
            return Some(false);
        }
        if page_url.trim_start().to_ascii_lowercase().starts_with("http:") {
            return Some(true);
        }
        // On other ports there is no telling which port would speak plain http.
        let mut plain = final_url.clone();
        if plain.port().is_some() || plain.set_scheme("http").is_err() {
            return None;
        }
        let limits = Limits::default().total(self.executor.settings.link_limit).body_bytes(0);
        let request = Request::new(Method::Get, plain.as_str()).limits(limits);
        let response = self.executor.guard.send(request).await.ok()?;
        let target = response.headers.get("location").and_then(|to| plain.join(to).ok());
        Some(matches!(response.status, 300..=399) && target.is_some_and(|to| to.scheme() == "https"))
    }
}

/// Puts the document that a browser made in the place of the one that was served.
fn show(response: &mut Response, url: &str, html: &str) {
    response.body = Charset::of(response).document(html);
    if let Ok(url) = Url::parse(url) {
        response.final_url = url;
    }
}
