//! The [`Store`] trait over an SQLite file.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc;

use flowrun_core::{RunId, Timestamp};
use futures::channel::oneshot;
use rusqlite::{Connection, params};

use super::desk::Desk;
use super::format::{Description, Identity, State};
use super::host::{self, Host, HostError, HostTables, HostTransaction, HostWork};
use super::journal::{Claim, Claims, SqliteJournal};
use super::lock::Lock;
use super::queue::{Delete, Health, Queue, Refusal, Work};
use super::reader::{self, Flows, Found, Pool, SqliteReader, select_runs};
use super::space::Space;
use super::transaction::WriteError;
use super::writer::Writer;
use super::{OpenError, SqliteOptions, file, schema, transaction};
use crate::maintenance::delete_closed;
use crate::{
    Journal, JournalReader, Maintenance, NewRun, Opened, Retention, RunFilter, RunSummary, Store, StoreError,
    StoredRun,
};

/// Runs in an SQLite file: they survive the process, and a power cut.
///
/// What is acknowledged is on the disk. One store has one owner: a second opening is refused while this one
/// or a journal of it is held. After any failed write the store is closed for writing, and every later append
/// is answered with [`StoreError::FailStop`]; reading goes on. Open it again to go on writing.
///
/// ```
/// use flowrun_core::{Record, RunId, RunSpec, Site, Timestamp};
/// use flowrun_store::{NewRun, RunFilter, SqliteStore, Store};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("runs.flowrun");
///
/// let store = SqliteStore::open_file(&path)?;
/// let spec = RunSpec::new(RunId::from_bytes([1; 16]), Timestamp::default(), Site::new("https://example.com"));
/// let mut journal = store.create(NewRun::new(spec, r#"{"nodes":[],"edges":[]}"#))?;
/// futures::executor::block_on(journal.append(Timestamp::default(), &mut vec![Record::RunStarted]).done())?;
/// drop((journal, store));
///
/// let store = SqliteStore::open_file(&path)?;
/// assert_eq!(store.epoch(), 2);
/// assert_eq!(store.runs(&RunFilter::default().open())?.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SqliteStore {
    pub(super) shared: Arc<Shared>,
}

/// What the store, its journals and its readers have in common.
pub(super) struct Shared {
    pub(super) options: SqliteOptions,
    pub(super) identity: Identity,
    pub(super) pool: Arc<Pool>,
    pub(super) health: Arc<Health>,
    pub(super) queue: Queue,
    pub(super) claims: Arc<Claims>,
    /// The number of the next new run. One that is never stored leaves a gap.
    next: AtomicI64,
    was_closed: bool,
    /// The tables of the host that the writer has.
    pub(super) host_tables: Option<HostTables>,
}

impl SqliteStore {
    /// Opens the store in the file at `path` with the default [`SqliteOptions`]; makes a new one where there is
    /// no file.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; the file is then as it was before.
    pub fn open_file(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        SqliteOptions::new(path).open()
    }

    pub(super) fn open_with(mut options: SqliteOptions) -> Result<Self, OpenError> {
        let is_file = options.vfs.is_none();
        if is_file {
            options.path = file::canonical(&options.path)?;
        }
        let lock = is_file.then(|| file::prepare(&options.path, options.create)).transpose()?;
        let of = |source| OpenError::of(&options.path, source);
        let was_closed = lock.as_ref().is_some_and(Lock::was_closed);
        let mut connection = schema::writer(&options)?;
        let host = match options.host_tables.take() {
            Some(tables) => Host::new(tables, &mut connection, &options.path)?,
            None => None,
        };
        let host_tables = host.as_ref().map(|host| host.tables.clone());
        let identity = transaction::open_epoch(&mut connection).map_err(of)?;
        let last: i64 = connection
            .query_row("SELECT ifnull(max(number), 0) FROM run", [], |row| row.get(0))
            .map_err(of)?;
        let health = Arc::new(Health::default());
        let space = if is_file { Space::of(&options.path, options.reserve) } else { None };
        // Before anybody asks for a new run. Making the reserve takes longer and is left to the writer.
        health.set_low(space.as_ref().is_some_and(Space::is_low));
        let writer = Writer {
            connection,
            epoch: identity.epoch,
            health: Arc::clone(&health),
            space,
            lock,
            host,
            appended: 0,
            commits: 0,
        };
        let queue = Queue::new(Arc::clone(&health), Desk::new(writer, options.quick))
            .map_err(|source| OpenError::io(&options.path, "start a thread for", source))?;
        let pool = Arc::new(Pool::new(options.clone()));
        let next = AtomicI64::new(last + 1);
        let claims = Arc::default();
        Ok(Self {
            shared: Arc::new(Shared {
                options,
                identity,
                pool,
                health,
                queue,
                claims,
                next,
                was_closed,
                host_tables,
            }),
        })
    }

    /// Closes the store, also while journals of it are held: what is queued is written, every later append is
    /// answered with [`StoreError::FailStop`], and the file can be opened anew.
    pub fn close(&self) {
        self.shared.pool.clear();
        self.shared.queue.close();
    }

    /// Reads tables of the host, as they are at one moment, while runs go on. Blocks for the reading.
    ///
    /// # Errors
    ///
    /// What `work` gives, or what SQLite says. Statements that write are refused.
    pub fn read_host_tables<T>(
        &self,
        work: impl FnOnce(&HostTransaction<'_>) -> Result<T, HostError>,
    ) -> Result<T, HostError> {
        self.shared.pool.read(|connection| Ok(host::read(connection, work)))?
    }

    /// Changes tables of the host that no run has to do with, in a transaction of its own, and returns once that is
    /// on the disk. Blocks until then.
    ///
    /// # Errors
    ///
    /// What `work` gives: nothing is changed then. [`StoreError`] when the store does not write any more.
    pub fn write_host_tables<T: Send + 'static>(
        &self,
        work: impl FnOnce(&HostTransaction<'_>) -> Result<T, HostError> + Send + 'static,
    ) -> Result<T, HostError> {
        let (reply, answer) = mpsc::sync_channel(1);
        // Whoever waits may have gone away.
        self.queue_host_write(work, move |done| drop(reply.send(done)))?;
        answer.recv().unwrap_or_else(|_| Err(self.shared.health.gone().into()))
    }

    /// Changes tables of the host as [`write_host_tables`](Self::write_host_tables) does, for whoever must not block.
    /// What is written at the same time shares a transaction; each work is undone alone when it fails.
    ///
    /// # Errors
    ///
    /// As above.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it resolves, the change may or may not be made.
    pub async fn write_host_tables_soon<T: Send + 'static>(
        &self,
        work: impl FnOnce(&HostTransaction<'_>) -> Result<T, HostError> + Send + 'static,
    ) -> Result<T, HostError> {
        let (reply, answer) = oneshot::channel();
        self.queue_host_write(work, move |done| drop(reply.send(done)))?;
        answer.await.unwrap_or_else(|_| Err(self.shared.health.gone().into()))
    }

    /// Hands work on the host's tables to the writer. The answer is dropped where it cannot be told whether it was
    /// written.
    fn queue_host_write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&HostTransaction<'_>) -> Result<T, HostError> + Send + 'static,
        answer: impl FnOnce(Result<T, HostError>) + Send + 'static,
    ) -> Result<(), HostError> {
        if self.shared.host_tables.is_none() {
            return Err("the store was opened without tables of a host".into());
        }
        let work: HostWork = Box::new(move |tables| {
            let done = work(tables);
            (done.is_ok(), Box::new(move || answer(done)))
        });
        Ok(self.shared.queue.send(Work::Host(work))?)
    }

    /// A run with all lines of its journal, to look at. It is no matter whether somebody writes it. Blocks for the
    /// reading.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`]; [`StoreError::Damaged`].
    pub fn stored(&self, run: RunId) -> Result<StoredRun, StoreError> {
        let read = self.shared.pool.read(|connection| stored(connection, run, &mut Flows::default()));
        let read = read.map_err(|error| reader::read_error(run, error))?;
        read.map(|(_, stored)| stored).ok_or(StoreError::NotFound(run))
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.shared.options.path
    }

    /// A stored run, if it is there.
    fn find(&self, run: RunId) -> Result<Found, StoreError> {
        let found = self.shared.pool.read(|connection| reader::find(connection, run));
        found.map_err(|error| reader::read_error(run, error))?.ok_or(StoreError::NotFound(run))
    }

    /// A claimed run in the hands of its writer.
    fn opened(
        &self,
        run: RunId,
        claim: Arc<Claim>,
        read: rusqlite::Result<Option<(Found, StoredRun)>>,
    ) -> Result<Opened, StoreError> {
        self.shared.health.take_over();
        let read = read.map_err(|error| reader::read_error(run, error))?;
        let (found, stored) = read.ok_or(StoreError::NotFound(run))?;
        let journal = SqliteJournal {
            shared: Arc::clone(&self.shared),
            run,
            number: found.number,
            new: None,
            origin: found.description.chain(),
            state: found.state,
            claim,
            refusal: Refusal::none(run),
        };
        Ok((stored, Box::new(journal)))
    }
}

/// Reads a run with its whole journal; `None` when it is not there.
fn stored(
    connection: &Connection,
    run: RunId,
    flows: &mut Flows,
) -> rusqlite::Result<Option<(Found, StoredRun)>> {
    let Some(found) = reader::find(connection, run)? else { return Ok(None) };
    let new = reader::new_run(connection, &found.description, flows)?;
    let origin = found.description.chain();
    let lines = reader::lines(connection, found.number, &origin, &found.state, 0, usize::MAX)?.lines;
    Ok(Some((found, StoredRun::new(new, lines))))
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.path())
            .field("epoch", &self.epoch())
            .finish_non_exhaustive()
    }
}

impl Store for SqliteStore {
    fn id(&self) -> [u8; 16] {
        self.shared.identity.id
    }

    fn is_volatile(&self) -> bool {
        false
    }

    fn epoch(&self) -> u64 {
        self.shared.identity.epoch as u64
    }

    fn was_closed(&self) -> bool {
        self.shared.was_closed
    }

    fn create(&self, new: NewRun) -> Result<Box<dyn Journal>, StoreError> {
        let (shared, run) = (&self.shared, new.spec.id);
        shared.health.check()?;
        if shared.health.is_low() {
            return Err(StoreError::NoSpace(run));
        }
        let claim = shared.claims.claim(run).ok_or(StoreError::AlreadyExists(run))?;
        let (bytes, most) = (new.flow.len(), shared.options.largest);
        if bytes > most {
            return Err(StoreError::Unstorable {
                run,
                source: Arc::new(WriteError::TooLarge { bytes, most }),
            });
        }
        let is_taken = shared.pool.read(|connection| {
            Ok(reader::find(connection, run)?.is_some() || reader::is_deleted(connection, run)?)
        });
        if is_taken.map_err(|error| reader::read_error(run, error))? {
            return Err(StoreError::AlreadyExists(run));
        }
        let description = Description::of(&new).map_err(|source| StoreError::Failed {
            run,
            action: "encode",
            source: Arc::new(source),
        })?;
        let origin = description.chain();
        Ok(Box::new(SqliteJournal {
            refusal: Refusal::none(run),
            run,
            number: shared.next.fetch_add(1, Ordering::Relaxed),
            new: Some(Box::new((description, new))),
            origin,
            state: State::new(origin),
            claim,
            shared: Arc::clone(shared),
        }))
    }

    fn open(&self, run: RunId) -> Result<Opened, StoreError> {
        // Before the reading, so that nobody writes after it.
        let claim = self.shared.claims.claim(run).ok_or(StoreError::InUse(run))?;
        let read = self.shared.pool.read(|connection| stored(connection, run, &mut Flows::default()));
        self.opened(run, claim, read)
    }

    fn open_many(&self, runs: &[RunId]) -> Vec<Result<Opened, StoreError>> {
        // As above.
        let claims: Vec<_> = runs.iter().map(|run| self.shared.claims.claim(*run)).collect();
        let mut flows = Flows::default();
        let read = self.shared.pool.read(|connection| {
            Ok(runs.iter().map(|run| stored(connection, *run, &mut flows)).collect::<Vec<_>>())
        });
        let Ok(read) = read else {
            drop(claims);
            // What keeps the store from being read is told of each run.
            return runs.iter().map(|run| self.open(*run)).collect();
        };
        let opened = runs.iter().zip(claims).zip(read);
        let open = |((run, claim), read): ((&RunId, Option<_>), _)| {
            self.opened(*run, claim.ok_or(StoreError::InUse(*run))?, read)
        };
        opened.map(open).collect()
    }

    fn reader(&self, run: RunId) -> Result<Arc<dyn JournalReader>, StoreError> {
        let found = self.find(run)?;
        Ok(Arc::new(SqliteReader {
            pool: Arc::clone(&self.shared.pool),
            run,
            number: found.number,
            origin: found.description.chain(),
        }))
    }

    fn runs(&self, which: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
        // Few runs of many are open: those are looked up one by one.
        let sql = if which.open {
            select_runs!(
                "state CROSS JOIN run ON number = state.run WHERE status = 'working'
                AND (created, id) < (?, ?) ORDER BY created DESC, id DESC LIMIT ?"
            )
        } else {
            select_runs!(
                "run JOIN state ON state.run = number
                WHERE (created, id) < (?, ?) ORDER BY created DESC, id DESC LIMIT ?"
            )
        };
        let (created, id) = match which.after {
            Some((created, id)) => (created.as_micros(), id.as_bytes().to_vec()),
            // Behind every run: no time is later, no id longer.
            None => (i64::MAX, vec![0xff; 17]),
        };
        let limit = i64::try_from(which.limit).unwrap_or(i64::MAX);
        let listed = self.shared.pool.read(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map(params![created, id, limit], reader::found)?;
            rows.map(|found| found.map(|found| found.state.summary(found.description))).collect()
        });
        listed.map_err(|source| StoreError::Unreadable { action: "list the runs", source: Arc::new(source) })
    }

    fn retain(&self, keep: &Retention, now: Timestamp) -> Result<u64, StoreError> {
        delete_closed(self, self.closed()?, keep, now)
    }

    fn maintenance(&self) -> Option<&dyn Maintenance> {
        Some(self)
    }

    fn delete(&self, run: RunId) -> Result<(), StoreError> {
        let Some(_claim) = self.shared.claims.claim(run) else {
            return Err(StoreError::InUse(run));
        };
        let (reply, answer) = mpsc::sync_channel(1);
        self.shared.queue.send(Work::Delete(Delete { run, reply }))?;
        answer.recv().unwrap_or_else(|_| Err(self.shared.health.gone()))
    }
}
