//! The served API and programs of others, which `cargo xtask tools` installs into the tool folder of the checkout. Cargo
//! alone ignores these tests; `cargo xtask test` installs what they need and runs them.
#![cfg(unix)]

#[path = "../cli/serving.rs"]
mod serving;
#[path = "../cli/support.rs"]
#[expect(dead_code, reason = "made for the tests of the command line")]
mod support;

mod fuzzed;
mod original;

use std::path::{Path, PathBuf};

/// Something in the tool folder.
fn tool(name: &str) -> PathBuf {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools").join(name);
    assert!(tool.exists(), "`{name}` is not in `.tools`: `cargo xtask tools` installs it");
    tool
}
