//! Patterns of paths, as `robots.txt` writes them (RFC 9309, section 2.2.3).

use std::str::FromStr;

/// A pattern of the path and query of an address: the beginning of it, with `*` for anything and `$` for the end.
///
/// ```
/// use flowrun_executors::scan::PathPattern;
///
/// let drafts: PathPattern = "/blog/*/draft$".parse()?;
/// assert!(drafts.matches("/blog/2026/draft") && !drafts.matches("/blog/2026/drafts"));
/// # Ok::<(), std::convert::Infallible>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern {
    /// What stands before the first star.
    start: String,
    /// What stands behind each star.
    pieces: Vec<String>,
    to_the_end: bool,
    /// How long it is as written: of several that match, the longest counts.
    length: usize,
}

impl FromStr for PathPattern {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (pieces, to_the_end) = text.strip_suffix('$').map_or((text, false), |pieces| (pieces, true));
        let mut pieces = pieces.split('*').map(normal);
        let start = pieces.next().unwrap_or_default();
        Ok(Self { start, pieces: pieces.collect(), to_the_end, length: text.len() })
    }
}

impl PathPattern {
    pub(crate) const fn length(&self) -> usize {
        self.length
    }

    /// Whether the path, with its query if it has one, is among those that are meant.
    ///
    /// # Complexity
    ///
    /// Each piece is looked for behind the one before, so no path is gone through more than once for each piece.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        let path = normal(path);
        let Some(mut left) = path.strip_prefix(self.start.as_str()) else { return false };
        let Some((last, between)) = self.pieces.split_last() else {
            return !self.to_the_end || left.is_empty();
        };
        for piece in between {
            let Some(at) = left.find(piece.as_str()) else { return false };
            left = &left[at + piece.len()..];
        }
        if self.to_the_end { left.ends_with(last.as_str()) } else { left.contains(last.as_str()) }
    }
}

/// One spelling for all that mean the same: what needs no escape has none, everything else has one in capitals.
fn normal(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut normal = String::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = bytes.get(at + 1..at + 3).filter(|_| byte == b'%');
        let escaped = escaped.and_then(|digits| std::str::from_utf8(digits).ok());
        let meant = escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        at += if meant.is_some() { 3 } else { 1 };
        match meant.unwrap_or(byte) {
            plain if plain.is_ascii_alphanumeric() || b"-._~".contains(&plain) => normal.push(plain.into()),
            other if meant.is_none() && other.is_ascii() => normal.push(other.into()),
            other => normal.push_str(&format!("%{other:02X}")),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_the_standard_says() {
        // The examples of RFC 9309 among them.
        for (pattern, matching, other) in [
            ("/", "/a", "a"),
            ("/a", "/abc?d", "/b"),
            ("*.gif$", "/a/b.gif", "/a.gif?x"),
            ("/*/x", "/a/b/x/y", "/x"),
            ("/a$", "/a", "/ab"),
            ("/a*$", "/abc", "/b"),
            ("/foo/bar?baz=quz", "/foo/bar?baz=quz", "/foo/bar"),
            ("/foo/bar/ツ", "/foo/bar/%E3%83%84", "/foo/bar/x"),
            ("/foo/bar/%62%61%7A", "/foo/bar/baz", "/foo/bar/b"),
            ("/a%2fb", "/a%2Fb", "/a/b"),
            ("/a*b*c$", "/a-b-b-c", "/a-c-b"),
            ("/a*a$", "/aa", "/a"),
        ] {
            let pattern: PathPattern = pattern.parse().unwrap();
            assert!(pattern.matches(matching), "{pattern:?} {matching}");
            assert!(!pattern.matches(other), "{pattern:?} {other}");
        }
    }
}
