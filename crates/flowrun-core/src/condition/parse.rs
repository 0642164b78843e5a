//! Reading `data.conditions` into a compact form.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::value::Expected;
use crate::keys::{DataKey, KeyRef};
use crate::model::json::{Members, string_of};

/// The expressions of one node, read once and evaluated for each object.
///
/// ```
/// use flowrun_core::{Conditions, Facts};
///
/// let conditions = Conditions::parse(
///     r#"[{"joiner": "", "data_type": "health", "operator": ">=", "value": "80%"}]"#,
/// )?;
/// let facts = Facts::new(serde_json::json!({"type": "scan", "score": 91.5}));
/// assert!(conditions.evaluate(Some(&facts)).holds);
/// # Ok::<(), flowrun_core::MalformedConditions>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    pub(super) expressions: Box<[Expression]>,
}

impl Conditions {
    /// Reads the value of `conditions`, as JSON text. `null` is no conditions, as is an empty array.
    ///
    /// # Errors
    ///
    /// [`MalformedConditions`] when it is neither null nor an array of objects, or when an expression gives
    /// one of its four keys twice. Anything odd inside an expression is read, see [`lint`](Self::lint).
    pub fn parse(raw_json: &str) -> Result<Self, MalformedConditions> {
        let raw: &RawValue = serde_json::from_str(raw_json).map_err(MalformedConditions::NotJson)?;
        match raw.get().as_bytes() {
            b"null" => Ok(Self::default()),
            [b'[', ..] => {
                let elements: Vec<&RawValue> =
                    serde_json::from_str(raw.get()).map_err(MalformedConditions::NotJson)?;
                let read = |(index, element): (usize, &&RawValue)| Expression::read(index, element);
                Ok(Self { expressions: elements.iter().enumerate().map(read).collect::<Result<_, _>>()? })
            }
            _ => Err(MalformedConditions::NotAnArray),
        }
    }

    /// How many expressions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.expressions.len()
    }

    /// Whether there are none: such a node has no conditions.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.expressions.is_empty()
    }
}

/// `conditions` that are not even a list of expressions.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MalformedConditions {
    /// The text is no JSON.
    #[error("`conditions` is not JSON")]
    NotJson(#[source] serde_json::Error),
    /// A text, a number, a bool or an object.
    #[error("`conditions` is neither null nor an array")]
    NotAnArray,
    /// An element that is no object.
    #[error("element {index} of `conditions` is not an object")]
    NotAnObject {
        /// Its place in the array, from 0.
        index: usize,
    },
    /// An expression with a key given twice.
    #[error("element {index} of `conditions` gives `{key}` twice")]
    DuplicateKey {
        /// Its place in the array, from 0.
        index: usize,
        /// The key.
        key: &'static str,
    },
}

impl MalformedConditions {
    /// The element that is wrong, from 0; `None` when it is the whole.
    #[must_use]
    pub fn index(&self) -> Option<usize> {
        match self {
            Self::NotJson(_) | Self::NotAnArray => None,
            Self::NotAnObject { index } | Self::DuplicateKey { index, .. } => Some(*index),
        }
    }
}

/// How the two sides are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operator {
    /// Left is at least right.
    #[serde(rename = ">=")]
    AtLeast,
    /// Left is at most right.
    #[serde(rename = "<=")]
    AtMost,
    /// Left and right are the same.
    #[serde(rename = "==")]
    Equal,
}

impl Operator {
    /// Reads what was typed. All that holds neither `>=` nor `<=` means equality, even `!=` and `>`, as it
    /// always did in saved flows.
    pub(super) fn read(typed: &str) -> Self {
        if typed.contains(">=") {
            Self::AtLeast
        } else if typed.contains("<=") {
            Self::AtMost
        } else {
            Self::Equal
        }
    }

    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::AtLeast => ">=",
            Self::AtMost => "<=",
            Self::Equal => "==",
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sign())
    }
}

/// How an expression is tied to those before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Joiner {
    /// Nothing typed: absent, null, not a text, or blank.
    None,
    And,
    Or,
    /// A text that holds neither word.
    Other(Box<str>),
}

impl Joiner {
    fn read(typed: &str) -> Self {
        if typed.contains("and") {
            Self::And
        } else if typed.contains("or") {
            Self::Or
        } else if typed.trim().is_empty() {
            Self::None
        } else {
            Self::Other(typed.into())
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Expression {
    pub(super) joiner: Joiner,
    /// The key as typed; empty when there is none.
    name: Box<str>,
    documented: Option<&'static DataKey>,
    /// `None` when `operator` is no text.
    pub(super) operator: Option<Operator>,
    /// What was typed, where it is not just the sign of `operator`.
    pub(super) odd_operator: Option<Box<str>>,
    pub(super) value: Expected,
}

impl Expression {
    fn read(index: usize, element: &RawValue) -> Result<Self, MalformedConditions> {
        let Members(members) =
            serde_json::from_str(element.get()).map_err(|_| MalformedConditions::NotAnObject { index })?;
        let member = |key: &'static str| {
            let mut found = members.iter().filter(|(name, _)| name == key).map(|(_, value)| value.get());
            let first = found.next();
            if found.next().is_some() {
                return Err(MalformedConditions::DuplicateKey { index, key });
            }
            Ok(first)
        };
        let text = |key| Ok(member(key)?.filter(|raw| raw.starts_with('"')).map(string_of));
        let joiner = text("joiner")?.map_or(Joiner::None, |typed| Joiner::read(&typed));
        let name: Box<str> = text("data_type")?.unwrap_or_default().into();
        let typed = text("operator")?;
        let operator = typed.as_deref().map(Operator::read);
        let odd_operator = typed
            .filter(|typed| operator.is_none_or(|operator| typed.trim() != operator.sign()))
            .map(|typed| typed.as_ref().into());
        let value = Expected::read(member("value")?.unwrap_or("null"));
        let documented = DataKey::find(&name);
        Ok(Self { joiner, name, documented, operator, odd_operator, value })
    }

    pub(super) fn key(&self) -> KeyRef<'_> {
        KeyRef::resolved(&self.name, self.documented)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn documented(&self) -> Option<&'static DataKey> {
        self.documented
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_and_an_empty_array_are_no_conditions() {
        for none in ["null", " null ", "[]"] {
            assert!(Conditions::parse(none).unwrap().is_empty());
        }
    }

    #[test]
    fn what_is_no_list_of_objects_is_refused_with_its_place() {
        for (raw, index, message) in [
            ("", None, "`conditions` is not JSON"),
            ("{}", None, "`conditions` is neither null nor an array"),
            ("\"x\"", None, "`conditions` is neither null nor an array"),
            ("[{}, 3]", Some(1), "element 1 of `conditions` is not an object"),
            ("[null]", Some(0), "element 0 of `conditions` is not an object"),
            (r#"[{}, {"value": 1, "value": 2}]"#, Some(1), "element 1 of `conditions` gives `value` twice"),
        ] {
            let error = Conditions::parse(raw).unwrap_err();
            assert_eq!((error.index(), error.to_string().as_str()), (index, message), "{raw}");
        }
        assert!(Conditions::parse(r#"[{"note": 1, "note": 2}]"#).is_ok(), "unknown keys are for others");
    }
}
