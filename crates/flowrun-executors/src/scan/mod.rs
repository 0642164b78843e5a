//! `scan`: what can be learned of a page.
//!
//! There are two engines, and facts say which one looked, as scores of different engines cannot be compared. The
//! engine `http` sees the page as it was served; what scripts would make of it, it does not. The engine `chromium`
//! (feature `browser`, and a browser on the machine) renders the page, reads its console and takes its picture; what
//! the server says with the page is still asked by a plain fetch. Components whose tool is missing fail or are
//! skipped, as [`MissingTool`] says; neither is ever scored.
//!
//! It decides nothing about the run: pages fail one by one, and the entries decide about the node.

mod analysis;
mod audit;
mod basic;
#[cfg(feature = "browser")]
mod browse;
#[cfg(not(feature = "browser"))]
#[path = "no_browser.rs"]
mod browse;
mod charset;
mod component;
mod configs;
mod discover;
mod document;
mod executor;
mod facts;
mod fetch;
#[cfg(feature = "browser")]
mod fonts;
#[cfg(test)]
mod growth;
mod keep;
mod links;
mod pace;
mod page;
mod parse;
mod references;
mod refresh;
mod script;
mod security;
mod settings;
mod srcset;
mod watch;

pub use component::{Component, MissingTool, ParseMissingToolError};
pub use discover::{Discovered, Discovery, DiscoveryError, PageSource, PageSourceError, PathPattern};
pub use executor::ScanExecutor;
pub use settings::ScanSettings;
