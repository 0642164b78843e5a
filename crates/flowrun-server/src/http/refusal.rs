//! Answers that say no: the bodies of the original, or problems (RFC 9457) for those who ask for them.

use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use flowrun::Diagnostic;
use serde_json::{Map, Value, json};

use super::accept::{JSON, PROBLEM};

/// A request that is not done, and why. Nothing of it has happened.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    status: StatusCode,
    /// The member that holds the text: `reason` for what this API says, `detail` for what HTTP says.
    key: &'static str,
    text: String,
    /// Further members.
    more: Map<String, Value>,
    allow: Option<&'static str>,
    retry_after: Option<u64>,
    is_problem: bool,
}

impl Refusal {
    fn new(status: StatusCode, key: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { status, key, text, more: Map::new(), allow: None, retry_after: None, is_problem: false }
    }

    /// A refusal of this API, in its own words.
    pub(crate) fn reason(status: StatusCode, text: impl Into<String>) -> Self {
        Self::new(status, "reason", text)
    }

    /// A refusal of the protocol.
    pub(crate) fn detail(status: StatusCode, text: impl Into<String>) -> Self {
        Self::new(status, "detail", text)
    }

    /// 400: a member or a parameter is wrong.
    pub(crate) fn bad(text: impl Into<String>) -> Self {
        Self::reason(StatusCode::BAD_REQUEST, text)
    }

    /// 400: the body cannot be read.
    pub(crate) fn unreadable(text: impl std::fmt::Display) -> Self {
        Self::detail(StatusCode::BAD_REQUEST, format!("JSON parse error - {text}"))
    }

    /// 404: there is no such object in the account, whether or not there is one elsewhere.
    pub(crate) fn missing(what: &str) -> Self {
        Self::reason(StatusCode::NOT_FOUND, format!("{what} not found"))
    }

    /// 404: there is no such route.
    pub(crate) fn not_found() -> Self {
        Self::detail(StatusCode::NOT_FOUND, "Not found.")
    }

    /// 403: the token may not do it.
    pub(crate) fn forbidden() -> Self {
        Self::reason(StatusCode::FORBIDDEN, "not allowed")
    }

    /// 409: there is such an object already.
    pub(crate) fn exists(what: &str) -> Self {
        Self::reason(StatusCode::CONFLICT, format!("{what} exists"))
    }

    /// 409: the object is not in a state for that.
    pub(crate) fn conflict(text: impl Into<String>) -> Self {
        Self::reason(StatusCode::CONFLICT, text)
    }

    /// 410: there was such an object, and it was deleted.
    pub(crate) fn gone(text: impl Into<String>) -> Self {
        Self::reason(StatusCode::GONE, text)
    }

    /// 412: it is not what it was when the caller saw it.
    pub(crate) fn changed() -> Self {
        Self::reason(StatusCode::PRECONDITION_FAILED, "it was changed meanwhile: ask for it again")
    }

    /// 422: the request contradicts an earlier one.
    pub(crate) fn contradicts(text: impl Into<String>) -> Self {
        Self::reason(StatusCode::UNPROCESSABLE_ENTITY, text)
    }

    /// 426: a limit of the account is reached.
    pub(crate) fn limit(what: &str) -> Self {
        Self::reason(StatusCode::UPGRADE_REQUIRED, format!("max {what} reached"))
    }

    /// 405 with the methods that the route has.
    pub(crate) fn method(method: &str, allow: &'static str) -> Self {
        let text = format!("Method \"{method}\" not allowed.");
        Self { allow: Some(allow), ..Self::detail(StatusCode::METHOD_NOT_ALLOWED, text) }
    }

    /// 406.
    pub(crate) fn not_acceptable() -> Self {
        Self::detail(StatusCode::NOT_ACCEPTABLE, "Could not satisfy the request Accept header.")
    }

    /// 415.
    pub(crate) fn media_type(media: &str) -> Self {
        let text = format!("Unsupported media type \"{media}\" in request.");
        Self::detail(StatusCode::UNSUPPORTED_MEDIA_TYPE, text)
    }

    /// 413.
    pub(crate) fn too_large(most: usize) -> Self {
        Self::detail(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {most} bytes"))
    }

    /// 429: come again in so many seconds.
    pub(crate) fn throttled(seconds: u64) -> Self {
        let text = format!("Request was throttled. Expected available in {seconds} seconds.");
        Self { retry_after: Some(seconds), ..Self::detail(StatusCode::TOO_MANY_REQUESTS, text) }
    }

    /// 503: not now. What is in the way is logged, not told.
    pub(crate) fn unavailable(text: &str) -> Self {
        Self { retry_after: Some(5), ..Self::reason(StatusCode::SERVICE_UNAVAILABLE, text) }
    }

    /// 400: the flow cannot run; the first problem, and all of them.
    pub(crate) fn flow(problems: &[Diagnostic]) -> Self {
        let first = problems.first().map_or("the flow is refused", |problem| &problem.message);
        let mut refusal = Self::bad(first);
        refusal.more.insert("problems".to_owned(), json!(problems));
        refusal
    }

    /// The same with one more member.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    /// The same as a problem, if the caller takes those.
    pub(crate) fn or_problem(mut self, is_problem: bool) -> Self {
        self.is_problem |= is_problem;
        self
    }

    #[cfg(test)]
    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    fn body(self) -> (Value, &'static str) {
        let mut body = Map::new();
        let title = self.status.canonical_reason().unwrap_or("Error");
        if self.is_problem {
            body.extend([
                ("type".to_owned(), json!("about:blank")),
                ("title".to_owned(), json!(title)),
                ("status".to_owned(), json!(self.status.as_u16())),
                ("detail".to_owned(), json!(self.text)),
            ]);
        } else {
            body.insert(self.key.to_owned(), json!(self.text));
        }
        body.extend(self.more);
        (Value::Object(body), if self.is_problem { PROBLEM } else { JSON })
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response<Body> {
        let Self { status, allow, retry_after, .. } = self;
        let (body, media) = self.body();
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
        if let Some(allow) = allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        if let Some(seconds) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Token"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_the_same_in_the_words_of_rfc_9457() {
        let refusal = Refusal::missing("flow").with("more", 1);
        assert_eq!(refusal.clone().body(), (json!({"reason": "flow not found", "more": 1}), JSON));
        let (body, media) = refusal.or_problem(true).body();
        assert_eq!(media, PROBLEM);
        let told = json!({
            "type": "about:blank", "title": "Not Found", "status": 404, "detail": "flow not found", "more": 1,
        });
        assert_eq!(body, told);
    }
}
