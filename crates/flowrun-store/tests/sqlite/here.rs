//! Writing on the thread of the caller.

use std::time::Duration;

use flowrun_core::Record;
use flowrun_store::{Commit, Journal, Store};

use crate::common::{Folder, append, at, new_run, run_id};

/// Appends until the caller wrote itself: the thread may still be busy with what came before.
fn append_until_here(journal: &mut dyn Journal) {
    for _ in 0..1000 {
        let Some(writer) = journal.in_place() else {
            std::thread::yield_now();
            continue;
        };
        match writer.append_in_place(at(1), &mut vec![Record::CancelRequested]) {
            Commit::Done(done) => return done.unwrap(),
            handed_over => futures::executor::block_on(handed_over.done()).unwrap(),
        }
    }
    panic!("it was always handed over");
}

#[test]
fn a_run_that_is_alone_writes_on_the_thread_of_its_driver() {
    let folder = Folder::new();
    let store = folder.options().quick(Duration::MAX).open().unwrap();
    let mut journal = store.create(new_run(1)).unwrap();
    assert!(journal.in_place().is_none());
    append(&mut *journal, 1, &[Record::RunStarted]).unwrap();
    assert!(journal.in_place().is_some());
    append_until_here(&mut *journal);

    // Another run appends too: from here on they share commits, also with one that was just about to write.
    let mut other = store.create(new_run(2)).unwrap();
    let writer = journal.in_place().unwrap();
    append(&mut *other, 1, &[Record::RunStarted]).unwrap();
    assert!(matches!(writer.append_in_place(at(2), &mut vec![Record::CancelRequested]), Commit::Pending(_)));
    assert!(journal.in_place().is_none());
}

#[test]
fn nobody_writes_on_the_thread_of_a_driver_where_the_disk_is_slow() {
    let folder = Folder::new();
    let store = folder.options().quick(Duration::ZERO).open().unwrap();
    let mut journal = store.create(new_run(1)).unwrap();
    for _ in 0..10 {
        let appended = journal.append(at(1), &mut vec![Record::CancelRequested]);
        assert!(matches!(appended, Commit::Pending(_)));
        futures::executor::block_on(appended.done()).unwrap();
        assert!(journal.in_place().is_none());
    }
}

#[test]
fn what_was_written_here_is_there_and_a_closed_store_takes_no_more() {
    let folder = Folder::new();
    let store = folder.options().quick(Duration::MAX).open().unwrap();
    let mut journal = store.create(new_run(1)).unwrap();
    append(&mut *journal, 1, &[Record::RunStarted]).unwrap();
    append_until_here(&mut *journal);
    let lines = journal.reader().read(0, usize::MAX).unwrap().lines.len();
    store.close();
    if let Some(writer) = journal.in_place() {
        let late = writer.append_in_place(at(3), &mut vec![Record::RunTimedOut]);
        assert!(matches!(late, Commit::Done(Err(_))));
    }
    assert!(matches!(journal.append(at(3), &mut vec![Record::RunTimedOut]), Commit::Done(Err(_))));

    let store = folder.open();
    assert_eq!(store.reader(run_id(1)).unwrap().read(0, usize::MAX).unwrap().lines.len(), lines);
}
