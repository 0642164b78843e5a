//! Disks that fail, for stores in SQLite files.
//!
//! A [`Disk`] holds files in memory behind an SQLite VFS of its own: what runs on it is the SQLite of
//! production, down to the calls it makes of an operating system. It can refuse an operation by its number
//! ([`Fault`]), and it writes down what was done to it, so that [`Recording::cut`] can tell what a power cut at
//! any moment would have left: what was synced, and of the rest whatever chance keeps, loses or tears.

mod disk;
mod power;
#[allow(unsafe_code, reason = "a VFS is a table of C functions; this is the only place for them")]
mod vfs;

pub use disk::{Disk, Fault, Image};
pub use power::Recording;
