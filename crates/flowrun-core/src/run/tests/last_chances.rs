//! Many runs in one process, and some of them end it whenever they are at work.

use std::collections::VecDeque;

use super::Play;
use super::play::second;
use crate::{Attempt, Command, Event, NodeIx, Outcome, RunStatus};

/// An attempt of one of the runs.
type Of = (usize, NodeIx, Attempt);

/// A host whose processes follow each other. The next one knows what the runs have written, and nothing else.
struct Host {
    runs: Vec<Play>,
    /// The runs that end the process.
    culprits: &'static [usize],
    /// Whether last chances have their turn one at a time.
    is_fair: bool,
    processes: i64,
    at_work: VecDeque<Of>,
    asking: VecDeque<Of>,
    granted: Option<Of>,
}

impl Host {
    /// Each run is of one node.
    fn new(culprits: &'static [usize], drawing_of_culprits: &str, is_fair: bool) -> Self {
        let drawing = |run| if culprits.contains(&run) { drawing_of_culprits } else { "scan a" };
        let runs = (0..21).map(|run| Play::new(drawing(run))).collect();
        let (at_work, asking) = Default::default();
        Self { runs, culprits, is_fair, processes: 0, at_work, asking, granted: None }
    }

    fn tell(&mut self, run: usize, event: Event) {
        let (at, play) = (second(self.processes), &mut self.runs[run]);
        let decision = play.run.handle(at, event).unwrap();
        play.journal.extend(decision.records.drain(..).map(|record| (at, record)));
        self.at_work.extend(decision.calls.iter().map(|call| (run, call.node(), call.attempt())));
        for &command in decision.commands {
            match command {
                Command::AcquireSlot { node, attempt, is_last_chance } => {
                    assert!(is_last_chance, "the host gives out no slots otherwise");
                    self.asking.push_back((run, node, attempt));
                }
                Command::ReleaseSlot { node, attempt } => {
                    self.granted.take_if(|granted| *granted == (run, node, attempt));
                }
                Command::Stop { .. } | Command::SetTimer { .. } | Command::End => {}
            }
        }
    }

    /// One process, until it ends or has nothing left to do. Each starts all it can before anybody is done.
    fn live(&mut self) {
        self.processes += 1;
        (self.at_work, self.asking, self.granted) = Default::default();
        for run in 0..self.runs.len() {
            let play = &mut self.runs[run];
            if self.processes == 1 {
                self.tell(run, Event::Started);
            } else if !play.run.is_over() {
                play.run = play.replayed();
                self.tell(run, Event::Recovered { epoch: 2 });
            }
        }
        loop {
            while (!self.is_fair || self.granted.is_none())
                && let Some((run, node, attempt)) = self.asking.pop_front()
            {
                self.granted = Some((run, node, attempt));
                self.tell(run, Event::SlotGranted { node, attempt });
            }
            if self.at_work.iter().any(|(run, ..)| self.culprits.contains(run)) {
                return;
            }
            let Some((run, node, attempt)) = self.at_work.pop_front() else { return };
            self.tell(run, Event::AttemptEnded { node, attempt, outcome: Outcome::Passed });
        }
    }

    /// The runs that failed once all are over, and how many processes it took.
    fn outcome(mut self) -> (Vec<usize>, i64) {
        while self.runs.iter().any(|play| !play.run.is_over()) {
            assert!(self.processes < 50, "it comes to no end");
            self.live();
        }
        let failed = self.runs.iter().enumerate().filter(|(_, play)| play.run.status() == RunStatus::Failed);
        (failed.map(|(run, _)| run).collect(), self.processes)
    }
}

#[test]
fn only_the_runs_that_end_the_process_fail_of_all_that_were_at_work() {
    assert_eq!(Host::new(&[], "scan a", true).outcome(), (vec![], 1));
    // Two processes end with all at work, one with each culprit alone, and the last one is left in peace.
    assert_eq!(Host::new(&[7], "scan a", true).outcome(), (vec![7], 4));
    assert_eq!(Host::new(&[0, 12, 20], "scan a", true).outcome(), (vec![0, 12, 20], 6));
    // Who may try more often does not end others meanwhile.
    assert_eq!(Host::new(&[7], "scan a (retries 5)", true).outcome(), (vec![7], 7));
}

/// The twin: a host that lets all of them start together.
#[test]
fn where_last_chances_start_together_a_run_that_ends_the_process_ends_all_others() {
    assert_eq!(Host::new(&[7], "scan a", false).outcome(), ((0..21).collect(), 4));
}

#[test]
fn a_last_chance_asks_for_a_slot_and_gives_it_back_though_the_host_has_no_limits() {
    let mut play = Play::new("scan a, scan b -> scan c");
    play.play("0 start; 1 ok b; 2 crash");
    insta::assert_snapshot!(play.play("3 crash; 4 crash; 5 slot a#3; 6 ok a#3; 7 slot c#3; 8 ok c#3"), @"
    3 crash
      + recovered, epoch 2
      + lost a#2
      + asking a#3
      + lost c#2
      + asking c#3
      > acquire slot a#3, last chance
      > acquire slot c#3, last chance
    4 crash
      + recovered, epoch 2
      > acquire slot a#3, last chance
      > acquire slot c#3, last chance
    5 slot a#3
      + started a#3
      > start a#3
    6 ok a#3
      + passed a#3
      > release slot a#3
    7 slot c#3
      + started c#3
      > start c#3
    8 ok c#3
      + passed c#3
      + run passed, closing line at c
      > release slot c#3
      > end
    ");
}

/// Where a single crash ends a node nobody is held up before there was one; and whoever was let go has lost nothing.
#[test]
fn nobody_has_a_last_chance_before_the_first_crash() {
    let once =
        || crate::RunPolicy::default().crash_attempts(1).retry(crate::RetryPolicy::default().max_attempts(1));
    let transcript = Play::with_policy("scan a", once()).play("0 start; 1 handover; 2 handover; 3 crash");
    assert!(!transcript.contains("slot") && transcript.contains("crash loop"), "{transcript}");
    let failing = "0 start; 1 fail a transient; 9 retry a#2; 10 fail a#2 transient; 99 retry a#3";
    let transcript = Play::new("scan a (retries 2)").play(failing);
    assert!(!transcript.contains("slot") && transcript.contains("started a#3"), "{transcript}");
}
