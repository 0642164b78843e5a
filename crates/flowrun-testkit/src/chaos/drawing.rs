//! What a story is about: a flow, the limits of its run, and what its objects are worth.
//!
//! The model reads this and nothing else, so it holds numbers and flags, and the plan is made from it.

use std::sync::Arc;
use std::time::Duration;

use flowrun_core::{
    Condition, EffectClass, Flow, NodeSpec, OnUnknown, Operator, Plan, RetryPolicy, Role, RunId, RunPolicy,
    RunSpec, Site, TaskTypes, Timestamp,
};
use serde_json::{Map, Value, value::to_raw_value};

use super::streams::{Stream, draw, place_of};
use flowrun_sim::random::Random;

/// The largest flow of a story. Larger ones find the same mistakes later, and tell them worse.
pub(super) const MOST_NODES: usize = 10;

/// The longest wait for another attempt.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(4);

/// A flow and its limits.
#[derive(Clone, Debug)]
pub(super) struct Drawing {
    pub(super) seed: u64,
    pub(super) nodes: Vec<Drawn>,
    /// Places of the source and the target, in the order of the flow.
    pub(super) edges: Vec<(usize, usize)>,
    pub(super) limits: Limits,
}

/// One node.
#[derive(Clone, Debug)]
pub(super) struct Drawn {
    pub(super) kind: Kind,
    pub(super) start_if: Option<bool>,
    /// With conditions: objects whose score is at least this one hold.
    pub(super) threshold: Option<u32>,
    /// What it says about itself, where the run's limits do not hold.
    pub(super) retries: Option<u32>,
    pub(super) on_unknown: Option<OnUnknown>,
}

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Makes objects, and nothing else happens outside.
    Probe,
    /// Makes objects; its effect carries a key.
    Order,
    /// Makes objects; whether its effect happened can be found out.
    Pay,
    /// Sends objects on, without a key.
    Slack,
    /// Sends objects on, with a key.
    Webhook,
    /// Makes an object of each one it is handed.
    Issue,
    /// Has no task.
    Empty,
}

/// The limits of a run.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    /// Whether the first node that fails ends the run.
    pub(super) end_on_fail: bool,
    pub(super) attempts: u32,
    pub(super) crash_attempts: u32,
    pub(super) on_unknown: OnUnknown,
    pub(super) attempt_timeout: Option<Duration>,
    pub(super) node_timeout: Option<Duration>,
    pub(super) run_timeout: Option<Duration>,
    pub(super) max_concurrent: Option<u32>,
    /// Lines of executors that are kept of a node.
    pub(super) log_lines: usize,
    /// Bytes of facts that an object may have; `None` where the host has set it so high that nothing breaks it, and it
    /// is left to the disk to refuse what is too much.
    pub(super) facts_bytes: Option<usize>,
    /// Slots of the host; `None` where it gives out none.
    pub(super) slots: Option<usize>,
}

/// How many nodes the flow of a seed has.
pub(super) fn node_count(seed: u64) -> usize {
    1 + draw(seed, Stream::Flow, 0).below(MOST_NODES as u32) as usize
}

impl Drawing {
    /// The drawing of a seed, without the nodes past a number.
    pub(super) fn new(seed: u64, most_nodes: usize) -> Self {
        let count = node_count(seed).min(most_nodes.max(1));
        let (mut nodes, mut edges) = (Vec::new(), Vec::new());
        for node in 0..count {
            let mut random = draw(seed, Stream::Flow, 1 + node as u64);
            for _ in 0..random.one_of(&[0, 1, 1, 1, 1, 2, 2, 3]).min(node) {
                edges.push((random.below(node as u32) as usize, node));
            }
            nodes.push(Drawn::new(&mut random));
        }
        Self { seed, nodes, edges, limits: Limits::new(seed) }
    }

    /// What conditions read of an object.
    pub(super) fn score(&self, object: &str) -> u32 {
        draw(self.seed, Stream::Scores, place_of(object)).below(100)
    }

    /// The plan.
    pub(super) fn plan(&self) -> Arc<Plan> {
        let mut flow = Flow::builder().id("f").title("Drawn");
        for (place, node) in self.nodes.iter().enumerate() {
            flow = flow.node(node.spec(&place.to_string()));
        }
        for (source, target) in &self.edges {
            flow = flow.edge(source.to_string(), target.to_string());
        }
        let flow = flow.build().expect("a drawing is within every limit");
        Arc::new(Plan::new(&flow, &task_types()).expect("edges lead to later nodes, and every type is known"))
    }

    /// What its run is made of.
    pub(super) fn spec(&self) -> RunSpec {
        let mut id = *b"chaos...........";
        id[8..].copy_from_slice(&self.seed.to_be_bytes());
        let site = Site::new("https://example.com").with_id("site");
        let spec = RunSpec::new(RunId::from_bytes(id), Timestamp::EPOCH, site).policy(self.limits.policy());
        let configs = Map::from_iter([("end_on_fail".to_owned(), Value::from(self.limits.end_on_fail))]);
        spec.configs(to_raw_value(&configs).expect("a map of texts can be written"))
    }

    /// How often the node is tried.
    pub(super) fn attempts(&self, node: usize) -> u32 {
        self.nodes[node].retries.map_or(self.limits.attempts, |retries| retries + 1)
    }

    /// What happens when nobody can know whether an attempt of the node had its effect.
    pub(super) fn on_unknown(&self, node: usize) -> OnUnknown {
        self.nodes[node].on_unknown.unwrap_or(self.limits.on_unknown)
    }
}

impl Drawn {
    fn new(random: &mut Random) -> Self {
        use Kind::*;
        let kinds =
            [Probe, Probe, Probe, Probe, Order, Order, Pay, Pay, Slack, Slack, Slack, Webhook, Issue, Empty];
        Self {
            kind: random.one_of(&kinds),
            start_if: random.one_of(&[Some(true), Some(true), Some(true), Some(false), Some(false), None]),
            threshold: random.once_in(3).then(|| random.below(100)),
            retries: random.once_in(5).then(|| random.below(3)),
            on_unknown: random.once_in(6).then(|| any_on_unknown(random)),
        }
    }

    fn spec(&self, id: &str) -> NodeSpec {
        let mut spec = NodeSpec::new(id, self.kind.task_type());
        if let Some(side) = self.start_if {
            spec = spec.start_if(side);
        }
        if let Some(threshold) = self.threshold {
            spec = spec.condition(Condition::new("score", Operator::AtLeast, threshold));
        }
        let mut configs = Map::new();
        configs.extend(self.retries.map(|retries| ("retries".to_owned(), retries.into())));
        configs.extend(self.on_unknown.map(|what| {
            let word = match what {
                OnUnknown::Retry => "retry",
                OnUnknown::Fail => "fail",
                OnUnknown::Pause => "pause",
            };
            ("on_unknown".to_owned(), word.into())
        }));
        if configs.is_empty() { spec } else { spec.set("configs", configs) }
    }
}

impl Kind {
    /// As the flow names it; the first three are types of our own.
    const fn task_type(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::Order => "order",
            Self::Pay => "pay",
            Self::Slack => "slack",
            Self::Webhook => "webhook",
            Self::Issue => "issue",
            Self::Empty => "",
        }
    }

    /// Whether it is handed the objects of the nodes above.
    pub(super) const fn takes_objects(self) -> bool {
        matches!(self, Self::Slack | Self::Webhook | Self::Issue)
    }

    /// Whether an attempt changes anything outside.
    pub(super) const fn has_effect(self) -> bool {
        !matches!(self, Self::Probe)
    }

    /// Whether an attempt that may have had its effect can be made again without harm.
    pub(super) const fn may_repeat(self) -> bool {
        matches!(self, Self::Probe | Self::Pay)
    }

    /// Whether the objects it is handed are its own from then on.
    pub(super) const fn is_receiver(self) -> bool {
        matches!(self, Self::Slack | Self::Webhook)
    }
}

fn task_types() -> TaskTypes {
    let own = [("probe", EffectClass::Read), ("order", EffectClass::Keyed), ("pay", EffectClass::Probeable)];
    own.into_iter().fold(TaskTypes::documented(), |types, (name, effect)| {
        types.with(name, Role::Producer).with_effect(name, effect)
    })
}

impl Limits {
    fn new(seed: u64) -> Self {
        let mut random = draw(seed, Stream::Limits, 0);
        let mut seconds = |once_in, choices: &[u64]| {
            random.once_in(once_in).then(|| Duration::from_secs(random.one_of(choices)))
        };
        let (attempt_timeout, node_timeout) = (seconds(2, &[2, 10]), seconds(4, &[8, 30]));
        let run_timeout = seconds(5, &[5, 20, 60]);
        Self {
            end_on_fail: random.once_in(2),
            attempts: random.one_of(&[1, 1, 2, 3]),
            crash_attempts: random.one_of(&[1, 2, 3, 3]),
            on_unknown: any_on_unknown(&mut random),
            attempt_timeout,
            node_timeout,
            run_timeout,
            max_concurrent: random.once_in(4).then(|| 1 + random.below(3)),
            slots: random.once_in(4).then(|| 1 + random.below(3) as usize),
            log_lines: 12,
            facts_bytes: (!random.once_in(4)).then_some(1_000),
        }
    }

    fn policy(&self) -> RunPolicy {
        let retry = RetryPolicy::default().max_attempts(self.attempts).max_wait(LONGEST_WAIT);
        let mut policy = RunPolicy::default().retry(retry).on_unknown(self.on_unknown);
        policy = policy.crash_attempts(self.crash_attempts).slots(self.slots.is_some());
        policy = policy.max_log_lines(self.log_lines);
        policy = policy.max_facts_bytes(self.facts_bytes.unwrap_or(1 << 20));
        policy.attempt_timeout = self.attempt_timeout;
        policy.node_timeout = self.node_timeout;
        policy.run_timeout = self.run_timeout;
        policy.max_concurrent = self.max_concurrent;
        policy
    }
}

fn any_on_unknown(random: &mut Random) -> OnUnknown {
    random.one_of(&[OnUnknown::Retry, OnUnknown::Retry, OnUnknown::Fail, OnUnknown::Pause])
}
