//! The folder as a whole: keeping, finding, counting, forgetting.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::folder::{self, Folder};
use crate::runs::RunRefs;
use crate::{ArtefactError, PageKey, PageMemory};

/// Whose runs are that nobody owns: those of the command line.
const NOBODY: &str = "local";

/// The artefacts of a store. Clones speak of the same folder.
///
/// Its methods wait for the disk: call them where that is no harm.
#[derive(Clone)]
pub struct Artefacts {
    inner: Arc<Inner>,
}

/// Something that is kept, as the facts of a run refer to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artefact {
    /// The BLAKE3 hash of its content, in hexadecimal.
    pub hash: String,
    /// What it is.
    pub kind: Kind,
    /// Its size.
    pub bytes: u64,
}

/// What an artefact is. It is given by who keeps it and never guessed from the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Kind {
    /// A picture.
    Png,
    /// A document of a stranger, to be read and not to be opened.
    Html,
}

type Owners = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

struct Inner {
    path: PathBuf,
    objects: Folder,
    runs: Folder,
    pages: Folder,
    limit: u64,
    owners: OnceLock<Owners>,
    state: Mutex<State>,
    /// Removes the folder in the end, if it is temporary.
    _temporary: Option<TempDir>,
}

/// What stands in the folder.
#[derive(Default)]
struct State {
    runs: BTreeMap<String, RunRefs>,
    /// Whose page it is and what its memory names, by file.
    pages: BTreeMap<String, (String, BTreeSet<String>)>,
}

/// Where the artefacts of a store are: beside its file, with `-artefacts` behind its name.
#[must_use]
pub fn beside(store: &Path) -> PathBuf {
    let mut name: OsString = store.as_os_str().to_owned();
    name.push("-artefacts");
    name.into()
}

impl Artefacts {
    /// What an account may keep, in bytes, if nothing else is said: 1 GiB.
    pub const LIMIT: u64 = 1 << 30;

    /// Opens the folder at `path`, which is made when there is none, and deletes what nothing names. Every account may keep
    /// `limit` bytes. A folder that is open in this process already is the same one, with the limit it has.
    ///
    /// # Errors
    ///
    /// When the folder cannot be used: it, or one in it, is a link, or the system says no.
    pub fn open(path: impl AsRef<Path>, limit: u64) -> Result<Self, ArtefactError> {
        // Two that do not know of each other would delete what the other one names.
        static OPEN: Mutex<Vec<Weak<Inner>>> = Mutex::new(Vec::new());
        let path = std::path::absolute(path.as_ref()).unwrap_or_else(|_| path.as_ref().to_owned());
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|inner| inner.strong_count() > 0);
        if let Some(inner) = open.iter().filter_map(Weak::upgrade).find(|inner| inner.path == path) {
            return Ok(Self { inner });
        }
        let opened = Self::open_in(&path, limit, None)?;
        open.push(Arc::downgrade(&opened.inner));
        Ok(opened)
    }

    /// The artefacts of the store at this path, if there are any.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn find(store: &Path) -> Result<Option<Self>, ArtefactError> {
        let path = beside(store);
        // A link is there too: opening it says what is wrong with it.
        let is_there = path.symlink_metadata().is_ok();
        is_there.then(|| Self::open(path, Self::LIMIT)).transpose()
    }

    /// A folder that is removed when the last clone goes.
    ///
    /// # Errors
    ///
    /// When the system has no room for it.
    pub fn temporary(limit: u64) -> Result<Self, ArtefactError> {
        let failed =
            |source| ArtefactError::Io { action: "make a folder in", path: std::env::temp_dir(), source };
        let folder = tempfile::Builder::new().prefix("flowrun-artefacts-").tempdir().map_err(failed)?;
        Self::open_in(&folder.path().join("artefacts"), limit, Some(folder))
    }

    fn open_in(path: &Path, limit: u64, temporary: Option<TempDir>) -> Result<Self, ArtefactError> {
        folder::make(path)?;
        Folder::open(path)?;
        let open = |name: &str| Folder::open(&path.join(name));
        let inner = Inner {
            path: path.to_owned(),
            objects: open("objects")?,
            runs: open("runs")?,
            pages: open("pages")?,
            limit,
            owners: OnceLock::new(),
            state: Mutex::default(),
            _temporary: temporary,
        };
        inner.load()?;
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Says whose a run is. Without it, and for runs it does not know, they belong to `local`. The first call counts.
    pub fn owned_by(&self, owner: impl Fn(&str) -> Option<String> + Send + Sync + 'static) {
        let _ = self.inner.owners.set(Box::new(owner));
    }

    /// Whose a run is.
    #[must_use]
    pub fn owner(&self, run: &str) -> String {
        let asked = self.inner.owners.get().and_then(|owners| owners(run));
        asked.unwrap_or_else(|| NOBODY.to_owned())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Keeps a content for a run. What is there already takes no more room.
    ///
    /// # Errors
    ///
    /// [`ArtefactError::Full`] when the account has no room for it; otherwise what the system says. Nothing refers to it then.
    pub fn put(&self, run: &str, kind: Kind, content: &[u8]) -> Result<Artefact, ArtefactError> {
        check_run(run)?;
        let hash = blake3::hash(content).to_hex().to_string();
        let artefact = Artefact { hash, kind, bytes: content.len() as u64 };
        let inner = &*self.inner;
        let mut state = inner.state();
        if state.runs.get(run).is_some_and(|refs| refs.named.contains_key(&artefact.hash)) {
            return Ok(artefact);
        }
        let owner = match state.runs.get(run) {
            Some(refs) => refs.owner.clone(),
            None => self.owner(run),
        };
        let held = state.held_by(&owner);
        if !held.contains(&artefact.hash) {
            let held: u64 = held.iter().filter_map(|hash| inner.objects.size(hash)).sum();
            let wanted = held + artefact.bytes;
            if wanted > inner.limit {
                return Err(ArtefactError::Full { owner, wanted, limit: inner.limit });
            }
        }
        if inner.objects.size(&artefact.hash) != Some(artefact.bytes) {
            inner.objects.write(&artefact.hash, content)?;
        }
        // From here on the content is on the disk, so it may be named.
        let mut line = if state.runs.contains_key(run) { String::new() } else { RunRefs::head(&owner) };
        line.push_str(&RunRefs::line(&artefact));
        if let Err(error) = inner.runs.append(run, line.as_bytes()) {
            inner.drop_unnamed(&state, [artefact.hash].into_iter())?;
            return Err(error);
        }
        let refs =
            state.runs.entry(run.to_owned()).or_insert_with(|| RunRefs { owner, ..RunRefs::default() });
        refs.named.insert(artefact.hash.clone(), artefact.clone());
        Ok(artefact)
    }

    /// A content that a run names; `None` when it names no such.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is not what it was.
    pub fn get(&self, run: &str, hash: &str) -> Result<Option<(Kind, Vec<u8>)>, ArtefactError> {
        let kind = self.inner.state().runs.get(run).and_then(|refs| Some(refs.named.get(hash)?.kind));
        let Some(kind) = kind else { return Ok(None) };
        self.inner.content(hash).map(|content| Some((kind, content)))
    }

    /// Everything a run names.
    #[must_use]
    pub fn of_run(&self, run: &str) -> Vec<Artefact> {
        let state = self.inner.state();
        state.runs.get(run).map(|refs| refs.named.values().cloned().collect()).unwrap_or_default()
    }

    /// The bytes an account keeps, each content once.
    #[must_use]
    pub fn held_by(&self, owner: &str) -> u64 {
        let state = self.inner.state();
        state.held_by(owner).iter().filter_map(|hash| self.inner.objects.size(hash)).sum()
    }

    /// Forgets what a run names. Contents that nothing else names are deleted.
    ///
    /// # Errors
    ///
    /// What the system says. Contents that are left then go when the folder is opened next.
    pub fn remove_run(&self, run: &str) -> Result<(), ArtefactError> {
        check_run(run)?;
        let mut state = self.inner.state();
        self.inner.runs.remove(run)?;
        if let Some(refs) = state.runs.remove(run) {
            self.inner.drop_unnamed(&state, refs.named.into_keys())?;
        }
        Ok(())
    }

    /// Forgets what runs name that are no longer there.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn retain_runs(&self, is_there: impl Fn(&str) -> bool) -> Result<(), ArtefactError> {
        let runs: Vec<String> = self.inner.state().runs.keys().cloned().collect();
        runs.iter().filter(|run| !is_there(run)).try_for_each(|run| self.remove_run(run))
    }

    /// What is remembered of a page.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn page(&self, key: &PageKey) -> Result<Option<PageMemory>, ArtefactError> {
        let Some(text) = self.inner.pages.read(&key.file())? else { return Ok(None) };
        let read = serde_json::from_slice(&text);
        read.map(Some).map_err(|source| ArtefactError::Memory { page: key.url.clone(), source })
    }

    /// Every page that is remembered.
    ///
    /// # Errors
    ///
    /// When one cannot be read.
    pub fn pages(&self) -> Result<Vec<PageMemory>, ArtefactError> {
        let names: Vec<String> = self.inner.state().pages.keys().cloned().collect();
        let read = |name: &String| {
            let text = self.inner.pages.read(name)?.unwrap_or_default();
            serde_json::from_slice(&text)
                .map_err(|source| ArtefactError::Memory { page: name.clone(), source })
        };
        names.iter().map(read).collect()
    }

    /// Remembers a page. The pictures it names have to be kept for a run at this moment.
    ///
    /// # Errors
    ///
    /// [`ArtefactError::Damaged`] when a picture is not there; otherwise what the system says.
    pub fn remember(&self, memory: &PageMemory) -> Result<(), ArtefactError> {
        let mut state = self.inner.state();
        if let Some(hash) = memory.named().find(|hash| self.inner.objects.size(hash).is_none()) {
            return Err(ArtefactError::Damaged { hash: hash.clone() });
        }
        let file = memory.page.file();
        let text = serde_json::to_vec(memory)
            .map_err(|source| ArtefactError::Memory { page: memory.page.url.clone(), source })?;
        self.inner.pages.write(&file, &text)?;
        let named = memory.named().cloned().collect();
        let before = state.pages.insert(file, (memory.page.owner.clone(), named));
        self.inner.drop_unnamed(&state, before.into_iter().flat_map(|(_, named)| named))
    }

    /// Forgets a page.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn forget(&self, key: &PageKey) -> Result<(), ArtefactError> {
        let mut state = self.inner.state();
        self.inner.pages.remove(&key.file())?;
        let before = state.pages.remove(&key.file());
        self.inner.drop_unnamed(&state, before.into_iter().flat_map(|(_, named)| named))
    }

    /// A picture that a page's memory names.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is not what it was.
    pub fn content(&self, hash: &str) -> Result<Vec<u8>, ArtefactError> {
        self.inner.content(hash)
    }

    /// Reads everything, and says what is wrong: contents that are damaged, and references to such as are missing.
    ///
    /// # Errors
    ///
    /// When the folder cannot be listed.
    pub fn verify(&self) -> Result<Vec<String>, ArtefactError> {
        let state = self.inner.state();
        let mut problems = Vec::new();
        for hash in state.all() {
            match self.inner.content(hash) {
                Ok(_) => {}
                Err(error) => problems.push(match std::error::Error::source(&error) {
                    Some(source) => format!("{error}: {source}"),
                    None => error.to_string(),
                }),
            }
        }
        Ok(problems)
    }

    /// Copies the folder to another place, where a copy of the store is.
    ///
    /// # Errors
    ///
    /// What the system says. Contents are copied before what names them, so a copy that was cut short names nothing that it
    /// lacks.
    pub fn backup(&self, path: impl AsRef<Path>) -> Result<(), ArtefactError> {
        // Nothing changes meanwhile.
        let state = self.inner.state();
        let path = path.as_ref();
        folder::make(path)?;
        Folder::open(path)?;
        let to = |name: &str| Folder::open(&path.join(name));
        let Inner { objects, runs, pages, .. } = &*self.inner;
        objects.copy_to(state.all(), &to("objects")?)?;
        runs.copy_to(state.runs.keys(), &to("runs")?)?;
        pages.copy_to(state.pages.keys(), &to("pages")?)
    }
}

impl fmt::Debug for Artefacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Artefacts").field("path", &self.inner.path).finish_non_exhaustive()
    }
}

impl Kind {
    /// Its name in facts and files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Html => "html",
        }
    }

    pub(crate) fn of_name(name: &str) -> Option<Self> {
        [Self::Png, Self::Html].into_iter().find(|kind| kind.name() == name)
    }

    /// The content type it is served with.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Html => "text/html; charset=utf-8",
        }
    }
}

impl State {
    /// Every content that something names.
    fn all(&self) -> BTreeSet<&String> {
        let of_runs = self.runs.values().flat_map(|refs| refs.named.keys());
        of_runs.chain(self.pages.values().flat_map(|(_, named)| named)).collect()
    }

    fn held_by(&self, owner: &str) -> BTreeSet<&String> {
        let of_runs =
            self.runs.values().filter(|refs| refs.owner == owner).flat_map(|refs| refs.named.keys());
        let of_pages = self.pages.values().filter(|page| page.0 == owner).flat_map(|page| &page.1);
        of_runs.chain(of_pages).collect()
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is whole before the lock is let go.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads who names what, and deletes what nobody does.
    fn load(&self) -> Result<(), ArtefactError> {
        let mut state = self.state();
        for run in self.runs.names()? {
            let text = self.runs.read(&run)?.unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            if !text.is_empty() && !text.ends_with('\n') {
                // A line that was cut off: without it, the next one would become a part of it.
                let whole = text.rfind('\n').map_or(0, |end| end + 1);
                self.runs.write(&run, &text.as_bytes()[..whole])?;
            }
            state.runs.insert(run, RunRefs::read(&text));
        }
        for file in self.pages.names()? {
            let text = self.pages.read(&file)?.unwrap_or_default();
            // One that cannot be read is told of when its page is asked for.
            let Ok(memory) = serde_json::from_slice::<PageMemory>(&text) else { continue };
            let named = memory.named().cloned().collect();
            state.pages.insert(file, (memory.page.owner, named));
        }
        let named = state.all();
        let there = self.objects.names()?;
        there.iter().filter(|hash| !named.contains(hash)).try_for_each(|hash| self.objects.remove(hash))
    }

    fn drop_unnamed(&self, state: &State, hashes: impl Iterator<Item = String>) -> Result<(), ArtefactError> {
        let named = state.all();
        hashes.filter(|hash| !named.contains(hash)).try_for_each(|hash| self.objects.remove(&hash))
    }

    fn content(&self, hash: &str) -> Result<Vec<u8>, ArtefactError> {
        let damaged = || ArtefactError::Damaged { hash: hash.to_owned() };
        check_run(hash).map_err(|_| damaged())?;
        let content = self.objects.read(hash)?.ok_or_else(damaged)?;
        if blake3::hash(&content).to_hex().as_str() == hash { Ok(content) } else { Err(damaged()) }
    }
}

/// Names of files are made of ids and hashes alone: letters, digits and dashes.
fn check_run(run: &str) -> Result<(), ArtefactError> {
    let fits = (1..=64).contains(&run.len())
        && run.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !run.starts_with('-');
    if fits { Ok(()) } else { Err(ArtefactError::RunId(run.to_owned())) }
}
