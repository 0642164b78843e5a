//! One story, from the creation of a run to its last end: whose turn it is, and what goes wrong meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use flowrun_core::{Attempt, Event, NodeIx, Plan, Rerun, Run, RunSpec, Timer, Timestamp};
use flowrun_store::{Journal, NewRun, Store, StoreError, StoredRun};

use super::case::Played;
use super::conduct::{Act, Say};
use super::disk::Disk;
use super::drawing::Drawing;
use super::finding::Broken;
use super::memory::Memory;
use super::mischief::{Call, DiskFault, Mischief};
use super::process::{Due, Process};
use super::sabotage::Sabotage;
use super::streams::{Stream, draw};
use super::tally::Tally;
use super::witness::Ledger;

/// How long an attempt that was told to stop may take, as in an engine.
pub(super) const GRACE: Duration = Duration::from_secs(5);
/// More turns than any honest story takes.
const MOST_TURNS: u64 = 20_000;

/// A story on its way.
pub(super) struct Story<'a> {
    pub(super) drawing: &'a Drawing,
    pub(super) plan: Arc<Plan>,
    pub(super) spec: RunSpec,
    pub(super) mischief: &'a [Mischief],
    /// Which of it has happened.
    happened: Vec<bool>,
    pub(super) sabotage: Option<Sabotage>,
    pub(super) now: Timestamp,
    turn: u64,
    pub(super) disk: Disk,
    /// When the write under way is done, how many transactions it takes along, and how many it keeps if it fails.
    write: Option<(Timestamp, usize, Option<usize>)>,
    writes: u64,
    pub(super) process: Process,
    /// Executors of an earlier process.
    survivors: BTreeMap<(NodeIx, Attempt), Act>,
    pub(super) memory: Memory<'a>,
    pub(super) ledger: Ledger,
    pub(super) tally: Tally,
    /// Whether the one whose executor hangs has cancelled the run.
    has_lost_patience: bool,
    /// Whether a process has died.
    pub(super) has_crashed: bool,
    /// What was decided, a line each, where somebody is to read it.
    pub(super) told: Option<Vec<String>>,
}

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

impl<'a> Story<'a> {
    /// A story that has not begun; `believed` is the drawing that the model goes by.
    pub(super) fn new(
        drawing: &'a Drawing,
        believed: &'a Drawing,
        mischief: &'a [Mischief],
        sabotage: Option<Sabotage>,
        is_told: bool,
    ) -> Self {
        let (plan, spec) = (drawing.plan(), drawing.spec());
        let disk = Disk::new(draw(drawing.seed, Stream::Disk, 0).once_in(4), sabotage);
        Self {
            process: created(drawing, &plan, &spec, &disk),
            memory: Memory::new(believed, spec.id, sabotage),
            has_crashed: false,
            told: is_told.then(Vec::new),
            drawing,
            plan,
            spec,
            mischief,
            happened: vec![false; mischief.len()],
            sabotage,
            now: Timestamp::EPOCH,
            turn: 0,
            disk,
            write: None,
            writes: 0,
            survivors: BTreeMap::new(),
            ledger: Ledger::default(),
            tally: Tally::default(),
            has_lost_patience: false,
        }
    }

    /// Plays it to the end.
    pub(super) fn play(&mut self) -> Result<(), Broken> {
        self.tally.add("stories");
        self.decide(Event::Started)?;
        loop {
            self.turn += 1;
            self.tally.add("turns");
            if self.turn > MOST_TURNS {
                return Err(Broken::new("a story ends", format!("it goes on after {MOST_TURNS} turns")));
            }
            if self.is_ended_by_mischief()? {
                continue;
            }
            self.ask();
            if self.process.is_down {
                self.tally.add("processes that lost their store");
                self.open_again(0, false)?;
            } else if self.interrupts() {
                self.take_turn()?;
            } else if let Some((node, attempt)) = self.process.ready.pop() {
                self.call(node, attempt)?;
            } else if self.process.run.is_over() && self.process.ahead.is_empty() {
                if !self.begin_again()? {
                    return self.end();
                }
            } else {
                self.take_turn()?;
            }
        }
    }

    /// What goes wrong by now and did not yet: the first entry that `wanted` makes something of.
    fn due<T>(&mut self, wanted: impl Fn(&Mischief) -> Option<(u64, T)>) -> Option<T> {
        let entries = self.mischief.iter().enumerate().filter(|(place, _)| !self.happened[*place]);
        let mut due =
            entries.filter_map(|(place, entry)| wanted(entry).map(|(turn, what)| (place, turn, what)));
        let (place, _, what) = due.find(|(_, turn, _)| *turn <= self.turn)?;
        self.happened[place] = true;
        Some(what)
    }

    fn is_ended_by_mischief(&mut self) -> Result<bool, Broken> {
        let crash = self.due(|entry| match *entry {
            Mischief::Crash { turn, kept, survivors } => Some((turn, (kept, survivors))),
            _ => None,
        });
        let Some((kept, survivors)) = crash else { return Ok(false) };
        let unwritten = self.disk.unwritten();
        self.tally.add("crashes");
        self.tally.add(match unwritten {
            0 => "crashes with everything written",
            _ if kept as usize >= unwritten => "crashes with all unacknowledged decisions kept",
            _ if kept == 0 => "crashes with all unacknowledged decisions lost",
            _ => "crashes with some unacknowledged decisions kept",
        });
        if self.memory.acknowledged() == 0 {
            self.tally.add("crashes before the run was acknowledged");
        }
        if self.memory.is_recovering() {
            self.tally.add("crashes in a recovery");
        }
        self.open_again(kept as usize, survivors)?;
        Ok(true)
    }

    /// Lets people ask for what they are to ask for by now.
    fn ask(&mut self) {
        while let Some(call) = self.due(|entry| match *entry {
            Mischief::Call { turn, call } => Some((turn, call)),
            _ => None,
        }) {
            self.tally.add("calls of people");
            self.process.calls.push_back(call);
        }
    }

    /// Whether something else comes before all that is ready was called: a driver looks up when it has called
    /// for long, and when the disk does not keep up.
    fn interrupts(&mut self) -> bool {
        let process = &self.process;
        let looks_up = !process.calls.is_empty() || !process.ahead.is_empty();
        looks_up
            && !process.ready.is_empty()
            && !process.run.is_over()
            && (draw(self.drawing.seed, Stream::Pauses, 0).once_in(4)
                || draw(self.drawing.seed, Stream::Pauses, self.turn).once_in(2))
    }

    /// Does one of the things that are ready, or waits until there is one.
    fn take_turn(&mut self) -> Result<(), Broken> {
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
        if self.write.is_some_and(|(at, ..)| at <= now) {
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
        let write = self.write.map(|(at, ..)| at);
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
                    Some((_, _, Some(kept))) => self.disk.fail(kept),
                    Some((_, count, None)) => self.disk.write(count),
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
                    if !self.process.abandon(node, attempt) {
                        return Ok(());
                    }
                    self.tally.add("executors dropped");
                    self.decide(Event::AttemptStopped { node, attempt })
                }
                None => Ok(()),
            },
        }
    }

    fn hear(&mut self, node: NodeIx, attempt: Attempt, say: Say) -> Result<(), Broken> {
        match say {
            Say::Report(report) => self.decide(Event::Reported { node, attempt, report }),
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
        let mut fails = None;
        match fault {
            Some(DiskFault::Slow(longer)) => {
                self.tally.add("slow writes");
                takes = longer;
            }
            Some(DiskFault::Fails { kept }) => {
                self.tally.add("writes that failed");
                fails = Some(kept as usize);
            }
            None => {}
        }
        self.write = Some((self.now.after(takes), count, fails));
    }

    /// Nothing is going to happen by itself: somebody has to see what the run waits for.
    fn wait_for_a_person(&mut self) -> Result<(), Broken> {
        let (limits, acts) = (&self.drawing.limits, &self.process.acts);
        let has_deadline = limits.attempt_timeout.or(limits.node_timeout).or(limits.run_timeout).is_some();
        if has_deadline && !acts.is_empty() {
            let what = format!("nothing is left to happen; at work: {:?}", acts.keys());
            return Err(Broken::new("a deadline ends what hangs", what));
        }
        if self.process.run.is_at_rest() {
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

    /// The process is gone. Another one opens the store, and goes on with what is there.
    fn open_again(&mut self, kept: usize, survivors: bool) -> Result<(), Broken> {
        self.disk.crash(kept);
        self.has_crashed = true;
        self.write = None;
        let acts = std::mem::take(&mut self.process.acts);
        self.survivors = if survivors { acts } else { BTreeMap::new() };
        match self.disk.open(self.spec.id) {
            Err(StoreError::NotFound(_)) => {
                self.memory.forget()?;
                self.tally.add("creations tried again");
                self.survivors.clear();
                self.process = created(self.drawing, &self.plan, &self.spec, &self.disk);
                self.decide(Event::Started)
            }
            opened => {
                self.take_up(opened)?;
                if self.process.run.is_over() {
                    return Ok(());
                }
                self.decide(Event::Recovered { epoch: self.disk.epoch() })
            }
        }
    }

    /// Opens a run that is over once more, if the list says so.
    fn begin_again(&mut self) -> Result<bool, Broken> {
        self.memory.judge_end(&self.process.run)?;
        while let Some(from) = self.due(|entry| match *entry {
            Mischief::Rerun { from } => Some((0, from)),
            _ => None,
        }) {
            let what = from.map_or(Rerun::Failed, |node| Rerun::From(NodeIx::new(node)));
            let event = Event::RerunRequested(what);
            if self.process.run.admits(&event).is_err() {
                continue;
            }
            self.survivors.clear();
            // By an engine that has the store open already, so in the same epoch.
            self.disk.release();
            self.take_up(self.disk.open(self.spec.id))?;
            self.decide(event)?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Takes up the run as the disk has it.
    fn take_up(&mut self, opened: Result<(StoredRun, Box<dyn Journal>), StoreError>) -> Result<(), Broken> {
        let (stored, journal) =
            opened.map_err(|error| Broken::new("a store can be opened again", error.to_string()))?;
        let lines = self.memory.compare(stored.lines)?;
        let run = self.memory.replay(&self.plan, stored.new.spec, lines, &self.process.run)?;
        self.process = Process::new(run, journal, self.drawing.limits.slots);
        self.has_lost_patience = false;
        Ok(())
    }

    /// Nothing is left to come: the disk has all of it.
    fn end(&mut self) -> Result<(), Broken> {
        self.disk.release();
        self.take_up(self.disk.open(self.spec.id))
    }

    pub(super) fn into_played(mut self) -> Played {
        let seconds = u64::try_from(self.now.as_micros() / 1_000_000).unwrap_or(0);
        self.tally.add_many("seconds of simulated time", seconds);
        Played { journal: self.memory.into_lines(), tally: self.tally }
    }

    pub(super) fn into_told(self) -> Vec<String> {
        self.told.unwrap_or_default()
    }
}

/// The driver of a run that was just created.
fn created(drawing: &Drawing, plan: &Arc<Plan>, spec: &RunSpec, disk: &Disk) -> Process {
    let journal = disk.create(NewRun::new(spec.clone(), plan.flow().to_json()));
    let journal = journal.expect("a disk without runs takes one");
    Process::new(Run::new(Arc::clone(plan), spec.clone()), journal, drawing.limits.slots)
}
