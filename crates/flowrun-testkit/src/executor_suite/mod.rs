//! What an engine relies on in an executor, as checks that an own executor passes with one call.
//!
//! Owns the checks and how an attempt is watched. It knows nothing of what executors do: whoever writes one
//! says with which data it works, and may show its effects.
//!
//! ```
//! use std::sync::Arc;
//! use flowrun::{Context, Facts, ObjectEntry, ObjectStatus, Outcome, Task, TaskExecutor, async_trait};
//! use flowrun_testkit::executor_suite::ExecutorSuite;
//! use serde_json::json;
//!
//! /// Counts the letters of each resource's address.
//! struct Count;
//!
//! #[async_trait]
//! impl TaskExecutor for Count {
//!     async fn execute(self: Arc<Self>, task: Task, context: Context) -> Outcome {
//!         let id = |number: usize| format!("count-{}-{number}", task.node());
//!         for (number, resource) in task.resources().iter().enumerate() {
//!             context.report_object(ObjectEntry::new(&resource.id, &id(number)), None);
//!         }
//!         for (number, resource) in task.resources().iter().enumerate() {
//!             let entry = ObjectEntry::new(&resource.id, &id(number)).with_status(ObjectStatus::Passed);
//!             context.report_object(entry, Some(Facts::new(json!({"type": "count", "letters": resource.url.len()}))));
//!         }
//!         Outcome::done()
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! ExecutorSuite::new("count", || Count).run().await.assert();
//! # }
//! ```

mod attempt;
mod checks;
mod found;
mod setup;
mod verdict;

pub use setup::ExecutorSuite;
pub use verdict::{Check, ExecutorVerdict, Verdict};
