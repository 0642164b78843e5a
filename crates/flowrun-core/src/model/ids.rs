//! Ids, each a type of its own so that two cannot be swapped.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The id of a run, a UUID. The core never makes one up: it comes in when a run is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(uuid::Uuid);

impl RunId {
    /// The id made of these 16 bytes, written as a UUID.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(uuid::Uuid::from_bytes(bytes))
    }

    /// The 16 bytes of the id.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// An id that follows from this one and `name`: the same in every replay, and unlike any other.
    #[must_use]
    pub(crate) fn derive(&self, name: &str) -> String {
        uuid::Uuid::new_v5(&self.0, name.as_bytes()).to_string()
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for RunId {
    type Err = NotARunId;
    fn from_str(text: &str) -> Result<Self, NotARunId> {
        text.parse().map(Self).map_err(|_| NotARunId(super::shown(text)))
    }
}

/// The text is no run id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a run id (a UUID)")]
pub struct NotARunId(String);

/// The place of a node in the `nodes` of its flow, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeIx(u32);

impl NodeIx {
    /// The place as an index.
    ///
    /// # Panics
    ///
    /// When `index` does not fit 32 bits; documents are limited to 4 GiB, so theirs always do.
    #[must_use]
    pub fn new(index: usize) -> Self {
        Self(u32::try_from(index).expect("indices of a document fit 32 bits"))
    }

    /// The place as a number.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Which call of a node's executor, counted from 1 within a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attempt(u32);

impl Attempt {
    /// The first call.
    pub const FIRST: Self = Self(1);

    /// The call after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The number, from 1.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
