//! The parts of a scan that a node can ask for, and the tools some of them need.

use std::str::FromStr;

use flowrun::{NodeData, NodeProblem, nearest};
use thiserror::Error;

use crate::text::tame;

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

    /// What does the work of the component, in log lines: one browser brings the document and the console.
    pub(crate) const fn job(self) -> &'static str {
        match self {
            Self::Html | Self::Logs => "html and logs",
            Self::Images | Self::Lighthouse | Self::Security | Self::Yellowlab => self.name(),
        }
    }

    /// Whether a browser does it, where there is one.
    pub(crate) const fn is_browsed(self) -> bool {
        matches!(self, Self::Html | Self::Logs | Self::Images)
    }

    /// Whether a plain fetch of the page is part of it.
    pub(crate) const fn is_fetched(self) -> bool {
        matches!(self, Self::Html | Self::Security)
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
    /// Each with its place in `type`.
    pub(crate) unknown: Vec<(usize, String)>,
}

impl Requested {
    /// Reads the node's `data`. Words that nobody knows are kept: runs that began before they were refused go on
    /// without them.
    ///
    /// # Errors
    ///
    /// What is wrong with `type`: it is no array of texts, is given twice, or names no component.
    pub(crate) fn of(data: &str) -> Result<Self, NodeProblem> {
        let wrong = |message| NodeProblem::error("scan.type", "/data/type", message);
        let Some(words) = NodeData::read(data).get("type")? else {
            return Ok(Self { components: Component::DEFAULT.to_vec(), unknown: Vec::new() });
        };
        let words: Vec<String> = serde_json::from_str(words)
            .map_err(|_| wrong("`type` is not an array of component names").help(known()))?;
        let (mut components, mut unknown) = (Vec::new(), Vec::new());
        for (place, word) in words.into_iter().enumerate() {
            match WORDS.iter().find(|(known, _)| *known == word) {
                Some((_, named)) => components.extend(*named),
                None => unknown.push((place, word)),
            }
        }
        components.sort_unstable();
        components.dedup();
        if components.is_empty() && unknown.is_empty() {
            return Err(wrong("`type` names no component of a scan").help(known()));
        }
        Ok(Self { components, unknown })
    }

    /// A problem for each word that nobody knows.
    pub(crate) fn problems(&self) -> impl Iterator<Item = NodeProblem> {
        self.unknown.iter().map(|(place, word)| {
            let message = format!("a scan has no component `{}`", tame(word));
            let problem = NodeProblem::error("scan.component", format!("/data/type/{place}"), message);
            match nearest(word, WORDS.iter().map(|(known, _)| *known)) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help(known()),
            }
        })
    }
}

/// What a node may write in `type`.
pub(super) const WORDS: [(&str, &[Component]); 8] = [
    ("html", &[Component::Html]),
    ("logs", &[Component::Logs]),
    ("images", &[Component::Images]),
    ("vrt", &[Component::Images]),
    ("lighthouse", &[Component::Lighthouse]),
    ("security", &[Component::Security]),
    ("yellowlab", &[Component::Yellowlab]),
    ("full", &Component::DEFAULT),
];

fn known() -> String {
    format!("components: {}", WORDS.map(|(word, _)| word).join(", "))
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
pub struct ParseMissingToolError(String);

impl FromStr for MissingTool {
    type Err = ParseMissingToolError;

    fn from_str(text: &str) -> Result<Self, ParseMissingToolError> {
        match text {
            "fail" => Ok(Self::Fail),
            "skip" => Ok(Self::Skip),
            other => Err(ParseMissingToolError(other.to_owned())),
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
            let unknown: Vec<_> = requested.unknown.into_iter().map(|(_, word)| word).collect();
            (names.join(" "), unknown.join(" "))
        };
        let full = "html logs images lighthouse security";
        assert_eq!(names("{}"), (full.into(), String::new()));
        assert_eq!(names(r#"{"type":null}"#), (full.into(), String::new()));
        assert_eq!(names(r#"{"type":["yellowlab","full"]}"#), (format!("{full} yellowlab"), String::new()));
        assert_eq!(names(r#"{"type":["vrt","html","images","seo"]}"#), ("html images".into(), "seo".into()));
    }

    #[test]
    fn a_type_that_asks_for_nothing_is_refused() {
        let refused = |data: &str| {
            let problem = Requested::of(data).unwrap_err();
            (problem.code, problem.pointer, problem.message)
        };
        let at_type = |code, message: &str| (code, "/data/type".to_owned(), message.to_owned());
        assert_eq!(refused(r#"{"type":[]}"#), at_type("scan.type", "`type` names no component of a scan"));
        for data in [r#"{"type":"html"}"#, r#"{"type":[1]}"#] {
            assert_eq!(refused(data), at_type("scan.type", "`type` is not an array of component names"));
        }
        let twice = r#"{"type":["html"],"type":["logs"]}"#;
        assert_eq!(refused(twice), at_type("node.duplicate-key", "`type` is given twice"));
    }

    #[test]
    fn every_word_that_is_no_component_is_a_problem_at_its_place() {
        let requested = Requested::of(r#"{"type":["htlm","security","Lighthouse","seo"]}"#).unwrap();
        let problems: Vec<_> = requested.problems().map(|problem| (problem.pointer, problem.help)).collect();
        let help = |text: &str| Some(text.to_owned());
        assert_eq!(problems[0], ("/data/type/0".to_owned(), help("did you mean `html`?")));
        assert_eq!(problems[1], ("/data/type/2".to_owned(), help("did you mean `lighthouse`?")));
        assert_eq!(problems[2].0, "/data/type/3");
        assert_eq!(problems.len(), 3);
    }
}
