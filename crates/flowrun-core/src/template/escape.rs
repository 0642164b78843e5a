//! Escaping for places whose rules do not depend on the text around a value.

/// The value without control characters, and whether there were any: a header may hold no line break, and none
/// of the others is read the same everywhere.
pub(super) fn header(out: &mut String, value: &str) -> bool {
    let before = out.len();
    out.extend(value.chars().filter(|c| !c.is_control()));
    out.len() - before != value.len()
}

pub(super) fn html(out: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
}

/// Slack's own rule: these three make mentions, links and channel calls, and nothing else does.
pub(super) fn slack(out: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_values_is_inert() {
        let mut out = String::new();
        html(&mut out, r#"<a href="x" id='y'>&"#);
        assert_eq!(out, "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;");
        out.clear();
        slack(&mut out, "<!channel> & <@U1>");
        assert_eq!(out, "&lt;!channel&gt; &amp; &lt;@U1&gt;");
    }

    #[test]
    fn headers_lose_their_control_characters() {
        let mut out = String::new();
        assert!(header(&mut out, "a\r\nX: y\0\u{7f}\u{85}"));
        assert_eq!(out, "aX: y");
        assert!(!header(&mut out, "é"));
    }
}
