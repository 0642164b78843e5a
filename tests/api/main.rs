//! The API of a server on a real socket: against the recorded exchanges of the original, and where those end.
#![expect(clippy::unwrap_used, reason = "a play that cannot go on has failed")]

mod accounts;
mod artefacts;
mod case;
mod client;
mod compare;
mod control;
mod described;
mod guide;
mod input;
mod keys;
mod limits;
mod live;
mod measured;
mod origins;
mod outside;
mod player;
mod queued;
mod recorded;
mod restart;
mod rules;
mod seed;
mod served;
mod slow;
mod streams;
mod trickle;
mod typed;
mod validated;
