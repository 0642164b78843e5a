//! Whether things merely moved by a pixel or less.

use crate::picture::{CHANNELS, Picture};

/// Two pictures and how far colours may be off, of 255.
pub(crate) struct Pair<'a> {
    pub(crate) before: &'a Picture,
    pub(crate) after: &'a Picture,
    pub(crate) tolerance: u8,
}

/// A direction, by columns and rows.
type Step = (i64, i64);

/// Everywhere a thing can have gone by one pixel or less.
const STEPS: [Step; 8] = [(-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (1, -1), (-1, 1), (1, 1)];

/// The part of a thing's contrast by which smoothing may miss what is expected of it. With the screenshots of letters that
/// moved by parts of a pixel, a tenth was missed often and a fifth by one pixel in 40; strokes that were new missed it all.
const SMOOTHING: u8 = 5;

impl Pair<'_> {
    /// The pixels of a thing that do not fit the shift which fits it best, put into `stray`. Colours may be
    /// off by `slack`.
    ///
    /// All pixels are asked about the same shift. One by one they would have too many excuses: each pixel of a stroke that
    /// turns a 9 into an 8 has some neighbour that could have come here.
    pub(crate) fn stray(
        &self,
        thing: &[usize],
        place: impl Fn(usize) -> (u32, u32),
        slack: u8,
        stray: &mut Vec<usize>,
    ) {
        stray.clear();
        stray.extend_from_slice(thing);
        let mut of_step = Vec::new();
        for step in STEPS {
            of_step.clear();
            // As soon as it is no better than another one, it need not be known how bad it is.
            for &at in thing {
                if !self.fits(place(at), step, slack) {
                    of_step.push(at);
                    if of_step.len() >= stray.len() {
                        break;
                    }
                }
            }
            if of_step.len() < stray.len() {
                std::mem::swap(stray, &mut of_step);
            }
            if stray.is_empty() {
                return;
            }
        }
    }

    /// How far the colours of a thing may be off what is expected of them if it was smoothed anew.
    pub(crate) fn smoothing(&self, thing: &[usize], place: impl Fn(usize) -> (u32, u32)) -> u8 {
        let contrast = thing.iter().map(|&at| self.contrast(place(at))).max();
        self.tolerance.max(contrast.unwrap_or_default() / SMOOTHING)
    }

    /// How far a pixel differs, in the colour that differs most.
    fn contrast(&self, (x, y): (u32, u32)) -> u8 {
        let (before, after) = (self.before.pixel(x, y), self.after.pixel(x, y));
        let differences = before.into_iter().flatten().zip(after.into_iter().flatten());
        differences.map(|(one, other)| one.abs_diff(other)).max().unwrap_or_default()
    }

    /// Whether a thing that moved by up to `step` explains a pixel.
    ///
    /// What is here now has to come from what was here and a step back, and what was here has to be found in what is
    /// here and a step ahead. With the first alone, a stroke that vanished would pass for one that moved off.
    fn fits(&self, at: (u32, u32), (dx, dy): Step, slack: u8) -> bool {
        self.comes_from(self.after, self.before, at, (-dx, -dy), slack)
            && self.comes_from(self.before, self.after, at, (dx, dy), slack)
    }

    /// Whether the pixel of `picture` can be made of those that `other` has there and in the direction of `step`.
    ///
    /// A thing that moved by a part of a pixel is smoothed anew: its colour lies between those of the pixels it lay on.
    /// A thin line that lay on the border of two pixels had half of its colour in each and may have all of it in one now,
    /// so beside what lies between them there is room for as much again as they stand out from the pixels around.
    fn comes_from(
        &self,
        picture: &Picture,
        other: &Picture,
        (x, y): (u32, u32),
        (dx, dy): Step,
        slack: u8,
    ) -> bool {
        let at = |dx: i64, dy: i64| {
            let x = u32::try_from(i64::from(x) + dx).ok()?;
            let y = u32::try_from(i64::from(y) + dy).ok()?;
            other.pixel(x, y)
        };
        let Some(value) = picture.pixel(x, y) else { return false };
        let mut bounds = Bounds::default();
        for (dx, dy) in [(0, 0), (dx, 0), (0, dy), (dx, dy)] {
            // What moved in from beside the picture may have been anything.
            let Some(near) = at(dx, dy) else { return true };
            bounds.include(near.map(i16::from));
        }
        for (dx, dy) in [(dx, 0), (0, dy)].into_iter().filter(|step| *step != (0, 0)) {
            bounds.include_beyond(at(0, 0), at(-dx, -dy));
            bounds.include_beyond(at(dx, dy), at(2 * dx, 2 * dy));
        }
        bounds.hold(value, slack)
    }
}

/// The least and the most of each colour.
struct Bounds {
    least: [i16; CHANNELS],
    most: [i16; CHANNELS],
}

impl Default for Bounds {
    fn default() -> Self {
        Self { least: [i16::MAX; CHANNELS], most: [i16::MIN; CHANNELS] }
    }
}

impl Bounds {
    fn include(&mut self, colour: [i16; CHANNELS]) {
        for (channel, value) in colour.into_iter().enumerate() {
            self.least[channel] = self.least[channel].min(value);
            self.most[channel] = self.most[channel].max(value);
        }
    }

    /// Includes the colour that is as far from `colour` as `ground` is, on the other side.
    fn include_beyond(&mut self, colour: Option<[u8; CHANNELS]>, ground: Option<[u8; CHANNELS]>) {
        let (Some(colour), Some(ground)) = (colour, ground) else { return };
        self.include(std::array::from_fn(|c| 2 * i16::from(colour[c]) - i16::from(ground[c])));
    }

    fn hold(&self, colour: [u8; CHANNELS], slack: u8) -> bool {
        let slack = i16::from(slack);
        colour
            .into_iter()
            .map(i16::from)
            .zip(self.least.iter().zip(self.most))
            .all(|(value, (least, most))| value >= least - slack && value <= most + slack)
    }
}
