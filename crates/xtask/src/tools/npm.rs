//! Packages from npm, as the lock file has them.

use std::fs;

use super::{Presence, asked_for, folder, keep, unusable};
use crate::setup;
use crate::step::{Call, Failed};

pub(super) fn install() -> Result<Presence, Failed> {
    setup::tools(&[setup::NPM])?;
    let files = ["package.json", "package-lock.json"];
    let own = folder().join("npm");
    let (_, wanted) = asked_for("npm/package-lock.json")?;
    keep(&own, &wanted, || {
        for name in files {
            let (_, text) = asked_for(&format!("npm/{name}"))?;
            fs::write(own.join(name), text).map_err(|error| unusable(&own, &error))?;
        }
        // Scripts of packages are not run: none of these needs one.
        Call::new(
            "npm",
            &["ci", "--prefix", &own.to_string_lossy(), "--ignore-scripts", "--no-audit", "--no-fund"],
        )
        .run()
    })?;
    Ok(Presence::Here)
}
