//! Which reading of its flow a run goes by.

use serde::{Deserialize, Serialize};

/// The reading of a flow's texts that a run began with. It is kept with the run, as a number: a run that is
/// taken up by a later version of this crate goes on as it began.
///
/// What differs, see the variants; what is not named is the same in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
#[non_exhaustive]
pub enum Semantics {
    /// Runs that were stored without a number. Operators other than `>=` and `<=` are equality, a brace is
    /// never escaped, and a flow may give a node's `configs` twice.
    V1,
    /// `>`, `<`, `!=` and `=` mean what they say, and `{{{{` in a template stands for `{{`.
    #[default]
    V2,
}

impl Semantics {
    /// The reading of runs that were stored before there was a number.
    pub(crate) const fn unnumbered() -> Self {
        Self::V1
    }

    /// Whether a run of this reading is stored without a number, as it was.
    pub(crate) fn is_unnumbered(&self) -> bool {
        *self == Self::unnumbered()
    }
}

impl From<Semantics> for u16 {
    fn from(semantics: Semantics) -> Self {
        match semantics {
            Semantics::V1 => 1,
            Semantics::V2 => 2,
        }
    }
}

/// A run was begun by a later version, whose reading of flows is not known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("reading {0} of flows is not known to this version")]
pub struct SemanticsError(u16);

impl TryFrom<u16> for Semantics {
    type Error = SemanticsError;

    fn try_from(number: u16) -> Result<Self, SemanticsError> {
        match number {
            1 => Ok(Self::V1),
            2 => Ok(Self::V2),
            other => Err(SemanticsError(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_is_stored_as_its_number() {
        assert_eq!(serde_json::to_string(&Semantics::default()).unwrap(), "2");
        assert_eq!(serde_json::from_str::<Semantics>("1").unwrap(), Semantics::V1);
        let refused = serde_json::from_str::<Semantics>("3").unwrap_err().to_string();
        assert!(refused.starts_with("reading 3 of flows is not known to this version"), "{refused}");
    }
}
