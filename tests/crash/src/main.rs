//! The program `flowrun`, with places where it can be stopped and promises it can be asked to break.
#![forbid(unsafe_code)]

mod failpoints;
mod sabotage;
mod unruly;

use std::process::ExitCode;

use crate::sabotage::Sabotaged;

fn main() -> ExitCode {
    if std::env::var_os("FLOWRUN_UNRULY").is_some() {
        return unruly::main();
    }
    let _armed = failpoints::arm();
    flowrun_cli::wrap_stores(|store| Box::new(Sabotaged::of(store)));
    flowrun_cli::main()
}
