//! `/flow`: the flows of an account.

use std::sync::Arc;

use uuid::Uuid;

use super::shown::Tally;
use super::{Route, handler, shown};
use crate::http::call::{Answer, Call, Handler, Resource};
use crate::http::conditional;
use crate::http::fields::Fields;
use crate::http::json::{array, without_progress};
use crate::http::page::Window;
use crate::http::refusal::Refusal;
use crate::repo::{self, Changed, FlowChange, FlowId, Scope};
use crate::server::Inner;

pub(super) fn routes() -> Vec<Route> {
    let all = Resource { get: handler!(list), post: handler!(save), ..Resource::default() };
    let one = Resource { get: handler!(retrieve), delete: handler!(delete), ..Resource::default() };
    let search = Resource { get: handler!(search), ..Resource::default() };
    let copy = Resource { post: handler!(copy), ..Resource::default() };
    let many = Resource { post: handler!(delete_many), ..Resource::default() };
    let short = Resource { get: handler!(zapier), ..Resource::default() };
    vec![
        ("/flow", all),
        ("/flow/{id}", one),
        ("/flow/search", search),
        ("/flow/copy", copy),
        ("/flows/delete", many),
        ("/flows/zapier", short),
    ]
}

/// Most characters of a title.
const MAX_TITLE: usize = 1000;

/// What a new flow is called.
const UNTITLED: &str = "Untitled Flow";

/// What a new flow consists of: a node that does nothing yet.
fn first_node() -> String {
    format!(
        concat!(
            r#"[{{"id":"1","position":{{"x":0,"y":0}},"type":"basic","parentId":null,"data":{{"id":"1","#,
            r#""position":{{"x":0,"y":0}},"parentId":null,"task_type":null,"configs":{},"#,
            r#""conditions":null,"start_if":null}}}}]"#
        ),
        flowrun::DEFAULT_CONFIGS
    )
}

/// What a body wants a flow to be. A drawing may be half done, but it has nothing of a run in it.
fn change(fields: &Fields) -> Result<FlowChange, Refusal> {
    let title = fields.text("title")?.map(checked).transpose()?;
    let nodes = fields
        .array("nodes")?
        .map(|nodes| without_progress(nodes).ok_or_else(|| Refusal::bad("nodes must be an array")));
    Ok(FlowChange { title, nodes: nodes.transpose()?, edges: fields.array("edges")?.map(str::to_owned) })
}

fn checked(title: String) -> Result<String, Refusal> {
    if title.chars().count() > MAX_TITLE {
        return Err(Refusal::bad(format!("title is longer than {MAX_TITLE} characters")));
    }
    Ok(title)
}

/// Creates a flow, or changes the one that `flow_id` names.
async fn save(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    let Call { caller, fields, .. } = &call;
    // The original takes whatever says no for no id at all.
    let id = if fields.is_set("flow_id") { fields.id("flow_id")?.map(FlowId::from) } else { None };
    if let Some(id) = id {
        server.repo.flow(caller.account, id)?.ok_or_else(|| Refusal::missing("flow"))?;
    }
    call.needs(Scope::Write)?;
    let change = change(fields)?;
    let flow = if let Some(id) = id {
        done(server.repo.update_flow(caller.account, id, change, is_meant(&call)).await?)?
    } else {
        let title = change.title.unwrap_or_else(|| UNTITLED.to_owned());
        let nodes = change.nodes.unwrap_or_else(first_node);
        let edges = change.edges.unwrap_or_else(|| "[]".to_owned());
        server.repo.create_flow(caller.account, caller.user.clone(), (title, nodes, edges)).await?
    };
    Ok(Answer::created(shown::flow(caller.account, &flow)))
}

/// Whether a flow is the one that the caller means to change (`If-Match`).
fn is_meant(call: &Call) -> impl FnOnce(&repo::Flow) -> bool + Send + 'static {
    let (account, headers) = (call.caller.account, call.headers.clone());
    move |flow| conditional::ensure_match(&headers, &conditional::tag(&shown::flow(account, flow))).is_ok()
}

/// What was done, or why it was not.
fn done<T>(changed: Changed<T>) -> Result<T, Refusal> {
    match changed {
        Changed::Done(done) => Ok(done),
        Changed::Missing => Err(Refusal::missing("flow")),
        Changed::Other => Err(Refusal::changed()),
    }
}

async fn retrieve(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    one(&server, &call, call.path_id())
}

fn one(server: &Inner, call: &Call, id: Uuid) -> Result<Answer, Refusal> {
    let account = call.caller.account;
    let flow = server.repo.flow(account, id.into())?.ok_or_else(|| Refusal::missing("flow"))?;
    Ok(Answer::tagged(shown::flow(account, &flow), &call.headers))
}

async fn list(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    match call.query_id("flow_id")? {
        Some(id) => one(&server, &call, id),
        None => listed(&server, &call, None),
    }
}

async fn search(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    let text = call.query.get("query").ok_or_else(|| Refusal::bad("query is missing"))?.to_owned();
    if text.contains('\0') {
        return Err(Refusal::bad("query holds a NUL character"));
    }
    listed(&server, &call, Some(&text))
}

fn listed(server: &Inner, call: &Call, search: Option<&str>) -> Result<Answer, Refusal> {
    let (account, window) = (call.caller.account, Window::of(&call.query));
    let (count, flows) = server.repo.flows(account, search, Some(window))?;
    let flows: Vec<String> = flows.iter().map(|flow| shown::flow(account, flow)).collect();
    shown::page(call, window, count, &flows)
}

async fn delete(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    call.needs(Scope::Write)?;
    let gone = server.repo.delete_flow(call.caller.account, call.path_id().into(), is_meant(&call)).await?;
    server.remove(done(gone)?);
    Ok(Answer::message("Flow deleted"))
}

async fn copy(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    let Call { caller, fields, .. } = &call;
    let id = fields.id("flow_id")?.ok_or_else(|| Refusal::bad("flow_id is missing"))?;
    let flow = server.repo.flow(caller.account, id.into())?.ok_or_else(|| Refusal::missing("flow"))?;
    call.needs(Scope::Write)?;
    let title = checked(format!("Copy - {}", flow.title))?;
    let made = (title, flow.nodes, flow.edges);
    let copy = server.repo.create_flow(caller.account, caller.user.clone(), made).await?;
    Ok(Answer::created(shown::flow(caller.account, &copy)))
}

async fn delete_many(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    let mut tally = Tally::default();
    for (text, id) in ids(&call)? {
        let gone = match id {
            Some(id) => done(server.repo.delete_flow(call.caller.account, id.into(), |_| true).await?).ok(),
            None => None,
        };
        tally.count(text, gone.map(|gone| server.remove(gone)).is_some());
    }
    Ok(tally.answer())
}

/// Most ids in one request.
const MAX_IDS: usize = 1000;

/// The ids of a body that are to be deleted, each as it is told back and, where it is one that this token may delete, as
/// an id.
pub(super) fn ids(call: &Call) -> Result<Vec<(String, Option<Uuid>)>, Refusal> {
    let ids = call.fields.array("ids")?.ok_or_else(|| Refusal::bad("you must provide an array of id's"))?;
    let ids: Vec<serde_json::Value> = serde_json::from_str(ids).unwrap_or_default();
    if ids.len() > MAX_IDS {
        return Err(Refusal::bad(format!("ids holds more than {MAX_IDS} ids")));
    }
    let may = call.needs(Scope::Write).is_ok();
    let told = |id: &serde_json::Value| match id {
        serde_json::Value::String(text) => (text.clone(), Uuid::parse_str(text).ok().filter(|_| may)),
        serde_json::Value::Null => ("None".to_owned(), None),
        other => (other.to_string(), None),
    };
    Ok(ids.iter().map(told).collect())
}

async fn zapier(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    let (_, flows) = server.repo.flows(call.caller.account, None, Some(shown::WHOLE))?;
    let flows: Vec<String> = flows.iter().map(shown::short_flow).collect();
    Ok(Answer::ok(array(&flows)))
}
