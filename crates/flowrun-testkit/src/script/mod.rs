//! Scripts, as in [`flowrun_sim::script`], and with the feature `engine` executors that follow them.

#[cfg(feature = "engine")]
mod executor;

#[cfg(feature = "engine")]
pub use executor::ScriptedExecutor;
pub use flowrun_sim::script::*;
