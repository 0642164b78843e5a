//! What is still there when the store is opened again. A volatile store passes unseen.

use flowrun_core::{Record, RunStatus};
use flowrun_store::{RunFilter, StoreError};

use super::{Broken, Check, Place, append, ended, ensure, id, logged, messages, named, new_run, store_run};

named!(
    openings_are_counted_and_the_id_stays,
    what_was_committed_is_there_after_opening_again,
    a_run_is_written_on_after_opening_again,
    deleted_ids_stay_taken_after_opening_again,
);

fn openings_are_counted_and_the_id_stays(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let (store_id, epoch) = (store.id(), store.epoch());
    ensure!(epoch > 0, "the first opening is number 0");
    if store.is_volatile() {
        return Ok(());
    }
    drop(store);
    let store = place.open();
    ensure!(store.epoch() > epoch, "the second opening is number {} after {epoch}", store.epoch());
    ensure!(store.id() == store_id, "it has another id");
    Ok(())
}

fn what_was_committed_is_there_after_opening_again(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let mut held = Vec::new();
    for number in 1..=3 {
        held.push(store_run(&*store, number, &[&[Record::RunStarted], &[logged("a"), logged("b")]])?);
    }
    append(&mut *held[1], 9, &[ended(RunStatus::Passed)])?;
    let before = store.runs(&RunFilter::default())?;
    if store.is_volatile() {
        return Ok(());
    }
    drop((held, store));
    let store = place.open();
    let after = store.runs(&RunFilter::default())?;
    ensure!(after == before, "it lists {after:?}");
    let open: Vec<_> = store.runs(&RunFilter::default().open())?.iter().map(|run| run.id).collect();
    ensure!(open == [id(3), id(1)], "open are {open:?}");
    for number in 1..=3 {
        let lines = store.reader(id(number))?.read(0, 10)?.lines;
        ensure!(messages(&lines) == ["a", "b"], "run {number} reads {:?}", messages(&lines));
    }
    Ok(())
}

fn a_run_is_written_on_after_opening_again(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let journal = store_run(&*store, 1, &[&[logged("a")]])?;
    if store.is_volatile() {
        return Ok(());
    }
    drop((journal, store));
    for text in ["b", "c"] {
        let store = place.open();
        let (_, mut journal) = store.open(id(1))?;
        append(&mut *journal, 1, &[logged(text)])?;
        let mut other = store.create(new_run(text.as_bytes()[0]))?;
        append(&mut *other, 1, &[logged(text)])?;
    }
    let store = place.open();
    let lines = store.open(id(1))?.0.lines;
    ensure!(messages(&lines) == ["a", "b", "c"], "it reads {:?}", messages(&lines));
    let runs = store.runs(&RunFilter::default())?.len();
    ensure!(runs == 3, "it lists {runs} runs of 3");
    Ok(())
}

fn deleted_ids_stay_taken_after_opening_again(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let journal = store_run(&*store, 1, &[&[Record::RunStarted, ended(RunStatus::Passed)]])?;
    let _reader = journal.reader();
    drop(journal);
    store.delete(id(1))?;
    if store.is_volatile() {
        return Ok(());
    }
    drop(store);
    let again = place.open().create(new_run(1)).map(drop);
    ensure!(matches!(again, Err(StoreError::AlreadyExists(_))), "its id gives {again:?}");
    Ok(())
}
