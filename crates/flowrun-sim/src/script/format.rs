//! The format of scripts, and reading them.

use std::collections::BTreeMap;
use std::time::Duration;

use flowrun_core::{ErrorClass, ObjectStatus, Role};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ScriptError, duration};

/// What the executors of a run do. See the [module](super) for the format.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Script {
    /// Decides what is flaky.
    #[serde(skip_serializing_if = "is_default")]
    pub seed: u64,
    /// What the run is created from, beside the flow.
    #[serde(skip_serializing_if = "is_default")]
    pub run: RunSettings,
    /// Nodes that nothing else speaks of.
    #[serde(rename = "default", skip_serializing_if = "is_default")]
    pub default: Behaviour,
    /// Nodes of a task type.
    #[serde(skip_serializing_if = "is_default")]
    pub types: BTreeMap<String, Behaviour>,
    /// Single nodes, by id.
    #[serde(skip_serializing_if = "is_default")]
    pub nodes: BTreeMap<String, Behaviour>,
}

/// What a run is created from, beside its flow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RunSettings {
    /// Task types that are not documented, each with its role.
    #[serde(skip_serializing_if = "is_default")]
    pub own_types: BTreeMap<String, Role>,
    /// The run's configs; `None` for the documented defaults.
    #[serde(skip_serializing_if = "is_default")]
    pub configs: Option<Map<String, Value>>,
    /// Address of the site; `None` for `https://example.com`.
    #[serde(skip_serializing_if = "is_default")]
    pub site: Option<String>,
    /// Addresses of its pages; none for the site's address.
    #[serde(skip_serializing_if = "is_default")]
    pub pages: Vec<String>,
    /// Attempts of a node in all, at least 1; `None` for 1.
    #[serde(deserialize_with = "attempts", skip_serializing_if = "is_default")]
    pub max_attempts: Option<u32>,
    /// The wait before the second attempt.
    #[serde(with = "duration", skip_serializing_if = "is_default")]
    pub first_wait: Option<Duration>,
    /// How long one attempt may take.
    #[serde(with = "duration", skip_serializing_if = "is_default")]
    pub attempt_timeout: Option<Duration>,
    /// How long the run may take.
    #[serde(with = "duration", skip_serializing_if = "is_default")]
    pub run_timeout: Option<Duration>,
    /// When somebody cancels the run.
    #[serde(with = "duration", skip_serializing_if = "is_default")]
    pub cancel_after: Option<Duration>,
}

/// What the attempts of a node do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Behaviour {
    /// How an attempt ends.
    #[serde(skip_serializing_if = "is_default")]
    pub end: End,
    /// What kind of failure; `None` for a transient one.
    #[serde(skip_serializing_if = "is_default")]
    pub class: Option<ErrorClass>,
    /// The line of a failure, or the message of a panic.
    #[serde(skip_serializing_if = "is_default")]
    pub message: Option<String>,
    /// How long an attempt takes.
    #[serde(with = "duration", skip_serializing_if = "is_default")]
    pub after: Option<Duration>,
    /// Its objects; `None` for typical ones.
    #[serde(skip_serializing_if = "is_default")]
    pub objects: Option<Vec<ScriptObject>>,
    /// Its log lines.
    #[serde(skip_serializing_if = "is_default")]
    pub log: Vec<String>,
    /// The chance, from 0 to 1, that an attempt fails for a passing reason instead.
    #[serde(deserialize_with = "chance", skip_serializing_if = "is_default")]
    pub flaky: f64,
    /// Whether it does not listen when it is told to stop.
    #[serde(skip_serializing_if = "is_default")]
    pub deaf: bool,
    /// What the first attempts do instead, in their order.
    #[serde(skip_serializing_if = "is_default")]
    pub attempts: Vec<Behaviour>,
}

/// How an attempt ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The objects decide.
    #[default]
    Done,
    /// Passed, whatever the objects say.
    Passed,
    /// Failed, whatever the objects say.
    Failed,
    /// The executor panics.
    Panic,
    /// The executor never returns by itself.
    Hang,
}

/// Objects of a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, try_from = "Written")]
#[non_exhaustive]
pub struct ScriptObject {
    /// The id; `None` for one made of task type, node and place.
    #[serde(skip_serializing_if = "is_default")]
    pub id: Option<String>,
    /// How it ends; `None` for as the attempt does.
    #[serde(skip_serializing_if = "is_default")]
    pub status: Option<ObjectStatus>,
    /// Its facts, laid over the typical ones.
    #[serde(skip_serializing_if = "is_default")]
    pub facts: Option<Map<String, Value>>,
    /// How many of them there are; `None` for 1. Only without an id.
    #[serde(skip_serializing_if = "is_default")]
    pub count: Option<u32>,
}

/// Objects as they are written, before anybody looks whether that makes sense.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    id: Option<String>,
    status: Option<ObjectStatus>,
    facts: Option<Map<String, Value>>,
    count: Option<u32>,
}

impl TryFrom<Written> for ScriptObject {
    type Error = &'static str;
    fn try_from(Written { id, status, facts, count }: Written) -> Result<Self, &'static str> {
        if id.is_some() && count.is_some_and(|count| count != 1) {
            return Err("objects with a `count` cannot share one `id`; leave one of them out");
        }
        Ok(Self { id, status, facts, count })
    }
}

impl Script {
    /// Reads JSON or TOML: a text that begins with `{` is JSON.
    ///
    /// # Errors
    ///
    /// [`ScriptError`] with the place of what is wrong.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        parse(text)
    }

    /// The same script, with what one node does.
    #[must_use]
    pub fn node(mut self, id: impl Into<String>, behaviour: Behaviour) -> Self {
        self.nodes.insert(id.into(), behaviour);
        self
    }

    /// The script as JSON, without what is as by default.
    ///
    /// # Panics
    ///
    /// Never: texts and numbers are always JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers are always JSON")
    }

    /// What is written about a node: the closest counts as a whole.
    pub(super) fn behaviour(&self, node: &str, task_type: &str, attempt: u32) -> &Behaviour {
        let closest = self.nodes.get(node).or_else(|| self.types.get(task_type)).unwrap_or(&self.default);
        closest.attempts.get(attempt as usize - 1).unwrap_or(closest)
    }
}

/// Reads JSON or TOML into any type.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, ScriptError> {
    if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|error| ScriptError::of_json(&error, text))
    } else {
        toml::from_str(text).map_err(|error| ScriptError::of_toml(&error, text))
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn attempts<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    match u32::deserialize(from)? {
        0 => Err(serde::de::Error::custom(
            "`max_attempts` is 0; the first attempt counts, so it is at least 1",
        )),
        attempts => Ok(Some(attempts)),
    }
}

fn chance<'de, D: serde::Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let chance = f64::deserialize(from)?;
    if (0.0..=1.0).contains(&chance) {
        return Ok(chance);
    }
    Err(serde::de::Error::custom(format_args!("`flaky` is {chance}; it must be from 0 to 1")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the module's docs.
    fn documented() -> String {
        let docs = include_str!("mod.rs");
        let block = docs.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        block.lines().map(|line| line.trim_start_matches("//!").to_owned() + "\n").collect()
    }

    #[test]
    fn the_documented_script_is_read_and_comes_back_as_json() {
        let script = Script::parse(&documented()).unwrap();
        assert_eq!(script.run.run_timeout, Some(Duration::from_secs(60 * 86_400)));
        assert_eq!(script.types["scan"].objects.as_ref().unwrap()[1].count, Some(3));
        assert_eq!(script.behaviour("4", "scan", 1).end, End::Panic);
        assert_eq!(script.behaviour("4", "scan", 2).message.as_deref(), Some("no route to host"));
        assert_eq!(script.behaviour("5", "scan", 1).after, Some(Duration::from_secs(2)));
        assert_eq!(script.behaviour("5", "test", 1).after, Some(Duration::from_millis(250)));
        assert_eq!(Script::parse(&script.to_json()).unwrap(), script);
    }

    #[test]
    fn mistakes_are_told_with_their_place_and_what_would_be_right() {
        let told = |text: &str| Script::parse(text).unwrap_err().to_string();
        assert_eq!(
            told("[nodes.4]\nafter = 'soon'"),
            "line 2, column 9: `soon` is no duration such as 250ms, 2s, 5m or 30d"
        );
        assert_eq!(told("[default]\nflaky = 2.0"), "line 2, column 9: `flaky` is 2; it must be from 0 to 1");
        assert_eq!(
            told("{\"nodes\": {\"4\":\n {\"after\": 5}}}"),
            "line 2, column 12: invalid type: integer `5`, expected a duration such as \"250ms\", \"2s\", \"5m\" or \"30d\""
        );
        assert_eq!(
            told("[run]\nmax_attempts = 0"),
            "line 2, column 16: `max_attempts` is 0; the first attempt counts, so it is at least 1"
        );
        assert_eq!(
            told("[types.scan]\nobjects = [{ id = 'a', count = 3 }]"),
            "line 2, column 11: objects with a `count` cannot share one `id`; leave one of them out"
        );
        let unknown = told("{\"nodes\": {\"4\":\n {\"ends\": \"failed\"}}}");
        assert!(
            unknown.starts_with("line 2, column 8: unknown field `ends`, expected one of `end`, `class`")
        );
        let word = told("[types.scan]\nend = 'won'");
        assert!(
            word.starts_with("line 2, column 7: unknown variant `won`, expected one of `done`"),
            "{word}"
        );
        assert!(told("seed = ").starts_with("line 1, column 8: "), "{}", told("seed = "));
        assert!(told("{").starts_with("line 1, column 1: EOF"), "{}", told("{"));
    }

    #[test]
    fn an_empty_text_is_a_script_and_a_default_one_is_an_empty_object() {
        assert_eq!(Script::parse("").unwrap(), Script::default());
        assert_eq!(Script::default().to_json(), "{}");
    }
}
