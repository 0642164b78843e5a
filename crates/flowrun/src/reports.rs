//! What attempts have said and their driver has not heard yet.
//!
//! A report must not wait: an executor that is polled in the driver's own task would wait for itself. So each attempt
//! has so much room, and what finds none is dealt with where it is said. Log lines are dropped and counted, and one line
//! tells how many. Objects are never dropped behind anybody's back: an attempt that says more of them than there is room
//! for is over, and its node fails with a line. An executor that has very many to tell of waits for
//! [`Context::flush`](crate::Context::flush) in between.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use flowrun_core::{Attempt, Event, NodeIx, Report};
use futures::task::AtomicWaker;

use crate::signal::Signal;

/// What a report takes beside its own bytes.
const OVERHEAD: usize = 64;

pub(crate) type AttemptId = (NodeIx, Attempt);

/// Something an attempt said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) by: AttemptId,
    what: What,
    size: usize,
}

#[derive(Debug)]
enum What {
    Report(Report),
    /// A limit it broke: nothing more is taken of it.
    Broke(String),
}

impl Said {
    pub(crate) const fn size(&self) -> usize {
        self.size
    }
}

impl From<Said> for Event {
    fn from(Said { by: (node, attempt), what, .. }: Said) -> Self {
        match what {
            What::Report(report) => Self::Reported { node, attempt, report },
            What::Broke(limit) => Self::LimitBroken { node, attempt, limit },
        }
    }
}

/// How many bytes may wait, for each attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    pub(crate) lines: usize,
    pub(crate) objects: usize,
}

/// What the attempts of one run have said.
pub(crate) struct Reports {
    room: Room,
    /// Whether anything waits: most attempts report nothing, and this is cheaper to look at than the lock.
    has_any: AtomicBool,
    /// Whether lines were dropped that nobody has told of.
    has_dropped: AtomicBool,
    waiting: Mutex<Waiting>,
    driver: AtomicWaker,
    heard: Signal,
}

#[derive(Default)]
struct Waiting {
    queue: VecDeque<Said>,
    /// Those that have something in the queue, or something to be told of.
    attempts: BTreeMap<AttemptId, Share>,
    /// Nobody hears any more.
    is_closed: bool,
}

/// What one attempt has in the queue.
#[derive(Default)]
struct Share {
    reports: usize,
    line_bytes: usize,
    object_bytes: usize,
    dropped_lines: u64,
    is_over: bool,
}

impl Share {
    const fn is_done_with(&self) -> bool {
        self.reports == 0 && self.dropped_lines == 0 && !self.is_over
    }
}

impl Reports {
    pub(crate) fn new(room: Room) -> Self {
        Self {
            room,
            has_any: AtomicBool::new(false),
            has_dropped: AtomicBool::new(false),
            waiting: Mutex::default(),
            driver: AtomicWaker::new(),
            heard: Signal::default(),
        }
    }

    /// Takes a log line, or drops it where too many wait.
    pub(crate) fn log(&self, by: AttemptId, line: String) {
        let size = line.len() + OVERHEAD;
        self.push(by, |share, room| {
            if share.line_bytes + size > room.lines {
                share.dropped_lines += 1;
                return None;
            }
            share.line_bytes += size;
            Some((What::Report(Report::Log(line)), size))
        });
    }

    /// Takes a report about objects of so many bytes.
    pub(crate) fn objects(&self, by: AttemptId, report: Report, bytes: usize) {
        let size = bytes + OVERHEAD;
        self.push(by, |share, room| {
            if share.object_bytes + size > room.objects {
                share.is_over = true;
                let most = room.objects;
                let limit =
                    format!("more than {most} bytes of objects wait to be written (`max_decision_bytes`)");
                return Some((What::Broke(limit), 0));
            }
            share.object_bytes += size;
            Some((What::Report(report), size))
        });
    }

    /// The attempt said something that is over a limit.
    pub(crate) fn broke(&self, by: AttemptId, limit: String) {
        self.push(by, |share, _| {
            share.is_over = true;
            Some((What::Broke(limit), 0))
        });
    }

    /// Puts into the queue what `take` makes of the attempt's share of it.
    fn push(&self, by: AttemptId, take: impl FnOnce(&mut Share, Room) -> Option<(What, usize)>) {
        let mut waiting = self.lock();
        let Waiting { queue, attempts, is_closed } = &mut *waiting;
        if *is_closed {
            return;
        }
        let share = attempts.entry(by).or_default();
        if share.is_over {
            return;
        }
        let Some((what, size)) = take(share, self.room) else {
            self.has_dropped.store(true, Ordering::Release);
            return;
        };
        share.reports += 1;
        queue.push_back(Said { by, what, size });
        self.has_any.store(true, Ordering::Release);
        drop(waiting);
        self.driver.wake();
    }

    // The hand-off. Whoever reports pushes under the lock, sets `has_any` and wakes; the driver takes under the same lock
    // and sets `has_any` to what is left, so the flag never says less than the queue holds once the lock is free. The
    // driver looks at the flag without the lock, which can only be wrong in one way: it sees `false` of a report that is
    // pushed at this moment. Two cases remain. The report is of an attempt that has ended, and the driver looks because
    // it saw the end: the push happened before the end on the executor's side, and seeing the end (a poll that returned, a
    // join) made the push visible, so the flag is `true`. Or the attempt goes on: then the wake that follows the flag
    // finds the waker which `wake_at_next` has set before the last look, and the driver looks once more.

    /// Whether anything waits. An attempt that is seen to have ended has said what it had to say before.
    #[inline]
    pub(crate) fn has_any(&self) -> bool {
        self.has_any.load(Ordering::Acquire)
    }

    /// Wakes the driver when something is said.
    pub(crate) fn wake_at_next(&self, driver: &Waker) {
        self.driver.register(driver);
    }

    /// Takes out what was said first: at most `most` reports, and no second one past so many bytes.
    pub(crate) fn take(&self, most: usize, most_bytes: usize) -> Vec<Said> {
        let mut waiting = self.lock();
        let (mut taken, mut bytes) = (Vec::new(), 0);
        while taken.len() < most
            && let Some(next) = waiting.queue.front()
            && (taken.is_empty() || bytes + next.size <= most_bytes)
        {
            bytes += next.size;
            taken.extend(waiting.queue.pop_front());
        }
        self.settle(&mut waiting, &taken);
        taken
    }

    /// Takes out what these attempts said, in its order.
    pub(crate) fn take_all_of(&self, attempts: &BTreeSet<AttemptId>) -> Vec<Said> {
        let mut waiting = self.lock();
        let Waiting { queue, attempts: shares, .. } = &mut *waiting;
        if !attempts.iter().any(|by| shares.contains_key(by)) {
            return Vec::new();
        }
        let (taken, left): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(queue).into_iter().partition(|said| attempts.contains(&said.by));
        *queue = left;
        let taken = Vec::from(taken);
        self.settle(&mut waiting, &taken);
        taken
    }

    /// Gives back the room of what was taken out.
    fn settle(&self, waiting: &mut Waiting, taken: &[Said]) {
        for Said { by, what, size } in taken {
            let Some(share) = waiting.attempts.get_mut(by) else { continue };
            share.reports -= 1;
            match what {
                What::Report(Report::Log(_)) => share.line_bytes -= size,
                What::Report(Report::Objects(_)) => share.object_bytes -= size,
                What::Broke(_) => {}
            }
            if share.is_done_with() {
                waiting.attempts.remove(by);
            }
        }
        self.has_any.store(!waiting.queue.is_empty(), Ordering::Release);
        self.heard.raise();
    }

    /// The attempts whose lines were dropped since the last look, with how many.
    pub(crate) fn take_dropped(&self) -> Vec<(AttemptId, u64)> {
        // Looked at first: it is asked after every end, and a swap is a barrier each time.
        if !self.has_dropped.load(Ordering::Acquire) || !self.has_dropped.swap(false, Ordering::AcqRel) {
            return Vec::new();
        }
        let mut waiting = self.lock();
        let count = |(by, share): (&AttemptId, &mut Share)| (*by, std::mem::take(&mut share.dropped_lines));
        let dropped = waiting.attempts.iter_mut().map(count).filter(|(_, lines)| *lines > 0).collect();
        waiting.attempts.retain(|_, share| !share.is_done_with());
        dropped
    }

    /// Waits until nothing of the attempt waits to be heard.
    pub(crate) async fn flush(&self, by: AttemptId) {
        let is_heard = || {
            let waiting = self.lock();
            waiting.is_closed || waiting.attempts.get(&by).is_none_or(|share| share.reports == 0)
        };
        self.heard.until(|| is_heard().then_some(())).await;
    }

    /// Nobody hears any more: what waits is forgotten, and nothing more is taken.
    pub(crate) fn close(&self) {
        let mut waiting = self.lock();
        *waiting = Waiting { is_closed: true, ..Waiting::default() };
        self.has_any.store(false, Ordering::Release);
        drop(waiting);
        self.heard.raise();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // A panic elsewhere does not leave the queue half changed.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The line that tells how many were dropped.
pub(crate) fn dropped_line(lines: u64) -> String {
    format!("{lines} log lines dropped: they came faster than they are written")
}

#[cfg(test)]
mod tests {
    use flowrun_core::{ObjectEntry, ObjectReport};

    use super::*;

    fn by(node: usize) -> AttemptId {
        (NodeIx::new(node), Attempt::FIRST)
    }

    fn reports(lines: usize, objects: usize) -> Reports {
        Reports::new(Room { lines, objects })
    }

    fn object() -> Report {
        Report::Objects(vec![ObjectReport { entry: ObjectEntry::new("p", "o"), facts: None }])
    }

    fn bytes(reports: &Reports) -> usize {
        reports.lock().queue.iter().map(|said| said.size).sum()
    }

    #[test]
    fn lines_are_dropped_past_the_room_and_counted() {
        let reports = reports(1_000, 1_000);
        (0..1_000_000).for_each(|_| reports.log(by(0), "x".repeat(36)));
        reports.log(by(1), "of another attempt".to_owned());
        assert!(bytes(&reports) < 1_100, "{}", bytes(&reports));
        assert_eq!(reports.take(100, usize::MAX).len(), 11);
        assert_eq!(reports.take_dropped(), [(by(0), 999_990)]);
        assert!(reports.take_dropped().is_empty() && reports.lock().attempts.is_empty());
    }

    #[test]
    fn objects_past_the_room_end_the_attempt_and_are_not_dropped_behind_its_back() {
        let reports = reports(1_000, 1_000);
        (0..1_000).for_each(|_| reports.objects(by(0), object(), 136));
        let said: Vec<Event> = reports.take(100, usize::MAX).into_iter().map(Event::from).collect();
        assert_eq!(said.len(), 6);
        assert!(
            matches!(said.last(), Some(Event::LimitBroken { limit, .. }) if limit.contains("1000 bytes"))
        );
        reports.log(by(0), "one more word".to_owned());
        assert!(!reports.has_any());
    }

    #[test]
    fn a_turn_takes_no_more_than_its_share_and_an_end_takes_all_of_its_own() {
        let reports = reports(10_000, 10_000);
        for node in [0, 1, 0, 1, 0] {
            reports.log(by(node), node.to_string());
        }
        assert_eq!(reports.take(2, usize::MAX).len(), 2);
        assert_eq!(reports.take(9, 1).len(), 1, "the first one always");
        let of_one = reports.take_all_of(&BTreeSet::from([by(1)]));
        assert_eq!(of_one.iter().map(|said| said.by).collect::<Vec<_>>(), [by(1)]);
        assert!(reports.has_any());
        reports.close();
        reports.log(by(0), "too late".to_owned());
        assert!(!reports.has_any());
    }
}
