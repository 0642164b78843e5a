//! What holds whenever the process ends, for every flow.

use std::collections::VecDeque;
use std::sync::Arc;

use proptest::prelude::*;

use super::play::{going_on, second, spec};
use super::properties::plan;
use crate::{
    Attempt, Command, Event, Facts, NodeIx, ObjectEntry, ObjectReport, ObjectStatus, Outcome, Plan, Record,
    Report, Rerun, Role, Run, RunPolicy, RunSpec, RunStatus, Timestamp,
};

/// What the executor of a node does, however often it is called.
#[derive(Clone, Debug)]
struct Conduct {
    fails: bool,
    /// How many objects a producer reports: the first ones there are.
    objects: usize,
}

#[derive(Clone, Debug)]
struct Case {
    plan: Arc<Plan>,
    spec: RunSpec,
    conducts: Vec<Conduct>,
    /// The score of each object, whoever reports it. Were it another one for each node, what a condition sees
    /// of an object would depend on who spoke last, and so on when the process ended.
    scores: Vec<i32>,
}

fn case() -> impl Strategy<Value = Case> {
    let policy = (proptest::option::of(1..4_u32), any::<bool>()).prop_map(|(most, slots)| {
        let policy = RunPolicy::default().slots(slots);
        most.map_or(policy.clone(), |most| policy.max_concurrent(most))
    });
    let conduct = (proptest::bool::weighted(0.2), 0..3_usize);
    let conducts = proptest::collection::vec(conduct, 8);
    let scores = proptest::collection::vec(0..100, 2);
    (plan(), any::<bool>(), policy, conducts, scores).prop_map(|(plan, ends, policy, conducts, scores)| {
        Case {
            plan,
            spec: if ends { spec() } else { going_on() }.policy(policy),
            conducts: conducts.into_iter().map(|(fails, objects)| Conduct { fails, objects }).collect(),
            scores,
        }
    })
}

/// A run on its way, and all it wrote down.
struct Driven<'a> {
    case: &'a Case,
    run: Run,
    journal: Vec<(Timestamp, Record)>,
    /// How long the journal was after each decision.
    decisions: Vec<usize>,
    events: VecDeque<Event>,
    time: i64,
}

impl<'a> Driven<'a> {
    fn new(case: &'a Case) -> Self {
        Self::from_journal(case, Vec::new(), Event::Started)
    }

    /// A new process that has nothing but the journal.
    fn from_journal(case: &'a Case, journal: Vec<(Timestamp, Record)>, first: Event) -> Self {
        let lines = journal.iter().map(|(at, record)| (*at, record));
        let run = Run::replay(Arc::clone(&case.plan), case.spec.clone(), lines).unwrap();
        let time = journal.len() as i64;
        Self { case, run, journal, decisions: Vec::new(), events: [first].into(), time }
    }

    /// Goes on until nothing is left to happen, or so many decisions were made.
    fn drive(&mut self, most: usize) {
        while self.decisions.len() < most
            && let Some(event) = self.events.pop_front()
        {
            self.time += 1;
            let at = second(self.time);
            let decision = self.run.handle(at, event).unwrap();
            self.journal.extend(decision.records.iter().map(|record| (at, record.clone())));
            self.decisions.push(self.journal.len());
            let (calls, commands) = (decision.calls.to_vec(), decision.commands.to_vec());
            calls.into_iter().for_each(|call| self.execute(call.node(), call.attempt()));
            commands.into_iter().for_each(|command| self.obey(command));
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::AcquireSlot { node, attempt, .. } => {
                self.events.push_back(Event::SlotGranted { node, attempt });
            }
            Command::Stop { .. } | Command::SetTimer { .. } => panic!("nothing is stopped here"),
            // What was granted and is not needed any more is not granted.
            Command::ReleaseSlot { node, attempt } => self.events.retain(|event| {
                !matches!(event, Event::SlotGranted { node: other, attempt: of } if (*other, *of) == (node, attempt))
            }),
            Command::End => {}
        }
    }

    /// Says all that an executor would say, in the order it would.
    fn execute(&mut self, node: NodeIx, attempt: Attempt) {
        let Conduct { fails, objects } = &self.case.conducts[node.index()];
        let reports: Vec<ObjectReport> = if self.case.plan.role(node) == Some(Role::Receiver) {
            let status = if *fails { ObjectStatus::Failed } else { ObjectStatus::Passed };
            let task = self.run.task(node, attempt);
            let entries = task.objects().iter().map(|object| object.entry.clone().with_status(status));
            entries.map(|entry| ObjectReport { entry, facts: None }).collect()
        } else {
            self.case.scores.iter().take(*objects).enumerate().map(object).collect()
        };
        let reported = |report| Event::Reported { node, attempt, report: Report::Objects(vec![report]) };
        self.events.extend(reports.into_iter().map(reported));
        let outcome = if *fails { Outcome::failed("no luck") } else { Outcome::Done };
        self.events.push_back(Event::AttemptEnded { node, attempt, outcome });
    }

    /// How each node ended, with its entries.
    fn ends(&self) -> Vec<String> {
        let show = |node| format!("{} {:?}", self.run.node_status(node), self.run.objects(node));
        self.case.plan.node_ixs().map(show).collect()
    }

    /// The highest attempt of each node.
    fn attempts(&self) -> Vec<u32> {
        let mut attempts = vec![0; self.case.plan.node_count()];
        for (_, record) in &self.journal {
            if let Record::AttemptStarted { node, attempt, .. } = record {
                attempts[node.index()] = attempt.number();
            }
        }
        attempts
    }
}

fn object((number, score): (usize, &i32)) -> ObjectReport {
    let entry = ObjectEntry::new("p", number.to_string()).with_status(ObjectStatus::Passed);
    ObjectReport { entry, facts: Some(Facts::new(serde_json::json!({"type": "probe", "score": score}))) }
}

proptest! {
    #[test]
    fn a_crash_after_any_decision_leads_to_the_same_end_with_one_more_attempt_at_most(case in case()) {
        let mut unbroken = Driven::new(&case);
        unbroken.drive(usize::MAX);
        prop_assert!(unbroken.run.is_over());
        for (crash, length) in unbroken.decisions.iter().enumerate() {
            if crash + 1 == unbroken.decisions.len() {
                break;
            }
            let journal = unbroken.journal[..*length].to_vec();
            let mut resumed = Driven::from_journal(&case, journal, Event::Recovered { epoch: 2 });
            resumed.drive(usize::MAX);
            prop_assert_eq!(resumed.run.status(), unbroken.run.status());
            // Where the first failure ends the run, what else was done by then is a matter of time.
            if case.spec.configs.is_some() {
                prop_assert_eq!(resumed.ends(), unbroken.ends());
            }
            for (resumed, unbroken) in resumed.attempts().iter().zip(unbroken.attempts()) {
                prop_assert!(*resumed <= unbroken.max(1) + 1);
            }
        }
    }

    #[test]
    fn two_crashes_in_a_row_lead_to_the_same_end(case in case(), first in any::<prop::sample::Index>(), second in 0..3_usize) {
        let mut unbroken = Driven::new(&case);
        unbroken.drive(usize::MAX);
        let mut broken = Driven::new(&case);
        broken.drive(1 + first.index(unbroken.decisions.len()));
        let mut resumed = broken;
        for most in [1 + second, usize::MAX] {
            if resumed.run.is_over() {
                break;
            }
            resumed = Driven::from_journal(&case, resumed.journal, Event::Recovered { epoch: 2 });
            resumed.drive(most);
        }
        prop_assert_eq!(resumed.run.status(), unbroken.run.status());
    }

    #[test]
    fn a_run_done_once_more_with_better_luck_ends_as_one_that_never_had_bad_luck(case in case()) {
        let mut lucky = case.clone();
        lucky.conducts.iter_mut().for_each(|conduct| conduct.fails = false);
        let mut expected = Driven::new(&lucky);
        expected.drive(usize::MAX);

        let mut unlucky = Driven::new(&case);
        unlucky.drive(usize::MAX);
        let mut again =
            Driven::from_journal(&lucky, unlucky.journal, Event::RerunRequested(Rerun::Failed));
        if expected.run.status() != unlucky.run.status() {
            again.drive(usize::MAX);
        }
        prop_assert_eq!(again.run.status(), RunStatus::Passed);
        prop_assert_eq!(again.ends(), expected.ends());
    }
}
