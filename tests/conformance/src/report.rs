//! What is said about a directory of cases.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

use super::case::Case;
use super::compare::{Difference, first_difference};
use super::replay::replay;
use super::rules::{Rule, apply, rules};

/// What came of one case.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// It is as recorded.
    Match,
    /// It is as recorded but for known differences.
    Known(Vec<&'static Rule>),
    /// It differs.
    Mismatch {
        /// The first place.
        difference: Difference,
        /// The known differences that were taken into account.
        rules: Vec<&'static Rule>,
    },
}

/// Replays a case and compares.
#[must_use]
pub fn check(case: &Case) -> Verdict {
    let mut expected = case.expected();
    let rules = apply(case, &mut expected);
    match first_difference(&expected, &replay(case)) {
        Some(difference) => Verdict::Mismatch { difference, rules },
        None if rules.is_empty() => Verdict::Match,
        None => Verdict::Known(rules),
    }
}

/// The verdicts on a number of cases.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// The name of each case and what came of it, in their order.
    pub verdicts: Vec<(String, Verdict)>,
}

impl Summary {
    /// Checks all cases.
    #[must_use]
    pub fn of(cases: &[Case]) -> Self {
        Self { verdicts: cases.iter().map(|case| (case.head.name.clone(), check(case))).collect() }
    }

    /// Whether a case differs.
    #[must_use]
    pub fn has_mismatch(&self) -> bool {
        self.count().2 > 0
    }

    /// How many cases match, differ as is known, and differ.
    #[must_use]
    pub fn count(&self) -> (usize, usize, usize) {
        self.verdicts.iter().fold((0, 0, 0), |(matches, known, mismatches), (_, verdict)| match verdict {
            Verdict::Match => (matches + 1, known, mismatches),
            Verdict::Known(_) => (matches, known + 1, mismatches),
            Verdict::Mismatch { .. } => (matches, known, mismatches + 1),
        })
    }

    /// How many cases each rule was needed for, rules without any included.
    #[must_use]
    pub fn by_rule(&self) -> Vec<(&'static Rule, usize)> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for rule in self.verdicts.iter().flat_map(|(_, verdict)| verdict.rules()) {
            *counts.entry(rule.number).or_default() += 1;
        }
        rules().map(|rule| (rule, counts.get(rule.number).copied().unwrap_or(0))).collect()
    }

    /// The same for machines: `cases`, `summary` and `rules`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let (matches, known, mismatches) = self.count();
        let case = |(name, verdict): &(String, Verdict)| {
            let numbers: Vec<&str> = verdict.rules().iter().map(|rule| rule.number).collect();
            let mut case = json!({"name": name, "verdict": verdict.word(), "rules": numbers});
            if let Verdict::Mismatch { difference, .. } = verdict {
                case["path"] = difference.path.clone().into();
                case["expected"] = json!(difference.expected);
                case["got"] = json!(difference.got);
            }
            case
        };
        let rules = self.by_rule().into_iter().filter(|(_, cases)| *cases > 0);
        let rule = |(rule, cases): (&Rule, usize)| json!({"number": rule.number, "reason": rule.reason, "cases": cases});
        json!({
            "cases": self.verdicts.iter().map(case).collect::<Vec<_>>(),
            "summary": {"match": matches, "known": known, "mismatch": mismatches},
            "rules": rules.map(rule).collect::<Vec<_>>(),
        })
    }
}

impl Verdict {
    /// The known differences that were taken into account.
    #[must_use]
    pub fn rules(&self) -> &[&'static Rule] {
        match self {
            Self::Match => &[],
            Self::Known(rules) | Self::Mismatch { rules, .. } => rules,
        }
    }

    const fn word(&self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Known(_) => "known difference",
            Self::Mismatch { .. } => "MISMATCH",
        }
    }
}

/// `match`, `known difference (D1, D19)`, or `MISMATCH (D1) at final.status` and both values.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        let numbers: Vec<&str> = self.rules().iter().map(|rule| rule.number).collect();
        if !numbers.is_empty() {
            write!(f, " ({})", numbers.join(", "))?;
        }
        if let Self::Mismatch { difference: Difference { path, expected, got }, .. } = self {
            let shown = |value: &Option<Value>| value.as_ref().map_or("nothing".to_owned(), Value::to_string);
            write!(f, " at {path}\n  expected {}\n  got      {}", shown(expected), shown(got))?;
        }
        Ok(())
    }
}

/// One line a case, then how many there are of each sort and of each known difference.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, verdict) in &self.verdicts {
            writeln!(f, "{name}: {verdict}")?;
        }
        let (matches, known, mismatches) = self.count();
        writeln!(f, "\n{matches} match, {known} known differences, {mismatches} mismatches")?;
        for (rule, cases) in self.by_rule().into_iter().filter(|(_, cases)| *cases > 0) {
            writeln!(f, "{cases:5}  {}: {}", rule.number, rule.reason)?;
        }
        Ok(())
    }
}
