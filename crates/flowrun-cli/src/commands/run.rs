//! `flowrun run`: a flow on a site, watched to its end.

use std::sync::Arc;

use flowrun::{Engine, Plan, RunPolicy, RunRequest, StartError};

use super::CommandError;
use crate::args::RunArgs;
use crate::configure::configure;
use crate::drive::{Driven, drive};
use crate::exit::Exit;
use crate::finding::Finding;
use crate::load::{Loaded, Refused, load};
use crate::out::Out;
use crate::render;
use crate::screen::Screen;
use crate::source::Source;
use crate::target::Target;
use crate::wiring;

/// Runs a flow. Everything that can be wrong is found before anything runs.
pub(crate) fn run(args: RunArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let loaded = match load(&args.flow) {
        Ok(loaded) => loaded,
        Err(refused) => return Ok(refused.show(screen)),
    };
    let target = Target::new(&args.site, &args.pages)?;
    let file = args.settings.file.clone();
    let settings = configure(file.as_deref(), args.settings.into_layer(), args.secrets)?;
    let engine = wiring::engine(&settings, &target.addresses)?;
    let plan = match planned(&engine, loaded, screen)? {
        Ok(plan) => plan,
        Err(refused) => return Ok(refused.show(screen)),
    };
    let out = args.out.as_deref().map(Out::create).transpose()?;

    let mut request = RunRequest::of_plan(Arc::clone(&plan), target.site);
    if let Some(configs) = &args.configs {
        request = request.configs(configs).map_err(CommandError::Configs)?;
    }
    if let Some(timeout) = args.timeout {
        request = request.policy(RunPolicy::default().run_timeout(timeout));
    }
    let Driven { run, exit } = super::block_on(drive(&engine, &plan, request, screen))??;
    if let Some(out) = out {
        out.keep(run.to_json())?;
    }
    if args.json {
        screen.data(&format!("{}\n", run.to_json()))?;
    } else {
        screen.data(&render::table(&run))?;
    }
    Ok(exit)
}

/// Checks a flow with the engine that is to run it. Warnings are drawn, and the flow runs all the same.
fn planned(
    engine: &Engine,
    loaded: Loaded,
    screen: &Screen,
) -> Result<Result<Arc<Plan>, Refused>, CommandError> {
    match engine.plan(&loaded.flow) {
        Ok(plan) => {
            let warnings: Vec<Finding> = plan.warnings().into_iter().map(Finding::from).collect();
            screen.findings(&Source::new(&loaded.name, loaded.flow.to_json()), &warnings);
            Ok(Ok(plan))
        }
        Err(StartError::Refused(problems)) => {
            let findings = problems.into_iter().map(Finding::from).map(with_remedy).collect();
            Ok(Err(loaded.refused(findings)))
        }
        Err(other) => Err(crate::drive::DriveError::from(other).into()),
    }
}

/// Says where settings can be given, below a finding that one is missing.
fn with_remedy(finding: Finding) -> Finding {
    let is_setting = finding.code == "engine.setting" && finding.help.is_none();
    let help = is_setting
        .then(|| "settings are flags, variables or keys of a file: see `flowrun run --help`".into());
    Finding { help: finding.help.or(help), ..finding }
}
