//! What the effects of two attempts show.

use crate::executor_suite::ExecutorSuite;
use crate::executor_suite::attempt::Ran;
use crate::executor_suite::verdict::{Verdict, verdict};

const NO_EFFECTS: Verdict = Verdict::NotJudged("its effects are not shown, or an attempt failed");

/// The keys of all effects so far; `None` where effects are not shown.
pub(super) fn effects(suite: &ExecutorSuite) -> Option<Vec<String>> {
    suite.effects.as_ref().map(|effects| effects())
}

/// The keys that came between two looks.
pub(super) fn since(before: &Option<Vec<String>>, after: &Option<Vec<String>>) -> Option<Vec<String>> {
    Some(after.as_ref()?.get(before.as_ref()?.len()..)?.to_vec())
}

/// The keys of two attempts on the same objects.
pub(super) struct Keys(Option<[Vec<String>; 2]>);

impl Keys {
    /// The keys as they were before the attempts, between them and after them.
    pub(super) fn new(looks: [Option<Vec<String>>; 3], attempts: [&Ran; 2]) -> Self {
        let [before, between, after] = &looks;
        let are_good = attempts.iter().all(|ran| ran.is_good());
        let keys = since(before, between).zip(since(between, after)).filter(|_| are_good);
        Self(keys.map(|(first, second)| [first, second]))
    }
}

pub(super) fn once(suite: &ExecutorSuite, keys: &Keys) -> Verdict {
    let Some([keys, _]) = &keys.0 else { return NO_EFFECTS };
    let objects = suite.task("1", &suite.data).objects().len();
    let is_one_each = keys.len() == objects && different(keys).len() == objects;
    verdict(is_one_each, || format!("{objects} objects and the effects {keys:?}"))
}

pub(super) fn same_keys(keys: &Keys) -> Verdict {
    let Some([first, second]) = &keys.0 else { return NO_EFFECTS };
    verdict(different(first) == different(second), || format!("first {first:?}, then {second:?}"))
}

fn different(keys: &[String]) -> Vec<&String> {
    let mut keys: Vec<&String> = keys.iter().collect();
    keys.sort();
    keys.dedup();
    keys
}
