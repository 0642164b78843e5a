//! `load [--short] [rates] [pages] [open]`: what the server answers beside floors, as a markdown table. Exit code 1 when a goal
//! is missed.
//!
//! `load serve KIND FOLDER` is the other side, in a process of its own.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use benches::load::server::{SERVE, serve};
use benches::load::{Extent, PARTS, measure};

fn main() -> io::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let [SERVE, kind, folder] = words[..] {
        let served = serve(kind, Path::new(folder), |line| {
            // Whoever started this reads it, or is gone.
            let _ = writeln!(io::stdout(), "{line}");
        });
        return match served {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(text) => writeln!(io::stderr(), "{text}").map(|()| ExitCode::FAILURE),
        };
    }
    let is_short = words.first() == Some(&"--short");
    words.drain(..usize::from(is_short));
    if words.iter().any(|word| !PARTS.contains(word)) {
        writeln!(io::stderr(), "usage: load [--short] [{}]", PARTS.join("] ["))?;
        return Ok(ExitCode::from(2));
    }
    let parts = if words.is_empty() { PARTS.to_vec() } else { words };
    writeln!(
        io::stdout(),
        "| measured | seen | by its floor | goal | |\n| --- | ---: | ---: | ---: | --- |"
    )?;
    let mut holds = true;
    measure(&parts, if is_short { Extent::SHORT } else { Extent::FULL }, |figure| {
        holds &= figure.holds();
        // Figures that nobody can see are no reason to stop measuring.
        let _ = writeln!(io::stdout(), "{figure}");
    });
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
