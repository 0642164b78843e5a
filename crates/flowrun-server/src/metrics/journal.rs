//! A journal of which everything that is written is counted, once it is on the disk.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use flowrun::{Commit, InPlaceWriter, Journal, JournalReader, NodeIx, NodeStatus, Record, Timestamp};

use super::{Metrics, seconds};

/// The journal of a run that is driven as long as this is there.
pub(super) struct MeteredJournal {
    journal: Box<dyn Journal>,
    metrics: Arc<Metrics>,
    /// Since when nodes wait for their turn or a slot.
    waiting: BTreeMap<NodeIx, Timestamp>,
}

/// What a decision adds to what is counted.
#[derive(Default)]
struct Counts {
    runs_started: u64,
    /// How the run ended.
    ended: Option<String>,
    attempts: [(&'static str, u64); 5],
    /// How long those waited that start now, in seconds.
    waits: Vec<f64>,
}

impl MeteredJournal {
    pub(super) fn new(journal: Box<dyn Journal>, metrics: Arc<Metrics>) -> Self {
        metrics.runs_driven.inc();
        Self { journal, metrics, waiting: BTreeMap::new() }
    }

    fn counts(&mut self, at: Timestamp, records: &[Record]) -> Counts {
        let [mut started, mut passed, mut failed, mut retried, mut lost] = [0; 5];
        let mut counts = Counts::default();
        for record in records {
            match record {
                Record::RunStarted => counts.runs_started += 1,
                Record::RunEnded { status, .. } => counts.ended = Some(status.to_string()),
                Record::NodeDue { node, .. } | Record::SlotRequested { node, .. } => {
                    self.waiting.entry(*node).or_insert(at);
                }
                Record::AttemptStarted { node, .. } => {
                    started += 1;
                    let since = self.waiting.remove(node).unwrap_or(at);
                    counts.waits.push(seconds(since, at));
                }
                Record::NodeEnded { status: NodeStatus::Passed, .. } => passed += 1,
                Record::NodeEnded { node, .. } => {
                    failed += 1;
                    self.waiting.remove(node);
                }
                Record::RetryScheduled { .. } => retried += 1,
                Record::AttemptLost { .. } => lost += 1,
                // Nothing of these is counted.
                _ => {}
            }
        }
        counts.attempts = [
            ("started", started),
            ("passed", passed),
            ("failed", failed),
            ("retried", retried),
            ("lost", lost),
        ];
        counts
    }

    /// Counts what is written, when it is.
    fn counted(&self, commit: Commit, counts: Counts, begun: Instant) -> Commit {
        match commit {
            Commit::Done(done) => {
                if done.is_ok() {
                    counts.add_to(&self.metrics, begun);
                }
                Commit::Done(done)
            }
            Commit::Pending(pending) => {
                let metrics = Arc::clone(&self.metrics);
                Commit::Pending(Box::pin(async move {
                    pending.await?;
                    counts.add_to(&metrics, begun);
                    Ok(())
                }))
            }
        }
    }
}

impl Counts {
    fn add_to(&self, metrics: &Metrics, begun: Instant) {
        metrics.commit.observe(begun.elapsed().as_secs_f64());
        metrics.runs_started.inc_by(self.runs_started);
        if let Some(status) = &self.ended {
            metrics.runs_ended.with_label_values(&[status]).inc();
        }
        for (outcome, count) in self.attempts.iter().filter(|(_, count)| *count > 0) {
            metrics.attempts.with_label_values(&[outcome]).inc_by(*count);
        }
        self.waits.iter().for_each(|wait| metrics.queue_wait.observe(*wait));
    }
}

impl Journal for MeteredJournal {
    fn append(&mut self, at: Timestamp, records: &mut Vec<Record>) -> Commit {
        let (counts, begun) = (self.counts(at, records), Instant::now());
        let commit = self.journal.append(at, records);
        self.counted(commit, counts, begun)
    }

    fn in_place(&mut self) -> Option<&mut dyn InPlaceWriter> {
        if self.journal.in_place().is_some() { Some(self) } else { None }
    }

    fn publish(&mut self) {
        self.journal.publish();
    }

    fn reader(&self) -> Arc<dyn JournalReader> {
        self.journal.reader()
    }
}

impl InPlaceWriter for MeteredJournal {
    fn append_in_place(&mut self, at: Timestamp, records: &mut Vec<Record>) -> Commit {
        let (counts, begun) = (self.counts(at, records), Instant::now());
        let commit = match self.journal.in_place() {
            Some(writer) => writer.append_in_place(at, records),
            None => self.journal.append(at, records),
        };
        self.counted(commit, counts, begun)
    }
}

impl Drop for MeteredJournal {
    fn drop(&mut self) {
        self.metrics.runs_driven.dec();
    }
}
