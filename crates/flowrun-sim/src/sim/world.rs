//! What is around a run: executors by a script, a queue, and the time.

use std::collections::BTreeMap;
use std::time::Duration;

use flowrun_core::{Attempt, Command, ErrorClass, Event, NodeIx, Outcome, Record, Role, Run, Timestamp};

use super::due::{Due, Queue};
use crate::script::{Act, ActEnd, Script, Typical};

/// How long an attempt that was told to stop may take, as in an engine.
const GRACE: Duration = Duration::from_secs(5);

/// Plays the driver of one run.
pub(super) struct World<'a, W> {
    pub(super) run: Run,
    pub(super) now: Timestamp,
    pub(super) events: u64,
    script: &'a Script,
    typical: Typical,
    watch: W,
    queue: Queue,
    /// Attempts to start, the next one last, as in the driver.
    ready: Vec<(NodeIx, Attempt)>,
    /// Attempts under way.
    acts: BTreeMap<(NodeIx, Attempt), Act>,
    /// Numbers what is put into the queue.
    next: u64,
}

impl<'a, W: FnMut(Timestamp, &Record)> World<'a, W> {
    pub(super) fn new(run: Run, now: Timestamp, script: &'a Script, watch: W) -> Self {
        Self {
            run,
            now,
            events: 0,
            script,
            typical: Typical::default(),
            watch,
            queue: Queue::default(),
            ready: Vec::new(),
            acts: BTreeMap::new(),
            next: 0,
        }
    }

    /// Runs to the end of the run, or to where nothing more can happen.
    pub(super) fn play(&mut self) {
        if let Some(after) = self.script.run.cancel_after {
            self.queue.set(self.now.after(after), Due::Cancel);
        }
        self.step([Event::Started]);
        loop {
            while !self.ready.is_empty() {
                self.take_turn();
            }
            if self.run.is_over() {
                return;
            }
            let Some((at, due)) = self.queue.pop() else { return };
            self.now = at;
            self.happen(due);
        }
    }

    /// Starts what is ready, as many at once as the driver does: what they say comes first, then their ends.
    fn take_turn(&mut self) {
        let (mut said, mut ended) = (Vec::new(), Vec::new());
        for _ in 0..Run::AT_ONCE {
            let Some((node, attempt)) = self.ready.pop() else { break };
            ended.extend(self.begin(node, attempt, &mut said));
        }
        said.into_iter().for_each(|event| self.step([event]));
        self.step(ended);
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::End(_, node, attempt) => {
                if let Some(act) = self.acts.remove(&(node, attempt)) {
                    let mut said = Vec::new();
                    let ended = end(node, attempt, act, &mut said);
                    said.into_iter().for_each(|event| self.step([event]));
                    self.step([ended]);
                }
            }
            Due::Stopped(_, node, attempt) => {
                if self.acts.remove(&(node, attempt)).is_some() {
                    self.step([Event::AttemptEnded { node, attempt, outcome: Act::stopped() }]);
                }
            }
            Due::Grace(node, attempt) => {
                if self.acts.remove(&(node, attempt)).is_some() {
                    self.step([Event::AttemptStopped { node, attempt }]);
                }
            }
            Due::Slot(_, node, attempt) => self.step([Event::SlotGranted { node, attempt }]),
            Due::Cancel => self.step([Event::CancelRequested]),
            Due::Timer(timer) => self.step([Event::TimerFired(timer)]),
        }
    }

    /// Lets the run decide what happened just now and carries out what it orders.
    fn step(&mut self, events: impl IntoIterator<Item = Event>) {
        let events = events.into_iter().inspect(|_| self.events += 1);
        // A driver logs an event that cannot follow the ones before it, and carries on.
        let decision = self.run.handle_all(self.now, events, drop);
        for record in decision.records {
            (self.watch)(self.now, record);
        }
        // A stack: the first one ordered is the first one taken.
        self.ready.extend(decision.calls.iter().rev().map(|call| (call.node(), call.attempt())));
        for &command in decision.commands {
            match command {
                Command::Stop { node, attempt } => match self.acts.get(&(node, attempt)) {
                    Some(act) if act.deaf => {
                        self.queue.set(self.now.after(GRACE), Due::Grace(node, attempt));
                    }
                    Some(_) => {
                        self.queue.set(self.now, Due::Stopped(self.next, node, attempt));
                        self.next += 1;
                    }
                    None => {}
                },
                Command::SetTimer { timer, at } => self.queue.set(at, Due::Timer(timer)),
                // The simulated host has as many slots as anybody wants, and no process that dies.
                Command::AcquireSlot { node, attempt, .. } => {
                    self.queue.set(self.now, Due::Slot(self.next, node, attempt));
                    self.next += 1;
                }
                Command::ReleaseSlot { .. } | Command::End => {}
            }
        }
    }

    /// Begins an attempt. Gives its end if it is done at once.
    fn begin(&mut self, node: NodeIx, attempt: Attempt, said: &mut Vec<Event>) -> Option<Event> {
        let role = self.run.plan().role(node).unwrap_or(Role::Producer);
        let task = self.run.task(node, attempt);
        let mut act = self.script.act_with(&task, role, &mut self.typical);
        let first = std::mem::take(&mut act.first).into_iter();
        said.extend(first.map(|report| Event::Reported { node, attempt, report }));
        if act.after.is_zero() && act.end != ActEnd::Hangs {
            return Some(end(node, attempt, act, said));
        }
        if act.end != ActEnd::Hangs {
            self.queue.set(self.now.after(act.after), Due::End(self.next, node, attempt));
            self.next += 1;
        }
        self.acts.insert((node, attempt), act);
        None
    }
}

/// The end of an attempt, after what it says last.
fn end(node: NodeIx, attempt: Attempt, act: Act, said: &mut Vec<Event>) -> Event {
    said.extend(act.last.into_iter().map(|report| Event::Reported { node, attempt, report }));
    let outcome = match act.end {
        ActEnd::Returns(outcome) => outcome,
        ActEnd::Panics(message) => {
            Outcome::failed(format!("executor panicked: {message}")).class(ErrorClass::Panic)
        }
        ActEnd::Hangs => unreachable!("what hangs is never put into the queue"),
    };
    Event::AttemptEnded { node, attempt, outcome }
}
