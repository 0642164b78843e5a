//! From a response to what is known of a page: parsing and all audits, without any waiting.

use std::collections::BTreeSet;
use std::time::Duration;

use flowrun_guard::{Response, Url};
use tokio::time::Instant;

use super::audit::Audit;
use super::page::{Page, Surroundings};
use super::references::{self, Reference};
use super::security::Security;
use super::watch::Watch;
use super::{Component, basic, refresh};

/// Time for one document. Honest ones of the largest size take a tenth of a second.
const LIMIT: Duration = Duration::from_secs(10);

/// What one document tells.
#[derive(Clone, Debug, Default)]
pub(crate) struct Analysis {
    pub(crate) title: Option<String>,
    /// Where the page sends its visitor; it is not looked at any closer then.
    pub(crate) refresh: Option<Url>,
    /// The name of its character set.
    pub(crate) charset: &'static str,
    /// What was not read as it stands, in words.
    pub(crate) bounds: Vec<String>,
    /// For the component `html`.
    pub(crate) basic: Option<Vec<Audit>>,
    /// For the component `html`.
    pub(crate) references: Vec<Reference>,
    /// For the component `security`.
    pub(crate) security: Option<Security>,
}

/// Analyses a page for the components asked for, on a thread made for work; one that sends its visitor on only as far
/// as to say where, if that is to be followed.
///
/// `None` when that is not done by the deadline. The page cannot cross an await, what is learned from it can.
///
/// # Cancel safety
///
/// Dropping the future ends the work as well.
pub(crate) async fn analyse(
    response: Response,
    surroundings: Surroundings,
    components: Vec<Component>,
    follow: bool,
    deadline: Instant,
) -> Option<(Response, Analysis)> {
    work(deadline, move |watch| {
        let page = Page::parse(&response, surroundings, watch)?;
        let refresh = refresh::target(&page).filter(|_| follow);
        if refresh.is_some() {
            return Some((response, Analysis { refresh, ..Analysis::default() }));
        }
        let html = components.contains(&Component::Html);
        let analysis = Analysis {
            title: page.title(),
            refresh,
            charset: page.charset.encoding.name(),
            bounds: page.document().bounds().to_vec(),
            basic: html.then(|| basic::audits(&page)),
            references: if html { references::references(&page) } else { Vec::new() },
            security: components.contains(&Component::Security).then(|| Security::audit(&page)),
        };
        // Once the time is over, audits are shown no more of the document: what they say is void.
        (!page.document().is_over()).then_some((response, analysis))
    })
    .await
}

/// The places of a document that fragments may name.
///
/// # Cancel safety
///
/// Dropping the future ends the work as well.
pub(crate) async fn anchors_of(response: Response) -> Option<BTreeSet<String>> {
    work(Instant::now() + LIMIT, move |watch| {
        let page = Page::parse(&response, Surroundings::default(), watch)?;
        let anchors = references::anchors(&page);
        (!page.document().is_over()).then_some(anchors)
    })
    .await
}

/// Where the links of a document lead, in order, without fragments.
///
/// # Cancel safety
///
/// Dropping the future ends the work as well.
pub(crate) async fn links_of(response: Response) -> Option<Vec<Url>> {
    work(Instant::now() + LIMIT, move |watch| {
        let page = Page::parse(&response, Surroundings::default(), watch)?;
        let links = page.elements("a").filter_map(|link| page.resolve(link.attr("href")?));
        Some(links.map(|url| references::without_fragment(&url)).collect())
    })
    .await
}

/// Works on a thread made for it, which stops at the deadline and when nobody waits any more.
async fn work<T: Send + 'static>(
    deadline: Instant,
    work: impl FnOnce(Watch) -> Option<T> + Send + 'static,
) -> Option<T> {
    let (watch, _wanted) = Watch::until(deadline.min(Instant::now() + LIMIT).into_std());
    // The only error is a panic of the parser: the page is then one that cannot be read.
    tokio::task::spawn_blocking(move || work(watch)).await.ok().flatten()
}
