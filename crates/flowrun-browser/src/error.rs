//! Why a page could not be looked at.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use flowrun_guard::GuardError;
use thiserror::Error;

use crate::NotInstalledError;
use crate::connection::CallError;

/// Why a page could not be looked at. [`is_transient`](Self::is_transient) tells whether another try may help.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BrowserError {
    /// There is no browser.
    #[error(transparent)]
    NotInstalled(#[from] NotInstalledError),
    /// The user is root, for whom browsers have no sandbox.
    #[error("a browser that runs as root has no sandbox, and `allow_unsandboxed` is not set")]
    Root,
    /// The browser could not be started.
    #[error("could not start the browser `{}`", path.display())]
    Start {
        /// Its program.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The browser ended as soon as it was started.
    #[error("the browser `{}` ended at once{}", path.display(), match said.as_str() {
        "" => String::new(),
        said => format!(": {said}"),
    })]
    EndedAtOnce {
        /// Its program.
        path: PathBuf,
        /// The end of what it wrote.
        said: String,
    },
    /// The directory for profiles cannot be used.
    #[error("could not make a directory for browsers in `{}`", path.display())]
    Profile {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The proxy of the browser could not be opened.
    #[error("could not open the proxy of the browser")]
    Proxy {
        /// What the system says.
        source: io::Error,
    },
    /// The browser ended while it was at work.
    #[error("the browser died")]
    Died,
    /// The process that showed the page ended; the browser itself did not.
    #[error("the page crashed")]
    Crashed,
    /// The time of the request was over.
    #[error("it took longer than {} s", limit.as_secs_f64())]
    TimedOut {
        /// The time there was.
        limit: Duration,
    },
    /// The guard did not let the page be reached, or found that it cannot be.
    #[error("{}", .0.explained())]
    Unreachable(Arc<GuardError>),
    /// The browser could not go to the page.
    #[error("the browser could not open the page: {0}")]
    Navigation(String),
    /// The page answers with a status that is no success.
    #[error("the page answers {0}")]
    Status(u16),
    /// The address is that of a file to be saved.
    #[error("it is a download, not a page")]
    Download,
    /// The document is larger than the request allows.
    #[error("the page is larger than {0} bytes")]
    DocumentTooLarge(usize),
    /// The picture, or something else the browser has to say, is larger than anything that is read.
    #[error("what the browser has to say of the page is too large")]
    AnswerTooLarge,
    /// The browser took more memory than it may.
    #[error("the browser took more than {0} bytes of memory")]
    TooMuchMemory(u64),
    /// The page loaded more than it may.
    #[error("the page loads more than {0} bytes")]
    TooMuchTraffic(u64),
    /// The browser did not do as it was told.
    #[error("{what}")]
    Protocol {
        /// What went wrong.
        what: String,
    },
}

/// Ways in which a connection breaks that need not break again, in the words of browsers.
const PASSING: [&str; 5] =
    ["ERR_CONNECTION_", "ERR_EMPTY_RESPONSE", "ERR_NETWORK_CHANGED", "ERR_TIMED_OUT", "ERR_HTTP2_"];

impl BrowserError {
    /// Whether the same page may succeed later, everything else being as it is.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Died | Self::Crashed | Self::TimedOut { .. } => true,
            Self::Unreachable(error) => error.is_transient(),
            // As for any request: too slow, too early, too many, and what a server cannot do now.
            Self::Status(status) => matches!(status, 408 | 425 | 429 | 500 | 502..=504 | 506..=599),
            Self::Navigation(why) => PASSING.iter().any(|passing| why.contains(passing)),
            Self::NotInstalled(_)
            | Self::Root
            | Self::Start { .. }
            | Self::EndedAtOnce { .. }
            | Self::Profile { .. }
            | Self::Proxy { .. }
            | Self::Download
            | Self::DocumentTooLarge(_)
            | Self::AnswerTooLarge
            | Self::TooMuchMemory(_)
            | Self::TooMuchTraffic(_)
            | Self::Protocol { .. } => false,
        }
    }

    /// What to do about it, where there is something.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Root => Some(
                "run as another user, or set `allow_unsandboxed` where the pages are your own".to_owned(),
            ),
            Self::EndedAtOnce { said, .. } if said.contains("sandbox") => Some(
                "allow user namespaces on this machine, or set `allow_unsandboxed` where the pages are your own"
                    .to_owned(),
            ),
            Self::Unreachable(error) => error.help(),
            _ => None,
        }
    }

    /// Whether it says something of the browser and nothing of the page, so that a fresh one should try.
    pub(crate) const fn is_of_the_browser(&self) -> bool {
        matches!(self, Self::Died | Self::Crashed)
    }
}

impl From<CallError> for BrowserError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Closed => Self::Died,
            CallError::TooLarge => Self::AnswerTooLarge,
            CallError::Refused { .. } | CallError::Malformed { .. } => {
                Self::Protocol { what: error.to_string() }
            }
        }
    }
}
