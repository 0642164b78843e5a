//! `bench-check [--sabotage]`: compares ratios to floors with the committed limits.
//!
//! Prints each figure and its limit. Exit code 1 when one is over. With `--sabotage` every node does an
//! allocation and takes a lock that nobody needs, and the gate has to notice.

use std::io::{self, Write};
use std::process::ExitCode;

use benches::alloc::CountingAllocator;
use benches::check::{Verdict, check};
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
    Ok(if verdicts.iter().all(Verdict::holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
