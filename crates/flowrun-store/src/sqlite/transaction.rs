//! What is written in one transaction.

use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params};

use flowrun_core::RunId;

use super::format::{FORMAT, Identity, State, Sum, deleted_sum, status_name};
use super::queue::Append;
use super::reader::{Found, column};
use crate::NewRun;

/// A transaction was not committed.
#[derive(Debug, thiserror::Error)]
pub(super) enum WriteError {
    /// SQLite, or the disk below it, refused.
    #[error("SQLite could not write")]
    Sqlite(#[from] rusqlite::Error),
    /// Somebody opened the store after us.
    #[error("the store was opened by somebody else: its epoch is {found}, not {ours}")]
    Fenced { ours: i64, found: i64 },
    /// The stored state of a run is not the one its writer knows.
    #[error("line {seq} of a run was to be written, and does not follow the stored ones")]
    Moved { seq: u64 },
    /// The decision is larger than a store takes.
    #[error("{bytes} bytes are to be stored in one piece, and a store takes {most}")]
    TooLarge { bytes: usize, most: usize },
}

impl WriteError {
    /// Whether it is what was to be written that is refused, and not the writing. Then nothing is wrong with the disk or
    /// with what it holds: the transaction is rolled back, and what others have to write can be.
    pub(super) fn is_about_what_was_written(&self) -> bool {
        match self {
            Self::TooLarge { .. } => true,
            Self::Sqlite(error) => match error.sqlite_error_code() {
                Some(ErrorCode::TooBig | ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch) => true,
                // No memory for a large row, which is given back with it.
                Some(ErrorCode::OutOfMemory | ErrorCode::ParameterOutOfRange) => true,
                Some(_) => false,
                // Not from SQLite: a value could not be handed to it.
                None => matches!(error, rusqlite::Error::ToSqlConversionFailure(_)),
            },
            Self::Fenced { .. } | Self::Moved { .. } => false,
        }
    }
}

/// A transaction of the opening `epoch`: any other opening fences it out.
pub(super) fn begin(connection: &mut Connection, ours: i64) -> Result<Transaction<'_>, WriteError> {
    let transaction = Transaction::new(connection, TransactionBehavior::Immediate)?;
    let found =
        transaction.prepare_cached("SELECT epoch FROM store")?.query_row([], |row| row.get::<_, i64>(0))?;
    if found == ours { Ok(transaction) } else { Err(WriteError::Fenced { ours, found }) }
}

/// Counts one more opening of the store, durably.
pub(super) fn open_epoch(connection: &mut Connection) -> rusqlite::Result<Identity> {
    let transaction = Transaction::new(connection, TransactionBehavior::Immediate)?;
    let mut store = identity(&transaction)?;
    store.epoch += 1;
    transaction.execute("UPDATE store SET epoch = ?, sum = ?", params![store.epoch, store.sum()])?;
    transaction.commit()?;
    Ok(store)
}

/// Which store this is.
pub(super) fn identity(connection: &Connection) -> rusqlite::Result<Identity> {
    let (store, sum) = connection.query_row("SELECT id, epoch, sum FROM store WHERE one = 1", [], |row| {
        Ok((Identity { id: row.get(0)?, epoch: row.get(1)? }, row.get::<_, Sum>(2)?))
    })?;
    if store.sum() == sum { Ok(store) } else { Err(column(0, "the store's id is not what was written")) }
}

/// Writes one decision.
pub(super) fn append(transaction: &Transaction<'_>, append: &Append) -> Result<(), WriteError> {
    let Append { number, new, rows, before, after, .. } = append;
    let moved = WriteError::Moved { seq: before.seq + 1 };
    if let Some(new) = new {
        let (run, NewRun { flow, .. }) = &**new;
        transaction
            .prepare_cached("INSERT OR IGNORE INTO flow VALUES (?, ?)")?
            .execute(params![run.flow_hash, flow])?;
        transaction.prepare_cached("INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?.execute(
            params![
                number,
                run.id.as_bytes(),
                FORMAT,
                run.flow_hash,
                run.spec,
                run.secrets,
                run.title,
                run.site,
                run.created,
                before.chain,
            ],
        )?;
        insert_state(transaction, *number, after)?;
    } else if !update_state(transaction, *number, before, after)? {
        return Err(moved);
    }
    let mut insert = transaction.prepare_cached("INSERT INTO decision VALUES (?, ?, ?, ?, ?, ?)")?;
    for row in rows {
        insert.execute(params![number, sql(row.seq), FORMAT, row.at, row.records, row.chain])?;
    }
    Ok(())
}

fn insert_state(transaction: &Transaction<'_>, run: i64, state: &State) -> rusqlite::Result<usize> {
    let State { status, updated, seq, chain } = state;
    transaction.prepare_cached("INSERT INTO state VALUES (?, ?, ?, ?, ?, ?)")?.execute(params![
        run,
        status_name(*status),
        updated,
        sql(*seq),
        chain,
        state.sum(run),
    ])
}

/// Whether the stored state was the one before. The status has an index, so it is only written when it changes.
fn update_state(
    transaction: &Transaction<'_>,
    run: i64,
    before: &State,
    after: &State,
) -> rusqlite::Result<bool> {
    let State { status, updated, seq, chain } = after;
    let (sum, seq, before_seq) = (after.sum(run), sql(*seq), sql(before.seq));
    let changed = if *status == before.status {
        transaction
            .prepare_cached(
                "UPDATE state SET updated = ?, seq = ?, chain = ?, sum = ? WHERE run = ? AND seq = ?",
            )?
            .execute(params![updated, seq, chain, sum, run, before_seq])?
    } else {
        transaction
            .prepare_cached(
                "UPDATE state SET updated = ?, seq = ?, chain = ?, sum = ?, status = ? WHERE run = ? AND seq = ?",
            )?
            .execute(params![updated, seq, chain, sum, status_name(*status), run, before_seq])?
    };
    Ok(changed == 1)
}

/// What became of a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deleted {
    Done,
    NotFound,
    StillOpen,
}

/// Deletes a closed run and leaves its tombstone. Its flow goes with the last run of it.
pub(super) fn delete(transaction: &Transaction<'_>, run: RunId) -> rusqlite::Result<Deleted> {
    let Some(Found { number, description, state }) = super::reader::find(transaction, run)? else {
        return Ok(Deleted::NotFound);
    };
    if !state.status.is_over() {
        return Ok(Deleted::StillOpen);
    }
    transaction.prepare_cached("DELETE FROM decision WHERE run = ?")?.execute([number])?;
    transaction.prepare_cached("DELETE FROM state WHERE run = ?")?.execute([number])?;
    transaction.prepare_cached("DELETE FROM run WHERE number = ?")?.execute([number])?;
    let is_used = transaction
        .prepare_cached("SELECT 1 FROM run WHERE flow = ? LIMIT 1")?
        .query_row([description.flow_hash], |_| Ok(()))
        .optional()?;
    if is_used.is_none() {
        transaction.prepare_cached("DELETE FROM flow WHERE hash = ?")?.execute([description.flow_hash])?;
    }
    transaction
        .prepare_cached("INSERT INTO deleted VALUES (?, ?)")?
        .execute(params![run.as_bytes(), deleted_sum(run)])?;
    Ok(Deleted::Done)
}

/// A line number for SQLite, whose integers are signed. No journal comes near the end of them.
pub(super) fn sql(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
