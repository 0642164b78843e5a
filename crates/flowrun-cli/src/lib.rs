//! The `flowrun` binary: reads the command line, lets a command do its work, and says how it ended.
//!
//! What a flow is and how it runs is decided in the crates below this one. Here live arguments, settings,
//! and what people see.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod configure;
mod drive;
mod exit;
#[cfg(feature = "failpoints")]
mod failpoints;
mod finding;
mod input;
mod interrupts;
mod load;
mod out;
mod progress;
mod render;
#[cfg(feature = "failpoints")]
mod sabotage;
mod screen;
mod settings;
mod source;
mod store_file;
mod stored;
mod target;
mod watch;
mod wiring;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Cli, Command};
use crate::screen::Screen;

fn main() -> ExitCode {
    #[cfg(feature = "failpoints")]
    let _armed = failpoints::arm();
    let screen = Screen::new();
    let ended = match Cli::parse().command {
        Command::Run(args) => commands::run(*args, &screen),
        Command::Resume(args) => commands::resume(*args, &screen),
        Command::Runs(args) => commands::runs(*args, &screen),
        Command::Store(args) => commands::store(&args, &screen),
        Command::Check(args) => commands::check(&args, &screen),
        Command::Graph(args) => commands::graph(&args, &screen),
        Command::Simulate(args) => commands::simulate(&args, &screen),
        Command::Outcomes(args) => commands::outcomes(&args, &screen),
        Command::Synth(args) => commands::synth(&args, &screen),
        Command::Demo => commands::demo(&screen),
        Command::Bench(args) => commands::bench(args, &screen),
    };
    ended.unwrap_or_else(|error| error.show(&screen)).into()
}
