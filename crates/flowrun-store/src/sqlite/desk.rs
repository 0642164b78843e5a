//! Who uses the writer: the thread for what is queued, or whoever appends where nothing is.
//!
//! Handing an append over costs two changes of thread, about as much as a quick disk takes. So a run that is
//! alone with the store may write on the thread of its driver. Why, and what else was tried, is in
//! `docs/design/writing-here.md`.

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
                None
            }
            Work::Host(work) => {
                work(writer);
                self.unwritten.fetch_sub(1, Ordering::AcqRel);
                None
            }
            Work::Append(append) => {
                group.push(append);
                let next = gather(work, group);
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
        if writer.is_checkpoint_due() {
            writer.checkpoint();
        }
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
fn gather(work: &Receiver<Work>, group: &mut Vec<Queued>) -> Option<Work> {
    while group.len() < GROUP {
        match work.try_recv() {
            Ok(Work::Append(append)) => group.push(append),
            Ok(other) => return Some(other),
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
        }
    }
    None
}
