//! Reading runs, on connections of their own, from what is committed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use flowrun_core::RunId;
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};

use super::format::{Chain, Description, FORMAT, Row, State, Unreadable, flow_hash, status_named};
use super::transaction::sql;
use super::{SqliteOptions, schema};
use crate::{JournalReader, NewRun, Page, StoreError};

/// Connections kept open for the next reader.
const IDLE: usize = 8;

/// Connections that read.
#[derive(Debug)]
pub(super) struct Pool {
    options: SqliteOptions,
    idle: Mutex<Vec<Connection>>,
}

impl Pool {
    pub(super) const fn new(options: SqliteOptions) -> Self {
        Self { options, idle: Mutex::new(Vec::new()) }
    }

    /// Lets `read` see one moment of the store.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => schema::reader(&self.options)?,
        };
        // Kept like every other statement: to read these two words anew costs as much as to find a row.
        connection.prepare_cached("BEGIN")?.execute([])?;
        let answer = read(&connection)?;
        connection.prepare_cached("COMMIT")?.execute([])?;
        // A connection that failed is not kept.
        let mut idle = self.idle();
        if idle.len() < IDLE {
            idle.push(connection);
        }
        Ok(answer)
    }

    /// Closes what is not in use.
    pub(super) fn clear(&self) {
        self.idle().clear();
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads one journal.
pub(super) struct SqliteReader {
    pub(super) pool: Arc<Pool>,
    pub(super) run: RunId,
    pub(super) number: i64,
    /// The first link of the run's chain.
    pub(super) origin: Chain,
}

impl JournalReader for SqliteReader {
    fn read(&self, after: u64, max: usize) -> Result<Page, StoreError> {
        let page = self.pool.read(|connection| {
            let Some(state) = state(connection, self.number)? else {
                // Deleted, or without a line so far.
                return Ok(if is_deleted(connection, self.run)? { None } else { Some(Page::default()) });
            };
            lines(connection, self.number, &self.origin, &state, after, max).map(Some)
        });
        page.map_err(|error| read_error(self.run, error))?.ok_or(StoreError::NotFound(self.run))
    }
}

/// A stored run without its journal.
pub(super) struct Found {
    pub(super) number: i64,
    pub(super) description: Description,
    pub(super) state: State,
}

/// A statement that finds runs for [`found`].
macro_rules! select_runs {
    ($from:literal) => {
        concat!(
            "SELECT number, id, flow, spec, secrets, title, site, created, run.chain, format,",
            " status, updated, seq, state.chain, sum FROM ",
            $from
        )
    };
}
pub(super) use select_runs;

/// Looks a run up.
pub(super) fn find(connection: &Connection, run: RunId) -> rusqlite::Result<Option<Found>> {
    let sql = select_runs!("run JOIN state ON state.run = number WHERE id = ?");
    connection.prepare_cached(sql)?.query_row([run.as_bytes()], found).optional()
}

/// A run from the columns of `select_runs!`, if it is what was written.
pub(super) fn found(row: &SqlRow<'_>) -> rusqlite::Result<Found> {
    let number = row.get(0)?;
    let description = Description {
        id: RunId::from_bytes(row.get(1)?),
        flow_hash: row.get(2)?,
        spec: row.get(3)?,
        secrets: row.get(4)?,
        title: row.get(5)?,
        site: row.get(6)?,
        created: row.get(7)?,
    };
    if description.chain() != row.get::<_, Chain>(8)? {
        return Err(column(8, "what the run is made of is not what was written"));
    }
    known_format(row.get(9)?)?;
    Ok(Found { number, description, state: state_at(row, number, 10)? })
}

/// How a run stands; `None` when there is no such run.
fn state(connection: &Connection, number: i64) -> rusqlite::Result<Option<State>> {
    connection
        .prepare_cached("SELECT status, updated, seq, chain, sum FROM state WHERE run = ?")?
        .query_row([number], |row| state_at(row, number, 0))
        .optional()
}

fn state_at(row: &SqlRow<'_>, number: i64, first: usize) -> rusqlite::Result<State> {
    let status = status_named(row.get_ref(first)?.as_str()?).map_err(|error| unreadable(first, error))?;
    let seq = row.get::<_, i64>(first + 2)? as u64;
    let state = State { status, updated: row.get(first + 1)?, seq, chain: row.get(first + 3)? };
    if state.sum(number) == row.get::<_, [u8; 16]>(first + 4)? {
        Ok(state)
    } else {
        Err(column(first, "the state of the run is not what was written"))
    }
}

pub(super) fn known_format(format: i64) -> rusqlite::Result<()> {
    if format == FORMAT { Ok(()) } else { Err(column(0, "a row has a format that is not known")) }
}

/// Whether there was a run of this id.
pub(super) fn is_deleted(connection: &Connection, run: RunId) -> rusqlite::Result<bool> {
    let found = connection
        .prepare_cached("SELECT 1 FROM deleted WHERE run = ?")?
        .query_row([run.as_bytes()], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

/// Flows that were read, by their hash: many runs are of one.
pub(super) type Flows = BTreeMap<[u8; 32], Arc<str>>;

/// What a run is made of, with its flow.
pub(super) fn new_run(
    connection: &Connection,
    run: &Description,
    flows: &mut Flows,
) -> rusqlite::Result<NewRun> {
    let flow = match flows.get(&run.flow_hash) {
        Some(flow) => Arc::clone(flow),
        None => {
            let flow = flow(connection, &run.flow_hash)?;
            flows.insert(run.flow_hash, Arc::clone(&flow));
            flow
        }
    };
    run.read(flow).map_err(|error| unreadable(0, error))
}

fn flow(connection: &Connection, hash: &[u8; 32]) -> rusqlite::Result<Arc<str>> {
    let flow: String = connection
        .prepare_cached("SELECT json FROM flow WHERE hash = ?")?
        .query_row([hash], |row| row.get(0))?;
    if flow_hash(&flow) == *hash {
        Ok(flow.into())
    } else {
        Err(column(0, "its flow is not the one it was created from"))
    }
}

/// Up to `max` lines after number `after`. Each row is checked against the one before it, and the last one
/// against the state.
pub(super) fn lines(
    connection: &Connection,
    number: i64,
    origin: &Chain,
    state: &State,
    after: u64,
    max: usize,
) -> rusqlite::Result<Page> {
    let mut page = Page::default();
    if after >= state.seq || max == 0 {
        return Ok(page);
    }
    let (first, mut chain) = if after == 0 { (1, *origin) } else { link(connection, number, origin, after)? };
    let mut seq = first as u64;
    let mut statement = connection.prepare_cached(
        "SELECT seq, at, records, chain, format FROM decision WHERE run = ? AND seq >= ? ORDER BY seq",
    )?;
    let mut rows = statement.query(params![number, first])?;
    while page.lines.len() < max {
        let Some(row) = rows.next()? else {
            if seq != state.seq + 1 || chain != state.chain {
                return Err(column(0, "the journal ends before its state says"));
            }
            break;
        };
        known_format(row.get(4)?)?;
        let row = Row {
            seq: row.get::<_, i64>(0)? as u64,
            at: row.get(1)?,
            records: row.get(2)?,
            chain: row.get(3)?,
        };
        let read = row.read(&chain, seq).map_err(|error| unreadable(2, error))?;
        #[cfg(test)]
        tests::READ.set(tests::READ.get() + read.len());
        (seq, chain) = (seq + read.len() as u64, row.chain);
        page.lines.extend(read.into_iter().filter(|line| line.seq > after));
    }
    page.lines.truncate(max);
    Ok(page)
}

/// The number of the row that holds the line after number `after`, which may begin before it, and the link before
/// that row.
fn link(connection: &Connection, number: i64, origin: &Chain, after: u64) -> rusqlite::Result<(i64, Chain)> {
    let first: i64 = connection
        .prepare_cached("SELECT ifnull(max(seq), 1) FROM decision WHERE run = ? AND seq <= ?")?
        .query_row(params![number, sql(after) + 1], |row| row.get(0))?;
    let before = connection
        .prepare_cached("SELECT chain FROM decision WHERE run = ? AND seq < ? ORDER BY seq DESC LIMIT 1")?
        .query_row(params![number, first], |row| row.get(0))
        .optional()?;
    Ok((first, before.unwrap_or(*origin)))
}

/// What is stored cannot be what was written.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NotWritten(String);

/// Says so the way SQLite does for a value of a wrong type.
pub(super) fn unreadable(column: usize, Unreadable(what): Unreadable) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Blob, Box::new(NotWritten(what)))
}

pub(super) fn column(column: usize, what: &str) -> rusqlite::Error {
    unreadable(column, what.into())
}

/// What was found in place of what was written; `None` when the error is about something else.
pub(super) fn damage(error: &rusqlite::Error) -> Option<String> {
    use rusqlite::{Error, ErrorCode};
    match error {
        Error::FromSqlConversionFailure(_, _, inner) => Some(inner.to_string()),
        Error::InvalidColumnType(..) | Error::IntegralValueOutOfRange(..) | Error::Utf8Error(..) => {
            Some(format!("a row has a value of a wrong type ({error})"))
        }
        Error::QueryReturnedNoRows => Some("a row it needs is not there".to_owned()),
        other => match other.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Some(other.to_string()),
            _ => None,
        },
    }
}

pub(super) fn read_error(run: RunId, error: rusqlite::Error) -> StoreError {
    match damage(&error) {
        Some(what) => StoreError::Damaged { run, what },
        None => StoreError::Failed { run, action: "read", source: Arc::new(error) },
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use flowrun_core::{NodeIx, Record, RunSpec, Site, Timestamp};

    use super::super::format::RECORDS_OF_TEST;
    use crate::{NewRun, SqliteStore, Store};
    use flowrun_core::RunId;

    thread_local! {
        /// Records that were read out of rows in this thread.
        pub(super) static READ: Cell<usize> = const { Cell::new(0) };
    }

    /// How many records are read of a journal of one large decision, to page through it.
    fn read_by_pages(records: usize, page: usize) -> usize {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open_file(folder.path().join("runs.flowrun")).unwrap();
        let site = Site::new("https://a.example");
        let spec = RunSpec::new(RunId::from_bytes([1; 16]), Timestamp::default(), site);
        let mut journal = store.create(NewRun::new(spec, r#"{"nodes":[],"edges":[]}"#)).unwrap();
        let skipped = |node| Record::NodeSkipped { node: NodeIx::new(node) };
        let mut decision: Vec<Record> = (0..records).map(skipped).collect();
        let commit = journal.append(Timestamp::from_micros(7), &mut decision);
        futures::executor::block_on(commit.done()).unwrap();
        let reader = journal.reader();
        READ.set(0);
        let mut seq = 0;
        loop {
            let lines = reader.read(seq, page).unwrap().lines;
            let Some(last) = lines.last() else { break };
            assert!(lines.iter().map(|line| line.seq).eq(seq + 1..=last.seq));
            assert!(lines.iter().all(|line| line.at == Timestamp::from_micros(7)));
            seq = last.seq;
        }
        assert_eq!(seq, records as u64);
        let read = READ.get();
        drop(journal);
        let (stored, _) = store.open(RunId::from_bytes([1; 16])).unwrap();
        assert_eq!(stored.lines.len(), records);
        assert!(store.verify().unwrap().is_sound());
        read
    }

    #[test]
    fn reading_a_large_decision_by_pages_reads_each_record_once() {
        for records in [1, 256, 257, 5_000, 10_000, 20_000] {
            assert_eq!(read_by_pages(records, 256), records);
        }
        // Pages that end within a row: it is read for each of them.
        assert!(read_by_pages(10_000, 100) < 4 * 10_000);
    }

    /// What the test above would find.
    #[test]
    fn a_decision_that_is_one_row_is_found_out() {
        RECORDS_OF_TEST.set(usize::MAX);
        assert_eq!(read_by_pages(10_240, 256), 40 * 10_240);
    }
}
