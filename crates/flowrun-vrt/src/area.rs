//! Sizes and rectangles, in pixels.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Width and height of a picture, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// A rectangle of a picture, in pixels from its upper left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Area {
    /// The leftmost column.
    pub x: u32,
    /// The uppermost row.
    pub y: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Size {
    /// How many pixels it has.
    #[must_use]
    pub const fn pixels(self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// The smallest size that holds both.
    pub(crate) fn union(self, other: Self) -> Self {
        Self { width: self.width.max(other.width), height: self.height.max(other.height) }
    }

    pub(crate) const fn holds(self, x: u32, y: u32) -> bool {
        x < self.width && y < self.height
    }
}

impl Area {
    /// The column right of the area, as far as there are numbers for it.
    pub(crate) const fn right(self) -> u32 {
        self.x.saturating_add(self.width)
    }

    /// The row below the area.
    pub(crate) const fn bottom(self) -> u32 {
        self.y.saturating_add(self.height)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}", self.width, self.height)
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{} at {},{}", self.width, self.height, self.x, self.y)
    }
}
