//! Reading a key on the facts of an object.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use super::table::{DataKey, Kind, Path, attributes_of};
use crate::Facts;

/// A key as a condition or a template names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyRef<'a> {
    name: &'a str,
    documented: Option<&'static DataKey>,
}

impl<'a> KeyRef<'a> {
    pub(crate) fn new(name: &'a str) -> Self {
        Self { name, documented: DataKey::find(name) }
    }

    /// The same, for a caller who has looked the name up before.
    pub(crate) fn resolved(name: &'a str, documented: Option<&'static DataKey>) -> Self {
        Self { name, documented }
    }

    /// What a value of this key has to be on these facts; `None` where the facts decide.
    pub(crate) fn kind_on(self, facts: &Facts) -> Option<Kind> {
        self.documented.filter(|_| attributes_of(facts.kind()).is_some()).map(|key| key.kind)
    }

    /// What the key reads on `facts`.
    ///
    /// Documented keys follow the table on the built-in kinds. On an own kind, and where the table has no such
    /// key, the member of that name is read.
    pub(crate) fn read(self, facts: Option<&Facts>) -> Result<Reading<'_>, DataKeyError> {
        let Some(facts) = facts else {
            return Err(if self.documented.is_some() {
                DataKeyError::NoFacts
            } else {
                DataKeyError::UnknownKey
            });
        };
        match (self.documented, attributes_of(facts.kind())) {
            (Some(key), Some(attributes)) if attributes.contains(&key.path.attribute()) => key.read(facts),
            // A scan that was compared with the one before has what only tests had.
            (Some(key), Some(_))
                if key.may_be_on(facts.kind()) && facts.get(key.path.attribute()).is_some() =>
            {
                key.read(facts)
            }
            (Some(key), Some(_)) => Err(no_attribute(facts, key.path.attribute())),
            (Some(_), None) => {
                let member = facts.get(self.name).ok_or_else(|| no_attribute(facts, self.name))?;
                Reading::of(member, self.name)
            }
            (None, _) => {
                let member = facts.get(self.name).ok_or(DataKeyError::UnknownKey)?;
                Reading::of(member, self.name)
            }
        }
    }
}

/// What a key reads: a scalar, or the absence of one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reading<'a> {
    /// Absent or null.
    Missing,
    Number(Cow<'a, Number>),
    Bool(bool),
    Text(Cow<'a, str>),
}

impl<'a> Reading<'a> {
    fn of(value: &'a Value, name: &str) -> Result<Self, DataKeyError> {
        match value {
            Value::Null => Ok(Self::Missing),
            Value::Bool(bool) => Ok(Self::Bool(*bool)),
            Value::Number(number) => Ok(Self::Number(Cow::Borrowed(number))),
            Value::String(text) => Ok(Self::Text(Cow::Borrowed(text))),
            Value::Array(_) | Value::Object(_) => Err(DataKeyError::WrongShape { attribute: name.into() }),
        }
    }
}

/// Why a key cannot be read on an object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum DataKeyError {
    /// There is no object, or nothing is known of it.
    #[error("nothing is known of the object")]
    NoFacts,
    /// Neither a documented key nor a member of the facts.
    #[error("no such data key")]
    UnknownKey,
    /// Objects of this type do not have the attribute.
    #[error("an object of type `{object_type}` has no `{attribute}`")]
    NoAttribute {
        /// The `type` of the facts.
        object_type: Box<str>,
        /// The attribute the key reads.
        attribute: Box<str>,
    },
    /// A link or a list that must be there is absent or null.
    #[error("the object's `{attribute}` is not set")]
    NotSet {
        /// The link or list.
        attribute: Box<str>,
    },
    /// Something on the way is not what the key reads: a list for an object, an object for a text.
    #[error("the object's `{attribute}` is not of the shape this key reads")]
    WrongShape {
        /// Where the shape differs.
        attribute: Box<str>,
    },
}

impl DataKey {
    fn read<'a>(&self, facts: &'a Facts) -> Result<Reading<'a>, DataKeyError> {
        match self.path {
            Path::Value(steps) => value_at(facts.attributes(), steps),
            Path::Linked(link, attribute) => value_at(present(facts, link)?, &[attribute]),
            Path::Count(list) => match present(facts, list)? {
                Value::Array(entries) => Ok(Reading::Number(Cow::Owned(entries.len().into()))),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                    Err(DataKeyError::WrongShape { attribute: list.into() })
                }
            },
            Path::Images => {
                let scores = facts.get("component_scores");
                let newer = scores.is_some_and(|scores| scores.get("images").is_some());
                let name = if newer { "images" } else { "vrt" };
                value_at(facts.attributes(), &["component_scores", name])
            }
            Path::Verdict => Ok(Reading::Text(
                match value_at(present(facts, "images_delta")?, &["ai_analysis", "broken"])? {
                    Reading::Missing => Cow::Borrowed("none"),
                    Reading::Bool(broken) => Cow::Borrowed(if broken { "true" } else { "false" }),
                    Reading::Number(number) => Cow::Owned(number.to_string()),
                    Reading::Text(text) => Cow::Owned(text.to_lowercase()),
                },
            )),
        }
        .map(|reading| match (self.kind, reading) {
            // A score of "" is as good as none, as it always was.
            (Kind::Number, Reading::Text(text)) if text.is_empty() => Reading::Missing,
            (_, reading) => reading,
        })
    }
}

/// The value below `from`; absent and null steps are an absent value.
fn value_at<'a>(from: &'a Value, steps: &[&str]) -> Result<Reading<'a>, DataKeyError> {
    let mut at = from;
    let mut name = "";
    for step in steps {
        at = match at {
            Value::Null => return Ok(Reading::Missing),
            Value::Object(members) => match members.get(*step) {
                None => return Ok(Reading::Missing),
                Some(member) => member,
            },
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err(DataKeyError::WrongShape { attribute: name.into() });
            }
        };
        name = step;
    }
    Reading::of(at, name)
}

fn present<'a>(facts: &'a Facts, attribute: &str) -> Result<&'a Value, DataKeyError> {
    match facts.get(attribute) {
        None | Some(Value::Null) => Err(DataKeyError::NotSet { attribute: attribute.into() }),
        Some(value) => Ok(value),
    }
}

fn no_attribute(facts: &Facts, attribute: &str) -> DataKeyError {
    DataKeyError::NoAttribute { object_type: facts.kind().into(), attribute: attribute.into() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(key: &str, facts: Value) -> String {
        match KeyRef::new(key).read(Some(&Facts::new(facts))) {
            Ok(Reading::Missing) => "missing".to_owned(),
            Ok(Reading::Number(number)) => number.to_string(),
            Ok(Reading::Bool(bool)) => bool.to_string(),
            Ok(Reading::Text(text)) => format!("{text:?}"),
            Err(why) => why.to_string(),
        }
    }

    #[test]
    fn each_key_reads_where_the_table_says() {
        for (key, facts, expected) in [
            ("health", json!({"type": "test", "score": 96.5}), "96.5"),
            ("test_score", json!({"type": "scan", "score": 91}), "91"),
            ("health", json!({"type": "scan"}), "missing"),
            ("seo", json!({"type": "scan", "lighthouse": null}), "missing"),
            ("seo", json!({"type": "scan", "lighthouse": {"scores": {"seo": 88}}}), "88"),
            (
                "seo",
                json!({"type": "scan", "lighthouse": []}),
                "the object's `lighthouse` is not of the shape this key reads",
            ),
            ("seo", json!({"type": "test"}), "an object of type `test` has no `lighthouse`"),
            ("html_score", json!({"type": "test", "component_scores": null}), "missing"),
            ("html_score", json!({"type": "test", "component_scores": {"html": true}}), "true"),
            ("html_score", json!({"type": "test", "component_scores": {"html": "90"}}), "\"90\""),
            ("images_score", json!({"type": "test", "component_scores": {"vrt": 90}}), "90"),
            (
                "vrt_score",
                json!({"type": "test", "component_scores": {"images": null, "vrt": 90}}),
                "missing",
            ),
            ("current_health", json!({"type": "test"}), "the object's `post_scan` is not set"),
            ("current_health", json!({"type": "test", "post_scan": {}}), "missing"),
            (
                "ai_broken",
                json!({"type": "test", "images_delta": null}),
                "the object's `images_delta` is not set",
            ),
            ("ai_broken", json!({"type": "test", "images_delta": {}}), "\"none\""),
            (
                "ai_broken",
                json!({"type": "test", "images_delta": {"ai_analysis": {"broken": true}}}),
                "\"true\"",
            ),
            ("logs", json!({"type": "scan", "logs": [1, 2]}), "2"),
            ("logs", json!({"type": "scan", "logs": null}), "the object's `logs` is not set"),
            ("logs", json!({"type": "test", "logs": []}), "an object of type `test` has no `logs`"),
            (
                "test_status",
                json!({"type": "scan", "status": "x"}),
                "an object of type `scan` has no `status`",
            ),
            ("site_url", json!({"type": "report", "site": {"site_url": "u"}}), "\"u\""),
            ("page_url", json!({"type": "report", "page": null}), "the object's `page` is not set"),
            ("site_url", json!({"type": "issue"}), "an object of type `issue` has no `site`"),
            ("issue_affected", json!({"type": "issue", "affected": {}}), "missing"),
        ] {
            assert_eq!(read(key, facts.clone()), expected, "{key} on {facts}");
        }
    }

    #[test]
    fn a_scan_that_was_compared_is_read_like_a_test_and_another_one_is_not() {
        let compared = json!({"type": "scan", "component_scores": {"images": 94.9, "vrt": 94.9},
            "security_delta": {"scores": {"forms_delta": -2.5}}});
        assert_eq!(read("images_score", compared.clone()), "94.9");
        assert_eq!(read("forms_delta", compared), "-2.5");
        assert!(KeyRef::new("images_score").read(Some(&Facts::new(json!({"type": "scan"})))).is_err());
    }

    #[test]
    fn own_kinds_and_own_members_are_read_by_name() {
        for (key, facts, expected) in [
            ("latency", json!({"type": "probe", "latency": 12}), "12"),
            ("latency", json!({"type": "probe", "latency": null}), "missing"),
            ("latency", json!({"type": "probe"}), "no such data key"),
            ("latency", json!({"type": "scan", "latency": 12}), "12"),
            (
                "latency",
                json!({"type": "scan", "latency": [1]}),
                "the object's `latency` is not of the shape this key reads",
            ),
            ("health", json!({"type": "probe", "health": "good"}), "\"good\""),
            ("health", json!({"type": "probe", "score": 3}), "an object of type `probe` has no `health`"),
            ("health", json!([1]), "an object of type `` has no `health`"),
        ] {
            assert_eq!(read(key, facts.clone()), expected, "{key} on {facts}");
        }
        assert_eq!(KeyRef::new("health").read(None), Err(DataKeyError::NoFacts));
        assert_eq!(KeyRef::new("colour").read(None), Err(DataKeyError::UnknownKey));
    }
}
