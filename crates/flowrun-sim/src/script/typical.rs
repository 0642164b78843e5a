//! The objects that a task type typically yields, all of them good ones.

use std::collections::BTreeMap;

use flowrun_core::{Facts, ObjectEntry, ObjectReport, ObjectStatus, Resource, Role, Task};
use serde_json::{Map, Value, json};

/// An object of an attempt: as it is registered, and how it ends.
pub(super) struct Made {
    pub(super) entry: ObjectEntry,
    pub(super) status: ObjectStatus,
    pub(super) facts: Option<Facts>,
    /// Whether the attempt has to register it.
    pub(super) is_new: bool,
}

impl Made {
    pub(super) fn with_status(self, status: ObjectStatus) -> Self {
        Self { status, ..self }
    }

    /// Lays facts over the typical ones; facts of another type stand alone.
    pub(super) fn with_facts_over(self, over: Option<&Map<String, Value>>) -> Self {
        let Some(over) = over else { return self };
        let typical = self.facts.as_ref().and_then(|facts| facts.attributes().as_object());
        let is_other = over.contains_key("type") && over.get("type") != typical.and_then(|it| it.get("type"));
        let mut laid = if is_other { Map::new() } else { typical.cloned().unwrap_or_default() };
        laid.extend(over.clone());
        Self { facts: Some(Facts::new(laid.into())), ..self }
    }

    /// The last report of it.
    pub(super) fn ended(self) -> ObjectReport {
        let facts = self.facts.map(|facts| of_status(facts, self.status));
        ObjectReport { entry: self.entry.with_status(self.status), facts }
    }
}

/// Facts of tests and case runs tell their status.
fn of_status(facts: Facts, status: ObjectStatus) -> Facts {
    let word = match status {
        ObjectStatus::Failed => "failed",
        ObjectStatus::Incomplete => "incomplete",
        ObjectStatus::Working | ObjectStatus::Passed => return facts,
    };
    if facts.get("status") != Some(&"passed".into()) {
        return facts;
    }
    let mut told = facts.attributes().clone();
    told["status"] = word.into();
    Facts::new(told)
}

/// Typical facts that were made, by task type and resource: they are the same for all objects there, so that
/// a run of many nodes need not hold them as often. Their `id` is therefore not that of the object.
#[derive(Debug, Default)]
pub(crate) struct Typical(BTreeMap<(String, String), Facts>);

impl Typical {
    /// One object for each resource, or for each object handed over.
    pub(super) fn objects(&mut self, task: &Task, role: Role) -> impl Iterator<Item = Made> {
        let count = match role {
            Role::Producer => task.resources().len(),
            Role::Receiver | Role::Converter => task.objects().len(),
        };
        (1..=count).map(|number| self.object(task, number, None))
    }

    /// The object with this number, from 1.
    pub(super) fn object(&mut self, task: &Task, number: usize, id: Option<&str>) -> Made {
        let task_type = task.task_type();
        let id = id.map_or_else(|| format!("{task_type}-{}-{number}", task.node()), str::to_owned);
        let resource = task.resources().get(number - 1).or_else(|| task.resources().first());
        let parent = match task.objects().get(number - 1) {
            Some(object) => object.entry.fact_id(),
            None => resource.map(|resource| &*resource.id),
        };
        let entry = ObjectEntry::new(parent.unwrap_or_default(), &id);
        let place = resource.map_or_else(String::new, |resource| resource.id.clone());
        let facts = self.0.entry((task_type.to_string(), place));
        let facts = facts.or_insert_with(|| Facts::new(facts_of(task, &task_type, resource))).clone();
        Made { entry, status: ObjectStatus::Passed, facts: Some(facts), is_new: true }
    }
}

fn facts_of(task: &Task, task_type: &str, resource: Option<&Resource>) -> Value {
    let id = format!("typical-{task_type}");
    const SCORE: f64 = 95.0;
    let site = json!({"id": task.site().id(), "site_url": task.site().site_url()});
    let page = resource.map(|resource| json!({"id": resource.id, "page_url": resource.url}));
    let scores = |keys: &[&str]| -> Value {
        json!({"scores": keys.iter().map(|key| ((*key).to_owned(), SCORE.into())).collect::<Map<_, Value>>()})
    };
    match task_type {
        "scan" => json!({
            "type": "scan", "id": id, "site": site, "page": page, "score": SCORE, "logs": [],
            "lighthouse": scores(
                &["seo", "performance", "accessibility", "best_practices", "crux", "pwa", "average"]
            ),
            "security": scores(&["transport", "browser", "scripts", "forms", "compliance", "average"]),
        }),
        "test" => json!({
            "type": "test", "id": id, "site": site, "page": page, "status": "passed", "score": SCORE,
            "threshold": 90, "post_scan": {"id": format!("{id}-scan"), "score": SCORE},
            "component_scores": {
                "images": SCORE, "logs": SCORE, "html": SCORE, "lighthouse": SCORE, "security": SCORE,
                "yellowlab": SCORE,
            },
        }),
        "case" => json!({
            "type": "caserun", "id": id, "site": site, "case": {"id": "case"}, "title": "Typical case",
            "status": "passed", "steps": [],
        }),
        "report" => json!({
            "type": "report", "id": id, "site": site, "page": page,
            "path": format!("https://reports.example/{id}"), "info": {},
        }),
        "issue" => json!({
            "type": "issue", "id": id, "title": "Typical issue", "details": "…", "status": "open",
            "labels": [], "affected": {"id": task.site().id(), "str": task.site().site_url(), "type": "site"},
            "trigger": {"id": task.run().to_string(), "type": "flow"},
        }),
        own => json!({"type": own, "id": id, "site": site, "status": "passed", "score": SCORE}),
    }
}
