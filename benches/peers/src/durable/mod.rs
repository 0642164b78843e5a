//! Runs that survive: chains of steps that do nothing, kept in a file on the disk of the working directory.

mod floors;
mod flowrun;
mod peers;
mod rows;
mod table;

pub use flowrun::{FLAG, child};
pub use rows::measure_all;
pub use table::markdown;
