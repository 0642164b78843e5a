//! What happens to runs, as it happens and as it was: events, journals, explanations. Ours beside the documented routes.

use std::sync::Arc;

use axum::response::sse::Sse;
use flowrun::{RunEvent, Store as _};
use flowrun_artefacts::Kind;
use serde_json::json;

use super::runs::run_id;
use super::{Route, handler};
use crate::http::call::{Answer, Call, Handler, Resource};
use crate::http::refusal::Refusal;
use crate::repo::RunRow;
use crate::runs::{Feed, in_store};
use crate::server::Inner;

/// The header by which a browser tells which event of a stream it saw last.
pub(super) const LAST_EVENT_ID: &str = "last-event-id";

/// Most lines of a journal in one answer, and how many there are unless it is said otherwise.
const MOST_LINES: (u64, u64) = (10_000, 1_000);

/// About so many bytes of a journal in one answer.
const MAX_LINES_BYTES: usize = 16 << 20;

pub(super) fn routes() -> Vec<Route> {
    let streams = |get| Resource { get, streams: true, ..Resource::default() };
    let reads = |get| Resource { get, ..Resource::default() };
    vec![
        ("/flowrun/{id}/events", streams(handler!(events))),
        ("/flowruns/events", streams(handler!(all_events))),
        ("/flowrun/{id}/journal", reads(handler!(journal))),
        ("/flowrun/{id}/explain", reads(handler!(explain))),
        (
            "/flowrun/{id}/artefacts/{hash}",
            Resource { get: handler!(artefact), has_files: true, ..Resource::default() },
        ),
    ]
}

impl Call {
    /// A number in the query.
    pub(super) fn query_number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        let Some(text) = self.query.given(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| Refusal::bad(format!("{name} must be a whole number, 0 or more")))
    }

    /// The run in the path.
    pub(super) fn run(&self, server: &Inner) -> Result<RunRow, Refusal> {
        let row = server.repo.run(self.caller.account, run_id(self.path_id()))?;
        row.ok_or_else(|| Refusal::missing("flowrun"))
    }

    /// After which event a stream is to go on: that of the header, which a browser sends with the address of its first
    /// request when it comes again; else the one before `from`.
    fn after(&self) -> Result<(u64, bool), Refusal> {
        if let Some(last) = self.headers.get(LAST_EVENT_ID) {
            let last = last.to_str().ok().and_then(|last| last.trim().parse().ok());
            let last = last.ok_or_else(|| Refusal::bad("Last-Event-ID must be the number of an event"))?;
            return Ok((last, true));
        }
        Ok((self.query_number("from")?.unwrap_or(1).saturating_sub(1), false))
    }
}

/// The events of one run, from the beginning or from where the caller was cut off.
async fn events(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    let row = call.run(&server)?;
    let (after, comes_again) = call.after()?;
    let run = row.id;
    let (reader, last) = in_store(&server, run, move |store| {
        let reader = store.reader(run)?;
        // Whether there is anything after it, and whether there is an event of that number at all.
        let known = after == 0 || !reader.read(after - 1, 1)?.lines.is_empty();
        let is_last = reader.read(after, 1)?.lines.is_empty();
        Ok((reader, (known, is_last)))
    })
    .await?;
    let (is_known, is_last) = last;
    if !is_known {
        return Err(Refusal::bad(format!("the run has no event {after}")));
    }
    // To a browser that comes again this says that it need not do so any more.
    if comes_again && is_last && row.status.is_some() {
        return Ok(Answer::nothing());
    }
    let plan = server.plan_of(run).await?;
    let feed = Feed::of_run(Arc::clone(&server), &call.caller, run, plan, reader, after);
    Ok(Answer::streamed(Sse::new(feed.into_stream())))
}

/// How the runs of the account stand, whenever that changes.
async fn all_events(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    let feed = Feed::of_account(Arc::clone(&server), &call.caller);
    Ok(Answer::streamed(Sse::new(feed.into_stream())))
}

/// Lines of a journal, as events.
async fn journal(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    let run = call.run(&server)?.id;
    let from = call.query_number("from")?.unwrap_or(1).max(1);
    let limit = call.query_number("limit")?.unwrap_or(MOST_LINES.1).clamp(1, MOST_LINES.0);
    let plan = server.plan_of(run).await?;
    let lines = in_store(&server, run, move |store| {
        let reader = store.reader(run)?;
        let (mut lines, mut bytes, mut after) = (Vec::new(), 0, from - 1);
        // In small pages, so that what is read past the limit of bytes stays small, too.
        while (lines.len() as u64) < limit && bytes < MAX_LINES_BYTES {
            let page = reader.read(after, (limit as usize - lines.len()).min(64))?;
            let Some(last) = page.lines.last() else { return Ok((lines, None)) };
            after = last.seq;
            for line in page.lines {
                let line = serde_json::to_string(&RunEvent::new(&plan, line)).unwrap_or_default();
                bytes += line.len();
                lines.push(line);
            }
        }
        let is_end = reader.read(after, 1)?.lines.is_empty();
        Ok((lines, (!is_end).then_some(after + 1)))
    });
    let (lines, next) = lines.await?;
    Ok(Answer::ok(crate::http::json::object([
        ("from", from.to_string().as_str()),
        ("next", &next.map_or_else(|| "null".to_owned(), |next| next.to_string())),
        ("events", &crate::http::json::array(&lines)),
    ])))
}

/// Why every node of the run, or one of them with what it leads back to, is as it is.
/// A picture or document that a scan of the run brought home.
async fn artefact(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    // One answer for a run of others, one that is not, and one that names no such content.
    let run = call.run(&server).map_err(|_| Refusal::missing("artefact"))?;
    let hash = call.address.rsplit('/').next().unwrap_or_default().to_owned();
    let (kind, content) = server.artefact(run.id, hash).await?;
    Ok(Answer::file(kind.content_type(), kind == Kind::Png, content))
}

async fn explain(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    let run = call.run(&server)?.id;
    let explainer = server.explainer(run, call.query_number("at")?).await?;
    let explanation = match call.query.given("node") {
        None => explainer.explain(),
        Some(node) => {
            let node = explainer.plan().find(node).ok_or_else(|| Refusal::missing("node"))?;
            explainer.explain_nodes(explainer.chain(node))
        }
    };
    let mut told = json!(explanation);
    told["id"] = json!(run);
    Ok(Answer::ok(told.to_string()))
}
