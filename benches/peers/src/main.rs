//! `peers [--json] [SIZE…]`: flowrun beside other crates on the same graphs with the same task.
//!
//! Each combination of crate, shape and size runs in a process of its own, with 20 seconds and 4 GiB. What a
//! crate cannot do is shown as what happened: too many parents for its interface, a panic, an overflown stack,
//! out of time or memory. Sizes that follow a failure are not tried. The table goes to standard output,
//! progress to standard error.

mod child;
mod parent;
mod peers;
mod table;

use std::io::{self, Write};
use std::process::ExitCode;

use benches::alloc::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];

fn main() -> io::Result<ExitCode> {
    let arguments = std::env::args().skip(1).collect::<Vec<_>>();
    if let [flag, peer, shape, size] = &arguments[..]
        && flag == child::FLAG
    {
        return child::main(peer, shape, size);
    }
    let as_json = arguments.iter().any(|argument| argument == "--json");
    let sizes = arguments.iter().filter(|argument| *argument != "--json").map(|size| size.parse());
    let Ok(mut sizes) = sizes.collect::<Result<Vec<usize>, _>>() else {
        writeln!(io::stderr(), "usage: peers [--json] [SIZE…]")?;
        return Ok(ExitCode::from(2));
    };
    if sizes.is_empty() {
        sizes = SIZES.to_vec();
    }
    let rows = parent::measure_all(&sizes)?;
    let text = if as_json { serde_json::to_string_pretty(&rows)? } else { table::markdown(&rows) };
    writeln!(io::stdout(), "{text}")?;
    Ok(ExitCode::SUCCESS)
}
