//! Events in any order, times and attempts of any kind.

use std::sync::Arc;

use arbitrary::{Result, Unstructured};
use flowrun::{Attempt, Event, NodeIx, Record, Rerun, Run, Timer, Timestamp};

use crate::made;

/// More take longer and find nothing: a run of up to sixteen nodes is over by then.
const MOST_EVENTS: u32 = 96;

/// Events in any order are taken or rejected; a rejected one changes nothing, and the records of the others
/// replayed are the same run.
pub fn events(input: &[u8]) {
    // Input that is used up is no finding: a fuzzer makes more.
    let _ = play(&mut Unstructured::new(input));
}

fn play(input: &mut Unstructured<'_>) -> Result<()> {
    let Some(mut run) = made::run(input)? else { return Ok(()) };
    let mut journal: Vec<(Timestamp, Record)> = Vec::new();
    let mut now = Timestamp::default();
    for number in 0..MOST_EVENTS {
        if input.is_empty() {
            break;
        }
        let event = if number == 0 && !input.ratio(1, 16)? { Event::Started } else { event(input, &run)? };
        now = now.after(std::time::Duration::from_millis(input.int_in_range(0..=2_000)?));
        if let Ok(decision) = run.handle(now, event) {
            journal.extend(decision.records.iter().map(|record| (now, record.clone())));
        }
        assert!(!run.is_over() || run.working().next().is_none(), "something works in a run that is over");
    }
    // Rejected events are not in it: had one changed anything, the two would differ.
    let lines = journal.iter().map(|(at, record)| (*at, record));
    let replayed = Run::replay(Arc::clone(run.plan()), run.spec().clone(), lines);
    assert_eq!(replayed.expect("a run reads its own journal").to_json(), run.to_json());
    Ok(())
}

fn event(input: &mut Unstructured<'_>, run: &Run) -> Result<Event> {
    // Mostly an attempt that is at work, or nothing would ever move.
    let working: Vec<(NodeIx, Attempt)> = run.working().collect();
    let (node, attempt) = if !working.is_empty() && input.ratio(7, 8)? {
        *input.choose(&working)?
    } else {
        let node = NodeIx::new(input.int_in_range(0..=run.plan().node_count())?);
        let first = if input.ratio(1, 4)? { Attempt::FIRST.next_visit() } else { Attempt::FIRST };
        let retries = input.int_in_range(0..=3)?;
        (node, (0..retries).fold(first, |attempt, _| attempt.next()))
    };
    Ok(match input.int_in_range(0..=15)? {
        0..=4 => Event::AttemptEnded { node, attempt, outcome: made::outcome(input)? },
        5 | 6 => Event::Reported { node, attempt, report: made::report(input)? },
        7 => Event::AttemptStopped { node, attempt },
        8 | 9 => Event::TimerFired(match input.int_in_range(0..=3)? {
            0 => Timer::Attempt { node, attempt },
            1 => Timer::Retry { node, attempt },
            2 => Timer::Node { node, attempt },
            _ => Timer::Run,
        }),
        10 => Event::SlotGranted { node, attempt },
        11 => Event::PauseRequested,
        12 => Event::ResumeRequested,
        13 => Event::RerunRequested(if input.ratio(1, 2)? {
            Rerun::Failed
        } else {
            let id = run.plan().flow().nodes().nth(node.index()).map_or("nobody".into(), |node| node.id());
            Rerun::From(id.into_owned())
        }),
        14 => Event::Recovered { epoch: 2 },
        _ if input.ratio(1, 4)? => Event::CancelRequested,
        _ => Event::Started,
    })
}
