//! Which plans an engine's executors have looked at.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use flowrun_core::Plan;

/// So many plans are remembered. One that was forgotten is looked at again, which costs time and nothing else.
const MOST: usize = 64;

/// The plans that every executor had a look at, so that a service which starts one plan often does it once.
#[derive(Default)]
pub(crate) struct CheckedPlans(Mutex<VecDeque<Weak<Plan>>>);

impl CheckedPlans {
    pub(crate) fn contains(&self, plan: &Arc<Plan>) -> bool {
        // As long as it is listed here, no other plan can stand in its place in memory.
        self.lock(|plans| plans.iter().any(|known| known.as_ptr() == Arc::as_ptr(plan)))
    }

    pub(crate) fn insert(&self, plan: &Arc<Plan>) {
        self.lock(|plans| {
            plans.truncate(MOST - 1);
            plans.push_front(Arc::downgrade(plan));
        });
    }

    fn lock<T>(&self, look: impl FnOnce(&mut VecDeque<Weak<Plan>>) -> T) -> T {
        // A panic elsewhere does not leave the list half changed.
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use flowrun_core::{Flow, NodeSpec, TaskTypes};

    use super::*;

    #[test]
    fn the_latest_plans_are_remembered() {
        let flow = Flow::builder().node(NodeSpec::new("1", "scan")).build().unwrap();
        let plan = || Arc::new(Plan::new(&flow, &TaskTypes::documented()).unwrap());
        let (checked, first) = (CheckedPlans::default(), plan());
        assert!(!checked.contains(&first));
        checked.insert(&first);
        assert!(checked.contains(&first) && !checked.contains(&plan()));
        (0..MOST).for_each(|_| checked.insert(&plan()));
        assert!(!checked.contains(&first));
    }
}
