//! Suites of cases: flows, scripts, and how they are expected to end.
//!
//! Owns the format of a case, running a folder of them, what they reach of their flows, and the reports for
//! people and machines.
//!
//! A suite is a folder. Each file in it named `….case.toml` or `….case.json` is a case:
//!
//! ```toml
//! flow = "nightly.json"           # beside the case, or a path from there
//! script_file = "down.toml"       # a script of its own file …
//! script.nodes.1.end = "failed"   # … or one that stands here; neither lets everything pass
//!
//! [expect]
//! status = "failed"               # of the run
//! nodes = { 1 = "failed", 2 = "queued" }  # of those nodes that matter
//! ```
//!
//! A case is known by its file's name without `.case.toml`.

mod case;
mod coverage;
mod junit;
mod run;

pub use case::{Case, CaseError, Expect};
pub use coverage::{Coverage, Reached};
pub use run::{CaseReport, Suite, SuiteReport};
