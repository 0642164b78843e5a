//! The one thread that writes: what many requests want written goes to the disk in one transaction.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::RepositoryError;

/// Most jobs in one transaction.
const GROUP: usize = 256;

/// Transactions between two checkpoints of the log.
const COMMITS_A_CHECKPOINT: u32 = 256;

type Outcome = Result<Box<dyn Any + Send>, Arc<rusqlite::Error>>;

/// Something to be written, and somebody who waits for it.
struct Job {
    #[expect(clippy::type_complexity, reason = "it is what is handed over")]
    write: Box<dyn FnOnce(&Connection) -> rusqlite::Result<Box<dyn Any + Send>> + Send>,
    reply: oneshot::Sender<Outcome>,
}

/// The way to the thread that writes.
///
/// What bounds the queue are the requests: each waits for its own job.
pub(super) struct Writer {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// A writer on this connection, and its thread.
    pub(super) fn new(mut connection: Connection) -> rusqlite::Result<Self> {
        // Done between transactions by the thread, where nobody waits for it.
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        let (jobs, queue) = mpsc::channel();
        let thread = std::thread::Builder::new().name("flowrun-accounts".into());
        let thread = thread
            .spawn(move || work_off(&mut connection, &queue))
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        Ok(Self { jobs: Mutex::new(Some(jobs)), thread: Mutex::new(Some(thread)) })
    }

    /// Writes, and returns once it is on the disk.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, RepositoryError> {
        let (reply, answer) = oneshot::channel();
        let write = |transaction: &Connection| Ok(Box::new(write(transaction)?) as Box<dyn Any + Send>);
        let job = Job { write: Box::new(write), reply };
        let sent = {
            let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
            jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok())
        };
        if !sent {
            return Err(RepositoryError::Closed);
        }
        let outcome = answer.await.map_err(|_| RepositoryError::Closed)?;
        let written = outcome.map_err(RepositoryError::Write)?;
        Ok(*written.downcast().expect("a job gives what it was made to give"))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // A writer that panicked has left every waiter without an answer.
            let _ = thread.join();
        }
    }
}

fn work_off(connection: &mut Connection, queue: &Receiver<Job>) {
    let mut commits = 0;
    while let Ok(first) = queue.recv() {
        let group: Vec<Job> = std::iter::once(first).chain(queue.try_iter()).take(GROUP).collect();
        write_group(connection, group);
        commits += 1;
        if commits >= COMMITS_A_CHECKPOINT {
            commits = 0;
            checkpoint(connection, "PASSIVE");
        }
    }
    checkpoint(connection, "TRUNCATE");
}

/// Moves what is in the log into the file. What fails is tried again after the next transactions.
fn checkpoint(connection: &Connection, kind: &str) {
    let done = connection.query_row(&format!("PRAGMA wal_checkpoint({kind})"), [], |_| Ok(()));
    if let Err(error) = done {
        tracing::warn!(%error, "the log of accounts was not moved into its file");
    }
}

/// Writes a group in one transaction, and answers each of it only after the commit.
fn write_group(connection: &mut Connection, group: Vec<Job>) {
    let mut waiting = Vec::with_capacity(group.len());
    let committed = (|| {
        let mut transaction = Transaction::new(connection, TransactionBehavior::Immediate)?;
        for Job { write, reply } in group {
            // Its own savepoint: what one job did before it failed must not be committed with the others.
            let savepoint = transaction.savepoint()?;
            match catch_unwind(AssertUnwindSafe(|| write(&savepoint))) {
                Ok(Ok(written)) => {
                    savepoint.commit()?;
                    waiting.push((reply, Ok(written)));
                }
                Ok(Err(error)) => {
                    drop(savepoint);
                    waiting.push((reply, Err(Arc::new(error))));
                }
                // The waiter sees that no answer comes.
                Err(_) => drop(savepoint),
            }
        }
        transaction.commit()
    })();
    match committed {
        Ok(()) => waiting.into_iter().for_each(|(reply, outcome)| drop(reply.send(outcome))),
        Err(error) => {
            let error = Arc::new(error);
            waiting.into_iter().for_each(|(reply, _)| drop(reply.send(Err(Arc::clone(&error)))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer() -> Writer {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (x INTEGER UNIQUE) STRICT").unwrap();
        Writer::new(connection).unwrap()
    }

    async fn insert(writer: &Writer, numbers: &'static [i64]) -> Result<usize, RepositoryError> {
        let insert = |connection: &Connection| {
            numbers.iter().map(|number| connection.execute("INSERT INTO t VALUES (?)", [number])).sum()
        };
        writer.write(insert).await
    }

    async fn count(writer: &Writer) -> i64 {
        writer.write(|c| c.query_row("SELECT count(*) FROM t", [], |row| row.get(0))).await.unwrap()
    }

    #[tokio::test]
    async fn what_a_job_did_before_it_failed_is_undone_and_the_others_stay() {
        let writer = writer();
        let (one, two, three) =
            tokio::join!(insert(&writer, &[1]), insert(&writer, &[2, 1]), insert(&writer, &[3]));
        assert_eq!((one.unwrap(), three.unwrap()), (1, 1));
        assert!(matches!(two, Err(RepositoryError::Write(_))));
        assert_eq!(count(&writer).await, 2);
    }

    #[tokio::test]
    async fn a_job_that_panics_takes_nobody_with_it() {
        let writer = writer();
        let panics = writer.write(|connection| {
            connection.execute("INSERT INTO t VALUES (7)", [])?;
            if true {
                panic!("on purpose")
            }
            Ok(())
        });
        let (panicked, inserted) = tokio::join!(panics, insert(&writer, &[1]));
        assert!(matches!(panicked, Err(RepositoryError::Closed)));
        assert_eq!(inserted.unwrap(), 1);
        assert_eq!(count(&writer).await, 1);
    }
}
