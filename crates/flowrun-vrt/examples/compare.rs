//! Compares two PNG files: the comparison as JSON, and the difference to look at.
//!
//!     cargo run --release -p flowrun-vrt --example compare -- BEFORE AFTER [DIFFERENCE]

use std::error::Error;
use std::time::Instant;
use std::{env, fs};

use flowrun_vrt::{Options, Picture, compare};

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]
fn main() -> Result<(), Box<dyn Error>> {
    let paths: Vec<_> = env::args_os().skip(1).collect();
    let [before, after, difference @ ..] = &paths[..] else {
        return Err("give two PNG files, and a third one to be written".into());
    };
    let read = |path| Ok::<_, Box<dyn Error>>(Picture::from_png(&fs::read(path)?)?);
    let (before, after) = (read(before)?, read(after)?);
    let start = Instant::now();
    let comparison = compare(&before, &after, &Options::new());
    let compared = start.elapsed();
    let drawn = comparison.difference(&after).to_png();
    eprintln!("compared in {compared:.1?}, drawn and packed in {:.1?}", start.elapsed() - compared);
    println!("{}", serde_json::to_string(&comparison)?);
    if let [path] = difference {
        fs::write(path, drawn)?;
    }
    Ok(())
}
