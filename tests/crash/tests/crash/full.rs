//! Disks that are really full: a small file system that is filled while a run works on it, and files that may not
//! grow.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use flowrun::{NodeIx, Record};

use crate::case::Shape;
use crate::child::Ended;
use crate::invariants::violations;
use crate::place::Place;
use crate::play::Stage;

/// Where the small file system is, for the process that has it.
const MOUNTED: &str = "FLOWRUN_TEST_MOUNTED";

/// What a file system of its own is made by, in a namespace that needs no privilege: first the mount, then the
/// command.
const MOUNT: &str = r#"mount -t tmpfs -o size=32m flowrun "$0" && exec "$@""#;

fn in_namespace(folder: &Path) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", MOUNT]).arg(folder);
    command
}

/// It ends with code 4 and in one line, and that is the last one.
fn stopped(ended: &Ended) {
    assert_eq!(ended.code, Some(4), "{ended:?}");
    let errors: Vec<_> = ended.said.iter().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!((errors.len(), errors.last()), (1, ended.said.last().as_ref()), "{ended:?}");
}

/// Runs the test once more in a process that has a small file system. Where the system lets nobody have one it is
/// skipped, and says so.
#[test]
fn a_run_on_a_disk_that_fills_up_loses_nothing_and_goes_on_when_there_is_room() {
    if let Some(folder) = std::env::var_os(MOUNTED) {
        let runtime = tokio::runtime::Runtime::new().expect("threads");
        return runtime.block_on(on_a_small_disk(folder.into()));
    }
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let tried = in_namespace(folder.path()).arg("true").output();
    let refused = match &tried {
        Ok(tried) if tried.status.success() => None,
        Ok(tried) => Some(String::from_utf8_lossy(&tried.stderr).into_owned()),
        Err(error) => Some(error.to_string()),
    };
    if let Some(why) = refused {
        // Not by a macro: what those print of a test that passes is not shown.
        let mut out = std::io::stderr().lock();
        let told = "SKIPPED: no run on a disk that fills up, as no file system can be mounted here";
        writeln!(out, "{told}: {}", why.trim()).expect("somebody reads this");
        return;
    }
    let mut inside = in_namespace(folder.path());
    inside.arg(std::env::current_exe().expect("a test has a file")).env(MOUNTED, folder.path());
    let name = "full::a_run_on_a_disk_that_fills_up_loses_nothing_and_goes_on_when_there_is_room";
    let ended = inside.args(["--exact", name]).output().expect("it was started before");
    let told = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && told.contains("1 passed"), "{told}");
}

async fn on_a_small_disk(disk: PathBuf) {
    let (filler, is_filling) = (Arc::new(Filler(disk.clone())), Arc::new(AtomicBool::new(true)));
    let stage = {
        let (filler, is_filling) = (Arc::clone(&filler), Arc::clone(&is_filling));
        Stage::start_with(move |effect| {
            if effect.case.starts_with("full") && is_filling.load(Ordering::Relaxed) {
                filler.fill(&effect.node, 0);
            }
        })
        .await
    };
    let folder = || tempfile::tempdir_in(&disk).expect("there is room so far");
    {
        // A program that goes on before it has written has effects that nobody wrote down.
        let mut broken = Place::inside(folder(), "full-broken", Shape::Chain(3), &stage.outside);
        let child = broken.run(&[("FLOWRUN_SABOTAGE", "intent")]);
        broken.ended(child).await;
        let found = violations(&broken);
        assert!(found.iter().any(|what| what.starts_with("I5")), "{found:#?}");
    }
    filler.empty();

    let mut place = Place::inside(folder(), "full", Shape::Chain(3), &stage.outside);
    // Node 2 fills the disk: its result is written where the reserve was. So does node 3, and there is none.
    let child = place.run(&[]);
    let ended = place.ended(child).await;
    stopped(&ended);
    assert!(ended.said.iter().any(|line| line == "[2 webhook] passed"), "{ended:?}");
    let node_2 =
        |record: &Record| matches!(record, Record::NodeEnded { node, .. } if *node == NodeIx::new(1));
    assert!(place.journal().iter().any(|line| node_2(&line.record)), "what was told is not there: {ended:?}");
    // A process that had to stop is to the run what one that died is.
    place.kills += 1;
    assert_eq!(violations(&place), Vec::<String>::new());

    let effects = place.effects().len();
    for is_new in [false, true] {
        let refused = if is_new { place.run(&[]) } else { place.resume(&[]) };
        stopped(&place.ended(refused).await);
    }
    assert_eq!(place.effects().len(), effects, "a run went on that cannot be written");
    assert_eq!(violations(&place), Vec::<String>::new());

    // Room for what is under way, and for nothing new.
    is_filling.store(false, Ordering::Relaxed);
    filler.empty();
    filler.fill("most", 12 << 20);
    let new = place.run(&[]);
    let new = place.ended(new).await;
    stopped(&new);
    assert!(new.said.iter().any(|line| line.contains("the disk is nearly full")), "{new:?}");
    let outcome = stage.finish(&mut place, Vec::new()).await;
    assert_eq!((outcome.end.as_str(), outcome.violations), ("passed", Vec::new()));
    let of = |node: &str| place.effects().iter().filter(|effect| effect.node == node).count();
    assert_eq!((of("2"), of("3"), of("4")), (1, 2, 1));
}

/// Fills a disk.
struct Filler(PathBuf);

impl Filler {
    fn path(&self, name: &str) -> PathBuf {
        self.0.join(format!("filler-{name}"))
    }

    /// Writes until so many bytes are left.
    fn fill(&self, name: &str, left: usize) {
        let path = self.path(name);
        let mut file = File::create(&path).expect("a name takes no room in memory");
        // The last bytes one by one: a write that does not fit whole fits in part, or not at all.
        for size in [64 << 10, 4 << 10, 1] {
            while file.write_all(&vec![7; size]).is_ok() {}
        }
        let size = file.metadata().expect("it is open").len();
        file.set_len(size.saturating_sub(left as u64)).expect("a file can be cut");
    }

    fn empty(&self) {
        for entry in fs::read_dir(&self.0).expect("the disk is there") {
            let path = entry.expect("the disk is there").path();
            if path.is_file() {
                fs::remove_file(path).expect("it is ours");
            }
        }
    }
}

/// What no privilege is needed for: the store's files may not grow over a limit, which is raised step by step until
/// the run can end.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_files_may_not_grow_loses_nothing_and_goes_on_when_they_may() {
    let stage = Stage::start().await;
    let mut place = Place::new("limited", Shape::Chain(3), &stage.outside);
    let mut child = place.run(&[]);
    child.says("is kept in").await;
    stage.outside.effect_of("limited", "2").await;
    place.kill(child).await;
    // From one page of 4 KiB on. Each opening writes some, so the limit has to grow faster than the files.
    let limits = std::iter::successors(Some(8), |blocks| Some(blocks * 5 / 4 + 8));
    let mut stops = 0;
    for blocks in limits {
        let child = place.resume_limited(blocks);
        let ended = place.ended(child).await;
        if ended.code == Some(0) {
            break;
        }
        stopped(&ended);
        place.kills += 1;
        stops += 1;
        assert_eq!(violations(&place), Vec::<String>::new());
    }
    assert!(stops >= 3, "only {stops} limits stopped the run");
    let outcome = stage.finish(&mut place, Vec::new()).await;
    assert_eq!((outcome.end.as_str(), outcome.violations), ("passed", Vec::new()));
}
