//! The only place where the outside touches a run: decide, commit, perform, in that order.
//!
//! Decisions do not wait for each other: while one is on its way to the disk the next ones follow it, so that
//! what is ready together is written together. What a decision orders waits until it is written.

mod ahead;
mod attempt;
mod here;
mod probe;
mod timers;
mod watch;
mod work;

use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use flowrun_core::{Attempt, Call, Event, NodeIx, Outcome, Run, Timestamp};
use flowrun_store::{Commit, Journal, StoreError};
use tokio::sync::{mpsc, oneshot};
use tracing::{debug, debug_span};

use crate::FlowRun;
use crate::context::{Context, Reported, RunShared, Within};
use crate::executor::{NodeExecutors, Placement};
use crate::failpoint::failpoint;
use crate::handle::{Progress, RunError};
use crate::slots::RunSlots;
use ahead::Ordered;
use attempt::{AttemptFuture, Started};
use timers::Due;
pub(crate) use watch::Watch;
use work::Ended;
pub(crate) use work::Work;

/// Nodes that end at once before the driver lets other tasks of the runtime have their turn.
const NODES_PER_TURN: u32 = 64;

/// What waiting for the disk counts for in a turn: it takes as long as many nodes do.
const NODES_PER_WAIT: u32 = 8;

/// What a handle or the engine asks of a driver.
pub(crate) enum Request {
    /// Cancel the run.
    Cancel,
    /// Start nothing new.
    Pause(oneshot::Sender<()>),
    /// Go on after a pause.
    Resume(oneshot::Sender<()>),
    /// Give the run as it stands.
    Snapshot(oneshot::Sender<FlowRun>),
    /// End within this time, or leave the run as it is.
    Park(Duration),
}

/// Drives one run. It owns the run: nobody else changes it.
pub(crate) struct Driver {
    pub(crate) run: Run,
    pub(crate) journal: Box<dyn Journal>,
    pub(crate) executors: NodeExecutors,
    pub(crate) shared: Arc<RunShared>,
    /// What an attempt without a deadline works within.
    pub(crate) within: Arc<Within>,
    pub(crate) reports: mpsc::UnboundedReceiver<Reported>,
    pub(crate) requests: mpsc::Receiver<Request>,
    pub(crate) watch: Watch,
    pub(crate) progress: Arc<Progress>,
    pub(crate) grace: Duration,
    /// Tells that the first decision is written.
    pub(crate) stored: Option<oneshot::Sender<()>>,
    pub(crate) slots: RunSlots,
    pub(crate) work: Work,
}

impl Driver {
    /// Runs to the end of the run and leaves the outcome with whoever holds a handle.
    pub(crate) async fn drive(mut self, first: Event) {
        let driven = self.run_to_end(first).await;
        debug!(status = %self.run.status(), "run left its driver");
        if driven.is_err() {
            // What an executor has put into tasks of its own is not dropped with it, but it can listen.
            self.shared.stops.stop_all();
        }
        // Executors that are still at work are dropped before the end is told.
        self.work = Work::default();
        let Self { run, progress, journal, slots, .. } = self;
        // Whoever waits for the end may open the run once more at that moment.
        drop((journal, slots));
        progress.finish(driven.map(|()| run));
    }

    async fn run_to_end(&mut self, first: Event) -> Result<(), RunError> {
        self.decide(first)?;
        loop {
            self.start_ready().await?;
            if self.run.is_over() || self.work.parked {
                self.settle().await?;
                failpoint!("c9");
                return if self.run.is_over() { Ok(()) } else { Err(RunError::Parked) };
            }
            self.tell();
            match self.next().await? {
                Next::Written => {}
                Next::Reported(reported) => self.decide(reported.into())?,
                Next::Ended => self.end_attempts()?,
                Next::Granted(node, attempt) => self.decide(Event::SlotGranted { node, attempt })?,
                Next::Asked(request) => self.answer(request).await?,
                Next::Due => self.fire_timers()?,
            }
        }
    }

    /// Tells those who watch of what was written, and whether the run is at rest, when that changed. What is not
    /// written yet is not at rest.
    fn tell(&mut self) {
        if std::mem::take(&mut self.work.untold) {
            self.journal.publish();
            self.progress.committed();
        }
        let at_rest = self.run.is_at_rest() && self.work.ahead.is_empty();
        if at_rest != self.work.at_rest {
            self.work.at_rest = at_rest;
            self.progress.rest(at_rest);
        }
    }

    /// Waits for what comes next. Reports first: what an executor said stands before how it ended.
    async fn next(&mut self) -> Result<Next, StoreError> {
        self.watch.waited();
        let wait =
            self.work.timers.next().map(|at| at.as_micros().saturating_sub(self.watch.now().as_micros()));
        let mut sleep = pin!(sleep_micros(wait));
        let next = poll_fn(|cx| self.poll_next(cx, sleep.as_mut())).await;
        self.watch.waited();
        next
    }

    fn poll_next(
        &mut self,
        cx: &mut TaskContext<'_>,
        sleep: Pin<&mut impl Future<Output = ()>>,
    ) -> Poll<Result<Next, StoreError>> {
        if let Some(reported) = self.reported() {
            return Poll::Ready(Ok(Next::Reported(reported)));
        }
        if let Poll::Ready(written) = self.poll_written(cx) {
            return Poll::Ready(written.map(|()| Next::Written));
        }
        if !self.work.ahead.is_full() && self.work.poll_ended(cx, &self.shared.redactor) {
            return Poll::Ready(Ok(Next::Ended));
        }
        // Nothing is ready by a look; from here on whatever comes has to wake the driver.
        if let Poll::Ready(Some(reported)) = self.reports.poll_recv(cx) {
            return Poll::Ready(Ok(Next::Reported(reported)));
        }
        if let Poll::Ready(Some((node, attempt))) = self.slots.granted.poll_recv(cx) {
            return Poll::Ready(Ok(Next::Granted(node, attempt)));
        }
        if let Poll::Ready(Some(request)) = self.requests.poll_recv(cx) {
            return Poll::Ready(Ok(Next::Asked(request)));
        }
        sleep.poll(cx).map(|()| Ok(Next::Due))
    }

    /// The next report that is there, if any.
    fn reported(&mut self) -> Option<Reported> {
        if !self.shared.has_reports.load(Ordering::Acquire) {
            return None;
        }
        // Taken back before the look, so that a report that comes after it shows again.
        self.shared.has_reports.store(false, Ordering::Release);
        let reported = self.reports.try_recv().ok();
        if reported.is_some() {
            self.shared.has_reports.store(true, Ordering::Release);
        }
        reported
    }

    /// Decides one event that happened just now.
    fn decide(&mut self, event: Event) -> Result<(), StoreError> {
        let at = self.watch.now();
        self.decide_all(at, [event], More::No)
    }

    /// Decides events that happened at one time, hands the decision to the journal, and carries out what it
    /// orders once it is written.
    #[inline]
    fn decide_all(
        &mut self,
        at: Timestamp,
        events: impl IntoIterator<Item = Event>,
        more: More,
    ) -> Result<(), StoreError> {
        let rejected = |rejected| debug!(%rejected, "event rejected");
        let decision = self.run.handle_all(at, events, rejected);
        if decision.records.is_empty() && decision.commands.is_empty() {
            return Ok(());
        }
        let is_idle = more == More::No && self.work.is_idle();
        let commit = if is_idle && self.journal.writes_here() && here::may_wait() {
            self.work.turn += NODES_PER_WAIT;
            let commit = here::wait(|| self.journal.append_here(at, decision.records));
            self.watch.waited();
            commit
        } else {
            self.journal.append(at, decision.records)
        };
        match commit {
            Commit::Done(done) if self.work.ahead.is_empty() => {
                done?;
                let Self { work, shared, slots, .. } = self;
                written(&mut self.stored, &mut *self.journal);
                work.untold = true;
                work.perform(at, decision.calls, decision.commands, &shared.stops, slots, self.grace);
            }
            commit => self.work.ahead.push(commit, at, decision.calls, decision.commands),
        }
        Ok(())
    }

    /// Carries out what the oldest unwritten decision orders, once it is written.
    fn poll_written(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), StoreError>> {
        let Ordered { at, mut calls, commands } = std::task::ready!(self.work.ahead.poll_written(cx))?;
        written(&mut self.stored, &mut *self.journal);
        self.work.untold = true;
        self.work.perform(at, &mut calls, &commands, &self.shared.stops, &mut self.slots, self.grace);
        Poll::Ready(Ok(()))
    }

    /// Waits until everything that was decided is written, and carries it out.
    async fn settle(&mut self) -> Result<(), StoreError> {
        while !self.work.ahead.is_empty() {
            poll_fn(|cx| self.poll_written(cx)).await?;
        }
        self.watch.waited();
        Ok(())
    }

    /// Starts what is ready, a turn at a time.
    async fn start_ready(&mut self) -> Result<(), StoreError> {
        loop {
            poll_fn(|cx| Poll::Ready(self.take_turn(cx))).await?;
            if self.work.turn >= NODES_PER_TURN {
                self.work.turn = 0;
                self.tell();
                tokio::task::yield_now().await;
                self.watch.waited();
                while let Ok(request) = self.requests.try_recv() {
                    self.answer(request).await?;
                }
            } else {
                return Ok(());
            }
            if self.work.parked {
                return Ok(());
            }
        }
    }

    /// Starts what is ready, polling each executor once in place. Most are done then; the others wait in the
    /// queue.
    fn take_turn(&mut self, cx: &mut TaskContext<'_>) -> Result<(), StoreError> {
        while self.work.turn < NODES_PER_TURN && !self.work.ahead.is_full() && !self.work.ready.is_empty() {
            for _ in 0..Run::AT_ONCE {
                let Some(call) = self.work.ready.pop() else { break };
                self.work.turn += 1;
                if let Some(outcome) = self.start(cx, call) {
                    let (node, attempt) = (call.node(), call.attempt());
                    let outcome = self.shared.redactor.outcome(outcome);
                    self.work.ended.push(Ended { node, attempt, outcome: Some(outcome) });
                }
            }
            self.end_attempts()?;
        }
        Ok(())
    }

    /// Calls the executor of a node. Gives the outcome if it is done at once.
    fn start(&mut self, cx: &mut TaskContext<'_>, call: Call) -> Option<Outcome> {
        let (node, attempt) = (call.node(), call.attempt());
        let executor = self.executors.of(node);
        let timeout = self.run.attempt_timeout(node);
        let deadline = timeout.map(|timeout| self.watch.now().after(timeout));
        let span = debug_span!("attempt", node = %self.run.plan().node_id(node), %attempt);
        failpoint!("c4");
        let entered = span.enter();
        let started = Started::new(cx, || {
            let within = match deadline {
                None => Arc::clone(&self.within),
                deadline => Arc::new(Within::new(Arc::clone(&self.shared), deadline)),
            };
            let context = Context::new(within, call);
            let task = self.run.task(node, attempt);
            if self.run.is_probed_first(node) {
                let (executor, on_unknown) = (Arc::clone(executor), self.run.on_unknown(node));
                let probed = probe::execute_if_not_done(executor, task, context, on_unknown);
                return Started::Pending(Box::pin(probed));
            }
            match executor.execute_now(&task, &context) {
                Some(outcome) => Started::Done(outcome),
                None => Started::Pending(Arc::clone(executor).execute(task, context)),
            }
        });
        drop(entered);
        match started {
            Started::Done(outcome) => Some(outcome),
            Started::Pending(future) => {
                failpoint!("c5");
                let future = AttemptFuture::new(node, attempt, future, span);
                let in_place = executor.placement() == Placement::InPlace;
                self.work.pending.push(if in_place { future } else { future.into_own_task() });
                None
            }
        }
    }

    /// Decides what the attempts that ended mean: first what their executors still had to say, then their ends
    /// together.
    fn end_attempts(&mut self) -> Result<(), StoreError> {
        failpoint!("c6");
        let at = self.watch.now();
        while let Some(reported) = self.reported() {
            self.decide_all(at, [reported.into()], More::Follows)?;
        }
        let mut ended = std::mem::take(&mut self.work.ended);
        self.decide_all(at, ended.iter_mut().map(Ended::event), More::No)?;
        ended.clear();
        self.work.ended = ended;
        Ok(())
    }

    async fn answer(&mut self, request: Request) -> Result<(), StoreError> {
        match request {
            Request::Cancel => {
                failpoint!("c12");
                self.decide(Event::CancelRequested)?;
            }
            Request::Pause(decided) => self.decide_asked(Event::PauseRequested, decided)?,
            Request::Resume(decided) => self.decide_asked(Event::ResumeRequested, decided)?,
            Request::Snapshot(reply) => {
                self.settle().await?;
                // What it holds can be read by then.
                self.tell();
                // Whoever asked may have gone away.
                let _ = reply.send(self.run.to_flow_run());
            }
            Request::Park(grace) => self.work.timers.set(self.watch.now().after(grace), Due::Park),
        }
        Ok(())
    }

    /// Decides what somebody asked for and waits to see decided.
    fn decide_asked(&mut self, event: Event, decided: oneshot::Sender<()>) -> Result<(), StoreError> {
        self.decide(event)?;
        // First, so that whoever asked does not take the rest before for the rest after.
        self.tell();
        // Whoever asked may have gone away.
        let _ = decided.send(());
        Ok(())
    }

    fn fire_timers(&mut self) -> Result<(), StoreError> {
        let now = self.watch.now();
        let mut over = BTreeSet::new();
        while let Some(due) = self.work.timers.pop(now) {
            match due {
                Due::Timer(timer) => self.decide(Event::TimerFired(timer))?,
                Due::Grace(node, attempt) => {
                    over.insert((node, attempt));
                }
                Due::Park => {
                    self.shared.stops.stop_all();
                    self.work.parked = true;
                }
            }
        }
        self.work.abandon(&over);
        self.end_attempts()
    }
}

/// What a driver has to see to next.
enum Next {
    /// A decision is written, and carried out.
    Written,
    /// An executor said something.
    Reported(Reported),
    /// Attempts that waited are over.
    Ended,
    /// The host has a slot for an attempt.
    Granted(NodeIx, Attempt),
    /// Somebody asked for something.
    Asked(Request),
    /// A timer has to fire.
    Due,
}

/// Whether something else is known to be decided next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum More {
    Follows,
    No,
}

/// Tells that a decision is written.
fn written(stored: &mut Option<oneshot::Sender<()>>, journal: &mut dyn Journal) {
    failpoint!("c8");
    if let Some(stored) = stored.take() {
        failpoint!("c2");
        journal.publish();
        // Whoever started the run may have gone away.
        let _ = stored.send(());
    }
}

impl From<Reported> for Event {
    fn from(Reported { node, attempt, report }: Reported) -> Self {
        Self::Reported { node, attempt, report }
    }
}

/// Sleeps for so many microseconds, not at all when there are fewer than none; for ever without a number.
async fn sleep_micros(wait: Option<i64>) {
    match wait {
        None => std::future::pending().await,
        Some(micros) => {
            // One more, so that the time has passed by the clock's own reading.
            let wait = u64::try_from(micros).map_or(0, |micros| micros + 1);
            tokio::time::sleep(Duration::from_micros(wait)).await;
        }
    }
}
