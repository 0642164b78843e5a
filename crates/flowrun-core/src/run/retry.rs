//! What becomes of an attempt that failed, or of which nobody knows how it ended.

use std::time::Duration;

use super::size::json_size;
use super::{Command, Record, RetryPolicy, Run, Timer};
use crate::model::{Attempt, NodeIx, NodeStatus, ObjectStatus, Timestamp, fit_line};
use crate::plan::{EffectClass, OnUnknown, Role};
use crate::task::{ErrorClass, Failure, ObjectReport};

impl Run {
    /// The attempt failed: another one follows if the failure may pass and attempts are left.
    pub(super) fn fail_attempt(&mut self, at: Timestamp, node: NodeIx, attempt: Attempt, failure: Failure) {
        if let Some(message) = &failure.message {
            self.log(at, node, &fit_line(message, self.spec.policy.max_line_bytes));
        }
        let is_passing = failure.class.is_transient() || failure.class.is_unsure();
        if !is_passing {
            return self.end_node(at, node, attempt, NodeStatus::Failed);
        }
        if !self.is_open() {
            return self.give_up_on(at, node, attempt, &failure);
        }
        let is_unsure = failure.class.is_unsure() && self.plan.effect(node) != EffectClass::Read;
        match self.on_unknown(node) {
            OnUnknown::Fail if is_unsure => self.end_unknown(at, node, attempt),
            OnUnknown::Pause if is_unsure => self.hold(at, node, attempt.next()),
            OnUnknown::Fail | OnUnknown::Pause | OnUnknown::Retry => self.retry(at, node, attempt, &failure),
        }
    }

    fn retry(&mut self, at: Timestamp, node: NodeIx, attempt: Attempt, failure: &Failure) {
        let retry = self.retry_policy(node);
        if self.spent(node, attempt) >= retry.max_attempts || attempt.is_last() {
            return self.give_up_on(at, node, attempt, failure);
        }
        let seed = self.spec.id.seed(&format!("retry\0{}\0{attempt}", self.plan.node_id(node)));
        let Some(wait) = retry.wait_after(attempt, failure.retry_after, seed) else {
            let asked = failure.retry_after.unwrap_or_default().as_secs_f64();
            let longest = retry.longest_asked().as_secs_f64();
            let why = format!("not tried again: asked to wait {asked} s, the longest wait is {longest} s");
            self.log(at, node, &why);
            return self.give_up_on(at, node, attempt, failure);
        };
        self.tell_dropped(at, node);
        let not_before = at.after(wait);
        let attempt = attempt.next();
        self.put(at, Record::RetryScheduled { node, attempt, class: failure.class, not_before });
        self.commands.push(Command::SetTimer { timer: Timer::Retry { node, attempt }, at: not_before });
    }

    /// Nobody can know whether the effect happened, and it must not be repeated.
    pub(super) fn end_unknown(&mut self, at: Timestamp, node: NodeIx, attempt: Attempt) {
        self.log(at, node, "not tried again: whether it had its effect is not known");
        self.give_up(at, node, attempt);
    }

    /// No attempt follows the one that failed like this.
    fn give_up_on(&mut self, at: Timestamp, node: NodeIx, attempt: Attempt, failure: &Failure) {
        if failure.class == ErrorClass::Partial && self.plan.role(node) != Some(Role::Receiver) {
            self.fail_objects_left(at, node);
        }
        self.give_up(at, node, attempt);
    }

    /// No attempt follows though another one might have helped: what was left for it, by a receiver or by who did a
    /// part, has failed.
    pub(super) fn give_up(&mut self, at: Timestamp, node: NodeIx, attempt: Attempt) {
        if self.plan.role(node) == Some(Role::Receiver) || self.goes_on(node) {
            self.fail_objects_left(at, node);
        }
        self.end_node(at, node, attempt, NodeStatus::Failed);
    }

    /// Marks as failed what a receiver has not done, as far as the decision has room for it.
    fn fail_objects_left(&mut self, at: Timestamp, node: NodeIx) {
        let (mut room, mut unmarked) = (self.room, 0);
        let mut left = Vec::new();
        for entry in self.objects(node).iter().filter(|entry| !entry.status.is_terminal()) {
            let entry = entry.bare().with_status(ObjectStatus::Failed);
            match json_size(&entry, room) {
                Some(size) => {
                    room -= size;
                    left.push(ObjectReport { entry, facts: None });
                }
                None => unmarked += 1,
            }
        }
        self.room = room;
        if !left.is_empty() {
            self.put(at, Record::Objects { node, objects: left.into() });
        }
        if unmarked > 0 {
            let limit = self.spec.policy.max_decision_bytes;
            let why = format!("a decision has at most {limit} bytes (`max_decision_bytes`)");
            self.log(at, node, &format!("{unmarked} objects failed without being marked so: {why}"));
        }
    }

    /// The node waits for a person; `attempt` is the one that is to start then.
    pub(super) fn hold(&mut self, at: Timestamp, node: NodeIx, attempt: Attempt) {
        self.tell_dropped(at, node);
        self.log(at, node, "waits to be resumed: whether it had its effect is not known");
        self.put(at, Record::NodeHeld { node, attempt });
    }

    pub(super) fn on_retry_due(&mut self, at: Timestamp, node: NodeIx, attempt: Attempt) {
        let is_held = self.detours.get(node).is_some_and(|detour| detour.is_held);
        if self.nodes.state(node) != super::State::Waiting(attempt) || is_held || !self.is_open() {
            return;
        }
        if self.is_node_overdue(at, node) {
            self.end_overdue(at, node, attempt);
        } else {
            self.start_attempt(at, node, attempt);
        }
    }

    /// How long one attempt of the node may take; `None` for as long as it likes.
    #[must_use]
    #[inline]
    pub fn attempt_timeout(&self, node: NodeIx) -> Option<Duration> {
        let own = self.plan.settings(node).and_then(|settings| settings.attempt_timeout);
        own.or(self.spec.policy.attempt_timeout)
    }

    /// What happens when nobody can know whether an attempt of the node had its effect.
    #[must_use]
    pub fn on_unknown(&self, node: NodeIx) -> OnUnknown {
        let own = self.plan.settings(node).and_then(|settings| settings.on_unknown);
        own.unwrap_or(self.spec.policy.on_unknown)
    }

    /// How long all attempts of a visit may take together.
    #[inline]
    pub(super) fn node_timeout(&self, node: NodeIx) -> Option<Duration> {
        let own = self.plan.settings(node).and_then(|settings| settings.node_timeout);
        own.or(self.spec.policy.node_timeout)
    }

    pub(super) fn retry_policy(&self, node: NodeIx) -> RetryPolicy {
        let mut policy = self.spec.policy.retry.clone();
        let Some(settings) = self.plan.settings(node) else { return policy };
        if let Some(retries) = settings.retries {
            policy.max_attempts = u32::from(retries) + 1;
        }
        policy.first_wait = settings.retry_wait.unwrap_or(policy.first_wait);
        policy.max_wait = settings.retry_max_wait.unwrap_or(policy.max_wait);
        policy
    }

    /// Whether an earlier attempt of the visit did a part that the next ones go on with.
    #[inline]
    pub(super) fn goes_on(&self, node: NodeIx) -> bool {
        self.detours.get(node).is_some_and(|detour| detour.goes_on)
    }

    /// Whether an earlier attempt of the visit may have had its effect without anybody knowing.
    #[inline]
    pub(super) fn is_possible_duplicate(&self, node: NodeIx) -> bool {
        self.detours.get(node).is_some_and(|detour| detour.is_unsure)
            && self.plan.effect(node) != EffectClass::Read
    }

    /// Whether the executor is to find out first if an earlier attempt had its effect. Not when a person has
    /// decided that already.
    #[must_use]
    #[inline]
    pub fn is_probed_first(&self, node: NodeIx) -> bool {
        self.is_possible_duplicate(node)
            && self.plan.effect(node) == EffectClass::Probeable
            && self.detours.get(node).is_some_and(|detour| !detour.is_released)
    }
}

impl ErrorClass {
    /// Whether the effect may have happened all the same.
    pub(super) const fn is_unsure(self) -> bool {
        matches!(self, Self::Unknown | Self::Timeout)
    }
}
