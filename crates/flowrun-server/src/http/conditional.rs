//! Headers by which a caller says on which condition, or how, a request is to be done.

use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};

use super::refusal::Refusal;

const IDEMPOTENCY_KEY: &str = "idempotency-key";
static PREFER: HeaderName = HeaderName::from_static("prefer");

/// Most characters of a key.
const MAX_KEY: usize = 255;

/// The longest time that an answer waits because somebody prefers that.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// The mark of what is shown: the same as long as every byte of it is.
pub(crate) fn tag(shown: &str) -> String {
    let hash = blake3::hash(shown.as_bytes());
    format!("\"{}\"", data_encoding::HEXLOWER.encode(&hash.as_bytes()[..16]))
}

/// Whether the caller has this already (`If-None-Match`).
pub(crate) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    // What is compared here may differ in ways that do not matter, which is what `W/` says.
    named(headers, &IF_NONE_MATCH)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// Refuses what was to happen to another version than this one (`If-Match`).
pub(crate) fn ensure_match(headers: &HeaderMap, tag: &str) -> Result<(), Refusal> {
    let is_meant = !headers.contains_key(IF_MATCH)
        || named(headers, &IF_MATCH).any(|meant| meant == "*" || meant == tag);
    if is_meant { Ok(()) } else { Err(Refusal::changed()) }
}

fn named<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// The key that the caller gave the request, if it did.
pub(crate) fn request_key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let wrong = || {
        let text =
            format!("Idempotency-Key must be 1 to {MAX_KEY} printable characters, in quotation marks or not");
        Refusal::bad(text)
    };
    if headers.get_all(IDEMPOTENCY_KEY).iter().count() > 1 {
        return Err(wrong());
    }
    let text = value.to_str().map_err(|_| wrong())?.trim();
    let key = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let is_one =
        (1..=MAX_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if is_one { Ok(Some(key.to_owned())) } else { Err(wrong()) }
}

/// How long the caller prefers to wait for what it asks for (RFC 7240): at most a minute.
pub(crate) fn preferred_wait(headers: &HeaderMap) -> Option<Duration> {
    let prefers = named(headers, &PREFER).flat_map(|value| value.split(';'));
    let waits = prefers.filter_map(|preference| {
        let (name, seconds) = preference.split_once('=')?;
        name.trim().eq_ignore_ascii_case("wait").then(|| seconds.trim().trim_matches('"').parse().ok())?
    });
    // Of several the first counts.
    waits.map(Duration::from_secs).next().map(|wait| wait.min(MAX_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(given: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_version_is_known_or_meant_by_its_mark() {
        let mark = tag("{}");
        assert_ne!(mark, tag("{ }"));
        for (given, known, meant) in [
            (mark.clone(), true, true),
            (format!("\"x\", {mark}"), true, true),
            ("*".to_owned(), true, true),
            (format!("W/{mark}"), true, false),
            ("\"x\"".to_owned(), false, false),
            (String::new(), false, false),
        ] {
            assert_eq!(is_known(&headers(&[("if-none-match", &given)]), &mark), known, "{given}");
            assert_eq!(ensure_match(&headers(&[("if-match", &given)]), &mark).is_ok(), meant, "{given}");
        }
        assert!(!is_known(&headers(&[]), &mark) && ensure_match(&headers(&[]), &mark).is_ok());
    }

    #[test]
    fn a_key_is_read_with_and_without_quotation_marks() {
        let key = |value: &str| request_key(&headers(&[("idempotency-key", value)]));
        assert_eq!(key("\"a b\"").unwrap().as_deref(), Some("a b"));
        assert_eq!(key("8e03978e-40d5").unwrap().as_deref(), Some("8e03978e-40d5"));
        assert_eq!(request_key(&headers(&[])).unwrap(), None);
        for wrong in ["", "\"\"", "é", &"x".repeat(256)] {
            assert!(key(wrong).is_err(), "{wrong}");
        }
        assert!(request_key(&headers(&[("idempotency-key", "a"), ("idempotency-key", "b")])).is_err());
    }

    #[test]
    fn a_wait_is_preferred_in_seconds_and_bounded() {
        let wait = |value: &str| preferred_wait(&headers(&[("prefer", value)])).map(|wait| wait.as_secs());
        for (given, expected) in [
            ("wait=5", Some(5)),
            ("respond-async, wait=10", Some(10)),
            ("Wait = \"7\"; foo", Some(7)),
            ("wait=4711", Some(60)),
            ("wait=-1", None),
            ("wait", None),
            ("return=minimal", None),
        ] {
            assert_eq!(wait(given), expected, "{given}");
        }
    }
}
