//! Which `script` elements are scripts.

use super::document::Element;

/// Types that run as scripts (MIME Sniffing standard, section 4.6, JavaScript MIME types).
const TYPES: &[&str] = &[
    "application/ecmascript",
    "application/javascript",
    "application/x-ecmascript",
    "application/x-javascript",
    "text/ecmascript",
    "text/javascript",
    "text/javascript1.0",
    "text/javascript1.1",
    "text/javascript1.2",
    "text/javascript1.3",
    "text/javascript1.4",
    "text/javascript1.5",
    "text/jscript",
    "text/livescript",
    "text/x-ecmascript",
    "text/x-javascript",
];

/// Whether a browser runs what the element holds or names; other types are data.
pub(crate) fn runs(script: Element<'_>) -> bool {
    match script.attr("type") {
        None | Some("") => true,
        Some(kind) => {
            let kind = kind.trim().to_ascii_lowercase();
            kind == "module" || TYPES.contains(&&*kind)
        }
    }
}
