//! `load [--short]`: what the server answers beside floors, as a markdown table. Exit code 1 when a goal is missed.
//!
//! `load serve KIND FOLDER` is the other side, in a process of its own.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use benches::load::server::{SERVE, serve};
use benches::load::{Extent, measure};

fn main() -> io::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let extent = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Extent::FULL,
        ["--short"] => Extent::SHORT,
        [SERVE, kind, folder] => {
            let served = serve(kind, Path::new(folder), |line| {
                // Whoever started this reads it, or is gone.
                let _ = writeln!(io::stdout(), "{line}");
            });
            return match served {
                Ok(()) => Ok(ExitCode::SUCCESS),
                Err(text) => writeln!(io::stderr(), "{text}").map(|()| ExitCode::FAILURE),
            };
        }
        _ => {
            writeln!(io::stderr(), "usage: load [--short]")?;
            return Ok(ExitCode::from(2));
        }
    };
    let figures = measure(extent);
    let mut out = io::stdout().lock();
    writeln!(out, "| measured | seen | by its floor | goal | |\n| --- | ---: | ---: | ---: | --- |")?;
    for figure in &figures {
        writeln!(out, "{figure}")?;
    }
    Ok(if figures.iter().all(benches::load::Figure::holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
