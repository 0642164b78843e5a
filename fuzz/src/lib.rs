//! Fuzz targets: what holds for every input, however odd.
//!
//! A target is a function of bytes that panics when something does not hold. The programs in `fuzz_targets/`
//! hand them to libFuzzer; an ordinary test hands them every file of `corpus/`, where findings stay for good.
//!
//! | Target | What holds |
//! | --- | --- |
//! | [`flow_text`] | a text is refused or read; what was read is written back byte for byte |
//! | [`flow_graph`] | a graph is refused or runs to its end, whatever its nodes end like |
//! | [`conditions`] | conditions are refused or judge every object; the judgement is recorded and read back |
//! | [`journal`] | records that do not fit are refused; what was replayed goes on |
//! | [`templates`] | a value never leaves the place it is put into |
//! | [`events`] | events in any order are taken or rejected; a rejected one changes nothing |
//! | [`url_guard`] | an address that is let through is a public one, by a second reading of its spelling |
//! | [`webhook_headers`] | a webhook is sent or refused; nothing leaves for an address of its own choice |
#![forbid(unsafe_code)]
#![expect(
    clippy::missing_panics_doc,
    reason = "a target panics when something does not hold: that is its answer"
)]

mod conditions;
mod events;
mod flow_graph;
mod flow_text;
mod journal;
mod made;
mod templates;
mod url_guard;
mod webhook_headers;

use std::ffi::OsString;
use std::io;

pub use conditions::conditions;
pub use events::events;
pub use flow_graph::flow_graph;
pub use flow_text::flow_text;
pub use journal::journal;
pub use templates::templates;
pub use url_guard::url_guard;
pub use webhook_headers::webhook_headers;

/// What is fed with bytes.
pub type Target = fn(&[u8]);

/// Every target, by the name of its program and of its folder in `corpus/`.
pub const TARGETS: [(&str, Target); 8] = [
    ("conditions", conditions),
    ("events", events),
    ("flow_graph", flow_graph),
    ("flow_text", flow_text),
    ("journal", journal),
    ("templates", templates),
    ("url_guard", url_guard),
    ("webhook_headers", webhook_headers),
];

/// Feeds a target with files: to look at a finding without a fuzzer.
///
/// # Errors
///
/// When a file cannot be read.
pub fn replay(target: Target, files: impl Iterator<Item = OsString>) -> io::Result<()> {
    for file in files {
        target(&std::fs::read(file)?);
    }
    Ok(())
}
