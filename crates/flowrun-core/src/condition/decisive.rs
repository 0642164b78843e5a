//! Which comparisons decided: those without which the answer would have been the other one.

use std::ops::Range;

use super::parse::{Conditions, Joiner};
use super::{Comparison, Evaluation, Seen};
use crate::{Facts, Semantics};

impl Conditions {
    /// Judges one object and makes every comparison, also those that are not needed for the answer, which is that of
    /// [`evaluate_as`](Self::evaluate_as).
    pub(crate) fn compare_all(&self, semantics: Semantics, facts: Option<&Facts>) -> Evaluation {
        let comparisons: Vec<Comparison> =
            (0..self.len()).map(|place| self.compare(place, semantics, facts)).collect();
        let holds = self.groups().any(|group| comparisons[group].iter().all(Comparison::holds));
        Evaluation { holds, comparisons }
    }

    /// The places of the comparisons that decided: were all of them to turn out otherwise, the answer would be the
    /// other one, and no smaller part of them is enough for that.
    ///
    /// One comparison that holds of each group of `and` that holds; or what failed of the group that failed least.
    pub(crate) fn decisive(&self, evaluation: &Evaluation) -> Vec<usize> {
        let fails = |place: &usize| evaluation.comparisons.get(*place).is_some_and(fails);
        if evaluation.holds {
            let made = |group: &Range<usize>| {
                group.clone().all(|place| evaluation.comparisons.get(place).is_some_and(Comparison::holds))
            };
            return self.groups().filter(made).map(|group| group.start).collect();
        }
        let failed = self.groups().map(|group| group.filter(fails).collect::<Vec<_>>());
        failed.filter(|failed| !failed.is_empty()).min_by_key(Vec::len).unwrap_or_default()
    }

    /// The places of the comparisons that `and` joins, in their order; one of these groups has to hold.
    fn groups(&self) -> impl Iterator<Item = Range<usize>> {
        let is_start = |place: &usize| *place > 0 && self.expressions[*place].joiner == Joiner::Or;
        let starts = (!self.is_empty()).then_some(0).into_iter().chain((0..self.len()).filter(is_start));
        let starts: Vec<usize> = starts.chain([self.len()]).collect();
        (1..starts.len()).map(move |end| starts[end - 1]..starts[end])
    }
}

/// Whether it was made, or could not be made, and does not hold.
fn fails(comparison: &Comparison) -> bool {
    !matches!(comparison.seen, Seen::NotReached) && !comparison.holds()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The conditions `a and b or c …`, in which each letter holds when its fact is 1.
    fn conditions(text: &str) -> Conditions {
        let mut joiner = "";
        let mut raw = Vec::new();
        for word in text.split_whitespace() {
            if ["and", "or"].contains(&word) {
                joiner = word;
            } else {
                raw.push(json!({"joiner": joiner, "data_type": word, "operator": "==", "value": 1}));
            }
        }
        Conditions::parse(&json!(raw).to_string()).unwrap()
    }

    fn facts(holding: &[bool]) -> Facts {
        let mut facts = json!({"type": "probe"});
        for (letter, holds) in "abcd".chars().zip(holding) {
            facts[letter.to_string()] = json!(u8::from(*holds));
        }
        Facts::new(facts)
    }

    #[test]
    fn turning_what_decided_and_nothing_less_turns_the_answer() {
        for text in ["a", "a and b", "a or b", "a or b and c", "a and b or c and d", "a and b and c or d"] {
            let conditions = conditions(text);
            for bits in 0..1_u32 << 4 {
                let holding: Vec<bool> = (0..4).map(|bit| bits & (1 << bit) != 0).collect();
                let answer = |holding: &[bool]| conditions.evaluate(Some(&facts(holding))).holds;
                let all = conditions.compare_all(Semantics::default(), Some(&facts(&holding)));
                assert_eq!(all.holds, answer(&holding), "{text} {holding:?}");
                let decisive = conditions.decisive(&all);
                assert!(!decisive.is_empty(), "{text} {holding:?}");
                for part in 0..1_u32 << decisive.len() {
                    let mut turned = holding.clone();
                    for (bit, place) in decisive.iter().enumerate() {
                        turned[*place] ^= part & (1 << bit) != 0;
                    }
                    let is_whole = part + 1 == 1 << decisive.len();
                    assert_eq!(answer(&turned) != all.holds, is_whole, "{text} {holding:?} {part:b}");
                }
            }
        }
    }
}
