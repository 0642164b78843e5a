//! Evaluating conditions on the facts of one object.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Number;

use super::evaluation::cut;
use super::parse::{Conditions, Expression, Joiner, Operator};
use super::value::Expected;
use super::{Comparison, ConditionWarning, Evaluation, Operand, Seen};
use crate::keys::{Kind, Reading, json_number};
use crate::{Facts, Semantics};

impl Conditions {
    /// Judges one object. Without expressions the answer is false: ask [`is_empty`](Self::is_empty) first.
    ///
    /// A missing score counts as 0. A comparison that cannot be made is false, and its entry says why.
    #[must_use]
    pub fn evaluate(&self, facts: Option<&Facts>) -> Evaluation {
        self.evaluate_as(Semantics::default(), facts)
    }

    /// The same in the reading that a run began with.
    ///
    /// ```
    /// use flowrun_core::{Conditions, Facts, Semantics};
    ///
    /// let conditions = Conditions::parse(r#"[{"data_type": "health", "operator": ">", "value": 80}]"#)?;
    /// let facts = Facts::new(serde_json::json!({"type": "scan", "score": 91.5}));
    /// assert!(conditions.evaluate(Some(&facts)).holds);
    /// assert!(!conditions.evaluate_as(Semantics::V1, Some(&facts)).holds);
    /// # Ok::<(), flowrun_core::ConditionsError>(())
    /// ```
    #[must_use]
    pub fn evaluate_as(&self, semantics: Semantics, facts: Option<&Facts>) -> Evaluation {
        let mut comparisons = Vec::with_capacity(self.expressions.len());
        // `or` separates groups of `and`; the answer is known with the first group that holds.
        let mut known = false;
        let mut group = !self.is_empty();
        for (index, expression) in self.expressions.iter().enumerate() {
            if index > 0 && expression.joiner == Joiner::Or {
                known |= group;
                group = true;
            }
            let comparison = if known || !group {
                expression.not_reached(semantics)
            } else {
                expression.compare(semantics, facts)
            };
            group &= comparison.holds();
            comparisons.push(comparison);
        }
        Evaluation { holds: known || group, comparisons }
    }
}

impl Conditions {
    /// Makes one of the comparisons, whatever the answer of those before it.
    pub(super) fn compare(&self, place: usize, semantics: Semantics, facts: Option<&Facts>) -> Comparison {
        self.expressions[place].compare(semantics, facts)
    }
}

impl Expression {
    fn compare(&self, semantics: Semantics, facts: Option<&Facts>) -> Comparison {
        let not_reached = self.not_reached(semantics);
        Comparison { seen: self.see(not_reached.operator, facts), ..not_reached }
    }

    fn not_reached(&self, semantics: Semantics) -> Comparison {
        let operator = self.operator.as_ref().map(|typed| typed.in_reading(semantics));
        Comparison { key: cut(self.name()), operator, seen: Seen::NotReached }
    }

    fn see(&self, operator: Option<Operator>, facts: Option<&Facts>) -> Seen {
        let compared = operator.ok_or(ConditionWarning::NoOperator).and_then(|operator| {
            let left = self.left(facts)?;
            left.compare(operator, &self.value)
        });
        compared.unwrap_or_else(|warning| Seen::NotEvaluable { warning })
    }

    fn left(&self, facts: Option<&Facts>) -> Result<Left, ConditionWarning> {
        let reading = self.key().read(facts).map_err(|cause| ConditionWarning::Unreadable { cause })?;
        let due = facts.and_then(|facts| self.key().kind_on(facts));
        match due {
            Some(Kind::Number) => match reading {
                Reading::Missing => Ok(Left::Missing),
                Reading::Number(number) => Left::number(&number),
                // The original's language counts true as 1 and false as 0.
                Reading::Bool(bool) => Ok(Left::Number(f64::from(u8::from(bool)))),
                Reading::Text(text) => Err(ConditionWarning::TextForNumber { text: cut(&text) }),
            },
            Some(Kind::Text) => match reading {
                Reading::Missing => Err(ConditionWarning::AbsentText),
                Reading::Number(number) => Ok(Left::Text(json_number(&number))),
                Reading::Bool(bool) => Ok(Left::Text(bool.to_string())),
                Reading::Text(text) => Left::text(text),
            },
            None => match reading {
                // A member of an own kind is of no type while it is null: `value` says what was meant.
                Reading::Missing if self.value.number.is_some() => Ok(Left::Missing),
                Reading::Missing => Err(ConditionWarning::AbsentText),
                Reading::Number(number) => Left::number(&number),
                Reading::Bool(bool) => Ok(Left::Text(bool.to_string())),
                Reading::Text(text) => Left::text(text),
            },
        }
    }
}

/// The left side, uncut.
enum Left {
    Number(f64),
    Text(String),
    Missing,
}

impl Left {
    fn number(number: &Number) -> Result<Self, ConditionWarning> {
        let text = || ConditionWarning::TextForNumber { text: cut(&number.to_string()) };
        number.as_f64().map(Self::Number).ok_or_else(text)
    }

    /// An empty text is as good as none, as it always was: an empty status does not even equal `""`.
    fn text(text: Cow<'_, str>) -> Result<Self, ConditionWarning> {
        if text.is_empty() { Err(ConditionWarning::AbsentText) } else { Ok(Self::Text(text.into_owned())) }
    }

    fn compare(self, operator: Operator, expected: &Expected) -> Result<Seen, ConditionWarning> {
        let number = || expected.number.ok_or(ConditionWarning::NoNumberInValue);
        let (left, right, ordering) = match self {
            Self::Number(left) => {
                let right = number()?;
                (Operand::Number(left), Operand::Number(right), left.partial_cmp(&right))
            }
            Self::Missing => {
                let right = number()?;
                (Operand::Missing, Operand::Number(right), 0.0_f64.partial_cmp(&right))
            }
            Self::Text(left) => {
                let right = expected.text.as_deref().ok_or(ConditionWarning::NoTextInValue)?;
                // The order of UTF-8 bytes is the order of code points.
                (Operand::text(&left), Operand::text(right), Some(left.as_str().cmp(right)))
            }
        };
        let holds = ordering.is_some_and(|ordering| operator.accepts(ordering));
        Ok(Seen::Compared { left, right, holds })
    }
}

impl Operator {
    fn accepts(self, ordering: Ordering) -> bool {
        match self {
            Self::AtLeast => ordering.is_ge(),
            Self::AtMost => ordering.is_le(),
            Self::Equal => ordering.is_eq(),
            Self::MoreThan => ordering.is_gt(),
            Self::LessThan => ordering.is_lt(),
            Self::NotEqual => ordering.is_ne(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// `key operator value` as JSON values, then what is said of it on these facts.
    fn said(key: &str, operator: &str, value: Value, facts: Value) -> String {
        let raw = json!([{"joiner": "", "data_type": key, "operator": operator, "value": value}]);
        let evaluation = Conditions::parse(&raw.to_string()).unwrap().evaluate(Some(&Facts::new(facts)));
        let comparison = &evaluation.comparisons[0];
        assert_eq!(comparison.holds(), evaluation.holds);
        comparison.to_string()
    }

    #[test]
    fn sides_are_compared_by_what_the_key_reads() {
        let scan = json!({"type": "scan", "score": 91.5});
        let test = json!({"type": "test", "status": "passed", "component_scores": {"html": "90", "logs": true},
            "images_delta": {"ai_analysis": {"broken": true}}, "site": {"site_url": "https://a.example"}});
        let probe = json!({"type": "probe", "up": true, "ms": 12, "region": "eu", "none": null, "tags": []});
        for (key, operator, value, facts, expected) in [
            ("health", ">=", json!("91.5"), &scan, "health (91.5) >= 91.5: true"),
            ("health", ">", json!(91.5), &scan, "health (91.5) > 91.5: false"),
            ("health", ">", json!("91.4"), &scan, "health (91.5) > 91.4: true"),
            ("health", "<", json!(92), &scan, "health (91.5) < 92.0: true"),
            ("health", "<", json!(91.5), &scan, "health (91.5) < 91.5: false"),
            ("health", "!=", json!(91.5), &scan, "health (91.5) != 91.5: false"),
            ("health", " != ", json!(80), &scan, "health (91.5) != 80.0: true"),
            ("health", "=", json!(91.5), &scan, "health (91.5) == 91.5: true"),
            ("health", "!==", json!(91.5), &scan, "health (91.5) == 91.5: true"),
            ("health", "=>", json!(80), &scan, "health (91.5) == 80.0: false"),
            ("health", "is >= of", json!(80), &scan, "health (91.5) >= 80.0: true"),
            ("seo", "<", json!(80), &scan, "seo (missing, counts as 0) < 80.0: true"),
            ("seo", "!=", json!(0), &scan, "seo (missing, counts as 0) != 0.0: false"),
            ("colour", "!=", json!(1), &scan, "colour != …: false, no such data key"),
            ("test_status", "!=", json!("failed"), &test, r#"test_status ("passed") != "failed": true"#),
            ("test_status", ">", json!("failed"), &test, r#"test_status ("passed") > "failed": true"#),
            ("test_status", "<", json!("passed"), &test, r#"test_status ("passed") < "passed": false"#),
            ("test_status", "=", json!("passed"), &test, r#"test_status ("passed") == "passed": true"#),
            ("health", "<=", json!("abc"), &scan, "health <= …: false, `value` holds no number"),
            ("seo", "<=", json!(80), &scan, "seo (missing, counts as 0) <= 80.0: true"),
            ("colour", "==", json!(1), &scan, "colour == …: false, no such data key"),
            ("test_status", ">=", json!("failed"), &test, r#"test_status ("passed") >= "failed": true"#),
            ("test_status", "==", json!(null), &test, "test_status == …: false, `value` is no text"),
            (
                "test_status",
                "==",
                json!("x') or str('a"),
                &test,
                r#"test_status ("passed") == "x') or str('a": false"#,
            ),
            ("ai_broken", "==", json!("true"), &test, r#"ai_broken ("true") == "true": true"#),
            ("site_url", ">=", json!(80), &test, r#"site_url ("https://a.example") >= "80": true"#),
            ("test_id", "==", json!("x"), &test, "test_id == …: false, the object has no text there"),
            ("logs_score", "==", json!(1), &test, "logs_score (1.0) == 1.0: true"),
            (
                "html_score",
                "==",
                json!(90),
                &test,
                r#"html_score == …: false, the object has the text "90" where a number is due"#,
            ),
            ("ms", "<=", json!("20 ms"), &probe, "ms (12.0) <= 20.0: true"),
            ("region", "==", json!("eu"), &probe, r#"region ("eu") == "eu": true"#),
            ("up", "==", json!(true), &probe, r#"up ("true") == "true": true"#),
            ("none", "<=", json!(0), &probe, "none (missing, counts as 0) <= 0.0: true"),
            ("none", "==", json!("x"), &probe, "none == …: false, the object has no text there"),
            (
                "tags",
                "==",
                json!("x"),
                &probe,
                "tags == …: false, the object's `tags` is not of the shape this key reads",
            ),
        ] {
            assert_eq!(said(key, operator, value, facts.clone()), expected);
        }
    }

    /// A run that began before the signs had their plain meaning goes on as it began.
    #[test]
    fn the_first_reading_takes_every_other_sign_for_equality() {
        let facts = Facts::new(json!({"type": "scan", "score": 91.5}));
        for (operator, first, today) in [
            (">", false, true),
            ("<", false, false),
            ("!=", false, true),
            ("=", false, false),
            (">=", true, true),
            ("<=", false, false),
            ("==", false, false),
            ("at least >= of", true, true),
        ] {
            let raw = json!([{"data_type": "health", "operator": operator, "value": 80}]).to_string();
            let conditions = Conditions::parse(&raw).unwrap();
            let holds = |semantics| conditions.evaluate_as(semantics, Some(&facts)).holds;
            assert_eq!((holds(Semantics::V1), holds(Semantics::V2)), (first, today), "{operator}");
        }
    }

    #[test]
    fn what_is_not_reached_warns_of_nothing() {
        let raw = json!([
            {"data_type": "health", "operator": ">=", "value": 1},
            {"joiner": "or", "data_type": "colour", "operator": ">=", "value": 1},
            {"joiner": "AND", "data_type": "colour", "operator": ">=", "value": 1},
        ]);
        let conditions = Conditions::parse(&raw.to_string()).unwrap();
        let good = conditions.evaluate(Some(&Facts::new(json!({"type": "scan", "score": 5}))));
        assert!(good.holds && good.warnings().next().is_none());
        let bad = conditions.evaluate(Some(&Facts::new(json!({"type": "scan", "score": 0}))));
        assert!(!bad.holds);
        assert_eq!(bad.warnings().map(|(index, _)| index).collect::<Vec<_>>(), [1]);
        let unknown = conditions.evaluate(None);
        assert_eq!(unknown.warnings().map(|(index, _)| index).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn an_expression_without_operator_is_never_true() {
        let conditions =
            Conditions::parse(r#"[{"data_type": "health", "operator": null, "value": 0}]"#).unwrap();
        let evaluation = conditions.evaluate(Some(&Facts::new(json!({"type": "scan"}))));
        assert_eq!(evaluation.comparisons[0].warning(), Some(&ConditionWarning::NoOperator));
    }
}
