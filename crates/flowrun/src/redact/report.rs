//! What leaves an executor, without secrets.

use flowrun_core::{Facts, ObjectEntry, ObjectReport, Report};
use serde_json::Value;

use super::Redactor;

impl Redactor {
    pub(crate) fn report(&self, report: Report) -> Report {
        if self.is_empty() {
            return report;
        }
        match report {
            Report::Log(line) => Report::Log(self.text(line)),
            Report::Objects(objects) => {
                let redacted = |ObjectReport { entry, facts }| ObjectReport {
                    entry: self.entry(entry),
                    facts: facts.map(|facts: Facts| Facts::new(self.value(facts.attributes().clone()))),
                };
                Report::Objects(objects.into_iter().map(redacted).collect())
            }
        }
    }

    /// The entry as it is, unless it holds a secret: ids and what an executor added.
    fn entry(&self, entry: ObjectEntry) -> ObjectEntry {
        let json = serde_json::to_value(&entry).expect("an entry is JSON");
        let clean = self.value(json.clone());
        if clean == json {
            return entry;
        }
        // A status is one of a few words; one that a secret is spelled like is not taken for it.
        serde_json::from_value::<ObjectEntry>(clean).map_or_else(
            |_| ObjectEntry::default().with_status(entry.status),
            |clean| clean.with_status(entry.status),
        )
    }

    pub(crate) fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => items.into_iter().map(|item| self.value(item)).collect(),
            Value::Object(members) => {
                members.into_iter().map(|(key, item)| (self.text(key), self.value(item))).collect()
            }
            Value::Number(number) => {
                let text = number.to_string();
                let clean = self.text(text.as_str());
                if clean == text { Value::Number(number) } else { Value::String(clean) }
            }
            Value::Null | Value::Bool(_) => value,
        }
    }
}
