//! A store that breaks one promise.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};

use flowrun_core::{Record, RunId, RunStatus, Timestamp};
use flowrun_store::{
    Commit, InPlaceWriter, Journal, JournalReader, NewRun, Opened, Page, Retention, RunFilter, RunSummary,
    Store, StoreError, StoredRun,
};

/// What it does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    NumbersFromZero,
    GapAtFour,
    TimesLost,
    PagesOneShort,
    LinesBehindTheEnd,
    LinesBehindEverything,
    EmptyAppendsKept,
    LongTextsCut,
    JournalsMixed,
    TenthAppendLost,
    LostAmongMany,
    LateAppendLost,
    OvertakenHere,
    ReaderEndsWithWriter,
    LoneLineEndsWithWriter,
    UnpublishedLost,
    TwoWriters,
    OversizedTaken,
    StoppedByOversized,
    GoesOnAfterOversized,
    OversizedRunsTaken,
    UnwrittenListed,
    IdsTakenTwice,
    IdsFreeOnceOpenedAgain,
    SecretsLost,
    OpenedWithoutLines,
    OpenedBackwards,
    OpenedLaterWithoutLast,
    ManyInTheirOwnOrder,
    UnknownIsEmpty,
    DeletedIsEmpty,
    OpenRunsDeleted,
    WrittenRunsDeleted,
    NothingDeleted,
    AllDeleted,
    NothingRetained,
    OldestRetained,
    StatusLost,
    OldestFirst,
    InOrderOfCalls,
    LimitIgnored,
    LimitIgnoredForOpen,
    ClosedListedAsOpen,
    ClosedForGood,
    EpochStays,
    RunsLost,
    OpenRunsLost,
}

use Fault::*;

/// Each fault with the checks that find it.
pub(crate) const FAULTS: &[(Fault, &[&str])] = &[
    (
        NumbersFromZero,
        &[
            "lines_are_numbered_from_one_without_gaps",
            "lines_are_read_as_they_were_appended",
            "an_append_without_records_changes_nothing",
            "an_opened_run_goes_on_where_it_stopped",
        ],
    ),
    (GapAtFour, &["lines_are_numbered_from_one_without_gaps"]),
    (TimesLost, &["lines_are_read_as_they_were_appended"]),
    (PagesOneShort, &["a_page_holds_what_was_asked_for"]),
    (LinesBehindTheEnd, &["a_page_holds_what_was_asked_for", "behind_the_end_there_is_nothing"]),
    (LinesBehindEverything, &["behind_the_end_there_is_nothing"]),
    (EmptyAppendsKept, &["an_append_without_records_changes_nothing"]),
    (LongTextsCut, &["long_and_odd_texts_are_kept"]),
    (JournalsMixed, &["journals_do_not_mix"]),
    (
        TenthAppendLost,
        &[
            "many_journals_are_written_at_once",
            "appends_keep_their_order_when_nobody_waits",
            "appends_keep_their_order_whoever_writes",
        ],
    ),
    (LostAmongMany, &["many_journals_are_written_at_once"]),
    (LateAppendLost, &["appends_keep_their_order_when_nobody_waits"]),
    (OvertakenHere, &["appends_keep_their_order_whoever_writes"]),
    (
        ReaderEndsWithWriter,
        &[
            "a_reader_outlives_its_writer",
            "a_writer_that_goes_leaves_what_it_wrote",
            "an_opened_run_goes_on_where_it_stopped",
            "only_closed_runs_are_deleted",
        ],
    ),
    (LoneLineEndsWithWriter, &["a_reader_outlives_its_writer"]),
    (UnpublishedLost, &["a_writer_that_goes_leaves_what_it_wrote"]),
    (TwoWriters, &["a_run_has_one_writer"]),
    (OversizedTaken, &["a_decision_that_cannot_be_stored_is_refused_alone"]),
    (StoppedByOversized, &["a_decision_that_cannot_be_stored_is_refused_alone"]),
    (GoesOnAfterOversized, &["a_decision_that_cannot_be_stored_is_refused_alone"]),
    (OversizedRunsTaken, &["a_run_that_cannot_be_stored_leaves_no_trace"]),
    (ManyInTheirOwnOrder, &["many_runs_are_opened_as_each_of_them_is"]),
    (UnwrittenListed, &["nothing_is_stored_before_the_first_append"]),
    (IdsTakenTwice, &["an_id_is_taken_once"]),
    (IdsFreeOnceOpenedAgain, &["deleted_ids_stay_taken_after_opening_again"]),
    (SecretsLost, &["what_a_run_is_made_of_is_given_back"]),
    (
        OpenedWithoutLines,
        &[
            "a_decision_that_cannot_be_stored_is_refused_alone",
            "an_opened_run_goes_on_where_it_stopped",
            "many_runs_are_opened_as_each_of_them_is",
            "deleting_one_run_leaves_the_others",
            "a_run_is_written_on_after_opening_again",
        ],
    ),
    (OpenedBackwards, &["an_opened_run_goes_on_where_it_stopped"]),
    (OpenedLaterWithoutLast, &["a_run_is_written_on_after_opening_again"]),
    (UnknownIsEmpty, &["unknown_runs_are_not_found"]),
    (DeletedIsEmpty, &["a_deleted_run_is_gone_and_its_id_stays_taken"]),
    (OpenRunsDeleted, &["only_closed_runs_are_deleted"]),
    (WrittenRunsDeleted, &["a_run_that_is_written_is_not_deleted"]),
    (
        NothingDeleted,
        &[
            "a_run_that_is_written_is_not_deleted",
            "a_deleted_run_is_gone_and_its_id_stays_taken",
            "deleting_one_run_leaves_the_others",
        ],
    ),
    (AllDeleted, &["deleting_one_run_leaves_the_others"]),
    (NothingRetained, &["retention_keeps_what_ended_last"]),
    (OldestRetained, &["retention_keeps_what_ended_last"]),
    (StatusLost, &["a_list_says_what_runs_are_and_how_they_stand"]),
    (
        OldestFirst,
        &[
            "deleting_one_run_leaves_the_others",
            "retention_keeps_what_ended_last",
            "a_list_says_what_runs_are_and_how_they_stand",
            "a_list_begins_with_the_run_created_last",
            "a_list_comes_in_pages",
            "open_runs_are_told_from_closed_ones",
            "what_was_committed_is_there_after_opening_again",
        ],
    ),
    (InOrderOfCalls, &["a_list_begins_with_the_run_created_last"]),
    (LimitIgnored, &["a_list_comes_in_pages"]),
    (LimitIgnoredForOpen, &["open_runs_are_told_from_closed_ones"]),
    (
        ClosedListedAsOpen,
        &[
            "open_runs_are_told_from_closed_ones",
            "a_closed_run_that_goes_on_is_open_again",
            "what_was_committed_is_there_after_opening_again",
        ],
    ),
    (ClosedForGood, &["a_closed_run_that_goes_on_is_open_again"]),
    (EpochStays, &["openings_are_counted_and_the_id_stays"]),
    (
        RunsLost,
        &["what_was_committed_is_there_after_opening_again", "a_run_is_written_on_after_opening_again"],
    ),
    (OpenRunsLost, &["what_was_committed_is_there_after_opening_again"]),
];

/// A store of this size is a busy one: more runs than any check but one makes.
const MANY: usize = 10;

pub(crate) struct Faulty {
    store: Box<dyn Store>,
    fault: Fault,
    created: Mutex<Vec<NewRun>>,
    /// Runs that were written to.
    written: Arc<Mutex<BTreeSet<RunId>>>,
    ended: Arc<Mutex<BTreeSet<RunId>>>,
    /// Whether something was refused that cannot be stored.
    has_refused: Arc<AtomicBool>,
}

impl Faulty {
    pub(crate) fn new(store: impl Store, fault: Fault) -> Self {
        Self {
            store: Box::new(store),
            fault,
            created: Mutex::default(),
            written: Arc::default(),
            ended: Arc::default(),
            has_refused: Arc::default(),
        }
    }

    fn journal(&self, run: RunId, journal: Box<dyn Journal>) -> Box<dyn Journal> {
        let is_one_of_many = self.created.lock().unwrap().len() >= MANY;
        Box::new(FaultyJournal {
            journal,
            fault: self.fault,
            run,
            is_one_of_many,
            appends: 0,
            late: None,
            has_published: false,
            unpublished: Vec::new(),
            written: Arc::clone(&self.written),
            ended: Arc::clone(&self.ended),
            has_refused: Arc::clone(&self.has_refused),
            is_held: Arc::default(),
        })
    }

    /// The place of a run among those that were created since the store was opened.
    fn place(&self, run: RunId) -> Option<usize> {
        self.created.lock().unwrap().iter().position(|new| new.spec.id == run)
    }

    /// Whether one run was created since the store was opened.
    fn has_one(&self) -> bool {
        self.created.lock().unwrap().len() == 1
    }

    /// Whether the run was there and is not any more.
    fn is_deleted(&self, run: RunId) -> bool {
        self.written.lock().unwrap().contains(&run) && self.store.reader(run).is_err()
    }

    fn summaries(&self) -> Result<Vec<RunSummary>, StoreError> {
        self.store.runs(&RunFilter::default())
    }
}

impl Store for Faulty {
    fn id(&self) -> [u8; 16] {
        self.store.id()
    }

    fn is_volatile(&self) -> bool {
        false
    }

    fn epoch(&self) -> u64 {
        if self.fault == EpochStays { 1 } else { self.store.epoch() }
    }

    fn create(&self, mut new: NewRun) -> Result<Box<dyn Journal>, StoreError> {
        let run = new.spec.id;
        if self.fault == SecretsLost {
            new.secrets.clear();
        }
        let created = self.store.create(new.clone());
        if !matches!(created, Err(StoreError::Unstorable { .. })) {
            self.created.lock().unwrap().push(new);
        }
        match created {
            Err(StoreError::AlreadyExists(_))
                if self.fault == IdsTakenTwice && self.store.epoch() == 1 && !self.is_deleted(run) =>
            {
                Ok(Box::new(Nothing))
            }
            Err(StoreError::AlreadyExists(_))
                if self.fault == IdsFreeOnceOpenedAgain && self.store.epoch() > 1 =>
            {
                Ok(Box::new(Nothing))
            }
            Err(StoreError::Unstorable { .. }) if self.fault == OversizedRunsTaken => Ok(Box::new(Nothing)),
            created => Ok(self.journal(run, created?)),
        }
    }

    fn open(&self, run: RunId) -> Result<Opened, StoreError> {
        let opened = match self.store.open(run) {
            Err(StoreError::InUse(_)) if self.fault == TwoWriters && self.has_one() => {
                let new = self.created.lock().unwrap()[0].clone();
                return Ok((StoredRun::new(new, Vec::new()), Box::new(Nothing)));
            }
            opened => opened?,
        };
        let (mut stored, journal) = opened;
        match self.fault {
            OpenedWithoutLines => stored.lines.clear(),
            OpenedBackwards if self.store.epoch() == 1 && self.has_one() => stored.lines.reverse(),
            OpenedLaterWithoutLast if self.store.epoch() > 2 => drop(stored.lines.pop()),
            _ => {}
        }
        Ok((stored, self.journal(run, journal)))
    }

    fn open_many(&self, runs: &[RunId]) -> Vec<Result<Opened, StoreError>> {
        let mut runs = runs.to_vec();
        if self.fault == ManyInTheirOwnOrder {
            runs.sort();
        }
        runs.iter().map(|run| self.open(*run)).collect()
    }

    fn reader(&self, run: RunId) -> Result<Arc<dyn JournalReader>, StoreError> {
        let other = RunId::from_bytes([1; 16]);
        let run = if self.fault == JournalsMixed && self.store.reader(run).is_ok() { other } else { run };
        match self.store.reader(run) {
            Err(StoreError::NotFound(_)) if self.fault == UnknownIsEmpty && self.place(run).is_none() => {
                Ok(Arc::new(Nothing))
            }
            Err(StoreError::NotFound(_)) if self.fault == DeletedIsEmpty && self.is_deleted(run) => {
                Ok(Arc::new(Nothing))
            }
            reader => Ok(Arc::new(FaultyReader { reader: reader?, fault: self.fault, writer: None })),
        }
    }

    fn runs(&self, which: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
        let mut which = which.clone();
        let open = which.open;
        if self.fault == if open { LimitIgnoredForOpen } else { LimitIgnored } {
            which.limit = usize::MAX;
        }
        if self.fault == ClosedListedAsOpen {
            which.open = false;
        }
        let mut runs = self.store.runs(&which)?;
        match self.fault {
            StatusLost => runs.iter_mut().for_each(|run| run.status = RunStatus::Working),
            OldestFirst => runs.reverse(),
            ClosedForGood if open => runs.retain(|run| !self.ended.lock().unwrap().contains(&run.id)),
            InOrderOfCalls => runs.sort_by_key(|run| std::cmp::Reverse(self.place(run.id))),
            RunsLost if self.store.epoch() > 1 => drop(runs.pop()),
            OpenRunsLost if open && self.store.epoch() > 1 => runs.clear(),
            UnwrittenListed => {
                for new in &*self.created.lock().unwrap() {
                    if !self.written.lock().unwrap().contains(&new.spec.id) {
                        runs.push(RunSummary::new(new, Timestamp::EPOCH, RunStatus::Working, 0));
                    }
                }
            }
            _ => {}
        }
        Ok(runs)
    }

    fn delete(&self, run: RunId) -> Result<(), StoreError> {
        let is_closed = self.summaries()?.iter().any(|found| found.id == run && found.status.is_over());
        if self.fault == NothingDeleted && is_closed {
            return Ok(());
        }
        match self.store.delete(run) {
            Err(StoreError::StillOpen(_)) if self.fault == OpenRunsDeleted => Ok(()),
            Err(StoreError::InUse(_)) if self.fault == WrittenRunsDeleted => Ok(()),
            Ok(()) if self.fault == AllDeleted => {
                self.summaries()?.iter().try_for_each(|found| self.store.delete(found.id))
            }
            deleted => deleted,
        }
    }

    fn retain(&self, keep: &Retention, now: Timestamp) -> Result<u64, StoreError> {
        let mut closed = self.summaries()?;
        closed.retain(|run| run.status.is_over());
        match self.fault {
            NothingRetained => {
                closed.iter().try_for_each(|run| self.store.delete(run.id))?;
                Ok(closed.len() as u64)
            }
            OldestRetained if keep.count.is_some() => {
                closed.sort_by_key(|run| run.updated);
                let over = closed.iter().skip(keep.count.unwrap_or_default());
                over.map(|run| self.store.delete(run.id).map(|()| 1)).sum()
            }
            _ => self.store.retain(keep, now),
        }
    }
}

struct FaultyJournal {
    journal: Box<dyn Journal>,
    fault: Fault,
    run: RunId,
    is_one_of_many: bool,
    appends: usize,
    /// What was to be written at once, and is not handed on yet.
    late: Option<(Timestamp, Vec<Record>)>,
    has_published: bool,
    unpublished: Vec<(Timestamp, Vec<Record>)>,
    written: Arc<Mutex<BTreeSet<RunId>>>,
    ended: Arc<Mutex<BTreeSet<RunId>>>,
    has_refused: Arc<AtomicBool>,
    is_held: Arc<()>,
}

impl FaultyJournal {
    /// Appends, and makes a fault of what the store below refuses.
    fn append_refusable(&mut self, at: Timestamp, records: &mut Vec<Record>) -> Commit {
        if self.fault == StoppedByOversized && self.has_refused.load(Ordering::Relaxed) {
            let source = Arc::new(std::io::Error::other("it has refused something"));
            return Commit::Done(Err(StoreError::FailStop { source }));
        }
        let had_refused = self.has_refused.load(Ordering::Relaxed);
        match self.journal.append(at, records) {
            Commit::Done(Err(StoreError::Unstorable { .. }))
                if self.fault == OversizedTaken || (self.fault == GoesOnAfterOversized && had_refused) =>
            {
                Commit::Done(Ok(()))
            }
            commit => {
                let is_refused = matches!(commit, Commit::Done(Err(StoreError::Unstorable { .. })));
                self.has_refused.fetch_or(is_refused, Ordering::Relaxed);
                commit
            }
        }
    }
}

impl Journal for FaultyJournal {
    fn append(&mut self, at: Timestamp, records: &mut Vec<Record>) -> Commit {
        self.appends += 1;
        if !records.is_empty() {
            self.written.lock().unwrap().insert(self.run);
        }
        if records.iter().any(|record| matches!(record, Record::RunEnded { .. })) {
            self.ended.lock().unwrap().insert(self.run);
        }
        match self.fault {
            UnpublishedLost if !self.has_published => {
                self.unpublished.push((at, std::mem::take(records)));
                Commit::Done(Ok(()))
            }
            EmptyAppendsKept if records.is_empty() => self.journal.append(at, &mut vec![Record::RunTimedOut]),
            TenthAppendLost if self.appends == 10 => Commit::Done(Ok(())),
            LostAmongMany if self.is_one_of_many && self.appends == 5 => Commit::Done(Ok(())),
            LateAppendLost if self.appends == 45 => Commit::Done(Ok(())),
            LongTextsCut => {
                let cut = records.iter().map(|record| match record {
                    Record::Logged { node, message } if (1_000..2_000_000).contains(&message.len()) => {
                        Record::Logged { node: *node, message: "cut".into() }
                    }
                    other => other.clone(),
                });
                self.journal.append(at, &mut cut.collect())
            }
            _ => self.append_refusable(at, records),
        }
    }

    fn in_place(&mut self) -> Option<&mut dyn InPlaceWriter> {
        let has_shortcut = match self.fault {
            // Whoever loses the 45th append counts only those that go the long way.
            OvertakenHere | LateAppendLost => true,
            _ => self.journal.in_place().is_some(),
        };
        if has_shortcut { Some(self) } else { None }
    }

    fn publish(&mut self) {
        self.has_published = true;
        for (at, mut records) in self.unpublished.drain(..) {
            let appended = futures::executor::block_on(self.journal.append(at, &mut records).done());
            appended.expect("the store below is sound");
        }
        self.journal.publish();
    }

    fn reader(&self) -> Arc<dyn JournalReader> {
        let writer = Some(Arc::downgrade(&self.is_held));
        Arc::new(FaultyReader { reader: self.journal.reader(), fault: self.fault, writer })
    }
}

impl InPlaceWriter for FaultyJournal {
    fn append_in_place(&mut self, at: Timestamp, records: &mut Vec<Record>) -> Commit {
        match (self.fault, self.late.take()) {
            (OvertakenHere, None) => {
                self.late = Some((at, std::mem::take(records)));
                Commit::Done(Ok(()))
            }
            (UnpublishedLost, _) => self.append(at, records),
            (_, late) => {
                let appended = match self.journal.in_place() {
                    Some(writer) => writer.append_in_place(at, records),
                    None => self.journal.append(at, records),
                };
                late.map_or(appended, |(at, mut records)| self.journal.append(at, &mut records))
            }
        }
    }
}

struct FaultyReader {
    reader: Arc<dyn JournalReader>,
    fault: Fault,
    writer: Option<Weak<()>>,
}

impl JournalReader for FaultyReader {
    fn read(&self, after: u64, max: usize) -> Result<Page, StoreError> {
        let writer_is_gone = self.writer.as_ref().is_some_and(|writer| writer.strong_count() == 0);
        if self.fault == ReaderEndsWithWriter && writer_is_gone {
            return Ok(Page::default());
        }
        let after = if self.fault == LinesBehindEverything && after == u64::MAX { 0 } else { after };
        let max = if self.fault == PagesOneShort { max.saturating_sub(1) } else { max };
        let mut page = self.reader.read(after, max)?;
        match self.fault {
            NumbersFromZero => page.lines.iter_mut().for_each(|line| line.seq -= 1),
            GapAtFour if self.writer.is_some() => {
                page.lines.iter_mut().filter(|line| line.seq == 4).for_each(|line| line.seq = 5);
            }
            LoneLineEndsWithWriter if writer_is_gone && page.lines.len() == 1 => page.lines.clear(),
            TimesLost => page.lines.iter_mut().for_each(|line| line.at = Timestamp::EPOCH),
            LinesBehindTheEnd if page.lines.is_empty() => page = self.reader.read(0, max)?,
            _ => {}
        }
        Ok(page)
    }
}

/// A journal that keeps nothing.
struct Nothing;

impl Journal for Nothing {
    fn append(&mut self, _: Timestamp, _: &mut Vec<Record>) -> Commit {
        Commit::Done(Ok(()))
    }

    fn publish(&mut self) {}

    fn reader(&self) -> Arc<dyn JournalReader> {
        Arc::new(Self)
    }
}

impl JournalReader for Nothing {
    fn read(&self, _: u64, _: usize) -> Result<Page, StoreError> {
        Ok(Page::default())
    }
}
