//! Values inside an address.
//!
//! The author of a flow chooses where a request goes, and so does the owner of a secret. What is known of an
//! object comes from outside (titles, scanned pages), so it may not: `https://{{case_title}}/` would let whoever
//! names a case choose the host. Only an address as a whole may begin a template (`{{site_url}}/hook` is what
//! people write), and only from the keys that hold the site's, the page's or the report's address. Anywhere
//! else up to the end of the host a data key stays as typed. Encoding would not help there: a dot needs none,
//! and a host is decoded before it is looked up.

use std::fmt::Write;

/// The keys that hold a whole address.
const WHOLE: [&str; 3] = ["site_url", "page_url", "report_url"];

/// Where in an address the next value goes: follows what has been written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum UrlContext {
    /// At the very beginning.
    #[default]
    Start,
    /// In the scheme.
    Scheme,
    /// Behind `:` and perhaps one slash: two make an end of the scheme.
    Colon { slashes: u8 },
    /// Behind `://`, before the first character of the host.
    BeforeHost,
    /// In the host, or what stands beside it: user and port.
    Host,
    /// In the path.
    Path,
    /// In the query or fragment.
    Query,
}

impl UrlContext {
    /// The context behind `text`.
    pub(super) fn after(self, text: &str) -> Self {
        text.bytes().fold(self, Self::step)
    }

    fn step(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Start | Self::Scheme | Self::Colon { .. }, b':') => Self::Colon { slashes: 0 },
            (Self::Colon { slashes: 0 }, b'/') => Self::Colon { slashes: 1 },
            (Self::Colon { .. }, b'/') => Self::BeforeHost,
            (Self::Start | Self::Scheme | Self::Colon { .. }, _) => Self::Scheme,
            // Readers skip further slashes, blanks and line breaks here, and some take a backslash for a
            // slash: none of them ends a host that has not begun.
            (Self::BeforeHost, b'/' | b'\\' | b'?' | b'#' | ..=b' ') => Self::BeforeHost,
            (Self::BeforeHost, _) => Self::Host,
            (Self::Host, b'/') => Self::Path,
            (Self::Host | Self::Path, b'?' | b'#') => Self::Query,
            (Self::Host | Self::Path | Self::Query, _) => self,
        }
    }

    /// Appends the value of a data key; false where it may not stand.
    pub(super) fn push_value(self, out: &mut String, key: &str, value: &str) -> bool {
        match self {
            Self::Start if WHOLE.contains(&key) && is_address(value) => encode(out, value, |byte| {
                byte > b' ' && byte < 0x7f && !matches!(byte, b'"' | b'<' | b'>' | b'\\')
            }),
            Self::Start | Self::Scheme | Self::Colon { .. } | Self::BeforeHost | Self::Host => return false,
            Self::Path | Self::Query => encode(out, value, is_unreserved),
        }
        true
    }

    /// Appends a secret: as it is up to the end of the host, where its owner may choose; a path keeps its
    /// slashes, as in tokens of several segments.
    pub(super) fn push_secret(self, out: &mut String, value: &str) {
        match self {
            Self::Start | Self::Scheme | Self::Colon { .. } | Self::BeforeHost | Self::Host => {
                out.push_str(value);
            }
            Self::Path => encode(out, value, |byte| is_unreserved(byte) || byte == b'/'),
            Self::Query => encode(out, value, is_unreserved),
        }
    }
}

fn is_address(value: &str) -> bool {
    value.starts_with("https://") || value.starts_with("http://")
}

/// RFC 3986, section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn encode(out: &mut String, value: &str, keep: impl Fn(u8) -> bool) {
    for byte in value.bytes() {
        if keep(byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a String cannot fail");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_ends_where_the_path_or_query_begins() {
        for (written, context) in [
            ("", UrlContext::Start),
            ("https:", UrlContext::Colon { slashes: 0 }),
            ("https:/x/", UrlContext::Scheme),
            ("https://", UrlContext::BeforeHost),
            ("https:///", UrlContext::BeforeHost),
            ("https://\\/\n/", UrlContext::BeforeHost),
            ("https://a.example", UrlContext::Host),
            ("https://u:p@a.example:80", UrlContext::Host),
            ("https://a.example/", UrlContext::Path),
            ("https://a.example/b://c", UrlContext::Path),
            ("https://a.example?x=", UrlContext::Query),
            ("https://a.example/b#", UrlContext::Query),
            ("/b", UrlContext::Scheme),
        ] {
            assert_eq!(UrlContext::default().after(written), context, "{written}");
        }
    }

    #[test]
    fn only_whole_addresses_may_begin_one() {
        let pushed = |key, value| {
            let mut out = String::new();
            UrlContext::Start.push_value(&mut out, key, value).then_some(out)
        };
        assert_eq!(
            pushed("site_url", "https://a.example/b?c=d e"),
            Some("https://a.example/b?c=d%20e".to_owned())
        );
        assert_eq!(pushed("site_url", "javascript:alert(1)"), None);
        assert_eq!(pushed("case_title", "https://a.example"), None);
    }
}
