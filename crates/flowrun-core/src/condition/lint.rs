//! What a check of a flow has to say about conditions that can be read, but perhaps not as meant.

use super::parse::{Conditions, Expression, Joiner, Operator};
use crate::keys::Kind;

/// One finding about one expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionLint {
    /// Which expression, from 0.
    pub expression: usize,
    /// What is odd about it.
    pub kind: LintKind,
}

/// What is odd about an expression. The text is a sentence for a person, [`code`](Self::code) for machines.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LintKind {
    /// The operator is none of the three signs.
    #[error("operator `{typed}` is read as `{read}`; use `>=`, `<=` or `==`", typed = crate::model::shown(typed))]
    OddOperator {
        /// What was typed.
        typed: String,
        /// What it means.
        read: Operator,
    },
    /// There is no text to read an operator from.
    #[error("the expression has no operator and is never true")]
    NoOperator,
    /// A number is due and `value` holds none that is finite.
    #[error("`{key}` is a number and `value` holds none: the expression is never true")]
    NoNumberInValue {
        /// The data key.
        key: String,
    },
    /// A text is due and `value` is none.
    #[error("`{key}` is a text and `value` is none: the expression is never true")]
    NoTextInValue {
        /// The data key.
        key: String,
    },
    /// Neither documented nor known to the host.
    #[error("data key `{key}` is not known; where objects have no such member the expression is false", key = crate::model::shown(key))]
    UnknownKey {
        /// What was typed.
        key: String,
    },
    /// The first expression has nothing to be joined to.
    #[error("the joiner of the first expression is ignored")]
    JoinerOnFirst,
    /// A later expression without `and` or `or`.
    #[error("a joiner that holds neither `and` nor `or` is read as `and`")]
    NoJoiner,
}

impl LintKind {
    /// A stable name for the kind of finding.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OddOperator { .. } => "condition.odd-operator",
            Self::NoOperator => "condition.no-operator",
            Self::NoNumberInValue { .. } => "condition.no-number-in-value",
            Self::NoTextInValue { .. } => "condition.no-text-in-value",
            Self::UnknownKey { .. } => "condition.unknown-key",
            Self::JoinerOnFirst => "condition.joiner-on-first",
            Self::NoJoiner => "condition.no-joiner",
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
                lint_joiner(index, &expression.joiner),
                expression.lint_key(&is_own_key),
                expression.lint_operator(),
                expression.lint_value(),
            ];
            found.extend(kinds.into_iter().flatten().map(|kind| ConditionLint { expression: index, kind }));
        }
        found
    }
}

fn lint_joiner(index: usize, joiner: &Joiner) -> Option<LintKind> {
    match (index, joiner) {
        (0, Joiner::None) | (1.., Joiner::And | Joiner::Or) => None,
        (0, Joiner::And | Joiner::Or | Joiner::Other(_)) => Some(LintKind::JoinerOnFirst),
        (1.., Joiner::None | Joiner::Other(_)) => Some(LintKind::NoJoiner),
    }
}

impl Expression {
    fn lint_key(&self, is_own_key: impl Fn(&str) -> bool) -> Option<LintKind> {
        let known = self.documented().is_some() || is_own_key(self.name());
        (!known).then(|| LintKind::UnknownKey { key: self.name().to_owned() })
    }

    fn lint_operator(&self) -> Option<LintKind> {
        let Some(read) = self.operator else { return Some(LintKind::NoOperator) };
        self.odd_operator.as_deref().map(|typed| LintKind::OddOperator { typed: typed.to_owned(), read })
    }

    fn lint_value(&self) -> Option<LintKind> {
        let key = self.documented()?;
        match key.kind {
            Kind::Number if self.value.number.is_none() => {
                Some(LintKind::NoNumberInValue { key: key.name.to_owned() })
            }
            Kind::Text if self.value.text.is_none() => {
                Some(LintKind::NoTextInValue { key: key.name.to_owned() })
            }
            Kind::Number | Kind::Text => None,
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
        let raw = r#"[{"joiner": "and", "data_type": "health", "operator": ">", "value": "80"},
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
    fn findings_read_as_sentences() {
        let raw = r#"[{"data_type": "health", "operator": "!=", "value": 1}]"#;
        let lints = Conditions::parse(raw).unwrap().lint(|_| false);
        assert_eq!(lints[0].kind.to_string(), "operator `!=` is read as `==`; use `>=`, `<=` or `==`");
    }
}
