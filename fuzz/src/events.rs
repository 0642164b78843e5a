//! Events in any order, times and attempts of any kind.

use arbitrary::{Arbitrary, Result, Unstructured};
use flowrun::{Attempt, Event, NodeIx, Run, Timer, Timestamp};

use crate::made;

/// Each is followed by a look at the whole run, whose log grows with them: more would be slow and find nothing.
const MOST_EVENTS: u32 = 48;

/// Events in any order are taken or rejected; a rejected one changes nothing.
pub fn events(input: &[u8]) {
    // Input that is used up is no finding: a fuzzer makes more.
    let _ = play(&mut Unstructured::new(input));
}

fn play(input: &mut Unstructured<'_>) -> Result<()> {
    let Some(mut run) = made::run(input)? else { return Ok(()) };
    let mut now = 0_i64;
    for number in 0..MOST_EVENTS {
        if input.is_empty() {
            break;
        }
        let event = if number == 0 && !input.ratio(1, 16)? { Event::Started } else { event(input, &run)? };
        now += input.int_in_range(0..=2_000_000)?;
        let before = run.to_json();
        let is_rejected = run.handle(Timestamp::from_micros(now), event).is_err();
        assert!(!is_rejected || run.to_json() == before, "a rejected event changed the run");
        let working = run.working().count();
        assert!(!run.is_over() || working == 0, "something works in a run that is over");
    }
    Ok(())
}

fn event(input: &mut Unstructured<'_>, run: &Run) -> Result<Event> {
    // Mostly an attempt that is at work, or nothing would ever move.
    let working: Vec<(NodeIx, Attempt)> = run.working().collect();
    let (node, attempt) = if !working.is_empty() && input.ratio(7, 8)? {
        *input.choose(&working)?
    } else {
        let node = NodeIx::new(input.int_in_range(0..=run.plan().node_count())?);
        let retries = input.int_in_range(0..=3)?;
        (node, (0..retries).fold(Attempt::FIRST, |attempt, _| attempt.next()))
    };
    Ok(match input.int_in_range(0..=9)? {
        0..=3 => Event::AttemptEnded { node, attempt, outcome: made::outcome(input)? },
        4 | 5 => Event::Reported { node, attempt, report: made::report(input)? },
        6 => Event::AttemptStopped { node, attempt },
        7 => Event::TimerFired(match input.int_in_range(0..=2)? {
            0 => Timer::Attempt { node, attempt },
            1 => Timer::Retry { node, attempt },
            _ => Timer::Run,
        }),
        8 => Event::Started,
        _ if bool::arbitrary(input)? => Event::CancelRequested,
        _ => Event::AttemptStopped { node, attempt },
    })
}
