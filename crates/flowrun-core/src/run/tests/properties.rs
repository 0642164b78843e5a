//! What holds for every flow, whatever happens and in whichever order.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;

use super::draw;
use super::play::{attempt, going_on, second, spec};
use crate::{
    Attempt, Call, Command, Condition, ErrorClass, Event, Facts, Failure, Flow, NodeIx, NodeSpec,
    ObjectEntry, ObjectReport, ObjectStatus, OnUnknown, Operator, Outcome, Plan, Record, Report, Rerun,
    RetryPolicy, Run, RunPolicy, RunSpec, Timer, Timestamp,
};

/// One run: its plan and spec, and what happens to it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) plan: Arc<Plan>,
    pub(crate) spec: RunSpec,
    steps: Vec<Step>,
}

/// What happens next. Nodes are chosen among those that could say it.
#[derive(Clone, Debug)]
enum Step {
    /// One of the attempts at work reports or ends.
    Work(Index, Doing),
    /// One of the timers that were asked for fires.
    Timer(Index),
    /// Anything at all, most of it out of place.
    Odd(Index, u32, Doing),
    /// The host grants one of the slots that were asked for.
    Slot(Index),
    Cancel,
    Start,
    Pause,
    Resume,
    /// The process ends, and another one goes on.
    Crash,
    /// From a node, or what failed; of that perhaps only the objects.
    Rerun(Option<Index>, bool),
}

#[derive(Clone, Debug)]
enum Doing {
    Objects(Vec<(u8, ObjectStatus, Option<i32>)>),
    Log,
    End(Outcome),
    Stopped,
    Timeout,
    Retry,
    Overtime,
    Slot,
}

fn doing() -> impl Strategy<Value = Doing> {
    let status = prop_oneof![
        1 => Just(ObjectStatus::Working),
        3 => Just(ObjectStatus::Passed),
        1 => Just(ObjectStatus::Failed),
        1 => Just(ObjectStatus::Incomplete),
    ];
    let object = (0..5_u8, status, proptest::option::of(0..100));
    let failure = |class| Outcome::Failed(Box::new(Failure { class, message: None, retry_after: None }));
    prop_oneof![
        4 => proptest::collection::vec(object, 0..4).prop_map(Doing::Objects),
        1 => Just(Doing::Log),
        4 => Just(Doing::End(Outcome::Done)),
        2 => Just(Doing::End(Outcome::Passed)),
        2 => Just(Doing::End(failure(ErrorClass::Transient))),
        1 => Just(Doing::End(failure(ErrorClass::Permanent))),
        1 => Just(Doing::End(failure(ErrorClass::Unknown))),
        1 => Just(Doing::Stopped),
        1 => Just(Doing::Timeout),
        1 => Just(Doing::Retry),
        1 => Just(Doing::Overtime),
        1 => Just(Doing::Slot),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => (any::<Index>(), doing()).prop_map(|(node, doing)| Step::Work(node, doing)),
        4 => any::<Index>().prop_map(Step::Timer),
        4 => (any::<Index>(), 1..4_u32, doing()).prop_map(|(node, attempt, doing)| Step::Odd(node, attempt, doing)),
        6 => any::<Index>().prop_map(Step::Slot),
        1 => Just(Step::Cancel),
        1 => Just(Step::Start),
        1 => Just(Step::Pause),
        2 => Just(Step::Resume),
        2 => Just(Step::Crash),
        1 => (proptest::option::of(any::<Index>()), any::<bool>()).prop_map(|(from, only)| Step::Rerun(from, only)),
    ]
}

/// A flow of up to eight nodes of all roles, with edges that lead to later nodes.
pub(super) fn plan() -> impl Strategy<Value = Arc<Plan>> {
    let types = proptest::sample::select(vec!["scan", "probe", "probe", "slack", "issue", "report", ""]);
    let node = (types, any::<bool>(), proptest::option::of(any::<bool>()));
    let edges = proptest::collection::vec((any::<Index>(), any::<Index>()), 0..14);
    (proptest::collection::vec(node, 1..9), edges).prop_map(|(nodes, edges)| {
        let count = nodes.len();
        let mut flow = Flow::builder();
        for (index, (task_type, has_conditions, start_if)) in nodes.into_iter().enumerate() {
            let mut node = NodeSpec::new(index.to_string(), task_type);
            if has_conditions {
                node = node.condition(Condition::new("score", Operator::AtLeast, 50));
            }
            if let Some(side) = start_if {
                node = node.start_if(side);
            }
            flow = flow.node(node);
        }
        for (a, b) in edges {
            let (a, b) = (a.index(count), b.index(count));
            if a != b {
                flow = flow.edge(a.min(b).to_string(), a.max(b).to_string());
            }
        }
        Arc::new(Plan::new(&flow.build().unwrap(), &draw::types()).unwrap())
    })
}

pub(crate) fn case() -> impl Strategy<Value = Case> {
    let on_unknown = proptest::sample::select(vec![OnUnknown::Retry, OnUnknown::Fail, OnUnknown::Pause]);
    let turns = (proptest::option::of(1..4_u32), proptest::bool::weighted(0.3));
    let spec = (any::<bool>(), 1..4_u32, any::<bool>(), 1..8_usize, on_unknown, turns).prop_map(
        |(end, attempts, timed, limit, on_unknown, (most, slots))| {
            let mut policy = RunPolicy::default().retry(RetryPolicy::default().max_attempts(attempts));
            policy = policy.max_objects(limit).max_log_lines(limit).on_unknown(on_unknown).slots(slots);
            if let Some(most) = most {
                policy = policy.max_concurrent(most);
            }
            if timed {
                policy = policy.attempt_timeout(Duration::from_secs(5)).run_timeout(Duration::from_secs(50));
                policy = policy.node_timeout(Duration::from_secs(20));
            }
            if end { spec() } else { going_on() }.policy(policy)
        },
    );
    (plan(), spec, proptest::collection::vec(step(), 0..80)).prop_map(|(plan, spec, steps)| Case {
        plan,
        spec,
        steps,
    })
}

/// What came of one event that was taken.
pub(crate) struct Decided {
    pub(crate) at: Timestamp,
    pub(crate) records: Vec<Record>,
    calls: Vec<Call>,
    commands: Vec<Command>,
    json: String,
}

/// Plays the steps, then brings the run to its end: what works passes, timers fire.
pub(crate) fn play(case: &Case, refused: impl FnMut(&Run, &Run)) -> Vec<Decided> {
    play_as(case, false, refused)
}

/// The same, with a process that dies between any two events.
fn play_resumed(case: &Case) -> Vec<Decided> {
    play_as(case, true, |_, _| ())
}

fn play_as(case: &Case, resumes: bool, mut refused: impl FnMut(&Run, &Run)) -> Vec<Decided> {
    let mut run = Run::new(Arc::clone(&case.plan), case.spec.clone());
    let (mut decided, mut asked) = (Vec::new(), Asked::default());
    let mut steps = case.steps.iter();
    for time in 0.. {
        assert!(time < 10_000, "the run comes to its end");
        let step = if time == 0 { Some(&Step::Start) } else { steps.next() };
        if run.is_over() && step.is_none() {
            break;
        }
        let event = match step {
            Some(step) => event(&run, &mut asked, step),
            None => closing_event(&run, &mut asked),
        };
        let Some(event) = event else { continue };
        let at = second(time);
        if matches!(event, Event::Recovered { .. }) {
            // Nobody keeps the timers and slots of a process that has ended.
            asked = Asked::default();
        }
        if resumes || matches!(event, Event::Recovered { .. }) {
            run = replayed(case, &decided);
        }
        match run.handle(at, event) {
            Ok(decision) => {
                let (records, calls) = (decision.records.to_vec(), decision.calls.to_vec());
                let commands = decision.commands.to_vec();
                commands.iter().for_each(|command| asked.note(*command));
                decided.push(Decided { at, records, calls, commands, json: run.to_json() });
            }
            Err(_) => refused(&run, &replayed(case, &decided)),
        }
    }
    decided
}

/// What a run has asked of its driver and not got yet.
#[derive(Default)]
struct Asked {
    timers: Vec<Timer>,
    slots: Vec<(NodeIx, Attempt)>,
}

impl Asked {
    fn note(&mut self, command: Command) {
        match command {
            Command::SetTimer { timer, .. } => self.timers.push(timer),
            Command::AcquireSlot { node, attempt, .. } => self.slots.push((node, attempt)),
            Command::ReleaseSlot { node, attempt } => self.slots.retain(|slot| *slot != (node, attempt)),
            Command::Stop { .. } | Command::End => {}
        }
    }

    fn grant(&mut self, place: usize) -> Event {
        let (node, attempt) = self.slots.remove(place);
        Event::SlotGranted { node, attempt }
    }
}

fn event(run: &Run, asked: &mut Asked, step: &Step) -> Option<Event> {
    let working: Vec<(NodeIx, Attempt)> = run.working().collect();
    match step {
        Step::Work(_, _) if working.is_empty() => None,
        Step::Work(which, doing) => {
            let (node, attempt) = working[which.index(working.len())];
            Some(said(node, attempt, doing))
        }
        Step::Timer(_) if asked.timers.is_empty() => None,
        Step::Timer(which) => {
            let place = which.index(asked.timers.len());
            Some(Event::TimerFired(asked.timers.remove(place)))
        }
        Step::Slot(_) if asked.slots.is_empty() => None,
        Step::Slot(which) => Some(asked.grant(which.index(asked.slots.len()))),
        Step::Odd(node, number, doing) => {
            let node = NodeIx::new(node.index(run.plan().node_count() + 1));
            Some(said(node, attempt(*number), doing))
        }
        Step::Cancel => Some(Event::CancelRequested),
        Step::Start => Some(Event::Started),
        Step::Pause => Some(Event::PauseRequested),
        Step::Resume => Some(Event::ResumeRequested),
        Step::Crash => Some(Event::Recovered { epoch: 2 }),
        Step::Rerun(None, only) => {
            Some(Event::RerunRequested(if *only { Rerun::FailedObjects } else { Rerun::Failed }))
        }
        Step::Rerun(Some(node), _) => {
            // One that there is not, too.
            let node = node.index(run.plan().node_count() + 1);
            let id = run.plan().flow().nodes().nth(node).map_or("nobody".into(), |node| node.id());
            Some(Event::RerunRequested(Rerun::From(id.into_owned())))
        }
    }
}

fn closing_event(run: &Run, asked: &mut Asked) -> Option<Event> {
    if let Some((node, attempt)) = run.working().next() {
        return Some(Event::AttemptEnded { node, attempt, outcome: Outcome::Passed });
    }
    if run.is_paused() {
        return Some(Event::ResumeRequested);
    }
    if !asked.slots.is_empty() {
        return Some(asked.grant(0));
    }
    Some(Event::TimerFired(asked.timers.pop().expect("a run that is open works, or waits for something")))
}

fn said(node: NodeIx, attempt: Attempt, doing: &Doing) -> Event {
    match doing {
        Doing::Objects(objects) => {
            let objects = objects.iter().map(|(id, status, score)| ObjectReport {
                entry: ObjectEntry::new("p", id.to_string()).with_status(*status),
                facts: score.map(|score| Facts::new(serde_json::json!({"type": "probe", "score": score}))),
            });
            Event::Reported { node, attempt, report: Report::Objects(objects.collect()) }
        }
        Doing::Log => Event::Reported { node, attempt, report: Report::Log("a line".into()) },
        Doing::End(outcome) => Event::AttemptEnded { node, attempt, outcome: outcome.clone() },
        Doing::Stopped => Event::AttemptStopped { node, attempt },
        Doing::Timeout => Event::TimerFired(Timer::Attempt { node, attempt }),
        Doing::Retry => Event::TimerFired(Timer::Retry { node, attempt }),
        Doing::Overtime => Event::TimerFired(Timer::Node { node, attempt }),
        Doing::Slot => Event::SlotGranted { node, attempt },
    }
}

/// A new run that is told the records only.
fn replayed(case: &Case, decided: &[Decided]) -> Run {
    let mut run = Run::new(Arc::clone(&case.plan), case.spec.clone());
    for decided in decided {
        decided.records.iter().for_each(|record| run.apply(decided.at, record).unwrap());
    }
    run
}

fn records(decided: &[Decided]) -> impl Iterator<Item = &Record> {
    decided.iter().flat_map(|decided| &decided.records)
}

proptest! {
    #[test]
    fn whatever_happens_the_run_ends_once_and_nothing_follows_but_to_do_it_once_more(case in case()) {
        let decided = play(&case, |_, _| ());
        let is_end = |record: &Record| matches!(record, Record::RunEnded { .. });
        let reruns = records(&decided).filter(|record| matches!(record, Record::Rerun { .. })).count();
        prop_assert_eq!(records(&decided).filter(|record| is_end(record)).count(), 1 + reruns);
        for decided in &decided {
            prop_assert_eq!(decided.commands.contains(&Command::End), decided.records.iter().any(is_end));
            prop_assert!(decided.records.iter().rev().skip(1).all(|record| !is_end(record)), "nothing follows");
        }
        prop_assert!(decided.last().unwrap().records.last().is_some_and(is_end));
    }

    #[test]
    fn no_more_attempts_work_than_may_and_none_without_a_slot(case in case()) {
        let (mut working, mut slots) = (BTreeSet::new(), BTreeSet::new());
        for decided in play(&case, |_, _| ()) {
            for record in &decided.records {
                if let Record::AttemptStarted { node, .. } = record {
                    working.insert(*node);
                } else if let Record::AttemptLost { node, .. }
                | Record::RetryScheduled { node, .. }
                | Record::NodeHeld { node, .. }
                | Record::NodeEnded { node, .. } = record
                {
                    working.remove(node);
                }
            }
            for &command in &decided.commands {
                if let Command::AcquireSlot { node, attempt, .. } = command {
                    slots.insert((node, attempt));
                } else if let Command::ReleaseSlot { node, attempt } = command {
                    slots.remove(&(node, attempt));
                }
            }
            for call in &decided.calls {
                prop_assert!(!case.spec.policy.slots || slots.contains(&(call.node(), call.attempt())));
            }
            let most = case.spec.policy.max_concurrent.map_or(usize::MAX, |most| most as usize);
            prop_assert!(working.len() <= most);
        }
    }

    #[test]
    fn a_rejected_event_changes_nothing(case in case()) {
        // What is refused leaves the run as its journal says: compared with one that never saw the event.
        play(&case, |run, replayed| {
            assert_eq!(run.to_json(), replayed.to_json());
            assert_eq!(run.working().collect::<Vec<_>>(), replayed.working().collect::<Vec<_>>());
        });
    }

    #[test]
    fn replaying_the_journal_gives_the_same_run_after_every_decision(case in case()) {
        let decided = play(&case, |_, _| ());
        let mut run = Run::new(Arc::clone(&case.plan), case.spec.clone());
        for decided in &decided {
            decided.records.iter().for_each(|record| run.apply(decided.at, record).unwrap());
            prop_assert_eq!(run.to_json(), &*decided.json);
        }
    }

    #[test]
    fn records_that_were_written_and_read_replay_the_same(case in case()) {
        let decided = play(&case, |_, _| ());
        let mut run = Run::new(Arc::clone(&case.plan), case.spec.clone());
        for decided in &decided {
            for record in &decided.records {
                let text = serde_json::to_string(record).unwrap();
                let read: crate::Record = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(format!("{read:?}"), format!("{record:?}"));
                run.apply(decided.at, &read).unwrap();
            }
            prop_assert_eq!(run.to_json(), &*decided.json);
        }
    }

    #[test]
    fn a_run_resumed_from_its_journal_before_every_event_decides_the_same(case in case()) {
        let (whole, resumed) = (play(&case, |_, _| ()), play_resumed(&case));
        // How much was dropped since it was last told dies with a process, and decides nothing.
        let is_count = |record: &&Record| {
            let counts = |message: &str| message.ends_with("were dropped");
            matches!(record, Record::Late { .. })
                || matches!(record, Record::Logged { message, .. } if counts(message))
        };
        let told = |decided: &Decided| {
            let told = decided.records.iter().filter(|record| !is_count(record));
            told.map(|record| format!("{record:?}")).collect::<Vec<_>>()
        };
        prop_assert_eq!(whole.len(), resumed.len());
        for (whole, resumed) in whole.iter().zip(&resumed) {
            prop_assert_eq!(told(whole), told(resumed));
            prop_assert_eq!(&whole.calls, &resumed.calls);
            prop_assert_eq!(&whole.commands, &resumed.commands);
        }
    }

    #[test]
    fn the_same_events_lead_to_the_same_decisions(case in case()) {
        let show = |decided: Vec<Decided>| {
            let show = |decided: Decided| format!("{:?} {:?} {:?} {}", decided.records, decided.calls, decided.commands, decided.json);
            decided.into_iter().map(show).collect::<Vec<_>>()
        };
        prop_assert_eq!(show(play(&case, |_, _| ())), show(play(&case, |_, _| ())));
    }

    #[test]
    fn nothing_starts_before_its_parents_are_decided_nor_twice_nor_once_the_run_is_stopping(case in case()) {
        let mut decided_nodes = vec![false; case.plan.node_count()];
        let mut attempts = vec![None; case.plan.node_count()];
        let mut lost = BTreeSet::new();
        let mut is_stopping = false;
        for record in records(&play(&case, |_, _| ())) {
            match record {
                Record::AttemptStarted { node, attempt, .. } => {
                    prop_assert!(!is_stopping || lost.remove(node), "only what was lost starts again");
                    prop_assert!(!decided_nodes[node.index()], "a node that is done starts no more");
                    let parents = case.plan.parents(*node);
                    prop_assert!(parents.iter().all(|parent| decided_nodes[parent.index()]));
                    let last = attempts[node.index()].replace(*attempt);
                    // A visit may pass without an attempt: a receiver that has nothing to send.
                    let is_next = last.is_none_or(|last| *attempt == last.next());
                    let is_first = attempt.number() == 1 && Some(*attempt) > last;
                    prop_assert!(is_next || is_first, "attempts are counted");
                }
                Record::NodeEnded { node, status, .. } => {
                    prop_assert!(!std::mem::replace(&mut decided_nodes[node.index()], true), "it ends once");
                    is_stopping |= *status == crate::NodeStatus::Failed && case.spec.configs.is_none();
                }
                Record::NothingToSend { node } | Record::EmptyReached { node, .. } | Record::NodeSkipped { node } => {
                    prop_assert!(!std::mem::replace(&mut decided_nodes[node.index()], true), "it ends once");
                }
                Record::CancelRequested | Record::RunTimedOut | Record::RunEnded { .. } => is_stopping = true,
                Record::AttemptLost { node, .. } => {
                    lost.insert(*node);
                }
                Record::Rerun { nodes, .. } => {
                    nodes.iter().for_each(|node| decided_nodes[node.index()] = false);
                    is_stopping = false;
                }
                Record::RunStarted
                | Record::Objects { .. }
                | Record::Logged { .. }
                | Record::Judged { .. }
                | Record::RetryScheduled { .. }
                | Record::NodeDue { .. }
                | Record::SlotRequested { .. }
                | Record::NodeHeld { .. }
                | Record::Paused
                | Record::Resumed
                | Record::Recovered { .. }
                | Record::LetGo
                | Record::Late { .. } => {}
            }
        }
    }
}
