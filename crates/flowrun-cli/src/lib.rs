//! The program `flowrun`: reads the command line, lets a command do its work, and says how it ended.
//!
//! What a flow is and how it runs is decided in the crates below this one. Here live arguments, settings,
//! and what people see. Whoever embeds flows wants the crate `flowrun`; this one is a library so that `main` is
//! thin, and so that tests which kill the program build it around stores of their own.
//!
//! Features: `demo` (default) is the command of that name, with the servers it runs against; `failpoints` has named
//! places where tests stop the process, never in a release.
#![forbid(unsafe_code)]

mod access;
mod args;
mod commands;
mod configure;
mod drive;
mod exit;
mod finding;
mod hidden;
mod input;
mod interrupts;
mod load;
mod out;
mod progress;
mod render;
mod screen;
mod settings;
mod source;
mod store_file;
mod stored;
mod target;
mod watch;
mod wiring;

use std::process::ExitCode;

use crate::args::Command;
use crate::screen::Screen;

#[cfg(feature = "failpoints")]
pub use crate::wiring::{StoreWrapper, wrap_stores};

/// Does what the command line of this process asks for.
#[must_use]
pub fn main() -> ExitCode {
    hidden::hide_from_panics();
    let screen = Screen::new();
    let ended = match args::parse().command {
        Command::Run(args) => commands::run(*args, &screen),
        Command::Scan(args) => commands::scan(*args, &screen),
        Command::Baseline(args) => commands::baseline(&args, &screen),
        Command::Tools(args) => commands::tools(&args, &screen),
        Command::Resume(args) => commands::resume(*args, &screen),
        Command::Runs(args) => commands::runs(*args, &screen),
        Command::Store(args) => commands::store(&args, &screen),
        Command::Serve(args) => commands::serve(*args, &screen),
        Command::Account(args) => commands::account(args, &screen),
        Command::Token(args) => commands::token(args, &screen),
        Command::Check(args) => commands::check(*args, &screen),
        Command::Keys(args) => commands::keys(&args, &screen),
        Command::Schema => commands::schema(&screen),
        Command::Graph(args) => commands::graph(&args, &screen),
        Command::Simulate(args) => commands::simulate(&args, &screen),
        Command::Outcomes(args) => commands::outcomes(&args, &screen),
        Command::Synth(args) => commands::synth(&args, &screen),
        #[cfg(feature = "demo")]
        Command::Demo => commands::demo(&screen),
        Command::Bench(args) => commands::bench(args, &screen),
    };
    ended.unwrap_or_else(|error| error.show(&screen)).into()
}
