//! What the disk gives, without an engine. The folder decides which disk that is.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use rusqlite::{Connection, params};

use crate::Case;

/// Bytes of a record: about what a decision of the engine takes.
const RECORD: [u8; 300] = [b'x'; 300];

/// Appends a record to a file and waits for the disk, again and again: nothing with one node at a time is faster.
#[must_use]
pub fn sync(folder: &Path, records: usize) -> Case {
    let path = folder.join("floor.log");
    let mut file = OpenOptions::new().create(true).append(true).open(path).expect("a new file can be made");
    Case::new("append + fdatasync", records, move |watch| {
        watch.time(|| {
            for _ in 0..records {
                file.write_all(&RECORD).expect("the disk has room");
                file.sync_data().expect("the disk answers");
            }
        });
    })
}

/// Inserts a record and updates a row of state, so many of them in one transaction, with the settings of a store.
#[must_use]
pub fn group_commit(folder: &Path, group: usize, records: usize) -> Case {
    let mut connection = Connection::open(folder.join("floor.db")).expect("a new file can be made");
    let made = connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         CREATE TABLE event (run INTEGER, seq INTEGER, body BLOB, PRIMARY KEY (run, seq)) WITHOUT ROWID;
         CREATE TABLE state (run INTEGER PRIMARY KEY, seq INTEGER);",
    );
    made.expect("a new file takes tables");
    for run in 0..group {
        connection.execute("INSERT INTO state VALUES (?, 0)", [run as i64]).expect("a new table takes rows");
    }
    let mut seq = 0_i64;
    Case::new("SQLite group commit", records, move |watch| {
        watch.time(|| {
            for _ in 0..records / group {
                seq += 1;
                let transaction = connection.transaction().expect("nobody else writes");
                for run in 0..group as i64 {
                    let mut event =
                        transaction.prepare_cached("INSERT INTO event VALUES (?, ?, ?)").expect("it is SQL");
                    event.execute(params![run, seq, RECORD]).expect("a new key");
                    let mut state = transaction
                        .prepare_cached("UPDATE state SET seq = ? WHERE run = ?")
                        .expect("it is SQL");
                    state.execute([seq, run]).expect("the row is there");
                }
                transaction.commit().expect("the disk answers");
            }
        });
    })
}
