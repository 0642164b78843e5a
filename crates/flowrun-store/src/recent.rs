//! The most recent lines of a journal in memory, in chunks that change hands without being copied.

use std::collections::VecDeque;

use flowrun_core::{Record, Timestamp};

/// Lines that are handed over, and pushed out, together.
const CHUNK: usize = 256;

/// Some lines, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    records: Vec<Record>,
    /// The time of so many records.
    times: Vec<(Timestamp, usize)>,
}

/// The last lines of a journal.
#[derive(Debug)]
pub(crate) struct Recent {
    /// How many can be read.
    capacity: usize,
    /// The oldest first. They are pushed out whole, so more lines may be held than can be read.
    chunks: VecDeque<Lines>,
    /// Lines in the chunks.
    held: usize,
    /// The number of the last line.
    last_seq: u64,
}

impl Lines {
    /// None, with room for as many as in others.
    fn with_room_of(others: &Self) -> Self {
        Self {
            records: Vec::with_capacity(others.records.len().min(CHUNK)),
            times: Vec::with_capacity(others.times.len()),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// Appends records of one time and leaves none.
    pub(crate) fn push(&mut self, at: Timestamp, records: &mut Vec<Record>) {
        if !records.is_empty() {
            self.times.push((at, records.len()));
            self.records.append(records);
        }
    }

    fn append(&mut self, others: &mut Self) {
        self.times.append(&mut others.times);
        self.records.append(&mut others.records);
    }

    pub(crate) fn clear(&mut self) {
        // Nearly all are of these, which own nothing: all their fields stand here, so that one that does is noticed.
        // Dropping one would mean a call all the same.
        let owns_nothing = |record: &Record| {
            matches!(
                record,
                Record::AttemptStarted { node: _, attempt: _, deadline: _, possible_duplicate: _ }
                    | Record::NodeEnded { node: _, attempt: _, status: _, flaky: _ }
            )
        };
        if self.records.iter().all(owns_nothing) {
            std::mem::forget(self.records.drain(..));
        }
        self.records.clear();
        self.times.clear();
    }

    /// All but the first ones.
    fn skip(&self, mut skipped: usize) -> impl Iterator<Item = (&Record, Timestamp)> {
        let records = self.records[skipped..].iter();
        let times = self.times.iter().flat_map(move |&(at, count)| {
            let here = skipped.min(count);
            skipped -= here;
            std::iter::repeat_n(at, count - here)
        });
        records.zip(times)
    }
}

impl Recent {
    pub(crate) const fn new(capacity: usize) -> Self {
        Self { capacity, chunks: VecDeque::new(), held: 0, last_seq: 0 }
    }

    /// Lines that are handed over, and pushed out, together. Not more than can be read, so that what is held stays in
    /// proportion to that.
    pub(crate) fn chunk(capacity: usize) -> usize {
        CHUNK.min(capacity)
    }

    /// Takes lines in, after so many that passed without room for them, and leaves others, for which there is no more
    /// room, or none.
    pub(crate) fn take_in(&mut self, passed: u64, lines: &mut Lines) {
        self.last_seq += passed + lines.len() as u64;
        self.held += lines.len();
        let mut pushed_out = None;
        while let Some(oldest) = self.chunks.pop_front_if(|oldest| self.held - oldest.len() >= self.capacity)
        {
            self.held -= oldest.len();
            pushed_out = Some(oldest);
        }
        match self.chunks.back_mut() {
            Some(last) if last.len() + lines.len() <= Self::chunk(self.capacity) => {
                last.append(lines);
                *lines = pushed_out.unwrap_or_else(|| std::mem::take(lines));
            }
            _ => {
                let left = pushed_out.unwrap_or_else(|| Lines::with_room_of(lines));
                self.chunks.push_back(std::mem::replace(lines, left));
            }
        }
    }

    /// The number of the last line.
    pub(crate) const fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// The number of the last line that can be read no more.
    pub(crate) fn dropped(&self) -> u64 {
        self.last_seq - self.held.min(self.capacity) as u64
    }

    /// When the last line was decided; `None` before the first one.
    pub(crate) fn updated(&self) -> Option<Timestamp> {
        self.chunks.back()?.times.last().map(|(at, _)| *at)
    }

    /// The records that are held, the last one first.
    pub(crate) fn backwards(&self) -> impl Iterator<Item = &Record> {
        self.chunks.iter().rev().flat_map(|lines| lines.records.iter().rev())
    }

    /// The lines that can be read after the one with this number, with theirs. A reader comes for a few of thousands:
    /// chunks before them are passed as a whole.
    pub(crate) fn after(&self, seq: u64) -> impl Iterator<Item = (u64, Timestamp, &Record)> {
        let first = self.last_seq - self.held as u64;
        let from = seq.clamp(self.dropped(), self.last_seq);
        let mut skipped = (from - first) as usize;
        let lines = self.chunks.iter().flat_map(move |lines| {
            let here = skipped.min(lines.len());
            skipped -= here;
            lines.skip(here)
        });
        lines.zip(from + 1..).map(|((record, at), seq)| (seq, at, record))
    }
}
