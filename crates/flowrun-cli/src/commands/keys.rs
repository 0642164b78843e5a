//! `flowrun keys`: what conditions and templates can read.

use std::fmt::Write as _;

use flowrun::{DataKey, documented_keys};
use serde_json::json;

use super::CommandError;
use crate::args::KeysArgs;
use crate::exit::Exit;
use crate::screen::Screen;

/// Lists the data keys.
pub(crate) fn keys(args: &KeysArgs, screen: &Screen) -> Result<Exit, CommandError> {
    if args.json {
        screen.json(&as_json())?;
    } else {
        screen.data(&as_table())?;
    }
    Ok(Exit::Done)
}

/// One object a key, in the order of the documentation.
fn as_json() -> serde_json::Value {
    let key = |key: &DataKey| {
        let objects: Vec<_> = key.object_types().collect();
        json!({"key": key.name(), "kind": key.kind(), "objects": objects, "reads": key.path()})
    };
    json!({"version": 1, "keys": documented_keys().iter().map(key).collect::<Vec<_>>()})
}

/// One line a key: its name, what it is, where it is read and on which objects.
fn as_table() -> String {
    let width = documented_keys().iter().map(|key| key.name().len()).max().unwrap_or_default();
    let mut out = String::new();
    for key in documented_keys() {
        let objects: Vec<_> = key.object_types().collect();
        let (name, kind, path, objects) = (key.name(), key.kind(), key.path(), objects.join(", "));
        writeln!(out, "{name:width$}  {kind:6}  {objects}: {path}")
            .expect("a String takes whatever is written to it");
    }
    out
}
