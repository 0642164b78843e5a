//! Any graph, run to its end.

use arbitrary::{Result, Unstructured};
use flowrun::{
    Attempt, Call, Command, Decision, Event, FlowRun, NodeIx, NodeStatus, Outcome, Run, RunStatus, Timestamp,
};

use crate::made;

/// A graph is refused or runs to its end, whatever its nodes end like, and its FlowRun is read back.
pub fn flow_graph(input: &[u8]) {
    // Input that is used up is no finding: a fuzzer makes more.
    let _ = run_to_end(&mut Unstructured::new(input));
}

fn run_to_end(input: &mut Unstructured<'_>) -> Result<()> {
    let Some(mut run) = made::run(input)? else { return Ok(()) };
    let now = Timestamp::default();
    let mut open = orders(run.handle(now, Event::Started).expect("the first event"));
    let mut visits = vec![0_u32; run.plan().node_count()];
    while let Some(order) = open.pop() {
        let event = match order {
            Order::Call(call) => {
                visits[call.node().index()] += u32::from(call.attempt() == Attempt::FIRST);
                work(input, &mut run, call.node(), call.attempt())
            }
            Order::Command(Command::AcquireSlot { node, attempt, .. }) => {
                Event::SlotGranted { node, attempt }
            }
            // As late as can be: waits end, and every deadline has passed by then.
            Order::Command(Command::SetTimer { timer, at }) if at > now => Event::TimerFired(timer),
            Order::Command(
                Command::SetTimer { .. } | Command::Stop { .. } | Command::ReleaseSlot { .. } | Command::End,
            ) => continue,
        };
        if run.is_over() {
            continue;
        }
        open.extend(orders(run.handle(now, event).expect("it answers an order of the run")));
        if open.is_empty() && !run.is_over() {
            // What waits for a person goes on when one comes.
            open.extend(orders(run.handle(now, Event::ResumeRequested).expect("it is open")));
        }
    }
    check_end(&run, &visits);
    Ok(())
}

/// What a decision orders.
enum Order {
    Call(Call),
    Command(Command),
}

fn orders(decision: Decision<'_>) -> Vec<Order> {
    let calls = decision.calls.drain(..).map(Order::Call);
    calls.chain(decision.commands.iter().copied().map(Order::Command)).collect()
}

/// An attempt that reports something and ends somehow; when the input is used up it passes.
fn work(input: &mut Unstructured<'_>, run: &mut Run, node: NodeIx, attempt: Attempt) -> Event {
    let task = run.task(node, attempt);
    assert_eq!(task.node(), run.plan().node_id(node));
    if let Ok(report) = made::report(input) {
        let _ = run
            .handle(Timestamp::default(), Event::Reported { node, attempt, report })
            .expect("it is at work");
    }
    Event::AttemptEnded { node, attempt, outcome: made::outcome(input).unwrap_or(Outcome::Passed) }
}

fn check_end(run: &Run, visits: &[u32]) {
    assert!(run.is_over(), "nothing is left to do, so the run is over");
    assert!(visits.iter().all(|&visits| visits <= 1), "no node is visited twice");
    let statuses = (0..run.plan().node_count()).map(|node| run.node_status(NodeIx::new(node)));
    assert!(
        statuses.clone().all(|status| status != NodeStatus::Working),
        "a node works in a run that is over"
    );
    let any_failed = statuses.into_iter().any(|status| status == NodeStatus::Failed);
    assert_eq!(run.status() == RunStatus::Failed, any_failed);
    let written = run.to_json();
    let read = FlowRun::from_json(written.clone()).expect("a run that was written is read");
    assert_eq!(read.to_json(), written);
}
