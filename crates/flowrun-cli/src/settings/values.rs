//! The types of settings that are more than a text.

use std::fmt;
use std::str::FromStr;

use flowrun_guard::Endpoint;
use serde::{Deserialize, Deserializer};

/// A text that is never shown: tokens, passwords, and addresses that are secrets in themselves.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Hidden(String);

impl Hidden {
    /// The text, for the one who sends it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Hidden {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl FromStr for Hidden {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// Reads a list of hosts with ports.
pub(super) fn endpoints<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Endpoint>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(serde::de::Error::custom)).collect()
}

/// What becomes of a scan component whose tool is not installed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MissingTool {
    /// The component fails, and says how to install the tool.
    #[default]
    Fail,
    /// The component is shown as skipped and never counts as passed.
    Skip,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_text_does_not_show_in_debug_output() {
        assert!(!format!("{:?}", Hidden::from("xoxb-1".to_owned())).contains("xoxb"));
    }
}
