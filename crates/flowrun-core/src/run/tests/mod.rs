//! What runs do, as transcripts: a drawing, a script of events, and everything that came of them.

mod crashes;
mod draw;
mod ends;
mod exhaustive;
mod failing;
mod growth;
mod handover;
mod joins;
mod last_chances;
mod limits;
mod naive;
mod order;
mod pausing;
mod play;
mod properties;
mod recovering;
mod replays;
mod rerunning;
mod routing;
mod stopping;
mod table;
mod time;
mod turns;
mod unknown;
mod wire;

pub(super) use draw::{plan, types};
pub(super) use play::{Play, going_on, second, transcript};
pub(super) use properties::{case, play};
