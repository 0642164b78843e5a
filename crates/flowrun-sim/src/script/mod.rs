//! Scripts: what the executors of a run do, written down instead of done.
//!
//! Owns the format, and what an attempt does by it. It knows nothing of time passing: [`sim`](crate::sim) plays
//! scripts in virtual time, and `flowrun-testkit` in an engine.
//!
//! A script is JSON or TOML with the same keys. Everything has a default: an empty script lets every node pass
//! at once, with the objects its task type typically yields.
//!
//! ```toml
//! seed = 7                          # decides what is `flaky`; default 0
//!
//! [run]                             # all optional
//! own_types = { audit = "producer" } # task types beside the documented ones: producer, receiver, converter
//! configs = { end_on_fail = false } # the run's configs
//! site = "https://example.com"
//! pages = ["https://example.com/a"] # default: the site's address
//! max_attempts = 3                  # attempts in all, default 1
//! first_wait = "1s"                 # before the second attempt, then doubling; default 1s
//! attempt_timeout = "5m"            # default: none
//! run_timeout = "60d"               # default: none
//! cancel_after = "10s"              # default: nobody cancels
//!
//! [default]                         # nodes that nothing below speaks of
//! after = "250ms"
//!
//! [types.scan]                      # every node of a task type
//! after = "2s"                      # how long an attempt takes, default 0s
//! log = ["scanning"]                # lines, as it begins
//! objects = [                       # default: typical ones, that end as the attempt does
//!     { status = "passed", facts = { score = 40 } },
//!     { status = "failed", count = 3 },
//! ]
//!
//! [nodes."4"]                       # one node
//! end = "failed"                    # done (default), passed, failed, panic, hang
//! class = "permanent"               # of `failed`: transient (default), permanent, unknown, …
//! message = "no route to host"      # of `failed` and `panic`
//! flaky = 0.25                      # chance that an attempt fails as transient instead
//! deaf = true                       # does not listen when it is told to stop
//! attempts = [{ end = "panic" }]    # the first attempts do this instead, one after another
//! ```
//!
//! What is written about a node counts for it alone, else what is written about its type, else the default:
//! the closest one as a whole, no mixture. A duration has its units with it: `250ms`, `2s`, `5m`, `1h 30m`,
//! `30d`.
//!
//! Objects of nodes that start afresh are made as listed. A node that is handed objects ends them as listed,
//! the last entry of the list going for all that follow; what is listed beyond them is added. `facts` are laid
//! over the typical ones of the task type, member by member, unless they name a `type` of their own: then they
//! are all there is.
//!
//! ```
//! use flowrun_sim::script::Script;
//!
//! let script = Script::parse(r#"{"nodes": {"4": {"end": "failed", "after": "2s"}}}"#)?;
//! assert_eq!(script, Script::parse("[nodes.4]\nend = 'failed'\nafter = '2s'")?);
//! let error = Script::parse("[nodes.4]\nafter = 'soon'").unwrap_err();
//! assert_eq!((error.line, error.column), (2, 9));
//! # Ok::<(), flowrun_sim::script::ScriptError>(())
//! ```

mod act;
mod duration;
mod error;
mod format;
mod run;
mod typical;

pub use act::{Act, ActEnd};
pub use error::{ScriptError, UnknownNameError};
pub(crate) use format::parse;
pub use format::{Behaviour, End, RunSettings, Script, ScriptObject};
pub(crate) use typical::Typical;
