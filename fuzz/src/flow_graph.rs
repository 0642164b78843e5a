//! Any graph, run to its end.

use arbitrary::{Result, Unstructured};
use flowrun::{Command, Event, FlowRun, NodeIx, NodeStatus, Run, RunStatus, Timestamp};

use crate::made;

/// A graph is refused or runs to its end, whatever its nodes end like, and its FlowRun is read back.
pub fn flow_graph(input: &[u8]) {
    // Input that is used up is no finding: a fuzzer makes more.
    let _ = run_to_end(&mut Unstructured::new(input));
}

fn run_to_end(input: &mut Unstructured<'_>) -> Result<()> {
    let Some(mut run) = made::run(input)? else { return Ok(()) };
    let now = Timestamp::default();
    let mut open: Vec<Command> = run.handle(now, Event::Started).expect("the first event").commands.to_vec();
    let mut starts = vec![0_u32; run.plan().node_count()];
    while let Some(command) = open.pop() {
        let Command::Start { node, attempt } = command else { continue };
        starts[node.index()] += 1;
        let task = run.task(node, attempt);
        assert_eq!(task.node(), run.plan().node_id(node));
        if let Ok(report) = made::report(input) {
            run.handle(now, Event::Reported { node, attempt, report }).expect("it is at work");
        }
        let outcome = made::outcome(input).unwrap_or(flowrun::Outcome::Done);
        let decision =
            run.handle(now, Event::AttemptEnded { node, attempt, outcome }).expect("it is at work");
        open.extend_from_slice(decision.commands);
    }
    check_end(&run, &starts);
    Ok(())
}

fn check_end(run: &Run, starts: &[u32]) {
    assert!(run.is_over(), "nothing works, so the run is over");
    assert!(starts.iter().all(|&starts| starts <= 1), "no node starts twice");
    let statuses = (0..run.plan().node_count()).map(|node| run.node_status(NodeIx::new(node)));
    assert!(
        statuses.clone().all(|status| status != NodeStatus::Working),
        "no node works in a run that is over"
    );
    let any_failed = statuses.into_iter().any(|status| status == NodeStatus::Failed);
    assert_eq!(run.status() == RunStatus::Failed, any_failed);
    let written = run.to_json();
    let read = FlowRun::from_json(written.clone()).expect("a run that was written is read");
    assert_eq!(read.to_json(), written);
}
