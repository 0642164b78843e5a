//! What holds for every flow, whatever happens and in whichever order.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;

use super::draw;
use super::play::{attempt, going_on, second, spec};
use crate::{
    Attempt, Command, Condition, ErrorClass, Event, Facts, Failure, Flow, NodeIx, NodeSpec, ObjectEntry,
    ObjectReport, ObjectStatus, Outcome, Plan, Record, Report, RetryPolicy, Run, RunPolicy, RunSpec, Timer,
    Timestamp,
};

/// One run: its plan and spec, and what happens to it.
#[derive(Clone, Debug)]
struct Case {
    plan: Arc<Plan>,
    spec: RunSpec,
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
    Cancel,
    Start,
}

#[derive(Clone, Debug)]
enum Doing {
    Objects(Vec<(u8, ObjectStatus, Option<i32>)>),
    Log,
    End(Outcome),
    Stopped,
    Timeout,
    Retry,
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
        1 => Just(Doing::Stopped),
        1 => Just(Doing::Timeout),
        1 => Just(Doing::Retry),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => (any::<Index>(), doing()).prop_map(|(node, doing)| Step::Work(node, doing)),
        4 => any::<Index>().prop_map(Step::Timer),
        4 => (any::<Index>(), 1..4_u32, doing()).prop_map(|(node, attempt, doing)| Step::Odd(node, attempt, doing)),
        1 => Just(Step::Cancel),
        1 => Just(Step::Start),
    ]
}

/// A flow of up to eight nodes of all roles, with edges that lead to later nodes.
fn plan() -> impl Strategy<Value = Arc<Plan>> {
    let types = proptest::sample::select(vec!["scan", "probe", "probe", "slack", "issue", "report", ""]);
    let node = (types, any::<bool>(), proptest::option::of(any::<bool>()));
    let edges = proptest::collection::vec((any::<Index>(), any::<Index>()), 0..14);
    (proptest::collection::vec(node, 1..9), edges).prop_map(|(nodes, edges)| {
        let count = nodes.len();
        let mut flow = Flow::builder();
        for (index, (task_type, has_conditions, start_if)) in nodes.into_iter().enumerate() {
            let mut node = NodeSpec::new(index.to_string(), task_type);
            if has_conditions {
                node = node.condition(Condition::new("score", ">=", 50));
            }
            if let Some(side) = start_if {
                node = node.start_if(side);
            }
            flow = flow.node(node);
        }
        for (a, b) in edges {
            let (a, b) = (a.index(count), b.index(count));
            if a != b {
                flow = flow.edge(&a.min(b).to_string(), &a.max(b).to_string());
            }
        }
        Arc::new(Plan::new(&flow.build().unwrap(), &draw::types()).unwrap())
    })
}

fn case() -> impl Strategy<Value = Case> {
    let spec =
        (any::<bool>(), 1..4_u32, any::<bool>(), 1..8_usize).prop_map(|(end, attempts, timed, limit)| {
            let mut policy = RunPolicy::default().retry(RetryPolicy::default().max_attempts(attempts));
            policy = policy.max_objects(limit).max_log_lines(limit);
            if timed {
                policy = policy.attempt_timeout(Duration::from_secs(5)).run_timeout(Duration::from_secs(50));
            }
            if end { spec() } else { going_on() }.policy(policy)
        });
    (plan(), spec, proptest::collection::vec(step(), 0..80)).prop_map(|(plan, spec, steps)| Case {
        plan,
        spec,
        steps,
    })
}

/// What came of one event that was taken.
struct Decided {
    at: Timestamp,
    records: Vec<Record>,
    commands: Vec<Command>,
    json: String,
}

/// Plays the steps, then brings the run to its end: what works passes, timers fire.
fn play(case: &Case, refused: impl FnMut(&Run, &Run)) -> Vec<Decided> {
    play_as(case, false, refused)
}

/// The same, with a process that dies between any two events.
fn play_resumed(case: &Case) -> Vec<Decided> {
    play_as(case, true, |_, _| ())
}

fn play_as(case: &Case, resumes: bool, mut refused: impl FnMut(&Run, &Run)) -> Vec<Decided> {
    let mut run = Run::new(Arc::clone(&case.plan), case.spec.clone());
    let (mut decided, mut timers) = (Vec::new(), Vec::new());
    let mut steps = case.steps.iter();
    for time in 0.. {
        assert!(time < 10_000, "the run comes to its end");
        let step = if time == 0 { Some(&Step::Start) } else { steps.next() };
        if run.is_over() && step.is_none() {
            break;
        }
        let event = match step {
            Some(step) => event(&run, &mut timers, step),
            None => closing_event(&run, &mut timers),
        };
        let Some(event) = event else { continue };
        let at = second(time);
        if resumes {
            run = replayed(case, &decided);
        }
        match run.handle(at, event) {
            Ok(decision) => {
                let (records, commands) = (decision.records.to_vec(), decision.commands.to_vec());
                timers.extend(commands.iter().filter_map(|command| match *command {
                    Command::SetTimer { timer, .. } => Some(timer),
                    Command::Start { .. } | Command::Stop { .. } | Command::End => None,
                }));
                decided.push(Decided { at, records, commands, json: run.to_json() });
            }
            Err(_) => refused(&run, &replayed(case, &decided)),
        }
    }
    decided
}

fn event(run: &Run, timers: &mut Vec<Timer>, step: &Step) -> Option<Event> {
    let working: Vec<(NodeIx, Attempt)> = run.working().collect();
    match step {
        Step::Work(_, _) if working.is_empty() => None,
        Step::Work(which, doing) => {
            let (node, attempt) = working[which.index(working.len())];
            Some(said(node, attempt, doing))
        }
        Step::Timer(_) if timers.is_empty() => None,
        Step::Timer(which) => Some(Event::TimerFired(timers.remove(which.index(timers.len())))),
        Step::Odd(node, number, doing) => {
            let node = NodeIx::new(node.index(run.plan().node_count() + 1));
            Some(said(node, attempt(*number), doing))
        }
        Step::Cancel => Some(Event::CancelRequested),
        Step::Start => Some(Event::Started),
    }
}

fn closing_event(run: &Run, timers: &mut Vec<Timer>) -> Option<Event> {
    match run.working().next() {
        Some((node, attempt)) => Some(Event::AttemptEnded { node, attempt, outcome: Outcome::Passed }),
        None => Some(Event::TimerFired(timers.pop().expect("a run that is open works or waits for a timer"))),
    }
}

fn said(node: NodeIx, attempt: Attempt, doing: &Doing) -> Event {
    match doing {
        Doing::Objects(objects) => {
            let objects = objects.iter().map(|(id, status, score)| ObjectReport {
                entry: ObjectEntry::new("p", &id.to_string()).with_status(*status),
                facts: score.map(|score| Facts::new(serde_json::json!({"type": "probe", "score": score}))),
            });
            Event::Reported { node, attempt, report: Report::Objects(objects.collect()) }
        }
        Doing::Log => Event::Reported { node, attempt, report: Report::Log("a line".into()) },
        Doing::End(outcome) => Event::AttemptEnded { node, attempt, outcome: outcome.clone() },
        Doing::Stopped => Event::AttemptStopped { node, attempt },
        Doing::Timeout => Event::TimerFired(Timer::Attempt { node, attempt }),
        Doing::Retry => Event::TimerFired(Timer::Retry { node, attempt }),
    }
}

/// A new run that is told the records only.
fn replayed(case: &Case, decided: &[Decided]) -> Run {
    let mut run = Run::new(Arc::clone(&case.plan), case.spec.clone());
    for decided in decided {
        decided.records.iter().for_each(|record| run.apply(decided.at, record));
    }
    run
}

fn records(decided: &[Decided]) -> impl Iterator<Item = &Record> {
    decided.iter().flat_map(|decided| &decided.records)
}

proptest! {
    #[test]
    fn whatever_happens_the_run_ends_exactly_once_and_nothing_follows(case in case()) {
        let decided = play(&case, |_, _| ());
        let ends = records(&decided).filter(|record| matches!(record, Record::RunEnded { .. })).count();
        prop_assert_eq!(ends, 1);
        let last = decided.last().unwrap();
        let is_closed = matches!(last.records.last(), Some(Record::RunEnded { .. }));
        prop_assert!(is_closed, "nothing is written after the end");
        prop_assert_eq!(last.commands.last(), Some(&Command::End));
        prop_assert_eq!(decided.iter().filter(|decided| decided.commands.contains(&Command::End)).count(), 1);
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
            decided.records.iter().for_each(|record| run.apply(decided.at, record));
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
                run.apply(decided.at, &serde_json::from_str(&text).unwrap());
            }
            prop_assert_eq!(run.to_json(), &*decided.json);
        }
    }

    #[test]
    fn a_run_resumed_from_its_journal_before_every_event_decides_the_same(case in case()) {
        let (whole, resumed) = (play(&case, |_, _| ()), play_resumed(&case));
        prop_assert_eq!(whole.len(), resumed.len());
        for (whole, resumed) in whole.iter().zip(&resumed) {
            prop_assert_eq!(format!("{:?}", whole.records), format!("{:?}", resumed.records));
            prop_assert_eq!(&whole.commands, &resumed.commands);
        }
    }

    #[test]
    fn the_same_events_lead_to_the_same_decisions(case in case()) {
        let show = |decided: Vec<Decided>| {
            let show = |decided: Decided| format!("{:?} {:?} {}", decided.records, decided.commands, decided.json);
            decided.into_iter().map(show).collect::<Vec<_>>()
        };
        prop_assert_eq!(show(play(&case, |_, _| ())), show(play(&case, |_, _| ())));
    }

    #[test]
    fn nothing_starts_before_its_parents_are_decided_nor_twice_nor_once_the_run_is_stopping(case in case()) {
        let mut decided_nodes = vec![false; case.plan.node_count()];
        let mut attempts = vec![0; case.plan.node_count()];
        let mut is_stopping = false;
        for record in records(&play(&case, |_, _| ())) {
            match record {
                Record::AttemptStarted { node, attempt } => {
                    prop_assert!(!is_stopping);
                    prop_assert!(!decided_nodes[node.index()], "a node that is done starts no more");
                    let parents = case.plan.parents(*node);
                    prop_assert!(parents.iter().all(|parent| decided_nodes[parent.index()]));
                    attempts[node.index()] += 1;
                    prop_assert_eq!(attempt.number(), attempts[node.index()], "attempts are counted");
                }
                Record::NodeEnded { node, status, .. } => {
                    prop_assert!(!std::mem::replace(&mut decided_nodes[node.index()], true), "it ends once");
                    is_stopping |= *status == crate::NodeStatus::Failed && case.spec.configs.is_none();
                }
                Record::NothingToSend { node } | Record::EmptyReached { node, .. } | Record::NodeSkipped { node } => {
                    prop_assert!(!std::mem::replace(&mut decided_nodes[node.index()], true), "it ends once");
                }
                Record::CancelRequested | Record::RunTimedOut | Record::RunEnded { .. } => is_stopping = true,
                Record::RunStarted
                | Record::Objects { .. }
                | Record::Logged { .. }
                | Record::Judged { .. }
                | Record::RetryScheduled { .. }
                | Record::Late { .. } => {}
            }
        }
    }
}
