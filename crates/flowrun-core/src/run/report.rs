//! What executors report while they work.

use super::entry_list::EntryList;
use super::excess::most_reports;
use super::{Command, Record, Run, State};
use crate::model::{Attempt, Facts, NodeIx, ObjectEntry, Timestamp, fit_line};
use crate::plan::Role;
use crate::task::{ObjectReport, Report};

impl Run {
    pub(super) fn on_reported(&mut self, at: Timestamp, node: NodeIx, attempt: Attempt, report: Report) {
        match report {
            // A line is a line, whatever became of the node meanwhile.
            Report::Log(message) => self.log_reported(at, node, &message),
            Report::Objects(objects) => match self.nodes.state(node) {
                State::Working(current) if current == attempt => self.register(at, node, attempt, objects),
                // The attempt was ended by its deadline or by a stop while this report was on its way.
                State::Working(_)
                | State::Waiting(_)
                | State::Due(_)
                | State::Asking(_)
                | State::Passed { .. }
                | State::Failed { .. } => {
                    self.note_late(at, node, attempt);
                }
                State::Queued { .. } | State::Skipped | State::Reached { .. } => unreachable!("not admitted"),
            },
        }
    }

    fn register(&mut self, at: Timestamp, node: NodeIx, attempt: Attempt, mut objects: Vec<ObjectReport>) {
        if let Err(limit) = self.spec.policy.size_of(&objects) {
            return self.on_limit_broken(at, node, attempt, &limit.to_string());
        }
        objects.iter_mut().for_each(|report| report.entry.fill_track_id());
        let was_over = self.is_over_limit(node);
        while !objects.is_empty() {
            // No more at a time than there is room for: only then it is known which of them are new.
            let room = self.spec.policy.max_objects.saturating_sub(self.objects(node).len());
            let rest = if 0 < room && room < objects.len() { objects.split_off(room) } else { Vec::new() };
            self.sift(node, &mut objects, room > 0);
            if !objects.is_empty() {
                self.put(at, Record::Objects { node, objects: objects.into() });
            }
            objects = rest;
        }
        if self.is_over_limit(node) && !was_over {
            self.log_dropped(at, node);
        }
    }

    /// The attempt brought more than the host takes. Another one would bring it again.
    pub(super) fn on_limit_broken(&mut self, at: Timestamp, node: NodeIx, attempt: Attempt, limit: &str) {
        // One that was told to stop is ended for that reason.
        if !self.is_at_work(node, attempt) || self.is_stopping() {
            return;
        }
        self.commands.push(Command::Stop { node, attempt });
        self.log(at, node, &format!("stopped: {limit}"));
        self.give_up(at, node, attempt);
    }

    /// Leaves of a report what changes something: neither what is known already, nor what is past a limit. The first
    /// entry that is stays, because a run changes through records alone: it is what makes the node fail.
    fn sift(&mut self, node: NodeIx, objects: &mut Vec<ObjectReport>, has_room: bool) {
        let Self { nodes, facts, excess, .. } = self;
        let (none, most) = (EntryList::default(), most_reports(self.spec.policy.max_objects));
        let (list, mut is_over) =
            nodes.detail(node).map_or((&none, false), |detail| (&detail.objects, detail.over_limit));
        let mut left = most.saturating_sub(list.merged());
        objects.retain(|ObjectReport { entry, facts: told }| {
            let known = list.find(entry);
            let is_news = |known: &ObjectEntry| {
                let knows = |new: &Facts| known.fact_id().is_some_and(|id| facts.get(id) == Some(new));
                known.is_changed_by(entry) || told.as_ref().is_some_and(|new| !knows(new))
            };
            if !known.is_none_or(is_news) {
                return false;
            }
            if known.is_none() && !has_room {
                excess.of(node).objects += 1;
            } else if left == 0 {
                excess.of(node).reports += 1;
            } else {
                left -= 1;
                return true;
            }
            !std::mem::replace(&mut is_over, true)
        });
    }

    /// Says that the node was handed more than it may have, when it starts.
    #[inline(always)]
    pub(super) fn log_over_limit(&mut self, at: Timestamp, node: NodeIx, attempt: Attempt) {
        // Most nodes are handed nothing, and looking at what else is known of one costs a miss of the cache.
        let takes_objects = self.plan.role(node).is_some_and(Role::takes_objects);
        if takes_objects && attempt.number() == 1 && self.is_over_limit(node) {
            self.log_dropped(at, node);
        }
    }

    fn log_dropped(&mut self, at: Timestamp, node: NodeIx) {
        let limit = self.spec.policy.max_objects;
        self.log(at, node, &format!("more than {limit} objects: the rest is dropped"));
    }

    fn is_over_limit(&self, node: NodeIx) -> bool {
        self.nodes.detail(node).is_some_and(|detail| detail.over_limit)
    }

    /// Adds an executor's line to the node's log. Past the limit one line says so, and the rest is dropped.
    fn log_reported(&mut self, at: Timestamp, node: NodeIx, message: &str) {
        let message = &fit_line(message, self.spec.policy.max_line_bytes);
        let limit = self.spec.policy.max_log_lines;
        let lines = self.nodes.detail(node).map_or(&[][..], |detail| &detail.lines);
        // Past the limit stand only that line and the few the run writes itself.
        let Some(past) = lines.get(limit..) else { return self.log(at, node, message) };
        let last = format!("more than {limit} log lines: the rest is dropped");
        let is_told = past.iter().any(|line| *line.message == *last);
        if self.open_attempt(node).is_some() {
            self.excess.of(node).lines += 1;
        }
        if !is_told {
            self.log(at, node, &last);
        }
    }

    /// Adds a line of the run's own to the node's log. There are few of them, and they say why a node ended
    /// as it did, so no limit drops them.
    pub(super) fn log(&mut self, at: Timestamp, node: NodeIx, message: &str) {
        self.put(at, Record::Logged { node, message: message.into() });
    }
}
