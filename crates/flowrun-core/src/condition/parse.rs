//! Reading `data.conditions` into a compact form.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::value::Expected;
use crate::Semantics;
use crate::keys::{DataKey, KeyRef};
use crate::model::json::{Members, string_of};
use crate::model::shown;

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
/// # Ok::<(), flowrun_core::ConditionsError>(())
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
    /// [`ConditionsError`] when it is neither null nor an array of objects, or when an expression gives
    /// one of its four keys twice. Anything odd inside an expression is read, see [`lint`](Self::lint).
    pub fn parse(raw_json: &str) -> Result<Self, ConditionsError> {
        let raw: &RawValue = serde_json::from_str(raw_json).map_err(ConditionsError::NotJson)?;
        match raw.get().as_bytes() {
            b"null" => Ok(Self::default()),
            [b'[', ..] => {
                let elements: Vec<&RawValue> =
                    serde_json::from_str(raw.get()).map_err(ConditionsError::NotJson)?;
                let read = |(index, element): (usize, &&RawValue)| Expression::read(index, element);
                Ok(Self { expressions: elements.iter().enumerate().map(read).collect::<Result<_, _>>()? })
            }
            _ => Err(ConditionsError::NotAnArray),
        }
    }

    /// How many expressions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.expressions.len()
    }

    /// The data key of each expression, as typed.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.expressions.iter().map(Expression::name)
    }

    /// The expressions, each with its place, whose operator the public original takes for equality.
    pub(crate) fn signs_the_original_takes_for_equality(&self) -> impl Iterator<Item = (usize, Operator)> {
        let signs = self.expressions.iter().map(|expression| expression.operator.as_ref());
        signs.enumerate().filter_map(|(index, typed)| {
            let [first, today] =
                [Semantics::V1, Semantics::V2].map(|reading| typed.map(|one| one.in_reading(reading)));
            today.filter(|_| first != today).map(|sign| (index, sign))
        })
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
pub enum ConditionsError {
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

impl ConditionsError {
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
///
/// The public original knows the first three and reads the others as `==`: a flow that is to run there as well does
/// without them, and [`Plan::compat_warnings`](crate::Plan::compat_warnings) names those that have them.
///
/// ```
/// use flowrun_core::{Condition, Flow, NodeSpec, Operator, Plan, TaskTypes};
///
/// let above = Condition::new("score", Operator::MoreThan, 60);
/// let flow = Flow::builder().node(NodeSpec::new("1", "scan").condition(above)).build()?;
/// let plan = Plan::new(&flow, &TaskTypes::documented())?;
/// assert_eq!(plan.compat_warnings()[0].message, "condition 1 of node `1` has the operator `>`");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    /// Left is more than right; in the public original: both are the same.
    #[serde(rename = ">")]
    MoreThan,
    /// Left is less than right; in the public original: both are the same.
    #[serde(rename = "<")]
    LessThan,
    /// Left and right differ; in the public original: both are the same.
    #[serde(rename = "!=")]
    NotEqual,
}

impl Operator {
    /// Every operator, in the order in which a reference lists them.
    pub const ALL: [Self; 6] =
        [Self::AtLeast, Self::AtMost, Self::Equal, Self::MoreThan, Self::LessThan, Self::NotEqual];

    /// Reads what was typed: a sign means what it says, `=` is `==`. Other texts are read as they always were,
    /// see [`contained_in`](Self::contained_in).
    pub(super) fn read(typed: &str) -> Self {
        Self::of_sign(typed).unwrap_or_else(|| Self::contained_in(typed))
    }

    /// The operator that is written so, `=` included.
    pub(super) fn of_sign(typed: &str) -> Option<Self> {
        match typed.trim() {
            "=" => Some(Self::Equal),
            sign => Self::ALL.into_iter().find(|operator| operator.sign() == sign),
        }
    }

    /// What the public original makes of a text, and what runs of [`Semantics::V1`] began with: all that holds
    /// neither `>=` nor `<=` is equality, even `!=` and `>`.
    pub(super) fn contained_in(typed: &str) -> Self {
        if typed.contains(">=") {
            Self::AtLeast
        } else if typed.contains("<=") {
            Self::AtMost
        } else {
            Self::Equal
        }
    }

    /// How it is written in a flow.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::AtLeast => ">=",
            Self::AtMost => "<=",
            Self::Equal => "==",
            Self::MoreThan => ">",
            Self::LessThan => "<",
            Self::NotEqual => "!=",
        }
    }
}

impl std::str::FromStr for Operator {
    type Err = ParseOperatorError;

    fn from_str(text: &str) -> Result<Self, ParseOperatorError> {
        Self::of_sign(text).ok_or_else(|| ParseOperatorError(text.into()))
    }
}

/// A text is the sign of no operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{shown}` is no operator; there are `>=`, `<=`, `==`, `>`, `<` and `!=`", shown = shown(.0))]
pub struct ParseOperatorError(Box<str>);

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sign())
    }
}

/// How an expression is tied to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joiner {
    /// Nothing that says how: absent, null, not a text, or a text that holds neither word.
    None,
    And,
    Or,
}

impl Joiner {
    /// A text that holds `and` means it, else one that holds `or`: as it always was, even for `xor`.
    fn read(typed: &str) -> Self {
        if typed.contains("and") {
            Self::And
        } else if typed.contains("or") {
            Self::Or
        } else {
            Self::None
        }
    }

    /// The word that means it and nothing else.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::None => "",
            Self::And => "and",
            Self::Or => "or",
        }
    }
}

/// An operator in each reading.
#[derive(Clone, Debug)]
pub(super) struct TypedOperator {
    read: Operator,
    first: Operator,
    /// What was typed, where it is the sign of no operator.
    pub(super) odd: Option<Box<str>>,
}

impl TypedOperator {
    fn read(typed: &str) -> Self {
        let odd = Operator::of_sign(typed).is_none().then(|| typed.into());
        Self { read: Operator::read(typed), first: Operator::contained_in(typed), odd }
    }

    pub(super) const fn in_reading(&self, semantics: Semantics) -> Operator {
        match semantics {
            Semantics::V1 => self.first,
            Semantics::V2 => self.read,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Expression {
    pub(super) joiner: Joiner,
    /// What was typed, where it is not just the word of `joiner`.
    pub(super) odd_joiner: Option<Box<str>>,
    /// The key as typed; empty when there is none.
    name: Box<str>,
    documented: Option<&'static DataKey>,
    /// `None` when `operator` is no text.
    pub(super) operator: Option<TypedOperator>,
    pub(super) value: Expected,
}

impl Expression {
    fn read(index: usize, element: &RawValue) -> Result<Self, ConditionsError> {
        let Members(members) =
            serde_json::from_str(element.get()).map_err(|_| ConditionsError::NotAnObject { index })?;
        let member = |key: &'static str| {
            let mut found = members.iter().filter(|(name, _)| name == key).map(|(_, value)| value.get());
            let first = found.next();
            if found.next().is_some() {
                return Err(ConditionsError::DuplicateKey { index, key });
            }
            Ok(first)
        };
        let text = |key| Ok(member(key)?.filter(|raw| raw.starts_with('"')).map(string_of));
        let typed_joiner = text("joiner")?;
        let joiner = typed_joiner.as_deref().map_or(Joiner::None, Joiner::read);
        let odd_joiner =
            typed_joiner.filter(|typed| typed.trim() != joiner.word()).map(|typed| typed.as_ref().into());
        let name: Box<str> = text("data_type")?.unwrap_or_default().into();
        let operator = text("operator")?.map(|typed| TypedOperator::read(&typed));
        let value = Expected::read(member("value")?.unwrap_or("null"));
        let documented = DataKey::find(&name);
        Ok(Self { joiner, odd_joiner, name, documented, operator, value })
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
