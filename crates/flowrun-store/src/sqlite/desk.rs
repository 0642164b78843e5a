//! Who uses the writer: the thread for what is queued, or whoever appends where nothing is.
//!
//! Handing an append over costs two changes of thread, about as much as a quick disk takes. So a run that is
//! alone with the store may write on the thread of its driver. Why, and what else was tried, is in
//! `docs/design/writing-here.md`.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use super::queue::{Append, Delete, Queued, Work};
use super::writer::{Refused, Writer};
use crate::StoreError;

/// Appends in one transaction at most. More would make the first ones wait for the last.
const GROUP: usize = 256;

/// The writer, and what is known of those who want it.
pub(super) struct Desk {
    /// `None` once the store is closed.
    writer: Mutex<Option<Writer>>,
    /// Work that was sent and is not done. It only falls while the writer is held.
    unwritten: AtomicUsize,
    /// The number of the run that appended last.
    last: AtomicI64,
    /// Whether the last commit was.
    is_quick: AtomicBool,
    /// What is quick: what takes longer is left to the thread.
    quick: Duration,
}

impl Desk {
    pub(super) fn new(writer: Writer, quick: Duration) -> Self {
        Self {
            writer: Mutex::new(Some(writer)),
            unwritten: AtomicUsize::new(0),
            // No run has this number.
            last: AtomicI64::new(0),
            is_quick: AtomicBool::new(false),
            quick,
        }
    }

    /// Counts work that is about to be sent.
    pub(super) fn expect(&self, work: &Work) {
        self.unwritten.fetch_add(1, Ordering::AcqRel);
        if let Work::Append(queued) = work {
            self.last.store(queued.append.number, Ordering::Relaxed);
        }
    }

    /// Whether this run may write here: others would be kept from sharing its commit, and a slow disk would keep
    /// the caller.
    pub(super) fn is_free_for(&self, run: i64) -> bool {
        self.last.load(Ordering::Relaxed) == run
            && self.unwritten.load(Ordering::Acquire) == 0
            && self.is_quick.load(Ordering::Relaxed)
    }

    /// Writes on the calling thread; `None` where that is not to be, and nothing is written.
    pub(super) fn write_here(&self, append: &Append) -> Option<Result<(), StoreError>> {
        if !self.is_free_for(append.number) {
            return None;
        }
        let mut writer = self.writer.try_lock().ok()?;
        let writer = writer.as_mut()?;
        // Looked at once more, now that nobody else can write: what is queued of the same run comes first.
        if self.unwritten.load(Ordering::Acquire) > 0 || writer.is_checkpoint_due() {
            return None;
        }
        let written = self.write(writer, std::slice::from_ref(append).iter());
        Some(written.and_then(|mut refused| refused.pop().map_or(Ok(()), |(_, refusal)| Err(refusal))))
    }

    /// Writes what is queued until nobody can queue any more, and closes the store. A panic while the writer was
    /// held ends this too: nothing is written after it.
    pub(super) fn work_off(&self, work: &Receiver<Work>) {
        self.with_writer(Writer::look_at_space);
        let mut group = Vec::with_capacity(GROUP);
        let mut next = work.recv().ok();
        while let Some(first) = next {
            let done = self.with_writer(|writer| self.do_work(writer, first, work, &mut group));
            let Some(left) = done else { return };
            next = left.or_else(|| work.recv().ok());
        }
        let writer = self.writer.lock().ok().and_then(|mut writer| writer.take());
        if let Some(writer) = writer {
            writer.close();
        }
    }

    /// Waits for the writer and uses it; `None` when there is none any more.
    fn with_writer<T>(&self, done: impl FnOnce(&mut Writer) -> T) -> Option<T> {
        self.writer.lock().ok()?.as_mut().map(done)
    }

    /// Does one piece of work, or as many appends as one transaction takes. What was taken out beyond that is given
    /// back.
    fn do_work(
        &self,
        writer: &mut Writer,
        first: Work,
        work: &Receiver<Work>,
        group: &mut Vec<Queued>,
    ) -> Option<Work> {
        match first {
            Work::Delete(Delete { run, reply }) => {
                let deleted = writer.delete(run);
                self.unwritten.fetch_sub(1, Ordering::AcqRel);
                // Whoever waited may have gone away.
                let _ = reply.send(deleted);
                checkpoint_if_due(writer);
                None
            }
            Work::Host(first) => {
                let mut group = vec![first];
                let next = gather(work, &mut group, |work| match work {
                    Work::Host(work) => ControlFlow::Continue(work),
                    other => ControlFlow::Break(other),
                });
                let count = group.len();
                let answers = writer.write_host_tables(group.into_iter());
                self.unwritten.fetch_sub(count, Ordering::AcqRel);
                answers.into_iter().for_each(|answer| answer());
                checkpoint_if_due(writer);
                next
            }
            Work::Append(append) => {
                group.push(append);
                let next = gather(work, group, |work| match work {
                    Work::Append(append) => ControlFlow::Continue(append),
                    other => ControlFlow::Break(other),
                });
                self.write_group(writer, group);
                next
            }
        }
    }

    /// Writes a group in one transaction, and answers all of them.
    fn write_group(&self, writer: &mut Writer, group: &mut Vec<Queued>) {
        let written = self.write(writer, group.iter().map(|queued| &queued.append));
        let (written, refused) = match written {
            Ok(refused) => (Ok(()), refused),
            Err(error) => (Err(error), Vec::new()),
        };
        let mut refused = refused.into_iter().peekable();
        self.unwritten.fetch_sub(group.len(), Ordering::AcqRel);
        for (place, Queued { claim, reply, .. }) in group.drain(..).enumerate() {
            let refusal = refused.next_if(|(refused, _)| *refused == place).map(|(_, refusal)| refusal);
            // Before the answer: whoever gets it may open the run anew.
            drop(claim);
            // Whoever waited may have gone away.
            let _ = reply.send(refusal.map_or_else(|| written.clone(), Err));
        }
        checkpoint_if_due(writer);
    }

    fn write<'a>(
        &self,
        writer: &mut Writer,
        appends: impl ExactSizeIterator<Item = &'a Append> + Clone,
    ) -> Result<Refused, StoreError> {
        let began = Instant::now();
        let written = writer.write(appends);
        self.is_quick.store(began.elapsed() < self.quick, Ordering::Relaxed);
        written
    }
}

/// Takes what is queued into the group, up to its size. What does not belong into one is given back.
fn gather<T>(
    work: &Receiver<Work>,
    group: &mut Vec<T>,
    belongs: impl Fn(Work) -> ControlFlow<Work, T>,
) -> Option<Work> {
    while group.len() < GROUP {
        match work.try_recv().map(&belongs) {
            Ok(ControlFlow::Continue(one)) => group.push(one),
            Ok(ControlFlow::Break(other)) => return Some(other),
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
        }
    }
    None
}

fn checkpoint_if_due(writer: &mut Writer) {
    if writer.is_checkpoint_due() {
        writer.checkpoint();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use flowrun_core::{NodeIx, Record, RunId, RunSpec, Site, Timestamp};
    use rusqlite::limits::Limit;

    use crate::{Commit, Journal, NewRun, SqliteOptions, SqliteStore, Store, StoreError};

    fn open(path: &std::path::Path) -> SqliteStore {
        SqliteOptions::new(path).reserve(0).quick(Duration::ZERO).open().unwrap()
    }

    fn new_run(number: u8) -> NewRun {
        let site = Site::new("https://a.example");
        NewRun::new(RunSpec::new(RunId::from_bytes([number; 16]), Timestamp::default(), site), "{}")
    }

    fn line(bytes: usize) -> Vec<Record> {
        vec![Record::Logged { node: NodeIx::new(0), message: "x".repeat(bytes).into() }]
    }

    fn append(journal: &mut dyn Journal, mut records: Vec<Record>) -> Commit {
        journal.append(Timestamp::default(), &mut records)
    }

    fn done(commit: Commit) -> Result<(), StoreError> {
        futures::executor::block_on(commit.done())
    }

    /// What SQLite itself refuses, in the middle of a transaction that many share.
    #[test]
    fn a_decision_that_cannot_be_written_is_refused_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let store = open(&path);
        let mut journals: Vec<_> = (1..=8).map(|number| store.create(new_run(number)).unwrap()).collect();
        for journal in &mut journals {
            done(append(&mut **journal, vec![Record::RunStarted])).unwrap();
        }
        let desk = &store.shared.queue.desk;
        // While the writer is held here, what is appended comes together.
        let commits: Vec<Commit> = desk
            .with_writer(|writer| {
                writer.connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, 10_000).unwrap();
                let sizes = [10, 20_000, 10, 10, 20_000, 10, 10, 10, 10, 10];
                let of = [0, 1, 1, 2, 3, 4, 3, 5, 6, 7];
                let append = |(size, of): (usize, usize)| append(&mut *journals[of], line(size));
                sizes.into_iter().zip(of).map(append).collect()
            })
            .unwrap();
        let written: Vec<bool> = commits.into_iter().map(|commit| done(commit).is_ok()).collect();
        assert_eq!(written, [true, false, false, true, false, true, false, true, true, true]);
        let refused = done(append(&mut *journals[1], line(1))).unwrap_err();
        assert!(matches!(refused, StoreError::Unstorable { .. }), "{refused:?}");
        // The others go on, new runs are taken, and the refused ones stand where they stood.
        done(append(&mut *journals[0], line(1))).unwrap();
        done(append(&mut *store.create(new_run(9)).unwrap(), vec![Record::RunStarted])).unwrap();
        drop(journals);
        let (stored, mut journal) = store.open(RunId::from_bytes([2; 16])).unwrap();
        assert_eq!(stored.lines.len(), 1);
        done(append(&mut *journal, line(1))).unwrap();
        drop(journal);
        drop(store);
        assert_eq!(open(&path).open(RunId::from_bytes([2; 16])).unwrap().0.lines.len(), 2);
    }

    #[test]
    fn what_is_too_large_is_not_even_tried() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteOptions::new(folder.path().join("s")).reserve(0).largest(1_000).open().unwrap();
        let mut journal = store.create(new_run(1)).unwrap();
        done(append(&mut *journal, vec![Record::RunStarted])).unwrap();
        let Err(StoreError::Unstorable { source, .. }) = done(append(&mut *journal, line(1_000))) else {
            panic!("it was taken")
        };
        assert_eq!(source.to_string(), "1036 bytes are to be stored in one piece, and a store takes 1000");
        let mut large = new_run(2);
        large.flow = " ".repeat(1_001).into();
        assert!(matches!(store.create(large), Err(StoreError::Unstorable { .. })));
        done(append(&mut *store.create(new_run(2)).unwrap(), vec![Record::RunStarted])).unwrap();
    }
}
