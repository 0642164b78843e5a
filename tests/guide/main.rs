//! What `docs/testing.md` has its readers write, run as they would.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "files of a crate that is somebody else's"
)]

// In the guide the executor is the crate `measure`, and the flow is a test of it.
extern crate self as measure;
#[path = "measure.rs"]
mod executor;
mod flow;

use executor::Measure;

use std::fs;
use std::path::Path;

/// The guide shows these very files.
#[test]
fn the_guide_shows_what_is_run_here() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = fs::read_to_string(root.join("../docs/testing.md")).unwrap();
    for file in ["measure.rs", "flow.rs"] {
        let text = fs::read_to_string(root.join("guide").join(file)).unwrap();
        assert!(guide.contains(&format!("\n{text}```\n")), "{file} is not what the guide shows");
        assert!(text.lines().count() < 40, "{file} is to be short");
    }
}
