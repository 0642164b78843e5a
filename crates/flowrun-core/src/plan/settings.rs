//! What a node says about its own retries and time limits, in `data.configs`. Keys of the original are not ours.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::PlanNode;
use super::about::About;
use crate::Semantics;
use crate::model::json::{Members, Span};
use crate::model::{Findings, Flow, NodeIx, nearest, shown};

/// What happens when nobody can know whether an attempt had its effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnUnknown {
    /// Another attempt may be made, with the same idempotency key and marked as a possible duplicate.
    #[default]
    Retry,
    /// The node fails: the effect is never repeated.
    Fail,
    /// The node waits until a person resumes the run.
    Pause,
}

/// The settings of one node. What it does not say, the run's policy does.
///
/// | Key in `data.configs` | Value |
/// | --- | --- |
/// | `retries` | further attempts after the first, 0 to 1,000 |
/// | `retry_wait` | seconds before the second attempt; doubled for each further one |
/// | `retry_max_wait` | the longest wait in seconds; the other side may ask for one of up to an hour |
/// | `attempt_timeout` | seconds one attempt may take |
/// | `node_timeout` | seconds all attempts and the waits between them may take |
/// | `on_unknown` | `retry`, `fail` or `pause` |
///
/// Null counts as absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct NodeSettings {
    pub(crate) retries: Option<u16>,
    pub(crate) retry_wait: Option<Duration>,
    pub(crate) retry_max_wait: Option<Duration>,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) node_timeout: Option<Duration>,
    pub(crate) on_unknown: Option<OnUnknown>,
}

/// The settings in `data.configs` that this project reads, each with what it is, its default, and the task types it
/// is for: for references that are made from it.
pub const NODE_SETTINGS: [NodeSetting; 7] = [
    NodeSetting::new("retries", "further attempts after the first, 0 to 1000", "0", "all"),
    NodeSetting::new(
        "retry_wait",
        "seconds before the second attempt; doubled for each further one",
        "1",
        "all",
    ),
    NodeSetting::new("retry_max_wait", "the longest wait between attempts, in seconds", "60", "all"),
    NodeSetting::new("attempt_timeout", "seconds one attempt may take, 0.001 to a year", "no limit", "all"),
    NodeSetting::new(
        "node_timeout",
        "seconds all attempts and their waits may take, 0.001 to a year",
        "no limit",
        "all",
    ),
    NodeSetting::new(
        "on_unknown",
        "`retry`, `fail` or `pause`, when nobody can know whether an attempt had its effect",
        "`retry`",
        "all",
    ),
    NodeSetting::new("any_response", "`true`: any answer passes, as in the original", "`false`", "webhook"),
];

/// One of the [`NODE_SETTINGS`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct NodeSetting {
    /// Its key in `data.configs`.
    pub key: &'static str,
    /// What it is, with its unit.
    pub about: &'static str,
    /// What holds when it is absent or null.
    pub default: &'static str,
    /// The task types that read it, or `all`.
    pub task_types: &'static str,
}

impl NodeSetting {
    const fn new(
        key: &'static str,
        about: &'static str,
        default: &'static str,
        task_types: &'static str,
    ) -> Self {
        Self { key, about, default, task_types }
    }
}

/// What the public original writes into `data.configs`, with its defaults.
pub const ORIGINAL_SETTINGS: [(&str, &str); 15] = [
    ("window_size", "\"1920,1080\""),
    ("browser", "\"chrome\""),
    ("device", "\"Windows 10 PC\""),
    ("location", "\"us\""),
    ("mask_ids", "null"),
    ("interval", "1"),
    ("min_wait_time", "3"),
    ("max_wait_time", "30"),
    ("timeout", "300"),
    ("disable_animations", "true"),
    ("auto_height", "true"),
    ("create_issue", "true"),
    ("end_on_fail", "true"),
    ("ai_analysis", "false"),
    ("api_priority", "false"),
];

/// The setting of ours that somebody may have meant by a key that is neither ours nor the original's.
pub(super) fn meant(key: &str) -> Option<&'static str> {
    let ours = || NODE_SETTINGS.iter().map(|setting| setting.key);
    if ours().any(|known| known == key) || ORIGINAL_SETTINGS.iter().any(|(known, _)| *known == key) {
        return None;
    }
    // `retryWait` and `Retry-Wait` are `retry_wait`; `max_retries` is `retries`.
    let letters =
        |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let typed = letters(key);
    ours().find(|known| letters(known) == typed).or_else(|| nearest(key, ours())).or_else(|| {
        ours().find(|known| typed.contains(&letters(known)) || (typed.len() > 4 && known.starts_with(&typed)))
    })
}

/// A setting that cannot be used.
#[derive(Debug)]
struct BadSetting<'a> {
    key: &'static str,
    value: &'a str,
    wrong: Wrong,
}

/// What is wrong with a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    /// It cannot be that; what it could be instead.
    Value { help: &'static str },
    /// It stands there twice.
    Twice,
}

const ONCE: &str = "give it once: which of the two was meant, nobody can know";

/// The longest time a setting can name: a year.
const LONGEST: f64 = 365.0 * 24.0 * 3600.0;

impl NodeSettings {
    /// Reads a node's configs and puts what cannot be used on the list.
    fn read<'a>(configs: &'a str, bad: &mut Vec<BadSetting<'a>>) -> Self {
        // What is no object holds no settings; the reader of the document has seen to that already.
        let all = serde_json::from_str(configs).map(|Members(members)| members).unwrap_or_default();
        let mut known = Known { all, bad };
        Self {
            retries: known.get("retries", "give a whole number from 0 to 1000", |raw| {
                raw.parse().ok().filter(|retries| *retries <= 1_000)
            }),
            retry_wait: known.seconds("retry_wait", 0.0),
            retry_max_wait: known.seconds("retry_max_wait", 0.0),
            attempt_timeout: known.seconds("attempt_timeout", 0.001),
            node_timeout: known.seconds("node_timeout", 0.001),
            on_unknown: known.get("on_unknown", "give \"retry\", \"fail\" or \"pause\"", |raw| {
                serde_json::from_str(raw).ok()
            }),
        }
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The settings of the nodes that have some, in the order of the nodes; what cannot be used is a problem.
pub(super) fn read(
    flow: &Flow,
    nodes: &mut [PlanNode],
    semantics: Semantics,
    problems: &mut Findings,
) -> Vec<(NodeIx, NodeSettings)> {
    let (about, text) = (About(flow), flow.to_json());
    let is_strict = semantics > Semantics::V1;
    for &(index, key) in flow.document.configs_again().iter().filter(|_| is_strict) {
        let node = NodeIx::new(index as usize);
        problems.add(|| {
            let message = format!("`configs` of node `{}` is given twice", about.shown_id(node));
            about.error("node.duplicate-key", (node, "data/configs", key), message).help(ONCE)
        });
    }
    let (mut all, mut bad) = (Vec::new(), Vec::new());
    for &(index, span) in flow.document.configs() {
        let node = NodeIx::new(index as usize);
        let settings = NodeSettings::read(span.text(text), &mut bad);
        for BadSetting { key, value, wrong } in bad.drain(..) {
            if wrong == Wrong::Twice && !is_strict {
                continue;
            }
            problems.add(|| {
                let id = about.shown_id(node);
                let (code, message, help) = match wrong {
                    Wrong::Value { help } => {
                        let message = format!("`{key}` of node `{id}` cannot be `{}`", shown(value));
                        ("plan.node-setting", message, help)
                    }
                    Wrong::Twice => {
                        ("node.duplicate-key", format!("`{key}` of node `{id}` is given twice"), ONCE)
                    }
                };
                let place = (node, &*format!("data/configs/{key}"), Span::of(text, value));
                about.error(code, place, message).help(help)
            });
        }
        if !settings.is_empty() {
            nodes[node.index()].has_settings = true;
            all.push((node, settings));
        }
    }
    all
}

struct Known<'a, 'b> {
    all: Vec<(Cow<'a, str>, &'a RawValue)>,
    bad: &'b mut Vec<BadSetting<'a>>,
}

impl<'a> Known<'a, '_> {
    fn get<T>(
        &mut self,
        key: &'static str,
        help: &'static str,
        read: impl Fn(&'a str) -> Option<T>,
    ) -> Option<T> {
        let mut found = self.all.iter().filter(|(name, _)| name == key).map(|(_, value)| value.get());
        let first = found.next();
        // The last one counts, as in most readers of JSON: that is what runs began with before it was refused.
        let again = found.next_back();
        if let Some(value) = again {
            self.bad.push(BadSetting { key, value, wrong: Wrong::Twice });
        }
        let value = again.or(first).filter(|raw| *raw != "null")?;
        let read = read(value);
        if read.is_none() {
            self.bad.push(BadSetting { key, value, wrong: Wrong::Value { help } });
        }
        read
    }

    fn seconds(&mut self, key: &'static str, least: f64) -> Option<Duration> {
        let help = if least > 0.0 {
            "give seconds as a number from 0.001 to 31536000 (a year)"
        } else {
            "give seconds as a number from 0 to 31536000 (a year)"
        };
        self.get(key, help, |raw| {
            let seconds = raw.parse().ok().filter(|seconds| (least..=LONGEST).contains(seconds))?;
            Some(Duration::from_secs_f64(seconds))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_and_keys_of_others_passed_over() {
        let mut bad = Vec::new();
        let configs = r#"{"timeout":300,"retries":2,"retry_wait":0.5,"retry_max_wait":null,"attempt_timeout":1e1,"node_timeout":60,"on_unknown":"pause"}"#;
        let settings = NodeSettings::read(configs, &mut bad);
        assert!(bad.is_empty(), "{bad:?}");
        let expected = NodeSettings {
            retries: Some(2),
            retry_wait: Some(Duration::from_millis(500)),
            retry_max_wait: None,
            attempt_timeout: Some(Duration::from_secs(10)),
            node_timeout: Some(Duration::from_secs(60)),
            on_unknown: Some(OnUnknown::Pause),
        };
        assert_eq!(settings, expected);
        assert!(NodeSettings::read(r#"{"timeout":300}"#, &mut bad).is_empty());
    }

    #[test]
    fn names_that_look_like_ours_are_known_for_what_was_meant() {
        for (typed, meant_by) in [
            ("retrys", Some("retries")),
            ("Retries", Some("retries")),
            ("retryWait", Some("retry_wait")),
            ("attempt-timeout", Some("attempt_timeout")),
            ("max_retries", Some("retries")),
            ("retry", Some("retry_wait")),
            ("node_timout", Some("node_timeout")),
            ("on_unkown", Some("on_unknown")),
            ("any_respons", Some("any_response")),
            ("retries", None),
            ("timeout", None),
            ("end_on_fail", None),
            ("max_wait_time", None),
            ("colour", None),
            ("wait", None),
        ] {
            assert_eq!(meant(typed), meant_by, "{typed}");
        }
    }

    /// What runs by default is what the reference says.
    #[test]
    fn every_setting_is_read_under_its_name_and_has_the_default_that_is_told() {
        for setting in &NODE_SETTINGS {
            let configs = format!(r#"{{"{}":[]}}"#, setting.key);
            let mut bad = Vec::new();
            NodeSettings::read(&configs, &mut bad);
            let is_engines = setting.task_types == "all";
            assert_eq!(bad.len(), usize::from(is_engines), "{}", setting.key);
        }
        let original: serde_json::Value = serde_json::from_str(crate::DEFAULT_CONFIGS).unwrap();
        for (key, default) in ORIGINAL_SETTINGS {
            assert_eq!(original[key].to_string(), default, "{key}");
        }
        assert_eq!(original.as_object().unwrap().len(), ORIGINAL_SETTINGS.len());
    }

    #[test]
    fn a_setting_that_stands_there_twice_is_told_and_the_last_one_counts() {
        let mut bad = Vec::new();
        let settings = NodeSettings::read(r#"{"retries":1,"retri\u0065s":2,"note":1,"note":2}"#, &mut bad);
        assert_eq!(settings.retries, Some(2));
        assert_eq!(
            bad.iter().map(|bad| (bad.key, bad.wrong)).collect::<Vec<_>>(),
            [("retries", Wrong::Twice)]
        );
    }

    #[test]
    fn every_value_that_cannot_be_used_is_told() {
        let mut bad = Vec::new();
        let configs = r#"{"retries":-1,"retry_wait":"1","retry_max_wait":1e9,"attempt_timeout":0,"node_timeout":[],"on_unknown":"ask"}"#;
        assert!(NodeSettings::read(configs, &mut bad).is_empty());
        let told: Vec<&str> = bad.iter().map(|bad| bad.key).collect();
        assert_eq!(
            told,
            ["retries", "retry_wait", "retry_max_wait", "attempt_timeout", "node_timeout", "on_unknown"]
        );
    }
}
