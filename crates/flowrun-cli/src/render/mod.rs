//! What people see: drawn findings, graphs, tables. All of it is text made from data; who prints it is not
//! known here.

mod columns;
mod draw;
mod graph;
mod page;
mod plain;
mod reasons;
mod runs;
mod skipped;
mod table;

pub(crate) use draw::{Look, draw};
pub(crate) use graph::{dot, mermaid};
pub(crate) use page::page;
pub(crate) use plain::{is_harmless, plain, plain_line, plain_lines, plain_up_to};
pub(crate) use reasons::Reasons;
pub(crate) use runs::runs;
pub(crate) use table::{table, table_of};
