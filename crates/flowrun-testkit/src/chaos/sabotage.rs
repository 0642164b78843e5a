//! Mistakes made on purpose. A simulator that does not find them would not find those made by accident.

use std::fmt;
use std::str::FromStr;

/// One mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sabotage {
    /// The driver carries out what a decision orders before it is written.
    PerformsFirst,
    /// The driver calls what it is told to call twice.
    CallsTwice,
    /// The driver does not tell executors to stop.
    ForgetsStops,
    /// The driver asks for no timers after a crash.
    ForgetsTimers,
    /// Timers fire a second early.
    FiresEarly,
    /// The host lets several last chances start at once.
    CrowdsLastChances,
    /// The disk loses the newest transaction that it acknowledged.
    LosesNewest,
    /// The disk keeps half a transaction.
    TearsTransactions,
    /// The next process does not read what executors reported.
    ReplaysWithoutObjects,
    /// The next process does not read that the run was paused.
    ReplaysWithoutPause,
    /// Answers of executors of an earlier process count as those of this one.
    IgnoresEpoch,
    /// The next process takes no notice of the time that passed meanwhile.
    ForgetsTimeAway,
    /// The run keeps every line, however many there are.
    KeepsEveryLine,
    /// The run keeps whatever is said of an object, however much it is.
    TakesAnySize,
    /// The driver takes a decision that the disk refused for one that is written.
    IgnoresRefusals,
    /// The model has the first failed node end the run where it does not, and the other way round.
    TwistsModel,
}

impl Sabotage {
    /// Every mistake.
    pub const ALL: [Self; 16] = [
        Self::PerformsFirst,
        Self::CallsTwice,
        Self::ForgetsStops,
        Self::ForgetsTimers,
        Self::FiresEarly,
        Self::CrowdsLastChances,
        Self::LosesNewest,
        Self::TearsTransactions,
        Self::ReplaysWithoutObjects,
        Self::ReplaysWithoutPause,
        Self::IgnoresEpoch,
        Self::ForgetsTimeAway,
        Self::KeepsEveryLine,
        Self::TakesAnySize,
        Self::IgnoresRefusals,
        Self::TwistsModel,
    ];
}

impl fmt::Display for Sabotage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl FromStr for Sabotage {
    type Err = ParseSabotageError;
    fn from_str(text: &str) -> Result<Self, ParseSabotageError> {
        let known = Self::ALL.into_iter().find(|sabotage| sabotage.to_string() == text);
        known.ok_or_else(|| ParseSabotageError { text: text.to_owned() })
    }
}

/// The text names no mistake.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no mistake; there are {:?}", Sabotage::ALL)]
pub struct ParseSabotageError {
    text: String,
}
