//! Lists of runs.

use flowrun_core::{Record, RunId, RunStatus};
use flowrun_store::{RunFilter, Store, StoreError};

use super::{Broken, Check, Place, append, at, ended, ensure, id, logged, named, store_run};

named!(
    a_list_says_what_runs_are_and_how_they_stand,
    a_list_begins_with_the_run_created_last,
    a_list_comes_in_pages,
    open_runs_are_told_from_closed_ones,
    a_closed_run_that_goes_on_is_open_again,
);

fn listed(store: &dyn Store, which: &RunFilter) -> Result<Vec<RunId>, StoreError> {
    Ok(store.runs(which)?.iter().map(|run| run.id).collect())
}

fn a_list_says_what_runs_are_and_how_they_stand(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let ends: [&[Record]; 2] = [&[ended(RunStatus::Failed)], &[logged("a"), ended(RunStatus::Cancelled)]];
    let mut held = vec![store_run(&*store, 1, &[&[Record::RunStarted], &[logged("a")]])?];
    for (number, end) in (2..).zip(ends) {
        held.push(store_run(&*store, number, &[&[Record::RunStarted], end])?);
    }
    let expected = [(RunStatus::Cancelled, 3), (RunStatus::Failed, 2), (RunStatus::Working, 2)];
    let runs = store.runs(&RunFilter::default())?;
    ensure!(runs.len() == 3, "it lists {} runs of 3", runs.len());
    for ((run, number), (status, seq)) in runs.iter().zip([3, 2, 1]).zip(expected) {
        ensure!(
            run.id == id(number) && run.created == at(number.into()),
            "{run:?} stands where {number} should"
        );
        ensure!((run.status, run.seq, run.updated) == (status, seq, at(1)), "run {number} stands as {run:?}");
        let (title, site) = (run.title.as_deref(), run.site.as_str());
        ensure!(title == Some("A flow") && site == "https://a.example", "run {number} is {run:?}");
    }
    Ok(())
}

fn a_list_begins_with_the_run_created_last(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let mut held = Vec::new();
    for number in [2, 4, 1, 3] {
        held.push(store_run(&*store, number, &[&[Record::RunStarted]])?);
    }
    let runs = listed(&*store, &RunFilter::default())?;
    ensure!(runs == [4, 3, 2, 1].map(id), "it lists {runs:?}");
    Ok(())
}

fn a_list_comes_in_pages(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let mut held = Vec::new();
    for number in 1..=5 {
        held.push(store_run(&*store, number, &[&[Record::RunStarted]])?);
    }
    let first = store.runs(&RunFilter::default().limit(2))?;
    let ids: Vec<_> = first.iter().map(|run| run.id).collect();
    ensure!(ids == [5, 4].map(id), "the first page is {ids:?}");
    let rest = listed(&*store, &RunFilter::default().after(&first[1]))?;
    ensure!(rest == [3, 2, 1].map(id), "behind it is {rest:?}");
    let none = listed(&*store, &RunFilter::default().limit(0))?;
    ensure!(none.is_empty(), "a page of none is {none:?}");
    Ok(())
}

fn open_runs_are_told_from_closed_ones(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let mut held = Vec::new();
    for number in 1..=4 {
        held.push(store_run(&*store, number, &[&[Record::RunStarted]])?);
    }
    append(&mut *held[1], 9, &[ended(RunStatus::Passed)])?;
    let open = listed(&*store, &RunFilter::default().open())?;
    ensure!(open == [4, 3, 1].map(id), "open are {open:?}");
    let page = listed(&*store, &RunFilter::default().open().limit(2))?;
    ensure!(page == [4, 3].map(id), "the first two of them are {page:?}");
    Ok(())
}

fn a_closed_run_that_goes_on_is_open_again(place: &dyn Place) -> Result<(), Broken> {
    let store = place.open();
    let journal = store_run(&*store, 1, &[&[Record::RunStarted, ended(RunStatus::Failed)]])?;
    let _reader = journal.reader();
    drop(journal);
    let (_, mut journal) = store.open(id(1))?;
    append(&mut *journal, 9, &[Record::RunStarted])?;
    let open = listed(&*store, &RunFilter::default().open())?;
    ensure!(open == [id(1)], "open are {open:?}");
    append(&mut *journal, 9, &[ended(RunStatus::Passed)])?;
    let open = listed(&*store, &RunFilter::default().open())?;
    ensure!(open.is_empty(), "at the end open are {open:?}");
    Ok(())
}
