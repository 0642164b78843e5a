//! From the events of a run to what is worth telling.

use std::collections::BTreeMap;

use flowrun::{NodeStatus, ObjectStatus, Plan, Record, RunStatus};

use crate::render::{plain, plain_line};

/// The task types of the nodes of a plan, by their ids.
pub(crate) fn kinds(plan: &Plan) -> BTreeMap<String, String> {
    plan.flow().nodes().map(|node| (node.id().into_owned(), node.task_type().into_owned())).collect()
}

/// Turns events into news; remembers what each node is and how many of its objects are done.
#[derive(Debug)]
pub(crate) struct Teller {
    kinds: BTreeMap<String, String>,
    objects: BTreeMap<String, BTreeMap<String, ObjectStatus>>,
}

/// Something to tell, perhaps about a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct News {
    /// The node's id and task type, fit for a terminal.
    pub(crate) node: Option<String>,
    /// What happened.
    pub(crate) what: What,
}

/// What can happen to a node or a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A node's executor was called, not for the first time from attempt 2 on.
    Started { attempt: u32 },
    /// A line was logged.
    Said(String),
    /// So many of so many objects are done.
    Objects { done: usize, all: usize },
    /// The node ended.
    Ended { passed: bool },
    /// The node is never going to start, and why.
    Skipped(String),
    /// Another attempt follows.
    Waits,
    /// The run is being stopped, and why.
    Stopping(&'static str),
    /// The run is over.
    RunEnded(RunStatus),
    /// So many events were gone before they could be told.
    Lagged(u64),
}

impl Teller {
    /// Tells of a run whose nodes are of these [kinds].
    pub(crate) const fn new(kinds: BTreeMap<String, String>) -> Self {
        Self { kinds, objects: BTreeMap::new() }
    }

    /// The news in something that was decided, perhaps about a node of this id; `None` when it is nothing for people.
    pub(crate) fn tell(&mut self, node: Option<&str>, record: &Record) -> Option<News> {
        let what = self.what(node, record)?;
        Some(News { node: node.map(|id| self.name(id)), what })
    }

    fn what(&mut self, node: Option<&str>, record: &Record) -> Option<What> {
        Some(match record {
            Record::AttemptStarted { attempt, .. } => What::Started { attempt: attempt.number() },
            Record::Logged { message, .. } => What::Said(plain_line(message)),
            Record::Objects { objects, .. } => {
                let known = self.objects.entry(node.unwrap_or_default().to_owned()).or_default();
                for object in objects.iter() {
                    let entry = &object.entry;
                    let key = entry.track_id.as_deref().or(entry.fact_id()).unwrap_or_default();
                    known.insert(key.to_owned(), entry.status);
                }
                let done = known.values().filter(|status| status.is_terminal()).count();
                What::Objects { done, all: known.len() }
            }
            Record::NothingToSend { .. } => What::Said("nothing to send".to_owned()),
            Record::RetryScheduled { .. } => What::Waits,
            Record::NodeEnded { status, .. } => What::Ended { passed: *status == NodeStatus::Passed },
            Record::NodeSkipped { .. } => What::Skipped("nothing leads here".to_owned()),
            Record::CancelRequested => What::Stopping("cancelled"),
            Record::RunTimedOut => What::Stopping("timed out"),
            Record::RunEnded { status, .. } => What::RunEnded(*status),
            // How it was decided is for `explain`, not for those who watch.
            _ => return None,
        })
    }

    /// A node as it is shown: `1 scan`.
    fn name(&self, id: &str) -> String {
        match self.kinds.get(id).map(String::as_str) {
            None | Some("") => plain(id),
            Some(kind) => format!("{} {}", plain(id), plain(kind)),
        }
    }
}

impl What {
    /// The words for it.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Started { attempt: 1 } => "started".to_owned(),
            Self::Started { attempt } => format!("started, attempt {attempt}"),
            Self::Said(line) => line.clone(),
            Self::Objects { done, all } if done < all => format!("{done} of {all} objects done"),
            // A node that is handed objects reports each when it is done: how many are to come is not known.
            Self::Objects { done: 1, .. } => "1 object done".to_owned(),
            Self::Objects { done, .. } => format!("{done} objects done"),
            Self::Ended { passed: true } => "passed".to_owned(),
            Self::Ended { passed: false } => "failed".to_owned(),
            Self::Skipped(why) => format!("skipped: {why}"),
            Self::Waits => "failed for now, waits for another attempt".to_owned(),
            Self::Stopping(why) => format!("the run is {why}, stopping"),
            Self::RunEnded(status) => format!("run {status}"),
            Self::Lagged(count) => format!("{count} events went by too fast to be shown"),
        }
    }
}

impl News {
    /// One line, such as `[1 scan] started`.
    pub(crate) fn line(&self) -> String {
        match &self.node {
            Some(node) => format!("[{node}] {}", self.what.words()),
            None => self.what.words(),
        }
    }
}

#[cfg(test)]
mod tests {
    use flowrun::{Attempt, Flow, NodeIx, NodeSpec, ObjectEntry, ObjectReport, TaskTypes};

    use super::*;

    fn told(records: Vec<Record>) -> Vec<String> {
        let flow = Flow::builder().node(NodeSpec::new("1\u{1b}", "scan")).build().unwrap();
        let plan = Plan::new(&flow, &TaskTypes::documented()).unwrap();
        let mut teller = Teller::new(kinds(&plan));
        let news = records.iter().filter_map(|record| {
            let node = record.node().map(|node| plan.node_id(node));
            teller.tell(node.as_deref(), record)
        });
        news.map(|news| news.line()).collect()
    }

    fn started(node: NodeIx, attempt: Attempt) -> Record {
        Record::AttemptStarted { node, attempt, deadline: None, possible_duplicate: false }
    }

    #[test]
    fn a_run_is_told_from_start_to_end() {
        let (node, attempt) = (NodeIx::new(0), Attempt::FIRST);
        let objects = |status, ids: &[&str]| {
            let entries = ids.iter().map(|id| ObjectEntry::new("p", *id).with_status(status));
            let objects = entries.map(|entry| ObjectReport { entry, facts: None }).collect();
            Record::Objects { node, objects }
        };
        let lines = told(vec![
            Record::RunStarted,
            started(node, attempt),
            objects(ObjectStatus::Working, &["a", "b"]),
            objects(ObjectStatus::Failed, &["a"]),
            Record::Logged { node, message: "line\nwith \u{1b}[2J".into() },
            started(node, attempt.next()),
            Record::NodeEnded { node, attempt, status: NodeStatus::Failed, flaky: false },
            Record::RunEnded { status: RunStatus::Failed, step: node },
        ]);
        insta::assert_snapshot!(lines.join("\n"), @r#"
        [1\u{1b} scan] started
        [1\u{1b} scan] 0 of 2 objects done
        [1\u{1b} scan] 1 of 2 objects done
        [1\u{1b} scan] line\nwith \u{1b}[2J
        [1\u{1b} scan] started, attempt 2
        [1\u{1b} scan] failed
        run failed
        "#);
    }

    #[test]
    fn a_gap_is_told() {
        let news = News { node: None, what: What::Lagged(3) };
        assert_eq!(news.line(), "3 events went by too fast to be shown");
    }
}
