//! What the exit code says. A code is never given another meaning.

use std::process::ExitCode;

use serde::{Deserialize, Serialize};

/// How the command ended, as scripts see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub(crate) enum Exit {
    /// The run passed, or the command did what it was asked.
    Done = 0,
    /// The run ended, and a node failed.
    RunFailed = 1,
    /// The command line, the environment or the settings file is wrong. `clap` uses the same code.
    Usage = 2,
    /// The flow is refused: unreadable, not well-formed, not a plan, or in need of a setting that is missing.
    /// Nothing ran. Of stored runs: one needs a secret, a setting or an executor, and is left untouched.
    Refused = 3,
    /// A file or a run that was named does not exist, a store cannot be used, or a result could not be kept.
    NotFound = 4,
    /// The run was cancelled, took longer than allowed, or waits for a person.
    Stopped = 5,
    /// A suite passed and reached less than was demanded.
    Uncovered = 7,
    /// The run was interrupted, from the keyboard or, where it is stored, by a request to terminate.
    Interrupted = 130,
}

impl Exit {
    /// The one of two that says more: an interrupt more than an error, an error more than how a run ended.
    pub(crate) fn or(self, other: Self) -> Self {
        let weight = |exit| match exit {
            Self::Done => 0,
            Self::Stopped => 1,
            Self::RunFailed => 2,
            Self::Uncovered => 3,
            Self::Usage => 4,
            Self::Refused => 5,
            Self::NotFound => 6,
            Self::Interrupted => 7,
        };
        if weight(other) > weight(self) { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The codes for people, shown below `flowrun --help`.
pub(crate) const HELP: &str = "\
Exit codes:
  0    the run passed, or the command did what it was asked
  1    the run failed
  2    the command line, the environment or the settings file is wrong
  3    the flow is refused: unreadable, not a plan, or a setting it needs is missing; nothing ran;
       or a stored run needs what is not given, and is left untouched
  4    a file or a run was not found, a store cannot be used, or a result could not be kept
  5    the run was cancelled, timed out, or waits for a person
  7    a suite passed, and reached less of its flows than was demanded
  130  the run was interrupted

Data goes to standard output, everything else to standard error.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_lists_every_code() {
        for exit in [
            Exit::Done,
            Exit::RunFailed,
            Exit::Usage,
            Exit::Refused,
            Exit::NotFound,
            Exit::Stopped,
            Exit::Uncovered,
            Exit::Interrupted,
        ] {
            let line = format!("  {:<5}", exit as u8);
            assert_eq!(HELP.matches(&line).count(), 1, "{line}");
        }
    }
}
