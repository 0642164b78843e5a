//! `flowrun simulate --suite`: every case of a folder, and what they reach.

use flowrun_sim::suite::{Coverage, Reached, Suite, SuiteReport};
use serde::Serialize;

use super::CommandError;
use crate::args::SuiteArgs;
use crate::exit::Exit;
use crate::out::Out;
use crate::render::{plain, plain_line};
use crate::screen::Screen;

/// Things not reached that are named on the screen; `--json` names more.
const NAMED: usize = 10;

/// Plays the suite and prints what came of it.
pub(super) fn suite(args: &SuiteArgs, json: bool, screen: &Screen) -> Result<Exit, CommandError> {
    let Some(folder) = &args.folder else { unreachable!("the command line demands a flow or a suite") };
    let junit = args.junit.as_deref().map(Out::create).transpose()?;
    let report = Suite::read(folder)?.run()?;
    if let Some(out) = junit {
        out.keep(&report.junit())?;
    }
    let percent = report.coverage.percent();
    if json {
        let printed = Printed { version: 1, ok: report.has_passed(), percent, report: &report };
        let printed = serde_json::to_string_pretty(&printed).expect("texts and numbers are always JSON");
        screen.data(&format!("{printed}\n"))?;
    } else {
        screen.data(&told(&report, args.coverage || args.min.is_some()))?;
    }
    if !report.has_passed() {
        return Ok(Exit::RunFailed);
    }
    match args.min {
        Some(min) if percent < min => {
            screen.note(&format!("{percent:.1} % is reached, and {min} % is demanded"));
            Ok(Exit::Uncovered)
        }
        Some(_) | None => Ok(Exit::Done),
    }
}

/// What `--json` prints. A key is never given another meaning; `version` rises when one has to go.
#[derive(Serialize)]
struct Printed<'a> {
    version: u32,
    ok: bool,
    percent: f64,
    report: &'a SuiteReport,
}

fn told(report: &SuiteReport, with_coverage: bool) -> String {
    let mut out = String::new();
    for case in &report.cases {
        out += &match &case.failure {
            None => format!("passed  {}\n", plain(&case.name)),
            Some(failure) => format!("failed  {}: {}\n", plain(&case.name), plain_line(failure)),
        };
    }
    let failed = report.cases.iter().filter(|case| case.failure.is_some()).count();
    out += &format!("{} of {} cases passed\n", report.cases.len() - failed, report.cases.len());
    if with_coverage {
        out += &reached(&report.coverage);
    }
    out
}

fn reached(coverage: &Coverage) -> String {
    let row =
        |what: &str, Reached { reached, total, .. }: Reached| format!("{what:<19} {reached} of {total}\n");
    let mut out = row("nodes", coverage.nodes);
    out += &row("edges", coverage.edges);
    out += &row("condition results", coverage.conditions);
    out += &format!("{:<19} {:.1} %\n", "reached", coverage.percent());
    for missing in coverage.missing.iter().take(NAMED) {
        out += &format!("  not reached: {}\n", plain(missing));
    }
    let more = coverage.missing.len().saturating_sub(NAMED);
    if more > 0 {
        out += "  and more\n";
    }
    out
}
