//! A simulator that makes everything go wrong: stories that follow from a seed, of a flow, executors that
//! misbehave, a disk that fails, processes that die, and people who interfere.
//!
//! Owns what is around a run: the clock, the disk, executors and people. It decides nothing about the run.
//!
//! | Part | Here |
//! | --- | --- |
//! | [`Run`](flowrun_core::Run), [`Plan`](flowrun_core::Plan), records and their text | the real ones |
//! | [`Store`](flowrun_store::Store), [`Journal`](flowrun_store::Journal), [`Commit`](flowrun_store::Commit) | the real traits; lines stand in a real [`MemoryStore`](flowrun_store::MemoryStore), behind a disk that takes its time and fails |
//! | the driver | a simulated one, because nobody can step the one on tokio: it decides, commits and performs in the same order, goes on while writes are under way, and hears of things in any order that could be |
//! | clock, executors, slots, people | simulated; no time passes and nothing is sent |
//!
//! After every decision the run is compared with a model of its own that shares no code with it. What must hold
//! besides:
//!
//! - a run ends, or waits for somebody whom it shows;
//! - what was acknowledged survives every crash, and a decision is on the disk whole or not at all;
//! - a journal leads to the run that wrote it;
//! - no executor is called before its start is on the disk, and none twice for the same attempt;
//! - a node that is done does not start again in its visit, and all attempts of a visit have the same
//!   idempotency keys;
//! - no attempt starts before its time, no retry follows at once, and no more attempts work at once than may;
//! - a deadline ends what hangs, the time in which nobody ran counts, and that in which a person was waited for does not;
//! - no wait is longer than its longest, whatever the clock did;
//! - who says more than a run takes fails with a line that says so, and a journal holds none of it;
//! - a decision that the disk refuses for its size leaves no trace, and the run goes on from the one before it;
//! - what may repeat an effect is marked, and so is what passed only after it had failed.
//!
//! The seed is split: the flow, its limits, executors, the disk, crashes, people and the order of what is ready
//! draw from streams of their own. What goes wrong stands in a list that is drawn before anything happens, so a
//! [`Finding`] is made shorter by leaving entries out, and the rest stays what it was. It names the command that
//! repeats it. Mistakes that are made on purpose, each a [`Sabotage`], show that they would be found.
//!
//! The same seed gives the same journal, byte for byte, as long as neither core nor this module changes.
//!
//! ```
//! use flowrun_testkit::chaos::{Case, Hunt, Sabotage};
//!
//! let hunt = Hunt::over(0..20, None);
//! assert!(hunt.finding.is_none(), "{}", hunt.finding.unwrap());
//! assert!(hunt.tally.of("crashes") > 0);
//!
//! let found = Hunt::over(0..20, Some(Sabotage::LosesNewest)).finding.expect("a disk must not forget");
//! assert_eq!(found.broken.promise, "what is acknowledged is never lost");
//! assert!(found.to_string().ends_with(&found.case.command()));
//! assert!(found.case.play().is_err());
//! # assert!(Case::new(found.case.seed()).play().is_ok());
//! ```

mod case;
mod conduct;
mod disk;
mod drawing;
mod driver;
mod finding;
mod hunt;
mod memory;
mod mischief;
mod model;
mod process;
mod sabotage;
mod slots;
mod story;
mod streams;
mod tally;
mod told;
mod turns;
mod witness;

pub use case::{Case, Played};
pub use finding::{Broken, Finding};
pub use hunt::Hunt;
pub use mischief::{Call, DiskFault, Mischief, Misdeed};
pub use sabotage::{ParseSabotageError, Sabotage};
pub use tally::Tally;
