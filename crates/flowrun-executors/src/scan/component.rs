//! The parts of a scan that a node can ask for, and the tools some of them need.

use std::str::FromStr;

use serde::Deserialize;
use thiserror::Error;

/// A part of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Component {
    /// Source, status, redirects, timing, size, links and the basic audits.
    Html,
    /// Messages of the browser's console.
    Logs,
    /// A picture of the page. Flows also call it `vrt`.
    Images,
    /// Lighthouse scores.
    Lighthouse,
    /// The security audits.
    Security,
    /// Yellow Lab Tools scores.
    Yellowlab,
}

const CHROMIUM: &str =
    "a Chromium browser: apt-get install -y --no-install-recommends chromium-headless-shell fonts-liberation";
const LIGHTHOUSE: &str = "Lighthouse on Node 22: npm i lighthouse@13 node@22";
const YELLOWLAB: &str = "Yellow Lab Tools: echo '{\"private\":true,\"overrides\":{\"sharp\":\"^0.33.5\"}}' > \
    package.json && PUPPETEER_SKIP_DOWNLOAD=1 npm i --ignore-scripts yellowlabtools@3.0.1";

impl Component {
    /// What a node gets that names none, and what `full` stands for.
    pub(crate) const DEFAULT: [Self; 5] =
        [Self::Html, Self::Logs, Self::Images, Self::Lighthouse, Self::Security];

    /// Its name in log lines and facts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Logs => "logs",
            Self::Images => "images",
            Self::Lighthouse => "lighthouse",
            Self::Security => "security",
            Self::Yellowlab => "yellowlab",
        }
    }

    /// The tool the component cannot do without, with the command that installs it; `None` for those that
    /// need nothing.
    pub(crate) const fn needs(self) -> Option<&'static str> {
        match self {
            Self::Html | Self::Security => None,
            Self::Logs | Self::Images => Some(CHROMIUM),
            Self::Lighthouse => Some(LIGHTHOUSE),
            Self::Yellowlab => Some(YELLOWLAB),
        }
    }
}

/// The components a node asks for, each once and in the order of [`Component`], and the words nobody knows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Requested {
    pub(crate) components: Vec<Component>,
    pub(crate) unknown: Vec<String>,
}

impl Requested {
    /// Reads the node's `data`.
    ///
    /// # Errors
    ///
    /// What is wrong with `type`: it is no array of texts, or names no component.
    pub(crate) fn of(data: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Data {
            #[serde(default)]
            r#type: Option<Vec<String>>,
        }
        let data: Data =
            serde_json::from_str(data).map_err(|_| "`type` is not an array of component names".to_owned())?;
        let Some(words) = data.r#type else {
            return Ok(Self { components: Component::DEFAULT.to_vec(), unknown: Vec::new() });
        };
        let (mut components, mut unknown) = (Vec::new(), Vec::new());
        for word in words {
            match &*word {
                "html" => components.push(Component::Html),
                "logs" => components.push(Component::Logs),
                "images" | "vrt" => components.push(Component::Images),
                "lighthouse" => components.push(Component::Lighthouse),
                "security" => components.push(Component::Security),
                "yellowlab" => components.push(Component::Yellowlab),
                "full" => components.extend(Component::DEFAULT),
                _ => unknown.push(word),
            }
        }
        components.sort_unstable();
        components.dedup();
        if components.is_empty() {
            return Err("`type` names no component of a scan".to_owned());
        }
        Ok(Self { components, unknown })
    }
}

/// What becomes of a component whose tool is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingTool {
    /// It fails, and so does the scan; the log names the command that installs the tool.
    #[default]
    Fail,
    /// It is skipped, as a line of the log and the facts say. It is never counted as passed.
    Skip,
}

/// The word is neither `fail` nor `skip`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is neither `fail` nor `skip`")]
pub struct NotAMissingTool(String);

impl FromStr for MissingTool {
    type Err = NotAMissingTool;

    fn from_str(text: &str) -> Result<Self, NotAMissingTool> {
        match text {
            "fail" => Ok(Self::Fail),
            "skip" => Ok(Self::Skip),
            other => Err(NotAMissingTool(other.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_each_once_and_in_one_order() {
        let names = |data: &str| {
            let requested = Requested::of(data).unwrap();
            let names: Vec<_> = requested.components.into_iter().map(Component::name).collect();
            (names.join(" "), requested.unknown.join(" "))
        };
        let full = "html logs images lighthouse security";
        assert_eq!(names("{}"), (full.into(), String::new()));
        assert_eq!(names(r#"{"type":null}"#), (full.into(), String::new()));
        assert_eq!(names(r#"{"type":["yellowlab","full"]}"#), (format!("{full} yellowlab"), String::new()));
        assert_eq!(names(r#"{"type":["vrt","html","images","seo"]}"#), ("html images".into(), "seo".into()));
    }

    #[test]
    fn a_type_that_asks_for_nothing_is_refused() {
        for data in [r#"{"type":[]}"#, r#"{"type":["seo"]}"#] {
            assert_eq!(Requested::of(data), Err("`type` names no component of a scan".into()));
        }
        for data in [r#"{"type":"html"}"#, r#"{"type":[1]}"#] {
            assert_eq!(Requested::of(data), Err("`type` is not an array of component names".into()));
        }
    }
}
