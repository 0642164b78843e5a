//! Taking a template apart.

use std::collections::BTreeSet;

use crate::Semantics;

/// A part of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// What the author wrote, to be kept.
    Text(&'a str),
    /// `{{{{`, which stands for two braces.
    Braces,
    /// `{{name}}`
    Token {
        name: &'a str,
        /// The name with its braces.
        typed: &'a str,
    },
}

/// Two braces that open no name.
const ESCAPED: &str = "{{{{";

/// The parts of `template`, in order; together they are the template.
pub(super) fn parts(template: &str, semantics: Semantics) -> impl Iterator<Item = Part<'_>> {
    let mut at = 0;
    let mut found = None;
    // Where the next escape begins: looked for once for each, or a long template would be walked for every name.
    let mut escape = 0;
    let is_escaping = semantics != Semantics::V1;
    std::iter::from_fn(move || {
        if let Some(found) = found.take() {
            return Some(found);
        }
        if at == template.len() {
            return None;
        }
        if escape <= at {
            let next = if is_escaping { template[at..].find(ESCAPED) } else { None };
            escape = next.map_or(usize::MAX, |next| at + next);
        }
        let rest = &template[at..];
        let until = rest.len().min(escape - at);
        let (start, end, part) = match next_token(&rest[..until]) {
            Some((start, end)) => {
                let typed = &rest[start..end];
                (start, end, Part::Token { name: &typed[2..typed.len() - 2], typed })
            }
            None if until < rest.len() => (until, until + ESCAPED.len(), Part::Braces),
            None => {
                at = template.len();
                return Some(Part::Text(rest));
            }
        };
        at += end;
        if start == 0 {
            return Some(part);
        }
        found = Some(part);
        Some(Part::Text(&rest[..start]))
    })
}

/// The names in braces, in order and as often as they stand there: secrets, data keys, or neither.
///
/// ```
/// use flowrun_core::secret_and_key_names;
///
/// let names: Vec<_> = secret_and_key_names("{{site_url}}: {{my key}}, {{{health}}}").collect();
/// assert_eq!(names, ["site_url", "my key", "health"]);
/// ```
pub fn secret_and_key_names(template: &str) -> impl Iterator<Item = &str> {
    parts(template, Semantics::default()).filter_map(|part| match part {
        Part::Token { name, .. } => Some(name),
        Part::Text(_) | Part::Braces => None,
    })
}

/// The names in braces in all texts of a JSON document, keys included, as its readers see them: a letter that is
/// escaped, `{{\u004bEY}}`, names the same as one that is not.
///
/// ```
/// use flowrun_core::names_in_json;
///
/// let names = names_in_json(r#"{"a": "{{\u004bEY}}", "b": ["{\u007bsite_url}}"]}"#);
/// assert!(names.iter().eq(["KEY", "site_url"]));
/// ```
#[must_use]
pub fn names_in_json(json: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut take = |text: &str| names.extend(secret_and_key_names(text).map(str::to_owned));
    for quoted in strings(json) {
        match quoted.contains('\\').then(|| serde_json::from_str::<String>(quoted)) {
            Some(Ok(text)) => take(&text),
            // A text that is not well-formed is read as it stands.
            None | Some(Err(_)) => take(quoted),
        }
    }
    names
}

/// The texts of a JSON document, in quotes.
fn strings(json: &str) -> impl Iterator<Item = &str> {
    let mut rest = json;
    std::iter::from_fn(move || {
        let text = &rest[rest.find('"')?..];
        let mut is_escaped = false;
        let is_end = |byte: u8| {
            let ends = byte == b'"' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            ends
        };
        let end = text.bytes().skip(1).position(is_end).map_or(text.len(), |end| end + 2);
        rest = &text[end..];
        Some(&text[..end])
    })
}

/// The byte range of the first `{{…}}`, braces included. The opening pair is the last one before the closing
/// pair, so that in `{{{a}}}` the outer braces are text.
fn next_token(text: &str) -> Option<(usize, usize)> {
    let first = text.find("{{")? + 2;
    let close = first + text[first..].find("}}")?;
    let open = text[..close].rfind("{{")?;
    // The pair that `find` saw is there, so `rfind` may only lie to the right of it.
    Some((open, close + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_braces_count() {
        for (template, expected) in [
            ("", vec![]),
            ("a", vec![]),
            ("{{a}}{{b}}", vec!["a", "b"]),
            ("{{{a}}}", vec!["a"]),
            ("{{he{{health}}alth}}", vec!["health"]),
            ("{{ a }}", vec![" a "]),
            ("{{}}", vec![""]),
            ("{a} {{a} }}{{", vec!["a} "]),
            ("}}{{", vec![]),
            (r#"{"a":{"b":{{c}}}}"#, vec!["c"]),
            ("{{é}}ü", vec!["é"]),
            ("{{{{a}}", vec![]),
            ("{{{{{{a}}", vec!["a"]),
            ("{{a {{{{b}} {{c}}", vec!["c"]),
            ("{{a}}{{{{", vec!["a"]),
            ("{{a}}{{{{{b}}", vec!["a"]),
        ] {
            assert_eq!(secret_and_key_names(template).collect::<Vec<_>>(), expected, "{template}");
        }
    }
}
