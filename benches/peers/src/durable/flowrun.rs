//! This project with its SQLite store, in a process of its own like the others.

use std::process::ExitCode;

use benches::durable::{Durable, chains};
use peers_child::Rounds;
use peers_child::durable::{Answer, main};

/// The first argument of a child.
pub const FLAG: &str = "--durable-child";

/// Measures what the argument asks for.
pub fn child(argument: String) -> ExitCode {
    main(Some(argument), |ask| {
        let mut case = chains(&ask.folder, Durable { runs: ask.runs, nodes: ask.nodes });
        let mut rounds = Rounds::new();
        while rounds.go_on() {
            rounds.add(case.once().wall);
        }
        // The store lets nobody ask its connection.
        Ok(Answer::new(rounds, Vec::new()))
    })
}
