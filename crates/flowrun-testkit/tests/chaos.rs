//! Many stories keep every promise though everything goes wrong in them, and no mistake made on purpose is missed.
#![cfg(feature = "chaos")]

use flowrun_testkit::chaos::{Case, Hunt, Sabotage, Tally};

/// What has to happen in 5,000 stories, and how often at least: about half of what was counted when it was
/// written. A simulator in which nothing goes wrong finds nothing.
const HAPPENS: &[(&str, u64)] = &[
    ("answers from an earlier process", 700),
    ("attempts lost in a crash", 3_000),
    ("calls of people", 1_900),
    ("crashes", 2_300),
    ("crashes before the run was acknowledged", 250),
    ("crashes in a recovery", 120),
    ("crashes with all unacknowledged decisions kept", 600),
    ("crashes with all unacknowledged decisions lost", 250),
    ("crashes with everything written", 1_300),
    ("crashes with some unacknowledged decisions kept", 140),
    ("clocks set back", 250),
    ("crashes without time away", 800),
    ("creations tried again", 50),
    ("deadlines of attempts", 1_400),
    ("deadlines of nodes", 300),
    ("deadlines of runs", 150),
    ("decisions that could not be stored", 40),
    ("effects looked for", 350),
    ("empty nodes reached", 700),
    ("ends of waits for a retry", 400),
    ("ends that were decided together", 150),
    ("executors dropped", 50),
    ("executors stopped before they were called", 80),
    ("late answers", 1_000),
    ("limits broken", 450),
    ("misdeeds of executors", 2_300),
    ("nodes held for a person", 400),
    ("nodes skipped", 3_500),
    ("objects judged", 4_000),
    ("panics of executors that were dropped", 40),
    ("pauses", 700),
    ("possible duplicates", 1_400),
    ("processes that lost their store", 500),
    ("receivers without objects", 400),
    ("records", 70_000),
    ("recoveries", 2_500),
    ("reruns", 1_500),
    ("resumes", 600),
    ("retries", 450),
    ("runs at rest until somebody resumed them", 550),
    ("runs cancelled", 300),
    ("runs failed", 1_900),
    ("runs out of time", 150),
    ("runs passed", 1_900),
    ("runs that hung until somebody cancelled them", 40),
    ("slow writes", 1_100),
    ("times away", 1_000),
    ("waits for a slot", 3_300),
    ("waits for a turn", 1_300),
    ("writes that failed", 500),
];

/// Four of these run at once where there is room, and are 20,000 stories together.
fn play(quarter: u64) {
    let hunt = Hunt::over(quarter * 5_000..(quarter + 1) * 5_000, None);
    if let Some(finding) = hunt.finding {
        panic!("{finding}");
    }
    assert_eq!(too_rare(&hunt.tally), [""; 0]);
}

fn too_rare(tally: &Tally) -> Vec<String> {
    let rare = HAPPENS.iter().filter(|(what, least)| tally.of(what) < *least);
    rare.map(|(what, least)| format!("{what}: {}, and not {least}", tally.of(what))).collect()
}

#[test]
fn no_promise_is_broken_in_the_first_quarter_of_stories() {
    play(0);
}

#[test]
fn no_promise_is_broken_in_the_second_quarter_of_stories() {
    play(1);
}

#[test]
fn no_promise_is_broken_in_the_third_quarter_of_stories() {
    play(2);
}

#[test]
fn no_promise_is_broken_in_the_last_quarter_of_stories() {
    play(3);
}

#[test]
fn a_seed_gives_the_same_journal_byte_for_byte() {
    let mut different = std::collections::BTreeSet::new();
    for seed in 0..300 {
        let [first, second] =
            [(); 2].map(|()| Case::new(seed).play().unwrap_or_else(|found| panic!("{found}")));
        assert_eq!(first, second, "seed {seed}");
        different.insert(first.journal);
    }
    assert_eq!(different.len(), 300, "and each seed one of its own");
}

#[test]
fn each_mistake_made_on_purpose_is_found_and_the_command_repeats_what_is_left_of_it() {
    for sabotage in Sabotage::ALL {
        let finding = Hunt::over(0..2_000, Some(sabotage)).finding;
        let finding = finding.unwrap_or_else(|| panic!("{sabotage} is not found"));
        assert!(finding.to_string().contains(&finding.case.command()), "{finding}");
        let again = finding.case.play().expect_err("what was found is found again");
        assert_eq!(again.broken, finding.broken);
        let honest = Case::new(finding.case.seed()).play();
        assert!(honest.is_ok(), "{sabotage} is what was found");
    }
}

#[test]
fn every_entry_that_is_left_is_needed() {
    let finding = Hunt::over(0..2_000, Some(Sabotage::ForgetsTimers)).finding.expect("it is found");
    let kept: Vec<usize> = finding.case.mischief().into_iter().map(|(place, _)| place).collect();
    assert!(kept.len() < Case::new(finding.case.seed()).mischief().len());
    for left_out in &kept {
        let fewer: Vec<usize> = kept.iter().copied().filter(|place| place != left_out).collect();
        let played = finding.case.clone().keep(fewer).play();
        assert!(played.is_ok_and(|played| !played.journal.is_empty()), "without entry {left_out}");
    }
}
