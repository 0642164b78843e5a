//! The only place where the outside touches a run: decide, commit, perform, in that order.

mod attempt;
mod timers;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use flowrun_core::{Attempt, Command, Event, NodeIx, Outcome, Run, Timestamp};
use flowrun_store::{Journal, StoreError};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot};
use tracing::{debug, debug_span};

use crate::context::{Context, Reported, RunShared};
use crate::engine::NodeExecutors;
use crate::executor::Placement;
use crate::handle::{Progress, RunError};
use crate::{Clock, FlowRun};
use attempt::AttemptFuture;
use timers::{Due, Timers};

/// Nodes that end at once before the driver lets other tasks of the runtime have their turn.
const NODES_PER_TURN: u32 = 64;

/// What a handle or the engine asks of a driver.
pub(crate) enum Request {
    /// Cancel the run.
    Cancel,
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
    pub(crate) reports: mpsc::UnboundedReceiver<Reported>,
    pub(crate) requests: mpsc::Receiver<Request>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) grace: Duration,
    pub(crate) work: Work,
}

/// What a run has under way.
#[derive(Default)]
pub(crate) struct Work {
    /// Attempts to start, the next one last: a stack keeps a node's children in the cache.
    ready: Vec<(NodeIx, Attempt)>,
    /// Attempts that wait for something.
    pending: FuturesUnordered<AttemptFuture>,
    timers: Timers,
    parked: bool,
}

impl Driver {
    /// Runs to the end of the run and leaves the outcome with whoever holds a handle.
    pub(crate) async fn drive(mut self) {
        let driven = self.run_to_end().await;
        debug!(status = %self.run.status(), "run left its driver");
        // Executors that are still at work are dropped before the end is told.
        self.work = Work::default();
        let Self { run, progress, .. } = self;
        progress.finish(driven.map(|()| run));
    }

    async fn run_to_end(&mut self) -> Result<(), RunError> {
        self.step(Event::Started).await?;
        loop {
            self.start_ready().await?;
            if self.run.is_over() {
                return Ok(());
            }
            if self.work.parked {
                return Err(RunError::Parked);
            }
            let next_timer = self.work.timers.next();
            let sleep = sleep_until(&*self.clock, next_timer);
            tokio::select! {
                biased;
                // Reports first: what an executor said stands before how it ended.
                Some(reported) = self.reports.recv() => self.step(reported.into()).await?,
                Some((node, attempt, outcome)) = self.work.pending.next() => {
                    // `None` is what is left of an attempt that was abandoned, and told of, before.
                    if outcome.is_some() {
                        self.end_attempt(node, attempt, outcome).await?;
                    }
                }
                Some(request) = self.requests.recv() => self.answer(request).await?,
                () = sleep => self.fire_timers().await?,
            }
        }
    }

    /// Decides one event, writes the decision down, and carries out what it orders.
    async fn step(&mut self, event: Event) -> Result<(), StoreError> {
        let at = self.clock.now();
        let decision = match self.run.handle(at, event) {
            Ok(decision) => decision,
            Err(rejected) => {
                debug!(%rejected, "event rejected");
                return Ok(());
            }
        };
        self.journal.append(at, decision.records).done().await?;
        self.progress.committed();
        // From here it happened; only now may the world notice.
        let first_ready = self.work.ready.len();
        for &command in decision.commands {
            match command {
                Command::Start { node, attempt } => self.work.ready.push((node, attempt)),
                Command::Stop { node, attempt } => {
                    self.shared.stops.stop(node, attempt);
                    self.work.timers.set(at.after(self.grace), Due::Grace(node, attempt));
                }
                Command::SetTimer { timer, at } => self.work.timers.set(at, Due::Timer(timer)),
                Command::End => {}
            }
        }
        // The first one ordered is the first one taken.
        self.work.ready[first_ready..].reverse();
        Ok(())
    }

    /// Starts what is ready, polling each executor once in place. Most are done then; the others wait in the
    /// queue.
    async fn start_ready(&mut self) -> Result<(), StoreError> {
        let mut taken = 0;
        while let Some((node, attempt)) = self.work.ready.pop() {
            match self.start(node, attempt).await {
                Started::Done(outcome) => self.end_attempt(node, attempt, Some(outcome)).await?,
                Started::Pending(future) => self.work.pending.push(future),
            }
            taken += 1;
            if taken % NODES_PER_TURN == 0 {
                tokio::task::yield_now().await;
                while let Ok(request) = self.requests.try_recv() {
                    self.answer(request).await?;
                }
                if self.work.parked {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn start(&mut self, node: NodeIx, attempt: Attempt) -> Started {
        let executor = self.executors.of(node);
        let task = self.run.task(node, attempt);
        let timeout = self.run.spec().policy.attempt_timeout;
        let deadline = timeout.map(|timeout| self.clock.now().after(timeout));
        let context = Context::new(Arc::clone(&self.shared), node, attempt, deadline);
        let placement = executor.placement();
        let span = debug_span!("attempt", node = %self.run.plan().node_id(node), %attempt);
        let started =
            AttemptFuture::start(node, attempt, span, || Arc::clone(executor).execute(task, context));
        let mut future = match started {
            Ok(future) => future,
            Err(outcome) => return Started::Done(outcome),
        };
        match poll_fn(|cx| Poll::Ready(future.poll_outcome(cx))).await {
            Poll::Ready(Some(outcome)) => Started::Done(outcome),
            Poll::Ready(None) => unreachable!("a future that was just made has not been dropped"),
            Poll::Pending if placement == Placement::OwnTask => Started::Pending(future.into_own_task()),
            Poll::Pending => Started::Pending(future),
        }
    }

    /// An executor returned, or was dropped (`None`): first what it still had to say, then its end.
    async fn end_attempt(
        &mut self,
        node: NodeIx,
        attempt: Attempt,
        outcome: Option<Outcome>,
    ) -> Result<(), StoreError> {
        while let Ok(reported) = self.reports.try_recv() {
            self.step(reported.into()).await?;
        }
        let event = match outcome {
            Some(outcome) => {
                let outcome = self.shared.redactor.outcome(outcome);
                Event::AttemptEnded { node, attempt, outcome }
            }
            None => Event::AttemptStopped { node, attempt },
        };
        self.step(event).await
    }

    async fn answer(&mut self, request: Request) -> Result<(), StoreError> {
        match request {
            Request::Cancel => self.step(Event::CancelRequested).await,
            Request::Snapshot(reply) => {
                // Whoever asked may have gone away.
                let _ = reply.send(self.run.to_flow_run());
                Ok(())
            }
            Request::Park(grace) => {
                self.work.timers.set(self.clock.now().after(grace), Due::Park);
                Ok(())
            }
        }
    }

    async fn fire_timers(&mut self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut over = Vec::new();
        while let Some(due) = self.work.timers.pop(now) {
            match due {
                Due::Timer(timer) => self.step(Event::TimerFired(timer)).await?,
                Due::Grace(node, attempt) => over.push((node, attempt)),
                Due::Park => {
                    self.shared.stops.stop_all();
                    self.work.parked = true;
                }
            }
        }
        self.abandon(&over).await
    }

    /// Drops the executors whose grace period is over. One walk over what is pending serves all of them.
    async fn abandon(&mut self, over: &[(NodeIx, Attempt)]) -> Result<(), StoreError> {
        if over.is_empty() {
            return Ok(());
        }
        let mut dropped = Vec::new();
        for future in self.work.pending.iter_mut() {
            if over.contains(&(future.node, future.attempt)) {
                future.abandon();
                dropped.push((future.node, future.attempt));
            }
        }
        for (node, attempt) in dropped {
            self.end_attempt(node, attempt, None).await?;
        }
        Ok(())
    }
}

/// What became of an attempt at its first poll.
enum Started {
    Done(Outcome),
    Pending(AttemptFuture),
}

impl From<Reported> for Event {
    fn from(Reported { node, attempt, report }: Reported) -> Self {
        Self::Reported { node, attempt, report }
    }
}

/// Sleeps until the time has come; for ever when there is none.
async fn sleep_until(clock: &dyn Clock, at: Option<Timestamp>) {
    match at {
        None => std::future::pending().await,
        Some(at) => {
            let micros = at.as_micros().saturating_sub(clock.now().as_micros());
            // One more, so that the time has passed by the clock's own reading.
            let wait = Duration::from_micros(u64::try_from(micros).map_or(0, |micros| micros + 1));
            tokio::time::sleep(wait).await;
        }
    }
}
