//! Updates of tasks in the model: section 3.4, and what the design says of the end of a node.

use std::collections::BTreeMap;

use serde_json::Value;

use super::entries::merge;
use super::run::{Model, Raised, Status};
use crate::case::Update;

impl Model<'_> {
    /// Applies the updates in the order of the script.
    pub(super) fn play_script(&mut self) {
        let mut next: BTreeMap<&str, usize> = BTreeMap::new();
        for id in &self.case.script.order {
            let place = next.entry(id).or_default();
            let updates = self.case.script.nodes.get(id).map_or(&[][..], Vec::as_slice);
            let Some(update) = updates.get(*place) else { continue };
            *place += 1;
            let is_last = *place == updates.len();
            self.complete.extend(update.completes.iter().cloned());
            if self.state.closed.is_some() {
                continue;
            }
            // An exception rolls the whole update back, and nothing follows from it.
            let before = self.state.clone();
            match self.update(id, update, is_last) {
                Ok(()) => self.advance(),
                Err(Raised) => self.state = before,
            }
        }
    }

    fn update(&mut self, id: &str, update: &Update, is_last: bool) -> Result<(), Raised> {
        let node = match &update.node_index {
            Some(index) => {
                Some(read_index(index).filter(|index| *index < self.state.nodes.len()).ok_or(Raised)?)
            }
            None if id == "run" => None,
            None => Some(self.state.find(id).ok_or(Raised)?),
        };
        if let Some(node) = node {
            self.update_node(node, update, is_last);
            if self.conduct.unlinked_raises && node > 0 && self.state.edges_into(node).next().is_none() {
                return Err(Raised);
            }
        }
        let Some(message) = update.message.as_deref().filter(|message| !message.is_empty()) else {
            return Ok(());
        };
        // The original takes the number 0 for no index, but not the text "0".
        let is_numeric = update.node_index.as_ref().is_none_or(Value::is_number);
        let step = match node {
            Some(0) if self.conduct.first_node_borrows_step && is_numeric => self.state.log.last_step(),
            Some(node) => self.state.nodes[node].id.clone(),
            None => self.state.log.last_step(),
        };
        self.add_message(&step, message)
    }

    fn update_node(&mut self, place: usize, update: &Update, is_last: bool) {
        let conduct = self.conduct;
        let node = &mut self.state.nodes[place];
        let objects = update.objects.as_deref().unwrap_or_default();
        let stated = update.node_status.as_deref().map(Status::read);
        let says_nothing = objects.is_empty() && stated.is_none();
        let is_taken = node.status == Status::Working
            || if says_nothing { conduct.messages_end_nodes } else { conduct.takes_late_updates };
        if !is_taken {
            return;
        }
        if !objects.is_empty() {
            merge(&mut node.objects, objects, conduct.statuses_move_back);
        }
        let works = node.has_entry("working");
        let is_final = stated.is_some_and(Status::is_final);
        node.stated_failure |= stated == Some(Status::Failed);
        let end = if says_nothing {
            (conduct.messages_end_nodes && !works).then(|| node.status_by_entries())
        } else if conduct.statuses_end_nodes {
            match stated {
                Some(status) => is_final.then_some(status),
                None => (!works).then(|| node.status_by_entries()),
            }
        } else {
            // The task returns: when nothing of it works any more, or with its last word.
            let has_returned = !works && (is_final || !node.objects.is_empty()) || is_last && is_final;
            has_returned.then(|| match node.stated_failure {
                true => Status::Failed,
                false if works => Status::Passed,
                false => node.status_by_entries(),
            })
        };
        match end {
            Some(status) => self.state.end(place, status),
            None if says_nothing && !conduct.messages_end_nodes => {}
            None => {
                node.status = Status::Working;
                // A status that is given leaves the time of the end as it was.
                if stated.is_none() {
                    node.completed = None;
                }
            }
        }
    }

    fn add_message(&mut self, step: &str, message: &str) -> Result<(), Raised> {
        if self.conduct.splits_messages {
            for piece in message.split(',').filter(|piece| !piece.is_empty()) {
                self.add_line(step, piece)?;
            }
            Ok(())
        } else {
            self.add_line(step, message)
        }
    }

    pub(super) fn add_line(&mut self, step: &str, message: &str) -> Result<(), Raised> {
        self.state.log.add(step, message);
        if self.conduct.ids_are_integers { self.state.log.check_integers() } else { Ok(()) }
    }
}

/// A place given as a number or as its text.
fn read_index(index: &Value) -> Option<usize> {
    match index {
        Value::String(text) => text.trim().parse().ok(),
        index => usize::try_from(index.as_u64()?).ok(),
    }
}
