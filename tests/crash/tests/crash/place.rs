//! One case: a folder with a store, a flow in it, and the commands that work on them.

use std::path::{Path, PathBuf};

use flowrun::{JournalLine, RunFilter, Store as _};
use flowrun_store::SqliteOptions;
use flowrun_testkit::canary::Canary;
use tempfile::TempDir;

use crate::case::{Shape, flow, pages};
use crate::child::{Child, Ended};
use crate::ledger::{Effect, Outside};

/// The value that no file may hold.
pub(crate) const SECRET: &str = "swordfish-8c1f";

/// A folder of its own for one case.
pub(crate) struct Place<'a> {
    folder: TempDir,
    pub(crate) case: String,
    pub(crate) shape: Shape,
    outside: &'a Outside,
    /// Runs whose start was acknowledged.
    pub(crate) acked: Vec<String>,
    /// How often a process was killed here.
    pub(crate) kills: u32,
    /// Somebody asked for the run to be deleted.
    pub(crate) may_be_gone: bool,
}

impl<'a> Place<'a> {
    /// A new case of this name, which no other case has.
    pub(crate) fn new(case: impl Into<String>, shape: Shape, outside: &'a Outside) -> Self {
        Self::inside(folder(), case, shape, outside)
    }

    /// A new case in this folder, which is empty.
    pub(crate) fn inside(
        folder: TempDir,
        case: impl Into<String>,
        shape: Shape,
        outside: &'a Outside,
    ) -> Self {
        let case = case.into();
        std::fs::write(folder.path().join("flow.json"), flow(shape, &case, outside)).expect("a file of ours");
        Self { folder, case, shape, outside, acked: Vec::new(), kills: 0, may_be_gone: false }
    }

    /// The file of the store.
    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("runs.db")
    }

    /// The file that says whose the store is.
    pub(crate) fn lock(&self) -> PathBuf {
        self.folder.path().join("runs.db-lock")
    }

    /// Starts the run.
    pub(crate) fn run(&self, vars: &[(&str, &str)]) -> Child {
        let (site, secret) = (self.outside.site(), format!("WORD={SECRET}"));
        let host = self.outside.host();
        let mut args = vec!["run", "flow.json", "--store", "runs.db", "--site", &site];
        args.extend(["--allow-host", &host, "--secret", &secret]);
        args.extend(pages(self.shape).iter().flat_map(|&page| ["--page", page]));
        self.start(&args, vars)
    }

    /// Goes on with every open run.
    pub(crate) fn resume(&self, vars: &[(&str, &str)]) -> Child {
        Child::start(self.folder.path(), &self.resuming(), vars)
    }

    /// The same, by a process whose files may not grow over so many times 512 bytes.
    pub(crate) fn resume_limited(&self, blocks: u32) -> Child {
        Child::start_limited(self.folder.path(), &self.resuming(), blocks)
    }

    fn resuming(&self) -> Vec<String> {
        let (secret, host) = (format!("WORD={SECRET}"), self.outside.host());
        let args = ["resume", "--store", "runs.db", "--allow-host", &host, "--secret", &secret];
        args.map(str::to_owned).to_vec()
    }

    /// Any command, in this folder.
    pub(crate) fn start(&self, args: &[&str], vars: &[(&str, &str)]) -> Child {
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        Child::start(self.folder.path(), &args, vars)
    }

    /// Kills a child, and keeps what it had acknowledged.
    pub(crate) async fn kill(&mut self, child: Child) -> Ended {
        let ended = child.kill().await;
        self.kills += u32::from(ended.code.is_none());
        self.heard(&ended);
        ended
    }

    /// Waits for the end of a child that nobody kills.
    pub(crate) async fn ended(&mut self, child: Child) -> Ended {
        let ended = child.ended().await;
        self.heard(&ended);
        ended
    }

    fn heard(&mut self, ended: &Ended) {
        let acks = ended
            .said
            .iter()
            .filter_map(|line| line.strip_prefix("run ")?.strip_suffix(" is kept in runs.db"));
        self.acked.extend(acks.map(str::to_owned));
    }

    /// What the ledger saw of this case.
    pub(crate) fn effects(&self) -> Vec<Effect> {
        self.outside.effects(&self.case)
    }

    /// The journal of the only run here.
    pub(crate) fn journal(&self) -> Vec<JournalLine> {
        let copy = self.copy();
        let store = SqliteOptions::new(copy.store()).create(false).open().expect("the copy is a store");
        let runs = store.runs(&RunFilter::default()).expect("the copy can be read");
        store.open(runs[0].id).expect("the copy can be read").0.lines
    }

    /// The same files in another folder, so that looking at them changes nothing here.
    pub(crate) fn copy(&self) -> Copied {
        let copy = folder();
        for file in files(self.folder.path()) {
            let name = file.file_name().expect("files have names");
            std::fs::copy(&file, copy.path().join(name)).expect("a file of ours");
        }
        Copied(copy)
    }
}

/// A copy of a case's files.
pub(crate) struct Copied(TempDir);

impl Copied {
    /// The file of the store, which may not be there.
    pub(crate) fn store(&self) -> PathBuf {
        self.0.path().join("runs.db")
    }

    /// How any file but the flow spells a secret.
    pub(crate) fn spellings_of(&self, secret: &str) -> Vec<&'static str> {
        let canary = Canary::of(secret);
        let read = |file: &PathBuf| std::fs::read(file).expect("a file of ours");
        files(self.0.path()).iter().flat_map(|file| canary.found_in(&read(file))).collect()
    }
}

/// A folder in memory where the system has such a place: a kill does not need a disk, only many kills do.
fn folder() -> TempDir {
    let shared = Path::new("/dev/shm");
    let folder = if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() };
    folder.expect("a folder for temporary files")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder of ours");
    entries.map(|entry| entry.expect("a folder of ours").path()).filter(|path| path.is_file()).collect()
}

#[test]
fn a_secret_in_a_file_is_found_however_it_is_spelled() {
    let copy = Copied(folder());
    assert_eq!(copy.spellings_of(SECRET), Vec::<&str>::new());
    for spelling in Canary::of(SECRET).spellings() {
        std::fs::write(copy.0.path().join("log"), format!("said: {}\n", spelling.text))
            .expect("a folder of ours");
        assert!(copy.spellings_of(SECRET).contains(&spelling.name), "{spelling:?}");
    }
}
