//! Flows: the drawings of an account.

use flowrun::{HostError, HostTransaction, Timestamp};

use super::account::account;
use super::rows::{self, Row, values};
use super::run::{self, Gone};
use super::site::bounds;
use super::{AccountId, FlowId, Repository, RepositoryError, now};
use crate::http::page::Window;

/// A flow of an account.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    pub(crate) id: FlowId,
    pub(crate) user: String,
    pub(crate) created: Timestamp,
    pub(crate) title: String,
    /// A JSON array of anything: a drawing may be half done.
    pub(crate) nodes: String,
    /// The same.
    pub(crate) edges: String,
    pub(crate) last_run: Option<Timestamp>,
}

/// What of a flow is to be another. What is `None` stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct FlowChange {
    pub(crate) title: Option<String>,
    pub(crate) nodes: Option<String>,
    pub(crate) edges: Option<String>,
}

/// What became of a change.
#[derive(Clone, Debug)]
pub(crate) enum Changed<T> {
    Done(T),
    /// There is no such flow.
    Missing,
    /// It is not the one that was meant any more.
    Other,
}

const COLUMNS: &str = "id, user, created, title, nodes, edges, last_run";

impl Flow {
    fn of(row: &mut Row) -> Result<Self, HostError> {
        Ok(Self {
            id: row.next()?,
            user: row.next()?,
            created: row.next()?,
            title: row.next()?,
            nodes: row.next()?,
            edges: row.next()?,
            last_run: row.next()?,
        })
    }
}

impl Repository {
    /// Makes a flow. Its `change` is complete.
    pub(crate) async fn create_flow(
        &self,
        of: AccountId,
        user: String,
        (title, nodes, edges): (String, String, String),
    ) -> Result<Flow, RepositoryError> {
        let created = now();
        let flow = Flow { id: FlowId::random(), user, created, title, nodes, edges, last_run: None };
        self.write(move |tables| {
            tables.execute(
                "INSERT INTO server_flow (account, id, user, created, title, folded, nodes, edges)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                values![
                    of,
                    flow.id,
                    &flow.user,
                    flow.created.as_micros(),
                    &flow.title,
                    folded(&flow.title),
                    &flow.nodes,
                    &flow.edges,
                ],
            )?;
            tables.execute("UPDATE server_account SET flows = flows + 1 WHERE id = ?", values![of])?;
            Ok(flow)
        })
        .await
    }

    /// A flow of the account.
    pub(crate) fn flow(&self, of: AccountId, id: FlowId) -> Result<Option<Flow>, RepositoryError> {
        self.read(|tables| flow(tables, of, id))
    }

    /// Changes a flow, if it is still the one that is meant.
    pub(crate) async fn update_flow(
        &self,
        of: AccountId,
        id: FlowId,
        change: FlowChange,
        is_meant: impl FnOnce(&Flow) -> bool + Send + 'static,
    ) -> Result<Changed<Flow>, RepositoryError> {
        self.write(move |tables| {
            let Some(before) = flow(tables, of, id)? else { return Ok(Changed::Missing) };
            if !is_meant(&before) {
                return Ok(Changed::Other);
            }
            let FlowChange { title, nodes, edges } = change;
            let folded = title.as_deref().map(folded);
            tables.execute(
                "UPDATE server_flow SET title = ifnull(?, title), folded = ifnull(?, folded), nodes = ifnull(?, nodes),
                edges = ifnull(?, edges) WHERE account = ? AND id = ?",
                values![title, folded, nodes, edges, of, id],
            )?;
            Ok(flow(tables, of, id)?.map_or(Changed::Missing, Changed::Done))
        })
        .await
    }

    /// How many flows the account has, of those whose titles hold a text, and some of them, the newest first.
    pub(crate) fn flows(
        &self,
        of: AccountId,
        search: Option<&str>,
        window: Option<Window>,
    ) -> Result<(u64, Vec<Flow>), RepositoryError> {
        let (limit, offset) = bounds(window);
        let text = search.map(folded);
        self.read(|tables| {
            let count = match &text {
                None => account(tables, of)?.flows,
                Some(text) => rows::value(
                    tables,
                    "SELECT count(*) FROM server_flow WHERE account = ? AND instr(folded, ?) > 0",
                    values![of, text],
                )?,
            };
            let select = format!(
                "SELECT {COLUMNS} FROM server_flow WHERE account = ?1 AND (?2 IS NULL OR instr(folded, ?2) > 0)
                ORDER BY number DESC LIMIT ?3 OFFSET ?4"
            );
            let values = values![of, text.as_deref(), limit, offset];
            Ok((count, rows::all(tables, &select, values, Flow::of)?))
        })
    }

    /// Deletes a flow with its runs, and says which runs are to go. `None` when there is none.
    pub(crate) async fn delete_flow(
        &self,
        of: AccountId,
        id: FlowId,
        is_meant: impl FnOnce(&Flow) -> bool + Send + 'static,
    ) -> Result<Changed<Gone>, RepositoryError> {
        self.write(move |tables| {
            let Some(before) = flow(tables, of, id)? else { return Ok(Changed::Missing) };
            if !is_meant(&before) {
                return Ok(Changed::Other);
            }
            let delete = "DELETE FROM server_flow WHERE account = ? AND id = ?";
            tables.execute(delete, values![of, id])?;
            tables.execute("UPDATE server_account SET flows = flows - 1 WHERE id = ?", values![of])?;
            run::delete_where(tables, of, "flow", id.into()).map(Changed::Done)
        })
        .await
    }
}

pub(super) fn flow(
    tables: &HostTransaction<'_>,
    of: AccountId,
    id: FlowId,
) -> Result<Option<Flow>, HostError> {
    let select = format!("SELECT {COLUMNS} FROM server_flow WHERE account = ? AND id = ?");
    rows::first(tables, &select, values![of, id], Flow::of)
}

/// A title as it is searched: in lower case, in every script that has cases.
fn folded(title: impl AsRef<str>) -> String {
    title.as_ref().to_lowercase()
}
