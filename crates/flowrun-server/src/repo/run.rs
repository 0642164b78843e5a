//! Which account has which run.
//!
//! The row of a run is written in the transaction that stores the run, and so is the count of its account; its end, and
//! that it is gone, in those of its journal. Its document, once it is over, is kept beside that: it is made of the
//! journal and can be made again.

use flowrun::{HostError, HostTransaction, NewRun, RunChange, RunId, SqlValue, Timestamp};

use super::account::account;
use super::rows::{self, Row, values};
use super::site::bounds;
use super::{AccountId, FlowId, Repository, RepositoryError, RequestKey, SiteId, blocks};
use crate::http::page::Window;

/// What a run that is to be stored belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    pub(crate) account: AccountId,
    pub(crate) flow: FlowId,
    pub(crate) site: SiteId,
    pub(crate) title: String,
    /// The key of the request that asked for it, if it had one.
    pub(crate) key: Option<RequestKey>,
}

/// Why a run is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotStored {
    #[error("the account may create no more runs")]
    Limit,
    #[error("its flow is not there any more")]
    NoFlow,
    #[error("its site is not there any more")]
    NoSite,
    #[error("its key stands for another run")]
    KeyTaken,
}

/// A run of an account.
#[derive(Clone, Debug)]
pub(crate) struct RunRow {
    pub(crate) id: RunId,
    pub(crate) site: SiteId,
    /// Its document, once it is over.
    pub(crate) document: Option<String>,
    /// How it ended, once it has.
    pub(crate) status: Option<String>,
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

/// Runs that are deleted here and still to be deleted from the store.
pub(crate) type Gone = Vec<RunId>;

impl RunRow {
    fn of(row: &mut Row) -> Result<Self, HostError> {
        Ok(Self { id: row.next()?, site: row.next()?, document: row.next()?, status: row.next()? })
    }
}

const COLUMNS: &str = "id, site, document, status";

/// Does for accounts what follows from a change of a run, in its transaction.
pub(super) fn follow(tables: &HostTransaction<'_>, change: &RunChange<'_>) -> Result<(), HostError> {
    match change {
        // Made by the command line, it is of no account.
        RunChange::Created(new) => {
            new.host_data::<Owner>().map_or(Ok(()), |owner| created(tables, new, owner))
        }
        RunChange::Ended { run, status, at } => {
            let end = "UPDATE server_run SET status = ?, completed = ? WHERE id = ?";
            tables.execute(end, values![status.to_string(), at.as_micros(), *run]).map(drop)
        }
        RunChange::Reopened { run } => {
            let open = "UPDATE server_run SET status = NULL, completed = NULL, document = NULL WHERE id = ?";
            tables.execute(open, values![*run]).map(drop)
        }
        RunChange::Deleted { run } => {
            forget(tables, *run)?;
            tables.execute("DELETE FROM server_doomed WHERE run = ?", values![*run]).map(drop)
        }
        other => Err(format!("it is not known what follows from {other:?}").into()),
    }
}

/// Counts a new run against its account, and notes it down.
fn created(tables: &HostTransaction<'_>, new: &NewRun, owner: &Owner) -> Result<(), HostError> {
    let Owner { account: of, flow, site, title, key } = owner;
    let (of, at) = (*of, new.spec.created.as_micros());
    // First: whoever asks twice is not to be told that there are too many now.
    if let Some(key) = key
        && !super::key::note(tables, of, key, new.spec.id, new.spec.created)?
    {
        return Err(NotStored::KeyTaken.into());
    }
    let account = account(tables, of)?;
    if account.limits.flowruns_allowed.is_some_and(|most| account.flowruns >= most) {
        return Err(NotStored::Limit.into());
    }
    let flows = "UPDATE server_flow SET last_run = ? WHERE account = ? AND id = ?";
    if tables.execute(flows, values![at, of, *flow])? == 0 {
        return Err(NotStored::NoFlow.into());
    }
    let sites = "UPDATE server_site SET runs = runs + 1 WHERE account = ? AND id = ?";
    if tables.execute(sites, values![of, *site])? == 0 {
        return Err(NotStored::NoSite.into());
    }
    tables.execute(
        "UPDATE server_account SET runs = runs + 1, flowruns = flowruns + 1 WHERE id = ?",
        values![of],
    )?;
    let insert = "INSERT INTO server_run (account, id, flow, site, title, created) VALUES (?, ?, ?, ?, ?, ?)";
    tables.execute(insert, values![of, new.spec.id, *flow, *site, title, at]).map(drop)
}

impl Repository {
    /// Keeps the document of a run that was over at that time. One that was deleted or opened again meanwhile keeps none.
    pub(crate) async fn keep_document(
        &self,
        of: AccountId,
        run: RunId,
        completed: Timestamp,
        document: String,
    ) -> Result<(), RepositoryError> {
        let keep = "UPDATE server_run SET document = ? WHERE account = ? AND id = ? AND completed = ?";
        let values = [document.into(), of.into(), run.into(), completed.as_micros().into()];
        self.write(move |tables| tables.execute(keep, &values).map(drop)).await
    }

    /// A run of the account.
    pub(crate) fn run(&self, of: AccountId, id: RunId) -> Result<Option<RunRow>, RepositoryError> {
        let select = format!("SELECT {COLUMNS} FROM server_run WHERE account = ? AND id = ?");
        self.read(|tables| rows::first(tables, &select, values![of, id], RunRow::of))
    }

    /// How many runs the account, or one of its sites, has, and some of them, the newest first.
    pub(crate) fn runs(
        &self,
        of: AccountId,
        site: Option<SiteId>,
        window: Window,
    ) -> Result<(u64, Vec<RunRow>), RepositoryError> {
        let (limit, offset) = bounds(Some(window));
        self.read(|tables| {
            let (below, offset) = blocks::seek(tables, of, site, offset)?;
            let Some(site) = site else {
                let count = account(tables, of)?.runs;
                let select = format!(
                    "SELECT {COLUMNS} FROM server_run WHERE account = ? AND number < ?
                    ORDER BY number DESC LIMIT ? OFFSET ?"
                );
                let values = values![of, below, limit, offset];
                return Ok((count, rows::all(tables, &select, values, RunRow::of)?));
            };
            let counted = "SELECT runs FROM server_site WHERE account = ? AND id = ?";
            let count = rows::value(tables, counted, values![of, site])?;
            let select = format!(
                "SELECT {COLUMNS} FROM server_run WHERE account = ? AND site = ? AND number < ?
                ORDER BY number DESC LIMIT ? OFFSET ?"
            );
            Ok((count, rows::all(tables, &select, values![of, site, below, limit, offset], RunRow::of)?))
        })
    }

    /// Runs of the account that are over, the newest first: all of one status, or of any.
    pub(crate) fn completed_runs(
        &self,
        of: AccountId,
        status: Option<&str>,
        most: u64,
    ) -> Result<Vec<Standing>, RepositoryError> {
        let select = "SELECT id, flow, site, title, created, completed, status FROM server_run
            WHERE account = ?1 AND completed IS NOT NULL AND (?2 IS NULL OR status = ?2)
            ORDER BY number DESC LIMIT ?3";
        self.read(|tables| {
            rows::all(tables, select, values![of, status, super::sql(most)], |row| {
                Ok(Standing {
                    id: row.next()?,
                    flow: row.next()?,
                    site: row.next()?,
                    title: row.next()?,
                    created: row.next()?,
                    completed: row.next()?,
                    status: row.next()?,
                })
            })
        })
    }

    /// Deletes a run, whose journal is to go too. Whether there was one.
    pub(crate) async fn delete_run(&self, of: AccountId, run: RunId) -> Result<bool, RepositoryError> {
        self.write(move |tables| {
            let is_there = "SELECT 1 FROM server_run WHERE account = ? AND id = ?";
            if !rows::exists(tables, is_there, values![of, run])? {
                return Ok(false);
            }
            doom(tables, run)?;
            Ok(true)
        })
        .await
    }

    /// The accounts of the runs that are open.
    pub(crate) fn open_runs(&self) -> Result<Vec<(RunId, AccountId)>, RepositoryError> {
        let select = "SELECT id, account FROM server_run WHERE status IS NULL";
        self.read(|tables| rows::all(tables, select, &[], |row| Ok((row.next()?, row.next()?))))
    }

    /// The account of a run; `None` for one that no account has.
    pub(crate) fn account_of(&self, run: RunId) -> Result<Option<AccountId>, RepositoryError> {
        let select = "SELECT account FROM server_run WHERE id = ?";
        self.read(|tables| Ok(rows::all(tables, select, values![run], Row::next)?.pop()))
    }

    /// Every run that is still to be deleted from the store.
    pub(crate) fn doomed_runs(&self) -> Result<Gone, RepositoryError> {
        self.read(|tables| rows::all(tables, "SELECT run FROM server_doomed", &[], Row::next))
    }

    /// A run that was to be deleted is not in the store.
    pub(crate) async fn is_gone(&self, run: RunId) -> Result<(), RepositoryError> {
        let gone = "DELETE FROM server_doomed WHERE run = ?";
        self.write(move |tables| tables.execute(gone, values![run]).map(drop)).await
    }
}

/// Lets the rows say what the store says of its runs, after somebody who does not know of accounts had it.
///
/// # Complexity
///
/// Looks at every run.
pub(super) fn reconcile(tables: &HostTransaction<'_>) -> Result<(), HostError> {
    let gone = "SELECT id FROM server_run WHERE id NOT IN (SELECT id FROM run)";
    for run in rows::all(tables, gone, &[], Row::next)? {
        forget(tables, run)?;
    }
    let changed = "SELECT run.id, state.status, state.updated
        FROM server_run JOIN run ON run.id = server_run.id JOIN state ON state.run = run.number
        WHERE ifnull(server_run.status, 'working') <> state.status
            OR (server_run.completed IS NOT NULL AND server_run.completed <> state.updated)";
    for row in tables.query(changed, &[])? {
        let [id, status, at] = row.try_into().map_err(|_| "a row has other columns")?;
        let over = "UPDATE server_run SET document = NULL, status = nullif(?1, 'working'),
            completed = iif(?1 = 'working', NULL, ?2) WHERE id = ?3";
        tables.execute(over, &[status, at, id])?;
    }
    Ok(())
}

/// Deletes the runs of an account whose `column` is `id`.
pub(super) fn delete_where(
    tables: &HostTransaction<'_>,
    of: AccountId,
    column: &'static str,
    id: SqlValue,
) -> Result<Gone, HostError> {
    let select = format!("SELECT id FROM server_run WHERE account = ? AND {column} = ?");
    let runs: Gone = rows::all(tables, &select, &[of.into(), id], Row::next)?;
    for run in &runs {
        doom(tables, *run)?;
    }
    Ok(runs)
}

/// Takes a run out of the lists, and notes down that its journal is to go.
fn doom(tables: &HostTransaction<'_>, run: RunId) -> Result<(), HostError> {
    forget(tables, run)?;
    tables.execute("INSERT OR IGNORE INTO server_doomed VALUES (?)", values![run]).map(drop)
}

/// Takes a run out of the lists, if it is there.
fn forget(tables: &HostTransaction<'_>, run: RunId) -> Result<(), HostError> {
    let delete = "DELETE FROM server_run WHERE id = ? RETURNING account, site";
    let found = rows::first(tables, delete, values![run], |row| {
        Ok((row.next::<AccountId>()?, row.next::<SiteId>()?))
    })?;
    let Some((of, site)) = found else { return Ok(()) };
    tables.execute("UPDATE server_account SET runs = runs - 1 WHERE id = ?", values![of])?;
    // The site may be the one that is being deleted.
    let sites = "UPDATE server_site SET runs = runs - 1 WHERE account = ? AND id = ?";
    tables.execute(sites, values![of, site]).map(drop)
}
