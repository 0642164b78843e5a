//! `peers [--json] [durable | SIZE…]`: flowrun beside other crates, doing the same.
//!
//! Prints two tables: graphs of these sizes in memory, then runs that survive in a file; only the second with
//! `durable`, only the first with sizes. Each combination runs in a process of its own, with 20 seconds and
//! 4 GiB. What a crate cannot do is shown as what happened: too many parents for its interface, a panic, an
//! overflown stack, out of time or memory. Sizes that follow a failure are not tried. The tables go to standard
//! output, progress to standard error.

mod durable;
mod in_memory;
mod process;

use std::io::{self, Write};
use std::process::ExitCode;

use benches::alloc::CountingAllocator;
use serde::Serialize;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];

fn main() -> io::Result<ExitCode> {
    let mut arguments = std::env::args().skip(1).collect::<Vec<_>>();
    match &mut arguments[..] {
        [flag, peer, shape, size] if flag == in_memory::FLAG => return in_memory::child(peer, shape, size),
        [flag, ask] if flag == durable::FLAG => return Ok(durable::child(std::mem::take(ask))),
        _ => {}
    }
    let Some(options) = Options::of(&arguments) else {
        writeln!(io::stderr(), "usage: peers [--json] [durable | SIZE…]")?;
        return Ok(ExitCode::from(2));
    };
    if !options.sizes.is_empty() {
        let rows = in_memory::measure_all(&options.sizes)?;
        print(&rows, options.as_json.then_some("in_memory"), in_memory::markdown)?;
    }
    if options.has_durable {
        let rows = durable::measure_all()?;
        print(&rows, options.as_json.then_some("durable"), durable::markdown)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What is to be measured, and how it is printed.
struct Options {
    as_json: bool,
    sizes: Vec<usize>,
    has_durable: bool,
}

impl Options {
    fn of(arguments: &[String]) -> Option<Self> {
        let mut options = Self { as_json: false, sizes: Vec::new(), has_durable: false };
        for argument in arguments {
            match &**argument {
                "--json" => options.as_json = true,
                "durable" => options.has_durable = true,
                size => options.sizes.push(size.parse().ok()?),
            }
        }
        if options.sizes.is_empty() && !options.has_durable {
            options.sizes = SIZES.to_vec();
            options.has_durable = true;
        }
        Some(options)
    }
}

/// A table, or with a name an object of JSON that has the rows under it.
fn print<R: Serialize>(rows: &[R], json: Option<&str>, markdown: fn(&[R]) -> String) -> io::Result<()> {
    let text = match json {
        Some(name) => serde_json::to_string_pretty(&serde_json::json!({ name: rows }))?,
        None => markdown(rows),
    };
    writeln!(io::stdout(), "{text}")
}
