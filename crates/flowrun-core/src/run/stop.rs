//! Cancelling, the run's deadline, and timers.

use super::{Command, Phase, Record, Run, Timer};
use crate::model::{Attempt, NodeIx, Timestamp};

impl Run {
    pub(super) fn on_cancel(&mut self, at: Timestamp) {
        match self.phase {
            Phase::Open | Phase::Failing => self.stop(at, Record::CancelRequested),
            // Asking twice, or while the deadline is stopping the run already, changes nothing.
            Phase::Cancelling | Phase::TimingOut => {}
            Phase::New | Phase::Over(_) => unreachable!("not admitted"),
        }
    }

    pub(super) fn on_timer(&mut self, at: Timestamp, timer: Timer) {
        match timer {
            Timer::Attempt { node, attempt } => self.on_attempt_timeout(at, node, attempt),
            Timer::Retry { node, attempt } => self.on_retry_due(at, node, attempt),
            Timer::Node { node, attempt } => self.on_node_timeout(at, node, attempt),
            Timer::Run => self.on_run_timeout(at),
        }
    }

    /// Nothing new starts; what works is told to stop; what waits for another attempt is over.
    pub(super) fn stop(&mut self, at: Timestamp, why: Record) {
        self.put(at, why);
        let stops = self.working().map(|(node, attempt)| Command::Stop { node, attempt }).collect::<Vec<_>>();
        self.commands.extend(stops);
        self.end_waiting(at);
        self.close_if_done(at);
    }

    /// The line of the nodes that a cancel or the run's deadline stopped.
    pub(super) fn why_stopped(&self) -> Option<&'static str> {
        match self.phase {
            Phase::Cancelling => Some("cancelled"),
            Phase::TimingOut => Some("stopped: the run timed out"),
            Phase::New | Phase::Open | Phase::Failing | Phase::Over(_) => None,
        }
    }

    /// Ends the nodes that wait for another attempt, which is not going to start.
    pub(super) fn end_waiting(&mut self, at: Timestamp) {
        let stood_still = self.clocks.stand_still();
        let waiting: Vec<(NodeIx, Attempt)> = self
            .plan
            .node_ixs()
            .filter_map(|node| Some((node, self.open_attempt(node)?)))
            .filter(|&(node, attempt)| !self.is_at_work(node, attempt))
            .collect();
        for (node, attempt) in waiting {
            self.log(at, node, self.why_stopped().unwrap_or("not tried again: the run has failed"));
            let status = crate::NodeStatus::Failed;
            self.put(at, Record::NodeEnded { node, attempt, status, flaky: false });
        }
        // Nobody is waited for any more, but for what is still at work.
        if stood_still && !self.is_stopping() && self.open_nodes > 0 {
            self.set_run_timer();
        }
    }
}
