//! `/flowrun`: the runs of an account.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::{HeaderName, IF_MATCH};
use flowrun::RunId;
use uuid::Uuid;

use super::{Route, handler, shown};
use crate::http::call::{Answer, Call, Handler, Resource};
use crate::http::conditional;
use crate::http::fields::malformed;
use crate::http::page::Window;
use crate::http::refusal::Refusal;
use crate::repo::{RequestKey, Scope, SiteId};
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
    let key = request_key(&call)?;
    if let Some(key) = &key {
        call.needs(Scope::Run)?;
        if let Some(known) = server.repo.known_key(account, &key.key)? {
            return server.created_before(account, key, known).await.map(Answer::created);
        }
    }
    if call.fields.text("site_id").is_ok_and(|id| id.is_some_and(|id| id.is_empty())) {
        return Err(malformed("site_id"));
    }
    let site = call.fields.id("site_id")?.ok_or_else(|| Refusal::missing("site"))?;
    let site = server.repo.site(account, site.into())?.ok_or_else(|| Refusal::missing("site"))?;
    call.needs(Scope::Run)?;
    let flow = call.fields.id("flow_id")?.ok_or_else(|| Refusal::bad("flow_id is missing"))?;
    let flow = server.repo.flow(account, flow.into())?.ok_or_else(|| Refusal::missing("flow"))?;
    let configs = call.fields.object("configs")?.map(str::to_owned);
    // The answer to a key is always the same one: how the run began.
    let wait = conditional::preferred_wait(&call.headers).filter(|_| key.is_none());
    let created = server.create_run(&call.caller, Wanted { flow, site, configs, key }, wait).await?;
    Ok(waited(Answer::created(created), wait))
}

/// Says that it was waited, or would have been if there had been anything to wait for.
fn waited(answer: Answer, wait: Option<Duration>) -> Answer {
    let Some(wait) = wait else { return answer };
    answer.with(HeaderName::from_static("preference-applied"), &format!("wait={}", wait.as_secs()))
}

/// The key of a request that creates a run, with what it asks for.
fn request_key(call: &Call) -> Result<Option<RequestKey>, Refusal> {
    let Some(key) = conditional::request_key(&call.headers)? else { return Ok(None) };
    let mut asked = blake3::Hasher::new();
    for name in ["site_id", "flow_id", "configs"] {
        // The length keeps two neighbours from sharing their bytes.
        let value = call.fields.get(name).unwrap_or_default();
        asked.update(&(value.len() as u64).to_le_bytes()).update(value.as_bytes());
    }
    Ok(Some(RequestKey { key, asked: *asked.finalize().as_bytes() }))
}

async fn retrieve(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    let row = call.run(&server)?;
    if let Some(at) = call.query_number("at")? {
        return Ok(Answer::ok(server.run_at(row.id, at).await?.to_json()));
    }
    let wait = conditional::preferred_wait(&call.headers).filter(|_| row.status.is_none());
    let row = match wait {
        Some(wait) => {
            server.wait_for(row.id, wait).await;
            call.run(&server)?
        }
        None => row,
    };
    let document = server.document(call.caller.account, row).await?;
    Ok(waited(Answer::tagged(document, &call.headers), wait))
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
    if call.headers.contains_key(IF_MATCH) {
        let document = server.document(call.caller.account, call.run(&server)?).await?;
        conditional::ensure_match(&call.headers, &conditional::tag(&document))?;
    }
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
