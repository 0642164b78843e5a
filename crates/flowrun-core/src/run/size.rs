//! How large reports are, and which are too large.

use std::io::{self, Write};

use serde::Serialize;

use super::RunPolicy;
use crate::model::{ObjectEntry, fit_line};
use crate::task::ObjectReport;

/// A report is larger than the policy of its run lets it be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReportSizeError {
    /// One object is.
    #[error("object `{id}` has more than {limit} bytes of {part} (`max_facts_bytes`)")]
    Object {
        /// Its id, cut and on one line.
        id: String,
        /// Facts, or what stands in its entry.
        part: &'static str,
        /// The limit.
        limit: usize,
    },
    /// All of it is.
    #[error(
        "a report of {objects} objects is larger than {limit} bytes (`max_report_bytes`): report fewer at a time"
    )]
    Report {
        /// How many objects it tells of.
        objects: usize,
        /// The limit.
        limit: usize,
    },
}

impl RunPolicy {
    /// The size of a report of objects in bytes, as JSON.
    ///
    /// # Errors
    ///
    /// [`ReportSizeError`] when the report, or one object in it, is too large. No more of it is looked at then.
    ///
    /// # Complexity
    ///
    /// Linear in the size of the report, and in the limit for one that is too large.
    pub fn size_of(&self, objects: &[ObjectReport]) -> Result<usize, ReportSizeError> {
        let mut size = 0;
        for ObjectReport { entry, facts } in objects {
            size += self.part_of(entry, "ids and other keys", entry)?;
            size += facts.as_ref().map_or(Ok(0), |facts| self.part_of(entry, "facts", facts))?;
            if size > self.max_report_bytes {
                return Err(ReportSizeError::Report { objects: objects.len(), limit: self.max_report_bytes });
            }
        }
        Ok(size)
    }

    fn part_of(
        &self,
        entry: &ObjectEntry,
        part: &'static str,
        value: &impl Serialize,
    ) -> Result<usize, ReportSizeError> {
        let limit = self.max_facts_bytes;
        json_size(value, limit).ok_or_else(|| {
            let id = entry.track_id.as_deref().or(entry.fact_id()).unwrap_or_default();
            ReportSizeError::Object { id: fit_line(id, 80).into_owned(), part, limit }
        })
    }
}

/// The size of a value as JSON; `None` when that is more than `most`.
pub(super) fn json_size(value: &impl Serialize, most: usize) -> Option<usize> {
    let mut room = Room(most);
    serde_json::to_writer(&mut room, value).ok()?;
    Some(most - room.0)
}

/// Takes so many bytes and keeps none.
struct Room(usize);

impl Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
