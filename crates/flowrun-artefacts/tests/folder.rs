//! The folder of artefacts, with everything that may happen to it.

#![expect(clippy::unwrap_used, reason = "what cannot be prepared fails the test")]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use flowrun_artefacts::{ArtefactError, Artefacts, Kind, PageKey, PageMemory, Shot};

const LIMIT: u64 = 1000;

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("runs.db-artefacts")
    }

    fn open(&self) -> Artefacts {
        Artefacts::open(self.path(), LIMIT).unwrap()
    }

    fn object(&self, hash: &str) -> PathBuf {
        self.path().join("objects").join(hash)
    }

    fn objects(&self) -> usize {
        fs::read_dir(self.path().join("objects")).unwrap().count()
    }
}

fn page(hash: &str) -> PageMemory {
    let text = str::to_owned;
    let key =
        PageKey { owner: text("local"), url: text("http://a/"), window: text("9,9"), device: text("PC") };
    let shot = Shot { hash: text(hash), browser: text("b"), fonts: text("f"), scan: text("s"), taken_at: 1 };
    PageMemory { baseline: Some(shot), ..PageMemory::new(key) }
}

#[test]
fn a_content_is_kept_once_and_goes_with_the_last_run_that_names_it() {
    let place = Place::new();
    let artefacts = place.open();
    let one = artefacts.put("one", Kind::Png, b"picture").unwrap();
    let two = artefacts.put("two", Kind::Png, b"picture").unwrap();
    assert_eq!((&one, place.objects(), artefacts.held_by("local")), (&two, 1, 7));
    assert_eq!(artefacts.get("one", &one.hash).unwrap().unwrap(), (Kind::Png, b"picture".to_vec()));
    artefacts.remove_run("one").unwrap();
    assert!(artefacts.get("one", &one.hash).unwrap().is_none());
    assert!(artefacts.get("two", &one.hash).unwrap().is_some());
    artefacts.remove_run("two").unwrap();
    assert_eq!((place.objects(), artefacts.held_by("local")), (0, 0));
}

#[test]
fn everything_is_there_after_the_folder_was_closed_and_for_its_owner_alone_to_read() {
    let place = Place::new();
    let hash = place.open().put("run", Kind::Html, b"<p>").unwrap().hash;
    let again = place.open();
    assert_eq!(again.of_run("run").len(), 1);
    assert_eq!(again.get("run", &hash).unwrap().unwrap().1, b"<p>");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&place.path()), mode(&place.object(&hash))), (0o700, 0o600));
}

#[test]
fn a_run_sees_what_it_names_and_nothing_else() {
    let place = Place::new();
    let artefacts = place.open();
    let hash = artefacts.put("mine", Kind::Png, b"secret").unwrap().hash;
    artefacts.put("yours", Kind::Png, b"other").unwrap();
    for run in ["yours", "nobody", "", "../runs/mine"] {
        assert!(artefacts.get(run, &hash).unwrap().is_none(), "{run}");
    }
    assert!(artefacts.get("mine", "../runs/mine").unwrap().is_none());
    for run in ["", ".", "..", "a/b", "-a", &"a".repeat(65)] {
        assert!(matches!(artefacts.put(run, Kind::Png, b"x"), Err(ArtefactError::RunId(_))), "{run}");
    }
}

#[test]
fn an_account_keeps_as_much_as_it_may_and_each_content_counts_once() {
    let place = Place::new();
    let artefacts = place.open();
    artefacts.owned_by(|run| Some(run[..1].to_owned()));
    let content = |byte: u8| vec![byte; 400];
    for (run, byte) in [("a1", 1), ("a2", 1), ("a2", 2), ("b1", 3)] {
        artefacts.put(run, Kind::Png, &content(byte)).unwrap();
    }
    assert_eq!((artefacts.held_by("a"), artefacts.held_by("b")), (800, 400));
    let full = artefacts.put("a1", Kind::Png, &content(4)).unwrap_err();
    assert_eq!(
        full.to_string(),
        "artefacts of `a` would take 1200 bytes, and 1000 are allowed; deleting runs makes room"
    );
    assert!(!full.is_transient());
    artefacts.put("a1", Kind::Png, &content(2)).unwrap();
    artefacts.remove_run("a1").unwrap();
    artefacts.remove_run("a2").unwrap();
    artefacts.put("a3", Kind::Png, &content(4)).unwrap();
    // The owner stands in the file: whoever opens it next need not be able to say.
    drop(artefacts);
    assert_eq!(place.open().held_by("a"), 400);
}

#[test]
fn what_a_crash_left_behind_is_swept_and_no_reference_lacks_its_file() {
    let place = Place::new();
    let kept = place.open().put("run", Kind::Png, b"kept").unwrap().hash;
    // Before the content was whole; after it, but before it was named; in the middle of the line that names it.
    fs::write(place.path().join("objects/.new-abc"), b"half").unwrap();
    let orphan = "0".repeat(64);
    fs::write(place.object(&orphan), b"orphan").unwrap();
    let lines = place.path().join("runs/run");
    let mut text = fs::read(&lines).unwrap();
    text.extend_from_slice(&orphan.as_bytes()[..20]);
    fs::write(&lines, &text).unwrap();

    let artefacts = place.open();
    assert_eq!(place.objects(), 1);
    assert_eq!(artefacts.of_run("run").len(), 1);
    assert_eq!(artefacts.verify().unwrap(), Vec::<String>::new());
    // The line that was cut off is in nobody's way.
    let next = artefacts.put("run", Kind::Png, b"next").unwrap().hash;
    let named: Vec<String> = place.open().of_run("run").into_iter().map(|named| named.hash).collect();
    assert_eq!(named.len(), 2);
    assert!(named.contains(&kept) && named.contains(&next));
}

#[test]
fn a_planted_link_is_neither_followed_nor_written_through() {
    let place = Place::new();
    let artefacts = place.open();
    let hash = artefacts.put("run", Kind::Png, b"picture").unwrap().hash;
    let target = place.0.path().join("target");
    // With the very content, so that the hash alone would not give it away.
    fs::write(&target, b"picture").unwrap();
    fs::remove_file(place.object(&hash)).unwrap();
    symlink(&target, place.object(&hash)).unwrap();
    let refused = artefacts.get("run", &hash).unwrap_err();
    assert!(matches!(refused, ArtefactError::Io { .. }), "{refused}");
    assert_eq!(artefacts.verify().unwrap().len(), 1);
    // Keeping it again puts a file in place of the link.
    artefacts.put("other", Kind::Png, b"picture").unwrap();
    assert!(fs::symlink_metadata(place.object(&hash)).unwrap().is_file());

    symlink(&target, place.path().join("runs/linked")).unwrap();
    assert!(artefacts.put("linked", Kind::Png, b"picture").is_err());
    assert_eq!(fs::read(&target).unwrap(), b"picture");
}

#[test]
fn a_folder_that_is_a_link_is_refused() {
    let place = Place::new();
    let elsewhere = place.0.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    symlink(&elsewhere, place.path()).unwrap();
    assert!(Artefacts::open(place.path(), LIMIT).is_err());
    fs::remove_file(place.path()).unwrap();
    fs::create_dir(place.path()).unwrap();
    symlink(&elsewhere, place.path().join("objects")).unwrap();
    let refused = Artefacts::open(place.path(), LIMIT).unwrap_err().to_string();
    assert!(refused.starts_with("could not open the folder `"), "{refused}");
}

#[test]
fn a_damaged_content_is_found_and_not_handed_out() {
    let place = Place::new();
    let artefacts = place.open();
    let hash = artefacts.put("run", Kind::Png, b"picture").unwrap().hash;
    let gone = artefacts.put("run", Kind::Png, b"gone").unwrap().hash;
    fs::write(place.object(&hash), b"pict0re").unwrap();
    fs::remove_file(place.object(&gone)).unwrap();
    assert!(matches!(artefacts.get("run", &hash), Err(ArtefactError::Damaged { .. })));
    let mut expected = [format!("artefact `{hash}` is damaged"), format!("artefact `{gone}` is damaged")];
    expected.sort();
    assert_eq!(artefacts.verify().unwrap(), expected);
}

#[test]
fn a_backup_holds_everything_that_is_named() {
    let place = Place::new();
    let artefacts = place.open();
    let hash = artefacts.put("run", Kind::Png, b"picture").unwrap().hash;
    artefacts.remember(&page(&hash)).unwrap();
    let copy = place.0.path().join("copy.db-artefacts");
    artefacts.backup(&copy).unwrap();
    // Once more adds what is new.
    let more = artefacts.put("more", Kind::Png, b"more").unwrap().hash;
    artefacts.backup(&copy).unwrap();
    let copied = Artefacts::open(&copy, LIMIT).unwrap();
    assert_eq!(copied.get("run", &hash).unwrap().unwrap().1, b"picture");
    assert!(copied.get("more", &more).unwrap().is_some());
    assert_eq!(copied.pages().unwrap().len(), 1);
    assert_eq!(copied.verify().unwrap(), Vec::<String>::new());
}

#[test]
fn a_remembered_picture_outlives_its_run_and_goes_when_it_is_forgotten() {
    let place = Place::new();
    let artefacts = place.open();
    let hash = artefacts.put("run", Kind::Png, b"picture").unwrap().hash;
    let memory = page(&hash);
    artefacts.remember(&memory).unwrap();
    artefacts.retain_runs(|_| false).unwrap();
    assert_eq!(artefacts.content(&hash).unwrap(), b"picture");
    assert_eq!(artefacts.held_by("local"), 7);
    drop(artefacts);
    let artefacts = place.open();
    assert_eq!(artefacts.page(&memory.page).unwrap().unwrap().baseline, memory.baseline);
    artefacts.forget(&memory.page).unwrap();
    assert!(artefacts.page(&memory.page).unwrap().is_none());
    assert_eq!(place.objects(), 0);
    // A picture that is not there cannot be remembered.
    assert!(matches!(artefacts.remember(&memory), Err(ArtefactError::Damaged { .. })));
}

#[test]
fn a_write_that_fails_leaves_no_reference_and_nothing_behind() {
    let place = Place::new();
    let artefacts = place.open();
    artefacts.put("run", Kind::Png, b"first").unwrap();
    // A folder where the file is to be fails it as a full disk does, whoever runs the test.
    let content = [7; 500];
    let hash = blake3::hash(&content).to_hex().to_string();
    fs::create_dir_all(place.object(&format!("{hash}/in the way"))).unwrap();
    let failed = artefacts.put("run", Kind::Png, &content).unwrap_err();
    assert!(failed.is_transient() && failed.to_string().starts_with("could not write `"), "{failed}");
    assert_eq!((artefacts.of_run("run").len(), place.objects()), (1, 2));
    fs::remove_dir_all(place.object(&hash)).unwrap();
    // The content can be written and the line that names it cannot.
    fs::create_dir(place.path().join("runs/other")).unwrap();
    assert!(artefacts.put("other", Kind::Png, &content).is_err());
    assert_eq!((artefacts.of_run("other").len(), place.objects()), (0, 1));
    fs::remove_dir(place.path().join("runs/other")).unwrap();
    artefacts.put("other", Kind::Png, &content).unwrap();
}

#[test]
fn a_folder_that_is_open_is_the_same_one_when_it_is_opened_again() {
    let place = Place::new();
    let (one, other) = (place.open(), place.open());
    let hash = one.put("run", Kind::Png, b"x").unwrap().hash;
    assert!(other.get("run", &hash).unwrap().is_some());
    let found = Artefacts::find(&place.0.path().join("runs.db")).unwrap().unwrap();
    assert_eq!(found.of_run("run").len(), 1);
    assert!(Artefacts::find(&place.0.path().join("none.db")).unwrap().is_none());
}

#[test]
fn a_temporary_folder_goes_with_its_last_clone() {
    let artefacts = Artefacts::temporary(LIMIT).unwrap();
    let path = artefacts.path().to_owned();
    let clone = artefacts.clone();
    drop(artefacts);
    clone.put("run", Kind::Png, b"x").unwrap();
    assert!(path.exists());
    drop(clone);
    assert!(!path.exists());
}
