//! A run as the wire shows it.

use super::Run;
use crate::RunStatus;
use crate::model::json::{ObjectWriter, overlay, to_json};
use crate::model::{FlowRun, LogEntry, NodeIx, Timestamp, Top};
use crate::run::Phase;

/// The colour of an edge whose target is at work.
const BLUE: &str = r##"{"stroke":"#60a5fa"}"##;

impl Run {
    /// The run as the documented object.
    ///
    /// # Complexity
    ///
    /// O(nodes + edges + log lines), reading the flow's document once.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "a run is written as what is read")]
    pub fn to_flow_run(&self) -> FlowRun {
        FlowRun::from_own_json(self.to_json()).expect("a run is written as what is read")
    }

    /// The text of the documented object.
    #[must_use]
    pub fn to_json(&self) -> String {
        let document = &self.plan.flow().document;
        let (nodes, edges) = document.elements();
        let mut out = String::with_capacity(document.text().len() + 1024);
        let mut run = ObjectWriter::start(&mut out);
        run.text("id", &self.spec.id.to_string());
        for (key, name) in [(Top::User, "user"), (Top::Account, "account")] {
            if let Some(value) = document.top_text(key) {
                run.text(name, &value);
            }
        }
        if let Some(flow) = document.top_text(Top::Id) {
            run.text("flow", &flow);
        }
        run.text("time_created", &self.spec.created.rfc3339());
        run.member("title", document.top(Top::Title).unwrap_or("null"));
        write_array(run.key("nodes"), nodes.iter().enumerate(), |out, (index, raw)| {
            self.write_node(out, NodeIx::new(index), raw.get())
        });
        write_array(run.key("edges"), edges.iter().enumerate(), |out, (index, raw)| {
            self.write_edge(out, index, raw.get())
        });
        run.text("status", &self.status().to_string());
        let completed = self.completed.map_or_else(|| "null".to_owned(), |at| to_json(&at));
        run.member("time_completed", &completed);
        run.member("logs", &to_json(&self.logs()));
        run.text("site", self.spec.site.id());
        run.member("configs", self.spec.configs_json());
        run.end();
        out
    }

    fn write_node(&self, out: &mut String, node: NodeIx, raw: &str) {
        let time = |at: Option<Timestamp>| match at {
            Some(at) => to_json(&at.naive()),
            None => "null".to_owned(),
        };
        let mut data = String::new();
        overlay(
            &mut data,
            self.plan.node(node).data(),
            &[
                ("status", &to_json(&self.node_status(node))),
                ("finalized", &to_json(&self.nodes.state(node).is_finalized())),
                ("time_started", &time(self.nodes.started(node).map(|(at, _)| at))),
                ("time_completed", &time(self.nodes.completed(node))),
                ("objects", &to_json(self.objects(node))),
            ],
        );
        overlay(out, raw, &[("data", &data)]);
    }

    /// An edge is animated while its target is at work, if it is one of those that started it.
    fn write_edge(&self, out: &mut String, index: usize, raw: &str) {
        let (source, target) = self.plan.edges()[index];
        let animated = self.open_attempt(target).is_some() && self.is_taken(source, target);
        let style = if animated { BLUE } else { "null" };
        overlay(out, raw, &[("animated", if animated { "true" } else { "false" }), ("style", style)]);
    }

    /// The log as the wire sorts it: by step (integers by value, then others by their first line), within a
    /// step as it came.
    #[must_use]
    pub fn logs(&self) -> Vec<LogEntry> {
        let mut lines = self.lines();
        let mut first_seq = std::collections::BTreeMap::new();
        for line in &lines {
            let first = first_seq.entry(line.entry.step.clone()).or_insert(line.seq);
            *first = (*first).min(line.seq);
        }
        lines.sort_by_cached_key(|line| {
            let number = line.entry.step.parse::<i128>().ok();
            let group = number.map_or((1, i128::from(first_seq[&line.entry.step])), |number| (0, number));
            (group, line.seq)
        });
        lines.into_iter().map(|line| line.entry).collect()
    }

    /// The line of a node's start.
    pub(super) fn starting_line(&self, node: NodeIx) -> String {
        let task_type = self.plan.node(node).task_type().to_uppercase();
        format!("starting job ID: {} | job type is [ {task_type} ]", self.plan.node_id(node))
    }

    /// Every line with its place in the order they were written.
    fn lines(&self) -> Vec<OrderedLine> {
        let line = |seq, at, message: String, step: &str| OrderedLine {
            seq,
            entry: LogEntry { timestamp: at, message, step: step.to_owned() },
        };
        let start = format!("system starting up for run_id: {}", self.spec.id);
        let mut lines = vec![line(0, self.spec.created, start, "1")];
        for node in self.plan.node_ixs() {
            let (started, detail) = (self.nodes.started(node), self.nodes.detail(node));
            if started.is_none() && detail.is_none() {
                continue;
            }
            let step = self.plan.node_id(node);
            if let Some((at, seq)) = started {
                lines.push(line(seq, at, self.starting_line(node), &step));
            }
            let own = detail.map_or(&[][..], |detail| &detail.lines);
            lines.extend(own.iter().map(|own| line(own.seq, own.at, own.message.to_string(), &step)));
        }
        if let (Phase::Over(status), Some(at), Some(last)) = (self.phase, self.completed, self.last_finalized)
        {
            lines.push(line(u32::MAX, at, closing_line(status), &self.plan.node_id(last)));
        }
        lines
    }
}

struct OrderedLine {
    seq: u32,
    entry: LogEntry,
}

pub(super) fn closing_line(status: RunStatus) -> String {
    let word = match status {
        RunStatus::Passed => "✅ PASSED",
        RunStatus::Cancelled => "⏹ CANCELLED",
        RunStatus::Failed | RunStatus::Working => "❌ FAILED",
    };
    format!("flowrun completed with status: {word}")
}

fn write_array<T>(out: &mut String, items: impl Iterator<Item = T>, write: impl Fn(&mut String, T)) {
    out.push('[');
    for (place, item) in items.enumerate() {
        if place > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(']');
}
