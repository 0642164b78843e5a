//! Taking a template apart.

/// A part of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// What the author wrote, to be kept.
    Text(&'a str),
    /// `{{name}}`
    Token {
        name: &'a str,
        /// The name with its braces.
        typed: &'a str,
    },
}

/// The parts of `template`, in order; together they are the template.
pub(super) fn parts(template: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = template;
    let mut token = None;
    std::iter::from_fn(move || {
        if let Some(token) = token.take() {
            return Some(token);
        }
        if rest.is_empty() {
            return None;
        }
        let Some((start, end)) = next_token(rest) else { return Some(Part::Text(std::mem::take(&mut rest))) };
        let (before, typed) = (&rest[..start], &rest[start..end]);
        rest = &rest[end..];
        let found = Part::Token { name: &typed[2..typed.len() - 2], typed };
        if before.is_empty() {
            return Some(found);
        }
        token = Some(found);
        Some(Part::Text(before))
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
    parts(template).filter_map(|part| match part {
        Part::Token { name, .. } => Some(name),
        Part::Text(_) => None,
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
        ] {
            assert_eq!(secret_and_key_names(template).collect::<Vec<_>>(), expected, "{template}");
        }
    }
}
