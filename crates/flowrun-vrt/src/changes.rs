//! What became of every pixel: the comparison before anything is added up.

use std::fmt;

use crate::picture::{CHANNELS, Picture};
use crate::shift::Pair;
use crate::{Options, Size};

/// What became of a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Change {
    /// It looks the same.
    None,
    /// It differs as the pixels of a thing do that moved by one pixel, or whose edge was smoothed in another way.
    Shifted,
    /// It differs.
    Changed,
    /// It is in one of the pictures only.
    Alone,
    /// It is left out of everything: masked, in neither picture, or in a last row or column that one of them has more.
    Ignored,
    /// It differs, and what it is part of has not been looked at. None is left at the end.
    Open,
}

/// A [`Change`] for every pixel of the smallest size that holds both pictures.
pub(crate) struct Changes {
    pub(crate) size: Size,
    map: Vec<Change>,
}

/// A thing whose pixels do not all fit one shift is another thing, changed as a whole, when one in so many does not fit. A
/// single one never makes it so.
const STRAY: usize = 12;

/// The most pixels of a speck: so many that do not fit, next to each other in a thing that fits.
const SPECK: usize = 3;

impl Change {
    pub(crate) const fn is_changed(self) -> bool {
        matches!(self, Self::Changed | Self::Alone)
    }
}

impl Changes {
    pub(crate) fn between(before: &Picture, after: &Picture, options: &Options) -> Self {
        let size = before.size().union(after.size());
        let map = vec![Change::None; size.width as usize * size.height as usize];
        let mut changes = Self { size, map };
        changes.mask(options);
        changes.find(before, after, options.tolerance);
        changes.settle(&Pair { before, after, tolerance: options.tolerance });
        changes
    }

    /// Takes out what is masked.
    fn mask(&mut self, options: &Options) {
        let Size { width, height } = self.size;
        for mask in &options.masks {
            let columns = mask.x.min(width) as usize..mask.right().min(width) as usize;
            for row in self
                .map
                .chunks_exact_mut(width as usize)
                .take(mask.bottom().min(height) as usize)
                .skip(mask.y as usize)
            {
                row[columns.clone()].fill(Change::Ignored);
            }
        }
    }

    /// Finds the pixels that differ.
    fn find(&mut self, before: &Picture, after: &Picture, tolerance: u8) {
        let same_width = before.size().width == after.size().width;
        let common = before.size().height.min(after.size().height);
        // A page that moved down by one pixel is one pixel higher.
        let one_off = |one: u32, other: u32| one.abs_diff(other) == 1;
        let one_row = one_off(before.size().height, after.size().height);
        let one_column = one_off(before.size().width, after.size().width);
        let last = Size { width: self.size.width - 1, height: self.size.height - 1 };
        for (y, row) in (0..).zip(self.map.chunks_exact_mut(self.size.width as usize)) {
            if same_width && y < common && before.row(y) == after.row(y) {
                continue;
            }
            for (x, change) in (0..).zip(row).filter(|(_, change)| **change != Change::Ignored) {
                *change = match (before.pixel(x, y), after.pixel(x, y)) {
                    (Some(one), Some(other)) if differ(one, other, tolerance) => Change::Open,
                    (Some(_), Some(_)) => Change::None,
                    (None, None) => Change::Ignored,
                    _ if (one_row && y == last.height) || (one_column && x == last.width) => Change::Ignored,
                    _ => Change::Alone,
                };
            }
        }
    }

    /// Looks at the pixels that differ, thing by thing: those that touch are one.
    fn settle(&mut self, pair: &Pair<'_>) {
        let width = self.size.width as usize;
        let place = |at: usize| ((at % width) as u32, (at / width) as u32);
        let (mut thing, mut stray, mut doubtful) = (Vec::new(), Vec::new(), Vec::new());
        for start in 0..self.map.len() {
            if self.map[start] != Change::Open {
                continue;
            }
            self.turn(start, Change::Open, Change::Shifted, &mut thing);
            pair.stray(&thing, place, pair.tolerance, &mut stray);
            if stray.is_empty() {
                continue;
            }
            let in_doubt = is_other(&thing, &stray);
            pair.stray(&thing, place, pair.smoothing(&thing, place), &mut stray);
            if is_other(&thing, &stray) {
                self.turn(start, Change::Shifted, Change::Changed, &mut thing);
            } else if in_doubt {
                doubtful.push(start);
            } else {
                self.pick(&stray, &mut thing);
            }
        }
        let crowd = Crowd::of(self);
        for start in doubtful {
            self.turn(start, Change::Shifted, Change::Shifted, &mut thing);
            if crowd.around(place(start)) < 2 * thing.len() {
                self.turn(start, Change::Shifted, Change::Changed, &mut thing);
            }
        }
    }

    /// Of pixels that do not fit the thing they are part of, marks those as changed that are more than a speck: corners
    /// that are smoothed in two directions leave some, and they mean nothing.
    fn pick(&mut self, stray: &[usize], speck: &mut Vec<usize>) {
        stray.iter().for_each(|&at| self.map[at] = Change::Open);
        for &at in stray {
            if self.map[at] == Change::Open {
                self.turn(at, Change::Open, Change::Shifted, speck);
                if speck.len() > SPECK {
                    speck.iter().for_each(|&at| self.map[at] = Change::Changed);
                }
            }
        }
    }

    /// Turns a pixel and all that hang together with it from one state into another, and lists them.
    fn turn(&mut self, start: usize, from: Change, to: Change, thing: &mut Vec<usize>) {
        thing.clear();
        // Meanwhile they are neither, so that each is listed once even when nothing is to change.
        self.map[start] = Change::None;
        thing.push(start);
        let mut next = 0;
        while let Some(&at) = thing.get(next) {
            next += 1;
            for near in self.near(at) {
                if self.map[near] == from {
                    self.map[near] = Change::None;
                    thing.push(near);
                }
            }
        }
        thing.iter().for_each(|&at| self.map[at] = to);
    }

    /// A pixel and the up to eight that touch it.
    fn near(&self, at: usize) -> impl Iterator<Item = usize> + use<> {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let (x, y) = (at % width, at / width);
        let columns = x.saturating_sub(1)..(x + 2).min(width);
        (y.saturating_sub(1)..(y + 2).min(height))
            .flat_map(move |y| columns.clone().map(move |x| y * width + x))
    }

    pub(crate) fn at(&self, x: u32, y: u32) -> Change {
        self.map[y as usize * self.size.width as usize + x as usize]
    }

    pub(crate) fn row(&self, y: u32) -> &[Change] {
        let width = self.size.width as usize;
        &self.map[y as usize * width..][..width]
    }

    pub(crate) fn count(&self, counted: impl Fn(Change) -> bool) -> u64 {
        self.map.iter().filter(|change| counted(**change)).count() as u64
    }
}

/// How many pixels are shifted in each part of the page.
///
/// Smoothing comes in crowds: who renders one letter anew renders its neighbours too. A digit that may be a smoothed one or
/// another one is believed to be smoothed if at least as much around it is, and otherwise it stands alone and changed.
struct Crowd {
    columns: usize,
    counts: Vec<usize>,
}

impl Crowd {
    /// Pixels on each side of a part.
    const PART: u32 = 32;

    fn of(changes: &Changes) -> Self {
        let columns = changes.size.width.div_ceil(Self::PART) as usize;
        let mut counts = vec![0; columns * changes.size.height.div_ceil(Self::PART) as usize];
        for y in 0..changes.size.height {
            let row = (y / Self::PART) as usize * columns;
            for (x, _) in (0..).zip(changes.row(y)).filter(|(_, change)| **change == Change::Shifted) {
                counts[row + (x / Self::PART) as usize] += 1;
            }
        }
        Self { columns, counts }
    }

    /// How many are in the part of a pixel and the eight around it.
    fn around(&self, (x, y): (u32, u32)) -> usize {
        let (x, y) = ((x / Self::PART) as usize, (y / Self::PART) as usize);
        let rows = self.counts.chunks_exact(self.columns).take(y + 2).skip(y.saturating_sub(1));
        rows.flat_map(|row| &row[x.saturating_sub(1)..(x + 2).min(self.columns)]).sum()
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Of millions of pixels nobody reads more.
        f.debug_struct("Changes").field("size", &self.size).finish_non_exhaustive()
    }
}

fn differ(one: [u8; CHANNELS], other: [u8; CHANNELS], tolerance: u8) -> bool {
    one.iter().zip(other).any(|(one, other)| one.abs_diff(other) > tolerance)
}

/// Whether a thing is another one, as so many of its pixels do not fit.
const fn is_other(thing: &[usize], stray: &[usize]) -> bool {
    stray.len() > 1 && stray.len() * STRAY > thing.len()
}
