//! Conditions: whether an object goes to the `true` or to the `false` side of a node.
//!
//! Owns the reading of `data.conditions`, a total evaluator and the findings of a check. Refuses to know where
//! the facts come from and what follows from the answer. Nothing here is ever run as code, and nothing fails:
//! a comparison that cannot be made is false and says why.
//!
//! `A or B and C` means `A or (B and C)`; `and` and `or` go from left to right and stop as soon as the answer
//! is known, so what was not reached warns of nothing.

mod decisive;
mod evaluate;
mod evaluation;
mod lint;
mod parse;
#[cfg(test)]
mod properties;
mod value;

pub use evaluation::{Comparison, ConditionWarning, Evaluation, Operand, Seen};
pub use lint::{ConditionLint, LintKind};
pub use parse::{Conditions, ConditionsError, Operator, ParseOperatorError};
