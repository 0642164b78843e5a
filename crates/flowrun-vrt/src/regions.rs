//! Changed pixels that lie together.

use serde::{Deserialize, Serialize};

use crate::changes::Changes;
use crate::similarity::BLOCK;
use crate::{Area, Size};

/// How far apart, in blocks, changed blocks of one region are at most: the digits of a price are one region.
const REACH: u32 = 2;

/// A part of the page that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Region {
    /// The smallest rectangle that holds its changed pixels.
    pub area: Area,
    /// How many pixels of it changed.
    pub pixels: u64,
}

/// The changed pixels of a block and the rectangle around them.
#[derive(Clone, Copy)]
struct Block {
    pixels: u64,
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
}

impl Block {
    const NONE: Self = Self { pixels: 0, left: u32::MAX, top: u32::MAX, right: 0, bottom: 0 };

    fn add(&mut self, other: Self) {
        self.pixels += other.pixels;
        self.left = self.left.min(other.left);
        self.top = self.top.min(other.top);
        self.right = self.right.max(other.right);
        self.bottom = self.bottom.max(other.bottom);
    }

    const fn region(self) -> Region {
        let Self { pixels, left, top, right, bottom } = self;
        Region { area: Area { x: left, y: top, width: right - left, height: bottom - top }, pixels }
    }
}

/// All regions with at least `least` changed pixels, from top to bottom and from left to right.
///
/// # Complexity
///
/// Linear in the pixels.
pub(crate) fn regions(changes: &Changes, least: u64) -> Vec<Region> {
    let grid =
        Size { width: changes.size.width.div_ceil(BLOCK), height: changes.size.height.div_ceil(BLOCK) };
    let mut blocks = blocks(changes, grid);
    let mut regions = Vec::new();
    let mut reached = Vec::new();
    for start in 0..blocks.len() {
        if blocks[start].pixels == 0 {
            continue;
        }
        let mut region = Block::NONE;
        reached.push(start);
        // Each block is taken out when it is reached, so none is added twice and the search ends.
        region.add(std::mem::replace(&mut blocks[start], Block::NONE));
        while let Some(block) = reached.pop() {
            for near in near(block, grid) {
                if blocks[near].pixels > 0 {
                    region.add(std::mem::replace(&mut blocks[near], Block::NONE));
                    reached.push(near);
                }
            }
        }
        if region.pixels >= least {
            regions.push(region.region());
        }
    }
    regions.sort_by_key(|region| (region.area.y, region.area.x));
    regions
}

fn blocks(changes: &Changes, grid: Size) -> Vec<Block> {
    let mut blocks = vec![Block::NONE; grid.width as usize * grid.height as usize];
    for y in 0..changes.size.height {
        let row = (y / BLOCK) as usize * grid.width as usize;
        for (x, _) in (0..).zip(changes.row(y)).filter(|(_, change)| change.is_changed()) {
            let pixel = Block { pixels: 1, left: x, top: y, right: x + 1, bottom: y + 1 };
            blocks[row + (x / BLOCK) as usize].add(pixel);
        }
    }
    blocks
}

/// The blocks within reach of one, itself included.
fn near(block: usize, grid: Size) -> impl Iterator<Item = usize> {
    let (width, height, reach) = (grid.width as usize, grid.height as usize, REACH as usize);
    let (x, y) = (block % width, block / width);
    let columns = x.saturating_sub(reach)..(x + reach + 1).min(width);
    (y.saturating_sub(reach)..(y + reach + 1).min(height))
        .flat_map(move |y| columns.clone().map(move |x| y * width + x))
}
