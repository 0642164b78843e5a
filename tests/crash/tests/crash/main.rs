//! Kills the real binary with the signal nothing can be done about, at random and at every place of the crash
//! matrix, and looks at what is left: in the store, and outside, in a ledger that no kill reaches.
//!
//! `FLOWRUN_CRASH_KILLS` sets the number of kills at random, `FLOWRUN_CRASH_CHAIN` that of the chain,
//! `FLOWRUN_CRASH_SERVER` that of servers at random, and `FLOWRUN_CRASH_SEED` what stands in for chance. The table of what came of them is written to a file; its name
//! is printed.
#![cfg(unix)]
#![allow(clippy::print_stdout, reason = "what these tests are for is the table they print")]

mod case;
mod chain;
mod chance;
mod child;
mod flow_run;
mod frozen;
mod full;
mod invariants;
mod ledger;
mod others;
mod place;
mod play;
mod points;
mod random;
mod report;
mod server;
mod twins;
mod unruly;

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::play::Stage;
use crate::points::POINTS;
use crate::report::{Outcome, Report};

/// Processes that are played with at the same time. They mostly wait.
const AT_ONCE: usize = 6;

/// How often each place is killed at, at least.
const TIMES: u32 = 5;

/// A number from the environment, or what it is without one.
fn number(name: &str, otherwise: u32) -> u32 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is a number, not `{text}`")),
        Err(_) => otherwise,
    }
}

fn seed() -> u64 {
    number("FLOWRUN_CRASH_SEED", 1).into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_is_killed_and_when_nothing_is_lost_and_nothing_done_is_repeated() {
    let wanted = number("FLOWRUN_CRASH_KILLS", 300);
    let (stage, seed, mut report) = (Arc::new(Stage::start().await), seed(), Report::default());
    println!("seed {seed}");
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut cases: JoinSet<(&str, Outcome)> = JoinSet::new();
    for (place, point) in POINTS.iter().enumerate() {
        for time in 0..TIMES {
            let (stage, turns, point) = (Arc::clone(&stage), Arc::clone(&turns), *point);
            cases.spawn(async move {
                let _turn = turns.acquire().await;
                let case = format!("point-{place}-{time}");
                // Every other time once more, in what recovers from the first.
                (point.name, points::case(&stage, case, point, time % 2 == 1).await)
            });
        }
    }
    while let Some(outcome) = cases.join_next().await {
        let (place, outcome) = outcome.expect("a case does not panic");
        report.add(place, outcome);
    }
    let mut started = 0;
    while report.kills_at("random") < wanted {
        while cases.len() < AT_ONCE {
            let (stage, case) = (Arc::clone(&stage), format!("random-{started}"));
            let seed = seed.wrapping_mul(1 << 32) + started;
            cases.spawn(async move { ("random", random::case(&stage, case, seed).await) });
            started += 1;
        }
        let (place, outcome) =
            cases.join_next().await.expect("some are started").expect("a case does not panic");
        report.add(place, outcome);
    }
    while let Some(outcome) = cases.join_next().await {
        let (place, outcome) = outcome.expect("a case does not panic");
        report.add(place, outcome);
    }
    let path = report.write("crash-report.md");
    println!("{} kills, see {}\n{}", report.kills(), path.display(), report.table());
    assert_eq!(report.violations(), Vec::<String>::new());
    for point in POINTS {
        assert!(
            report.kills_at(point.name) >= TIMES,
            "only {} kills: {}",
            report.kills_at(point.name),
            point.name
        );
    }
    for status in ["passed", "failed", "cancelled", "gone"] {
        assert!(report.ended(status) > 0, "no run is {status}, so this shows nothing about such runs");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_chain_killed_again_and_again_ends_like_one_that_was_not() {
    let wanted = number("FLOWRUN_CRASH_CHAIN", 25);
    let stage = Stage::start().await;
    let outcomes = chain::cases(&stage, wanted, seed()).await;
    let kills: u32 = outcomes.iter().map(|outcome| outcome.kills).sum();
    println!("{kills} kills in {} runs", outcomes.len());
    assert!(kills >= wanted, "only {kills} kills");
    for outcome in outcomes {
        assert_eq!((outcome.end.as_str(), outcome.violations), ("passed", Vec::new()));
    }
}
