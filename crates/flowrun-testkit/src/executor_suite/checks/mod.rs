//! The checks. A check that needs an attempt to return leaves one that does not to the checks about that, so
//! that each mistake breaks one promise.

mod all;
mod attempts;
mod data;
mod effects;
mod engine;
mod reports;

pub(super) use all::all;
