//! Which plans an engine's executors have looked at.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use flowrun_core::Plan;

/// So many plans are remembered. One that was forgotten is looked at again, which costs time and nothing else.
const MOST: usize = 64;

/// The plans that every executor had a look at, so that a service which starts one plan often does it once.
#[derive(Default)]
pub(crate) struct CheckedPlans(Mutex<VecDeque<CheckedPlan>>);

/// A plan, and the secrets that it cannot do without.
type CheckedPlan = (Weak<Plan>, Arc<[String]>);

impl CheckedPlans {
    /// The secrets that the templates of a plan cannot do without; `None` for a plan that nobody has looked at.
    pub(crate) fn secrets_of(&self, plan: &Arc<Plan>) -> Option<Arc<[String]>> {
        // As long as it is listed here, no other plan can stand in its place in memory.
        let is_it = |known: &Weak<Plan>| known.as_ptr() == Arc::as_ptr(plan);
        self.lock(|plans| plans.iter().find(|(known, _)| is_it(known)).map(|(_, names)| Arc::clone(names)))
    }

    pub(crate) fn insert(&self, plan: &Arc<Plan>, secrets: Arc<[String]>) {
        self.lock(|plans| {
            plans.truncate(MOST - 1);
            plans.push_front((Arc::downgrade(plan), secrets));
        });
    }

    fn lock<T>(&self, look: impl FnOnce(&mut VecDeque<CheckedPlan>) -> T) -> T {
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
        let none: Arc<[String]> = Arc::new([]);
        assert_eq!(checked.secrets_of(&first), None);
        checked.insert(&first, Arc::new(["KEY".to_owned()]));
        assert_eq!(checked.secrets_of(&first).as_deref(), Some(&["KEY".to_owned()][..]));
        assert_eq!(checked.secrets_of(&plan()), None);
        (0..MOST).for_each(|_| checked.insert(&plan(), Arc::clone(&none)));
        assert_eq!(checked.secrets_of(&first), None);
    }
}
