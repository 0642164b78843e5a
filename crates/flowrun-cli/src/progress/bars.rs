//! Progress on a terminal: one spinner for each node that works, a line for each that has ended.

use std::collections::BTreeMap;
use std::time::Duration;

use flowrun::{NodeStatus, ObjectReport, ObjectStatus, Record, RunEvent, RunUpdate};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::render::plain;

/// How often spinners turn.
const TICK: Duration = Duration::from_millis(100);

/// The spinners of the nodes that work.
pub(super) struct Bars {
    all: MultiProgress,
    /// By the ids of their nodes.
    working: BTreeMap<String, Bar>,
    style: ProgressStyle,
}

/// The spinner of a node, and how far its objects are.
struct Bar {
    spinner: ProgressBar,
    objects: Objects,
}

impl Bars {
    pub(super) fn new(colour: bool) -> Self {
        let template =
            if colour { "{spinner:.cyan} {prefix} {wide_msg:.dim}" } else { "{spinner} {prefix} {wide_msg}" };
        let style = ProgressStyle::with_template(template).expect("the templates above are well-formed");
        Self { all: MultiProgress::new(), working: BTreeMap::new(), style }
    }

    /// Shows what comes next, with `why` behind it.
    pub(super) fn show(&mut self, update: &RunUpdate, why: &str) {
        let RunUpdate::Event(RunEvent { node: Some(node), task_type, record, .. }) = update else {
            return self.line(&format!("{update}{why}"));
        };
        let name = || match task_type {
            Some(task_type) => format!("{} {}", plain(node), plain(task_type)),
            None => plain(node),
        };
        let mark = match record {
            Record::NodeEnded { status: NodeStatus::Passed, .. } => "✔",
            Record::NodeEnded { .. } => "✘",
            Record::NodeSkipped { .. } => "–",
            Record::AttemptStarted { .. } if !self.working.contains_key(node) => {
                let spinner = self.all.add(ProgressBar::new_spinner().with_style(self.style.clone()));
                spinner.set_prefix(name());
                spinner.enable_steady_tick(TICK);
                self.working.insert(node.clone(), Bar { spinner, objects: Objects::default() });
                return;
            }
            // The spinner of an attempt that failed for now goes on with the next.
            _ => return self.message(node, record),
        };
        if let Some(bar) = self.working.remove(node) {
            bar.spinner.finish_and_clear();
        }
        self.line(&format!("{mark} {} {record}{why}", name()));
    }

    fn message(&mut self, node: &str, record: &Record) {
        let Some(bar) = self.working.get_mut(node) else { return };
        let message = match record {
            Record::Objects { objects, .. } => bar.objects.after(objects),
            other => other.to_string(),
        };
        bar.spinner.set_message(message);
    }

    /// Prints a line above the spinners.
    fn line(&self, line: &str) {
        // There is no third place to complain in when standard error is gone.
        let _ = self.all.println(line);
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        // Nothing to do about a terminal that is gone.
        let _ = self.all.clear();
    }
}

/// How far the objects of a node are.
#[derive(Default)]
struct Objects(BTreeMap<String, ObjectStatus>);

impl Objects {
    /// Takes in a report and says how many are done.
    fn after(&mut self, reports: &[ObjectReport]) -> String {
        for ObjectReport { entry, .. } in reports {
            let key = entry.track_id.as_deref().or(entry.fact_id()).unwrap_or_default();
            self.0.insert(key.to_owned(), entry.status);
        }
        let done = self.0.values().filter(|status| status.is_terminal()).count();
        match (done, self.0.len()) {
            (done, all) if done < all => format!("{done} of {all} objects done"),
            // A node that is handed objects reports each when it is done: how many are to come is not known.
            (1, _) => "1 object done".to_owned(),
            (done, _) => format!("{done} objects done"),
        }
    }
}

#[cfg(test)]
mod tests {
    use flowrun::ObjectEntry;

    use super::*;

    #[test]
    fn a_spinner_counts_the_objects_of_its_node() {
        let report = |id: &str, status| ObjectReport {
            entry: ObjectEntry::new("p", id).with_status(status),
            facts: None,
        };
        let mut objects = Objects::default();
        let both = ["a", "b"].map(|id| report(id, ObjectStatus::Working));
        assert_eq!(objects.after(&both), "0 of 2 objects done");
        assert_eq!(objects.after(&[report("a", ObjectStatus::Failed)]), "1 of 2 objects done");
        assert_eq!(objects.after(&[report("b", ObjectStatus::Passed)]), "2 objects done");
        assert_eq!(Objects::default().after(&[report("a", ObjectStatus::Passed)]), "1 object done");
    }
}
