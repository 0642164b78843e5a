//! Events as text, and what a run makes of them.
//!
//! A script is a list of `TIME EVENT` in seconds, separated by `;`:
//!
//! | Event | Means |
//! | --- | --- |
//! | `start`, `cancel`, `deadline` | the run starts, is cancelled, reaches its deadline |
//! | `object a o1 passed {…}` | the executor of `a` reports the entry `o1` with that status, and facts if any |
//! | `log a TEXT` | it adds a line |
//! | `ok a`, `done a` | it returns: passed whatever the entries say, or as the entries say |
//! | `fail a [CLASS [TEXT]]` | it returns with a failure, permanent if not said otherwise |
//! | `stopped a` | it was dropped after the grace period |
//! | `limit a TEXT` | the host takes nothing more of it |
//! | `timeout a`, `retry a`, `overtime a` | the timer of its deadline, of its next attempt, or of the node, fires |
//! | `slot a` | the host grants the slot that was asked for |
//! | `pause`, `resume` | somebody asks for that |
//! | `crash` | the process ends, and another one goes on from the journal |
//! | `handover` | the same, after the first one let go of the run |
//! | `rerun`, `rerun a` | what failed, or `a` and all below it, is to be done once more |
//! | `rerun objects` | what failed, and of receivers only the objects that did |
//!
//! The attempt is the first unless `a#2` says otherwise. A transcript repeats each event, then shows the
//! records with `+`, the commands with `>`, and a refusal with `!`.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::value::RawValue;

use super::draw;
use crate::{
    Attempt, Command, ErrorClass, Event, Facts, Failure, NodeIx, NodeStatus, ObjectEntry, ObjectReport,
    ObjectStatus, Outcome, Page, Plan, Record, Report, Rerun, Run, RunId, RunPolicy, RunSpec, Site, Timer,
    Timestamp,
};

/// Plays a script on a drawing with the default configs and limits.
pub(crate) fn transcript(drawing: &str, script: &str) -> String {
    Play::new(drawing).play(script)
}

/// A run of a drawing on its way through scripts.
pub(crate) struct Play {
    pub(crate) run: Run,
    /// Everything written down so far.
    pub(crate) journal: Vec<(Timestamp, Record)>,
}

impl Play {
    pub(crate) fn new(drawing: &str) -> Self {
        Self::of(draw::plan(drawing), spec())
    }

    pub(crate) fn with_policy(drawing: &str, policy: RunPolicy) -> Self {
        Self::of(draw::plan(drawing), spec().policy(policy))
    }

    /// A run that goes on after a failed node.
    pub(crate) fn going_on(drawing: &str) -> Self {
        Self::of(draw::plan(drawing), going_on())
    }

    pub(crate) fn of(plan: Arc<Plan>, spec: RunSpec) -> Self {
        Self { run: Run::new(plan, spec), journal: Vec::new() }
    }

    pub(crate) fn node(&self, id: &str) -> NodeIx {
        self.run.plan().find(id).unwrap_or_else(|| panic!("no node `{id}` in the drawing"))
    }

    /// Plays the script and gives its transcript.
    pub(crate) fn play(&mut self, script: &str) -> String {
        let mut out = String::new();
        for line in script.split(';').map(str::trim).filter(|line| !line.is_empty()) {
            let (at, event) = line.split_once(' ').unwrap();
            let at = second(at.parse().unwrap());
            if ["crash", "handover"].contains(&event) {
                self.run = self.replayed();
            }
            let event = self.read(event);
            writeln!(out, "{line}").unwrap();
            out.push_str(&self.handle(at, event));
        }
        out
    }

    /// Handles one event and shows what came of it.
    pub(crate) fn handle(&mut self, at: Timestamp, event: Event) -> String {
        let plan = Arc::clone(self.run.plan());
        let (records, calls, commands) = match self.run.handle(at, event) {
            Ok(decision) => (decision.records.to_vec(), decision.calls.to_vec(), decision.commands.to_vec()),
            Err(rejected) => return format!("  ! {rejected}\n"),
        };
        let records = records.into_iter().map(|record| (at, record));
        let before = self.journal.len();
        self.journal.extend(records);
        let mut out = String::new();
        for (_, record) in &self.journal[before..] {
            writeln!(out, "  + {}", show_record(&plan, record)).unwrap();
        }
        for call in calls {
            writeln!(out, "  > start {}#{}", plan.node_id(call.node()), call.attempt()).unwrap();
        }
        for command in commands {
            writeln!(out, "  > {}", show_command(&plan, command)).unwrap();
        }
        out
    }

    fn read(&self, text: &str) -> Event {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let (at, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        match word {
            "start" => return Event::Started,
            "pause" => return Event::PauseRequested,
            "resume" => return Event::ResumeRequested,
            "crash" => return Event::Recovered { epoch: 2 },
            "handover" => return Event::TakenOver { epoch: 2 },
            "rerun" if at.is_empty() => return Event::RerunRequested(Rerun::Failed),
            "rerun" if at == "objects" => return Event::RerunRequested(Rerun::FailedObjects),
            "rerun" => return Event::RerunRequested(Rerun::From(at.to_owned())),
            "cancel" => return Event::CancelRequested,
            "deadline" => return Event::TimerFired(Timer::Run),
            _ => {}
        }
        let (id, number) = at.split_once('#').unwrap_or((at, "1"));
        let (node, attempt) = (self.node(id), read_attempt(number));
        let ended = |outcome| Event::AttemptEnded { node, attempt, outcome };
        let reported = |report| Event::Reported { node, attempt, report };
        match word {
            "object" => reported(Report::Objects(vec![read_object(rest)])),
            "log" => reported(Report::Log(rest.to_owned())),
            "ok" => ended(Outcome::Passed),
            "done" => ended(Outcome::Done),
            "fail" => ended(read_failure(rest)),
            "stopped" => Event::AttemptStopped { node, attempt },
            "limit" => Event::LimitBroken { node, attempt, limit: rest.to_owned() },
            "timeout" => Event::TimerFired(Timer::Attempt { node, attempt }),
            "retry" => Event::TimerFired(Timer::Retry { node, attempt }),
            "overtime" => Event::TimerFired(Timer::Node { node, attempt }),
            "slot" => Event::SlotGranted { node, attempt },
            _ => panic!("no event `{text}`"),
        }
    }

    /// The run as its journal has it.
    pub(crate) fn replayed(&self) -> Run {
        let lines = self.journal.iter().map(|(at, record)| (*at, record));
        Run::replay(Arc::clone(self.run.plan()), self.run.spec().clone(), lines).unwrap()
    }

    /// The statuses of the nodes, in their order.
    pub(crate) fn statuses(&self) -> Vec<NodeStatus> {
        self.run.plan().node_ixs().map(|node| self.run.node_status(node)).collect()
    }

    /// The log as the wire shows it, one `step: message` a line.
    pub(crate) fn log(&self) -> String {
        let lines = self.run.logs().into_iter();
        lines.map(|line| format!("{}: {}\n", line.step, line.message)).collect()
    }

    /// The entries of a node, one a line.
    pub(crate) fn entries(&self, id: &str) -> String {
        let entries = self.run.objects(self.node(id)).iter();
        entries.map(|entry| serde_json::to_string(entry).unwrap() + "\n").collect()
    }

    /// The resources the executor of a node is called with.
    pub(crate) fn resources(&self, id: &str) -> Vec<String> {
        let task = self.run.task(self.node(id), Attempt::FIRST);
        task.resources().iter().map(|resource| resource.id.clone()).collect()
    }

    /// The ids of the objects the executor of a node is called with.
    pub(crate) fn handed(&self, id: &str, number: u32) -> Vec<String> {
        let task = self.run.task(self.node(id), attempt(number));
        task.objects().iter().map(|object| object.entry.id.as_deref().unwrap_or("-").to_owned()).collect()
    }
}

pub(crate) fn spec() -> RunSpec {
    let site = Site::new("https://a.example").with_id("site").with_page(Page::new("https://a.example/p"));
    RunSpec::new(RunId::from_bytes([7; 16]), second(0), site)
}

/// The spec of a run that goes on after a failed node.
pub(crate) fn going_on() -> RunSpec {
    spec().configs(RawValue::from_string(r#"{"end_on_fail":false}"#.to_owned()).unwrap())
}

pub(crate) fn second(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

pub(crate) fn attempt(number: u32) -> Attempt {
    (1..number).fold(Attempt::FIRST, |attempt, _| attempt.next())
}

/// `2`, or `2.1` for the first attempt of the second visit.
fn read_attempt(text: &str) -> Attempt {
    let (visit, number) = text.split_once('.').unwrap_or(("1", text));
    let first = (1..visit.parse().unwrap()).fold(Attempt::FIRST, |attempt, _: u32| attempt.next_visit());
    (1..number.parse().unwrap()).fold(first, |attempt, _: u32| attempt.next())
}

/// `o1 passed {"type": …}`: an entry on the page `p`, its status, and its facts if there are any.
fn read_object(text: &str) -> ObjectReport {
    let (id, rest) = text.split_once(' ').unwrap();
    let (status, facts) = rest.split_once(' ').unwrap_or((rest, ""));
    let status: ObjectStatus = serde_json::from_str(&format!("{status:?}")).unwrap();
    let facts = (!facts.is_empty()).then(|| Facts::new(serde_json::from_str(facts).unwrap()));
    ObjectReport { entry: ObjectEntry::new("p", id).with_status(status), facts }
}

fn read_failure(text: &str) -> Outcome {
    let (class, message) = text.split_once(' ').unwrap_or((text, ""));
    if class == "busy" {
        // With how many seconds the other side asks to wait.
        let retry_after = Some(std::time::Duration::from_secs(message.parse().unwrap()));
        let failure = Failure { class: ErrorClass::Transient, message: None, retry_after };
        return Outcome::Failed(Box::new(failure));
    }
    let class = match class {
        "" | "permanent" => ErrorClass::Permanent,
        "transient" => ErrorClass::Transient,
        "partial" => ErrorClass::Partial,
        "stopped" => ErrorClass::Stopped,
        "unknown" => ErrorClass::Unknown,
        _ => panic!("no class of failure `{class}`"),
    };
    let message = (!message.is_empty()).then(|| message.to_owned());
    Outcome::Failed(Box::new(Failure { class, message, retry_after: None }))
}

fn show_record(plan: &Plan, record: &Record) -> String {
    let id = |node: &NodeIx| plan.node_id(*node);
    match record {
        Record::RunStarted => "run started".into(),
        Record::AttemptStarted { node, attempt, possible_duplicate, .. } => {
            let mark = if *possible_duplicate { ", possible duplicate" } else { "" };
            format!("started {}#{attempt}{mark}", id(node))
        }
        Record::NodeDue { node, attempt } => format!("due {}#{attempt}", id(node)),
        Record::SlotRequested { node, attempt } => format!("asking {}#{attempt}", id(node)),
        Record::AttemptLost { node, attempt } => format!("lost {}#{attempt}", id(node)),
        Record::NodeHeld { node, attempt } => format!("held {}#{attempt}", id(node)),
        Record::NothingToSend { node } => format!("nothing to send {}", id(node)),
        Record::Objects { node, objects } => {
            let show = |report: &ObjectReport| {
                format!("{} {:?}", report.entry.id.as_deref().unwrap_or("-"), report.entry.status)
            };
            let objects: Vec<String> = objects.iter().map(show).collect();
            format!("objects {}: {}", id(node), objects.join(", ").to_lowercase())
        }
        Record::Logged { node, message } => format!("line {}: {message}", id(node)),
        Record::Judged { node, entry, side, evaluation } => {
            let side = side.map_or("neither".to_owned(), |side| side.to_string());
            let warned = evaluation.as_ref().is_some_and(|evaluation| evaluation.warnings().next().is_some());
            format!("judged {}/{entry}: {side}{}", id(node), if warned { ", with a warning" } else { "" })
        }
        Record::RetryScheduled { node, attempt, class, not_before } => {
            format!("{class:?}: {}#{attempt} not before {}", id(node), show_time(*not_before)).to_lowercase()
        }
        Record::NodeEnded { node, attempt, status, flaky } => {
            format!("{status} {}#{attempt}{}", id(node), if *flaky { ", flaky" } else { "" })
        }
        Record::EmptyReached { node, finalized } => {
            format!("reached {}{}", id(node), if *finalized { ", finalized" } else { "" })
        }
        Record::NodeSkipped { node } => format!("skipped {}", id(node)),
        Record::Late { node, attempt, count: 1 } => format!("late {}#{attempt}", id(node)),
        Record::Late { node, attempt, count } => format!("late {}#{attempt}, {count} by now", id(node)),
        Record::CancelRequested => "cancel requested".into(),
        Record::RunTimedOut => "run timed out".into(),
        Record::Paused => "paused".into(),
        Record::Resumed => "resumed".into(),
        Record::Recovered { epoch } => format!("recovered, epoch {epoch}"),
        Record::LetGo => "was let go".into(),
        Record::Rerun { nodes, keeping } => {
            let nodes: Vec<_> = nodes.iter().map(id).collect();
            let keeping: Vec<_> = keeping.iter().map(id).collect();
            let kept =
                if keeping.is_empty() { String::new() } else { format!("; kept: {}", keeping.join(", ")) };
            format!("once more: {}{kept}", nodes.join(", "))
        }
        Record::RunEnded { status, step } => format!("run {status}, closing line at {}", id(step)),
    }
}

fn show_command(plan: &Plan, command: Command) -> String {
    let id = |node: NodeIx| plan.node_id(node);
    match command {
        Command::Stop { node, attempt } => format!("stop {}#{attempt}", id(node)),
        Command::SetTimer { timer, at } => {
            let timer = match timer {
                Timer::Attempt { node, attempt } => format!("timeout {}#{attempt}", id(node)),
                Timer::Retry { node, attempt } => format!("retry {}#{attempt}", id(node)),
                Timer::Node { node, attempt } => format!("overtime {}#{attempt}", id(node)),
                Timer::Run => "deadline".into(),
            };
            format!("timer {timer} at {}", show_time(at))
        }
        Command::AcquireSlot { node, attempt, is_last_chance } => {
            let which = if is_last_chance { ", last chance" } else { "" };
            format!("acquire slot {}#{attempt}{which}", id(node))
        }
        Command::ReleaseSlot { node, attempt } => format!("release slot {}#{attempt}", id(node)),
        Command::End => "end".into(),
    }
}

fn show_time(at: Timestamp) -> String {
    (at.as_micros() as f64 / 1e6).to_string()
}
