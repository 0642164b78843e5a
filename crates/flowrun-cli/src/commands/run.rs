//! `flowrun run`: a flow on a site, watched to its end.

use flowrun::{Executors, Plan, RunPolicy, RunRequest};

use super::{CommandError, shown};
use crate::args::RunArgs;
use crate::configure::configure;
use crate::drive::{drive, held};
use crate::exit::Exit;
use crate::finding::Finding;
use crate::load::{Loaded, Refused, load};
use crate::out::Out;
use crate::screen::Screen;
use crate::source::Source;
use crate::store_file::StoreFile;
use crate::target::Target;
use crate::watch::Keep;
use crate::wiring;

/// Runs a flow. Everything that can be wrong is found before anything runs.
pub(crate) fn run(args: RunArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let loaded = match load(&args.flow) {
        Ok(loaded) => loaded,
        Err(refused) => return Ok(refused.show(screen)),
    };
    let target = Target::new(&args.site, &args.pages)?;
    let settings = configure(args.settings, args.secrets)?;
    let executors = wiring::executors(&settings, &target.addresses)?;
    let plan = match planned(&executors, loaded, screen) {
        Ok(plan) => plan,
        Err(refused) => return Ok(refused.show(screen)),
    };
    let out = args.out.as_deref().map(Out::create).transpose()?;
    // Only now: a flow that is refused leaves no store behind.
    let file = args.store.as_deref().map(StoreFile::open_or_create).transpose()?;
    let engine = match &file {
        None => wiring::engine(executors)?,
        Some(file) => wiring::engine_on(executors, file.store.clone())?,
    };

    let mut request = RunRequest::of_plan(plan, target.site);
    if let Some(configs) = &args.configs {
        request = request.configs(configs).map_err(CommandError::Configs)?;
    }
    if let Some(timeout) = args.timeout {
        request = request.policy(RunPolicy::default().run_timeout(timeout));
    }
    let driven = super::block_on(async {
        match &file {
            None => drive(&engine, request, Keep::Nothing, screen).await,
            Some(file) => {
                let driven = drive(&engine, request, Keep::In(&file.path), screen);
                held(&engine, file, screen, driven).await
            }
        }
    })??;
    if let (Some(out), Some(run)) = (out, &driven.run) {
        out.keep(run.to_json())?;
    }
    shown::one(&driven, args.store.as_deref(), args.json, screen)
}

/// Checks a flow with the executors that are to do it. Warnings are drawn, and the flow runs all the same.
fn planned(executors: &Executors, loaded: Loaded, screen: &Screen) -> Result<Plan, Refused> {
    match executors.plan(&loaded.flow) {
        Ok(plan) => {
            let warnings: Vec<Finding> = plan.warnings().into_iter().map(Finding::from).collect();
            screen.findings(&Source::new(&loaded.name, loaded.flow.to_json()), &warnings);
            Ok(plan)
        }
        Err(refused) => {
            Err(loaded.refused(refused.into_diagnostics().into_iter().map(Finding::from).collect()))
        }
    }
}
