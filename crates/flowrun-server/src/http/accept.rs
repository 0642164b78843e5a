//! Which media types a caller takes.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

use super::query::Query;
use super::refusal::Refusal;

/// How a caller wants to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accepts {
    /// Errors as `application/problem+json`, because the caller names it.
    pub(crate) problems: bool,
}

impl Accepts {
    /// What the `Accept` header and the parameter `format` say, where the answer is of this type.
    ///
    /// # Errors
    ///
    /// 404 for a format that there is not, 406 when nothing that is here is taken.
    pub(crate) fn of(headers: &HeaderMap, query: &Query, media: &str) -> Result<Self, Refusal> {
        let ranges = headers.get_all(ACCEPT).iter().map(|value| value.to_str().unwrap_or_default());
        let ranges = ranges.flat_map(|value| value.split(',')).map(Range::parse).collect::<Vec<_>>();
        let takes = |media: &str| ranges.iter().any(|range| range.is_wanted && range.covers(media));
        let problems = ranges.iter().any(|range| range.is_wanted && range.media == PROBLEM);
        let this = Self { problems };
        if query.given("format").is_some_and(|format| format != "json") {
            return Err(Refusal::not_found().or_problem(problems));
        }
        if headers.contains_key(ACCEPT) && !takes(media) && !problems {
            return Err(Refusal::not_acceptable());
        }
        Ok(this)
    }
}

pub(crate) const JSON: &str = "application/json";
pub(crate) const PROBLEM: &str = "application/problem+json";
pub(crate) const EVENTS: &str = "text/event-stream";

/// One of the media types of an `Accept` header.
struct Range {
    media: String,
    is_wanted: bool,
}

impl Range {
    fn parse(text: &str) -> Self {
        let mut parts = text.split(';').map(|part| part.trim().to_ascii_lowercase());
        let media = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=").map(str::to_owned));
        let is_wanted = weight.is_none_or(|weight| weight.parse::<f32>().map_or(true, |weight| weight > 0.0));
        Self { media, is_wanted }
    }

    fn covers(&self, media: &str) -> bool {
        self.media == media
            || self.media == "*/*"
            || self.media.strip_suffix('*').is_some_and(|kind| kind.ends_with('/') && media.starts_with(kind))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    fn asked(accept: Option<&str>, query: &str) -> Result<bool, StatusCode> {
        let headers = accept.map(|accept| (ACCEPT, accept.parse().unwrap())).into_iter().collect();
        Accepts::of(&headers, &Query::parse(query), JSON)
            .map(|a| a.problems)
            .map_err(|refusal| refusal.status())
    }

    #[test]
    fn json_is_there_for_everybody_who_takes_it() {
        for accept in
            ["*/*", "application/*", "Application/JSON", "text/html, */*;q=0.8", "application/json; indent=4"]
        {
            assert_eq!(asked(Some(accept), ""), Ok(false), "{accept}");
        }
        assert_eq!(asked(None, "format=json"), Ok(false));
        assert_eq!(asked(None, "format="), Ok(false));
    }

    #[test]
    fn problems_are_for_those_who_name_them() {
        assert_eq!(asked(Some("application/problem+json"), ""), Ok(true));
        assert_eq!(asked(Some("application/json, application/problem+json;q=0.5"), ""), Ok(true));
        assert_eq!(asked(Some("application/json, application/problem+json;q=0"), ""), Ok(false));
    }

    #[test]
    fn what_is_not_here_is_refused() {
        for accept in
            ["", "text/html", "application/xml, text/*", "application/json;q=0", "app", "application*"]
        {
            assert_eq!(asked(Some(accept), ""), Err(StatusCode::NOT_ACCEPTABLE), "{accept}");
        }
        assert_eq!(asked(Some("*/*"), "format=xml"), Err(StatusCode::NOT_FOUND));
    }
}
