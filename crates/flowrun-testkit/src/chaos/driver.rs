//! The driver's part of a story: decide, commit, perform, in that order, as the driver of the engine does it.

use flowrun_core::{Attempt, Command, Event, NodeIx, OnUnknown, Record, RejectedError, Timer, Timestamp};
use flowrun_store::{Commit, StoreError};

use super::conduct::Act;
use super::drawing::LONGEST_WAIT;
use super::finding::Broken;
use super::mischief::{Mischief, Misdeed};
use super::process::{Due, Orders, Unwritten};
use super::sabotage::Sabotage;
use super::story::{GRACE, Story};
use super::streams::{Stream, draw};
use super::told::describe;

impl Story<'_> {
    /// Decides one event.
    pub(super) fn decide(&mut self, event: Event) -> Result<(), Broken> {
        self.decide_all(vec![event])
    }

    /// Decides events that happened at one time, hands the decision to the journal, and carries out what it
    /// orders once it is written.
    pub(super) fn decide_all(&mut self, events: Vec<Event>) -> Result<(), Broken> {
        let at = self.now;
        let told: Vec<Event> = events.iter().map(|event| self.as_told(event)).collect();
        let mut rejected = None;
        let is_recovery = matches!(events[..], [Event::Recovered { .. }]);
        let forgets = self.sabotage == Some(Sabotage::ForgetsTimeAway) && is_recovery;
        let at = if forgets { self.before } else { at };
        let decision = self.process.run.handle_all(at, told, |reason| rejected = Some(reason));
        let mut records = std::mem::take(decision.records);
        let orders = Orders { calls: std::mem::take(decision.calls), commands: decision.commands.to_vec() };
        // What comes late can come with the end that was the last one of the run.
        if let Some(reason) =
            rejected.filter(|reason| *reason != RejectedError::RunIsOver || events.len() == 1)
        {
            let what = format!("{events:?}: {reason}");
            return Err(Broken::new("a driver tells a run what can follow", what));
        }
        self.tally.add_many("events", events.len() as u64);
        self.note(at, &events, &records);
        self.judge_timers(&orders)?;
        self.memory.take(self.now, events, &records, &self.process.run)?;
        let lines = self.memory.len();
        let commit = self.process.journal.append(at, &mut records);
        let performs_first = self.sabotage == Some(Sabotage::PerformsFirst);
        let orders = if performs_first { self.perform_all(&orders) } else { orders };
        self.process.ahead.push_back(Unwritten { commit, at, orders, lines });
        // What was written at once is carried out at once, unless older decisions are still on their way.
        let is_next = self.process.ahead.len() == 1;
        if is_next && self.process.ahead.front().is_some_and(|only| matches!(only.commit, Commit::Done(_))) {
            return self.learn();
        }
        Ok(())
    }

    /// No timer is further away than what it is for may take, whatever the clock did.
    fn judge_timers(&self, orders: &Orders) -> Result<(), Broken> {
        for command in &orders.commands {
            let Command::SetTimer { timer, at } = *command else { continue };
            let limits = &self.drawing.limits;
            let most = match timer {
                Timer::Attempt { .. } => limits.attempt_timeout,
                Timer::Retry { .. } => Some(LONGEST_WAIT),
                Timer::Node { .. } => limits.node_timeout,
                Timer::Run => limits.run_timeout,
            };
            if most.is_none_or(|most| at > self.now.after(most)) {
                let what = format!(
                    "{timer} is to fire at {} µs, now is {} µs",
                    at.as_micros(),
                    self.now.as_micros()
                );
                return Err(Broken::new("no wait is longer than its longest", what));
            }
        }
        Ok(())
    }

    /// Of a decision that the disk would not have, and of those behind it, nothing is there; those before it are.
    fn judge_refusal(&self) -> Result<(), Broken> {
        let (is, should_be) = (self.disk.lines() + self.disk.unwritten(), self.memory.acknowledged());
        if is != should_be {
            let what = format!("{is} lines are left or on their way, and should be {should_be}");
            return Err(Broken::new("what cannot be stored is refused alone", what));
        }
        Ok(())
    }

    fn perform_all(&mut self, orders: &Orders) -> Orders {
        self.perform(self.now, orders);
        Orders::default()
    }

    /// The event as the run is told it.
    fn as_told(&self, event: &Event) -> Event {
        let mut told = event.clone();
        if self.sabotage == Some(Sabotage::IgnoresEpoch)
            && let Event::AttemptEnded { node, attempt, .. } = &mut told
            && let Some((_, at_work)) = self.process.run.working().find(|(working, _)| working == node)
        {
            *attempt = at_work;
        }
        told
    }

    /// Learns what became of the oldest decision that was not known to be written.
    pub(super) fn learn(&mut self) -> Result<(), Broken> {
        let Some((oldest, written)) = self.process.oldest() else { return Ok(()) };
        let is_refused = matches!(written, Err(StoreError::Unstorable { .. }));
        let ignores = is_refused && self.sabotage == Some(Sabotage::IgnoresRefusals);
        if written.is_err() && !ignores {
            // Nothing is carried out any more, and nothing acknowledged: the store has to be opened again.
            self.process.is_down = true;
            if !is_refused {
                self.tally.add("processes that lost their store");
                return Ok(());
            }
            self.tally.add("decisions that could not be stored");
            return self.judge_refusal();
        }
        self.memory.acknowledge(oldest.lines);
        self.perform(oldest.at, &oldest.orders);
        Ok(())
    }

    /// Carries out what a decision ordered. It is written: only now may the world notice.
    fn perform(&mut self, at: Timestamp, orders: &Orders) {
        let process = &mut self.process;
        // A stack: the first one ordered is the first one taken.
        for call in orders.calls.iter().rev() {
            let times = if self.sabotage == Some(Sabotage::CallsTwice) { 2 } else { 1 };
            process.ready.extend(std::iter::repeat_n((call.node(), call.attempt()), times));
        }
        for &command in &orders.commands {
            match command {
                Command::Stop { .. } if self.sabotage == Some(Sabotage::ForgetsStops) => {}
                Command::Stop { node, attempt } => {
                    process.stopped.insert((node, attempt));
                    process.timers.insert((at.after(GRACE), Due::Grace(node, attempt)));
                    // One that is not called yet hears it when it is.
                    if let Some(act) = process.acts.get_mut(&(node, attempt)).filter(|act| !act.is_deaf) {
                        act.stop(self.now);
                    }
                }
                Command::SetTimer { timer, at } => {
                    let forgets = self.sabotage == Some(Sabotage::ForgetsTimers) && self.has_crashed;
                    if !forgets {
                        process.timers.insert((at, Due::Timer(timer)));
                    }
                }
                Command::AcquireSlot { node, attempt, is_last_chance } => {
                    let is_alone = is_last_chance && self.sabotage != Some(Sabotage::CrowdsLastChances);
                    process.slots.acquire((node, attempt), is_alone);
                }
                Command::ReleaseSlot { node, attempt } => process.slots.release((node, attempt)),
                Command::End => {}
            }
        }
    }

    /// Calls the executor of a node.
    pub(super) fn call(&mut self, node: NodeIx, attempt: Attempt) -> Result<(), Broken> {
        let task = self.process.run.task(node, attempt);
        let objects: Vec<&str> =
            task.objects().iter().map(|object| object.entry.id.as_deref().unwrap_or_default()).collect();
        self.memory.judge_call((node, attempt), &objects, self.disk.lines())?;
        self.ledger.call(node, &task)?;
        self.tally.add("calls of executors");
        let misdeed = self.misdeed(node, attempt);
        let mut act = match self.found_out(node, attempt) {
            Some(Found::Done) => Act::found_done(task, self.now),
            Some(Found::Unknown) => Act::found_unknown(self.now),
            Some(Found::NotDone) | None => Act::new(self.drawing, &task, self.now, node.index(), misdeed),
        };
        if self.process.stopped.contains(&(node, attempt)) {
            self.tally.add("executors stopped before they were called");
            if !act.is_deaf {
                act.stop(self.now);
            }
        }
        self.process.acts.insert((node, attempt), act);
        Ok(())
    }

    /// What the attempt does instead of its work, if it is on the list.
    fn misdeed(&mut self, of: NodeIx, attempt: Attempt) -> Option<Misdeed> {
        let misdeed = self.mischief.iter().find_map(|entry| match *entry {
            Mischief::Misdeed { node, visit, number, misdeed } => {
                let is_it = (node, visit, number) == (of.index(), attempt.visit(), attempt.number());
                is_it.then_some(misdeed)
            }
            _ => None,
        });
        if misdeed.is_some() {
            self.tally.add("misdeeds of executors");
        }
        misdeed
    }

    /// Where the executor is to look first whether an attempt before it had its effect: what it finds.
    fn found_out(&mut self, node: NodeIx, attempt: Attempt) -> Option<Found> {
        if !self.process.run.is_probed_first(node) {
            return None;
        }
        self.tally.add("effects looked for");
        let place = u64::MAX - ((node.index() as u64) << 32 | u64::from(u32::from(attempt)));
        let found = draw(self.drawing.seed, Stream::Conduct, place).one_of(&[
            Found::Done,
            Found::NotDone,
            Found::Unknown,
        ]);
        let may_repeat = self.drawing.on_unknown(node.index()) == OnUnknown::Retry;
        Some(if may_repeat && matches!(found, Found::Unknown) { Found::NotDone } else { found })
    }

    fn note(&mut self, at: Timestamp, events: &[Event], records: &[Record]) {
        records.iter().for_each(|record| self.tally.add_record(record));
        if let Some(told) = &mut self.told {
            told.extend(events.iter().map(|event| format!("{} µs: {}", at.as_micros(), describe(event))));
            let text = |record| serde_json::to_string(record).expect("records can be written");
            // Nobody reads on in a line of somebody who said too much.
            told.extend(records.iter().map(|record| format!("    {:.2000}", text(record))));
        }
    }
}

/// What looking for an effect found.
#[derive(Clone, Copy, Debug)]
enum Found {
    Done,
    NotDone,
    Unknown,
}
