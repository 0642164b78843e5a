//! `flowrun run`: a flow on a site, watched to its end.

use flowrun::{Executors, Plan, RunPolicy, RunRequest};
use flowrun_artefacts::Artefacts;
use flowrun_executors::scan::{Discovery, PageSource, PathPattern};
use url::Url;

use super::{CommandError, shown};
use crate::args::RunArgs;
use crate::configure::configure;
use crate::drive::{drive, held};
use crate::exit::Exit;
use crate::finding::Finding;
use crate::load::{Loaded, Refused, load};
use crate::out::Out;
use crate::screen::Screen;
use crate::settings::Layer;
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
    let settings = configure(args.settings, args.secrets)?;
    let mut pages = args.pages;
    if let Some(source) = args.source {
        let search = Search { source, exclude: args.exclude, robots: !args.ignore_robots };
        pages.extend(search.pages(&args.site, &settings, screen)?);
    }
    let target = Target::new(&args.site, &pages)?;
    let executors = wiring::executors(&settings, &target.addresses)?;
    let plan = match planned(&executors, loaded, screen) {
        Ok(plan) => plan,
        Err(refused) => return Ok(refused.show(screen)),
    };
    let out = args.out.as_deref().map(Out::create).transpose()?;
    // Only now: a flow that is refused leaves no store behind.
    let file = args.store.as_deref().map(StoreFile::open_or_create).transpose()?;
    let executors = match plan.flow().nodes().any(|node| node.task_type() == "scan") {
        false => executors,
        true => {
            let artefacts = artefacts(file.as_ref())?;
            wiring::executors_with(&settings, &target.addresses, |scan| scan.artefacts(artefacts))?
        }
    };
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

/// Where scans keep what they bring home: beside the store, or until the process ends.
pub(super) fn artefacts(file: Option<&StoreFile>) -> Result<Artefacts, CommandError> {
    match file {
        Some(file) => file.artefacts(),
        None => Ok(Artefacts::temporary(Artefacts::LIMIT)?),
    }
}

/// How pages are looked for that nobody lists.
struct Search {
    source: PageSource,
    exclude: Vec<PathPattern>,
    robots: bool,
}

impl Search {
    fn pages(self, site: &Url, settings: &Layer, screen: &Screen) -> Result<Vec<String>, CommandError> {
        let discovery = Discovery::new(wiring::site_guard(settings, site)?, self.source).robots(self.robots);
        let discovery = self.exclude.into_iter().fold(discovery, Discovery::exclude);
        let found = super::block_on(discovery.pages(site))??;
        let count = |count: usize, of: &str| match count {
            0 => String::new(),
            _ => format!(", {count} {of}"),
        };
        screen.note(&format!(
            "{} pages found{}{}{}",
            found.pages.len(),
            if found.more { ", of more than these" } else { "" },
            count(found.disallowed, "kept from us by robots.txt"),
            count(found.excluded, "excluded"),
        ));
        Ok(found.pages.into_iter().map(String::from).collect())
    }
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
