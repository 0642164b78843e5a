//! What is counted and measured, for Prometheus.
//!
//! Everything about runs is taken from the one place that everything passes: the store, which is [`Metered`] on its way to
//! the engine. Labels have few values that are known beforehand; nothing of a flow, an account or a caller is one.

mod journal;

use std::sync::Arc;
use std::time::Duration;

use flowrun::{
    Journal, JournalReader, Maintenance, NewRun, Opened, Retention, RunFilter, RunId, RunSummary, Store,
    StoreError, Timestamp,
};
use prometheus::{
    Encoder as _, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

use journal::MeteredJournal;

/// What is counted and measured since the server was opened.
pub(crate) struct Metrics {
    registry: Registry,
    runs_started: IntCounter,
    runs_ended: IntCounterVec,
    runs_driven: IntGauge,
    attempts: IntCounterVec,
    queue_wait: Histogram,
    commit: Histogram,
    pub(crate) event_lag: Histogram,
    pub(crate) event_streams: IntGauge,
}

/// How runs end.
const STATUSES: [&str; 3] = ["passed", "failed", "cancelled"];

/// What becomes of attempts.
const OUTCOMES: [&str; 5] = ["started", "passed", "failed", "retried", "lost"];

impl Metrics {
    /// # Panics
    ///
    /// Never: the names are good ones, and each is there once.
    pub(crate) fn new() -> Self {
        let registry = Registry::new();
        macro_rules! registered {
            ($metric:expr) => {{
                let metric = $metric.expect("the name is a good one");
                registry.register(Box::new(metric.clone())).expect("each name is there once");
                metric
            }};
        }
        let histogram = |name: &str, help: &str, buckets: &[f64]| {
            Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))
        };
        let this = Self {
            runs_started: registered!(IntCounter::new(
                "flowrun_runs_started_total",
                "Runs that were started."
            )),
            runs_ended: registered!(IntCounterVec::new(
                Opts::new("flowrun_runs_ended_total", "Ends of runs, by how they ended."),
                &["status"],
            )),
            runs_driven: registered!(IntGauge::new("flowrun_runs_driven", "Open runs that are driven now.")),
            attempts: registered!(IntCounterVec::new(
                Opts::new("flowrun_attempts_total", "Attempts of nodes, by what became of them."),
                &["outcome"],
            )),
            queue_wait: registered!(histogram(
                "flowrun_queue_wait_seconds",
                "How long attempts waited for their turn or a slot.",
                &[0.0, 0.001, 0.01, 0.1, 1.0, 10.0, 60.0, 600.0],
            )),
            commit: registered!(histogram(
                "flowrun_commit_seconds",
                "How long decisions took to be on the disk.",
                &[0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0],
            )),
            event_lag: registered!(histogram(
                "flowrun_event_lag_seconds",
                "How long after their decision events were sent to those who watch a run as it happens.",
                &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0],
            )),
            event_streams: registered!(IntGauge::new(
                "flowrun_event_streams",
                "Streams of events that are open now."
            )),
            registry,
        };
        // So that each is there from the beginning, with 0: a rate over the first one would miss it.
        STATUSES.iter().for_each(|status| drop(this.runs_ended.with_label_values(&[status])));
        OUTCOMES.iter().for_each(|outcome| drop(this.attempts.with_label_values(&[outcome])));
        this
    }

    /// All of it as Prometheus reads it, and the type of that text.
    pub(crate) fn text(&self) -> (String, String) {
        let encoder = TextEncoder::new();
        let text = encoder.encode_to_string(&self.registry.gather()).unwrap_or_default();
        (text, encoder.format_type().to_owned())
    }

    /// An event was sent to somebody who watches its run as it happens.
    pub(crate) fn sent(&self, decided: Timestamp) {
        let now = flowrun::Clock::now(&flowrun::SystemClock::new());
        self.event_lag.observe(seconds(decided, now));
    }
}

/// The time from one moment to another; none when a clock was set back meanwhile.
fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    let micros = to.as_micros().saturating_sub(from.as_micros());
    Duration::from_micros(u64::try_from(micros).unwrap_or(0)).as_secs_f64()
}

/// A store of which everything that is written is counted.
pub(crate) struct Metered<S> {
    store: S,
    metrics: Arc<Metrics>,
}

impl<S: Store> Metered<S> {
    pub(crate) const fn new(store: S, metrics: Arc<Metrics>) -> Self {
        Self { store, metrics }
    }

    fn metered(&self, journal: Box<dyn Journal>) -> Box<dyn Journal> {
        Box::new(MeteredJournal::new(journal, Arc::clone(&self.metrics)))
    }
}

impl<S: Store> Store for Metered<S> {
    fn id(&self) -> [u8; 16] {
        self.store.id()
    }

    fn is_volatile(&self) -> bool {
        self.store.is_volatile()
    }

    fn epoch(&self) -> u64 {
        self.store.epoch()
    }

    fn was_closed(&self) -> bool {
        self.store.was_closed()
    }

    fn create(&self, run: NewRun) -> Result<Box<dyn Journal>, StoreError> {
        self.store.create(run).map(|journal| self.metered(journal))
    }

    fn open(&self, run: RunId) -> Result<Opened, StoreError> {
        self.store.open(run).map(|(stored, journal)| (stored, self.metered(journal)))
    }

    fn open_many(&self, runs: &[RunId]) -> Vec<Result<Opened, StoreError>> {
        let opened = self.store.open_many(runs).into_iter();
        opened.map(|opened| opened.map(|(stored, journal)| (stored, self.metered(journal)))).collect()
    }

    fn reader(&self, run: RunId) -> Result<Arc<dyn JournalReader>, StoreError> {
        self.store.reader(run)
    }

    fn runs(&self, which: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
        self.store.runs(which)
    }

    fn delete(&self, run: RunId) -> Result<(), StoreError> {
        self.store.delete(run)
    }

    fn retain(&self, keep: &Retention, now: Timestamp) -> Result<u64, StoreError> {
        self.store.retain(keep, now)
    }

    fn maintenance(&self) -> Option<&dyn Maintenance> {
        self.store.maintenance()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// What `promtool check metrics` would say of a text, and what is too much of a label.
    fn lint(text: &str) -> Vec<String> {
        let (mut found, mut kinds, mut helped) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
        let mut series = BTreeSet::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').unwrap_or((rest, ""));
                if help.is_empty() || !helped.insert(name) {
                    found.push(format!("{name}: one help text"));
                }
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap_or((rest, ""));
                if kinds.insert(name, kind).is_some() {
                    found.push(format!("{name}: one type"));
                }
            } else {
                let (sample, _) = line.rsplit_once(' ').unwrap_or((line, ""));
                let (full, labels) = sample.split_once('{').unwrap_or((sample, "}"));
                let of_histogram =
                    ["_bucket", "_sum", "_count"].iter().find_map(|end| full.strip_suffix(end));
                let name = of_histogram.filter(|name| kinds.get(name) == Some(&"histogram")).unwrap_or(full);
                let Some(&kind) = kinds.get(name) else {
                    found.push(format!("{name}: no type"));
                    continue;
                };
                if !helped.contains(name) {
                    found.push(format!("{name}: no help"));
                }
                if !series.insert(sample) {
                    found.push(format!("{sample}: twice"));
                }
                for label in labels.trim_end_matches('}').split(',').filter(|label| !label.is_empty()) {
                    let (label, value) = label.split_once('=').unwrap_or((label, ""));
                    let is_few =
                        ["status", "outcome"].contains(&label) || (label == "le" && kind == "histogram");
                    if !is_few {
                        found.push(format!("{name}: label `{label}` is not one of few values"));
                    }
                    let known = STATUSES.iter().chain(&OUTCOMES).any(|known| value == format!("\"{known}\""));
                    if label != "le" && !known {
                        found
                            .push(format!("{name}: {label}={value} is not a value that is known beforehand"));
                    }
                }
            }
        }
        for (name, kind) in kinds {
            if (kind == "counter") != name.ends_with("_total") {
                found.push(format!("{name}: counters, and nothing else, end with _total"));
            }
            if kind != "histogram" && ["_count", "_sum", "_bucket"].iter().any(|end| name.ends_with(end)) {
                found.push(format!("{name}: an end that is kept for histograms"));
            }
            let words: Vec<&str> = name.split('_').collect();
            if words.iter().any(|word| ["counter", "gauge", "histogram", "summary"].contains(word)) {
                found.push(format!("{name}: its type is in its name"));
            }
            let units = [
                "ms",
                "milliseconds",
                "us",
                "microseconds",
                "minutes",
                "hours",
                "s",
                "sec",
                "kb",
                "mb",
                "percent",
            ];
            if words.iter().any(|word| units.contains(word)) {
                found.push(format!("{name}: not in base units"));
            }
            if kind == "histogram" && !name.ends_with("_seconds") {
                found.push(format!("{name}: no unit"));
            }
            if !name.starts_with("flowrun_")
                || name.bytes().any(|byte| !(byte.is_ascii_lowercase() || byte == b'_'))
            {
                found.push(format!("{name}: not a name of ours"));
            }
        }
        found
    }

    #[test]
    fn what_is_told_is_good_style() {
        let metrics = Metrics::new();
        metrics.commit.observe(0.1);
        assert_eq!(lint(&metrics.text().0), Vec::<String>::new());
    }

    #[test]
    fn bad_style_is_found_out() {
        let text = Metrics::new().text().0;
        for (from, to) in [
            ("# HELP flowrun_runs_driven", "# flowrun_runs_driven"),
            ("# TYPE flowrun_runs_driven gauge\n", ""),
            ("flowrun_runs_started_total", "flowrun_runs_started"),
            ("flowrun_runs_driven", "flowrun_runs_driven_total"),
            ("flowrun_runs_driven", "flowrun_runs_count"),
            ("flowrun_runs_driven", "flowrun_gauge_runs"),
            ("flowrun_commit_seconds", "flowrun_commit_ms"),
            ("flowrun_runs_driven", "flowrunRuns"),
            ("status=\"passed\"", "run=\"11111111-1111-4111-8111-111111111111\""),
            ("status=\"passed\"", "status=\"Nightly\""),
        ] {
            assert!(text.contains(from), "{from}");
            assert_ne!(lint(&text.replace(from, to)), Vec::<String>::new(), "{from} -> {to}");
        }
    }
}
