//! Values inside an address.
//!
//! The author of a flow chooses where a request goes. What is known of an object comes from outside (titles, scanned
//! pages), so it may not: `https://{{case_title}}/` would let whoever names a case choose the host. A secret may not
//! either: a part of a host is sent to name servers and stands in logs. Only an address as a whole may begin a
//! template (`{{site_url}}/hook`, `{{HOOK}}` is what people write), from a secret or from the keys that hold the
//! site's, the page's or the report's address, and what follows may not go on with its host. Anywhere else up to the
//! end of the host a name stays as typed. Encoding would not help there: a dot needs none, and a host is decoded
//! before it is looked up.
//!
//! In a path no value may be a step up, `..`, however it is encoded: readers decode once or twice before they take it.

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

    /// Appends a value, if it may stand here. `written` is what stands before it in the address, `follows` what the
    /// author has written behind it.
    pub(super) fn push(self, out: &mut String, value: UrlValue<'_>, follows: &str) -> Result<(), Misplaced> {
        let UrlValue { text, is_secret, key } = value;
        match self {
            Self::Start if (is_secret || WHOLE.contains(&key)) && is_whole(text, follows) => {
                encode(out, text, |byte| {
                    byte > b' ' && byte < 0x7f && !matches!(byte, b'"' | b'<' | b'>' | b'\\')
                });
            }
            Self::Start | Self::Scheme | Self::Colon { .. } | Self::BeforeHost | Self::Host => {
                return Err(Misplaced::ChoosesHost);
            }
            Self::Path if climbs(out, text) => return Err(Misplaced::Climbs),
            // A path keeps the slashes of a secret, as in tokens of several segments.
            Self::Path => encode(out, text, |byte| is_unreserved(byte) || is_secret && byte == b'/'),
            Self::Query => encode(out, text, is_unreserved),
        }
        Ok(())
    }
}

/// A value for an address.
#[derive(Clone, Copy)]
pub(super) struct UrlValue<'v> {
    pub(super) text: &'v str,
    pub(super) is_secret: bool,
    /// The name it is put in for.
    pub(super) key: &'v str,
}

/// Why a value may not stand where it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misplaced {
    ChoosesHost,
    Climbs,
}

/// Whether a value is the complete beginning of an address: scheme, host and port, which nothing that follows goes
/// on with.
fn is_whole(value: &str, follows: &str) -> bool {
    is_address(value)
        && match UrlContext::Start.after(value) {
            UrlContext::Host => follows.is_empty() || follows.starts_with(['/', '?', '#']),
            UrlContext::Path | UrlContext::Query => true,
            UrlContext::Start | UrlContext::Scheme | UrlContext::Colon { .. } | UrlContext::BeforeHost => {
                false
            }
        }
}

/// Whether a value would make a segment of the path a step, with what stands before it or by itself.
fn climbs(written: &str, value: &str) -> bool {
    let segment = written.rsplit('/').next().unwrap_or_default();
    let whole = decoded(&format!("{segment}{value}"));
    let is_step = |piece: &str| matches!(piece, "." | "..");
    whole.split(['/', '\\']).chain(decoded(value).split(['/', '\\'])).any(is_step)
}

/// Without percent encoding of what makes steps, as deep as anybody decodes.
fn decoded(text: &str) -> String {
    (0..4).fold(text.to_lowercase(), |text, _| {
        text.replace("%25", "%").replace("%2e", ".").replace("%2f", "/").replace("%5c", "\\")
    })
}

fn is_address(value: &str) -> bool {
    let begins =
        |scheme: &str| value.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    begins("https://") || begins("http://")
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

    fn pushed(written: &str, key: &str, value: &str, follows: &str) -> Result<String, Misplaced> {
        let mut out = written.to_owned();
        let is_secret = key == "KEY";
        let value = UrlValue { text: value, is_secret, key };
        UrlContext::default().after(written).push(&mut out, value, follows)?;
        Ok(out)
    }

    #[test]
    fn only_whole_addresses_may_begin_one() {
        for key in ["site_url", "KEY"] {
            let begins = |value, follows| pushed("", key, value, follows);
            assert_eq!(
                begins("https://a.example/b?c=d e", "x"),
                Ok("https://a.example/b?c=d%20e".to_owned())
            );
            assert_eq!(begins("https://a.example:80", "/x"), Ok("https://a.example:80".to_owned()));
            assert_eq!(begins("HTTP://a.example", ""), Ok("HTTP://a.example".to_owned()));
            for follows in [".b.example/", ":80/", "@b.example", "x", "\\\\b.example"] {
                assert_eq!(begins("https://a.example", follows), Err(Misplaced::ChoosesHost), "{follows}");
            }
            for value in
                ["javascript:alert(1)", "a.example", "https://", "https:/a.example", "//a.example", ""]
            {
                assert_eq!(begins(value, "/x"), Err(Misplaced::ChoosesHost), "{value}");
            }
        }
        assert_eq!(pushed("", "case_title", "https://a.example", ""), Err(Misplaced::ChoosesHost));
        for written in ["https://", "https:", "ht", "https://a.", "https://a.example:", "https://u:"] {
            assert_eq!(pushed(written, "KEY", "word", "/"), Err(Misplaced::ChoosesHost), "{written}");
        }
    }

    #[test]
    fn nothing_that_is_filled_in_climbs_the_path() {
        let host = "https://a.example/hooks";
        for (written, value) in [
            ("/", ".."),
            ("/", "."),
            ("/.", "."),
            ("/%2E", "."),
            ("/", "x/../../y"),
            ("/", "../y"),
            ("/", "%2e%2E"),
            ("/", "%252e."),
            ("/", "x%2f..%2fy"),
            ("/", "x\\..\\y"),
        ] {
            for key in ["KEY", "case_title"] {
                let written = format!("{host}{written}");
                assert_eq!(pushed(&written, key, value, "/z"), Err(Misplaced::Climbs), "{written}{value}");
            }
        }
        for (key, value, expected) in [
            ("KEY", "T0/B0/x.y", "/T0/B0/x.y"),
            ("case_title", "a..b", "/a..b"),
            ("case_title", "...", "/..."),
            ("case_title", "50% off", "/50%25%20off"),
        ] {
            assert_eq!(pushed(&format!("{host}/"), key, value, ""), Ok(format!("{host}{expected}")));
        }
        assert_eq!(pushed(&format!("{host}?q="), "KEY", "../x", ""), Ok(format!("{host}?q=..%2Fx")));
    }
}
