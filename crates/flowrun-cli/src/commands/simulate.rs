//! `flowrun simulate`: a flow by a script, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use flowrun::{Plan, Record, RunStatus, Skipped};
use flowrun_sim::script::Script;
use flowrun_sim::sim::{Moment, Simulated, duration_text, simulate_watched};
use serde::Serialize;
use serde_json::value::RawValue;

use super::CommandError;
use crate::args::SimulateArgs;
use crate::exit::Exit;
use crate::finding::Finding;
use crate::load::{Loaded, Refused, load, load_script};
use crate::render::{self, Reasons, plain, plain_line};
use crate::screen::Screen;

/// Plays a flow and prints its timeline and the run at its end.
pub(crate) fn simulate(args: &SimulateArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let Some(flow) = &args.flow else { return super::suite(&args.suite, args.json, screen) };
    let played = load(flow).and_then(|loaded| {
        let mut script = args.script.as_deref().map(load_script).transpose()?.unwrap_or_default();
        script.seed = args.seed.unwrap_or(script.seed);
        play(loaded, &script)
    });
    let Played { plan, timeline, skipped, simulated } = match played {
        Ok(played) => played,
        Err(refused) => return Ok(refused.show(screen)),
    };
    let run = simulated.flow_run();
    if args.json {
        let report = Report {
            version: 1,
            elapsed_ms: u64::try_from(simulated.elapsed().as_millis()).unwrap_or(u64::MAX),
            timeline: &timeline,
            run: serde_json::from_str(run.to_json()).expect("a run is written as JSON"),
        };
        let json = serde_json::to_string(&report).expect("texts and numbers are always JSON");
        screen.data(&format!("{json}\n"))?;
    } else {
        let lines: String = timeline.iter().map(line).collect();
        screen.data(&format!("{lines}\n{}", render::table(&run, &skipped)))?;
    }
    let hanging = simulated.hanging();
    if let Some(first) = hanging.first() {
        let more =
            if hanging.len() > 1 { format!(" and {} more hang", hanging.len() - 1) } else { " hangs".into() };
        screen.note(&format!(
            "the run does not end: node `{}`{more}; set `run_timeout`, `attempt_timeout` or `cancel_after`",
            plain(&plan.node_id(*first))
        ));
    }
    Ok(exit_of(&simulated))
}

struct Played {
    plan: Arc<Plan>,
    timeline: Vec<Moment>,
    skipped: Reasons,
    simulated: Simulated,
}

fn play(loaded: Loaded, script: &Script) -> Result<Played, Refused> {
    let plan = match Plan::new(&loaded.flow, &script.run.task_types()) {
        Ok(plan) => Arc::new(plan),
        Err(refused) => {
            return Err(loaded.refused(refused.into_diagnostics().into_iter().map(Finding::from).collect()));
        }
    };
    let (mut timeline, mut skipped) = (Vec::new(), Skipped::default());
    let simulated = simulate_watched(&plan, script, |at, record| {
        skipped.note(record);
        let mut moment = Moment::new(&plan, at, record);
        if let Record::NodeSkipped { node } = record
            && let Some(why) = skipped.why(&plan, *node)
        {
            moment.what = format!("{}: {why}", moment.what);
        }
        timeline.push(moment);
    });
    let skipped = Reasons::of(&skipped, &plan);
    match simulated {
        Ok(simulated) => Ok(Played { plan, timeline, skipped, simulated }),
        Err(error) => {
            let findings = vec![Finding::error("script.unknown-name", error.to_string())];
            Err(Refused { exit: Exit::Usage, ..loaded.refused(findings) })
        }
    }
}

/// What `--json` prints. A key is never given another meaning; `version` rises when one has to go.
#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    elapsed_ms: u64,
    timeline: &'a [Moment],
    run: &'a RawValue,
}

/// `1m 30s  4  passed`
fn line(moment: &Moment) -> String {
    let at = duration_text(Duration::from_millis(moment.at_ms));
    let node = moment.node.as_deref().map_or_else(String::new, |node| format!("{}: ", plain(node)));
    format!("{at:>12}  {node}{}\n", plain_line(&moment.what))
}

fn exit_of(simulated: &Simulated) -> Exit {
    match simulated.run().status() {
        RunStatus::Passed => Exit::Done,
        RunStatus::Failed if simulated.run().has_timed_out() => Exit::Stopped,
        RunStatus::Failed => Exit::RunFailed,
        RunStatus::Cancelled | RunStatus::Working => Exit::Stopped,
    }
}
