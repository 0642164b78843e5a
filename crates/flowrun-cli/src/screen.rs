//! The two places output goes to: data to standard output, everything else to standard error.

use std::io::{self, IsTerminal, Write};

use crate::finding::Finding;
use crate::hidden;
use crate::render::{self, Look};
use crate::source::Source;

/// Standard output and standard error, and how they look.
#[derive(Debug)]
pub(crate) struct Screen {
    look: Look,
}

/// Data could not be written to standard output. A reader that has gone away is no error.
#[derive(Debug, thiserror::Error)]
#[error("could not write to standard output")]
pub(crate) struct WriteError(#[from] io::Error);

impl Screen {
    /// Colours only on a terminal, and not where `NO_COLOR` or a dumb terminal forbids them.
    pub(crate) fn new() -> Self {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let colour = io::stderr().is_terminal() && !is_set("NO_COLOR") && !is_dumb;
        Self { look: Look { colour, width: 100 } }
    }

    /// Whether colours are shown.
    pub(crate) const fn has_colour(&self) -> bool {
        self.look.colour
    }

    /// Prints data.
    pub(crate) fn data(&self, text: &str) -> Result<(), WriteError> {
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            // Whoever reads `flowrun … | head` has what it wanted.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        }
    }

    /// Prints data as JSON, ending with a line break.
    pub(crate) fn json(&self, value: &serde_json::Value) -> Result<(), WriteError> {
        self.data(&format!("{value:#}\n"))
    }

    /// Tells people something. Whatever names of files or arguments it holds, nobody drives the terminal with them.
    pub(crate) fn note(&self, text: &str) {
        // Secrets first: of one that was escaped nothing would be found.
        tell(&render::plain_lines(&hidden::shown(text)));
    }

    /// Draws findings with their place.
    pub(crate) fn findings(&self, source: &Source<'_>, findings: &[Finding]) {
        if !findings.is_empty() {
            // Its colours are ours; what it quotes is plain.
            tell(&hidden::shown(&render::draw(source, findings, self.look)));
        }
    }
}

fn tell(text: &str) {
    let mut out = io::stderr().lock();
    // There is no third place to complain in when this one is gone.
    let _ = writeln!(out, "{}", text.trim_end_matches('\n'));
}
