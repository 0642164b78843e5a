//! Answers about a store that is open in this process.

use std::sync::{Arc, OnceLock};

use flowrun::{
    Engine, JournalLine, Plan, Rerun, RunEvent, RunFilter, RunId, RunState, RunSummary, RunUpdate, Skipped,
    Store as _, StoreError, TaskTypes,
};
use flowrun_artefacts::{ArtefactError, Artefacts, beside};
use flowrun_server::{Repository, Server};
use flowrun_store::SqliteStore;
use tokio::sync::mpsc;

use super::HeldError;
use super::accounts::Accounts;
use super::ask::{Ask, Event, Listed, Part, Standing, Verdict};
use super::explained::explained;
use crate::commands::CommandError;
use crate::drive::DriveError;
use crate::progress::why_skipped;
use crate::render::plain;
use crate::stored::Stored;
use crate::wiring;

/// Runs that are listed at a time.
const PAGE: usize = 256;

/// Matches that are named where one was meant.
const MATCHES: usize = 3;

/// A store that is open in this process, and who drives its runs.
pub(crate) struct Desk {
    store: Arc<SqliteStore>,
    driver: Driver,
    /// Found when they are asked for.
    accounts: OnceLock<Repository>,
}

/// Who drives the runs of a store.
pub(crate) enum Driver {
    /// Nobody: they lie there.
    Nobody,
    /// An engine, for as long as the runs take that it was made for.
    Engine(Engine),
    /// A server.
    Server(Server),
}

impl Desk {
    pub(crate) const fn new(store: Arc<SqliteStore>, driver: Driver) -> Self {
        Self { store, driver, accounts: OnceLock::new() }
    }

    /// A store that was opened for its accounts.
    pub(super) fn of_accounts(accounts: Repository) -> Self {
        let store = Arc::clone(accounts.store());
        Self { store, driver: Driver::Nobody, accounts: accounts.into() }
    }

    pub(super) fn into_store(self) -> Arc<SqliteStore> {
        self.store
    }

    /// Answers, part by part, to the end or until nobody reads it.
    pub(super) async fn answer(&self, ask: Ask, parts: mpsc::Sender<Part>) {
        let out = Out(parts);
        let last = match self.answered(ask, &out).await {
            Ok(()) => Part::Done,
            Err(error) => Part::Failed(error.told()),
        };
        // Whoever is gone does not miss it.
        let _ = out.tell(last).await;
    }

    async fn answered(&self, ask: Ask, out: &Out) -> Result<(), CommandError> {
        match ask {
            Ask::Runs { open, limit } => self.runs(open, limit, out).await,
            Ask::Find { text } => self.find(&text, out).await,
            Ask::Show { run, events } => self.show(run, events, out).await,
            Ask::Explain { run, at, node } => {
                let explained = self.reading(move |store| explained(store, run, at, node.as_deref())).await?;
                out.tell(Part::Explained(explained)).await
            }
            Ask::Watch { run, after } => self.watch(run, after, out).await,
            Ask::Cancel { run } => {
                let cancelled = self.any_engine()?.cancel(run).await;
                let cancelled = cancelled.map_err(|error| CommandError::Cancel(run, error))?;
                out.tell(Part::Document(cancelled.to_json().to_owned())).await
            }
            Ask::Pause { run } => {
                let paused = self.any_engine()?.pause(run).await;
                paused.map_err(|error| CommandError::Pause(run, error))
            }
            Ask::Resume { run } => self.resume(run, out).await,
            Ask::Rerun { run, from } => self.rerun(run, from, out).await,
            Ask::Delete { run } => {
                self.reading(move |store| store.delete(run)).await?;
                self.of_artefacts(move |artefacts| artefacts.remove_run(&run.to_string())).await.map(drop)
            }
            Ask::CreateAccount { name, user, limits } => {
                let made = self.accounts().await?.create(name, user, &limits).await?;
                out.tell(Part::Account(Box::new(made))).await
            }
            Ask::Accounts => {
                for account in self.accounts().await?.all()? {
                    out.tell(Part::Account(Box::new(account))).await?;
                }
                Ok(())
            }
            Ask::SetLimits { name, limits } => {
                let account = self.accounts().await?.limit(&name, &limits).await?;
                out.tell(Part::Account(Box::new(account))).await
            }
            Ask::CreateToken { account, scope, expires } => {
                let (id, secret) = self.accounts().await?.create_token(&account, &scope, expires).await?;
                out.tell(Part::NewToken { id, secret }).await
            }
            Ask::Tokens { account } => {
                for token in self.accounts().await?.tokens(account.as_deref())? {
                    out.tell(Part::Token(token)).await?;
                }
                Ok(())
            }
            Ask::RevokeToken { id } => self.accounts().await?.revoke(&id).await,
            Ask::Stats => self.stats(out).await,
            Ask::Verify => self.verify(out).await,
            Ask::Backup { to } => {
                let copy = to.clone();
                self.reading(move |store| store.backup(&copy)).await?;
                // Afterwards: what the copy of the store does not name yet is only too much.
                self.of_artefacts(move |artefacts| artefacts.backup(beside(&to))).await.map(drop)
            }
        }
    }

    /// Does something with what scans brought home, if there is any.
    async fn of_artefacts<T: Send + 'static>(
        &self,
        work: impl FnOnce(Artefacts) -> Result<T, ArtefactError> + Send + 'static,
    ) -> Result<Option<T>, CommandError> {
        let store = self.store.path().to_owned();
        let work = move || Artefacts::find(&store)?.map(work).transpose();
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => Ok(done?),
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }

    /// The accounts in the store.
    async fn accounts(&self) -> Result<Accounts, CommandError> {
        if let Driver::Server(server) = &self.driver {
            return Ok(Accounts(server.repository().clone()));
        }
        if let Some(found) = self.accounts.get() {
            return Ok(Accounts(found.clone()));
        }
        let store = Arc::clone(&self.store);
        let found = self.reading(move |_| Repository::on(store)).await?;
        let found = found.ok_or_else(|| CommandError::NoAccounts(self.store.path().to_owned()))?;
        Ok(Accounts(self.accounts.get_or_init(|| found).clone()))
    }

    /// The engine that drives the runs.
    fn engine(&self) -> Option<&Engine> {
        match &self.driver {
            Driver::Nobody => None,
            Driver::Engine(engine) => Some(engine),
            Driver::Server(server) => Some(server.engine()),
        }
    }

    /// The engine that drives the runs, or one for what starts nothing.
    fn any_engine(&self) -> Result<Engine, CommandError> {
        match self.engine() {
            Some(engine) => Ok(engine.clone()),
            None => Ok(wiring::idle_engine(Arc::clone(&self.store))?),
        }
    }

    fn driving_engine(&self) -> Result<&Engine, CommandError> {
        Ok(self.engine().ok_or_else(|| HeldError::Undriven(self.store.path().to_owned()))?)
    }

    /// Does something with the store that blocks for as long as a disk takes.
    async fn reading<T: Send + 'static>(&self, work: impl FnOnce(&SqliteStore) -> T + Send + 'static) -> T {
        let store = Arc::clone(&self.store);
        match tokio::task::spawn_blocking(move || work(&store)).await {
            Ok(done) => done,
            // It panics here as it would have without the other thread.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// Runs behind the last one of a page.
    async fn page(&self, which: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
        let which = which.clone();
        self.reading(move |store| store.runs(&which)).await
    }

    async fn runs(&self, open: bool, limit: usize, out: &Out) -> Result<(), CommandError> {
        let mut which = RunFilter::default();
        which.open = open;
        let mut left = limit;
        while left > 0 {
            which.limit = left.min(PAGE);
            let page = self.page(&which).await?;
            left = if page.len() < which.limit { 0 } else { left - page.len() };
            if let Some(last) = page.last() {
                which = which.after(last);
            }
            for run in page {
                let state = if run.status.is_over() { run.status.into() } else { self.state(run.id).await };
                out.tell(Part::Run(Listed::new(run, state))).await?;
            }
        }
        Ok(())
    }

    /// How an open run stands: as its driver says, or as it was left.
    async fn state(&self, run: RunId) -> RunState {
        match self.driven(run) {
            Some(state) => state,
            // One that cannot be read is not less lost for it.
            None => self.read(run).await.map_or(RunState::Lost, |stored| stored.left()),
        }
    }

    fn driven(&self, run: RunId) -> Option<RunState> {
        self.engine().and_then(|engine| engine.run(run)).map(|handle| handle.state())
    }

    async fn find(&self, text: &str, out: &Out) -> Result<(), CommandError> {
        let wanted = text.to_lowercase();
        let mut which = RunFilter::default().limit(PAGE);
        let mut count = 0;
        loop {
            let page = self.page(&which).await?;
            for run in &page {
                if !wanted.is_empty() && run.id.to_string().starts_with(&wanted) {
                    count += 1;
                    if count <= MATCHES {
                        out.tell(Part::Run(Listed::new(run.clone(), run.status.into()))).await?;
                    }
                }
            }
            match page.last() {
                Some(last) if page.len() == PAGE => which = which.after(last),
                _ => return out.tell(Part::Count(count)).await,
            }
        }
    }

    async fn read(&self, run: RunId) -> Result<Stored, CommandError> {
        Ok(self.reading(move |store| Stored::read(store, run)).await?)
    }

    async fn show(&self, run: RunId, events: bool, out: &Out) -> Result<(), CommandError> {
        let stored = self.read(run).await?;
        if events {
            out.tell_lines(&stored, 0).await?;
        }
        let state = self.driven(run).filter(|_| !stored.run.is_over());
        out.tell_standing(&stored, state).await
    }

    async fn watch(&self, run: RunId, after: u64, out: &Out) -> Result<(), CommandError> {
        let Some(handle) = self.engine().and_then(|engine| engine.run(run)) else {
            let stored = self.read(run).await?;
            out.tell_lines(&stored, after).await?;
            return out.tell_standing(&stored, None).await;
        };
        let mut skipped = Skipped::default();
        let mut events = handle.events_after(after);
        loop {
            let next = tokio::select! {
                next = events.next() => next.map_err(DriveError::Events)?,
                () = out.0.closed() => return Err(HeldError::Unread.into()),
            };
            match next {
                Some(RunUpdate::Event(event)) => out.tell_event(event, handle.plan(), &mut skipped).await?,
                Some(RunUpdate::Lagged(count)) => out.tell(Part::Lagged(count)).await?,
                // No more than these two is known to those who ask.
                Some(_) => {}
                None => break,
            }
        }
        // Its driver is done with it: what is stored says how it stands.
        out.tell_standing(&self.read(run).await?, None).await
    }

    async fn resume(&self, run: RunId, out: &Out) -> Result<(), CommandError> {
        let engine = self.driving_engine()?;
        let stored = self.read(run).await?;
        if stored.run.is_over() {
            return Ok(());
        }
        let after = stored.last();
        match engine.run(run) {
            Some(handle) => handle.resume().await,
            None => {
                let handle = match &self.driver {
                    Driver::Server(server) => server.resume(run).await,
                    _ => engine.resume(run).await,
                };
                let handle = handle.map_err(DriveError::Resume)?;
                if stored.run.is_paused() {
                    handle.resume().await;
                }
            }
        }
        out.tell(Part::GoesOn { after }).await
    }

    async fn rerun(&self, run: RunId, from: Option<String>, out: &Out) -> Result<(), CommandError> {
        let engine = self.driving_engine()?;
        let stored = self.read(run).await?;
        let what = what(&stored, from.as_deref())?;
        let handle = match &self.driver {
            Driver::Server(server) => server.rerun(run, what).await,
            _ => engine.rerun(run, what).await,
        };
        handle.map_err(DriveError::Resume)?;
        out.tell(Part::GoesOn { after: stored.last() }).await
    }

    async fn stats(&self, out: &Out) -> Result<(), CommandError> {
        let stats = self.reading(SqliteStore::stats).await?;
        let figures = [
            ("runs", stats.runs),
            ("open", stats.open),
            ("lines", stats.lines),
            ("flows", stats.flows),
            ("deleted", stats.deleted),
            ("bytes", stats.bytes),
            ("free_bytes", stats.free_bytes),
            ("epoch", stats.epoch),
        ];
        out.tell(Part::Figures(figures.map(|(name, figure)| (name.to_owned(), figure)).into())).await
    }

    async fn verify(&self, out: &Out) -> Result<(), CommandError> {
        // More than this program can do: a journal is followed without an executor.
        let found = self.reading(|store| store.verify_replaying(&TaskTypes::documented())).await?;
        let damaged = self.of_artefacts(|artefacts| artefacts.verify()).await?.unwrap_or_default();
        let (ok, runs, lines) = (found.is_sound() && damaged.is_empty(), found.runs, found.lines);
        let (mut problems, not_replayed) = (found.problems, found.not_replayed);
        problems.extend(damaged);
        out.tell(Part::Verified(Verdict { ok, runs, lines, problems, not_replayed })).await
    }
}

/// What is to be done once more of a run: what failed, or a node and what is below it.
pub(crate) fn what(stored: &Stored, from: Option<&str>) -> Result<Rerun, CommandError> {
    match from {
        None => Ok(Rerun::Failed),
        Some(node) if stored.run.plan().find(node).is_some() => Ok(Rerun::From(node.to_owned())),
        Some(node) => Err(CommandError::NoNode { run: stored.run.id(), node: plain(node) }),
    }
}

/// Where the parts of an answer go.
struct Out(mpsc::Sender<Part>);

impl Out {
    /// Hands on a part, once there is room for it.
    async fn tell(&self, part: Part) -> Result<(), CommandError> {
        Ok(self.0.send(part).await.map_err(|_| HeldError::Unread)?)
    }

    async fn tell_event(
        &self,
        event: RunEvent,
        plan: &Plan,
        skipped: &mut Skipped,
    ) -> Result<(), CommandError> {
        skipped.note(&event.record);
        let why = why_skipped(&event.record, plan, skipped);
        self.tell(Part::Event(Box::new(Event { event, why }))).await
    }

    async fn tell_lines(&self, stored: &Stored, after: u64) -> Result<(), CommandError> {
        let plan = stored.run.plan();
        let mut skipped = Skipped::default();
        for line in stored.lines.iter().filter(|line| line.seq > after) {
            let line = JournalLine { seq: line.seq, at: line.at, record: line.record.clone() };
            self.tell_event(RunEvent::new(plan, line), plan, &mut skipped).await?;
        }
        Ok(())
    }

    /// Tells how a run stands: as its driver says, if it has one.
    async fn tell_standing(&self, stored: &Stored, driven: Option<RunState>) -> Result<(), CommandError> {
        let run = &stored.run;
        let held = run.held().map(|node| run.plan().node_id(node).into_owned());
        let standing = Standing {
            status: run.status(),
            state: driven.unwrap_or_else(|| stored.left()).to_string(),
            has_timed_out: run.has_timed_out(),
            held: held.collect(),
            document: run.to_json(),
            reasons: stored.reasons(),
        };
        self.tell(Part::Stands(Box::new(standing))).await
    }
}
