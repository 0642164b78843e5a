//! From a stored run back to the run that wrote it.

use std::sync::Arc;

use flowrun_core::{Plan, PlanError, ReadError, ReplayError, Run, TaskTypes};

use crate::StoredRun;

/// A stored run cannot be made out.
#[derive(Debug, thiserror::Error)]
pub enum NotReplayed {
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

impl NotReplayed {
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
    /// [`NotReplayed`] when the flow is none that can run with `types`, or the journal is not one of it.
    pub fn replay(&self, types: &TaskTypes) -> Result<Run, NotReplayed> {
        let plan = Plan::of_run(&self.new.read_flow()?, types, self.new.spec.semantics)?;
        let lines = self.lines.iter().map(|line| (line.at, &line.record));
        Ok(Run::replay(Arc::new(plan), self.new.spec.clone(), lines)?)
    }
}
