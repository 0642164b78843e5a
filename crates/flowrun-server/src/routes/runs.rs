//! `/flowrun`: the runs of an account.

use std::sync::Arc;

use flowrun::RunId;
use uuid::Uuid;

use super::{Route, handler, shown};
use crate::http::call::{Answer, Call, Handler, Resource};
use crate::http::fields::malformed;
use crate::http::page::Window;
use crate::http::refusal::Refusal;
use crate::repo::{Scope, SiteId};
use crate::runs::{Change, Wanted, lean};
use crate::server::Inner;

pub(super) fn routes() -> Vec<Route> {
    let all = Resource { get: handler!(list), post: handler!(create), ..Resource::default() };
    let one = Resource { get: handler!(retrieve), delete: handler!(delete), ..Resource::default() };
    let short = Resource { get: handler!(zapier), ..Resource::default() };
    vec![("/flowrun", all), ("/flowrun/{id}", one), ("/flowruns/zapier", short)]
}

impl Call {
    /// 403 when the token may not do what needs this scope.
    pub(super) fn needs(&self, scope: Scope) -> Result<(), Refusal> {
        if self.caller.scope >= scope { Ok(()) } else { Err(Refusal::forbidden()) }
    }

    /// The id in the path. A route without one finds nothing.
    pub(super) fn path_id(&self) -> Uuid {
        self.id.unwrap_or_default()
    }

    /// The id in a parameter of the query.
    pub(super) fn query_id(&self, name: &str) -> Result<Option<Uuid>, Refusal> {
        let Some(text) = self.query.given(name) else { return Ok(None) };
        Uuid::parse_str(text).map(Some).map_err(|_| malformed(name))
    }
}

pub(super) fn run_id(id: Uuid) -> RunId {
    RunId::from_bytes(id.into_bytes())
}

async fn create(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    let account = call.caller.account;
    if call.fields.text("site_id").is_ok_and(|id| id.is_some_and(|id| id.is_empty())) {
        return Err(malformed("site_id"));
    }
    let site = call.fields.id("site_id")?.ok_or_else(|| Refusal::missing("site"))?;
    let site = server.repo.site(account, site.into())?.ok_or_else(|| Refusal::missing("site"))?;
    call.needs(Scope::Run)?;
    let flow = call.fields.id("flow_id")?.ok_or_else(|| Refusal::bad("flow_id is missing"))?;
    let flow = server.repo.flow(account, flow.into())?.ok_or_else(|| Refusal::missing("flow"))?;
    let configs = call.fields.object("configs")?.map(str::to_owned);
    server.create_run(&call.caller, Wanted { flow, site, configs }).await.map(Answer::created)
}

async fn retrieve(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    let row = call.run(&server)?;
    if let Some(at) = call.query_number("at")? {
        return Ok(Answer::ok(server.run_at(row.id, at).await?.to_json()));
    }
    server.document(call.caller.account, row).await.map(Answer::ok)
}

async fn list(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    let account = call.caller.account;
    let missing = || Refusal::missing("flowrun");
    let site = call.query_id("site_id")?.map(SiteId::from);
    if let Some(site) = site {
        server.repo.site(account, site)?.ok_or_else(missing)?;
    }
    if let Some(id) = call.query_id("flowrun_id")? {
        let row = server.repo.run(account, run_id(id))?;
        // A run of another site is not one of those that were asked for.
        let row = row.filter(|row| site.is_none_or(|site| row.site == site)).ok_or_else(missing)?;
        return server.document(account, row).await.map(Answer::ok);
    }
    let is_lean = call.query.get("lean").is_some_and(|lean| lean.eq_ignore_ascii_case("true"));
    let window = Window::of(&call.query);
    let (count, rows) = server.repo.runs(account, site, window)?;
    let mut results = Vec::with_capacity(rows.len());
    for row in rows {
        let document = server.document(account, row).await?;
        results.push(if is_lean { lean(&document) } else { document });
    }
    shown::page(&call, window, count, &results)
}

async fn delete(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    call.needs(Scope::Run)?;
    let id = run_id(call.path_id());
    if !server.repo.delete_run(call.caller.account, id).await? {
        return Err(Refusal::missing("flowrun"));
    }
    server.remove(vec![id]);
    server.tell(call.caller.account, Change::deleted(id));
    Ok(Answer::message("FlowRun deleted"))
}

async fn zapier(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    let runs = server.repo.completed_runs(call.caller.account, call.query.given("status"), shown::MOST)?;
    let runs: Vec<String> = runs.iter().map(shown::short_run).collect();
    Ok(Answer::ok(crate::http::json::array(&runs)))
}
