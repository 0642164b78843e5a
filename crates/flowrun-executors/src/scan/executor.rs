//! The executor of `scan`: from a task to pages, from pages to reports.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use flowrun::{
    Context, EffectClass, ErrorClass, Facts, NodeProblem, ObjectEntry, ObjectReport, ObjectStatus, Outcome,
    Page, ResourceKind, Task, TaskExecutor, async_trait,
};
use flowrun_artefacts::Artefacts;
use flowrun_guard::Guard;
use futures::StreamExt;
use futures::stream;
use uuid::Uuid;

use super::browse::{Browsers, Session};
use super::component::Requested;
use super::configs::{Configs, Granted};
use super::facts::{ComponentState, Look, facts};
use super::fetch::{Passing, Unread};
use super::keep::{Found, Keeper, Kept};
use super::links::Links;
use super::pace::Pace;
use super::{Component, MissingTool, ScanSettings};
use crate::outcome::{refused, stopped};
use crate::text::{said, tame};

/// Scans every page of the task's resources: with plain fetches (the engine `http`), and with a browser where it has
/// one (the engine `chromium`).
///
/// Each page is one object. It is `failed` when a component asked for failed: the page could not be read, or a
/// tool is missing and the settings say [`MissingTool::Fail`]. While pages could not be read for reasons that may
/// pass (a server that is busy, a closed connection, a time limit), the attempt has done a part: the node's
/// `retries` decide about another one, which reads those pages alone.
#[derive(Debug)]
pub struct ScanExecutor {
    pub(super) guard: Guard,
    pub(super) settings: ScanSettings,
    browsers: Browsers,
    keeper: Option<Keeper>,
    observer: Observer,
}

/// Who is told of the facts of each page, if anybody is.
#[derive(Clone, Default)]
struct Observer(Option<Arc<Observe>>);

type Observe = dyn Fn(&Facts) + Send + Sync;

impl std::fmt::Debug for Observer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Observer").field(&self.0.is_some()).finish()
    }
}

impl ScanExecutor {
    /// An executor that fetches through `guard`, without a browser.
    #[must_use]
    pub fn new(guard: Guard, settings: ScanSettings) -> Self {
        Self { guard, settings, browsers: Browsers::default(), keeper: None, observer: Observer::default() }
    }

    /// An executor that looks at pages with the browsers of `pool` as well, where there is one on the machine. What the
    /// pool reaches is its guard's matter, which ought to have the same rules.
    #[cfg(feature = "browser")]
    #[must_use]
    pub fn browsers(self, pool: flowrun_browser::BrowserPool) -> Self {
        Self { browsers: Browsers::new(pool), ..self }
    }

    /// Keeps pictures and documents in `artefacts`, and compares each scan with the one of the same page before: the
    /// picture gets a score, and scores that were measured then as well get their change. Without it a picture has no score.
    #[must_use]
    pub fn artefacts(self, artefacts: Artefacts) -> Self {
        self.artefacts_from(Arc::new(artefacts.into()))
    }

    /// The same, with artefacts that are opened later: before any scan, and after the store beside them.
    #[must_use]
    pub fn artefacts_from(self, artefacts: Arc<OnceLock<Artefacts>>) -> Self {
        Self { keeper: Some(Keeper::new(artefacts)), ..self }
    }

    /// Calls `observer` with the facts of each page when they are reported, for a host that shows them. It must not wait.
    #[must_use]
    pub fn observer(self, observer: impl Fn(&Facts) + Send + Sync + 'static) -> Self {
        Self { observer: Observer(Some(Arc::new(observer))), ..self }
    }
}

#[async_trait]
impl TaskExecutor for ScanExecutor {
    async fn execute(self: Arc<Self>, task: Task, context: Context) -> Outcome {
        let requested = match Requested::of(task.data()) {
            Ok(requested) => requested,
            Err(problem) => return refused(&[problem]),
        };
        let configs = match Configs::of(task.data()) {
            Ok(configs) => configs,
            Err(problems) => return refused(&problems),
        };
        let granted = match configs.access.fill_in(&context) {
            Ok(granted) => granted,
            Err(error) => return Outcome::failed(format!("`configs`: {error}")),
        };
        if requested.components.is_empty() {
            return refused(&requested.problems().collect::<Vec<_>>());
        }
        for (_, word) in &requested.unknown {
            context.log(format!("unknown scan component `{}`", tame(word)));
        }
        // Another attempt does what the one before left: its entries are there, with what is done among them.
        let entries = task.objects().iter().map(|object| &object.entry);
        let done = entries.filter(|entry| entry.status.is_terminal()).filter_map(|entry| entry.id.as_deref());
        let done: BTreeSet<&str> = done.collect();
        let scans: Vec<Scan> = scans(&task).into_iter().filter(|scan| !done.contains(&*scan.id)).collect();
        let register = |scan: &Scan| ObjectReport { entry: scan.entry(), facts: None };
        context.report_objects(scans.iter().map(register).collect());
        context.log(format!(
            "starting {} scans for {} | run_id: {}",
            scans.len(),
            task.site().site_url(),
            task.run()
        ));
        let (session, wanting) = match self.browsers.session() {
            Ok(session) => (Some(session), None),
            Err(wanting) => (None, wanting),
        };
        let mut node = Node {
            links: Links::new(self.guard.clone(), &self.settings),
            executor: &self,
            task: &task,
            context: &context,
            components: &requested.components,
            session,
            wanting,
            pace: Pace::new(configs.page_delay),
            configs,
            granted,
        };
        let all = async |node: &Node<'_>| {
            stream::iter(scans)
                .map(|scan| async move { node.scan(&scan).await })
                .buffer_unordered(self.settings.pages_at_once)
                .fold(None, async |left, page: Option<Passing>| left.max(page))
                .await
        };
        let left = tokio::select! {
            biased;
            () = context.cancelled() => None,
            left = all(&node) => Some(left),
        };
        // With all it wrote; merely dropped, it would end a moment later.
        if let Some(session) = node.session.take() {
            session.close().await;
        }
        match left {
            None => stopped(),
            Some(left) => match left {
                None => Outcome::done(),
                // The lines of the pages have said why.
                Some(Passing { retry_after }) => {
                    Outcome::failed_as(ErrorClass::Partial).retry_after(retry_after)
                }
            },
        }
    }

    fn effect(&self) -> EffectClass {
        EffectClass::Read
    }

    fn templates(&self) -> &[&str] {
        &["configs"]
    }

    fn check(&self, data: &str) -> Vec<NodeProblem> {
        let requested = Requested::of(data);
        let mut problems: Vec<_> =
            requested.map_or_else(|problem| vec![problem], |requested| requested.problems().collect());
        match Configs::of(data) {
            Ok(configs) => problems.extend(Browsers::check(&configs)),
            Err(wrong) => problems.extend(wrong),
        }
        problems
    }
}

/// The jobs these components are done by, each once and in order.
fn jobs(components: &[Component]) -> Vec<&'static str> {
    let mut jobs: Vec<_> = components.iter().map(|component| component.job()).collect();
    jobs.dedup();
    jobs
}

/// One page to be scanned.
#[derive(Debug)]
pub(crate) struct Scan {
    pub(crate) id: String,
    pub(crate) page_id: String,
    pub(crate) page_url: String,
}

impl Scan {
    fn entry(&self) -> ObjectEntry {
        ObjectEntry::new(&self.page_id, &self.id)
    }
}

/// The scans of a task: pages that are named first, then those of sites that are not yet among them. Their
/// ids follow from run, node and page, so that every attempt speaks of the same objects.
fn scans(task: &Task) -> Vec<Scan> {
    let mut pages: Vec<Page> = Vec::new();
    for resource in task.resources().iter().filter(|resource| resource.kind == ResourceKind::Page) {
        pages.push(Page::new(&resource.url).with_id(&resource.id));
    }
    let mut known: BTreeSet<String> = pages.iter().map(|page| page.id().to_owned()).collect();
    for resource in task.resources().iter().filter(|resource| resource.kind == ResourceKind::Site) {
        let of_site = if resource.id == task.site().id() { task.site().pages() } else { &[] };
        // A site without pages is its own page.
        let alone = of_site.is_empty().then(|| Page::new(&resource.url));
        for page in of_site.iter().chain(&alone) {
            if known.insert(page.id().to_owned()) {
                pages.push(page.clone());
            }
        }
    }
    let namespace = Uuid::from_bytes(*task.run().as_bytes());
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    let mut scan = |page: Page| {
        let time = times.entry(page.id().to_owned()).or_default();
        *time += 1;
        let name = format!("scan\0{}\0{}\0{time}", task.node(), page.id());
        Scan {
            id: Uuid::new_v5(&namespace, name.as_bytes()).to_string(),
            page_id: page.id().to_owned(),
            page_url: page.page_url().to_owned(),
        }
    };
    pages.into_iter().map(&mut scan).collect()
}

/// What all pages of one task share.
pub(super) struct Node<'a> {
    pub(super) executor: &'a ScanExecutor,
    task: &'a Task,
    context: &'a Context,
    pub(super) components: &'a [Component],
    pub(super) links: Links,
    /// A browser, if there is one.
    session: Option<Session>,
    /// What is needed for one, beside the command that installs it.
    wanting: Option<String>,
    pace: Pace,
    configs: Configs,
    granted: Granted,
}

impl Node<'_> {
    /// Scans one page and reports it: as done, or with what kept it from being read this time.
    async fn scan(&self, scan: &Scan) -> Option<Passing> {
        let Scan { id, page_url, .. } = scan;
        let here: Vec<Component> =
            self.components.iter().copied().filter(|one| self.lacks(*one).is_none()).collect();
        for job in jobs(&here) {
            self.say(scan, format_args!("starting {job} component"));
        }
        self.pace.turn_of(page_url).await;
        let (look, mut unread) = self.look(page_url, &here).await;
        let mut states = BTreeMap::new();
        for &component in &here {
            let browsed = self.session.is_none() || !component.is_browsed() || look.visit.is_some();
            let fetched = !component.is_fetched() || look.fetched.is_some();
            let done = browsed && fetched;
            let state = if done { ComponentState::Completed } else { ComponentState::Failed };
            states.insert(component.name(), state);
        }
        let kept = self.keep(scan, &look, &mut states, &mut unread).await;
        for job in jobs(&here) {
            let mut of_job = here.iter().filter(|component| component.job() == job);
            match of_job.all(|one| states.get(one.name()) == Some(&ComponentState::Completed)) {
                true => self.say(scan, format_args!("completed {job} component")),
                false => self.say(scan, format_args!("{job} component failed")),
            }
        }
        for &component in self.components {
            if let Some(tool) = self.lacks(component) {
                states.insert(component.name(), self.without_tool(scan, component, tool));
            }
        }
        for (at, Unread { reason, .. }) in unread.iter().enumerate() {
            if unread[..at].iter().all(|before| before.reason != *reason) {
                self.context.log(format!("could not scan {page_url}: {reason} | scan_id: {id}"));
            }
        }
        if let Some(fetched) = &look.fetched {
            for bound in &fetched.analysis.bounds {
                self.context.log(format!("the document at {page_url} is bounded: {bound} | scan_id: {id}"));
            }
        }
        if let Some(visit) = &look.visit {
            for remark in visit.remarks(self.configs.max_wait) {
                self.context.log(format!("{page_url}: {remark} | scan_id: {id}"));
            }
        }
        if let Some(remark) = &kept.remark {
            self.context.log(format!("{page_url}: {remark} | scan_id: {id}"));
        }
        let passing = self.passing(&unread, &states);
        let failed = states.values().any(|state| *state == ComponentState::Failed);
        let status = match (passing, failed) {
            // It stays undecided, so that another attempt may do better. What is known stands all the same: there
            // may be no other.
            (Some(_), _) => ObjectStatus::Working,
            (None, true) => ObjectStatus::Failed,
            (None, false) => ObjectStatus::Passed,
        };
        if status.is_terminal() {
            self.say(scan, format_args!("finished running all scan components"));
        }
        let facts = facts(self.task, scan, &states, &look, &kept, &|text| said(self.context, text));
        if let Some(observer) = &self.executor.observer.0 {
            observer(&facts);
        }
        self.context.report_object(scan.entry().with_status(status), Some(facts));
        passing
    }

    /// Looks at a page as far as these components need it: what there is, and why the rest is not.
    async fn look(&self, page_url: &str, components: &[Component]) -> (Look, Vec<Unread>) {
        let mut look = Look { visit: None, fetched: None };
        let mut unread = Vec::new();
        let browsed = components.iter().any(|component| component.is_browsed());
        if let Some(session) = self.session.as_ref().filter(|_| browsed) {
            let pictured = components.contains(&Component::Images);
            let limit = self.executor.settings.document_bytes;
            match session.visit(page_url, &self.configs, &self.granted, pictured, limit).await {
                Ok(visit) => look.visit = Some(visit),
                Err(error) => unread.push(Unread {
                    passing: error.is_transient().then_some(Passing { retry_after: None }),
                    reason: said(self.context, error.to_string()),
                }),
            }
        }
        if components.iter().any(|component| component.is_fetched()) {
            let rendered = look.visit.as_ref().map(|visit| (visit.final_url(), visit.html()));
            match self.fetched(page_url, &self.granted, rendered).await {
                Ok(fetched) => look.fetched = Some(fetched),
                Err(error) => unread.push(error),
            }
        }
        (look, unread)
    }

    /// Keeps what a look brought, if there is a place for it. When that fails, so do the components it is kept for.
    async fn keep(
        &self,
        scan: &Scan,
        look: &Look,
        states: &mut BTreeMap<&'static str, ComponentState>,
        unread: &mut Vec<Unread>,
    ) -> Kept {
        let Some(keeper) = &self.executor.keeper else { return Kept::default() };
        if look.visit.is_none() && look.fetched.is_none() {
            return Kept::default();
        }
        let wants = |component: Component| states.contains_key(component.name());
        let visit = look.visit.as_ref();
        let found = Found {
            run: self.task.run().to_string(),
            scan: scan.id.clone(),
            url: scan.page_url.clone(),
            window: self.configs.window,
            device: self.configs.device.clone().unwrap_or_else(|| "Windows 10 PC".to_owned()),
            html: visit.filter(|_| wants(Component::Html)).map(|visit| visit.html().to_owned()),
            picture: visit.and_then(|visit| visit.picture()).map(|(png, by)| (png.to_owned(), by.to_owned())),
            scores: look.scores(),
            engine: look.engine(),
        };
        let error = match keeper.keep(found).await {
            Ok(kept) => return kept,
            Err(error) => error,
        };
        for component in [Component::Html, Component::Images].map(Component::name) {
            states.entry(component).and_modify(|state| *state = ComponentState::Failed);
        }
        let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
        unread.push(Unread { reason: format!("{error}{}", source.unwrap_or_default()), passing: None });
        Kept::default()
    }

    /// Whether another attempt may do better: everything that failed may pass, and the longest wait counts.
    fn passing(&self, unread: &[Unread], states: &BTreeMap<&'static str, ComponentState>) -> Option<Passing> {
        // Where a tool is missing, the page fails however often it is read.
        let lacks_tool = |component: &Component| {
            self.lacks(*component).is_some() && states.get(component.name()) == Some(&ComponentState::Failed)
        };
        if self.components.iter().any(lacks_tool) {
            return None;
        }
        unread.iter().map(|unread| unread.passing).collect::<Option<Vec<_>>>()?.into_iter().max()
    }

    /// The tool a component cannot do without and has not.
    fn lacks(&self, component: Component) -> Option<&str> {
        let needs = component.needs()?;
        match (component.is_browsed(), &self.session) {
            (true, Some(_)) => None,
            (true, None) => Some(self.wanting.as_deref().unwrap_or(needs)),
            (false, _) => Some(needs),
        }
    }

    fn without_tool(&self, scan: &Scan, component: Component, tool: &str) -> ComponentState {
        let name = component.name();
        let Scan { id, page_url, .. } = scan;
        match self.executor.settings.missing_tool {
            MissingTool::Skip => {
                self.context
                    .log(format!("skipped {name} component for {page_url}: it needs {tool} | scan_id: {id}"));
                ComponentState::Skipped
            }
            MissingTool::Fail => {
                self.say(scan, format_args!("{name} component failed"));
                self.context.log(format!("{name} needs {tool}"));
                ComponentState::Failed
            }
        }
    }

    /// One of the log lines that are the same for every scan engine.
    fn say(&self, scan: &Scan, what: std::fmt::Arguments<'_>) {
        self.context.log(format!("{what} for {} | scan_id: {}", scan.page_url, scan.id));
    }
}

#[cfg(test)]
mod tests {
    use flowrun::{Resource, Site};

    use super::*;

    fn task(site: Site, resources: Vec<Resource>) -> Task {
        Task::detached("1", "scan", "{}", site).unwrap().with_resources(resources)
    }

    #[test]
    fn named_pages_come_first_and_sites_add_what_is_missing() {
        let site = Site::new("https://a.example").with_page(Page::new("https://a.example/1").with_id("p1"));
        let site = site.with_page(Page::new("https://a.example/2").with_id("p2"));
        let resources = vec![
            Resource::site(&site),
            Resource::page("p2", "https://a.example/2"),
            Resource::page("p2", "https://a.example/2"),
        ];
        let task = task(site, resources);
        let scans = scans(&task);
        assert_eq!(scans.iter().map(|scan| &*scan.page_id).collect::<Vec<_>>(), ["p2", "p2", "p1"]);
        let ids: BTreeSet<_> = scans.iter().map(|scan| &*scan.id).collect();
        assert_eq!(ids.len(), 3);
        let again = super::scans(&task);
        assert!(scans.iter().zip(&again).all(|(one, two)| one.id == two.id));
    }

    #[test]
    fn a_site_without_pages_is_its_own_page() {
        let site = Site::new("https://a.example/");
        let resources = vec![Resource::site(&site)];
        let task = task(site, resources);
        let [scan] = &scans(&task)[..] else { panic!("one page") };
        assert_eq!(scan.page_url, "https://a.example");
    }
}
