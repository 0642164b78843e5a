//! Bytes as the journal of a run.

use std::sync::Arc;

use arbitrary::Unstructured;
use flowrun::{Event, Record, Run, Timestamp};

use crate::made;

/// Most lines of a text that are read as records: a longer journal takes longer and finds nothing more.
const MOST_RECORDS: usize = 64;

/// Records that do not fit are refused; what was replayed goes on.
///
/// The input is the flow of the run, as bytes up to a line break, and then a record a line, as the store writes it.
pub fn journal(input: &[u8]) {
    let split = input.iter().position(|&byte| byte == b'\n').unwrap_or(input.len());
    let (flow, lines) = input.split_at(split);
    let Ok(Some(run)) = made::run(&mut Unstructured::new(flow)) else { return };
    let records: Vec<Record> = lines
        .split(|&byte| byte == b'\n')
        .take(MOST_RECORDS)
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect();
    let at = Timestamp::from_micros(1);
    let lines = || records.iter().map(|record| (at, record));
    let replay = || Run::replay(Arc::clone(run.plan()), run.spec().clone(), lines());
    match (replay(), replay()) {
        (Ok(mut run), Ok(again)) => {
            assert_eq!(run.to_json(), again.to_json(), "the same journal gives the same run");
            // A run that was read from a disk goes on like any other, or says that it cannot.
            let _ = run.handle(at, Event::Recovered { epoch: 2 });
            let _ = run.handle(at, Event::CancelRequested);
            assert!(!run.to_json().is_empty());
        }
        (Err(error), Err(again)) => {
            assert_eq!(error, again);
            assert!(error.number >= 1 && error.number <= records.len() as u64, "{error}");
        }
        (Ok(_), Err(error)) | (Err(error), Ok(_)) => panic!("refused once of two times: {error}"),
    }
}
