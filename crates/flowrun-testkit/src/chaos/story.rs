//! One story, from the creation of a run to its last end: whose turn it is, and what goes wrong meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use flowrun_core::{Attempt, Event, NodeIx, Plan, Rerun, Run, RunSpec, Timestamp};
use flowrun_store::{Journal, NewRun, Store, StoreError, StoredRun};

use super::case::Played;
use super::conduct::Act;
use super::disk::Disk;
use super::drawing::Drawing;
use super::finding::Broken;
use super::memory::Memory;
use super::mischief::Mischief;
use super::process::Process;
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
    /// When the process before ended, by its own clock.
    pub(super) before: Timestamp,
    pub(super) turn: u64,
    pub(super) disk: Disk,
    pub(super) write: Option<Write>,
    pub(super) writes: u64,
    pub(super) process: Process,
    /// Executors of an earlier process.
    pub(super) survivors: BTreeMap<(NodeIx, Attempt), Act>,
    pub(super) memory: Memory<'a>,
    pub(super) ledger: Ledger,
    pub(super) tally: Tally,
    /// Whether the one whose executor hangs has cancelled the run.
    pub(super) has_lost_patience: bool,
    /// Whether a process has died.
    pub(super) has_crashed: bool,
    /// What was decided, a line each, where somebody is to read it.
    pub(super) told: Option<Vec<String>>,
}

/// A write under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Write {
    /// When it is done.
    pub(super) at: Timestamp,
    /// How many transactions it takes along.
    pub(super) count: usize,
    /// If it fails: how many of them are on the disk all the same.
    pub(super) kept: Option<usize>,
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
            before: Timestamp::EPOCH,
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
                self.before = self.now;
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
    pub(super) fn due<T>(&mut self, wanted: impl Fn(&Mischief) -> Option<(u64, T)>) -> Option<T> {
        let entries = self.mischief.iter().enumerate().filter(|(place, _)| !self.happened[*place]);
        let mut due =
            entries.filter_map(|(place, entry)| wanted(entry).map(|(turn, what)| (place, turn, what)));
        let (place, _, what) = due.find(|(_, turn, _)| *turn <= self.turn)?;
        self.happened[place] = true;
        Some(what)
    }

    fn is_ended_by_mischief(&mut self) -> Result<bool, Broken> {
        let crash = self.due(|entry| match *entry {
            Mischief::Crash { turn, kept, survivors, away } => Some((turn, (kept, survivors, away))),
            _ => None,
        });
        let Some((kept, survivors, away)) = crash else { return Ok(false) };
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
        self.tally.add(match away {
            ..0 => "clocks set back",
            0 => "crashes without time away",
            _ => "times away",
        });
        self.before = self.now;
        self.now = Timestamp::from_micros(self.now.as_micros() + away * 1_000_000);
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
            let what = from.map_or(Rerun::Failed, |node| Rerun::From(node.to_string()));
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
