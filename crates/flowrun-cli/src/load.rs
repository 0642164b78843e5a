//! From a path to a flow or a script, or to the findings that refuse it.

use std::path::Path;

use flowrun::Flow;
use flowrun_sim::script::Script;

use crate::exit::Exit;
use crate::finding::Finding;
use crate::input::{FLOW_BYTES, Input, InputError, SMALL_BYTES};
use crate::screen::Screen;
use crate::source::Source;

/// A flow with the name it is shown by.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) name: String,
    pub(crate) flow: Flow,
}

/// What is not going to run, and why.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) findings: Vec<Finding>,
    pub(crate) exit: Exit,
}

impl Refused {
    /// Draws the findings and gives the exit code.
    pub(crate) fn show(&self, screen: &Screen) -> Exit {
        screen.findings(&Source::new(&self.name, &self.text), &self.findings);
        self.exit
    }
}

impl Loaded {
    /// The same flow, refused because of these findings.
    pub(crate) fn refused(self, findings: Vec<Finding>) -> Refused {
        Refused { text: self.flow.to_json().to_owned(), name: self.name, findings, exit: Exit::Refused }
    }
}

/// Reads the flow at `path`, `-` for standard input.
pub(crate) fn load(path: &Path) -> Result<Loaded, Refused> {
    let Input { name, text } = read(path, FLOW_BYTES)?;
    let text: std::sync::Arc<str> = text.into();
    match Flow::from_json(std::sync::Arc::clone(&text)) {
        Ok(flow) => Ok(Loaded { name, flow }),
        Err(error) => {
            let findings = vec![(*error.diagnostic).into()];
            Err(Refused { name, text: text.as_ref().to_owned(), findings, exit: Exit::Refused })
        }
    }
}

/// Reads the script at `path`.
pub(crate) fn load_script(path: &Path) -> Result<Script, Refused> {
    // It is not the flow that is refused.
    let usage = |refused: Refused| match refused.exit {
        Exit::Refused => Refused { exit: Exit::Usage, ..refused },
        _ => refused,
    };
    let Input { name, text } = read(path, SMALL_BYTES).map_err(usage)?;
    Script::parse(&text).map_err(|error| {
        let finding = Finding { span: Some(error.span), ..Finding::error("script.malformed", error.message) };
        Refused { name, text, findings: vec![finding], exit: Exit::Usage }
    })
}

fn read(path: &Path, limit: usize) -> Result<Input, Refused> {
    Input::read(path, limit).map_err(|error| Refused {
        name: path.display().to_string(),
        text: String::new(),
        exit: if matches!(error, InputError::NotFound { .. }) { Exit::NotFound } else { Exit::Refused },
        findings: vec![error.finding()],
    })
}
