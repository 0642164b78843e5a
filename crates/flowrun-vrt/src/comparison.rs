//! The comparison of two pictures, and what it is told to look at.

use serde::Serialize;

use crate::changes::{Change, Changes};
use crate::regions::regions;
use crate::similarity::structural;
use crate::{Area, Picture, Region, Size, difference};

/// The name of the method and its version: scores of different methods are not comparable.
pub const METHOD: &str = "ssim8+pixels/1";

/// The lowest score of two pictures without a changed region, and more than any others reach. It is the
/// documented threshold of tests.
const LINE: f64 = 95.0;

/// How two pictures are compared.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// How far a colour of a pixel may be off before the pixel differs, of 255. Default: 8. With 0 the noise of lossy
    /// pictures counts; above 30 a pale text may come or go unnoticed.
    pub tolerance: u8,
    /// How many changed pixels make a region. Default: 4. With 1 a single pixel raises the alarm; a changed digit of
    /// small print has some 10.
    pub region_pixels: u64,
    /// What is left out, such as a clock. Default: nothing.
    pub masks: Vec<Area>,
}

impl Default for Options {
    fn default() -> Self {
        Self { tolerance: 8, region_pixels: 4, masks: Vec::new() }
    }
}

impl Options {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`tolerance`](Self::tolerance).
    #[must_use]
    pub const fn tolerance(mut self, tolerance: u8) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Sets [`region_pixels`](Self::region_pixels).
    #[must_use]
    pub const fn region_pixels(mut self, region_pixels: u64) -> Self {
        self.region_pixels = region_pixels;
        self
    }

    /// Sets [`masks`](Self::masks).
    #[must_use]
    pub fn masks(mut self, masks: Vec<Area>) -> Self {
        self.masks = masks;
        self
    }
}

/// What changed between two pictures. As JSON it is what a scan tells about them.
#[derive(Debug, Serialize)]
pub struct Comparison {
    score: f64,
    method: &'static str,
    /// Structural similarity, 0 to 1.
    ssim: f64,
    /// Share of the pixels that did not change, 0 to 1.
    pixel_share: f64,
    changed_pixels: u64,
    shifted_pixels: u64,
    before: Size,
    after: Size,
    regions: Vec<Region>,
    #[serde(skip)]
    changes: Changes,
    #[serde(skip)]
    masks: Vec<Area>,
}

/// Compares two pictures. What one of them lacks, at its right or lower edge, counts as changed.
///
/// # Complexity
///
/// Linear in the pixels; a byte of memory for each. This is CPU work of some 0.1 s for a long page: keep it off the
/// threads that drive tasks.
#[must_use]
pub fn compare(before: &Picture, after: &Picture, options: &Options) -> Comparison {
    let changes = Changes::between(before, after, options);
    let counted = changes.count(|change| change != Change::Ignored);
    let changed = changes.count(Change::is_changed);
    let ssim = structural(before, after, &changes);
    // Fewer than 2^53 pixels, so nothing is lost.
    let pixel_share = if counted == 0 { 1.0 } else { 1.0 - changed as f64 / counted as f64 };
    let regions = regions(&changes, options.region_pixels.max(1));
    Comparison {
        score: score(ssim, pixel_share, !regions.is_empty()),
        method: METHOD,
        ssim: rounded(ssim, 10_000.0),
        pixel_share: rounded(pixel_share, 10_000.0),
        changed_pixels: changed,
        shifted_pixels: changes.count(|change| change == Change::Shifted),
        before: before.size(),
        after: after.size(),
        regions,
        masks: options.masks.clone(),
        changes,
    }
}

/// Structure counts twice: a page that became blank still has most of its pixels.
///
/// By likeness alone, a wrong price on a long page would score 99.99, and nobody could set a threshold that finds it
/// and lets a smoothed edge pass. So the regions decide on which side of the line the score is, and the likeness how far.
fn score(ssim: f64, pixel_share: f64, has_regions: bool) -> f64 {
    let likeness = (2.0 * ssim + pixel_share) / 3.0;
    match has_regions {
        false => rounded(LINE + (100.0 - LINE) * likeness, 100.0),
        // Short of the line by what is shown of it.
        true => rounded(LINE * likeness, 100.0).min(LINE - 0.01),
    }
}

fn rounded(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}

impl Comparison {
    /// How alike the pictures are, from 0 to 100.
    ///
    /// 95 and more: no region changed, 100 when there is nothing to see at all. Below 95: a region changed, however
    /// small; the more of the page did, the lower. A changed price scores 94.9 and a page that became blank about 50.
    /// Inside each of the two ranges the score follows `(2 × SSIM + share of unchanged pixels) / 3`.
    #[must_use]
    pub const fn score(&self) -> f64 {
        self.score
    }

    /// Whether something changed that people would see.
    #[must_use]
    pub const fn is_changed(&self) -> bool {
        !self.regions.is_empty()
    }

    /// The regions that changed, from top to bottom.
    #[must_use]
    pub fn regions(&self) -> &[Region] {
        &self.regions
    }

    /// The region with the most changed pixels.
    #[must_use]
    pub fn largest_region(&self) -> Option<Region> {
        self.regions.iter().copied().max_by_key(|region| region.pixels)
    }

    /// How many pixels changed, those outside of regions included.
    #[must_use]
    pub const fn changed_pixels(&self) -> u64 {
        self.changed_pixels
    }

    /// How many pixels differ as if they had moved by one, or been smoothed in another way.
    #[must_use]
    pub const fn shifted_pixels(&self) -> u64 {
        self.shifted_pixels
    }

    /// A picture to look at: `after`, the second of the two that were compared, pale, with the changed regions in full
    /// colour and framed and their changed pixels marked.
    #[must_use]
    pub fn difference(&self, after: &Picture) -> Picture {
        difference::draw(after, &self.changes, &self.regions, &self.masks)
    }
}
