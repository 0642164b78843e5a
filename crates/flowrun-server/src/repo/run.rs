//! Which account has which run.
//!
//! A run is reserved before it is started and kept here until it is deleted; its journal is in the store of runs. A
//! crash between the two is seen when the server starts: a reservation without a run is given back, and a run that is
//! over without its document gets one.

use flowrun::{RunId, RunStatus, Timestamp};
use rusqlite::types::ToSql;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::account::account;
use super::site::bounds;
use super::{AccountId, FlowId, Repository, RepositoryError, SiteId, now};
use crate::http::page::Window;

/// A run that is to be created.
#[derive(Clone, Debug)]
pub(crate) struct NewRow {
    pub(crate) id: RunId,
    pub(crate) flow: FlowId,
    pub(crate) site: SiteId,
    pub(crate) title: String,
}

/// What became of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reserved {
    Done,
    /// The account may create no more runs.
    Limit,
    /// The flow went meanwhile.
    NoFlow,
    /// The site went meanwhile.
    NoSite,
}

/// A run of an account.
#[derive(Clone, Debug)]
pub(crate) struct RunRow {
    pub(crate) id: RunId,
    pub(crate) site: SiteId,
    /// Its document, once it is over.
    pub(crate) document: Option<String>,
}

/// A run that is over, in short.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) id: RunId,
    pub(crate) flow: FlowId,
    pub(crate) site: SiteId,
    pub(crate) title: String,
    pub(crate) created: Timestamp,
    pub(crate) completed: Timestamp,
    pub(crate) status: String,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub(crate) struct Over {
    pub(crate) status: RunStatus,
    pub(crate) created: Timestamp,
    pub(crate) completed: Timestamp,
    pub(crate) document: String,
}

/// Runs that are deleted here and still to be deleted from the store.
pub(crate) type Gone = Vec<RunId>;

fn run_id(row: &Row<'_>, column: usize) -> rusqlite::Result<RunId> {
    row.get(column).map(RunId::from_bytes)
}

impl RunRow {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { id: run_id(row, 0)?, site: row.get(1)?, document: row.get(2)? })
    }
}

const COLUMNS: &str = "id, site, document";

impl Repository {
    /// Counts a run against its account and notes it down, in one transaction.
    pub(crate) async fn reserve(&self, of: AccountId, new: NewRow) -> Result<Reserved, RepositoryError> {
        let at = now().as_micros();
        self.write(move |connection| {
            let account = account(connection, of)?;
            if account.limits.flowruns_allowed.is_some_and(|most| account.flowruns >= most) {
                return Ok(Reserved::Limit);
            }
            let NewRow { id, flow, site, title } = new;
            // Looked at first, as a refusal must leave nothing changed.
            if super::site::site(connection, of, site)?.is_none() {
                return Ok(Reserved::NoSite);
            }
            let flows = connection
                .prepare_cached("UPDATE flow SET last_run = ? WHERE account = ? AND id = ?")?
                .execute(params![at, of, flow])?;
            if flows == 0 {
                return Ok(Reserved::NoFlow);
            }
            connection
                .prepare_cached("UPDATE site SET runs = runs + 1 WHERE account = ? AND id = ?")?
                .execute(params![of, site])?;
            connection
                .prepare_cached("UPDATE account SET runs = runs + 1, flowruns = flowruns + 1 WHERE id = ?")?
                .execute([of])?;
            connection
                .prepare_cached(
                    "INSERT INTO run (account, id, flow, site, title, created) VALUES (?, ?, ?, ?, ?, ?)",
                )?
                .execute(params![of, id.as_bytes(), flow, site, title, at])?;
            Ok(Reserved::Done)
        })
        .await
    }

    /// Gives back what was reserved for a run that was not started.
    pub(crate) async fn give_back(&self, of: AccountId, run: RunId) -> Result<(), RepositoryError> {
        self.write(move |connection| {
            if delete(connection, of, run)? {
                connection.execute("UPDATE account SET flowruns = flowruns - 1 WHERE id = ?", [of])?;
            }
            Ok(())
        })
        .await
    }

    /// Keeps the document of a run that is over. One that was deleted meanwhile stays deleted.
    pub(crate) async fn complete(
        &self,
        of: AccountId,
        run: RunId,
        over: Over,
    ) -> Result<(), RepositoryError> {
        self.write(move |connection| {
            let Over { status, created, completed, document } = over;
            connection
                .prepare_cached(
                    "UPDATE run SET status = ?, created = ?, completed = ?, document = ? WHERE account = ? AND id = ?",
                )?
                .execute(params![
                    status.to_string(),
                    created.as_micros(),
                    completed.as_micros(),
                    document,
                    of,
                    run.as_bytes(),
                ])?;
            Ok(())
        })
        .await
    }

    /// A run of the account.
    pub(crate) fn run(&self, of: AccountId, id: RunId) -> Result<Option<RunRow>, RepositoryError> {
        self.read(|connection| {
            let select = format!("SELECT {COLUMNS} FROM run WHERE account = ? AND id = ?");
            connection.prepare_cached(&select)?.query_row(params![of, id.as_bytes()], RunRow::of).optional()
        })
    }

    /// How many runs the account, or one of its sites, has, and some of them, the newest first.
    pub(crate) fn runs(
        &self,
        of: AccountId,
        site: Option<SiteId>,
        window: Window,
    ) -> Result<(u64, Vec<RunRow>), RepositoryError> {
        let (limit, offset) = bounds(Some(window));
        self.read(|connection| {
            let Some(site) = site else {
                let count = account(connection, of)?.runs;
                let select = format!(
                    "SELECT {COLUMNS} FROM run WHERE account = ? ORDER BY number DESC LIMIT ? OFFSET ?"
                );
                let mut statement = connection.prepare_cached(&select)?;
                let rows = statement.query_map(params![of, limit, offset], RunRow::of)?;
                return Ok((count, rows.collect::<Result<_, _>>()?));
            };
            let count: i64 = connection
                .prepare_cached("SELECT runs FROM site WHERE account = ? AND id = ?")?
                .query_row(params![of, site], |row| row.get(0))?;
            let select = format!(
                "SELECT {COLUMNS} FROM run WHERE account = ? AND site = ? ORDER BY number DESC LIMIT ? OFFSET ?"
            );
            let mut statement = connection.prepare_cached(&select)?;
            let rows = statement.query_map(params![of, site, limit, offset], RunRow::of)?;
            Ok((count.unsigned_abs(), rows.collect::<Result<_, _>>()?))
        })
    }

    /// Runs of the account that are over, the newest first: all of one status, or of any.
    pub(crate) fn completed_runs(
        &self,
        of: AccountId,
        status: Option<&str>,
        most: u64,
    ) -> Result<Vec<Standing>, RepositoryError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, flow, site, title, created, completed, status FROM run
                WHERE account = ?1 AND completed IS NOT NULL AND (?2 IS NULL OR status = ?2)
                ORDER BY number DESC LIMIT ?3",
            )?;
            let runs = statement.query_map(params![of, status, super::sql(most)], |row| {
                Ok(Standing {
                    id: run_id(row, 0)?,
                    flow: row.get(1)?,
                    site: row.get(2)?,
                    title: row.get(3)?,
                    created: Timestamp::from_micros(row.get(4)?),
                    completed: Timestamp::from_micros(row.get(5)?),
                    status: row.get(6)?,
                })
            })?;
            runs.collect()
        })
    }

    /// Deletes a run, whose journal is to go too. Whether there was one.
    pub(crate) async fn delete_run(&self, of: AccountId, run: RunId) -> Result<bool, RepositoryError> {
        self.write(move |connection| {
            let is_there = delete(connection, of, run)?;
            if is_there {
                doom(connection, run)?;
            }
            Ok(is_there)
        })
        .await
    }

    /// Every run without a document, with its account.
    pub(crate) fn open_runs(&self) -> Result<Vec<(AccountId, RunId)>, RepositoryError> {
        self.read(|connection| {
            let mut statement = connection.prepare("SELECT account, id FROM run WHERE document IS NULL")?;
            statement.query_map([], |row| Ok((row.get(0)?, run_id(row, 1)?)))?.collect()
        })
    }

    /// Every run that is still to be deleted from the store.
    pub(crate) fn doomed_runs(&self) -> Result<Gone, RepositoryError> {
        self.read(|connection| {
            connection.prepare("SELECT run FROM doomed")?.query_map([], |row| run_id(row, 0))?.collect()
        })
    }

    /// A run is gone from the store.
    pub(crate) async fn is_gone(&self, run: RunId) -> Result<(), RepositoryError> {
        self.write(move |connection| {
            connection.execute("DELETE FROM doomed WHERE run = ?", [run.as_bytes()])?;
            Ok(())
        })
        .await
    }
}

/// Deletes the runs of an account whose `column` is `id`.
pub(super) fn delete_where(
    connection: &Connection,
    of: AccountId,
    column: &'static str,
    id: &dyn ToSql,
) -> rusqlite::Result<Gone> {
    let select = format!("SELECT id FROM run WHERE account = ? AND {column} = ?");
    let runs: Gone = connection
        .prepare_cached(&select)?
        .query_map(params![of, id], |row| run_id(row, 0))?
        .collect::<Result<_, _>>()?;
    for run in &runs {
        delete(connection, of, *run)?;
        doom(connection, *run)?;
    }
    Ok(runs)
}

/// Takes a run out of the lists. Whether it was there.
fn delete(connection: &Connection, of: AccountId, run: RunId) -> rusqlite::Result<bool> {
    let site: Option<SiteId> = connection
        .prepare_cached("DELETE FROM run WHERE account = ? AND id = ? RETURNING site")?
        .query_row(params![of, run.as_bytes()], |row| row.get(0))
        .optional()?;
    let Some(site) = site else { return Ok(false) };
    connection.prepare_cached("UPDATE account SET runs = runs - 1 WHERE id = ?")?.execute([of])?;
    // The site may be the one that is being deleted.
    connection
        .prepare_cached("UPDATE site SET runs = runs - 1 WHERE account = ? AND id = ?")?
        .execute(params![of, site])?;
    Ok(true)
}

fn doom(connection: &Connection, run: RunId) -> rusqlite::Result<()> {
    connection.prepare_cached("INSERT OR IGNORE INTO doomed VALUES (?)")?.execute([run.as_bytes()])?;
    Ok(())
}
