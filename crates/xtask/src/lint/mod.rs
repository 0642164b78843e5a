//! `cargo xtask lint`: what is checked without running anything, the quick checks first.

mod dependencies;
mod examples;
mod files;
mod floors;
mod published;

use crate::setup;
use crate::step::{Call, Failed, Steps};
use crate::test::EVERYTHING;
use crate::workspace;

/// The target that core builds for: a socket that sneaks in does not.
const WASM: &str = "wasm32-unknown-unknown";

pub(crate) fn run(arguments: &[String]) -> Result<(), Failed> {
    if let Some(unknown) = arguments.first() {
        return Err(Failed::check(format!("lint takes no arguments, and got `{unknown}`"), "leave it out"));
    }
    let mut steps = Steps::new("lint");
    steps.step("set-up", || {
        setup::tools(&[setup::C_COMPILER, setup::GIT])?;
        setup::component("rustfmt", "fmt")?;
        setup::component("clippy", "clippy")
    })?;
    steps.step("formatting", || Call::new("cargo", &["fmt", "--all", "--check"]).run())?;
    steps.step("what files must not say", files::check)?;
    steps.step("examples in the docs", examples::check)?;
    steps.step("versions that are locked", floors::check)?;
    steps.step("what core depends on", dependencies::check_core)?;
    steps.step("what published packages depend on", published::check_dependencies)?;
    steps.step("what is packed", published::check_packages)?;
    dependencies::cargo_deny(&mut steps)?;
    steps.step("clippy", || {
        let words = [&["clippy"], &EVERYTHING[..], &["--all-targets", "--", "-D", "warnings"]];
        Call::cargo(&words.concat()).run()
    })?;
    steps.step("documentation", || {
        // `--lib`: the binary has the name of a library, and one page cannot show both.
        let words = [&["doc"], &EVERYTHING[..], &["--no-deps", "--lib"]];
        Call::cargo(&words.concat()).env("RUSTDOCFLAGS", "-D warnings").run()
    })?;
    features(&mut steps)?;
    if has_target(WASM) {
        steps.step("core for wasm32", || {
            Call::cargo(&["check", "--package", "flowrun-core", "--target", WASM]).run()
        })?;
    } else {
        steps.skip("core for wasm32", &format!("`rustup target add {WASM}` brings the target"));
    }
    steps.finish();
    Ok(())
}

/// Each feature by itself: with all of them on, one may lean on what another brings.
fn features(steps: &mut Steps) -> Result<(), Failed> {
    for (package, manifest) in workspace::crates().map_err(|error| unreadable("crates", &error))? {
        for feature in workspace::features(&manifest) {
            steps.step(&format!("{package} with `{feature}` alone"), || {
                let words = ["check", "--package", &package, "--no-default-features", "--features", feature];
                Call::cargo(&words).run()
            })?;
        }
    }
    Ok(())
}

/// Whether the toolchain has the standard library of a target, however it was installed.
fn has_target(target: &str) -> bool {
    let call = Call::new("rustc", &["--print", "target-libdir", "--target", target]);
    call.read().is_ok_and(|folder| std::path::Path::new(folder.trim()).is_dir())
}

fn unreadable(name: &str, error: &std::io::Error) -> Failed {
    Failed::check(format!("could not read `{name}`: {error}"), "run it in a whole checkout")
}
