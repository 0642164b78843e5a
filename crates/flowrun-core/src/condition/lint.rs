//! What a check of a flow has to say about conditions that can be read, but perhaps not as meant.

use std::fmt;

use super::parse::{Conditions, Expression, Joiner, Operator};
use crate::Semantics;
use crate::keys::Kind;
use crate::model::shown;

/// One finding about one expression.
#[derive(Clone, Debug, PartialEq)]
pub struct ConditionLint {
    /// Which expression, from 0.
    pub expression: usize,
    /// What is odd about it.
    pub kind: LintKind,
}

/// What is odd about an expression. The text is a sentence for a person, [`code`](Self::code) for machines.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum LintKind {
    /// The operator is the sign of none.
    OddOperator {
        /// What was typed.
        typed: String,
        /// What it means.
        read: Operator,
    },
    /// There is no text to read an operator from.
    NoOperator,
    /// A number is due and `value` holds none that is finite.
    NoNumberInValue {
        /// The data key.
        key: String,
    },
    /// A number is due, and `value` may be taken for another one than it is read as.
    OddNumber {
        /// What was typed.
        typed: String,
        /// What it is read as.
        read: f64,
    },
    /// A text is due and `value` is none.
    NoTextInValue {
        /// The data key.
        key: String,
    },
    /// Neither documented nor known to the host.
    UnknownKey {
        /// What was typed.
        key: String,
    },
    /// The first expression has nothing to be joined to.
    JoinerOnFirst,
    /// A later expression without `and` or `or`.
    NoJoiner,
    /// A joiner that is more than `and` or `or`.
    OddJoiner {
        /// What was typed.
        typed: String,
        /// The word it is read as.
        read: &'static str,
    },
}

impl fmt::Display for LintKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OddOperator { typed, read } => {
                let typed = shown(typed);
                write!(f, "operator `{typed}` is read as `{read}`; use `>=`, `<=`, `==`, `>`, `<` or `!=`")
            }
            Self::NoOperator => f.write_str("the expression has no operator and is never true"),
            Self::NoNumberInValue { key } => {
                write!(f, "`{key}` is a number and `value` holds none: the expression is never true")
            }
            Self::OddNumber { typed, read } => {
                write!(f, "`value` is no plain number: `{}` is read as {read}", shown(typed))
            }
            Self::NoTextInValue { key } => {
                write!(f, "`{key}` is a text and `value` is none: the expression is never true")
            }
            Self::UnknownKey { key } => {
                let key = shown(key);
                write!(
                    f,
                    "data key `{key}` is not known; where objects have no such member the expression is false"
                )
            }
            Self::JoinerOnFirst => f.write_str("the joiner of the first expression is ignored"),
            Self::NoJoiner => f.write_str("a joiner that holds neither `and` nor `or` is read as `and`"),
            Self::OddJoiner { typed, read } => {
                write!(f, "joiner `{}` is read as `{read}`; use `and` or `or`", shown(typed))
            }
        }
    }
}

impl LintKind {
    /// A stable name for the kind of finding.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OddOperator { .. } => "condition.odd-operator",
            Self::NoOperator => "condition.no-operator",
            Self::NoNumberInValue { .. } => "condition.no-number-in-value",
            Self::OddNumber { .. } => "condition.odd-number",
            Self::NoTextInValue { .. } => "condition.no-text-in-value",
            Self::UnknownKey { .. } => "condition.unknown-key",
            Self::JoinerOnFirst => "condition.joiner-on-first",
            Self::NoJoiner => "condition.no-joiner",
            Self::OddJoiner { .. } => "condition.odd-joiner",
        }
    }
}

impl LintKind {
    /// The key of the expression that it is about.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        match self {
            Self::OddOperator { .. } | Self::NoOperator => "operator",
            Self::NoNumberInValue { .. } | Self::OddNumber { .. } | Self::NoTextInValue { .. } => "value",
            Self::UnknownKey { .. } => "data_type",
            Self::JoinerOnFirst | Self::NoJoiner | Self::OddJoiner { .. } => "joiner",
        }
    }
}

impl Conditions {
    /// The findings about these conditions, in the order of the expressions.
    ///
    /// `is_own_key` knows the members of the host's own kinds of objects, which no table lists.
    #[must_use]
    pub fn lint(&self, is_own_key: impl Fn(&str) -> bool) -> Vec<ConditionLint> {
        let mut found = Vec::new();
        for (index, expression) in self.expressions.iter().enumerate() {
            let kinds = [
                expression.lint_joiner(index),
                expression.lint_key(&is_own_key),
                expression.lint_operator(),
                expression.lint_value(),
            ];
            found.extend(kinds.into_iter().flatten().map(|kind| ConditionLint { expression: index, kind }));
        }
        found
    }
}

impl Expression {
    fn lint_joiner(&self, index: usize) -> Option<LintKind> {
        match (index, self.joiner, self.odd_joiner.as_deref()) {
            (0, Joiner::None, None) | (1.., Joiner::And | Joiner::Or, None) => None,
            // Blanks are as good as nothing.
            (0, Joiner::None | Joiner::And | Joiner::Or, _) => Some(LintKind::JoinerOnFirst),
            (1.., Joiner::None, _) => Some(LintKind::NoJoiner),
            (1.., Joiner::And | Joiner::Or, Some(typed)) => {
                Some(LintKind::OddJoiner { typed: typed.to_owned(), read: self.joiner.word() })
            }
        }
    }

    fn lint_key(&self, is_own_key: impl Fn(&str) -> bool) -> Option<LintKind> {
        let known = self.documented().is_some() || is_own_key(self.name());
        (!known).then(|| LintKind::UnknownKey { key: self.name().to_owned() })
    }

    fn lint_operator(&self) -> Option<LintKind> {
        let Some(operator) = &self.operator else { return Some(LintKind::NoOperator) };
        let read = operator.in_reading(Semantics::default());
        operator.odd.as_deref().map(|typed| LintKind::OddOperator { typed: typed.to_owned(), read })
    }

    fn lint_value(&self) -> Option<LintKind> {
        let key = || self.name().to_owned();
        let odd_number = || {
            let typed = self.value.odd_number.as_deref()?.to_owned();
            Some(LintKind::OddNumber { typed, read: self.value.number? })
        };
        match self.documented().map(|key| key.kind) {
            Some(Kind::Number) if self.value.number.is_none() => {
                Some(LintKind::NoNumberInValue { key: key() })
            }
            Some(Kind::Number) => odd_number(),
            Some(Kind::Text) if self.value.text.is_none() => Some(LintKind::NoTextInValue { key: key() }),
            Some(Kind::Text) => None,
            // Whether a member of an own kind is a number is not known; a list or an object is never one.
            None if self.value.text.is_none() => odd_number(),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(raw: &str) -> Vec<(usize, &'static str)> {
        let lints = Conditions::parse(raw).unwrap().lint(|key| key == "latency");
        lints.iter().map(|lint| (lint.expression, lint.kind.code())).collect()
    }

    #[test]
    fn well_written_conditions_have_no_findings() {
        let raw = r#"[{"joiner": "", "data_type": "health", "operator": ">=", "value": "80"},
            {"joiner": "and", "data_type": "latency", "operator": " <= ", "value": 3},
            {"joiner": "or", "data_type": "test_status", "operator": "==", "value": "passed"}]"#;
        assert_eq!(codes(raw), []);
    }

    #[test]
    fn each_oddity_is_found_where_it_stands() {
        let raw = r#"[{"joiner": "and", "data_type": "health", "operator": "=>", "value": "80"},
            {"data_type": "colour", "operator": ">=<=", "value": 3},
            {"joiner": "AND", "data_type": "health", "value": "many"},
            {"joiner": "or", "data_type": "test_status", "operator": "==", "value": null}]"#;
        assert_eq!(
            codes(raw),
            [
                (0, "condition.joiner-on-first"),
                (0, "condition.odd-operator"),
                (1, "condition.no-joiner"),
                (1, "condition.unknown-key"),
                (1, "condition.odd-operator"),
                (2, "condition.no-joiner"),
                (2, "condition.no-operator"),
                (2, "condition.no-number-in-value"),
                (3, "condition.no-text-in-value"),
            ]
        );
    }

    #[test]
    fn every_sign_is_plain_and_every_other_text_is_odd() {
        let code = |operator: &str| {
            let raw = serde_json::json!([{"data_type": "health", "operator": operator, "value": 1}]);
            codes(&raw.to_string()).first().map(|(_, code)| *code)
        };
        for sign in Operator::ALL.map(Operator::sign).into_iter().chain(["=", " > "]) {
            assert_eq!(code(sign), None, "{sign}");
        }
        for odd in ["", "=>", "<>", "!==", "===", ">>", ">=<=", "is", "≥"] {
            assert_eq!(code(odd), Some("condition.odd-operator"), "{odd}");
        }
    }

    #[test]
    fn values_that_are_no_plain_number_are_found() {
        let code = |key: &str, value: &str| {
            let raw = format!(r#"[{{"data_type": "{key}", "operator": ">=", "value": {value}}}]"#);
            codes(&raw).first().map(|(_, code)| *code)
        };
        for value in [r#""v2 90""#, r#""0x5A""#, "[90]", r#""1e3""#] {
            assert_eq!(code("health", value), Some("condition.odd-number"), "{value}");
        }
        for value in [r#""NaN""#, "true", "false", "null", r#""many""#] {
            assert_eq!(code("health", value), Some("condition.no-number-in-value"), "{value}");
        }
        assert_eq!(code("latency", "[90]"), Some("condition.odd-number"));
        assert_eq!(code("latency", r#""v2 90""#), None, "it may be a text");
        assert_eq!(code("site_url", r#""v2 90""#), None);
    }

    #[test]
    fn joiners_that_are_more_than_their_word_are_found() {
        let code = |joiner: &str| {
            let one = r#"{"data_type": "health", "operator": ">=", "value": 1}"#;
            let other =
                serde_json::json!({"joiner": joiner, "data_type": "health", "operator": ">=", "value": 1});
            codes(&format!("[{one}, {other}]")).first().map(|(_, code)| *code)
        };
        for odd in ["xor", "nor", "nand", "and or", "or else"] {
            assert_eq!(code(odd), Some("condition.odd-joiner"), "{odd}");
        }
        for plain in ["and", " or "] {
            assert_eq!(code(plain), None, "{plain}");
        }
        assert_eq!((code("AND"), code("")), (Some("condition.no-joiner"), Some("condition.no-joiner")));
    }

    #[test]
    fn findings_read_as_sentences() {
        let raw = r#"[{"data_type": "health", "operator": "<>", "value": "v2 90"},
            {"joiner": "xor", "data_type": "health", "operator": "<", "value": 1}]"#;
        let lints = Conditions::parse(raw).unwrap().lint(|_| false);
        let said: Vec<String> = lints.iter().map(|lint| lint.kind.to_string()).collect();
        assert_eq!(
            said,
            [
                "operator `<>` is read as `==`; use `>=`, `<=`, `==`, `>`, `<` or `!=`",
                "`value` is no plain number: `v2 90` is read as 2",
                "joiner `xor` is read as `or`; use `and` or `or`",
            ]
        );
    }
}
