//! Chromium for scans: a page rendered, its console read, its picture taken.
//!
//! A [`BrowserPool`] starts browsers, as many at once as fit the machine, and hands each page one that nobody else
//! uses meanwhile. Everything a page asks for goes through a proxy of our own, which asks the
//! [`Guard`](flowrun_guard::Guard): no page reaches an address that the guard refuses. A browser that hangs, takes too
//! much memory or belongs to a process that was killed is ended with all it started.
//!
//! The three types that matter: [`BrowserPool`], [`PageRequest`] and the [`PageVisit`] it becomes.
//!
//! It knows nothing of flows, judges no page and compares no pictures. It runs on Linux alone.
//!
//! ```no_run
//! use flowrun_browser::{BrowserPool, BrowserSettings, PageRequest};
//! use flowrun_guard::Guard;
//!
//! # async fn look() -> Result<(), Box<dyn std::error::Error>> {
//! let pool = BrowserPool::new(&Guard::builder().build()?, BrowserSettings::new());
//! let session = pool.session();
//! let visit = session.visit(&PageRequest::new("https://example.com/").screenshot(true)).await?;
//! assert_eq!(visit.status, 200);
//! println!("{} bytes of HTML, {} lines in the console", visit.html.len(), visit.logs.entries.len());
//! # Ok(())
//! # }
//! ```

#[cfg(not(target_os = "linux"))]
compile_error!(
    "flowrun-browser runs on Linux alone: elsewhere nothing ends a browser with the process that started it"
);

mod attendant;
mod browser;
mod connection;
mod device;
mod error;
mod installed;
mod launch;
mod logs;
mod memory;
mod picture;
mod pool;
mod process;
mod profile;
mod proxy;
mod request;
mod settings;
mod visit;

pub use device::{Device, NotADeviceError};
pub use error::BrowserError;
pub use installed::{INSTALL, Installed, NotInstalledError};
pub use logs::{LogEntry, LogLevel, Logs};
pub use picture::Screenshot;
pub use pool::{BrowserPool, BrowserSession};
pub use request::PageRequest;
pub use settings::BrowserSettings;
pub use visit::PageVisit;
