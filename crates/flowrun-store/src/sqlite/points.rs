//! Which places of the crash matrix a write passes. Without the feature `failpoints` nothing is left of it: no
//! append is looked at for what only tests want to know.

use flowrun_core::Record;

/// What the places are named after.
#[cfg(feature = "failpoints")]
#[derive(Clone, Copy)]
pub(super) struct Points {
    is_new: bool,
    /// An attempt is to start.
    is_intent: bool,
    /// A node ended.
    is_result: bool,
}

#[cfg(not(feature = "failpoints"))]
#[derive(Clone, Copy)]
pub(super) struct Points;

#[cfg(feature = "failpoints")]
impl Points {
    pub(super) const NONE: Self = Self { is_new: false, is_intent: false, is_result: false };

    /// Those of one append.
    pub(super) fn of(is_new: bool, records: &[Record]) -> Self {
        Self {
            is_new,
            is_intent: records.iter().any(|record| matches!(record, Record::AttemptStarted { .. })),
            is_result: records.iter().any(|record| matches!(record, Record::NodeEnded { .. })),
        }
    }

    /// Those of two that are written together.
    pub(super) const fn and(self, other: Self) -> Self {
        Self {
            is_new: self.is_new || other.is_new,
            is_intent: self.is_intent || other.is_intent,
            is_result: self.is_result || other.is_result,
        }
    }

    pub(super) fn before(self) {
        pass([(self.is_new, "c0"), (self.is_intent, "c3_before"), (self.is_result, "c7_before")]);
    }

    pub(super) fn inside(self) {
        pass([(self.is_intent, "c3"), (self.is_result, "c7")]);
    }

    pub(super) fn after(self) {
        pass([(self.is_new, "c1"), (self.is_intent, "c3_after"), (self.is_result, "c7_after")]);
    }
}

/// Passes the places that are meant, in this order.
#[cfg(feature = "failpoints")]
fn pass<const N: usize>(places: [(bool, &str); N]) {
    for (_, name) in places.into_iter().filter(|(is_meant, _)| *is_meant) {
        fail::fail_point!(name);
    }
}

#[cfg(not(feature = "failpoints"))]
impl Points {
    pub(super) const NONE: Self = Self;

    pub(super) const fn of(_is_new: bool, _records: &[Record]) -> Self {
        Self
    }

    pub(super) const fn and(self, _other: Self) -> Self {
        self
    }

    pub(super) const fn before(self) {}
    pub(super) const fn inside(self) {}
    pub(super) const fn after(self) {}
}
