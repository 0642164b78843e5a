//! Programs of others, which `cargo xtask tools` installs into the tool folder of the checkout. Tests that need one are
//! ignored by cargo alone; `cargo xtask test` installs it and runs them.

use std::path::{Path, PathBuf};
use std::process::Output;

/// Something in the tool folder.
pub(crate) fn tool(name: &str) -> PathBuf {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools").join(name);
    assert!(tool.exists(), "`{name}` is not in `.tools`: `cargo xtask tools` installs it");
    tool
}

/// Runs a program to its end while the server of this test answers.
pub(crate) async fn run(mut command: std::process::Command) -> Output {
    tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap()
}

/// What a program printed. One that failed fails the test.
pub(crate) async fn printed(command: std::process::Command) -> String {
    let output = run(command).await;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}
