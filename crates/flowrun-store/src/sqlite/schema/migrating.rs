//! The way from one version of the tables to the next, with steps that no release has.

use flowrun_testkit::faults::{Disk, Recording};
use rusqlite::Connection;

use super::*;

const FILE: &str = "store";

/// What a later version may do to the tables: a column with a default, rows that are rewritten, a table made anew.
const LATER: [&str; 3] = [
    "ALTER TABLE run ADD COLUMN note TEXT NOT NULL DEFAULT 'none'; CREATE INDEX run_note ON run (note);",
    "UPDATE flow SET json = json || ' ';",
    "CREATE TABLE flow_new (hash BLOB PRIMARY KEY, json TEXT NOT NULL, size INTEGER NOT NULL) STRICT;
     INSERT INTO flow_new SELECT hash, json, length(json) FROM flow;
     DROP TABLE flow;
     ALTER TABLE flow_new RENAME TO flow;",
];

/// How a store is taken to the version after these steps.
type Migrate = fn(&mut Connection, usize, &[&str]) -> rusqlite::Result<()>;

fn steps() -> Vec<&'static str> {
    STEPS.iter().chain(&LATER).copied().collect()
}

fn open(disk: &Disk) -> Connection {
    let connection = connect(&SqliteOptions::new(FILE).vfs(disk.name()), WRITE).unwrap();
    settle(&connection).unwrap();
    connection
}

fn version(connection: &Connection) -> usize {
    connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)).unwrap() as usize
}

/// All that a store of a version is: its tables, and what stands in one that later steps touch. An error when that
/// is not there.
fn contents(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let all = |sql: &str| {
        let mut statement = connection.prepare(sql)?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    };
    let mut contents = all("SELECT sql FROM sqlite_schema WHERE sql NOT NULL ORDER BY name")?;
    contents.extend(all("SELECT json FROM flow ORDER BY hash")?);
    Ok(contents)
}

/// Some flows, over several pages.
fn fill(connection: &Connection) {
    for flow in 0..40_u8 {
        let json = format!("flow {flow} ").repeat(50);
        connection.execute("INSERT INTO flow VALUES (?, ?)", params![[flow; 32], json]).unwrap();
    }
}

/// What is recorded of a disk while a store of today is taken up to the last step.
fn recorded(disk: &Disk, by: Migrate) -> Recording {
    drop(writer(&SqliteOptions::new(FILE).vfs(disk.name())).unwrap());
    let connection = open(disk);
    fill(&connection);
    connection.close().unwrap();
    disk.record();
    let mut connection = open(disk);
    by(&mut connection, STEPS.len(), &steps()).unwrap();
    connection.close().unwrap();
    disk.recording()
}

/// Cuts the power at every moment of a migration and lets the next opening go on. What is not as it has to be, and
/// how often each version was found.
fn losses(disk: &Disk, recording: &Recording, by: Migrate) -> (Vec<String>, Vec<usize>) {
    // What each version holds when nothing is cut.
    let (mut whole, steps) = (Connection::open_in_memory().unwrap(), steps());
    migrate(&mut whole, 0, STEPS).unwrap();
    fill(&whole);
    let mut wanted = vec![contents(&whole)];
    for version in STEPS.len()..steps.len() {
        migrate(&mut whole, version, &steps[..=version]).unwrap();
        wanted.push(contents(&whole));
    }
    let (mut lost, mut found) = (Vec::new(), vec![0; wanted.len()]);
    for moment in 0..recording.moments() {
        for seed in 0..4 {
            disk.load(&recording.cut(moment, seed).0);
            let mut connection = open(disk);
            let left = version(&connection);
            let is_whole = left >= STEPS.len() && contents(&connection) == wanted[left - STEPS.len()];
            if is_whole {
                found[left - STEPS.len()] += 1;
            } else {
                lost.push(format!("moment {moment}: version {left} is not whole"));
            }
            match by(&mut connection, left, &steps) {
                Ok(()) if contents(&connection) == wanted[wanted.len() - 1] => {}
                Ok(()) => lost.push(format!("moment {moment}: going on does not lead to the last version")),
                Err(error) => lost.push(format!("moment {moment}: going on fails: {error}")),
            }
        }
    }
    (lost, found)
}

#[test]
fn a_migration_that_is_cut_off_leaves_a_version_and_the_next_opening_goes_on() {
    let disk = Disk::new(FILE);
    let recording = recorded(&disk, migrate);
    let (lost, found) = losses(&disk, &recording, migrate);
    assert_eq!(lost, Vec::<String>::new());
    assert!(found.iter().all(|count| *count > 0), "a version was never left: {found:?}");
}

#[test]
fn steps_without_a_transaction_are_found_out() {
    let in_pieces: Migrate = |connection, from, steps| {
        for (version, step) in steps.iter().enumerate().skip(from) {
            connection.execute_batch(step)?;
            connection.pragma_update(None, "user_version", version as i64 + 1)?;
        }
        Ok(())
    };
    let disk = Disk::new(FILE);
    let recording = recorded(&disk, in_pieces);
    let (lost, _) = losses(&disk, &recording, in_pieces);
    assert!(lost.iter().any(|what| what.contains("is not whole")), "{lost:?}");
    assert!(lost.iter().any(|what| what.contains("going on fails")), "{lost:?}");
}

#[test]
fn each_step_is_whole_or_not_there() {
    let mut connection = Connection::open_in_memory().unwrap();
    let steps = ["CREATE TABLE a (x);", "CREATE TABLE b (x);", "CREATE TABLE c (x); CREATE TABLE c (x);"];
    assert!(migrate(&mut connection, 0, &steps).is_err());
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
    assert_eq!((version, tables), (2, 2));
    migrate(&mut connection, 2, &[steps[0], steps[1], "CREATE TABLE c (x);"]).unwrap();
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 3);
}
