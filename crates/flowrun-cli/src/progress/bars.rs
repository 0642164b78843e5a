//! Progress on a terminal: one spinner for each node that works, a line for each that has ended.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::{News, What};

/// How often spinners turn.
const TICK: Duration = Duration::from_millis(100);

/// The spinners of the nodes that work.
pub(super) struct Bars {
    all: MultiProgress,
    working: BTreeMap<String, ProgressBar>,
    style: ProgressStyle,
}

impl Bars {
    pub(super) fn new(colour: bool) -> Self {
        let template =
            if colour { "{spinner:.cyan} {prefix} {wide_msg:.dim}" } else { "{spinner} {prefix} {wide_msg}" };
        let style = ProgressStyle::with_template(template).expect("the templates above are well-formed");
        Self { all: MultiProgress::new(), working: BTreeMap::new(), style }
    }

    pub(super) fn show(&mut self, news: &News) {
        let words = news.what.words();
        let Some(node) = &news.node else {
            return self.line(&words);
        };
        match &news.what {
            // The spinner of an attempt that failed for now goes on with the next.
            What::Started { .. } if self.working.contains_key(node) => self.message(node, words),
            What::Started { .. } => {
                let bar = self.all.add(ProgressBar::new_spinner().with_style(self.style.clone()));
                bar.set_prefix(node.clone());
                bar.enable_steady_tick(TICK);
                self.working.insert(node.clone(), bar);
            }
            What::Said(_) | What::Objects { .. } | What::Waits => self.message(node, words),
            What::Ended { passed } => self.end(node, if *passed { "✔" } else { "✘" }, &words),
            What::Skipped(_) => self.end(node, "–", &words),
            What::Stopping(_) | What::RunEnded(_) | What::Lagged(_) => self.line(&words),
        }
    }

    fn message(&self, node: &str, words: String) {
        if let Some(bar) = self.working.get(node) {
            bar.set_message(words);
        }
    }

    fn end(&mut self, node: &str, mark: &str, words: &str) {
        if let Some(bar) = self.working.remove(node) {
            bar.finish_and_clear();
        }
        self.line(&format!("{mark} {node} {words}"));
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
