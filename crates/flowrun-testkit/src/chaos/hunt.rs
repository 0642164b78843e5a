//! Many stories, one after another.

use super::{Case, Finding, Sabotage, Tally};

/// What came of many stories.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Hunt {
    /// What happened in them.
    pub tally: Tally,
    /// The first one that broke a promise, as short as it could be made. No more were played after it.
    pub finding: Option<Box<Finding>>,
}

impl Hunt {
    /// Plays the stories of these seeds until one breaks a promise.
    ///
    /// ```
    /// use flowrun_testkit::chaos::{Hunt, Sabotage};
    ///
    /// let hunt = Hunt::over(0..50, None);
    /// assert!(hunt.finding.is_none() && hunt.tally.of("records") > 500);
    /// let found = Hunt::over(0..500, Some(Sabotage::PerformsFirst)).finding.map(|finding| finding.broken.promise);
    /// assert_eq!(found, Some("nothing is performed that is not written"));
    /// ```
    #[must_use]
    pub fn over(seeds: impl IntoIterator<Item = u64>, sabotage: Option<Sabotage>) -> Self {
        let case = |seed| sabotage.map_or(Case::new(seed), |sabotage| Case::new(seed).sabotage(sabotage));
        Self::of(seeds.into_iter().map(case))
    }

    /// Plays these stories until one breaks a promise.
    #[must_use]
    pub fn of(cases: impl IntoIterator<Item = Case>) -> Self {
        let mut hunt = Self::default();
        for case in cases {
            match case.play() {
                Ok(played) => hunt.tally.add_all(&played.tally),
                Err(finding) => {
                    hunt.finding = Some(Box::new(finding.shrunk()));
                    break;
                }
            }
        }
        hunt
    }
}
