//! The known differences: one rule each.
//!
//! A rule is a number, a reason and a function that corrects one thing in the conduct of the model of the
//! original. It rewrites a recorded expectation where that correction changes what the model says, and where
//! the recording reads as the model said before; so a rule needs no list of cases and pardons nothing: what
//! the model cannot explain stays as it was recorded.

mod conditions;
mod endings;
mod graph;
mod handing_on;
mod logs;
mod texts;

use serde_json::Value;

use super::case::Case;
use super::original::{Conduct, model};
use super::patch::rewrite;

/// One known difference between the original and the design.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The number of the defect, `D1`, or the row of the design's table, `row Logs`.
    pub number: &'static str,
    /// Why flowrun differs, in one line.
    pub reason: &'static str,
    /// What it corrects.
    pub correct: fn(&mut Conduct),
}

/// All rules, in the order in which they are applied.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    [handing_on::RULES, logs::RULES, endings::RULES, conditions::RULES, texts::RULES, graph::RULES]
        .into_iter()
        .flatten()
}

/// Rewrites the expectation of a case into what the design says, as far as rules explain the difference, and
/// gives the rules that were needed.
#[must_use]
pub fn apply(case: &Case, expected: &mut Value) -> Vec<&'static Rule> {
    if case.is_by_design() {
        return Vec::new();
    }
    let recorded = expected.clone();
    let says = |conduct: &Conduct| model(case, conduct);
    let mut conduct = Conduct::ORIGINAL;
    let mut before = says(&conduct);
    let mut applied = Vec::new();
    for rule in needed(&says) {
        (rule.correct)(&mut conduct);
        let after = says(&conduct);
        if rewrite(expected, &before, &after) {
            applied.push(rule);
        }
        before = after;
    }
    // On the way one rule may undo what another did.
    if *expected == recorded { Vec::new() } else { applied }
}

/// A smallest set of rules that leads from the original to the design: without any one of them the model
/// would say something else. Rules are left out one by one, never several at once: two defects may hide each
/// other.
fn needed(says: &dyn Fn(&Conduct) -> Value) -> Vec<&'static Rule> {
    let mut needed: Vec<&Rule> = rules().collect();
    let design = says(&corrected(&needed));
    for place in (0..needed.len()).rev() {
        let rule = needed.remove(place);
        if says(&corrected(&needed)) != design {
            needed.insert(place, rule);
        }
    }
    needed
}

fn corrected(rules: &[&Rule]) -> Conduct {
    let mut conduct = Conduct::ORIGINAL;
    rules.iter().for_each(|rule| (rule.correct)(&mut conduct));
    conduct
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn all_rules_together_lead_from_the_original_to_the_design() {
        let mut conduct = Conduct::ORIGINAL;
        rules().for_each(|rule| (rule.correct)(&mut conduct));
        assert_eq!(conduct, Conduct::DESIGN);
    }

    #[test]
    fn every_rule_corrects_one_thing_under_a_number_of_its_own() {
        let numbers: BTreeSet<&str> = rules().map(|rule| rule.number).collect();
        assert_eq!(numbers.len(), rules().count());
        for rule in rules() {
            let mut conduct = Conduct::ORIGINAL;
            (rule.correct)(&mut conduct);
            assert_ne!(conduct, Conduct::ORIGINAL, "{}", rule.number);
        }
    }
}
