//! Conditions in the model: section 4. What one comparison sees is read by the core; what the original makes
//! of it, and how comparisons are joined, is decided here.

use flowrun_core::{ConditionWarning, Conditions, DataKeyError, Facts, Operand, Operator, Seen, Semantics};
use serde_json::{Value, json};

use super::Conduct;

/// What becomes of conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    Holds(bool),
    /// They cannot be evaluated.
    Raises,
    /// Part of a value is run as code: anything may come of it.
    Unpredictable,
}

/// Keys of which `value` is always a text.
const STATUSES: [&str; 3] = ["caserun_status", "test_status", "flowrun_status"];

/// The zeros of scripts whose digits count for the original, besides ASCII: each is followed by its 1 to 9.
const ZEROS: [char; 12] = ['٠', '۰', '߀', '०', '০', '੦', '૦', '୦', '௦', '๐', '໐', '０'];

/// `and` binds tighter than `or`, both go from left to right and stop as soon as the answer is known.
pub(super) fn judge(expressions: &Value, object: Option<&Value>, conduct: &Conduct) -> Judged {
    let expressions = expressions.as_array().map_or(&[][..], Vec::as_slice);
    let mut joiners = expressions.iter().map(|expression| Joiner::read(&expression["joiner"]));
    let is_odd = |(place, joiner): (usize, Option<Joiner>)| match joiner {
        None => true,
        Some(joiner) => (joiner == Joiner::None) == (place > 0),
    };
    if conduct.conditions_raise && joiners.clone().enumerate().any(is_odd) {
        return Judged::Raises;
    }
    let facts = object.filter(|object| !object.is_null()).map(|object| Facts::new(object.clone()));
    let mut group = true;
    for (place, expression) in expressions.iter().enumerate() {
        let starts_group = joiners.next().flatten() == Some(Joiner::Or) && place > 0;
        if starts_group && group {
            return Judged::Holds(true);
        }
        group |= starts_group;
        if group {
            match compare(expression, facts.as_ref(), conduct) {
                Judged::Holds(holds) => group = holds,
                other => return other,
            }
        }
    }
    Judged::Holds(group && !expressions.is_empty())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Joiner {
    And,
    Or,
    None,
}

impl Joiner {
    /// `None` when there is no text to read one from.
    fn read(typed: &Value) -> Option<Self> {
        let typed = typed.as_str()?;
        Some(match typed {
            typed if typed.contains("and") => Self::And,
            typed if typed.contains("or") => Self::Or,
            _ => Self::None,
        })
    }
}

fn compare(expression: &Value, facts: Option<&Facts>, conduct: &Conduct) -> Judged {
    let key = expression["data_type"].as_str().unwrap_or_default();
    let value = &expression["value"];
    let is_status = STATUSES.contains(&key);
    let is_pasted = |text: &str| text.contains(['\'', '\\', '\n']);
    if conduct.conditions_raise && is_status && value.as_str().is_some_and(is_pasted) {
        return Judged::Unpredictable;
    }
    if !expression.is_object() {
        return Judged::Raises;
    }
    let mut alone = expression.clone();
    alone["joiner"] = "".into();
    if let Some(text) = value.as_str().filter(|_| conduct.reads_all_digits && !is_status) {
        alone["value"] = text.chars().map(ascii_digit).collect::<String>().into();
    }
    let Ok(conditions) = Conditions::parse(&json!([alone]).to_string()) else { return Judged::Raises };
    let semantics = if conduct.takes_signs_for_equality { Semantics::V1 } else { Semantics::default() };
    let evaluation = conditions.evaluate_as(semantics, facts);
    let comparison = &evaluation.comparisons[0];
    let raises_unless = |is_false: bool| match !conduct.conditions_raise || is_false {
        true => Judged::Holds(false),
        false => Judged::Raises,
    };
    // What the original reads, also where it is not what was meant.
    let is_equality = match comparison.operator {
        Some(Operator::Equal | Operator::MoreThan | Operator::LessThan | Operator::NotEqual) => true,
        Some(Operator::AtLeast | Operator::AtMost) | None => false,
    };
    match &comparison.seen {
        Seen::Compared { left: Operand::Text(_), .. } if !is_status && conduct.compares_texts_as_numbers => {
            raises_unless(is_equality)
        }
        Seen::Compared { holds, .. } => {
            let has_null_scores = conduct.conditions_raise
                && reads_component_scores(key)
                && facts.is_some_and(|facts| facts.get("component_scores") == Some(&Value::Null));
            if has_null_scores { Judged::Raises } else { Judged::Holds(*holds) }
        }
        Seen::NotEvaluable { warning } => raises_unless(match warning {
            ConditionWarning::NoNumberInValue => is_equality && !has_digit(value),
            ConditionWarning::NoTextInValue => true,
            ConditionWarning::AbsentText | ConditionWarning::TextForNumber { .. } => is_equality,
            // An unknown key reads the status, a text, against a number.
            ConditionWarning::Unreadable { cause: DataKeyError::UnknownKey } => {
                is_equality && facts.is_some_and(|facts| !matches!(facts.kind(), "scan" | "report"))
            }
            _ => false,
        }),
        Seen::NotReached => Judged::Holds(false),
    }
}

fn reads_component_scores(key: &str) -> bool {
    ["images", "vrt", "logs", "html", "lighthouse", "security", "yellowlab"]
        .iter()
        .any(|component| key.strip_suffix("_score") == Some(component))
}

fn has_digit(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains(|c: char| c.is_ascii_digit()))
}

fn ascii_digit(c: char) -> char {
    let digit =
        ZEROS.iter().find_map(|zero| (c as u32).checked_sub(*zero as u32).filter(|digit| *digit < 10));
    digit.and_then(|digit| char::from_digit(digit, 10)).unwrap_or(c)
}
