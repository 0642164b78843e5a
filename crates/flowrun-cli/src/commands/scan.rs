//! `flowrun scan`: pages looked at, by a flow of one node.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use flowrun::{Flow, ObjectStatus, RunRequest};
use flowrun_artefacts::Artefacts;
use serde_json::{Value, json};

use super::CommandError;
use super::run::artefacts;
use crate::args::ScanArgs;
use crate::configure::configure;
use crate::drive::{Driven, drive, held};
use crate::exit::Exit;
use crate::finding::Finding;
use crate::load::Refused;
use crate::render;
use crate::screen::Screen;
use crate::store_file::StoreFile;
use crate::target::Target;
use crate::watch::Keep;
use crate::wiring;

/// Facts of pages, by the id of their scan.
type Seen = Arc<Mutex<BTreeMap<String, Value>>>;

/// Looks at pages and shows what there is to say about them.
pub(crate) fn scan(args: ScanArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let settings = configure(args.settings, Vec::new())?;
    let pages: Vec<String> = args.pages.iter().map(ToString::to_string).collect();
    let target = Target::new(&args.pages[0], &pages)?;
    let missing = super::tools::missing(&settings);
    let components = match (&args.components[..], &missing) {
        ([], None) => vec!["html", "logs", "vrt", "security"],
        ([], Some(why)) => {
            screen.note(&format!("logs and vrt are left out: {why}"));
            vec!["html", "security"]
        }
        (named, _) => named.iter().map(String::as_str).collect(),
    };
    let configs: Value =
        args.configs.as_deref().map_or(Ok(Value::Null), serde_json::from_str).unwrap_or_default();
    let flow = flow(&components, &configs);

    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    let note = move |facts: &flowrun::Facts| {
        let facts = facts.attributes().clone();
        let id = facts["id"].as_str().unwrap_or_default().to_owned();
        noted.lock().unwrap_or_else(PoisonError::into_inner).insert(id, facts);
    };
    let plan = match wiring::executors(&settings, &target.addresses)?.plan(&flow) {
        Ok(plan) => plan,
        Err(refused) => {
            let findings: Vec<Finding> = refused.into_diagnostics().into_iter().map(Finding::from).collect();
            let (name, text) = ("the scan".to_owned(), flow.to_json().to_owned());
            return Ok(Refused { name, text, findings, exit: Exit::Refused }.show(screen));
        }
    };
    let file = args.store.as_deref().map(StoreFile::open_or_create).transpose()?;
    let artefacts = artefacts(file.as_ref())?;
    let kept = artefacts.clone();
    let executors =
        wiring::executors_with(&settings, &target.addresses, |scan| scan.artefacts(kept).observer(note))?;
    let request = RunRequest::of_plan(plan, target.site);
    let driven = super::block_on(async {
        match &file {
            None => Ok::<_, CommandError>(
                drive(&wiring::engine(executors)?, request, Keep::Nothing, screen).await?,
            ),
            Some(file) => {
                let engine = wiring::engine_on(executors, file.store.clone())?;
                let driven = drive(&engine, request, Keep::In(&file.path), screen);
                Ok(held(&engine, file, screen, driven).await?)
            }
        }
    })??;
    shown(&driven, &seen, &artefacts, args.pictures.as_deref(), args.json, screen)
}

/// The flow that looks at pages.
fn flow(components: &[&str], configs: &Value) -> Flow {
    let node = json!({
        "id": "1",
        "data": {"id": "1", "task_type": "scan", "type": components, "configs": configs},
    });
    let flow = json!({"title": "scan", "nodes": [node], "edges": []});
    Flow::from_json(flow.to_string()).expect("a flow of one node is well-formed")
}

fn shown(
    driven: &Driven,
    seen: &Seen,
    artefacts: &Artefacts,
    pictures: Option<&Path>,
    is_json: bool,
    screen: &Screen,
) -> Result<Exit, CommandError> {
    let Some(run) = &driven.run else { return Ok(driven.exit) };
    let mut seen = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
    // In the order of the pages, which is that of the entries.
    let entries = run.nodes().next().map(|(_, progress)| progress.objects.clone()).unwrap_or_default();
    let mut pages: Vec<(Value, String)> = entries
        .iter()
        .filter_map(|entry| Some((seen.remove(entry.id.as_deref()?)?, status(entry.status).to_owned())))
        .collect();
    if let Some(folder) = pictures {
        for (page, number) in pages.iter_mut().zip(1..) {
            write_pictures(&mut page.0, &driven.id.to_string(), number, artefacts, folder)?;
        }
    }
    if is_json {
        let told = |(page, status): &(Value, String)| {
            let mut page = page.clone();
            page["status"] = status.as_str().into();
            page
        };
        let pages: Vec<Value> = pages.iter().map(told).collect();
        screen.json(&json!({"version": 1, "run": driven.id.to_string(), "status": run.status().to_string(), "pages": pages}))?;
    } else {
        for (page, status) in &pages {
            screen.data(&render::page(page, status))?;
        }
        // What failed has its reasons in the log alone.
        if driven.exit == Exit::RunFailed {
            for line in run.logs().iter().filter(|line| line.message.starts_with("could not scan")) {
                screen.note(&render::plain_line(&line.message));
            }
            for line in run.logs().iter().filter(|line| line.message.contains(" needs ")) {
                screen.note(&render::plain_line(&line.message));
            }
        }
    }
    Ok(driven.exit)
}

const fn status(status: ObjectStatus) -> &'static str {
    match status {
        ObjectStatus::Passed => "passed",
        ObjectStatus::Failed => "failed",
        ObjectStatus::Incomplete => "incomplete",
        ObjectStatus::Working => "working",
    }
}

/// Writes the pictures of a page, and has its facts say where they are.
fn write_pictures(
    page: &mut Value,
    run: &str,
    number: usize,
    artefacts: &Artefacts,
    folder: &Path,
) -> Result<(), CommandError> {
    let failed = |source| CommandError::Folder { name: folder.display().to_string(), source };
    fs::create_dir_all(folder).map_err(failed)?;
    for what in ["screenshot", "difference"] {
        let Some(hash) = page["images"][what].as_str().map(str::to_owned) else { continue };
        if let Some((_, content)) = artefacts.get(run, &hash)? {
            let path = folder.join(format!("page-{number}-{what}.png"));
            fs::write(&path, content).map_err(failed)?;
            page["images"][format!("{what}_file")] = path.display().to_string().into();
        }
    }
    Ok(())
}
