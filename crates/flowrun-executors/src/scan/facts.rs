//! What a scan reports about its page: the attributes conditions and templates read, and our own beside them.

use std::collections::BTreeMap;

use flowrun::{Facts, Task};
use flowrun_guard::Response;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::analysis::Analysis;
use super::browse::Visit;
use super::executor::Scan;
use super::keep::Kept;
use super::links::LinkState;
use super::references::Reference;
use super::{Component, audit};
use crate::text::tame;

/// Links listed per kind; the counts beside them are complete.
const LISTED: usize = 100;

/// How one component ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ComponentState {
    Completed,
    Failed,
    /// Its tool is missing and the settings say to go on.
    Skipped,
}

/// What a plain fetch of a page brought.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) response: Response,
    /// The length of the document as it was served, in bytes.
    pub(crate) bytes: usize,
    pub(crate) analysis: Analysis,
    pub(crate) links: Vec<(Reference, LinkState)>,
}

/// Everything one look at a page brought, as far as it was asked for and could be had.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) visit: Option<Visit>,
    pub(crate) fetched: Option<Fetched>,
}

/// The facts of a scan; what was not measured is null. `said` makes a stranger's text fit to be kept.
pub(crate) fn facts(
    task: &Task,
    scan: &Scan,
    components: &BTreeMap<&'static str, ComponentState>,
    look: &Look,
    kept: &Kept,
    said: &dyn Fn(&str) -> String,
) -> Facts {
    let Look { visit, fetched } = look;
    let is = |component: Component| components.get(component.name()) == Some(&ComponentState::Completed);
    let visit = visit.as_ref();
    let fetched = fetched.as_ref();
    let analysis = fetched.map(|fetched| &fetched.analysis);
    let security = analysis.and_then(|analysis| analysis.security.as_ref());
    let basic = analysis.and_then(|analysis| analysis.basic.as_ref());
    let scores: Vec<f64> = security.and_then(|security| security.average()).into_iter().collect();
    let mut facts = json!({
        "type": "scan",
        "id": scan.id,
        // The mean of the Lighthouse and security averages there are.
        "score": audit::weighted_mean(scores.into_iter().map(|score| (1.0, score))),
        "page": {"id": scan.page_id, "page_url": scan.page_url},
        "site": {"id": task.site().id(), "site_url": task.site().site_url()},
        "lighthouse": null,
        "logs": visit.filter(|_| is(Component::Logs)).map(|visit| visit.logs(said)),
        "images": visit.filter(|_| is(Component::Images)).map(|visit| merged(visit.images(), kept.images.as_ref())),
        "security": security.map(|security| security.to_json()),
        "engine": look.engine(),
        "components": components,
        "browser": visit.map(|visit| visit.about(said)),
        "http": fetched.map(http),
        "basic": basic.map(|audits| json!({"score": audit::score(audits), "audits": audit::to_json(audits)})),
        "links": basic.and(fetched).map(|fetched| links(&fetched.links)),
    });
    if !kept.artefacts.is_empty() {
        facts["artefacts"] = json!(kept.artefacts);
    }
    if let Some(score) = kept.score().filter(|_| is(Component::Images)) {
        // By both names the data keys know it.
        facts["component_scores"] = json!({"images": score, "vrt": score});
    }
    for (name, delta) in &kept.deltas {
        facts[name.as_str()] = delta.clone();
    }
    Facts::new(facts)
}

impl Look {
    /// Which engine looked: scores of different ones are not compared.
    pub(crate) const fn engine(&self) -> &'static str {
        if self.visit.is_some() { "chromium" } else { "http" }
    }

    /// What was measured, by component.
    pub(crate) fn scores(&self) -> Map<String, Value> {
        let security = self.fetched.as_ref().and_then(|fetched| fetched.analysis.security.as_ref());
        security
            .map(|security| ("security".to_owned(), security.to_json()["scores"].take()))
            .into_iter()
            .collect()
    }
}

fn merged(mut images: Value, kept: Option<&Value>) -> Value {
    if let (Some(images), Some(Value::Object(kept))) = (images.as_object_mut(), kept) {
        images.extend(kept.clone());
    }
    images
}

fn http(fetched: &Fetched) -> Value {
    let Fetched { response, bytes, analysis, .. } = fetched;
    let header = |name| response.headers.get(name).map(tame);
    let redirect =
        |hop: &flowrun_guard::Redirect| json!({"from": tame(hop.from.as_str()), "status": hop.status});
    json!({
        "status": response.status,
        "final_url": tame(response.final_url.as_str()),
        "redirects": response.redirects.iter().map(redirect).collect::<Vec<_>>(),
        "headers_ms": response.timing.headers.as_millis(),
        "total_ms": response.timing.total.as_millis(),
        "bytes": bytes,
        "transferred_bytes": response.transferred_bytes,
        "compression": header("content-encoding"),
        "content_type": header("content-type"),
        "charset": analysis.charset,
        "bounds": analysis.bounds,
        "title": analysis.title.as_deref().map(tame),
    })
}

fn links(links: &[(Reference, LinkState)]) -> Value {
    let (mut fine, mut redirected, mut broken, mut not_checked) = (0, Vec::new(), Vec::new(), Vec::new());
    for (reference, state) in links {
        let url = tame(&reference.written);
        match state {
            LinkState::Fine => fine += 1,
            LinkState::Redirected => redirected.push(json!(url)),
            LinkState::Broken(why) => broken.push(json!({"url": url, "reason": tame(why)})),
            LinkState::NotChecked(why) => not_checked.push(json!({"url": url, "reason": tame(why)})),
        }
    }
    let counts = json!({
        "fine": fine,
        "redirected": redirected.len(),
        "broken": broken.len(),
        "not_checked": not_checked.len(),
    });
    for list in [&mut redirected, &mut broken, &mut not_checked] {
        list.truncate(LISTED);
    }
    json!({"counts": counts, "redirected": redirected, "broken": broken, "not_checked": not_checked})
}
