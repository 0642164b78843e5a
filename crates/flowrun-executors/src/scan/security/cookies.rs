//! Cookies as browsers take them in (RFC 6265bis, section 5.6).

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use crate::scan::audit::Finding;
use crate::scan::page::Page;
use crate::text::tame;

/// A cookie that a response sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Cookie {
    name: String,
    is_secure: bool,
    is_http_only: bool,
    same_site: SameSite,
    /// With a dot it would be the same.
    domain: Option<String>,
    path: Option<String>,
    is_deleted: bool,
}

/// Who may bring the cookie along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum SameSite {
    /// Nothing was said, or nothing that is known.
    #[default]
    Default,
    None,
    LaxOrStrict,
}

/// What one audit of cookies asks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked {
    Secure,
    HttpOnly,
    SameSite,
}

/// All cookies of the page and of the redirects before it, each as it is in the end.
pub(super) struct Cookies(Vec<Cookie>);

impl Cookies {
    pub(super) fn of(page: &Page) -> Self {
        let year = page.surroundings.now.map_or(1970, year_of);
        let mut cookies = BTreeMap::new();
        for (url, header) in &page.cookies {
            let Some(cookie) = Cookie::parse(header, year) else { continue };
            let host = cookie.domain.clone().or_else(|| url.host_str().map(str::to_owned));
            // A cookie of the same name, domain and path takes the place of the former.
            cookies.insert((cookie.name.clone(), host, cookie.path.clone()), cookie);
        }
        Self(cookies.into_values().filter(|cookie| !cookie.is_deleted).collect())
    }

    /// Whether every cookie is what is `asked`.
    pub(super) fn finding(&self, asked: Asked) -> Finding {
        let (attribute, lacks): (_, &dyn Fn(&Cookie) -> bool) = match asked {
            Asked::Secure => ("secure", &|cookie| !cookie.is_secure),
            Asked::HttpOnly => ("httponly", &|cookie| !cookie.is_http_only),
            Asked::SameSite => ("samesite", &|cookie| cookie.same_site == SameSite::Default),
        };
        let refused = |cookie: &&Cookie| matches!(asked, Asked::Secure) && cookie.refused();
        let lacking = self.0.iter().filter(|cookie| lacks(cookie)).count();
        match (self.0.len(), lacking, self.0.iter().find(refused)) {
            (0, ..) => Finding::NOT_APPLICABLE,
            (_, 0, None) => Finding::PASS,
            (_, 0, Some(cookie)) => {
                Finding::warning(format!("browsers refuse the cookie `{}`", tame(&cookie.name)))
            }
            (all, some, _) => Finding::warning(format!("{some} of {all} cookies are not `{attribute}`")),
        }
    }
}

impl Cookie {
    /// Reads a `Set-Cookie` header; `None` for what is no cookie. `year` is the present one.
    fn parse(header: &str, year: u64) -> Option<Self> {
        let mut parts = header.split(';');
        let pair = parts.next()?;
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() && value.is_empty() {
            return None;
        }
        let mut cookie = Self { name: name.to_owned(), ..Self::default() };
        let (mut max_age, mut expires) = (None, None);
        for attribute in parts {
            let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            let value = value.trim();
            match &*name.trim().to_ascii_lowercase() {
                "secure" => cookie.is_secure = true,
                "httponly" => cookie.is_http_only = true,
                // Of several the last one counts, for every attribute.
                "samesite" => {
                    cookie.same_site = match &*value.to_ascii_lowercase() {
                        "none" => SameSite::None,
                        "lax" | "strict" => SameSite::LaxOrStrict,
                        _ => SameSite::Default,
                    }
                }
                "domain" => {
                    let domain = value.trim_start_matches('.').to_ascii_lowercase();
                    cookie.domain = Some(domain).filter(|domain| !domain.is_empty());
                }
                "path" => cookie.path = Some(value.to_owned()).filter(|path| path.starts_with('/')),
                "max-age" => max_age = is_over(value).or(max_age),
                "expires" => expires = expired(value, year).or(expires),
                _ => {}
            }
        }
        cookie.is_deleted = max_age.or(expires).unwrap_or(false);
        Some(cookie)
    }

    /// Whether browsers drop it: its name or `SameSite` promises what its attributes do not keep.
    fn refused(&self) -> bool {
        let starts = |prefix: &str| {
            self.name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        let is_bound = self.domain.is_none() && self.path.as_deref() == Some("/");
        (starts("__host-") && !(self.is_secure && is_bound))
            || (starts("__secure-") && !self.is_secure)
            || (self.same_site == SameSite::None && !self.is_secure)
    }
}

/// Whether a `Max-Age` ends the cookie at once; `None` when it is no number.
fn is_over(value: &str) -> Option<bool> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| value.starts_with('-') || digits.bytes().all(|byte| byte == b'0'))
}

/// Whether a date lies in a year that is over; nearer dates are not told apart, as nobody deletes that way.
fn expired(value: &str, year: u64) -> Option<bool> {
    let words = value.split(|c: char| !c.is_ascii_alphanumeric() && c != ':');
    let is_number =
        |word: &&str| matches!(word.len(), 2 | 4) && word.bytes().all(|byte| byte.is_ascii_digit());
    let numbers: Vec<&str> = words.filter(is_number).take(3).collect();
    // The day comes before the year, and times hold colons.
    let written = numbers.iter().find(|word| word.len() == 4).or_else(|| numbers.get(1))?;
    let (len, number) = (written.len(), written.parse::<u64>().ok()?);
    let named = match (len, number) {
        (2, 70..) => number + 1900,
        (2, _) => number + 2000,
        _ => number,
    };
    Some(named < year)
}

fn year_of(now: SystemTime) -> u64 {
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    // The mean year of the Gregorian calendar.
    1970 + since.as_secs() / 31_556_952
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookie(header: &str) -> Cookie {
        Cookie::parse(header, 2026).unwrap()
    }

    #[test]
    fn attributes_are_read_in_any_case_and_the_last_one_counts() {
        let all =
            cookie("a=b; SECURE ;httponly=false; SameSite=None; samesite=strict; Path=/; domain=.A.example");
        assert!(all.is_secure && all.is_http_only && !all.refused());
        assert_eq!((all.same_site, all.domain.as_deref()), (SameSite::LaxOrStrict, Some("a.example")));
        assert_eq!(cookie("a=secure; b").same_site, SameSite::Default);
        assert!(!cookie("secure=1").is_secure);
        assert_eq!(cookie("a=b; samesite=maybe").same_site, SameSite::Default);
        assert_eq!(cookie("value").name, "");
        for none in ["", ";secure", "= ;secure"] {
            assert_eq!(Cookie::parse(none, 2026), None, "{none}");
        }
    }

    #[test]
    fn names_and_samesite_promise_what_browsers_enforce() {
        for refused in [
            "__Host-a=b; Secure",
            "__host-a=b; Secure; Path=/; Domain=a.example",
            "__Host-a=b; Path=/",
            "__Secure-a=b",
            "a=b; SameSite=None",
        ] {
            assert!(cookie(refused).refused(), "{refused}");
        }
        for taken in
            ["__Host-a=b; Secure; Path=/", "__Secure-a=b; Secure", "a=b; SameSite=None; Secure", "a=b"]
        {
            assert!(!cookie(taken).refused(), "{taken}");
        }
    }

    #[test]
    fn a_cookie_that_is_taken_away_is_none() {
        for gone in [
            "a=; Max-Age=0",
            "a=; max-age=-1",
            "a=; expires=Thu, 01 Jan 1970 00:00:00 GMT",
            "a=; expires=Thu, 01-Jan-70 00:00:01 GMT",
            "a=; expires=Sunday, 06-Nov-94 08:49:37 GMT",
        ] {
            assert!(cookie(gone).is_deleted, "{gone}");
        }
        for kept in [
            "a=b",
            "a=b; Max-Age=60; expires=Thu, 01 Jan 1970 00:00:00 GMT",
            "a=b; max-age=soon",
            "a=b; expires=Fri, 01 Jan 2038 00:00:00 GMT",
            "a=b; expires=Fri, 01-Jan-38 00:00:00 GMT",
            "a=b; expires=never",
        ] {
            assert!(!cookie(kept).is_deleted, "{kept}");
        }
    }
}
