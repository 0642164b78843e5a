//! Runs come, are opened again, and go.

use std::time::Duration;

use flowrun_core::{Record, RunStatus};
use flowrun_store::{Retention, RunFilter, StoreError};

use super::{
    Broken, Check, FLOW, Place, append, at, ended, ensure, id, logged, messages, named, new_run, store_run,
};

named!(
    nothing_is_stored_before_the_first_append,
    an_id_is_taken_once,
    what_a_run_is_made_of_is_given_back,
    an_opened_run_goes_on_where_it_stopped,
    many_runs_are_opened_as_each_of_them_is,
    unknown_runs_are_not_found,
    only_closed_runs_are_deleted,
    a_run_that_is_written_is_not_deleted,
    a_deleted_run_is_gone_and_its_id_stays_taken,
    deleting_one_run_leaves_the_others,
    retention_keeps_what_ended_last,
    a_run_that_cannot_be_stored_leaves_no_trace,
);

fn nothing_is_stored_before_the_first_append(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let journal = store.create(new_run(1))?;
    let listed = store.runs(&RunFilter::default())?;
    ensure!(listed.is_empty(), "it lists {listed:?}");
    let found = store.reader(id(1)).map(drop);
    ensure!(matches!(found, Err(StoreError::NotFound(_))), "a reader gets {found:?}");
    drop(journal);
    // Nothing was stored, so the id is free.
    store.create(new_run(1)).map(drop)?;
    Ok(())
}

fn an_id_is_taken_once(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let unwritten = store.create(new_run(1))?;
    let again = store.create(new_run(1)).map(drop);
    ensure!(matches!(again, Err(StoreError::AlreadyExists(_))), "before the first append: {again:?}");
    drop(unwritten);
    let journal = store_run(&*store, 1, &[&[Record::RunStarted]])?;
    let _reader = journal.reader();
    let again = store.create(new_run(1)).map(drop);
    ensure!(matches!(again, Err(StoreError::AlreadyExists(_))), "while it is written: {again:?}");
    drop(journal);
    let again = store.create(new_run(1)).map(drop);
    ensure!(matches!(again, Err(StoreError::AlreadyExists(_))), "afterwards: {again:?}");
    Ok(())
}

fn what_a_run_is_made_of_is_given_back(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let journal = store_run(&*store, 1, &[&[Record::RunStarted]])?;
    let _reader = journal.reader();
    drop(journal);
    let (stored, _) = store.open(id(1))?;
    let new = stored.new;
    ensure!(&*new.flow == FLOW && new.secrets == ["TOKEN"], "it gives {:?}, {:?}", new.flow, new.secrets);
    let (given, written) = (serde_json::to_string(&new.spec), serde_json::to_string(&new_run(1).spec));
    ensure!(given.is_ok() && given.ok() == written.ok(), "it gives {:?}", new.spec);
    Ok(())
}

fn an_opened_run_goes_on_where_it_stopped(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let journal = store_run(&*store, 1, &[&[logged("a"), logged("b")]])?;
    let reader = journal.reader();
    drop(journal);
    let (stored, mut journal) = store.open(id(1))?;
    ensure!(messages(&stored.lines) == ["a", "b"], "it gives {:?}", messages(&stored.lines));
    append(&mut *journal, 5, &[logged("c")])?;
    let lines = reader.read(0, 10)?.lines;
    ensure!(messages(&lines) == ["a", "b", "c"], "then there is {:?}", messages(&lines));
    ensure!(lines[2].seq == 3, "the next line is number {}", lines[2].seq);
    Ok(())
}

fn many_runs_are_opened_as_each_of_them_is(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let journals = [
        store_run(&*store, 1, &[&[logged("a")]])?,
        store_run(&*store, 2, &[&[logged("b")], &[logged("c")]])?,
        store_run(&*store, 3, &[&[logged("d")]])?,
    ];
    // Keep the runs where nobody else does.
    let _readers = journals.each_ref().map(|journal| journal.reader());
    let [one, two, _held] = journals;
    drop((one, two));
    let mut opened = store.open_many(&[id(2), id(9), id(3), id(1)]);
    let said: Vec<_> = opened
        .iter()
        .map(|opened| match opened {
            Ok((stored, _)) => messages(&stored.lines).join(""),
            Err(StoreError::NotFound(_)) => "not found".to_owned(),
            Err(StoreError::InUse(_)) => "in use".to_owned(),
            Err(error) => error.to_string(),
        })
        .collect();
    ensure!(said == ["bc", "not found", "in use", "a"], "they are opened as {said:?}");
    if let Some(Ok((_, journal))) = opened.last_mut() {
        append(&mut **journal, 5, &[logged("e")])?;
    }
    let lines = store.reader(id(1))?.read(0, 10)?.lines;
    ensure!(messages(&lines) == ["a", "e"], "then the last one holds {:?}", messages(&lines));
    Ok(())
}

fn unknown_runs_are_not_found(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let _journal = store_run(&*store, 1, &[&[Record::RunStarted]])?;
    for (what, found) in [
        ("open", store.open(id(2)).map(drop)),
        ("reader", store.reader(id(2)).map(drop)),
        ("delete", store.delete(id(2))),
    ] {
        ensure!(matches!(found, Err(StoreError::NotFound(_))), "`{what}` gives {found:?}");
    }
    Ok(())
}

fn only_closed_runs_are_deleted(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let journal = store_run(&*store, 1, &[&[Record::RunStarted], &[logged("a")]])?;
    let reader = journal.reader();
    drop(journal);
    let deleted = store.delete(id(1));
    ensure!(matches!(deleted, Err(StoreError::StillOpen(_))), "deleting an open run gives {deleted:?}");
    let lines = reader.read(0, 10)?.lines.len();
    ensure!(lines == 2, "then it has {lines} lines");
    // And it can still be written.
    let (_, mut journal) = store.open(id(1))?;
    append(&mut *journal, 9, &[ended(RunStatus::Failed)])?;
    drop(journal);
    store.delete(id(1))?;
    Ok(())
}

fn a_run_that_is_written_is_not_deleted(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let _journal = store_run(&*store, 1, &[&[Record::RunStarted, ended(RunStatus::Passed)]])?;
    let deleted = store.delete(id(1));
    ensure!(matches!(deleted, Err(StoreError::InUse(_))), "deleting it gives {deleted:?}");
    Ok(())
}

fn a_deleted_run_is_gone_and_its_id_stays_taken(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let journal = store_run(&*store, 1, &[&[Record::RunStarted, ended(RunStatus::Passed)]])?;
    let _reader = journal.reader();
    drop(journal);
    store.delete(id(1))?;
    let listed = store.runs(&RunFilter::default())?;
    ensure!(listed.is_empty(), "it lists {listed:?}");
    for (what, found) in [
        ("open", store.open(id(1)).map(drop)),
        ("reader", store.reader(id(1)).map(drop)),
        ("delete", store.delete(id(1))),
    ] {
        ensure!(matches!(found, Err(StoreError::NotFound(_))), "`{what}` gives {found:?}");
    }
    let again = store.create(new_run(1)).map(drop);
    ensure!(matches!(again, Err(StoreError::AlreadyExists(_))), "its id gives {again:?}");
    Ok(())
}

fn deleting_one_run_leaves_the_others(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let decision = [Record::RunStarted, ended(RunStatus::Passed)];
    let journals = [1, 2, 3].map(|number| store_run(&*store, number, &[&decision]));
    let mut readers = Vec::new();
    for journal in journals {
        readers.push(journal?.reader());
    }
    store.delete(id(2))?;
    let left: Vec<_> = store.runs(&RunFilter::default())?.iter().map(|run| run.id).collect();
    ensure!(left == [id(3), id(1)], "it lists {left:?}");
    for number in [1, 3] {
        let (stored, _) = store.open(id(number))?;
        ensure!(stored.lines.len() == 2, "run {number} has {} lines", stored.lines.len());
    }
    Ok(())
}

fn retention_keeps_what_ended_last(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let mut readers = Vec::new();
    // Created in this order and ended in another one; the fifth goes on.
    for (number, second) in [(1, 40), (2, 10), (3, 30), (4, 20), (5, 50)] {
        let mut journal = store_run(&*store, number, &[&[Record::RunStarted]])?;
        let last = if number == 5 { logged("on") } else { ended(RunStatus::Passed) };
        append(&mut *journal, second, &[last])?;
        readers.push(journal.reader());
    }
    let left = || -> Result<Vec<_>, Broken> {
        Ok(store.runs(&RunFilter::default())?.iter().map(|run| run.id).collect())
    };
    let deleted = store.retain(&Retention::default(), at(1_000))?;
    ensure!((deleted, left()?.len()) == (0, 5), "keeping everything deletes {deleted}: {:?}", left()?);
    let deleted = store.retain(&Retention::default().age(Duration::from_secs(30)), at(60))?;
    ensure!(
        (deleted, left()?) == (2, vec![id(5), id(3), id(1)]),
        "by age it deletes {deleted}: {:?}",
        left()?
    );
    let deleted = store.retain(&Retention::default().count(1), at(60))?;
    ensure!((deleted, left()?) == (1, vec![id(5), id(1)]), "by number it deletes {deleted}: {:?}", left()?);
    Ok(())
}

fn a_run_that_cannot_be_stored_leaves_no_trace(place: &dyn Place) -> Result<(), Broken> {
    let Some(largest) = place.largest() else { return Ok(()) };
    let store = place.open();
    let mut large = new_run(1);
    large.flow = format!("{FLOW}{}", " ".repeat(largest)).into();
    // It may show as late as when something is written.
    let stored = store.create(large).and_then(|mut journal| append(&mut *journal, 0, &[Record::RunStarted]));
    ensure!(matches!(stored, Err(StoreError::Unstorable { .. })), "storing it gives {stored:?}");
    let listed = store.runs(&RunFilter::default())?;
    ensure!(listed.is_empty(), "it lists {listed:?}");
    let _small = store_run(&*store, 1, &[&[Record::RunStarted]])?;
    Ok(())
}
