//! Reading what an attempt reported.

use flowrun::{ObjectReport, ObjectStatus, Report};

use super::attempt::Ran;

impl Ran {
    /// Every report about an object, in order.
    pub(super) fn objects(&self) -> impl Iterator<Item = &ObjectReport> {
        self.reports.iter().flat_map(|report| match report {
            Report::Objects(objects) => objects.as_slice(),
            Report::Log(_) => &[],
        })
    }

    /// The log lines.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        self.reports.iter().filter_map(|report| match report {
            Report::Log(line) => Some(line.as_str()),
            Report::Objects(_) => None,
        })
    }

    /// The objects in the order of their first report.
    pub(super) fn ids(&self) -> Vec<String> {
        let mut ids = Vec::new();
        for object in self.objects() {
            let id = id(object);
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids
    }

    /// The last status of an object.
    pub(super) fn last_status(&self, of: &str) -> Option<ObjectStatus> {
        self.objects().filter(|object| id(object) == of).last().map(|object| object.entry.status)
    }
}

/// What an entry is known by.
pub(super) fn id(object: &ObjectReport) -> String {
    let entry = &object.entry;
    entry
        .track_id
        .as_deref()
        .or(entry.id.as_deref())
        .or(entry.parent.as_deref())
        .unwrap_or_default()
        .to_owned()
}
