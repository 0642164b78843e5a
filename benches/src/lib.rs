//! The gate, and what measures with criterion or as a table. What is measured, and how, is `flowrun-bench`.

pub mod check;
pub mod load;

pub use flowrun_bench::*;
