//! `robots.txt`: what its owner lets crawlers look at (RFC 9309).
//!
//! The crates that read it have had no release for years; the part of the standard that concerns one crawler is short.

use flowrun_guard::Url;

use super::PathPattern;

/// Bytes of the file that are read: the standard asks for at least these.
pub(crate) const BYTES: usize = 500 << 10;

/// Our name in it.
const PRODUCT: &str = "flowrun";

/// The rules for us.
#[derive(Clone, Debug, Default)]
pub(crate) struct Robots {
    /// Each with whether it allows.
    rules: Vec<(bool, PathPattern)>,
    /// Addresses of sitemaps, for everyone.
    pub(crate) sitemaps: Vec<String>,
}

impl Robots {
    pub(crate) fn read(text: &str) -> Self {
        let (mut ours, mut anyones, mut sitemaps) = (Vec::new(), Vec::new(), Vec::new());
        let (mut is_ours, mut is_anyones, mut names_a_group, mut has_ours) = (false, false, false, false);
        let text = text.trim_start_matches('\u{feff}');
        for line in text.split(['\n', '\r']) {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else { continue };
            let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
            match key.as_str() {
                "user-agent" => {
                    // Names one below the other share the rules that follow.
                    if !names_a_group {
                        (is_ours, is_anyones) = (false, false);
                    }
                    names_a_group = true;
                    let ours = value
                        .to_ascii_lowercase()
                        .split('/')
                        .next()
                        .is_some_and(|name| name.trim() == PRODUCT);
                    is_ours |= ours;
                    has_ours |= ours;
                    is_anyones |= value == "*";
                }
                "allow" | "disallow" => {
                    names_a_group = false;
                    // A rule without a path says nothing.
                    if value.is_empty() {
                        continue;
                    }
                    let Ok(pattern) = value.parse::<PathPattern>();
                    let rule = (key == "allow", pattern);
                    if is_ours {
                        ours.push(rule.clone());
                    }
                    if is_anyones {
                        anyones.push(rule);
                    }
                }
                "sitemap" => sitemaps.push(value.to_owned()),
                _ => {}
            }
        }
        Self { rules: if has_ours { ours } else { anyones }, sitemaps }
    }

    /// What is left of it where nobody obeys it.
    pub(crate) fn without_rules(self) -> Self {
        Self { rules: Vec::new(), ..self }
    }

    /// Whether a page may be looked at: the longest rule that matches says so, of equal ones the one that allows.
    pub(crate) fn allow(&self, url: &Url) -> bool {
        let path = path_of(url);
        let matching = self.rules.iter().filter(|(_, pattern)| pattern.matches(&path));
        matching.max_by_key(|(allows, pattern)| (pattern.length(), *allows)).is_none_or(|(allows, _)| *allows)
    }
}

/// What patterns are held against.
pub(crate) fn path_of(url: &Url) -> String {
    match url.query() {
        None => url.path().to_owned(),
        Some(query) => format!("{}?{query}", url.path()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(robots: &str, paths: &[&str]) -> Vec<bool> {
        let robots = Robots::read(robots);
        let at = |path: &&str| Url::parse(&format!("http://a.example{path}")).unwrap();
        paths.iter().map(|path| robots.allow(&at(path))).collect()
    }

    #[test]
    fn the_longest_rule_counts_and_of_equal_ones_the_one_that_allows() {
        let robots = "User-agent: *\nDisallow: /a\nAllow: /a/b\nDisallow: /c\nAllow: /c\nDisallow:";
        assert_eq!(allowed(robots, &["/", "/a", "/a/b", "/c", "/a?x"]), [true, false, true, true, false]);
    }

    #[test]
    fn a_group_of_ours_counts_alone_and_names_may_share_rules() {
        let robots = "user-agent: other\nuser-agent: FlowRun/1.0 # us\ndisallow: /ours\r\n\nUser-Agent: *\nDisallow: /\n\
            Sitemap: http://a.example/s.xml\nUser-agent: flowrun\nDisallow: /more";
        assert_eq!(allowed(robots, &["/", "/ours", "/more"]), [true, false, false]);
        assert_eq!(Robots::read(robots).sitemaps, ["http://a.example/s.xml"]);
        assert_eq!(allowed("user-agent: other\ndisallow: /", &["/"]), [true]);
        assert_eq!(allowed("User-agent: flowrunner\nDisallow: /", &["/"]), [true]);
        assert_eq!(allowed("User-agent: flowrun\nDisallow:\n\nUser-agent: *\nDisallow: /", &["/"]), [true]);
    }

    #[test]
    fn nonsense_forbids_nothing() {
        for text in ["", "<html>disallow", "disallow: /", "\u{feff}\n:::\nuser-agent *\ndisallow: /"] {
            assert_eq!(allowed(text, &["/a"]), [true], "{text}");
        }
    }
}
