//! With what an executor is checked.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use flowrun::{Facts, ObjectEntry, Page, Resource, Role, Site, Task, TaskExecutor, TaskObject, TaskTypes};
use serde_json::{Value, json};

use super::checks;
use super::verdict::ExecutorVerdict;

type Make = Box<dyn Fn() -> Arc<dyn TaskExecutor>>;
type Effects = Box<dyn Fn() -> Vec<String>>;

/// Checks one executor. Everything but the executor has a default.
pub struct ExecutorSuite {
    make: Make,
    pub(super) task_type: String,
    pub(super) role: Role,
    pub(super) data: Value,
    pub(super) bad: Vec<Value>,
    pub(super) failing: Option<Value>,
    pub(super) facts: Vec<Value>,
    pub(super) site: Site,
    pub(super) secrets: Vec<(String, String)>,
    pub(super) effects: Option<Effects>,
    pub(super) patience: Duration,
    pub(super) longest_poll: Duration,
    pub(super) max_output: usize,
    pub(super) max_lines: usize,
}

impl ExecutorSuite {
    /// Checks what `make` makes, as the executor of `task_type`. A documented type has its documented role,
    /// an own one starts afresh from the site.
    #[must_use]
    pub fn new<E: TaskExecutor>(task_type: impl Into<String>, make: impl Fn() -> E + 'static) -> Self {
        let task_type = task_type.into();
        Self {
            make: Box::new(move || Arc::new(make())),
            role: TaskTypes::documented_role(&task_type).unwrap_or(Role::Producer),
            task_type,
            data: json!({}),
            bad: Vec::new(),
            failing: None,
            facts: vec![json!({"type": "scan", "score": 91.5}), json!({"type": "scan", "score": 12.0})],
            site: Site::new("https://a.example").with_page(Page::new("https://a.example/")),
            secrets: Vec::new(),
            effects: None,
            patience: Duration::from_secs(30),
            longest_poll: Duration::from_secs(1),
            max_output: 64 * 1024,
            max_lines: 20,
        }
    }

    /// Sets the role of the task type.
    #[must_use]
    pub const fn role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    /// Sets the node's `data` with which attempts pass, a JSON object. Default: an empty one.
    #[must_use]
    pub fn data(mut self, data: Value) -> Self {
        self.data = data;
        self
    }

    /// Adds `data` that the executor's own check must refuse. Default: none, and that is not judged.
    #[must_use]
    pub fn bad_data(mut self, data: Value) -> Self {
        self.bad.push(data);
        self
    }

    /// Sets `data` with which attempts fail, such as an address where nobody listens. Default: none, and
    /// failures are not judged.
    #[must_use]
    pub fn failing_data(mut self, data: Value) -> Self {
        self.failing = Some(data);
        self
    }

    /// Sets the facts of the objects that are handed over, if the role takes some. Default: two scans.
    #[must_use]
    pub fn objects(mut self, facts: impl IntoIterator<Item = Value>) -> Self {
        self.facts = facts.into_iter().collect();
        self
    }

    /// Sets the site, with the pages that are worked on. Default: `https://a.example`.
    #[must_use]
    pub fn site(mut self, site: Site) -> Self {
        self.site = site;
        self
    }

    /// Adds a secret, for `data` to use as `{{name}}`. Default: none, and leaks are not judged.
    #[must_use]
    pub fn secret(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.secrets.push((name.into(), value.into()));
        self
    }

    /// Shows the effects so far: the idempotency key of each, as whoever received it saw it. Default: effects
    /// are not judged.
    #[must_use]
    pub fn effects(mut self, effects: impl Fn() -> Vec<String> + 'static) -> Self {
        self.effects = Some(Box::new(effects));
        self
    }

    /// Sets how long an attempt may take, and how long one that was told to stop. Default: 30 s.
    #[must_use]
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Sets how long one poll may hold the driver. Default: 1 s, so that a busy machine does not count.
    #[must_use]
    pub const fn longest_poll(mut self, longest: Duration) -> Self {
        self.longest_poll = longest;
        self
    }

    /// Sets how many bytes of facts an object may have, as JSON. Default: 64 KiB.
    #[must_use]
    pub const fn max_output(mut self, bytes: usize) -> Self {
        self.max_output = bytes;
        self
    }

    /// Does every check.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the attempt under way.
    pub async fn run(&self) -> ExecutorVerdict {
        ExecutorVerdict { checks: checks::all(self).await }
    }

    pub(super) fn executor(&self) -> Arc<dyn TaskExecutor> {
        (self.make)()
    }

    /// The task of an attempt. Nodes of other names are handed other objects.
    pub(super) fn task(&self, node: &str, data: &Value) -> Task {
        let objects = if self.role.takes_objects() { self.facts.clone() } else { Vec::new() };
        self.task_on(node, data, &objects)
    }

    pub(super) fn task_on(&self, node: &str, data: &Value, facts: &[Value]) -> Task {
        let task = Task::detached(node, &self.task_type, data.to_string(), self.site.clone());
        let mut task = task.expect("the data of an executor suite is a JSON object");
        let pages = self.site.pages().iter().map(|page| Resource::page(page.id(), page.page_url()));
        let pages: Vec<Resource> = pages.collect();
        if !pages.is_empty() {
            task = task.with_resources(pages);
        }
        let objects = (1..).zip(facts).map(|(number, facts)| TaskObject {
            entry: ObjectEntry::new("page", format!("object-{node}-{number}")),
            facts: Some(Facts::new(facts.clone())),
        });
        task.with_objects(objects)
    }
}

impl fmt::Debug for ExecutorSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecutorSuite").field("task_type", &self.task_type).finish_non_exhaustive()
    }
}
