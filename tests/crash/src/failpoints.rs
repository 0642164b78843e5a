//! Lets a test stop this process at a named place of the store, the engine or this program, to kill it there.
//!
//! `FAILPOINTS` is read as the crate `fail` documents it. `FLOWRUN_KILL_AT=NAME:COUNT` stops the process where
//! it passes the place for that time: it writes `at NAME` to standard error and waits for the signal. Aborting
//! would not do: a process that aborts runs handlers, one that is killed does not.

use std::io::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};

use fail::FailScenario;

/// Reads the environment. The places are armed as long as the result is held.
pub(crate) fn arm() -> FailScenario<'static> {
    let scenario = FailScenario::setup();
    if let Ok(at) = std::env::var("FLOWRUN_KILL_AT") {
        let (name, count) = at.split_once(':').unwrap_or((&at, "1"));
        let left = AtomicU32::new(count.parse().expect("FLOWRUN_KILL_AT is NAME:COUNT"));
        let name = name.to_owned();
        let stop = {
            let name = name.clone();
            move || {
                if left.fetch_sub(1, Ordering::Relaxed) == 1 {
                    wait_for_the_end(&name);
                }
            }
        };
        fail::cfg_callback(name, stop).expect("a place can be armed");
    }
    scenario
}

/// Says where this is, and waits for whoever asked for it to kill the process.
fn wait_for_the_end(name: &str) {
    // Without anybody who reads there is nobody who kills, and a person ends it.
    let _ = writeln!(std::io::stderr().lock(), "at {name}");
    loop {
        std::thread::park();
    }
}
