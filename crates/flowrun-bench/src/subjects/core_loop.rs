//! The bare state machine: no driver, no executor, no clock, no store.

use std::sync::Arc;

use flowrun::{
    Call, Event, Flow, Outcome, Plan, Record, Run, RunId, RunSpec, RunStatus, Site, TaskTypes, Timestamp,
};

use super::Work;
use crate::Case;
use crate::executors::Finder;

/// Creates a run of the plan and tells it that each node it starts is done, to its end. Where executors find
/// objects, it is told of them first.
#[must_use]
pub fn core_run(plan: Arc<Plan>, work: Work) -> Case {
    let site = Arc::new(Site::new("https://example.com"));
    Case::new("core", plan.node_count(), move |watch| {
        let spec = RunSpec::new(RunId::from_bytes([7; 16]), Timestamp::default(), Arc::clone(&site));
        let plan = Arc::clone(&plan);
        let run = watch.time(|| run_to_end(plan, spec, work, |_| ()));
        assert_eq!(run.status(), RunStatus::Passed, "every node passed");
    })
}

/// The plan of a flow.
#[must_use]
pub fn plan(flow: &Flow) -> Arc<Plan> {
    Arc::new(Plan::new(flow, &TaskTypes::documented()).expect("a measured flow can run"))
}

/// What a driver does, without anything that takes time: every attempt is done as soon as it is ordered.
/// `written` is told what each decision would write down.
pub(super) fn run_to_end(
    plan: Arc<Plan>,
    spec: RunSpec,
    work: Work,
    mut written: impl FnMut(&[Record]),
) -> Run {
    let at = Timestamp::default();
    let finder = (work == Work::Finds).then(Finder::default);
    let mut run = Run::new(plan, spec);
    let (mut ready, mut ended) = (Vec::new(), vec![Event::Started]);
    while !ended.is_empty() {
        let rejected = |rejected| unreachable!("the event follows an order: {rejected}");
        let decision = run.handle_all(at, ended.drain(..), rejected);
        written(decision.records);
        // As the driver does: the first one ordered is the first one taken.
        ready.extend(decision.calls.drain(..).rev());
        let called = ready.len().saturating_sub(Run::AT_ONCE)..;
        if let Some(finder) = &finder {
            ended.extend(ready[called.clone()].iter().rev().map(|call: &Call| Event::Reported {
                node: call.node(),
                attempt: call.attempt(),
                report: finder.report(),
            }));
        }
        ended.extend(ready.drain(called).rev().map(|call: Call| Event::AttemptEnded {
            node: call.node(),
            attempt: call.attempt(),
            outcome: Outcome::Done,
        }));
    }
    run
}
