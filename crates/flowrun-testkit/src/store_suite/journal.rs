//! One journal: numbers, order, pages, writers.

use flowrun_core::Record;
use flowrun_store::{Commit, Journal, Page, StoreError};

use super::{Broken, Check, Place, append, ensure, id, logged, messages, named, new_run, store_run, told};

named!(
    lines_are_numbered_from_one_without_gaps,
    lines_are_read_as_they_were_appended,
    a_page_holds_what_was_asked_for,
    behind_the_end_there_is_nothing,
    an_append_without_records_changes_nothing,
    long_and_odd_texts_are_kept,
    journals_do_not_mix,
    many_journals_are_written_at_once,
    appends_keep_their_order_when_nobody_waits,
    appends_keep_their_order_whoever_writes,
    a_reader_outlives_its_writer,
    a_writer_that_goes_leaves_what_it_wrote,
    a_run_has_one_writer,
    a_decision_that_cannot_be_stored_is_refused_alone,
);

fn lines_are_numbered_from_one_without_gaps(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let two = [logged("b"), logged("c")];
    let journal = store_run(&*store, 1, &[&[Record::RunStarted], &two, &[logged("d")]])?;
    let lines = journal.reader().read(0, 10)?.lines;
    let numbers: Vec<_> = lines.iter().map(|line| line.seq).collect();
    ensure!(numbers == [1, 2, 3, 4], "they are numbered {numbers:?}");
    Ok(())
}

fn lines_are_read_as_they_were_appended(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let journal = store_run(&*store, 1, &[&[Record::RunStarted, logged("a")], &[logged("b")]])?;
    let read = told(&store.reader(id(1))?.read(0, 10)?.lines);
    let logged = |text: &str| format!(r#"{{"Logged":{{"node":0,"message":"{text}"}}}}"#);
    let written = vec![(1, 0, r#""RunStarted""#.to_owned()), (2, 0, logged("a")), (3, 1, logged("b"))];
    ensure!(read == written, "it reads {read:?}");
    let own = told(&journal.reader().read(0, 10)?.lines);
    ensure!(own == written, "the journal's own reader reads {own:?}");
    Ok(())
}

fn a_page_holds_what_was_asked_for(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let three = [logged("b"), logged("c"), logged("d")];
    let _journal = store_run(&*store, 1, &[&[logged("a")], &three, &[logged("e")]])?;
    let reader = store.reader(id(1))?;
    for after in 0..6_u64 {
        for max in 0..7_usize {
            let Page { missed, lines, .. } = reader.read(after, max)?;
            let from = usize::try_from(after).unwrap_or(5).min(5);
            let expected = &["a", "b", "c", "d", "e"][from..(from + max).min(5)];
            let read = messages(&lines);
            ensure!(read == expected && missed == 0, "{max} after {after} gives {read:?}, {missed} missed");
        }
    }
    Ok(())
}

fn behind_the_end_there_is_nothing(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let journal = store_run(&*store, 1, &[&[Record::RunStarted]])?;
    for after in [1, 2, u64::MAX] {
        let page = journal.reader().read(after, 10)?;
        ensure!(page.lines.is_empty() && page.missed == 0, "after {after} it gives {page:?}");
    }
    Ok(())
}

fn an_append_without_records_changes_nothing(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let mut journal = store_run(&*store, 1, &[&[], &[Record::RunStarted], &[]])?;
    append(&mut *journal, 9, &[logged("a")])?;
    let read = told(&journal.reader().read(0, 10)?.lines);
    ensure!(read.len() == 2 && read[1].0 == 2, "it reads {read:?}");
    Ok(())
}

fn long_and_odd_texts_are_kept(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let texts = ["", "\0", "\u{1f600} ' \" \\ \r\n", &"long ".repeat(300_000)];
    let records = texts.map(logged);
    let _journal = store_run(&*store, 1, &[&records])?;
    let lines = store.reader(id(1))?.read(0, 10)?.lines;
    ensure!(messages(&lines) == texts, "a text was changed");
    Ok(())
}

fn journals_do_not_mix(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let mut journals = [store.create(new_run(1))?, store.create(new_run(2))?];
    for text in ["a", "b", "c"] {
        for (number, journal) in journals.iter_mut().enumerate() {
            append(&mut **journal, 0, &[logged(&format!("{text}{number}"))])?;
        }
    }
    for number in 0..2_u8 {
        let lines = store.reader(id(number + 1))?.read(0, 10)?.lines;
        let expected = ["a", "b", "c"].map(|text| format!("{text}{number}"));
        ensure!(messages(&lines) == expected, "run {number} reads {:?}", messages(&lines));
    }
    Ok(())
}

fn many_journals_are_written_at_once(place: &dyn Place) -> Result<(), Broken> {
    const APPENDS: usize = 20;
    let store = place.open();
    let write = |number| -> Result<(), StoreError> {
        let mut journal = store.create(new_run(number))?;
        (0..APPENDS).try_for_each(|text| append(&mut *journal, 0, &[logged(&text.to_string())]))?;
        let lines = journal.reader().read(0, 2 * APPENDS)?.lines;
        let expected: Vec<_> = (0..APPENDS).map(|text| text.to_string()).collect();
        if messages(&lines) == expected { Ok(()) } else { Err(StoreError::NotFound(id(number))) }
    };
    let written = std::thread::scope(|scope| {
        let threads: Vec<_> = (1..=16).map(|number| scope.spawn(move || write(number))).collect();
        threads.into_iter().map(std::thread::ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    let bad: Vec<_> = written.iter().filter(|written| !matches!(written, Ok(Ok(())))).collect();
    ensure!(bad.is_empty(), "{} of 16 journals do not hold what was appended: {bad:?}", bad.len());
    Ok(())
}

fn appends_keep_their_order_when_nobody_waits(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let mut journal = store.create(new_run(1))?;
    let mut last = None;
    for text in 0..50 {
        // Dropping what went before loses its answer, not its lines.
        last = Some(journal.append(super::at(0), &mut vec![logged(&text.to_string())]));
    }
    if let Some(last) = last {
        futures::executor::block_on(last.done())?;
    }
    journal.publish();
    let lines = journal.reader().read(0, 100)?.lines;
    let expected: Vec<_> = (0..50).map(|text| text.to_string()).collect();
    ensure!(messages(&lines) == expected, "it reads {:?}", messages(&lines));
    Ok(())
}

fn appends_keep_their_order_whoever_writes(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let mut journal = store.create(new_run(1))?;
    for text in 0..100 {
        let mut records = vec![logged(&text.to_string())];
        let commit = match text % 5 {
            0 => journal.append(super::at(0), &mut records),
            _ => append_in_place(&mut *journal, &mut records),
        };
        // Of the first ones nobody waits for any before the next.
        if text >= 50 {
            futures::executor::block_on(commit.done())?;
        }
    }
    journal.publish();
    let lines = journal.reader().read(0, 200)?.lines;
    let expected: Vec<_> = (0..100).map(|text| text.to_string()).collect();
    ensure!(messages(&lines) == expected, "it reads {:?}", messages(&lines));
    Ok(())
}

/// Appends by the shortcut, where the store has one and it is free.
fn append_in_place(journal: &mut dyn Journal, records: &mut Vec<Record>) -> Commit {
    match journal.in_place() {
        Some(writer) => writer.append_in_place(super::at(0), records),
        None => journal.append(super::at(0), records),
    }
}

fn a_reader_outlives_its_writer(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let journal = store_run(&*store, 1, &[&[Record::RunStarted]])?;
    let reader = journal.reader();
    drop(journal);
    let lines = reader.read(0, 10)?.lines.len();
    ensure!(lines == 1, "it reads {lines} lines");
    Ok(())
}

fn a_writer_that_goes_leaves_what_it_wrote(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let mut journal = store.create(new_run(1))?;
    let reader = journal.reader();
    for text in ["a", "b", "c"] {
        futures::executor::block_on(journal.append(super::at(0), &mut vec![logged(text)]).done())?;
    }
    drop(journal);
    let lines = reader.read(0, 10)?.lines;
    ensure!(messages(&lines) == ["a", "b", "c"], "it reads {:?}", messages(&lines));
    Ok(())
}

fn a_run_has_one_writer(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let journal = store_run(&*store, 1, &[&[Record::RunStarted]])?;
    // Keeps the run where nobody else does.
    let _reader = journal.reader();
    let second = store.open(id(1)).map(drop);
    ensure!(matches!(second, Err(StoreError::InUse(_))), "a second writer gets {second:?}");
    drop(journal);
    let (_, held) = store.open(id(1))?;
    let second = store.open(id(1)).map(drop);
    ensure!(matches!(second, Err(StoreError::InUse(_))), "a second writer gets {second:?}");
    drop(held);
    store.open(id(1)).map(drop)?;
    Ok(())
}

fn a_decision_that_cannot_be_stored_is_refused_alone(place: &dyn Place) -> Result<(), Broken> {
    let Some(largest) = place.largest() else { return Ok(()) };
    let store = place.open();
    let mut one = store_run(&*store, 1, &[&[logged("a")]])?;
    let mut other = store_run(&*store, 2, &[&[logged("a")]])?;
    let large = "x".repeat(largest + 1);
    // Nobody waits before all of them are appended, so that a store that writes many together has a bad one among them.
    let commits = [
        other.append(super::at(1), &mut vec![logged("b")]),
        one.append(super::at(1), &mut vec![logged("b")]),
        one.append(super::at(1), &mut vec![logged("in one with it"), logged(&large)]),
        other.append(super::at(1), &mut vec![logged("c")]),
        one.append(super::at(1), &mut vec![logged("behind it")]),
        other.append(super::at(1), &mut vec![logged("d")]),
    ];
    let fates = commits.map(|commit| futures::executor::block_on(commit.done()));
    let is_refused = |fate: &Result<(), StoreError>| matches!(fate, Err(StoreError::Unstorable { .. }));
    let refused = fates.each_ref().map(is_refused);
    ensure!(refused == [false, false, true, false, true, false], "the appends end as {fates:?}");
    let [before, with, _, between, _, after] = fates;
    [before, with, between, after].into_iter().collect::<Result<(), _>>()?;
    // The journal takes nothing more, and the store takes what others have to say.
    let later = append(&mut *one, 2, &[logged("later")]);
    ensure!(is_refused(&later), "its journal goes on: {later:?}");
    append(&mut *other, 2, &[logged("e")])?;
    let new = store_run(&*store, 3, &[&[logged("a")]])?;
    // The run stands where it stood, and goes on from there once it is opened anew.
    let _reader = one.reader();
    drop(one);
    let (stored, mut one) = store.open(id(1))?;
    ensure!(messages(&stored.lines) == ["a", "b"], "its run is left with {} lines", stored.lines.len());
    append(&mut *one, 3, &[logged("f")])?;
    let expected: [&[&str]; 3] = [&["a", "b", "f"], &["a", "b", "c", "d", "e"], &["a"]];
    for (journal, expected) in [one, other, new].iter().zip(expected) {
        let lines = journal.reader().read(0, 10)?.lines;
        ensure!(messages(&lines) == expected, "instead of {expected:?} it reads {:?}", messages(&lines));
    }
    Ok(())
}
