//! One attempt, watched.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use flowrun::{Context, DetachedRun, Outcome, Report, Task, TaskExecutor};
use tokio::time::timeout;

use super::ExecutorSuite;

/// When an attempt is interfered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interference {
    None,
    /// It is told to stop before it begins.
    StopFirst,
    /// It is told to stop when it has to wait.
    StopWaiting,
    /// It is dropped when it has to wait for the n-th time.
    Drop(usize),
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub(super) enum Ending {
    Returned(Outcome),
    Panicked(String),
    Dropped,
    NotInTime,
}

/// What an attempt did.
#[derive(Clone, Debug)]
pub(super) struct Ran {
    pub(super) ending: Ending,
    pub(super) reports: Vec<Report>,
    /// What was reported after its end.
    pub(super) late: Vec<Report>,
    pub(super) longest_poll: Duration,
}

impl Ran {
    /// The outcome; `None` when the attempt did not return, which has a check of its own.
    pub(super) const fn outcome(&self) -> Option<&Outcome> {
        match &self.ending {
            Ending::Returned(outcome) => Some(outcome),
            Ending::Panicked(_) | Ending::Dropped | Ending::NotInTime => None,
        }
    }

    /// Whether the attempt returned and did not fail as a whole.
    pub(super) fn is_good(&self) -> bool {
        self.outcome().is_some_and(|outcome| !matches!(outcome, Outcome::Failed(_)))
    }
}

impl ExecutorSuite {
    /// Makes one attempt on a fresh executor.
    pub(super) async fn attempt(&self, task: Task, interference: Interference) -> Ran {
        self.attempt_by(self.executor(), task, interference).await
    }

    pub(super) async fn attempt_by(
        &self,
        executor: Arc<dyn TaskExecutor>,
        task: Task,
        interference: Interference,
    ) -> Ran {
        // Raw: nothing is to be taken out of the reports before they are looked at.
        let secrets: BTreeMap<_, _> = self.secrets.iter().cloned().collect();
        let mut run = DetachedRun::raw(&task, Arc::new(secrets));
        if interference == Interference::StopFirst {
            run.cancel();
        }
        let context = run.context();
        let mut longest_poll = Duration::ZERO;
        let mut future: Pin<Box<dyn Future<Output = Outcome> + Send>> =
            Box::pin(called(executor, task, context));
        let polled = polled(future.as_mut(), &run, interference, &mut longest_poll);
        let ending = timeout(self.patience, polled).await.unwrap_or(Ending::NotInTime);
        let ending = match catch_unwind(AssertUnwindSafe(|| drop(future))) {
            Ok(()) => ending,
            Err(panic) => Ending::Panicked(text_of(&*panic)),
        };
        let reports = run.reports();
        settle().await;
        Ran { ending, reports, late: run.reports(), longest_poll }
    }
}

/// Calls the executor as an engine does.
async fn called(executor: Arc<dyn TaskExecutor>, task: Task, context: Context) -> Outcome {
    match executor.execute_now(&task, &context) {
        Some(outcome) => outcome,
        None => executor.execute(task, context).await,
    }
}

async fn polled(
    mut future: Pin<&mut (dyn Future<Output = Outcome> + Send)>,
    run: &DetachedRun,
    interference: Interference,
    longest_poll: &mut Duration,
) -> Ending {
    let mut waits = 0;
    poll_fn(|cx| {
        let began = Instant::now();
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)));
        *longest_poll = (*longest_poll).max(began.elapsed());
        match polled {
            Err(panic) => return Poll::Ready(Ending::Panicked(text_of(&*panic))),
            Ok(Poll::Ready(outcome)) => return Poll::Ready(Ending::Returned(outcome)),
            Ok(Poll::Pending) => {}
        }
        waits += 1;
        match interference {
            Interference::Drop(after) if waits >= after => return Poll::Ready(Ending::Dropped),
            Interference::StopWaiting if waits == 1 => {
                run.cancel();
                // Whoever asks rather than waits is asked again.
                cx.waker().wake_by_ref();
            }
            Interference::None
            | Interference::StopFirst
            | Interference::StopWaiting
            | Interference::Drop(_) => {}
        }
        Poll::Pending
    })
    .await
}

/// Lets whatever an executor left behind have its say.
async fn settle() {
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
}

fn text_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}
