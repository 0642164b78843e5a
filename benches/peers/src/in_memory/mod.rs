//! Graphs of tasks that nobody has to remember: each crate on the same graphs with the same task.

mod child;
mod peers;
mod rows;
mod table;

pub use child::{FLAG, main as child};
pub use rows::measure_all;
pub use table::markdown;
