//! What an audit says, and how audits become a score. Knows no page.

use serde::Serialize;
use serde_json::{Value, json};

/// One audit of one page.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Audit {
    /// Its name; stable, as people filter by it.
    pub(crate) name: &'static str,
    /// How much it counts within its category.
    pub(crate) weight: u32,
    /// What was found.
    pub(crate) verdict: Verdict,
    /// What exactly, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<String>,
}

/// How an audit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// As it should be.
    Pass,
    /// Could be better: counts half.
    Warning,
    /// Wrong.
    Fail,
    /// Worth knowing; counts for nothing.
    Info,
    /// There is nothing on the page it could look at, or it was not measured. Counts for nothing.
    NotApplicable,
}

impl Audit {
    pub(crate) fn new(name: &'static str, weight: u32, finding: Finding) -> Self {
        let Finding { verdict, detail } = finding;
        Self { name, weight, verdict, detail }
    }
}

/// A verdict with its reason.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    verdict: Verdict,
    detail: Option<String>,
}

impl Finding {
    pub(crate) const PASS: Self = Self { verdict: Verdict::Pass, detail: None };
    pub(crate) const NOT_APPLICABLE: Self = Self { verdict: Verdict::NotApplicable, detail: None };

    pub(crate) fn warning(detail: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warning, detail: Some(detail.into()) }
    }

    pub(crate) fn fail(detail: impl Into<String>) -> Self {
        Self { verdict: Verdict::Fail, detail: Some(detail.into()) }
    }

    pub(crate) fn info(detail: impl Into<String>) -> Self {
        Self { verdict: Verdict::Info, detail: Some(detail.into()) }
    }

    pub(crate) fn not_measured(why: impl Into<String>) -> Self {
        Self { verdict: Verdict::NotApplicable, detail: Some(why.into()) }
    }

    /// Passes when `is_right`, else warns.
    pub(crate) fn or_warning(is_right: bool, detail: &str) -> Self {
        if is_right { Self::PASS } else { Self::warning(detail) }
    }

    /// Passes when `is_right`, else fails.
    pub(crate) fn or_fail(is_right: bool, detail: &str) -> Self {
        if is_right { Self::PASS } else { Self::fail(detail) }
    }
}

/// The weighted mean of what was measured, 0 to 100; `None` when nothing was.
pub(crate) fn score(audits: &[Audit]) -> Option<f64> {
    let measured = audits.iter().filter_map(|audit| {
        let share = match audit.verdict {
            Verdict::Pass => 1.0,
            Verdict::Warning => 0.5,
            Verdict::Fail => 0.0,
            Verdict::Info | Verdict::NotApplicable => return None,
        };
        Some((f64::from(audit.weight), 100.0 * share))
    });
    weighted_mean(measured)
}

/// The mean of `(weight, value)` pairs, with two decimals as all scores have; `None` without weight.
pub(crate) fn weighted_mean(values: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    let (weight, sum) = values.fold((0.0, 0.0), |(weights, sum), (w, value)| (weights + w, sum + w * value));
    (weight > 0.0).then(|| (sum / weight * 100.0).round() / 100.0)
}

/// Audits as facts show them.
pub(crate) fn to_json(audits: &[Audit]) -> Value {
    json!(audits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_measured_neither_helps_nor_hurts() {
        let audits = [
            Audit::new("a", 10, Finding::PASS),
            Audit::new("b", 5, Finding::warning("w")),
            Audit::new("c", 5, Finding::fail("f")),
            Audit::new("d", 80, Finding::info("i")),
            Audit::new("e", 80, Finding::not_measured("n")),
        ];
        assert_eq!(score(&audits), Some(62.5));
        assert_eq!(score(&audits[3..]), None);
        assert_eq!(
            score(&[Audit::new("a", 1, Finding::PASS), Audit::new("b", 2, Finding::fail("f"))]),
            Some(33.33)
        );
    }
}
