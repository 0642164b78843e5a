//! Chains of steps that do nothing, kept in a file: the same question for every crate.

use std::error::Error;
use std::fmt::Display;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::{Deserialize, Serialize};

use crate::{FAILED, Rounds, limit_memory};

/// What a child is to run, as JSON in its one argument.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ask {
    /// Runs at once.
    pub runs: usize,
    /// Steps of each, one after another.
    pub nodes: usize,
    /// How the crate is set up.
    pub settings: Settings,
    /// An empty folder on a disk, for the file.
    pub folder: PathBuf,
}

/// How a crate is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Settings {
    /// As its documentation shows.
    Documented,
    /// For speed: it looks for work every millisecond, with more workers or in larger groups.
    Tuned,
}

/// What a child answers, as a line of JSON, the last on its standard output.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// From the start of the first run to the end of the last, in milliseconds on the wall clock: median of the
    /// rounds.
    pub round_ms: f64,
    /// How many rounds ended, all in the same file.
    pub rounds: usize,
    /// Whether the one after them did not.
    pub is_stuck: bool,
    /// What `PRAGMA synchronous` says on each connection that could be asked, some of them twice. Empty when none
    /// could.
    pub synchronous: Vec<u8>,
}

impl Answer {
    /// After these rounds.
    #[must_use]
    pub fn new(rounds: Rounds, synchronous: Vec<u8>) -> Self {
        Self {
            rounds: rounds.count(),
            is_stuck: rounds.is_stuck(),
            round_ms: rounds.median().as_secs_f64() * 1e3,
            synchronous,
        }
    }
}

/// A whole child: reads what is asked, measures within the limits of memory, answers.
pub fn main(
    argument: Option<String>,
    measure: impl FnOnce(&Ask) -> Result<Answer, Box<dyn Error>>,
) -> ExitCode {
    let Some(ask) = argument.and_then(|argument| serde_json::from_str(&argument).ok()) else {
        eprintln!("it is `peers durable` that starts this");
        return ExitCode::from(2);
    };
    let answer = limit_memory().map_err(Into::into).and_then(|()| measure(&ask));
    match answer.and_then(|answer| Ok(serde_json::to_string(&answer)?)) {
        Ok(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error),
    }
}

fn failed(error: &dyn Display) -> ExitCode {
    eprintln!("{error}");
    ExitCode::from(FAILED)
}
