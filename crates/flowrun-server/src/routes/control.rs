//! What is asked of runs and flows: to stop, to wait, to go on, to be done once more, to be looked at first. Ours beside
//! the documented routes.

use std::sync::Arc;

use flowrun::{Flow, RejectedError, Rerun, ResumeError, RunHandle, RunId, StoreError};
use serde_json::json;

use super::{Route, handler};
use crate::http::call::{Answer, Call, Handler, Resource};
use crate::http::json::object;
use crate::http::refusal::Refusal;
use crate::repo::Scope;
use crate::runs::Change;
use crate::server::Inner;

pub(super) fn routes() -> Vec<Route> {
    let does = |post| Resource { post, ..Resource::default() };
    vec![
        ("/flowrun/{id}/cancel", does(handler!(cancel))),
        ("/flowrun/{id}/pause", does(handler!(pause))),
        ("/flowrun/{id}/resume", does(handler!(resume))),
        ("/flowrun/{id}/rerun", does(handler!(rerun))),
        ("/flow/check", does(handler!(check))),
    ]
}

/// How a run stands now.
fn stands(run: &RunHandle) -> String {
    Change::of(run.id(), run.state()).to_json()
}

/// The run in the path, with its driver. Only open runs that are driven here have one.
fn driven(server: &Inner, call: &Call) -> Result<Result<RunHandle, RunId>, Refusal> {
    call.needs(Scope::Run)?;
    let row = call.run(server)?;
    if row.status.is_some() {
        return Err(Refusal::conflict("the run is over"));
    }
    Ok(server.engine.run(row.id).ok_or(row.id))
}

/// Stops a run: nothing new starts, what works is told to stop. The answer does not wait for that.
async fn cancel(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    match driven(&server, &call)? {
        Ok(run) => {
            run.cancel().await;
            // Answered after the cancel was decided.
            let state = match run.snapshot().await {
                Ok(snapshot) => snapshot.state,
                Err(_) => run.state(),
            };
            Ok(Answer::accepted(Change::of(run.id(), state).to_json()))
        }
        // Nobody drives it: it is closed without starting anything.
        Err(run) => {
            let cancelled = server.engine.cancel(run).await.map_err(|error| refused(&error))?;
            server.tell(call.caller.account, Change::of(run, cancelled.status().into()));
            Ok(Answer::accepted(Change::of(run, cancelled.status().into()).to_json()))
        }
    }
}

/// Lets nothing new start until the run is resumed. What works may finish.
async fn pause(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    let run =
        driven(&server, &call)?.map_err(|_| Refusal::conflict("nobody drives the run here: resume it"))?;
    run.pause().await;
    Ok(Answer::ok(stands(&run)))
}

/// Lets a run go on: one that is paused, that waits for a person, or that nobody drives.
async fn resume(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    let run = match driven(&server, &call)? {
        Ok(run) => run,
        Err(run) => {
            accepts_work(&server)?;
            let owned = server.shares.owned(run, call.caller.account);
            let run = server.engine.resume(run).await.map_err(|error| refused(&error))?;
            server.follow(call.caller.account, run.clone(), owned);
            run
        }
    };
    run.resume().await;
    Ok(Answer::ok(stands(&run)))
}

/// Opens a run that is over once more: for what failed, or from one node on.
async fn rerun(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    call.needs(Scope::Run)?;
    let row = call.run(&server)?;
    accepts_work(&server)?;
    let what = match (call.fields.text("from")?, call.fields.text("only")?.as_deref()) {
        (None, None | Some("failed")) => Rerun::Failed,
        (None, Some("failed_objects")) => Rerun::FailedObjects,
        (None, Some(_)) => return Err(Refusal::bad("only must be `failed` or `failed_objects`")),
        (Some(_), Some(_)) => return Err(Refusal::bad("from and only do not go together")),
        (Some(node), None) => Rerun::From(node),
    };
    let owned = server.shares.owned(row.id, call.caller.account);
    let run = server.engine.rerun(row.id, what).await.map_err(|error| refused(&error))?;
    server.follow(call.caller.account, run.clone(), owned);
    Ok(Answer::accepted(stands(&run)))
}

fn accepts_work(server: &Inner) -> Result<(), Refusal> {
    if server.is_draining() { Err(Refusal::unavailable("the server is shutting down")) } else { Ok(()) }
}

/// Why a run was not changed. What the caller can do nothing about is logged, not told.
fn refused(error: &ResumeError) -> Refusal {
    match error {
        ResumeError::Rejected(
            rejected @ (RejectedError::RunIsOver | RejectedError::NotOver | RejectedError::NothingToRerun),
        ) => Refusal::conflict(rejected.to_string()),
        ResumeError::Rejected(rejected @ RejectedError::NoSuchNode(_)) => Refusal::bad(rejected.to_string()),
        // Somebody else is at it: it is driven, or asked for at the same moment.
        ResumeError::Store(StoreError::InUse(_)) => Refusal::conflict("the run is not over yet"),
        ResumeError::Store(StoreError::NotFound(_)) => Refusal::missing("flowrun"),
        ResumeError::MissingSecrets(_) | ResumeError::Refused(_) => Refusal::conflict(error.to_string()),
        ResumeError::ShutDown => Refusal::unavailable("the server is shutting down"),
        error => {
            tracing::error!(%error, "a run was not changed");
            Refusal::unavailable("the run cannot be changed now")
        }
    }
}

/// Says what is wrong with a flow, and what is worth knowing, before it runs: a drawing in the body, or a saved flow.
async fn check(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    let document = match call.fields.id("flow_id")? {
        Some(id) => {
            let flow = server.repo.flow(call.caller.account, id.into())?;
            let flow = flow.ok_or_else(|| Refusal::missing("flow"))?;
            object([("nodes", flow.nodes.as_str()), ("edges", &flow.edges)])
        }
        None => {
            let nodes = call.fields.array("nodes")?.ok_or_else(|| Refusal::bad("nodes is missing"))?;
            object([("nodes", nodes), ("edges", call.fields.array("edges")?.unwrap_or("[]"))])
        }
    };
    let findings = match Flow::from_json(document) {
        Err(error) => vec![(*error.diagnostic).clone()],
        Ok(flow) => match server.engine.plan(&flow) {
            Err(refused) => refused.into_diagnostics(),
            Ok(plan) => plan.warnings(),
        },
    };
    let is_ok = findings.iter().all(|finding| finding.severity != flowrun::Severity::Error);
    Ok(Answer::ok(json!({"ok": is_ok, "findings": findings}).to_string()))
}
