//! From a stored run back to the run that wrote it.

use std::sync::Arc;

use flowrun_core::{ErrorChain, Plan, PlanError, ReadError, ReplayError, Run, RunSpec, TaskTypes};

use crate::{NewRun, StoredRun};

/// A stored run cannot be made out.
#[derive(Debug, thiserror::Error)]
pub enum StoredRunError {
    /// Its flow cannot be read.
    #[error("its flow cannot be read")]
    Flow(#[from] ReadError),
    /// Its flow is no plan for these task types.
    #[error(transparent)]
    Refused(#[from] PlanError),
    /// Its journal is none that a run of its flow could have written.
    #[error("its journal does not fit its flow")]
    Journal(#[from] ReplayError),
}

impl StoredRunError {
    /// What a verification says of it: of a journal that does not fit, where.
    pub(crate) fn problem(&self) -> String {
        match self {
            Self::Journal(source) => ErrorChain::new(source).to_string(),
            Self::Flow(_) | Self::Refused(_) => ErrorChain::new(self).to_string(),
        }
    }

    /// Whether nothing is wrong but that the flow names task types which are not known here.
    #[must_use]
    pub fn is_about_task_types(&self) -> bool {
        match self {
            Self::Refused(refused) => {
                refused.problems().iter().all(|problem| problem.code == "plan.unknown-task-type")
            }
            Self::Flow(_) | Self::Journal(_) => false,
        }
    }
}

impl StoredRun {
    /// The run that wrote the journal, as it stood after the last line.
    ///
    /// # Errors
    ///
    /// [`StoredRunError`] when the flow is none that can run with `types`, or the journal is not one of it.
    pub fn replay(&self, types: &TaskTypes) -> Result<Run, StoredRunError> {
        Ok(self.replay_with(Arc::new(self.new.plan(types)?), self.new.spec.clone())?)
    }

    /// The same, for whoever has [its plan](NewRun::plan) already, or gives it another policy.
    ///
    /// # Errors
    ///
    /// [`ReplayError`] when the journal is not one of that plan.
    pub fn replay_with(&self, plan: Arc<Plan>, spec: RunSpec) -> Result<Run, ReplayError> {
        Run::replay(plan, spec, self.lines.iter().map(|line| (line.at, &line.record)))
    }
}

impl NewRun {
    /// The plan of its flow, read with whatever ceilings its host had set.
    ///
    /// # Errors
    ///
    /// [`StoredRunError`] when the flow is none that can run with `types`.
    pub fn plan(&self, types: &TaskTypes) -> Result<Plan, StoredRunError> {
        Ok(Plan::of_run(&self.read_flow()?, types, self.spec.semantics)?)
    }
}
