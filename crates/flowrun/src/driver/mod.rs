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
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use flowrun_core::{Attempt, Call, Event, NodeIx, Outcome, Report, Run, Timestamp};
use flowrun_store::{Commit, Journal, StoreError};
use tokio::sync::{mpsc, oneshot};
use tracing::{debug, debug_span, warn};

use crate::contain;
use crate::context::{Context, RunShared, Within};
use crate::executor::{NodeExecutors, Placement};
use crate::failpoint::failpoint;
use crate::progress::{Progress, Request, RunError, Snapshot};
use crate::reports::{AttemptId, Said, dropped_line};
use crate::slots::RunSlots;
use ahead::Ordered;
use attempt::{AttemptFuture, Started};
use timers::Due;
pub(crate) use watch::Watch;
use work::Ended;
pub(crate) use work::Work;

/// Nodes that end at once before the driver lets other tasks of the runtime have their turn.
const NODES_PER_TURN: u32 = 64;

/// Bytes of reports that count as much as a node: a few large reports take as long as many small ones.
const BYTES_PER_NODE: usize = 16 << 10;

/// What waiting for the disk counts for in a turn: it takes as long as many nodes do.
const NODES_PER_WAIT: u32 = 8;

/// Drives one run. It owns the run: nobody else changes it.
pub(crate) struct Driver {
    pub(crate) run: Run,
    pub(crate) journal: Box<dyn Journal>,
    pub(crate) executors: NodeExecutors,
    pub(crate) shared: Arc<RunShared>,
    /// What an attempt without a deadline works within.
    pub(crate) within: Arc<Within>,
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
        self.shared.reports.close();
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
            self.tell_stuck()?;
            self.tell();
            match self.next().await? {
                Next::Written => {}
                Next::Reported => self.hear()?,
                Next::Ended => self.end_attempts()?,
                Next::Granted(node, attempt) => self.decide(Event::SlotGranted { node, attempt })?,
                Next::Asked(request) => self.answer(request).await?,
                Next::Due => self.end_attempts()?,
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
        // Not before the timers are set anew that a resume brings.
        if self.work.has_clocks && self.work.ahead.is_empty() {
            self.shared.stops.stand_still(self.run.is_paused());
        }
        let state = match self.run.state() {
            // What is not written yet is not at rest.
            state if state.is_at_rest() && !self.work.ahead.is_empty() => self.work.state,
            state => state,
        };
        if state != self.work.state {
            self.work.state = state;
            self.progress.stands(state);
        }
    }

    /// Says of attempts that they may wait for ever: nobody else would.
    fn tell_stuck(&mut self) -> Result<(), StoreError> {
        for (node, attempt, said) in std::mem::take(&mut self.work.stuck) {
            warn!(run = %self.run.id(), node = %self.run.plan().node_id(node), "an attempt waits for a slot of a run above its own");
            let report = Report::Log(self.shared.intake.line(said));
            self.decide(Event::Reported { node, attempt, report })?;
        }
        Ok(())
    }

    /// Waits for what comes next.
    async fn next(&mut self) -> Result<Next, StoreError> {
        self.watch.waited();
        let wait =
            self.work.timers.next().map(|at| at.as_micros().saturating_sub(self.watch.now().as_micros()));
        let mut sleep = pin!(sleep_micros(wait));
        let next = poll_fn(|cx| self.poll_next(cx, sleep.as_mut())).await;
        self.watch.waited();
        next
    }

    /// Looks for what comes next, and is woken by whatever comes after the look.
    ///
    /// The order of the looks decides no race: each source keeps what it has until it is taken, so what is passed over
    /// now is found by the next call. What has to hold is that none is starved and none is missed.
    ///
    /// - *Starved.* Reports come first every other time at most (`has_heard`), so a node that never stops talking lets
    ///   ends and writes through. Grants, requests and timers are behind those in this list; they have their turn in
    ///   `serve`, which every turn ends with, and a turn is over after 64 ends or reports at the latest.
    /// - *Missed.* A future that gives `Pending` has kept the waker by then. Reports are no future: their waker is set
    ///   first and looked at again after, so that one which is pushed between the two looks is seen here, and one that
    ///   is pushed later finds the waker.
    /// - *Full.* While as much is unwritten as may be, nothing is decided. Reports and ends wait where they are, and
    ///   the write that makes room wakes this.
    fn poll_next(
        &mut self,
        cx: &mut TaskContext<'_>,
        sleep: Pin<&mut impl Future<Output = ()>>,
    ) -> Poll<Result<Next, StoreError>> {
        // Reports and the rest take turns: an executor that never stops talking is not all there is to hear. What comes
        // from outside, and timers, have their turn in `serve` after so many reports, which is before this returns for
        // the 64th time.
        let may_hear = !self.work.ahead.is_full();
        if may_hear && !std::mem::take(&mut self.work.has_heard) && self.shared.reports.has_any() {
            return Poll::Ready(Ok(Next::Reported));
        }
        if let Poll::Ready(written) = self.poll_written(cx) {
            return Poll::Ready(written.map(|()| Next::Written));
        }
        if may_hear && self.work.poll_ended(cx, &self.shared.intake) {
            return Poll::Ready(Ok(Next::Ended));
        }
        // Nothing is ready by a look; from here on whatever comes has to wake the driver.
        self.shared.reports.wake_at_next(cx.waker());
        if may_hear && self.shared.reports.has_any() {
            return Poll::Ready(Ok(Next::Reported));
        }
        if let Poll::Ready(Some((node, attempt))) = self.slots.granted.poll_recv(cx) {
            return Poll::Ready(Ok(Next::Granted(node, attempt)));
        }
        if let Poll::Ready(Some(request)) = self.requests.poll_recv(cx) {
            return Poll::Ready(Ok(Next::Asked(request)));
        }
        sleep.poll(cx).map(|()| Ok(Next::Due))
    }

    /// Decides what executors have said, as much of it as belongs into a turn, as one decision.
    fn hear(&mut self) -> Result<(), StoreError> {
        self.work.has_heard = true;
        let said =
            self.shared.reports.take(NODES_PER_TURN as usize, NODES_PER_TURN as usize * BYTES_PER_NODE);
        self.decide_said(said)
    }

    fn decide_said(&mut self, said: Vec<Said>) -> Result<(), StoreError> {
        if said.is_empty() {
            return Ok(());
        }
        let bytes: usize = said.iter().map(Said::size).sum();
        let nodes = u32::try_from(said.len() + bytes / BYTES_PER_NODE).unwrap_or(u32::MAX);
        self.work.turn = self.work.turn.saturating_add(nodes);
        let at = self.watch.now();
        self.decide_all(at, said.into_iter().map(Event::from), More::Follows)
    }

    /// Tells how many lines were dropped of those who said too much, where that is not told yet.
    fn tell_dropped(&mut self) -> Result<(), StoreError> {
        for ((node, attempt), lines) in self.shared.reports.take_dropped() {
            let report = Report::Log(dropped_line(lines));
            self.decide(Event::Reported { node, attempt, report })?;
        }
        Ok(())
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
        let in_place = if is_idle { self.journal.in_place() } else { None };
        let commit = match in_place.filter(|_| here::may_wait()) {
            Some(writer) => {
                self.work.turn += NODES_PER_WAIT;
                let commit = here::wait(|| writer.append_in_place(at, decision.records));
                self.watch.waited();
                commit
            }
            None => self.journal.append(at, decision.records),
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
        if self.work.has_clocks && self.run.is_paused() {
            self.shared.stops.stand_still(true);
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
                self.serve().await?;
            } else {
                return Ok(());
            }
            if self.work.parked {
                return Ok(());
            }
        }
    }

    /// Sees to what does not come from executors, as far as it is there.
    async fn serve(&mut self) -> Result<(), StoreError> {
        while let Ok(request) = self.requests.try_recv() {
            self.answer(request).await?;
        }
        while let Ok((node, attempt)) = self.slots.granted.try_recv() {
            self.decide(Event::SlotGranted { node, attempt })?;
        }
        if self.work.timers.next().is_some_and(|at| at <= self.watch.now()) {
            self.end_attempts()?;
        }
        Ok(())
    }

    /// Starts what is ready, polling each executor once in place. Most are done then; the others wait in the
    /// queue.
    ///
    /// It ends: each round takes calls off `ready`, counts them in `turn`, and `turn` is bounded, though deciding their
    /// ends may make others ready. An executor is polled here with the waker of the driver, before it is in `pending`.
    /// One that wakes it at once, or from another thread before it is pushed, wakes the driver's task, which polls
    /// `pending` when it comes to wait: a future that is new there is polled once whoever woke it, so no wake is lost.
    /// The ends are decided in the order of the calls, whatever the executors did, so the journal is the same each time.
    fn take_turn(&mut self, cx: &mut TaskContext<'_>) -> Result<(), StoreError> {
        while self.work.turn < NODES_PER_TURN && !self.work.ahead.is_full() && !self.work.ready.is_empty() {
            for _ in 0..Run::AT_ONCE {
                let Some(call) = self.work.ready.pop() else { break };
                self.work.turn += 1;
                if let Some(outcome) = self.start(cx, call) {
                    let (node, attempt) = (call.node(), call.attempt());
                    let outcome = self.shared.intake.outcome(outcome);
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
                let placement = contain::call(|| executor.placement()).unwrap_or_default();
                self.work.pending.push(match placement {
                    Placement::InPlace => future,
                    Placement::OwnTask => future.into_own_task(Context::new(Arc::clone(&self.within), call)),
                });
                None
            }
        }
    }

    /// Decides what the attempts that ended mean: first what their executors still had to say, then what ended them
    /// before they returned, then their ends together.
    ///
    /// An executor that kept the driver from its turns returns after its deadline, or after somebody asked for a cancel,
    /// and the driver sees its answer before it sees those. They came first, so they are decided first.
    fn end_attempts(&mut self) -> Result<(), StoreError> {
        failpoint!("c6");
        if self.shared.reports.has_any() {
            self.hear_of_ended()?;
        }
        if self.shared.stops.is_cancel_asked() && !self.work.has_cancelled {
            self.cancel()?;
        }
        self.fire_timers()?;
        self.tell_dropped()?;
        let at = self.watch.now();
        let mut ended = std::mem::take(&mut self.work.ended);
        self.decide_all(at, ended.iter_mut().map(Ended::event), More::No)?;
        ended.clear();
        self.work.ended = ended;
        Ok(())
    }

    /// Decides what the attempts that ended have said. What others have said meanwhile comes in its order, as long as
    /// it is not too much.
    fn hear_of_ended(&mut self) -> Result<(), StoreError> {
        self.hear()?;
        if self.shared.reports.has_any() && !self.work.ended.is_empty() {
            let ended: BTreeSet<AttemptId> =
                self.work.ended.iter().map(|ended| (ended.node, ended.attempt)).collect();
            let mut said = self.shared.reports.take_all_of(&ended);
            // What is decided at once is to stay as small as it is otherwise.
            while !said.is_empty() {
                let rest = said.split_off(said.len().min(NODES_PER_TURN as usize));
                self.decide_said(std::mem::replace(&mut said, rest))?;
            }
        }
        Ok(())
    }

    fn cancel(&mut self) -> Result<(), StoreError> {
        failpoint!("c12");
        self.work.has_cancelled = true;
        self.tell_dropped()?;
        self.decide(Event::CancelRequested)
    }

    async fn answer(&mut self, request: Request) -> Result<(), StoreError> {
        match request {
            Request::Cancel => self.cancel()?,
            Request::Pause(decided) => self.decide_asked(Event::PauseRequested, decided)?,
            Request::Resume(decided) => self.decide_asked(Event::ResumeRequested, decided)?,
            Request::Snapshot(reply) => {
                self.settle().await?;
                // What it holds can be read by then.
                self.tell();
                // Whoever asked may have gone away.
                let _ = reply.send(Snapshot::of(&self.run));
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

    /// Sees to what is due by the clock.
    fn fire_timers(&mut self) -> Result<(), StoreError> {
        if self.work.timers.next().is_none() {
            return Ok(());
        }
        let now = self.watch.now();
        let mut over = BTreeSet::new();
        while let Some(due) = self.work.timers.pop(now) {
            match due {
                Due::Timer(timer) => {
                    // It may end the run, and then nobody is left to tell.
                    self.tell_dropped()?;
                    self.decide(Event::TimerFired(timer))?;
                }
                Due::Grace(node, attempt) => {
                    over.insert((node, attempt));
                }
                Due::Park => {
                    self.slots.close_all();
                    self.shared.stops.stop_all();
                    self.work.parked = true;
                }
            }
        }
        let mut last_words = Vec::new();
        self.work.abandon(&over, |node, attempt, told| last_words.push((node, attempt, told)));
        for (node, attempt, told) in last_words {
            let report = Report::Log(self.shared.intake.line(told));
            self.decide(Event::Reported { node, attempt, report })?;
        }
        Ok(())
    }
}

/// What a driver has to see to next.
enum Next {
    /// A decision is written, and carried out.
    Written,
    /// Executors have said something.
    Reported,
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
