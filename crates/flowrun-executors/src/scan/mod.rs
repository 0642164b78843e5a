//! `scan`: what can be learned of a page without a browser.
//!
//! The engine is called `http` and says so in its facts, as scores of different engines cannot be compared. It
//! sees the page as it was served; what scripts would make of it, it does not. Components that need a browser
//! or another tool fail or are skipped, as [`MissingTool`] says; neither is ever scored.
//!
//! It decides nothing about the run: pages fail one by one, and the entries decide about the node.

mod analysis;
mod audit;
mod basic;
mod charset;
mod component;
mod document;
mod executor;
mod facts;
mod fetch;
#[cfg(test)]
mod growth;
mod links;
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
pub use executor::ScanExecutor;
pub use settings::ScanSettings;
