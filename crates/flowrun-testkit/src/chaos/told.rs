//! Events as a finding tells them.

use flowrun_core::Event;

/// What happened, in a line. What an executor reports stands in the record that follows.
pub(super) fn describe(event: &Event) -> String {
    match event {
        Event::Started => "the run is created".to_owned(),
        Event::Reported { node, attempt, .. } => {
            format!("attempt {attempt} of node {} reports", node.index())
        }
        Event::AttemptEnded { node, attempt, outcome } => {
            format!("attempt {attempt} of node {} ends: {outcome:?}", node.index())
        }
        Event::AttemptStopped { node, attempt } => {
            format!("attempt {attempt} of node {} is dropped", node.index())
        }
        Event::LimitBroken { node, attempt, limit } => {
            format!("attempt {attempt} of node {} breaks a limit: {limit}", node.index())
        }
        Event::TimerFired(timer) => format!("timer: {timer}"),
        Event::SlotGranted { node, attempt } => {
            format!("a slot for attempt {attempt} of node {}", node.index())
        }
        Event::CancelRequested => "somebody cancels".to_owned(),
        Event::PauseRequested => "somebody pauses".to_owned(),
        Event::ResumeRequested => "somebody resumes".to_owned(),
        Event::RerunRequested(what) => format!("somebody asks for a rerun: {what:?}"),
        Event::TakenOver { epoch } => format!("the process lets go; the next one is in epoch {epoch}"),
        Event::Recovered { epoch } => format!("the process has ended; the next one is in epoch {epoch}"),
    }
}
