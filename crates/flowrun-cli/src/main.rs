//! The `flowrun` binary.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    flowrun_cli::main()
}
