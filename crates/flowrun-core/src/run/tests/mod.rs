//! What runs do, as transcripts: a drawing, a script of events, and everything that came of them.

mod draw;
mod ends;
mod exhaustive;
mod failing;
mod handover;
mod joins;
mod limits;
mod naive;
mod order;
mod play;
mod properties;
mod routing;
mod stopping;
mod table;
mod wire;

pub(super) use play::{Play, transcript};
