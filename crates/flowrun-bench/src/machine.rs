//! The machine a figure was taken on.

use std::fs::read_to_string;

use serde::Serialize;

/// What a reader has to know to set figures beside their own. What the system does not tell is empty.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Machine {
    /// Cores that this process may use.
    pub cores: usize,
    /// What the processor calls itself.
    pub cpu: String,
    /// Operating system and version of its kernel.
    pub kernel: String,
    /// The compiler, as it tells its version.
    pub rustc: &'static str,
    /// The version of flowrun.
    pub flowrun: &'static str,
    /// Whether the code is optimised. Figures that say `false` are worth nothing.
    pub is_optimised: bool,
    /// Processes that wanted to run in the last minute, on average: with more than there are cores, trust
    /// processor times and ratios only.
    pub load: Option<f64>,
}

impl Machine {
    /// This machine, now.
    #[must_use]
    pub fn here() -> Self {
        let release = read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let load = read_to_string("/proc/loadavg").ok();
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            cpu: cpu_model().unwrap_or_default(),
            kernel: format!("{} {}", std::env::consts::OS, release.trim()).trim().to_owned(),
            rustc: env!("FLOWRUN_BENCH_RUSTC"),
            flowrun: env!("CARGO_PKG_VERSION"),
            is_optimised: !cfg!(debug_assertions),
            load: load.and_then(|load| load.split(' ').next()?.parse().ok()),
        }
    }
}

fn cpu_model() -> Option<String> {
    let text = read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
