//! `bench-check [--sabotage]`: compares ratios to floors with the committed limits.
//!
//! Prints each figure and its limit. Exit code 1 when one is over. With `--sabotage` everything that is limited
//! costs more than it needs, and every limit has to notice: exit code 3, instead of 1, when one does not.

use std::io::{self, Write};
use std::process::ExitCode;

use benches::alloc::CountingAllocator;
use benches::check::check;
use benches::subjects::Work;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn main() -> io::Result<ExitCode> {
    let arguments = std::env::args().skip(1).collect::<Vec<_>>();
    let work = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Work::Nothing,
        ["--sabotage"] => Work::Sabotage,
        _ => {
            writeln!(io::stderr(), "usage: bench-check [--sabotage]")?;
            return Ok(ExitCode::from(2));
        }
    };
    let verdicts = check(work);
    let mut out = io::stdout().lock();
    for verdict in &verdicts {
        writeln!(out, "{verdict}")?;
    }
    let held = verdicts.iter().filter(|verdict| verdict.holds()).count();
    if work == Work::Sabotage && held > 0 {
        writeln!(out, "{held} of {} limits did not notice the sabotage", verdicts.len())?;
        return Ok(ExitCode::from(3));
    }
    Ok(if held == verdicts.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
