//! A seed, and how much of what follows from it is played.

use std::fmt::Write;

use super::drawing::{self, Drawing};
use super::finding::Finding;
use super::mischief::{self, Mischief};
use super::sabotage::Sabotage;
use super::story::Story;
use super::tally::Tally;

/// A story that can be played, as often as one likes.
///
/// ```
/// use flowrun_testkit::chaos::Case;
///
/// let played = Case::new(7).play().map_err(|finding| finding.to_string())?;
/// assert!(played.journal.len() > 1);
/// assert_eq!(played.journal, Case::new(7).play().map_err(|finding| finding.to_string())?.journal);
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    seed: u64,
    nodes: usize,
    kept: Option<Vec<usize>>,
    sabotage: Option<Sabotage>,
}

/// A story that kept every promise.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Played {
    /// The journal of its run: a line for each record, with its time in microseconds.
    pub journal: Vec<String>,
    /// What happened in it.
    pub tally: Tally,
}

impl Case {
    /// The whole story of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed, nodes: drawing::MOST_NODES, kept: None, sabotage: None }
    }

    /// The same story with the first nodes of its flow only. Default: all of them.
    #[must_use]
    pub const fn nodes(mut self, nodes: usize) -> Self {
        self.nodes = nodes;
        self
    }

    /// The same story with these entries of its list of mischief only, counted from 0. Default: all of them.
    #[must_use]
    pub fn keep(mut self, kept: impl Into<Vec<usize>>) -> Self {
        self.kept = Some(kept.into());
        self
    }

    /// The same story with a mistake in it. Default: none.
    #[must_use]
    pub const fn sabotage(mut self, sabotage: Sabotage) -> Self {
        self.sabotage = Some(sabotage);
        self
    }

    /// The seed.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// What goes wrong in the story, each with its place in the list of the seed.
    #[must_use]
    pub fn mischief(&self) -> Vec<(usize, Mischief)> {
        let all = mischief::list(self.seed, drawing::node_count(self.seed)).into_iter().enumerate();
        all.filter(|(place, _)| self.kept.as_ref().is_none_or(|kept| kept.contains(place))).collect()
    }

    /// The command that plays it.
    #[must_use]
    pub fn command(&self) -> String {
        let mut command = format!("cargo xtask sim --seed {}", self.seed);
        if self.nodes < drawing::node_count(self.seed) {
            let _ = write!(command, " --nodes {}", self.nodes);
        }
        if let Some(kept) = &self.kept {
            let kept: Vec<String> = kept.iter().map(usize::to_string).collect();
            let kept = if kept.is_empty() { "none".to_owned() } else { kept.join(",") };
            let _ = write!(command, " --keep {kept}");
        }
        if let Some(sabotage) = self.sabotage {
            let _ = write!(command, " --sabotage {sabotage}");
        }
        command
    }

    /// Plays it.
    ///
    /// # Errors
    ///
    /// The [`Finding`] when a promise is broken, as it is: [`Finding::shrunk`] makes it shorter.
    pub fn play(&self) -> Result<Played, Box<Finding>> {
        self.play_told(false)
    }

    /// Plays it, and has a finding tell what was decided.
    pub(super) fn play_told(&self, is_told: bool) -> Result<Played, Box<Finding>> {
        let mut drawing = Drawing::new(self.seed, self.nodes);
        let mischief: Vec<Mischief> = self.mischief().into_iter().map(|(_, entry)| entry).collect();
        let mut believed = drawing.clone();
        believed.limits.end_on_fail ^= self.sabotage == Some(Sabotage::TwistsModel);
        if self.sabotage == Some(Sabotage::KeepsEveryLine) {
            drawing.limits.log_lines = usize::MAX;
        }
        if self.sabotage == Some(Sabotage::TakesAnySize) {
            drawing.limits.facts_bytes = None;
        }
        let mut story = Story::new(&drawing, &believed, &mischief, self.sabotage, is_told);
        let broken = match story.play() {
            Ok(()) => return Ok(story.into_played()),
            Err(broken) => broken,
        };
        let told = story.into_told();
        Err(Box::new(Finding { case: self.clone(), mischief, broken, told }))
    }

    pub(super) const fn most_nodes(&self) -> usize {
        self.nodes
    }
}
