//! Tables of the host beside those of the runs: in the same file, and written in the same transactions.
//!
//! The writer calls the host's function inside the transaction that stores a run, that of its end, and so on, so
//! both are on the disk or neither is. A function that refuses undoes what that one run would have written
//! and nothing of the others that share the commit.

use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use flowrun_core::{RunId, RunStatus, Timestamp};
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, Transaction, TransactionBehavior, params_from_iter};

use super::OpenError;
use super::queue::Append;
use super::transaction::WriteError;
use crate::{NewRun, StoreError};

mod value;
mod version;

pub use value::SqlValue;

/// What a host's function fails with.
pub type HostError = Box<dyn Error + Send + Sync>;

type OnVerify = dyn Fn(&HostTransaction<'_>) -> Result<Vec<String>, HostError> + Send + Sync;

type OnChange = dyn Fn(&HostTransaction<'_>, &RunChange<'_>) -> Result<(), HostError> + Send + Sync;

/// Tables of a host in the file of a [`SqliteStore`](super::SqliteStore), such as accounts, keys and counters.
///
/// ```
/// use flowrun_core::{Record, RunId, RunSpec, Site, Timestamp};
/// use flowrun_store::{HostTables, NewRun, RunChange, SqlValue, SqliteOptions, Store, StoreError};
///
/// # let folder = tempfile::tempdir()?;
/// // An account may have one run, and the count is right after any crash.
/// let tables = HostTables::new(
///     "CREATE TABLE IF NOT EXISTS account (name TEXT PRIMARY KEY, runs INTEGER NOT NULL CHECK (runs <= 1)) STRICT",
/// )
/// .on_change(|tables, change| {
///     if let RunChange::Created(run) = change {
///         let account = run.host_data::<String>().ok_or("the run has no account")?;
///         tables.execute("INSERT OR IGNORE INTO account VALUES (?, 0)", &[account.into()])?;
///         tables.execute("UPDATE account SET runs = runs + 1 WHERE name = ?", &[account.into()])?;
///     }
///     Ok(())
/// });
/// let store = SqliteOptions::new(folder.path().join("runs.flowrun")).host_tables(tables).open()?;
///
/// let start = |number| {
///     let spec = RunSpec::new(RunId::from_bytes([number; 16]), Timestamp::EPOCH, Site::new("https://example.com"));
///     let run = NewRun::new(spec, r#"{"nodes":[],"edges":[]}"#).with_host_data("ada".to_owned());
///     let mut journal = store.create(run)?;
///     futures::executor::block_on(journal.append(Timestamp::EPOCH, &mut vec![Record::RunStarted]).done())
/// };
/// start(1)?;
/// assert!(matches!(start(2), Err(StoreError::Refused { .. })));
/// let rows = store.read_host_tables(|tables| tables.query("SELECT name, runs FROM account", &[]))?;
/// assert_eq!(rows, [[SqlValue::from("ada"), SqlValue::from(1)]]);
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
#[derive(Clone, Default)]
pub struct HostTables {
    schema: String,
    steps: Vec<String>,
    is_optional: bool,
    on_change: Option<Arc<OnChange>>,
    on_verify: Option<Arc<OnVerify>>,
}

/// What happens to a run in a transaction.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunChange<'a> {
    /// It is stored, with its first decision. A function that refuses refuses the run.
    Created(&'a NewRun),
    /// It ended. A function that refuses keeps it open: its driver gives up, and it can be resumed.
    Ended {
        /// The run.
        run: RunId,
        /// How it ended.
        status: RunStatus,
        /// When.
        at: Timestamp,
    },
    /// It was over and is done once more.
    Reopened {
        /// The run.
        run: RunId,
    },
    /// It is deleted. A function that refuses keeps it.
    Deleted {
        /// The run.
        run: RunId,
    },
}

impl RunChange<'_> {
    /// The run it happens to.
    #[must_use]
    pub const fn run(&self) -> RunId {
        match self {
            Self::Created(new) => new.spec.id,
            Self::Ended { run, .. } | Self::Reopened { run } | Self::Deleted { run } => *run,
        }
    }
}

impl HostTables {
    /// Tables that this SQL makes. It is run each time the store is opened, so it says `IF NOT EXISTS`. The names
    /// `store`, `flow`, `run`, `state`, `decision`, `deleted` and `host` are taken.
    #[must_use]
    pub fn new(schema: impl Into<String>) -> Self {
        Self { schema: schema.into(), ..Self::default() }
    }

    /// Tables that change from one version of the host to the next: each step takes them one version up, from none. A
    /// step is done once, in a transaction of its own, so that a crash leaves one version or the next. A released step never
    /// changes; a new one is added at the end. A store whose tables are of a later version is not opened
    /// ([`OpenError::Newer`](super::OpenError::Newer)).
    ///
    /// ```
    /// use flowrun_store::{HostTables, SqlValue, SqliteOptions};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let first = "CREATE TABLE account (name TEXT PRIMARY KEY) STRICT; INSERT INTO account VALUES ('ada')";
    /// let second = "ALTER TABLE account ADD COLUMN credit INTEGER NOT NULL DEFAULT 10";
    /// let open = |steps: &[&str]| {
    ///     SqliteOptions::new(folder.path().join("runs.flowrun")).host_tables(HostTables::of_steps(steps)).open()
    /// };
    /// drop(open(&[first])?);
    /// let store = open(&[first, second])?;
    /// let rows = store.read_host_tables(|tables| tables.query("SELECT * FROM account", &[]))?;
    /// assert_eq!(rows, [[SqlValue::from("ada"), SqlValue::from(10)]]);
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
    /// ```
    #[must_use]
    pub fn of_steps(steps: &[&str]) -> Self {
        Self { steps: steps.iter().map(|&step| step.to_owned()).collect(), ..Self::default() }
    }

    /// Leaves a store without tables [of steps](Self::of_steps) as it is: whoever only has to do with runs keeps the
    /// host's tables right where there are some, and makes none. Default: they are made.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.is_optional = true;
        self
    }

    /// Sets the function that looks at the tables when the store is verified, and gives what is wrong with them, a
    /// sentence each.
    #[must_use]
    pub fn on_verify(
        mut self,
        function: impl Fn(&HostTransaction<'_>) -> Result<Vec<String>, HostError> + Send + Sync + 'static,
    ) -> Self {
        self.on_verify = Some(Arc::new(function));
        self
    }

    /// What the host says is wrong with its tables.
    pub(super) fn verify(&self, connection: &Connection) -> Result<Vec<String>, HostError> {
        self.on_verify
            .as_ref()
            .map_or_else(|| Ok(Vec::new()), |verify| read(connection, |tables| verify(tables)))
    }

    /// Sets the function that is called with each change of a run, in its transaction. All writing waits for it:
    /// it should be quick and do nothing but read and write tables. It is called again where a commit failed.
    #[must_use]
    pub fn on_change(
        mut self,
        function: impl Fn(&HostTransaction<'_>, &RunChange<'_>) -> Result<(), HostError> + Send + Sync + 'static,
    ) -> Self {
        self.on_change = Some(Arc::new(function));
        self
    }
}

impl fmt::Debug for HostTables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostTables")
            .field("schema", &self.schema)
            .field("steps", &self.steps.len())
            .finish_non_exhaustive()
    }
}

/// The file inside a transaction, for statements about a host's tables. Those of the runs can be read and not be
/// written; neither can the transaction be ended.
pub struct HostTransaction<'a>(&'a Connection);

impl HostTransaction<'_> {
    /// Does one statement, and says how many rows it changed.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn execute(&self, sql: &str, values: &[SqlValue]) -> Result<usize, HostError> {
        Ok(self.0.prepare_cached(&marked(sql))?.execute(params_from_iter(values))?)
    }

    /// The rows that a statement gives.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn query(&self, sql: &str, values: &[SqlValue]) -> Result<Vec<Vec<SqlValue>>, HostError> {
        let mut statement = self.0.prepare_cached(&marked(sql))?;
        let columns = statement.column_count();
        let rows = statement.query_map(params_from_iter(values), |row| {
            (0..columns).map(|column| row.get_ref(column).map(SqlValue::of)).collect()
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl fmt::Debug for HostTransaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostTransaction").finish_non_exhaustive()
    }
}

/// A host's statement as it is prepared. What a statement may do is decided when it is prepared, so it must never be
/// one of the store's own that was kept from before.
fn marked(sql: &str) -> String {
    format!("/* host */ {sql}")
}

/// What a host wants to do to its tables: whether it is to be kept, and how it is answered once that is on the disk.
pub(super) type HostWork = Box<dyn FnOnce(&HostTransaction<'_>) -> (bool, HostAnswer) + Send>;

/// Tells whoever waits that the transaction is on the disk. Dropped, it was not, or nobody knows.
pub(super) type HostAnswer = Box<dyn FnOnce() + Send>;

/// A host's function that panicked. The writer must survive it: every run needs that.
#[derive(Debug, thiserror::Error)]
#[error("the host's function panicked")]
struct Panicked;

/// The host's part of the writer.
pub(super) struct Host {
    pub(super) tables: HostTables,
    /// Whether what is prepared is the host's. Statements of the store go through unasked.
    is_calling: Arc<AtomicBool>,
}

impl Host {
    /// Makes the tables, or takes them to their last version. `None` where there are none and none are to be made.
    pub(super) fn new(
        tables: HostTables,
        connection: &mut Connection,
        path: &Path,
    ) -> Result<Option<Self>, OpenError> {
        if tables.is_optional
            && version::found(connection).map_err(|source| version::failed(path, source))? == 0
        {
            return Ok(None);
        }
        let host = Self { tables, is_calling: Arc::default() };
        host.make(connection, path)?;
        Ok(Some(host))
    }

    fn make(&self, connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
        let failed = |source| version::failed(path, source);
        let is_calling = Arc::clone(&self.is_calling);
        connection
            .authorizer(Some(move |context: AuthContext<'_>| {
                if is_calling.load(Ordering::Relaxed) {
                    permission(&context.action)
                } else {
                    Authorization::Allow
                }
            }))
            .map_err(failed)?;
        if !self.tables.schema.is_empty() {
            let transaction = Transaction::new(connection, TransactionBehavior::Immediate).map_err(failed)?;
            self.call(|| transaction.execute_batch(&self.tables.schema)).map_err(failed)?;
            transaction.commit().map_err(failed)?;
        }
        let steps = &self.tables.steps;
        version::migrate(connection, path, steps, |connection, step| {
            self.call(|| connection.execute_batch(step))
        })
    }

    /// Whether the host has to do with this decision.
    pub(super) fn concerns(&self, append: &Append) -> bool {
        let is_change =
            append.new.is_some() || append.before.status.is_over() != append.after.status.is_over();
        append.journal.told.get().is_some() || (is_change && self.tables.on_change.is_some())
    }

    /// Writes a decision with the host's rows; `Err` inside where the host refuses, and nothing of it is written.
    pub(super) fn append(
        &self,
        transaction: &Transaction<'_>,
        append: &Append,
    ) -> Result<Result<(), StoreError>, WriteError> {
        if let Some(refused) = append.journal.told.get() {
            // It follows a decision that is not stored.
            return Ok(Err(refused.clone()));
        }
        transaction.prepare_cached("SAVEPOINT host")?.execute([])?;
        super::transaction::append(transaction, append)?;
        let mut changes = Vec::with_capacity(2);
        if let Some(new) = &append.new {
            changes.push(RunChange::Created(&new.1));
        }
        match (append.before.status.is_over() && append.new.is_none(), append.after.status.is_over()) {
            (false, true) => {
                let at = Timestamp::from_micros(append.after.updated);
                changes.push(RunChange::Ended { run: append.journal.run, status: append.after.status, at });
            }
            (true, false) => changes.push(RunChange::Reopened { run: append.journal.run }),
            (false, false) | (true, true) => {}
        }
        let done = changes.iter().try_for_each(|change| self.change(transaction, change));
        if done.is_err() {
            transaction.prepare_cached("ROLLBACK TO host")?.execute([])?;
        }
        transaction.prepare_cached("RELEASE host")?.execute([])?;
        // Told to the decisions that the run's driver has sent after this one.
        Ok(done.inspect_err(|refused| drop(append.journal.told.set(refused.clone()))))
    }

    /// Tells the host of a change.
    pub(super) fn change(&self, connection: &Connection, change: &RunChange<'_>) -> Result<(), StoreError> {
        let Some(on_change) = &self.tables.on_change else { return Ok(()) };
        let refused = |source: HostError| StoreError::Refused { run: change.run(), source: source.into() };
        self.with(connection, |tables| on_change(tables, change)).map_err(refused)
    }

    /// Does what a host wants of its tables, each in a savepoint of its own. Answers are told after the commit; whoever
    /// panicked gets none.
    pub(super) fn work(
        &self,
        transaction: &Transaction<'_>,
        works: impl Iterator<Item = HostWork>,
    ) -> rusqlite::Result<Vec<HostAnswer>> {
        let mut answers = Vec::new();
        for work in works {
            transaction.prepare_cached("SAVEPOINT host")?.execute([])?;
            let done = self.with(transaction, |tables| Ok(work(tables)));
            let is_kept = done.as_ref().is_ok_and(|(is_kept, _)| *is_kept);
            if !is_kept {
                transaction.prepare_cached("ROLLBACK TO host")?.execute([])?;
            }
            transaction.prepare_cached("RELEASE host")?.execute([])?;
            answers.extend(done.ok().map(|(_, answer)| answer));
        }
        Ok(answers)
    }

    /// Does something of the host.
    fn with<T>(
        &self,
        connection: &Connection,
        work: impl FnOnce(&HostTransaction<'_>) -> Result<T, HostError>,
    ) -> Result<T, HostError> {
        // Nothing of the store is inside the function, so nothing is left half changed.
        let done = self.call(|| catch_unwind(AssertUnwindSafe(|| work(&HostTransaction(connection)))));
        done.unwrap_or_else(|_| Err(Box::new(Panicked)))
    }

    fn call<T>(&self, work: impl FnOnce() -> T) -> T {
        self.is_calling.store(true, Ordering::Relaxed);
        let done = work();
        self.is_calling.store(false, Ordering::Relaxed);
        done
    }
}

/// Reads a host's tables.
pub(super) fn read<T>(
    connection: &Connection,
    work: impl FnOnce(&HostTransaction<'_>) -> Result<T, HostError>,
) -> Result<T, HostError> {
    work(&HostTransaction(connection))
}

/// The tables of the store.
const OWN: [&str; 7] = ["store", "flow", "run", "state", "decision", "deleted", version::TABLE];

/// What a host's statement may do.
fn permission(action: &AuthAction<'_>) -> Authorization {
    use AuthAction as Action;
    match *action {
        Action::Select | Action::Read { .. } | Action::Function { .. } | Action::Recursive => {
            Authorization::Allow
        }
        Action::Insert { table_name }
        | Action::Update { table_name, .. }
        | Action::Delete { table_name }
        | Action::CreateTable { table_name }
        | Action::CreateIndex { table_name, .. }
        | Action::CreateTrigger { table_name, .. }
        | Action::DropTable { table_name }
        | Action::DropIndex { table_name, .. }
        | Action::DropTrigger { table_name, .. }
        | Action::AlterTable { table_name, .. }
            if !OWN.iter().any(|own| own.eq_ignore_ascii_case(table_name)) =>
        {
            Authorization::Allow
        }
        // SQLite asks for it when a column is added, to see that what is there fits. It only reads.
        Action::Pragma { pragma_name: "quick_check", .. } => Authorization::Allow,
        Action::CreateView { .. } | Action::DropView { .. } | Action::Reindex { .. } => Authorization::Allow,
        // Transactions, settings, other files: what would take the store out of the writer's hands.
        _ => Authorization::Deny,
    }
}
