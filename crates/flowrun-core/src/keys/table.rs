//! The documented data keys and the attributes of the built-in kinds of objects.

/// What a data key yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Number,
    Text,
}

/// Where the value of a key stands in an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    /// An attribute, or a part of one: an absent or null step on the way counts as an absent value.
    Value(&'static [&'static str]),
    /// An attribute of a linked object: `link.attribute`. Without the link nothing can be read.
    Linked(&'static str, &'static str),
    /// The length of a list that must be there.
    Count(&'static str),
    /// The visual score: the older name counts only where the newer one is absent, not where it is null.
    Images,
    /// The verdict on the pictures, in lower case; `none` where a part of it is absent.
    Verdict,
}

impl Path {
    /// The attribute of the object where the path begins.
    pub(super) fn attribute(self) -> &'static str {
        match self {
            Self::Value(steps) => steps[0],
            Self::Linked(attribute, _) | Self::Count(attribute) => attribute,
            Self::Images => "component_scores",
            Self::Verdict => "images_delta",
        }
    }
}

/// A documented data key: a name by which conditions and templates read an object.
///
/// ```
/// let health = flowrun_core::documented_keys().iter().find(|key| key.name() == "health").unwrap();
/// assert_eq!((health.kind(), health.path()), ("number", "score".to_owned()));
/// assert_eq!(health.object_types().collect::<Vec<_>>(), ["scan", "test"]);
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct DataKey {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(super) path: Path,
}

impl DataKey {
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        DATA_KEYS.iter().find(|key| key.name == name)
    }

    /// What stands between the braces.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What it yields: `number` or `text`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self.kind {
            Kind::Number => "number",
            Kind::Text => "text",
        }
    }

    /// The types of objects it can be read on.
    pub fn object_types(&self) -> impl Iterator<Item = &'static str> {
        OBJECT_TYPES.into_iter().filter(|kind| self.is_on(kind))
    }

    /// Where its value stands in an object, such as `lighthouse.scores.seo`.
    #[must_use]
    pub fn path(&self) -> String {
        match self.path {
            Path::Value(steps) => steps.join("."),
            Path::Linked(link, attribute) => format!("{link}.{attribute}"),
            Path::Count(list) => format!("length of {list}"),
            Path::Images => "component_scores.images, else component_scores.vrt".to_owned(),
            Path::Verdict => "images_delta.ai_analysis.broken".to_owned(),
        }
    }

    /// Whether an object of this built-in type may have what it reads: a scan that is compared with the one before has
    /// what the original's tests have.
    pub(crate) fn may_be_on(&self, object_type: &str) -> bool {
        const COMPARED: [&str; 3] = ["component_scores", "lighthouse_delta", "security_delta"];
        self.is_on(object_type) || (object_type == "scan" && COMPARED.contains(&self.path.attribute()))
    }

    /// Whether objects of this built-in type have what it reads.
    pub(crate) fn is_on(&self, object_type: &str) -> bool {
        attributes_of(object_type).is_some_and(|all| all.contains(&self.path.attribute()))
    }
}

/// The built-in types of objects.
pub(crate) const OBJECT_TYPES: [&str; 6] = ["scan", "test", "caserun", "report", "issue", "flowrun"];

/// The documented data keys, in the order of the original's table.
#[must_use]
pub const fn documented_keys() -> &'static [DataKey] {
    DATA_KEYS
}

/// The names of the documented data keys.
///
/// ```
/// assert!(flowrun_core::data_keys().any(|key| key == "page_url"));
/// ```
pub fn data_keys() -> impl ExactSizeIterator<Item = &'static str> {
    DATA_KEYS.iter().map(|key| key.name)
}

/// The attributes that objects of a built-in kind have; `None` for an own kind.
pub(super) fn attributes_of(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "scan" => &[
            "id",
            "site",
            "page",
            "type",
            "score",
            "logs",
            "lighthouse",
            "security",
            "configs",
            "time_completed",
        ],
        "test" => &[
            "id",
            "site",
            "page",
            "pre_scan",
            "post_scan",
            "type",
            "score",
            "threshold",
            "status",
            "component_scores",
            "lighthouse_delta",
            "security_delta",
            "images_delta",
            "time_completed",
        ],
        "caserun" => &["id", "case", "title", "site", "status", "steps", "configs", "time_completed"],
        "report" => &["id", "site", "page", "path", "type", "info"],
        "issue" => &["id", "title", "details", "status", "labels", "affected", "trigger"],
        "flowrun" => &["id", "flow", "site", "title", "status", "configs", "time_completed"],
        _ => return None,
    })
}

const fn number(name: &'static str, steps: &'static [&'static str]) -> DataKey {
    DataKey { name, kind: Kind::Number, path: Path::Value(steps) }
}

const fn text(name: &'static str, steps: &'static [&'static str]) -> DataKey {
    DataKey { name, kind: Kind::Text, path: Path::Value(steps) }
}

const fn linked(name: &'static str, link: &'static str, attribute: &'static str) -> DataKey {
    DataKey { name, kind: Kind::Text, path: Path::Linked(link, attribute) }
}

const DATA_KEYS: &[DataKey] = &[
    number("test_score", &["score"]),
    text("test_status", &["status"]),
    DataKey { name: "current_health", kind: Kind::Number, path: Path::Linked("post_scan", "score") },
    DataKey { name: "images_score", kind: Kind::Number, path: Path::Images },
    DataKey { name: "vrt_score", kind: Kind::Number, path: Path::Images },
    DataKey { name: "ai_broken", kind: Kind::Text, path: Path::Verdict },
    number("logs_score", &["component_scores", "logs"]),
    number("html_score", &["component_scores", "html"]),
    number("lighthouse_score", &["component_scores", "lighthouse"]),
    number("security_score", &["component_scores", "security"]),
    number("yellowlab_score", &["component_scores", "yellowlab"]),
    number("health", &["score"]),
    DataKey { name: "logs", kind: Kind::Number, path: Path::Count("logs") },
    number("seo_delta", &["lighthouse_delta", "scores", "seo_delta"]),
    number("performance_delta", &["lighthouse_delta", "scores", "performance_delta"]),
    number("accessibility_delta", &["lighthouse_delta", "scores", "accessibility_delta"]),
    number("best_practices_delta", &["lighthouse_delta", "scores", "best_practices_delta"]),
    number("crux_delta", &["lighthouse_delta", "scores", "crux_delta"]),
    number("pwa_delta", &["lighthouse_delta", "scores", "pwa_delta"]),
    number("current_lighthouse_average", &["lighthouse_delta", "scores", "current_average"]),
    number("seo", &["lighthouse", "scores", "seo"]),
    number("performance", &["lighthouse", "scores", "performance"]),
    number("accessibility", &["lighthouse", "scores", "accessibility"]),
    number("best_practices", &["lighthouse", "scores", "best_practices"]),
    number("crux", &["lighthouse", "scores", "crux"]),
    number("pwa", &["lighthouse", "scores", "pwa"]),
    number("lighthouse_average", &["lighthouse", "scores", "average"]),
    number("transport_delta", &["security_delta", "scores", "transport_delta"]),
    number("browser_delta", &["security_delta", "scores", "browser_delta"]),
    number("scripts_delta", &["security_delta", "scores", "scripts_delta"]),
    number("forms_delta", &["security_delta", "scores", "forms_delta"]),
    number("compliance_delta", &["security_delta", "scores", "compliance_delta"]),
    number("current_security_average", &["security_delta", "scores", "current_average"]),
    number("transport", &["security", "scores", "transport"]),
    number("browser", &["security", "scores", "browser"]),
    number("scripts", &["security", "scores", "scripts"]),
    number("forms", &["security", "scores", "forms"]),
    number("compliance", &["security", "scores", "compliance"]),
    number("security_average", &["security", "scores", "average"]),
    text("caserun_status", &["status"]),
    text("caserun_id", &["id"]),
    text("case_title", &["title"]),
    linked("case_id", "case", "id"),
    text("flowrun_status", &["status"]),
    text("flowrun_id", &["id"]),
    text("flow_title", &["title"]),
    linked("flow_id", "flow", "id"),
    text("report_url", &["path"]),
    text("report_id", &["id"]),
    text("issue_title", &["title"]),
    text("issue_details", &["details"]),
    text("issue_id", &["id"]),
    text("issue_affected_id", &["affected", "id"]),
    text("issue_affected", &["affected", "str"]),
    text("issue_affected_type", &["affected", "type"]),
    text("issue_trigger_type", &["trigger", "type"]),
    text("issue_trigger_id", &["trigger", "id"]),
    text("test_id", &["id"]),
    text("scan_id", &["id"]),
    linked("page_id", "page", "id"),
    linked("page_url", "page", "page_url"),
    linked("site_id", "site", "id"),
    linked("site_url", "site", "site_url"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_63_keys_and_each_has_a_name_of_its_own() {
        let mut names: Vec<_> = data_keys().collect();
        assert_eq!(names.len(), 63);
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 63);
    }

    #[test]
    fn every_key_can_be_read_on_some_built_in_kind() {
        for key in DATA_KEYS {
            assert!(key.object_types().next().is_some(), "{}", key.name);
        }
    }
}
