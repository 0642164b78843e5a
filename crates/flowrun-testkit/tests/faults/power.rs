//! Power cuts.

use std::sync::atomic::{AtomicUsize, Ordering};

use flowrun_testkit::faults::{Disk, Image, Recording};
use rusqlite::{Connection, OpenFlags};

use crate::work::{Acknowledge, FILE, Ledger, check, sessions};

/// Images that are looked at in all.
const IMAGES: usize = 20_000;

fn recorded(when: Acknowledge) -> (Recording, Ledger) {
    let disk = Disk::new(FILE);
    // A store as it lies there before the work begins.
    sessions(&disk, &mut Ledger::default(), 0, when).unwrap();
    drop(crate::work::open(&disk).unwrap());
    disk.record();
    let mut ledger = Ledger::default();
    sessions(&disk, &mut ledger, 4, when).unwrap();
    (disk.recording(), ledger)
}

/// Cuts the power at every moment in turn until there were so many images; the losses, and how many images
/// differ from what the process saw.
fn losses(recording: &Recording, ledger: &Ledger, images: usize) -> (Vec<String>, usize) {
    let moments = recording.moments();
    let (next, cuts) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        let disk = Disk::new(FILE);
        let mut lost = Vec::new();
        loop {
            let image = next.fetch_add(1, Ordering::Relaxed);
            if image >= images || lost.len() > 3 {
                return lost;
            }
            // All moments alike, whatever their number.
            let (moment, seed) = (image * moments / images, image as u64);
            let (left, promise) = recording.cut(moment, seed);
            disk.load(&left);
            cuts.fetch_add(1, Ordering::Relaxed);
            if let Err(how) = check(&disk, ledger, &ledger.at(promise)) {
                lost.push(format!("moment {moment}, seed {seed}: {how}"));
            }
        }
    };
    let lost = std::thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    (lost, cuts.into_inner())
}

#[test]
fn nothing_acknowledged_is_lost() {
    let (recording, ledger) = recorded(Acknowledge::WhenDone);
    let (lost, cuts) = losses(&recording, &ledger, IMAGES);
    println!("{} moments, {} promises, {cuts} images", recording.moments(), ledger.promises.len());
    assert_eq!(lost, [""; 0]);
    assert_eq!(cuts, IMAGES);
    assert!(recording.moments() > 500 && ledger.promises.len() >= 50);
}

#[test]
fn a_sync_that_does_nothing_is_found_out() {
    let (recording, ledger) = recorded(Acknowledge::WhenDone);
    assert!(!losses(&recording.without_syncs(), &ledger, 500).0.is_empty());
}

#[test]
fn acknowledging_before_the_commit_is_found_out() {
    let (recording, ledger) = recorded(Acknowledge::WhenAsked);
    assert!(!losses(&recording, &ledger, 2000).0.is_empty());
}

/// Rows that were acknowledged and lost, under a setting of SQLite.
fn rows_lost(synchronous: &str) -> usize {
    let disk = Disk::new(FILE);
    let connect = |disk: &Disk| {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags_and_vfs(FILE, flags, disk.name())
    };
    let connection = connect(&disk).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (n)").unwrap();
    connection.execute_batch(&format!("PRAGMA synchronous = {synchronous}")).unwrap();
    drop(connection);
    let connection = connect(&disk).unwrap();
    connection.execute_batch(&format!("PRAGMA synchronous = {synchronous}")).unwrap();
    disk.record();
    for row in 0..30 {
        connection.execute("INSERT INTO t VALUES (?)", [row as i64]).unwrap();
        disk.mark(row);
    }
    let recording = disk.recording();
    drop(connection);
    let other = Disk::new(FILE);
    let images = (0..recording.moments()).flat_map(|moment| (0..3).map(move |seed| (moment, seed)));
    let lost = images.filter(|(moment, seed)| {
        let (image, promise): (Image, _) = recording.cut(*moment, *seed);
        other.load(&image);
        let rows = connect(&other).and_then(|connection| {
            connection.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0))
        });
        !matches!(rows, Ok(rows) if rows as u64 >= promise.map_or(0, |row| row + 1))
    });
    lost.count()
}

#[test]
fn a_setting_that_does_not_sync_is_found_out() {
    assert_eq!(rows_lost("FULL"), 0);
    assert!(rows_lost("OFF") > 0);
}
