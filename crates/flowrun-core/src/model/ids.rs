//! Ids, each a type of its own so that two cannot be swapped.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The id of a run, a UUID. The core never makes one up: it comes in when a run is created.
///
/// ```
/// use flowrun_core::RunId;
///
/// let id = RunId::from_bytes([7; 16]);
/// assert_eq!(id.to_string().parse::<RunId>()?, id);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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

    /// Whether `text` is how this id is written. Writes nothing itself, unlike a comparison of texts.
    pub(crate) fn is_written(&self, text: &str) -> bool {
        *self.0.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()) == *text
    }

    /// An id that follows from this one and `name`: the same in every replay, and unlike any other.
    #[must_use]
    pub(crate) fn derive(&self, name: &str) -> String {
        uuid::Uuid::new_v5(&self.0, name.as_bytes()).to_string()
    }
}

impl RunId {
    /// A number that follows from this id and `name`, as good as random.
    #[must_use]
    pub(crate) fn seed(&self, name: &str) -> u64 {
        uuid::Uuid::new_v5(&self.0, name.as_bytes()).as_u64_pair().0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for RunId {
    type Err = ParseRunIdError;
    fn from_str(text: &str) -> Result<Self, ParseRunIdError> {
        text.parse().map(Self).map_err(|_| ParseRunIdError(super::shown(text)))
    }
}

/// The text is no run id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a run id (a UUID)")]
pub struct ParseRunIdError(String);

/// The place of a node in the `nodes` of its flow, counted from 0.
///
/// ```
/// assert_eq!(flowrun_core::NodeIx::new(3).index(), 3);
/// ```
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

/// Which call of a node's executor: the visit, and the call's number within it, both counted from 1.
///
/// Written as `2` in the first visit and as `2.1` in the second; in JSON a number, that of the call plus 65,536
/// for each visit before.
///
/// ```
/// use flowrun_core::Attempt;
///
/// let second = Attempt::FIRST.next();
/// assert_eq!((second.visit(), second.number(), second.to_string()), (1, 2, "2".to_owned()));
/// assert_eq!(second.next_visit().to_string(), "2.1");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u32", try_from = "u32")]
pub struct Attempt(
    /// The visits before in the upper half, the number of the call in the lower one. One number and not two,
    /// because it is copied all the time, and two halves are then stored, and waited for, one by one.
    u32,
);

impl Attempt {
    /// The first call of the first visit.
    pub const FIRST: Self = Self(1);

    /// The call after this one, in the same visit. There is none after the 65,535th, which is given again.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.is_last() { self } else { Self(self.0 + 1) }
    }

    /// The first call of the visit after this one. There is none after the 65,535th, which is given again.
    #[must_use]
    pub const fn next_visit(self) -> Self {
        let before = self.visit() - 1;
        let next = if self.visit() == MOST { before } else { before + 1 };
        Self(next << 16 | 1)
    }

    /// The pass of the run through the node, from 1.
    #[must_use]
    pub const fn visit(self) -> u32 {
        (self.0 >> 16) + 1
    }

    /// The number of the call within its visit, from 1.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0 & MOST
    }

    /// Whether no further call of this visit can be told from this one.
    pub(crate) const fn is_last(self) -> bool {
        self.number() == MOST
    }
}

/// So many visits, and calls in each, can be told apart.
const MOST: u32 = u16::MAX as u32;

impl From<Attempt> for u32 {
    fn from(attempt: Attempt) -> Self {
        attempt.0
    }
}

impl TryFrom<u32> for Attempt {
    type Error = AttemptError;
    fn try_from(packed: u32) -> Result<Self, AttemptError> {
        let attempt = Self(packed);
        let is_one = attempt.number() > 0 && attempt.visit() <= MOST;
        is_one.then_some(attempt).ok_or(AttemptError(packed))
    }
}

/// One call of an executor: its node and its attempt in one word, so that what carries it and a pointer is
/// passed on in registers.
///
/// ```
/// use flowrun_core::{Attempt, Call, NodeIx};
///
/// let call = Call::new(NodeIx::new(3), Attempt::FIRST.next());
/// assert_eq!((call.node().index(), call.attempt().number()), (3, 2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Call(u64);

impl Call {
    /// The call that an attempt of a node is.
    #[must_use]
    pub const fn new(node: NodeIx, attempt: Attempt) -> Self {
        Self((node.0 as u64) << 32 | attempt.0 as u64)
    }

    /// The node.
    #[must_use]
    pub const fn node(self) -> NodeIx {
        NodeIx((self.0 >> 32) as u32)
    }

    /// The attempt.
    #[must_use]
    pub const fn attempt(self) -> Attempt {
        Attempt(self.0 as u32)
    }
}

/// The number stands for no attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} stands for no attempt: visits and calls are counted from 1")]
pub struct AttemptError(u32);

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.visit() {
            1 => write!(f, "{}", self.number()),
            visit => write!(f, "{visit}.{}", self.number()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_written_as_one_number_and_read_back() {
        let second_visit = Attempt::FIRST.next().next_visit().next();
        for (attempt, json) in [(Attempt::FIRST, "1"), (Attempt::FIRST.next(), "2"), (second_visit, "65538")]
        {
            assert_eq!(serde_json::to_string(&attempt).unwrap(), json);
            assert_eq!(serde_json::from_str::<Attempt>(json).unwrap(), attempt);
        }
        assert!(serde_json::from_str::<Attempt>("0").is_err());
        assert!(serde_json::from_str::<Attempt>("65536").is_err());
        assert!(serde_json::from_str::<Attempt>("4294967295").is_err());
        assert!(Attempt::FIRST.next() < second_visit);
    }

    #[test]
    fn after_the_last_one_that_can_be_told_apart_there_is_none() {
        let last_call = Attempt::try_from(MOST).unwrap();
        assert_eq!(last_call.next(), last_call);
        let last_visit = Attempt::try_from((MOST - 1) << 16 | 7).unwrap();
        assert_eq!(last_visit.next_visit().to_string(), "65535.1");
    }
}
