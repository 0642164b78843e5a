//! What happens next in a story: of the things that are ready any one, as the seed says; else time passes.

use std::time::Duration;

use flowrun_core::{Attempt, Event, NodeIx, Report, Run, Timer, Timestamp};

use super::conduct::{Act, Say};
use super::finding::Broken;
use super::mischief::{Call, DiskFault, Mischief};
use super::process::Due;
use super::sabotage::Sabotage;
use super::story::{Story, Write};
use super::streams::{Stream, draw};
use super::tally::PANICKED_IN_DROP;

/// What can happen in a turn.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// The disk is done with a write.
    Disk,
    /// The driver learns what became of its oldest decision.
    Written,
    /// An executor says something.
    Said(NodeIx, Attempt),
    /// One of an earlier process does.
    Survived(NodeIx, Attempt),
    /// A slot was granted.
    Granted,
    /// Somebody asks for something.
    Asked,
    /// A timer fires.
    Due,
}

impl Story<'_> {
    /// Whether something else comes before all that is ready was called: a driver looks up when it has called
    /// for long, and when the disk does not keep up.
    pub(super) fn interrupts(&self) -> bool {
        let process = &self.process;
        let looks_up = !process.calls.is_empty() || !process.ahead.is_empty();
        looks_up
            && !process.ready.is_empty()
            && !process.run.is_over()
            && (draw(self.drawing.seed, Stream::Pauses, 0).once_in(4)
                || draw(self.drawing.seed, Stream::Pauses, self.turn).once_in(2))
    }

    /// Does one of the things that are ready, or waits until there is one.
    pub(super) fn take_turn(&mut self) -> Result<(), Broken> {
        self.begin_write();
        let ready = self.ready();
        if !ready.is_empty() {
            let count = u32::try_from(ready.len()).expect("few things are ready");
            let chosen = draw(self.drawing.seed, Stream::Order, self.turn).below(count);
            return self.happen(ready[chosen as usize]);
        }
        match self.next_time() {
            Some(at) => {
                self.now = at;
                Ok(())
            }
            None => self.wait_for_a_person(),
        }
    }

    fn ready(&mut self) -> Vec<Next> {
        let now = self.now;
        let mut ready = Vec::new();
        if self.write.is_some_and(|write| write.at <= now) {
            ready.push(Next::Disk);
        }
        if self.process.is_oldest_decided() {
            ready.push(Next::Written);
        }
        // A driver whose run is over waits for its decisions to be written, and for nothing else.
        if self.process.run.is_over() {
            return ready;
        }
        let speaks = |act: &Act| act.next().is_some_and(|at| at <= now);
        let said = self.process.acts.iter().filter(|(_, act)| speaks(act));
        ready.extend(said.map(|(&(node, attempt), _)| Next::Said(node, attempt)));
        let survived = self.survivors.iter().filter(|(_, act)| speaks(act));
        ready.extend(survived.map(|(&(node, attempt), _)| Next::Survived(node, attempt)));
        if !self.process.slots.granted.is_empty() {
            ready.push(Next::Granted);
        }
        if !self.process.calls.is_empty() {
            ready.push(Next::Asked);
        }
        if self.process.timers.first().is_some_and(|(at, _)| self.fires(*at) <= now) {
            ready.push(Next::Due);
        }
        ready
    }

    /// When something is going to be ready.
    fn next_time(&self) -> Option<Timestamp> {
        let write = self.write.map(|write| write.at);
        if self.process.run.is_over() {
            return write;
        }
        let acts = self.process.acts.values().chain(self.survivors.values()).filter_map(Act::next);
        let timer = self.process.timers.first().map(|(at, _)| self.fires(*at));
        acts.chain(write).chain(timer).min()
    }

    fn fires(&self, at: Timestamp) -> Timestamp {
        let early = self.sabotage == Some(Sabotage::FiresEarly);
        if early { Timestamp::from_micros(at.as_micros() - 1_000_000) } else { at }
    }

    fn happen(&mut self, next: Next) -> Result<(), Broken> {
        match next {
            Next::Disk => {
                match self.write.take() {
                    Some(Write { kept: Some(kept), .. }) => self.disk.fail(kept),
                    Some(Write { count, .. }) => self.disk.write(count),
                    None => {}
                }
                Ok(())
            }
            Next::Written => self.learn(),
            Next::Said(node, attempt) => {
                let Some(act) = self.process.acts.get_mut(&(node, attempt)) else { return Ok(()) };
                let Some((_, say)) = act.says.pop_front() else { return Ok(()) };
                self.hear(node, attempt, say)
            }
            Next::Survived(node, attempt) => {
                let Some(act) = self.survivors.get_mut(&(node, attempt)) else { return Ok(()) };
                let Some((_, say)) = act.says.pop_front() else { return Ok(()) };
                self.tally.add("answers from an earlier process");
                self.hear(node, attempt, say)
            }
            Next::Granted => {
                let Some((node, attempt)) = self.process.slots.granted.pop_front() else { return Ok(()) };
                self.decide(Event::SlotGranted { node, attempt })
            }
            Next::Asked => {
                let Some(call) = self.process.calls.pop_front() else { return Ok(()) };
                self.decide(match call {
                    Call::Cancel => Event::CancelRequested,
                    Call::Pause => Event::PauseRequested,
                    Call::Resume => Event::ResumeRequested,
                })
            }
            Next::Due => match self.process.timers.pop_first() {
                Some((_, Due::Timer(timer))) => {
                    self.tally.add(match timer {
                        Timer::Attempt { .. } => "deadlines of attempts",
                        Timer::Retry { .. } => "ends of waits for a retry",
                        Timer::Node { .. } => "deadlines of nodes",
                        Timer::Run => "deadlines of runs",
                    });
                    self.decide(Event::TimerFired(timer))
                }
                Some((_, Due::Grace(node, attempt))) => {
                    let act = self.process.acts.get(&(node, attempt));
                    let panics = act.is_some_and(|act| act.panics_in_drop);
                    if !self.process.abandon(node, attempt) {
                        return Ok(());
                    }
                    self.tally.add("executors dropped");
                    if panics {
                        // A driver keeps what the panic said before it tells that the attempt is over.
                        let report = Report::Log(PANICKED_IN_DROP.to_owned());
                        self.decide(Event::Reported { node, attempt, report })?;
                        if self.process.run.is_over() {
                            return Ok(());
                        }
                    }
                    self.decide(Event::AttemptStopped { node, attempt })
                }
                None => Ok(()),
            },
        }
    }

    fn hear(&mut self, node: NodeIx, attempt: Attempt, say: Say) -> Result<(), Broken> {
        match say {
            Say::Report(report) => self.decide(Event::Reported { node, attempt, report }),
            Say::Overrun => {
                if let Some(act) = self.process.acts.get_mut(&(node, attempt)) {
                    act.mute();
                }
                let limit = "more waits to be written than may".to_owned();
                self.decide(Event::LimitBroken { node, attempt, limit })
            }
            Say::End(outcome) => {
                self.process.acts.remove(&(node, attempt));
                self.survivors.remove(&(node, attempt));
                let mut ended = vec![Event::AttemptEnded { node, attempt, outcome }];
                self.hear_other_ends(&mut ended);
                self.decide_all(ended)
            }
        }
    }

    /// Half of the time a driver finds several attempts that have ended, which it decides together.
    fn hear_other_ends(&mut self, ended: &mut Vec<Event>) {
        if draw(self.drawing.seed, Stream::Ends, self.turn).once_in(2) {
            return;
        }
        let now = self.now;
        self.process.acts.retain(|&(node, attempt), act| {
            let is_over = matches!(act.says.front(), Some((at, Say::End(_))) if *at <= now);
            if !is_over || ended.len() == Run::AT_ONCE {
                return true;
            }
            if let Some((_, Say::End(outcome))) = act.says.pop_front() {
                ended.push(Event::AttemptEnded { node, attempt, outcome });
            }
            false
        });
        if ended.len() > 1 {
            self.tally.add("ends that were decided together");
        }
    }

    /// Begins to write what waits for it.
    fn begin_write(&mut self) {
        let is_due = |entry: &Mischief| matches!(entry, Mischief::Disk { turn, .. } if *turn <= self.turn);
        if self.mischief.iter().any(is_due) {
            self.disk.slow_down();
        }
        let count = self.disk.unwritten();
        if self.write.is_some() || count == 0 {
            return;
        }
        self.writes += 1;
        let mut random = draw(self.drawing.seed, Stream::Disk, 1_000 + self.writes);
        let mut takes = Duration::from_micros(random.one_of(&[0, 0, 90, 4_000]));
        let fault = self.due(|entry| match *entry {
            Mischief::Disk { turn, fault } => Some((turn, fault)),
            _ => None,
        });
        let mut kept = None;
        match fault {
            Some(DiskFault::Slow(longer)) => {
                self.tally.add("slow writes");
                takes = longer;
            }
            Some(DiskFault::Fails { kept: some }) => {
                self.tally.add("writes that failed");
                kept = Some(some as usize);
            }
            None => {}
        }
        self.write = Some(Write { at: self.now.after(takes), count, kept });
    }

    /// Nothing is going to happen by itself: somebody has to see what the run waits for.
    fn wait_for_a_person(&mut self) -> Result<(), Broken> {
        let (limits, acts) = (&self.drawing.limits, &self.process.acts);
        let has_deadline = limits.attempt_timeout.or(limits.node_timeout).or(limits.run_timeout).is_some();
        // The clocks of a run that waits for a person stand still.
        let is_paused = self.process.run.is_paused();
        if has_deadline && !acts.is_empty() && !is_paused {
            let what = format!("nothing is left to happen; at work: {:?}", acts.keys());
            return Err(Broken::new("a deadline ends what hangs", what));
        }
        if self.process.run.is_at_rest() || (has_deadline && is_paused) {
            self.tally.add("runs at rest until somebody resumed them");
            self.process.calls.push_back(Call::Resume);
        } else if !acts.is_empty() && !self.has_lost_patience {
            self.tally.add("runs that hung until somebody cancelled them");
            self.has_lost_patience = true;
            self.process.calls.push_back(Call::Cancel);
        } else {
            let what = format!("nothing is left to happen; at work: {:?}", acts.keys());
            return Err(Broken::new("a run ends, or waits for somebody it shows", what));
        }
        Ok(())
    }
}
