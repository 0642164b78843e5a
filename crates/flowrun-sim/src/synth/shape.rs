//! The families of flows.

use std::fmt;
use std::str::FromStr;

/// A family of flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// Each node leads to the next one.
    Chain,
    /// No edges: every node is a root.
    Wide,
    /// One node leads to all others but the last, which they all lead to.
    Fan,
    /// About √N layers of √N nodes; each node has 3 parents in the layer before, drawn at random.
    Layered,
    /// A binary tree whose inner nodes have conditions: one child takes what holds, one the rest.
    ConditionTree,
    /// Diamonds in a row: a node leads to two, both lead to the next one.
    Diamonds,
    /// Up to 3 parents among the 32 nodes before; conditions, limits, receivers, and empty nodes. A smaller
    /// one is the beginning of a larger one of the same seed.
    Random,
    /// What the original's canvas allows: one root, at most 12 nodes, a child or a true and a false one.
    Cursion,
}

impl Shape {
    /// Every shape.
    pub const ALL: [Self; 8] = [
        Self::Chain,
        Self::Wide,
        Self::Fan,
        Self::Layered,
        Self::ConditionTree,
        Self::Diamonds,
        Self::Random,
        Self::Cursion,
    ];

    /// The largest flow of this shape.
    #[must_use]
    pub const fn max_nodes(self) -> usize {
        match self {
            Self::Cursion => 12,
            Self::Chain
            | Self::Wide
            | Self::Fan
            | Self::Layered
            | Self::ConditionTree
            | Self::Diamonds
            | Self::Random => 1_000_000,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Chain => "chain",
            Self::Wide => "wide",
            Self::Fan => "fan",
            Self::Layered => "layered",
            Self::ConditionTree => "condition-tree",
            Self::Diamonds => "diamonds",
            Self::Random => "random",
            Self::Cursion => "cursion",
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Shape {
    type Err = ParseShapeError;
    fn from_str(text: &str) -> Result<Self, ParseShapeError> {
        Self::ALL
            .into_iter()
            .find(|shape| shape.name() == text)
            .ok_or_else(|| ParseShapeError { text: text.to_owned() })
    }
}

/// The text names no shape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no shape; there are {}", Shape::ALL.map(Shape::name).join(", "))]
pub struct ParseShapeError {
    text: String,
}
