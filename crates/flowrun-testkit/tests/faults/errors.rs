//! Operations that fail, each one in its turn.

use flowrun_testkit::faults::{Disk, Fault};

use crate::work::{Acknowledge, FILE, Ledger, check, sessions};

/// What became of one fault at every operation.
#[derive(Debug, Default)]
struct Tally {
    tried: u64,
    fired: u64,
    stopped: u64,
}

fn at_every_operation(fault: Fault) -> Tally {
    let disk = Disk::new(FILE);
    drop(crate::work::open(&disk).unwrap());
    let base = disk.image();
    let mut tally = Tally::default();
    loop {
        disk.load(&base);
        disk.fail_at(tally.tried, fault);
        let mut ledger = Ledger::default();
        let stopped = sessions(&disk, &mut ledger, 2, Acknowledge::WhenDone).is_err();
        let (fired, operations) = (disk.fired(), disk.operations());
        disk.repair();
        if let Err(how) = check(&disk, &ledger, &ledger.last()) {
            panic!("{fault:?} at operation {}: {how}", tally.tried);
        }
        if fired == 0 && operations <= tally.tried {
            return tally;
        }
        tally.fired += u64::from(fired > 0);
        tally.stopped += u64::from(stopped);
        tally.tried += 1;
    }
}

#[test]
fn whatever_fails_nothing_acknowledged_is_lost() {
    for fault in [Fault::Error, Fault::ErrorOnce, Fault::Full, Fault::Short] {
        let tally = at_every_operation(fault);
        println!("{fault:?}: {tally:?}");
        assert!(tally.tried > 200 && tally.fired > 50 && tally.stopped > 20, "{fault:?}: {tally:?}");
    }
}

#[test]
fn a_promise_that_was_not_kept_is_found_out() {
    let disk = Disk::new(FILE);
    drop(crate::work::open(&disk).unwrap());
    let base = disk.image();
    let mut found = 0;
    for number in 0..200 {
        disk.load(&base);
        disk.fail_at(number, Fault::Error);
        let mut ledger = Ledger::default();
        let stopped = sessions(&disk, &mut ledger, 1, Acknowledge::WhenAsked).is_err();
        disk.repair();
        found += u32::from(stopped && check(&disk, &ledger, &ledger.last()).is_err());
    }
    assert!(found > 0);
}
