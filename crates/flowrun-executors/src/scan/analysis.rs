//! From a response to what is known of a page: parsing and all audits, without any waiting.

use std::collections::BTreeSet;

use flowrun_guard::Response;

use super::audit::Audit;
use super::page::{Page, Surroundings};
use super::references::{self, Reference};
use super::security::Security;
use super::{Component, basic};

/// What one document tells.
#[derive(Clone, Debug, Default)]
pub(crate) struct Analysis {
    pub(crate) title: Option<String>,
    /// For the component `html`.
    pub(crate) basic: Option<Vec<Audit>>,
    /// For the component `html`.
    pub(crate) references: Vec<Reference>,
    /// For the component `security`.
    pub(crate) security: Option<Security>,
}

/// Analyses a page for the components asked for, on a thread made for work.
///
/// `None` when the document cannot be parsed in time. It cannot cross an await, what is learned from it can.
pub(crate) async fn analyse(
    response: Response,
    surroundings: Surroundings,
    components: Vec<Component>,
) -> Option<(Response, Analysis)> {
    let work = move || {
        let page = Page::parse(&response, surroundings)?;
        let html = components.contains(&Component::Html);
        let analysis = Analysis {
            title: page.title(),
            basic: html.then(|| basic::audits(&page)),
            references: if html { references::references(&page) } else { Vec::new() },
            security: components.contains(&Component::Security).then(|| Security::audit(&page)),
        };
        Some((response, analysis))
    };
    // The only error is a panic of the parser: the page is then one that cannot be read.
    tokio::task::spawn_blocking(work).await.ok().flatten()
}

/// The places of a document that fragments may name.
pub(crate) async fn anchors_of(response: Response) -> Option<BTreeSet<String>> {
    let work = move || Some(references::anchors(&Page::parse(&response, Surroundings::default())?));
    tokio::task::spawn_blocking(work).await.ok().flatten()
}
