//! `flowrun check`: everything worth saying about a flow, without running it.

use std::path::Path;

use flowrun::{Flow, Origin, Plan};
use serde::Serialize;

use super::CommandError;
use crate::args::CheckArgs;
use crate::configure::configure_check;
use crate::exit::Exit;
use crate::finding::Finding;
use crate::load::load;
use crate::render::plain;
use crate::screen::Screen;
use crate::settings::Layer;
use crate::source::Source;
use crate::wiring;

/// Checks a flow. The verdict, or all of it as JSON, is data; the drawn findings are for people.
pub(crate) fn check(args: CheckArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let CheckArgs { flow, json, compat, secrets, settings, flags } = args;
    let file = settings.clone().flatten();
    let known = configure_check(flags, file.as_deref(), secrets)?;
    // Only settings that were asked for can be wrong: the secrets count for what templates name.
    let asked = settings.is_some();
    let known = if asked { known } else { Layer { secrets: known.secrets, ..Layer::default() } };
    let executors = wiring::executors(&known, &[])?;
    let checked = Checked::of(&flow, |flow| {
        let mut found = executors.check(flow);
        found.retain(|found| asked || found.origin == Origin::Flow);
        if compat && let Ok(plan) = Plan::new(flow, executors.task_types()) {
            found.extend(plan.compat_warnings());
        }
        found.into_iter().map(Finding::from).collect()
    });
    let source = Source::new(&checked.name, &checked.text);
    if json {
        screen.data(&checked.json(&source))?;
    } else {
        screen.findings(&source, &checked.findings);
        if let Some(size) = checked.size {
            screen.data(&checked.verdict(size))?;
        }
    }
    Ok(checked.exit)
}

/// A flow and what is to be said about it.
struct Checked {
    name: String,
    text: String,
    size: Option<Size>,
    findings: Vec<Finding>,
    exit: Exit,
}

/// How large a flow is; not known of one that cannot be read.
#[derive(Clone, Copy, Serialize)]
struct Size {
    nodes: usize,
    edges: usize,
}

impl Checked {
    fn of(flow: &Path, check: impl FnOnce(&Flow) -> Vec<Finding>) -> Self {
        match load(flow) {
            Err(refused) => Self {
                name: refused.name,
                text: refused.text,
                size: None,
                findings: refused.findings,
                exit: refused.exit,
            },
            Ok(loaded) => {
                let flow = loaded.flow;
                let findings = check(&flow);
                let is_refused = findings.iter().any(Finding::is_error);
                Self {
                    name: loaded.name,
                    text: flow.to_json().to_owned(),
                    size: Some(Size { nodes: flow.node_count(), edges: flow.edges().len() }),
                    findings,
                    exit: if is_refused { Exit::Refused } else { Exit::Done },
                }
            }
        }
    }

    /// One line, such as `nightly.json can run: 2 nodes, 1 edge, no warnings`.
    fn verdict(&self, size: Size) -> String {
        let count = |errors| {
            let of_kind = self.findings.iter().filter(|finding| finding.is_error() == errors);
            of_kind.map(Finding::count).sum::<usize>()
        };
        let (errors, warnings) = (count(true), count(false));
        let mut parts = vec![counted(size.nodes, "node"), counted(size.edges, "edge")];
        if errors > 0 {
            parts.push(counted(errors, "error"));
        }
        parts.push(counted(warnings, "warning"));
        let verdict = if errors > 0 { "is refused" } else { "can run" };
        format!("{} {verdict}: {}\n", plain(&self.name), parts.join(", "))
    }

    fn json(&self, source: &Source<'_>) -> String {
        let findings = self.findings.iter().map(|finding| {
            let place = finding.span.as_ref().map(|span| source.place(span.start));
            Placed { finding, line: place.map(|place| place.line), column: place.map(|place| place.column) }
        });
        let report = Report {
            version: 1,
            file: &self.name,
            ok: self.exit == Exit::Done,
            size: self.size,
            findings: findings.collect(),
        };
        let mut json = serde_json::to_string_pretty(&report).expect("texts and numbers are always JSON");
        json.push('\n');
        json
    }
}

/// What `--json` prints. A key is never given another meaning; `version` rises when one has to go.
#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    file: &'a str,
    ok: bool,
    size: Option<Size>,
    findings: Vec<Placed<'a>>,
}

/// A finding with its place for people beside its bytes for programs. It is written and never read, so
/// flattening spoils no message.
#[derive(Serialize)]
struct Placed<'a> {
    #[serde(flatten)]
    finding: &'a Finding,
    line: Option<usize>,
    column: Option<usize>,
}

fn counted(count: usize, noun: &str) -> String {
    match count {
        0 => format!("no {noun}s"),
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}
