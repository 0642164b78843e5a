//! Flows: the drawings of an account.

use flowrun::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::account::account;
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

const COLUMNS: &str = "id, user, created, title, nodes, edges, last_run";

impl Flow {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            user: row.get(1)?,
            created: Timestamp::from_micros(row.get(2)?),
            title: row.get(3)?,
            nodes: row.get(4)?,
            edges: row.get(5)?,
            last_run: row.get::<_, Option<i64>>(6)?.map(Timestamp::from_micros),
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
        self.write(move |connection| {
            connection.execute(
                "INSERT INTO flow (account, id, user, created, title, folded, nodes, edges)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                params![
                    of,
                    flow.id,
                    flow.user,
                    flow.created.as_micros(),
                    flow.title,
                    folded(&flow.title),
                    flow.nodes,
                    flow.edges,
                ],
            )?;
            connection.execute("UPDATE account SET flows = flows + 1 WHERE id = ?", [of])?;
            Ok(flow)
        })
        .await
    }

    /// A flow of the account.
    pub(crate) fn flow(&self, of: AccountId, id: FlowId) -> Result<Option<Flow>, RepositoryError> {
        self.read(|connection| flow(connection, of, id))
    }

    /// Changes a flow; `None` when there is none.
    pub(crate) async fn update_flow(
        &self,
        of: AccountId,
        id: FlowId,
        change: FlowChange,
    ) -> Result<Option<Flow>, RepositoryError> {
        self.write(move |connection| {
            let FlowChange { title, nodes, edges } = change;
            connection.execute(
                "UPDATE flow SET title = ifnull(?, title), folded = ifnull(?, folded), nodes = ifnull(?, nodes),
                edges = ifnull(?, edges) WHERE account = ? AND id = ?",
                params![title, title.as_deref().map(folded), nodes, edges, of, id],
            )?;
            flow(connection, of, id)
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
        self.read(|connection| {
            let text = search.map(folded);
            let count = match &text {
                None => account(connection, of)?.flows,
                Some(text) => connection
                    .prepare_cached("SELECT count(*) FROM flow WHERE account = ? AND instr(folded, ?) > 0")?
                    .query_row(params![of, text], |row| row.get::<_, i64>(0))?
                    .unsigned_abs(),
            };
            let select = format!(
                "SELECT {COLUMNS} FROM flow WHERE account = ?1 AND (?2 IS NULL OR instr(folded, ?2) > 0)
                ORDER BY number DESC LIMIT ?3 OFFSET ?4"
            );
            let mut statement = connection.prepare_cached(&select)?;
            let flows = statement.query_map(params![of, text, limit, offset], Flow::of)?;
            Ok((count, flows.collect::<Result<_, _>>()?))
        })
    }

    /// Deletes a flow with its runs, and says which runs are to go. `None` when there is none.
    pub(crate) async fn delete_flow(
        &self,
        of: AccountId,
        id: FlowId,
    ) -> Result<Option<Gone>, RepositoryError> {
        self.write(move |connection| {
            if connection.execute("DELETE FROM flow WHERE account = ? AND id = ?", params![of, id])? == 0 {
                return Ok(None);
            }
            connection.execute("UPDATE account SET flows = flows - 1 WHERE id = ?", [of])?;
            run::delete_where(connection, of, "flow", &id).map(Some)
        })
        .await
    }
}

pub(super) fn flow(connection: &Connection, of: AccountId, id: FlowId) -> rusqlite::Result<Option<Flow>> {
    let select = format!("SELECT {COLUMNS} FROM flow WHERE account = ? AND id = ?");
    connection.prepare_cached(&select)?.query_row(params![of, id], Flow::of).optional()
}

/// A title as it is searched: in lower case, in every script that has cases.
fn folded(title: impl AsRef<str>) -> String {
    title.as_ref().to_lowercase()
}
