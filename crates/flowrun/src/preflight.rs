//! What is known of a plan before it runs: each executor has a look at its nodes.

use std::sync::Arc;

use flowrun_core::{Diagnostic, Findings, Flow, NodeIx, NodeProblem, Origin, Plan, Semantics, Severity};

use crate::contain::{self, Panicked};
use crate::engine::{Engine, Inner};
use crate::executor::{Executors, NodeExecutors, TaskExecutor};
use crate::intake::Intake;
use crate::names::Names;
use crate::redact::Redactor;

/// What the executors found.
#[derive(Default)]
struct Found {
    errors: Findings,
    warnings: Findings,
}

impl Engine {
    /// Everything worth saying about a flow without running it: first what refuses it, then what its author may
    /// want to know. An error is what [`plan`](Self::plan) and [`start`](Self::start) refuse; where its
    /// [`origin`](Diagnostic::origin) is the settings, the flow itself is in order.
    ///
    /// ```
    /// use flowrun::{Engine, Flow, NodeSpec, Outcome};
    ///
    /// let engine = Engine::builder().function("greet", |_, _| Outcome::done()).build()?;
    /// let flow = Flow::builder().node(NodeSpec::new("1", "great")).build()?;
    /// assert_eq!(engine.check(&flow)[0].code, "plan.unknown-task-type");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn check(&self, flow: &Flow) -> Vec<Diagnostic> {
        let planned = Plan::new(flow, self.task_types());
        let Found { errors, warnings } = self.inner.look_at(flow);
        let (mut found, mut advice) = match &planned {
            Ok(plan) => {
                let Names { unknown, odd, .. } = self.inner.names_of(plan);
                let mut advice = Findings::default();
                // Whether a secret is given is the operator's, so a name that nobody knows is told and no more.
                let hint = |mut problem: NodeProblem| {
                    problem.severity = Severity::Warning;
                    problem
                };
                for (node, problem) in unknown.into_iter().map(|(node, one)| (node, hint(one))).chain(odd) {
                    advice.add(|| flow.finding(node, problem));
                }
                (Vec::new(), [plan.warnings(), advice.into_vec()].concat())
            }
            Err(problems) => {
                problems.iter().cloned().partition(|problem| problem.severity == Severity::Error)
            }
        };
        found.append(&mut errors.into_vec());
        advice.append(&mut warnings.into_vec());
        found.append(&mut advice);
        found
    }
}

impl Inner {
    /// The plan of a flow that each executor had a look at.
    ///
    /// # Errors
    ///
    /// Every problem of the graph and of the nodes.
    pub(crate) fn plan(&self, flow: &Flow) -> Result<Arc<Plan>, Vec<Diagnostic>> {
        match Plan::new(flow, &self.types) {
            Ok(plan) => {
                let plan = Arc::new(plan);
                self.node_executors(&plan)?;
                Ok(plan)
            }
            Err(mut problems) => {
                problems.retain(|problem| problem.severity == Severity::Error);
                problems.append(&mut self.look_at(flow).errors.into_vec());
                Err(problems)
            }
        }
    }

    /// Finds the executor of each task type and lets it look at its nodes, once a plan.
    pub(crate) fn node_executors(&self, plan: &Arc<Plan>) -> Result<NodeExecutors, Vec<Diagnostic>> {
        self.executors_for(plan, Semantics::default())
    }

    /// The same for a run that began with this reading: what was not looked at when it began is not refused now.
    pub(crate) fn executors_for(
        &self,
        plan: &Arc<Plan>,
        semantics: Semantics,
    ) -> Result<NodeExecutors, Vec<Diagnostic>> {
        let of_type =
            plan.task_types().map(|name| self.executor_of(name).cloned()).collect::<Option<Vec<_>>>();
        let Some(of_type) = of_type else { return Err(self.without_executor(plan)) };
        let is_known = self.checked.secrets_of(plan).is_some_and(|needed| {
            // Secrets may come and go between two starts of a plan.
            needed.is_empty()
                || self.secret_names().is_ok_and(|given| needed.iter().all(|name| given.contains(name)))
        });
        if !is_known {
            let mut errors = self.look_at(plan.flow()).errors;
            let Names { unknown, secrets, .. } = self.names_of(plan);
            for (node, problem) in unknown {
                errors.add(|| plan.flow().finding(node, problem));
            }
            let mut errors = errors.into_vec();
            if semantics == Semantics::V1 {
                errors.retain(|problem| problem.origin == Origin::Settings);
            }
            if !errors.is_empty() {
                return Err(errors);
            }
            self.checked.insert(plan, secrets.into_iter().collect());
        }
        Ok(NodeExecutors { plan: Arc::clone(plan), of_type: Arc::new(Executors::new(of_type)) })
    }

    /// The nodes that nobody does: the plan is of another engine, which has more executors.
    fn without_executor(&self, plan: &Plan) -> Vec<Diagnostic> {
        let mut found = Findings::default();
        for (index, node) in plan.flow().nodes().enumerate() {
            let task_type = node.task_type();
            if task_type.is_empty() || self.executor_of(&task_type).is_some() {
                continue;
            }
            found.add(|| {
                let message = format!("no executor does the task type `{task_type}`");
                let problem = NodeProblem::error("engine.no-executor", "/data/task_type", message);
                plan.flow().finding(NodeIx::new(index), problem)
            });
        }
        found.into_vec()
    }

    /// The executor of a task type.
    pub(crate) fn executor_of(&self, task_type: &str) -> Option<&Arc<dyn TaskExecutor>> {
        self.by_type.get(task_type).map(|&place| &self.executors[usize::from(place)])
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
        let redactor = contain::call(|| Redactor::new(&self.secrets));
        let message = redactor.map_or_else(
            |_| "the node cannot be checked: its executor panicked".to_owned(),
            |redactor| {
                let intake = Intake::new(redactor, self.policy.clone());
                format!(
                    "the node cannot be checked: its executor panicked: {}",
                    intake.line(panicked.to_string())
                )
            },
        );
        NodeProblem::error("engine.executor-panicked", "/data", message)
    }
}
