//! What an evaluation saw, comparison by comparison: plain data that is recorded and shown to people.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Operator;
use crate::DataKeyError;
use crate::keys::number_text;

/// The answer of [`Conditions::evaluate`](super::Conditions::evaluate), and how it came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Whether the conditions hold.
    pub holds: bool,
    /// One entry for each expression, in their order. None where a decision on very many objects had no room for what
    /// was compared.
    pub comparisons: Vec<Comparison>,
}

impl Evaluation {
    /// At most so many bytes as JSON, apart from the answer.
    pub(crate) fn size(&self) -> usize {
        self.comparisons.iter().map(Comparison::size).sum()
    }

    /// The comparisons that could not be made, each with its place.
    pub fn warnings(&self) -> impl Iterator<Item = (usize, &ConditionWarning)> {
        self.comparisons
            .iter()
            .enumerate()
            .filter_map(|(index, comparison)| Some((index, comparison.warning()?)))
    }
}

/// One expression as it was read, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The data key, as typed, cut after 120 characters.
    pub key: Box<str>,
    /// The operator; `None` when there is no text to read one from.
    pub operator: Option<Operator>,
    /// What was seen.
    pub seen: Seen,
}

impl Comparison {
    /// Whether the comparison was made and holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        match self.seen {
            Seen::Compared { holds, .. } => holds,
            Seen::NotReached | Seen::NotEvaluable { .. } => false,
        }
    }

    /// Why it could not be made.
    #[must_use]
    pub fn warning(&self) -> Option<&ConditionWarning> {
        match &self.seen {
            Seen::NotEvaluable { warning } => Some(warning),
            Seen::NotReached | Seen::Compared { .. } => None,
        }
    }
}

impl Comparison {
    fn size(&self) -> usize {
        let text = |operand: &Operand| match operand {
            Operand::Text(text) => text.len(),
            Operand::Number(_) | Operand::Missing => 0,
        };
        let texts = match &self.seen {
            Seen::Compared { left, right, .. } => text(left) + text(right),
            // The text in a warning is cut like an operand.
            Seen::NotEvaluable { .. } => 2 * CUT,
            Seen::NotReached => 0,
        };
        // Names and numbers, and texts in which every byte is escaped.
        160 + 6 * (self.key.len() + texts)
    }
}

/// `health (91.5) >= 80.0: true`
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operator = self.operator.map_or("?", Operator::sign);
        match &self.seen {
            Seen::NotReached => write!(f, "{} {operator} …: not needed", self.key),
            Seen::Compared { left, right, holds } => {
                write!(f, "{} ({left}) {operator} {right}: {holds}", self.key)
            }
            Seen::NotEvaluable { warning } => write!(f, "{} {operator} …: false, {warning}", self.key),
        }
    }
}

/// What became of one expression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Seen {
    /// The answer was known before it.
    NotReached,
    /// Both sides were there.
    Compared {
        /// What the key reads on the object.
        left: Operand,
        /// What `value` gives.
        right: Operand,
        /// Whether the comparison holds.
        holds: bool,
    },
    /// One side was not there: the comparison counts as false.
    NotEvaluable {
        /// Why.
        warning: ConditionWarning,
    },
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operand {
    /// A number, always finite.
    Number(f64),
    /// A text, cut after 120 characters: an evaluation is recorded, a page of text need not be.
    Text(Box<str>),
    /// A score that is not there; it counts as 0.
    Missing,
}

impl Operand {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(cut(text))
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => f.write_str(&number_text(*number)),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Missing => f.write_str("missing, counts as 0"),
        }
    }
}

/// Why a comparison could not be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConditionWarning {
    /// The key cannot be read on the object.
    Unreadable {
        /// What stands in the way.
        cause: DataKeyError,
    },
    /// `operator` is no text.
    NoOperator,
    /// A number is due and `value` holds no finite one.
    NoNumberInValue,
    /// A text is due and `value` is none.
    NoTextInValue,
    /// The object's text or status is absent or empty.
    AbsentText,
    /// The object has a text where the key reads a number.
    TextForNumber {
        /// The text, cut after 120 characters.
        text: Box<str>,
    },
}

impl fmt::Display for ConditionWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { cause } => cause.fmt(f),
            Self::NoOperator => f.write_str("the expression has no operator"),
            Self::NoNumberInValue => f.write_str("`value` holds no number"),
            Self::NoTextInValue => f.write_str("`value` is no text"),
            Self::AbsentText => f.write_str("the object has no text there"),
            Self::TextForNumber { text } => {
                write!(f, "the object has the text {text:?} where a number is due")
            }
        }
    }
}

/// So many characters of a text are kept.
const CUT: usize = 120;

/// The first 120 characters.
pub(super) fn cut(text: &str) -> Box<str> {
    match text.char_indices().nth(CUT) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_evaluation_is_recorded_and_read_back() {
        let compared = Seen::Compared { left: Operand::Missing, right: Operand::Number(80.0), holds: false };
        let warning =
            ConditionWarning::Unreadable { cause: DataKeyError::NotSet { attribute: "logs".into() } };
        let comparison = |seen| Comparison { key: "logs".into(), operator: Some(Operator::AtLeast), seen };
        let evaluation = Evaluation {
            holds: false,
            comparisons: [Seen::NotReached, compared, Seen::NotEvaluable { warning }].map(comparison).into(),
        };
        let json = serde_json::to_string(&evaluation).unwrap();
        assert_eq!(serde_json::from_str::<Evaluation>(&json).unwrap(), evaluation);
        let shown: Vec<_> = evaluation.comparisons.iter().map(Comparison::to_string).collect();
        assert_eq!(
            shown,
            [
                "logs >= …: not needed",
                "logs (missing, counts as 0) >= 80.0: false",
                "logs >= …: false, the object's `logs` is not set",
            ]
        );
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        assert_eq!(cut(&"é".repeat(500)).chars().count(), 121);
        assert_eq!(&*cut("é"), "é");
    }
}
