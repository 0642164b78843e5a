//! Creating a run.

use std::sync::Arc;
use std::time::Duration;

use flowrun::{Flow, Page, Plan, RunId, RunRequest, Site, StartError, StoreError};
use serde::de::IgnoredAny;
use uuid::Uuid;

use super::shares::with_waits;
use crate::http::json::{object, text};
use crate::http::refusal::Refusal;
use crate::repo::{self, AccountId, Caller, KnownKey, Limits, NotStored, Owner, RequestKey};
use crate::server::Inner;

/// What is to be run.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) flow: repo::Flow,
    pub(crate) site: repo::Site,
    /// A JSON object.
    pub(crate) configs: Option<String>,
    /// What makes sure that whoever asks twice has one run.
    pub(crate) key: Option<RequestKey>,
}

impl Inner {
    /// Starts a run, and gives its document once its beginning is on the disk, or, with somebody who waits, once it is
    /// over or that time has passed. With a key the document is that of the beginning.
    pub(crate) async fn create_run(
        self: &Arc<Self>,
        caller: &Caller,
        wanted: Wanted,
        wait: Option<Duration>,
    ) -> Result<String, Refusal> {
        if self.is_draining() {
            return Err(Refusal::unavailable("the server is shutting down"));
        }
        let Wanted { flow, site, configs, key } = wanted;
        let account = caller.account;
        let plan = self.plan(&document_of(caller, &flow))?;
        within(&self.repo.limits(account)?, &plan)?;

        let (_, pages) = self.repo.pages(account, Some(site.id), &[], None)?;
        // Pages in the order in which they were made.
        let target =
            pages.iter().rev().fold(Site::new(&site.url).with_id(site.id.to_string()), |target, page| {
                target.with_page(Page::new(&page.url).with_id(page.id.to_string()))
            });
        let owner = Owner { account, flow: flow.id, site: site.id, title: flow.title, key: key.clone() };
        let id = RunId::from_bytes(Uuid::new_v4().into_bytes());
        let mut request = RunRequest::of_plan(plan, target).id(id).host_data(owner);
        if let Some(configs) = configs {
            request = request.configs(&configs).map_err(|_| Refusal::bad("configs must be an object"))?;
        }
        // In a task of its own: a caller that hangs up must not leave a run that nobody follows.
        let inner = Arc::clone(self);
        let started = tokio::spawn(async move {
            let owned = inner.shares.owned(id, account);
            let handle = inner.engine.start(request).await?;
            inner.follow(account, handle.clone(), owned);
            Ok(handle)
        });
        let started = started.await.map_err(|_| Refusal::unavailable("the run was not started"))?;
        let handle = match (started, key) {
            (Ok(handle), None) => handle,
            (Ok(handle), Some(_)) => return self.beginning(account, handle.id()).await,
            // Another request with this key was first.
            (Err(error), Some(key)) if is_key_taken(&error) => {
                let known = self.repo.known_key(account, &key.key)?;
                let known = known.ok_or_else(|| Refusal::unavailable("the run was not started"))?;
                return self.created_before(account, &key, known).await;
            }
            (Err(error), _) => return Err(refused(&error)),
        };
        if let Some(wait) = wait {
            self.wait_for(handle.id(), wait).await;
        }
        match handle.snapshot().await {
            Ok(run) => {
                // Before anybody is told, so that no answer after this one makes it of the journal.
                self.keep(account, handle.id(), &run).await;
                Ok(with_waits(&self.engine, id, run.to_json()))
            }
            Err(_) => Err(Refusal::unavailable("the run cannot be read now")),
        }
    }

    /// The answer to a request whose key stands for a run already.
    pub(crate) async fn created_before(
        &self,
        account: AccountId,
        key: &RequestKey,
        known: KnownKey,
    ) -> Result<String, Refusal> {
        if known.asked != key.asked {
            return Err(Refusal::contradicts("Idempotency-Key was used for another request"));
        }
        self.beginning(account, known.run).await
    }

    /// A run as it began, which never changes.
    async fn beginning(&self, account: AccountId, run: RunId) -> Result<String, Refusal> {
        let gone = || Refusal::gone("the run of this Idempotency-Key was deleted");
        self.repo.run(account, run)?.ok_or_else(gone)?;
        Ok(self.run_at(run, 1).await?.to_json())
    }

    /// Waits until a run is over, or nobody drives it, or so much time has passed.
    pub(crate) async fn wait_for(&self, run: RunId, at_most: Duration) {
        if let Some(driven) = self.engine.run(run) {
            let _ = tokio::time::timeout(at_most, driven.wait()).await;
        }
    }

    /// Checks a flow as whoever starts it needs it.
    fn plan(&self, document: &str) -> Result<Arc<Plan>, Refusal> {
        let flow =
            Flow::from_json(document).map_err(|error| Refusal::flow(&[(*error.diagnostic).clone()]))?;
        self.engine.plan(&flow).map_err(|refused| Refusal::flow(refused.problems()))
    }
}

/// The flow as a document, with whose it is.
fn document_of(caller: &Caller, flow: &repo::Flow) -> String {
    object([
        ("id", text(&flow.id.to_string()).as_str()),
        ("user", &text(&flow.user)),
        ("account", &text(&caller.account.to_string())),
        ("title", &text(&flow.title)),
        ("nodes", &flow.nodes),
        ("edges", &flow.edges),
    ])
}

/// Whether the account may run a flow of this size.
fn within(limits: &Limits, plan: &Plan) -> Result<(), Refusal> {
    if limits.nodes_allowed.is_some_and(|most| plan.node_count() as u64 > most) {
        return Err(Refusal::limit("nodes"));
    }
    let Some(most) = limits.conditions_allowed else { return Ok(()) };
    let conditions = |node: flowrun::Node<'_>| {
        let conditions: Option<Vec<IgnoredAny>> = serde_json::from_str(node.conditions()?).ok();
        conditions.map(|conditions| conditions.len() as u64)
    };
    if plan.flow().nodes().filter_map(conditions).any(|count| count > most) {
        return Err(Refusal::limit("conditions"));
    }
    Ok(())
}

fn is_key_taken(error: &StartError) -> bool {
    let StartError::Store(StoreError::Refused { source, .. }) = error else { return false };
    matches!(source.downcast_ref(), Some(NotStored::KeyTaken))
}

fn refused(error: &StartError) -> Refusal {
    match error {
        StartError::Refused(refused) => Refusal::flow(refused.problems()),
        StartError::Store(StoreError::Refused { source, .. }) if source.is::<NotStored>() => {
            match source.downcast_ref() {
                Some(NotStored::Limit) => Refusal::limit("flowruns"),
                Some(NotStored::NoSite) => Refusal::missing("site"),
                Some(NotStored::NoFlow | NotStored::KeyTaken) | None => Refusal::missing("flow"),
            }
        }
        StartError::ShutDown => Refusal::unavailable("the server is shutting down"),
        error => {
            tracing::error!(%error, "a run was not started");
            Refusal::unavailable("the run was not started")
        }
    }
}
