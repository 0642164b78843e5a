//! What is known of a flow before it runs: its graph, what each executor says of its nodes, the names in its
//! templates.

use std::collections::BTreeSet;
use std::sync::Arc;

use flowrun_core::{
    Diagnostic, Findings, Flow, NodeIx, NodeProblem, Origin, Plan, PlanError, RunPolicy, Semantics, Severity,
    names_in_json,
};

use crate::contain::{self, Panicked};
use crate::engine::Engine;
use crate::executor::NodeExecutors;
use crate::executors::Executors;
use crate::inner::Inner;
use crate::intake::Intake;
use crate::names::Names;
use crate::secrets::{self, Secrets};

/// What the executors found.
#[derive(Default)]
struct Found {
    errors: Findings,
    warnings: Findings,
}

/// The names of secrets that the templates of a plan cannot do without.
type NeededSecrets = BTreeSet<String>;

impl Executors {
    /// The plan of a flow: its graph is in order, each node's executor has what it needs, and every name in a template
    /// is known.
    ///
    /// # Errors
    ///
    /// [`PlanError`] with every problem of the graph and of the nodes.
    pub fn plan(&self, flow: &Flow) -> Result<Plan, PlanError> {
        self.plan_with_secrets(flow).map(|(plan, _)| plan)
    }

    /// Everything worth saying about a flow without running it: first what refuses it, then what its author may
    /// want to know. An error is what [`plan`](Self::plan) and [`Engine::start`] refuse; where its
    /// [`origin`](Diagnostic::origin) is the settings, the flow itself is in order.
    ///
    /// ```
    /// use flowrun::{Executors, Flow, NodeSpec, Outcome};
    ///
    /// let executors = Executors::new().function("greet", |_, _| Outcome::done());
    /// let flow = Flow::builder().node(NodeSpec::new("1", "great")).build()?;
    /// assert_eq!(executors.check(&flow)[0].code, "plan.unknown-task-type");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn check(&self, flow: &Flow) -> Vec<Diagnostic> {
        let Found { errors, warnings } = self.look_at(flow);
        let mut found = match Plan::new(flow, self.task_types()) {
            Ok(plan) => {
                let Names { unknown, odd, .. } = self.names_of(&plan);
                let mut advice = Findings::default();
                // Whether a secret is given is the operator's, so a name that nobody knows is told and no more.
                let hint = |mut problem: NodeProblem| {
                    problem.severity = Severity::Warning;
                    problem
                };
                for (node, problem) in unknown.into_iter().map(|(node, one)| (node, hint(one))).chain(odd) {
                    advice.add(|| flow.finding(node, problem));
                }
                [plan.warnings(), advice.into_vec()].concat()
            }
            Err(refused) => refused.into_diagnostics(),
        };
        found.append(&mut errors.into_vec());
        found.append(&mut warnings.into_vec());
        // Stable: among errors and among warnings those of the graph stay first.
        found.sort_by_key(|finding| finding.severity);
        found
    }

    fn plan_with_secrets(&self, flow: &Flow) -> Result<(Plan, NeededSecrets), PlanError> {
        match Plan::new(flow, self.task_types()) {
            Ok(plan) => {
                let (problems, secrets) = self.problems_of(&plan);
                if problems.is_empty() { Ok((plan, secrets)) } else { Err(PlanError::new(problems)) }
            }
            Err(refused) => {
                let mut found = refused.into_diagnostics();
                found.append(&mut self.look_at(flow).errors.into_vec());
                Err(PlanError::new(found))
            }
        }
    }

    /// What stands in the way of the nodes of a plan, and the secrets that it cannot do without.
    fn problems_of(&self, plan: &Plan) -> (Vec<Diagnostic>, NeededSecrets) {
        let mut errors = self.look_at(plan.flow()).errors;
        let Names { unknown, secrets, .. } = self.names_of(plan);
        for (node, problem) in unknown {
            errors.add(|| plan.flow().finding(node, problem));
        }
        (errors.into_vec(), secrets)
    }

    /// Lets the executors look at the nodes of a flow. Whether the flow is a plan is not asked here.
    fn look_at(&self, flow: &Flow) -> Found {
        let mut found = Found::default();
        for (index, node) in flow.nodes().enumerate() {
            let Some(executor) = self.executor_of(&node.task_type()) else { continue };
            let checked = contain::call(|| executor.check(node.data()));
            for problem in checked.unwrap_or_else(|panicked| vec![self.panicked_at_check(&panicked)]) {
                let list = match problem.severity {
                    Severity::Error => &mut found.errors,
                    Severity::Warning => &mut found.warnings,
                };
                list.add(|| flow.finding(NodeIx::new(index), problem));
            }
        }
        found
    }

    /// What is said of an executor that panicked when it looked at a node.
    fn panicked_at_check(&self, panicked: &Panicked) -> NodeProblem {
        // Rare enough to read all secrets for it. What cannot be redacted is not shown.
        let secrets = Secrets::new(Arc::clone(self.secret_source()), self.hidden().to_vec());
        let message = secrets.now().map_or_else(
            |_| "the node cannot be checked: its executor panicked".to_owned(),
            |secrets| {
                let intake = Intake::new(secrets.redactor(), RunPolicy::default());
                format!(
                    "the node cannot be checked: its executor panicked: {}",
                    intake.line(panicked.to_string())
                )
            },
        );
        NodeProblem::error("engine.executor-panicked", "/data", message)
    }

    /// The names of all secrets that can be used.
    ///
    /// # Errors
    ///
    /// What their source panicked with.
    pub(crate) fn secret_names(&self) -> Result<Vec<String>, String> {
        secrets::names_of(&**self.secret_source())
    }

    /// The names of the secrets that the flow mentions.
    pub(crate) fn secrets_of(&self, flow: &Flow) -> Result<Vec<String>, String> {
        let mut names = self.secret_names()?;
        if !names.is_empty() {
            let mentioned = names_in_json(flow.to_json());
            names.retain(|name| mentioned.contains(name.as_str()));
        }
        Ok(names)
    }
}

impl Engine {
    /// [`Executors::plan`], and what it found is remembered: starting the plan does not look again.
    ///
    /// # Errors
    ///
    /// [`PlanError`] with every problem.
    pub fn plan(&self, flow: &Flow) -> Result<Arc<Plan>, PlanError> {
        self.inner.plan(flow)
    }

    /// [`Executors::check`].
    #[must_use]
    pub fn check(&self, flow: &Flow) -> Vec<Diagnostic> {
        self.inner.executors.check(flow)
    }
}

impl Inner {
    /// The plan of a flow that each executor had a look at.
    pub(crate) fn plan(&self, flow: &Flow) -> Result<Arc<Plan>, PlanError> {
        let (plan, secrets) = self.executors.plan_with_secrets(flow)?;
        let plan = Arc::new(plan);
        self.checked.insert(&plan, secrets.into_iter().collect());
        Ok(plan)
    }

    /// Finds the executor of each task type and lets it look at its nodes, once a plan.
    pub(crate) fn node_executors(&self, plan: &Arc<Plan>) -> Result<NodeExecutors, PlanError> {
        self.executors_for(plan, Semantics::default())
    }

    /// The same for a run that began with this reading: what was not looked at when it began is not refused now.
    pub(crate) fn executors_for(
        &self,
        plan: &Arc<Plan>,
        semantics: Semantics,
    ) -> Result<NodeExecutors, PlanError> {
        let executors = &self.executors;
        let Some(of_type) = executors.of_plan(plan) else {
            return Err(PlanError::new(executors.missing(plan)));
        };
        let is_known = self.checked.secrets_of(plan).is_some_and(|needed| {
            // Secrets may come and go between two starts of a plan.
            needed.is_empty()
                || executors.secret_names().is_ok_and(|given| needed.iter().all(|name| given.contains(name)))
        });
        if !is_known {
            let (mut problems, secrets) = executors.problems_of(plan);
            if semantics == Semantics::V1 {
                problems.retain(|problem| problem.origin == Origin::Settings);
            }
            if !problems.is_empty() {
                return Err(PlanError::new(problems));
            }
            self.checked.insert(plan, secrets.into_iter().collect());
        }
        Ok(NodeExecutors { plan: Arc::clone(plan), of_type: Arc::new(of_type) })
    }
}
