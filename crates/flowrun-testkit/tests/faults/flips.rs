//! Single bits of the file that turn over.

use flowrun_store::{RunFilter, Store};
use flowrun_testkit::faults::{Disk, Image};
use rusqlite::{Connection, OpenFlags};

use crate::work::{Acknowledge, FILE, Ledger, id, open, sessions};

const FLIPS: usize = 1000;

/// All that a store answers, or that it refuses.
fn answers(disk: &Disk) -> Option<(String, bool)> {
    let store = open(disk).ok()?;
    let mut all = format!("{:?}", store.id());
    all += &format!("{:?}", store.runs(&RunFilter::default()).ok()?);
    all += &format!("{:?}", store.runs(&RunFilter::default().open()).ok()?);
    for run in 1..=9 {
        let read = store.reader(id(run)).and_then(|reader| reader.read(0, 100));
        let opened = store.open(id(run)).map(|(stored, _)| stored.new.flow);
        all += &format!("{read:?} {opened:?} {:?}", store.create(crate::work::new_run(run)).map(drop));
    }
    let is_sound = store.verify().is_ok_and(|verified| verified.is_sound());
    Some((all, is_sound))
}

/// Whether SQLite alone finds nothing wrong.
fn sqlite_is_content(disk: &Disk) -> bool {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags_and_vfs(FILE, flags, disk.name())
        .and_then(|connection| {
            connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0))
        })
        .is_ok_and(|said| said == "ok")
}

#[test]
fn a_flipped_bit_is_never_a_wrong_answer() {
    let disk = Disk::new(FILE);
    let mut ledger = Ledger::default();
    sessions(&disk, &mut ledger, 3, Acknowledge::WhenDone).unwrap();
    let base = disk.image();
    let (whole, is_sound) = answers(&disk).unwrap();
    assert!(is_sound);
    let bits = base.0[FILE].len() * 8;
    let (mut harmless, mut found, mut missed_without_hashes) = (0, 0, 0);
    for flip in 0..FLIPS {
        // Spread over the file by a step that shares no factor with its size.
        let bit = flip * 1_000_003 % bits;
        let Image(mut files) = base.clone();
        files.get_mut(FILE).unwrap()[bit / 8] ^= 1 << (bit % 8);
        disk.load(&Image(files.clone()));
        match answers(&disk) {
            Some((answers, true)) => {
                assert!(answers == whole, "bit {bit} changed an answer and was not found");
                harmless += 1;
            }
            Some((_, false)) | None => {
                found += 1;
                disk.load(&Image(files));
                missed_without_hashes += u32::from(sqlite_is_content(&disk));
            }
        }
    }
    println!("{FLIPS} bits: {harmless} harmless, {found} found, {missed_without_hashes} by hashes alone");
    assert!(found > FLIPS / 5 && harmless > 0);
    // What would have been believed without the hashes.
    assert!(missed_without_hashes > 100);
}
