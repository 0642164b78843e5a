//! How browsers are run, whatever a page asks for.

use std::path::PathBuf;

use crate::{BrowserError, Installed, NotInstalledError};

/// Options of a [`BrowserPool`](crate::BrowserPool).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BrowserSettings {
    /// The browser's program. Default: none, so that it is looked for.
    pub executable: Option<PathBuf>,
    /// Folders in which a browser is looked for before those of `PATH`. Default: none.
    pub tool_folders: Vec<PathBuf>,
    /// Whether a browser may run without its sandbox, which it must when the user is root. Default: false. Pages
    /// are strangers' programs: without the sandbox, one that breaks out of the browser is that user.
    pub allow_unsandboxed: bool,
    /// Memory of one browser with all its processes, in bytes. Default: 512 MiB. With less than 300 MiB ordinary
    /// pages fail.
    pub memory_bytes: u64,
    /// What one page may load, in bytes, as they come over the network. Default: 100 MiB.
    pub network_bytes: u64,
    /// Browsers that run at once. Default: one per processor, fewer where the memory that is free at the start does
    /// not hold so many.
    pub browsers: usize,
    /// Where browsers keep their profiles. Default: a directory of this user in that for temporary files.
    pub profiles: PathBuf,
}

impl Default for BrowserSettings {
    fn default() -> Self {
        let memory_bytes = 512 << 20;
        let user = rustix::process::geteuid().as_raw();
        Self {
            executable: None,
            tool_folders: Vec::new(),
            allow_unsandboxed: false,
            memory_bytes,
            network_bytes: 100 << 20,
            browsers: crate::memory::browsers_that_fit(memory_bytes),
            profiles: std::env::temp_dir().join(format!("flowrun-browsers-{user}")),
        }
    }
}

impl BrowserSettings {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`executable`](Self::executable).
    #[must_use]
    pub fn executable(mut self, executable: impl Into<PathBuf>) -> Self {
        self.executable = Some(executable.into());
        self
    }

    /// Adds one of the [`tool_folders`](Self::tool_folders).
    #[must_use]
    pub fn tool_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.tool_folders.push(folder.into());
        self
    }

    /// Sets [`allow_unsandboxed`](Self::allow_unsandboxed).
    #[must_use]
    pub const fn allow_unsandboxed(mut self, allow: bool) -> Self {
        self.allow_unsandboxed = allow;
        self
    }

    /// Sets [`memory_bytes`](Self::memory_bytes).
    #[must_use]
    pub const fn memory_bytes(mut self, bytes: u64) -> Self {
        self.memory_bytes = bytes;
        self
    }

    /// Sets [`network_bytes`](Self::network_bytes).
    #[must_use]
    pub const fn network_bytes(mut self, bytes: u64) -> Self {
        self.network_bytes = bytes;
        self
    }

    /// Sets [`browsers`](Self::browsers); 0 counts as 1.
    #[must_use]
    pub fn browsers(mut self, browsers: usize) -> Self {
        self.browsers = browsers.max(1);
        self
    }

    /// Sets [`profiles`](Self::profiles).
    #[must_use]
    pub fn profiles(mut self, profiles: impl Into<PathBuf>) -> Self {
        self.profiles = profiles.into();
        self
    }

    /// The browser that pages are looked at with. Asked anew each time: one that is installed meanwhile is found.
    ///
    /// # Errors
    ///
    /// [`NotInstalledError`] when there is none.
    pub fn installed(&self) -> Result<Installed, NotInstalledError> {
        let search = std::env::var_os("PATH");
        Installed::find(self.executable.as_deref(), &self.tool_folders, search.as_deref())
    }

    /// The browser, if it may be started: root has to allow that it has no sandbox.
    ///
    /// # Errors
    ///
    /// [`BrowserError::NotInstalled`] or [`BrowserError::Root`].
    pub fn usable(&self) -> Result<Installed, BrowserError> {
        let installed = self.installed()?;
        match rustix::process::geteuid().is_root() && !self.allow_unsandboxed {
            true => Err(BrowserError::Root),
            false => Ok(installed),
        }
    }
}
