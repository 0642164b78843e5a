//! Takes the values of secrets out of what leaves an executor.

use std::sync::Arc;

use flowrun_core::{Facts, ObjectReport, Report, SecretSource};
use serde_json::Value;

/// Values shorter than this cannot be told from ordinary text.
const SHORTEST: usize = 6;

/// Replaces the values of secrets, in the spellings they are sent in, by the secret's name.
#[derive(Default)]
pub(crate) struct Redactor {
    /// Spelling and what stands for it, longest first.
    spellings: Vec<(String, String)>,
}

impl Redactor {
    pub(crate) fn new(secrets: &Arc<dyn SecretSource>) -> Self {
        let mut spellings = Vec::new();
        for name in secrets.names() {
            let Some(value) = secrets.secret(&name).filter(|value| value.len() >= SHORTEST) else { continue };
            let mark = format!("[secret {name}]");
            spellings.extend(spellings_of(&value).into_iter().map(|spelling| (spelling, mark.clone())));
        }
        spellings.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
        spellings.dedup();
        Self { spellings }
    }

    pub(crate) fn text(&self, text: String) -> String {
        self.spellings.iter().fold(text, |text, (spelling, mark)| {
            if text.contains(spelling) { text.replace(spelling, mark) } else { text }
        })
    }

    pub(crate) fn report(&self, report: Report) -> Report {
        if self.spellings.is_empty() {
            return report;
        }
        match report {
            Report::Log(line) => Report::Log(self.text(line)),
            Report::Objects(objects) => {
                let redacted = |ObjectReport { entry, facts }| {
                    let facts = facts.map(|facts: Facts| Facts::new(self.value(facts.attributes().clone())));
                    ObjectReport { entry, facts }
                };
                Report::Objects(objects.into_iter().map(redacted).collect())
            }
        }
    }

    fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => items.into_iter().map(|item| self.value(item)).collect(),
            Value::Object(members) => {
                members.into_iter().map(|(key, item)| (key, self.value(item))).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value,
        }
    }
}

/// The value as it is, inside a JSON text, percent-encoded, HTML-escaped, and in base64 and hex.
fn spellings_of(value: &str) -> Vec<String> {
    let json = Value::from(value).to_string();
    let percent: String = value
        .bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect();
    let html = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let html = html.replace('"', "&quot;").replace('\'', "&#39;");
    let mut spellings = vec![
        value.to_owned(),
        json[1..json.len() - 1].to_owned(),
        percent,
        html,
        data_encoding::HEXLOWER.encode(value.as_bytes()),
        data_encoding::HEXUPPER.encode(value.as_bytes()),
    ];
    // In base64 a text looks different at each of three alignments; its inner part is the same in all places.
    for skip in 0..3_usize {
        let mut bytes = vec![0; skip];
        bytes.extend_from_slice(value.as_bytes());
        let whole = bytes.len() / 3 * 3;
        let encoded = data_encoding::BASE64.encode(&bytes[..whole]);
        spellings.push(encoded[if skip == 0 { 0 } else { 4 }..].to_owned());
    }
    spellings.retain(|spelling| spelling.len() >= SHORTEST);
    spellings
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn redactor() -> Redactor {
        let secrets: Arc<dyn SecretSource> =
            Arc::new(BTreeMap::from([("KEY".to_owned(), "s3 \"cret\" & value".to_owned())]));
        Redactor::new(&secrets)
    }

    #[test]
    fn a_secret_is_found_in_every_spelling() {
        let value = "s3 \"cret\" & value";
        let base64 = |text: String| data_encoding::BASE64.encode(text.as_bytes());
        for text in [
            value.to_owned(),
            serde_json::to_string(value).unwrap(),
            "s3%20%22cret%22%20%26%20value".to_owned(),
            "s3 &quot;cret&quot; &amp; value".to_owned(),
            base64(value.to_owned()),
            base64(format!("x{value}")),
            base64(format!("xy{value}yz")),
            data_encoding::HEXLOWER.encode(value.as_bytes()),
        ] {
            let redacted = redactor().text(format!("before {text} after"));
            assert!(redacted.contains("[secret KEY]"), "{text} -> {redacted}");
        }
    }

    #[test]
    fn facts_and_lines_are_redacted() {
        let facts = Facts::new(serde_json::json!({"a": ["s3 \"cret\" & value"]}));
        let entry = flowrun_core::ObjectEntry::new("p", "o");
        let report = redactor().report(Report::Objects(vec![ObjectReport { entry, facts: Some(facts) }]));
        assert!(!serde_json::to_string(&report).unwrap().contains("& value"), "{report:?}");
    }
}
