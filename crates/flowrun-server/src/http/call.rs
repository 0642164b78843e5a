//! From a request to a call of one of the routes, in the order in which the original looks at it: the format of the
//! answer, who asks, the method, then the body.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, OriginalUri, Request};
use axum::http::header::{
    CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HOST, HeaderName,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use axum::response::IntoResponse;
use futures::future::BoxFuture;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use uuid::Uuid;

use super::accept::{Accepts, EVENTS, JSON};
use super::authorization::Credentials;
use super::conditional;
use super::fields::Fields;
use super::query::Query;
use super::refusal::Refusal;
use crate::repo::Caller;
use crate::server::Inner;

/// What a route is called with.
pub(crate) struct Call {
    pub(crate) caller: Caller,
    /// The id in the path, on routes that have one.
    pub(crate) id: Option<Uuid>,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    /// The fields of the body of a POST. Other methods have no body that matters.
    pub(crate) fields: Fields,
    /// The address of the request up to its query, as the caller sees it.
    pub(crate) address: String,
}

/// What a route answers when it does not refuse.
#[derive(Debug)]
pub(crate) struct Answer(Response<Body>);

impl Answer {
    fn new(status: StatusCode, json: String) -> Self {
        let mut response = Response::new(Body::from(json));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        Self(response)
    }

    /// 200 with this JSON.
    pub(crate) fn ok(json: impl Into<String>) -> Self {
        Self::new(StatusCode::OK, json.into())
    }

    /// 201 with this JSON.
    pub(crate) fn created(json: impl Into<String>) -> Self {
        Self::new(StatusCode::CREATED, json.into())
    }

    /// 200 with this JSON and the mark of this version of it, or 304 for whoever has that already.
    pub(crate) fn tagged(json: impl Into<String>, asked: &HeaderMap) -> Self {
        let json = json.into();
        let tag = conditional::tag(&json);
        let mut answer = Self::ok(json);
        if conditional::is_known(asked, &tag) {
            answer = Self::nothing();
            *answer.0.status_mut() = StatusCode::NOT_MODIFIED;
        }
        answer.with(ETAG, &tag)
    }

    /// The same with one more header.
    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.headers_mut().insert(name, value);
        }
        self
    }

    /// 202 with this JSON: it is decided, and not done yet.
    pub(crate) fn accepted(json: impl Into<String>) -> Self {
        Self::new(StatusCode::ACCEPTED, json.into())
    }

    /// 204: there is nothing to be told.
    pub(crate) fn nothing() -> Self {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        Self(response)
    }

    /// 200 with a file of a stranger. A browser shows a picture, and of nothing else more than where it was saved: a document
    /// is never opened here, and could do nothing if it were.
    pub(crate) fn file(content_type: &'static str, is_shown: bool, content: Vec<u8>) -> Self {
        let mut response = Response::new(Body::from(content));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        let policy = HeaderValue::from_static("sandbox; default-src 'none'");
        headers.insert(CONTENT_SECURITY_POLICY, policy);
        headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
        let place = if is_shown { "inline" } else { "attachment" };
        headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static(place));
        Self(response)
    }

    /// 200 with what is told bit by bit.
    pub(crate) fn streamed(response: impl IntoResponse) -> Self {
        Self(response.into_response())
    }

    /// 200 with a message.
    pub(crate) fn message(text: &str) -> Self {
        Self::ok(serde_json::json!({"message": text}).to_string())
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response<Body> {
        self.0
    }
}

/// Does one method of a route.
pub(crate) type Handler = fn(Arc<Inner>, Call) -> BoxFuture<'static, Result<Answer, Refusal>>;

/// What a route can do.
#[derive(Clone, Copy, Default)]
pub(crate) struct Resource {
    pub(crate) get: Option<Handler>,
    pub(crate) post: Option<Handler>,
    pub(crate) delete: Option<Handler>,
    /// Not one of the documented routes: it refuses with problems, whatever is accepted.
    pub(crate) is_own: bool,
    /// It answers with an event stream.
    pub(crate) streams: bool,
    /// It answers with files, whatever type is accepted.
    pub(crate) has_files: bool,
}

impl Resource {
    fn allow(&self) -> &'static str {
        match (self.get.is_some(), self.post.is_some(), self.delete.is_some()) {
            (true, true, _) => "POST, GET",
            (true, false, true) => "GET, DELETE",
            (false, true, _) => "POST",
            (true, false, false) => "GET",
            (false, false, _) => "DELETE",
        }
    }

    fn handler(&self, method: &Method) -> Option<Handler> {
        match *method {
            Method::GET => self.get,
            Method::POST => self.post,
            Method::DELETE => self.delete,
            _ => None,
        }
    }

    /// Answers a request. `id_place`: which piece of the path is an id, counted from the end.
    pub(crate) async fn answer(
        self,
        server: Arc<Inner>,
        request: Request,
        id_place: Option<usize>,
    ) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        let id = id_place.and_then(|place| path_id(parts.uri.path(), place));
        if id_place.is_some() && id.is_none() {
            let is_problem = self.is_own || names_problems(&parts.headers);
            return Refusal::not_found().or_problem(is_problem).into_response();
        }
        let media = if self.streams { EVENTS } else { JSON };
        let accepts = match Accepts::of(&parts.headers, &query, media) {
            Ok(accepts) => accepts,
            Err(_) if self.has_files => Accepts { problems: true },
            Err(refusal) => return refusal.or_problem(self.is_own).into_response(),
        };
        match self.answered(server, &parts, body, query, id).await {
            Ok(answer) => answer.into_response(),
            Err(refusal) => refusal.or_problem(accepts.problems || self.is_own).into_response(),
        }
    }

    async fn answered(
        self,
        server: Arc<Inner>,
        parts: &Parts,
        body: Body,
        query: Query,
        id: Option<Uuid>,
    ) -> Result<Answer, Refusal> {
        let credentials = Credentials::of(&parts.headers)?;
        let caller = server.repo.caller(credentials.token())?.ok_or_else(|| credentials.refused())?;
        if let Some(rates) = &server.rates {
            rates.count(caller.token)?;
        }
        let handler = self
            .handler(&parts.method)
            .ok_or_else(|| Refusal::method(parts.method.as_str(), self.allow()))?;
        let address = address(parts, &server.options.trusted_proxies)?;
        let fields = if parts.method == Method::POST {
            let body = read(&parts.headers, body, &server.options).await?;
            Fields::read(&parts.headers, body).await?
        } else {
            Fields::default()
        };
        let headers = parts.headers.clone();
        handler(server, Call { caller, id, query, headers, fields, address }).await
    }
}

/// Whether problems are asked for, where nothing else of the request is looked at.
pub(crate) fn names_problems(headers: &HeaderMap) -> bool {
    Accepts::of(headers, &Query::default(), JSON).is_ok_and(|accepts| accepts.problems)
}

/// The id in a path, so many pieces from its end. It is spelt in one way only.
fn path_id(path: &str, place: usize) -> Option<Uuid> {
    let text = path.rsplit('/').nth(place)?;
    let id = Uuid::parse_str(text).ok()?;
    (id.hyphenated().to_string() == text).then_some(id)
}

/// The address of a request as its caller sees it. A proxy says how it was called, if it is one of ours.
fn address(parts: &Parts, trusted: &[ipnet::IpNet]) -> Result<String, Refusal> {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let is_trusted = peer.is_some_and(|peer| trusted.iter().any(|net| net.contains(&peer)));
    let forwarded = |name: &str| {
        let value = if is_trusted { parts.headers.get(name)?.to_str().ok()? } else { return None };
        value.split(',').next_back().map(str::trim)
    };
    let is_https = forwarded("x-forwarded-proto").is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
    // Of two hosts a proxy in front may have believed the other one (RFC 9112, 3.2).
    let mut hosts = parts.headers.get_all(HOST).iter();
    let named = hosts.next().map(|host| host.to_str().unwrap_or("?"));
    if hosts.next().is_some() {
        return Err(Refusal::detail(StatusCode::BAD_REQUEST, "there is more than one Host header"));
    }
    let host =
        forwarded("x-forwarded-host").or(named).or_else(|| parts.uri.authority().map(|host| host.as_str()));
    let host = host.unwrap_or("localhost");
    if host.is_empty() || !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte))
    {
        return Err(Refusal::detail(StatusCode::BAD_REQUEST, "the Host header does not name a host"));
    }
    let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |OriginalUri(uri)| uri);
    Ok(format!("{}://{host}{}", if is_https { "https" } else { "http" }, uri.path()))
}

/// Reads a body, up to the limit and within its time.
async fn read(headers: &HeaderMap, body: Body, options: &crate::ServerOptions) -> Result<Bytes, Refusal> {
    let most = options.max_body;
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most as u64) {
        return Err(Refusal::too_large(most));
    }
    let collected = tokio::time::timeout(options.body_timeout, Limited::new(body, most).collect()).await;
    match collected {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::too_large(most)),
        Ok(Err(_)) => Err(Refusal::detail(StatusCode::BAD_REQUEST, "the body is not whole")),
        Err(_) => Err(Refusal::detail(StatusCode::REQUEST_TIMEOUT, "the body took too long")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_its_id_in_one_spelling() {
        let id = "11111111-1111-4111-8111-11111111111a";
        assert_eq!(path_id(&format!("/v1/ops/flow/{id}"), 0).unwrap().to_string(), id);
        assert_eq!(path_id(&format!("/v1/ops/flow/{id}/events"), 1).unwrap().to_string(), id);
        for other in [
            "",
            "abc",
            "zapier",
            &id.to_uppercase(),
            &id.replace('-', ""),
            &format!("{{{id}}}"),
            &format!("urn:uuid:{id}"),
            &format!("{id}1"),
            &format!("%20{id}"),
            "%00",
        ] {
            assert_eq!(path_id(&format!("/v1/ops/flow/{other}"), 0), None, "{other}");
        }
    }

    fn seen(peer: Option<[u8; 4]>, headers: &[(&str, &str)]) -> Result<String, StatusCode> {
        let mut request = Request::builder().uri("/v1/ops/flow?x=1");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        if let Some(peer) = peer {
            parts.extensions.insert(ConnectInfo(SocketAddr::from((peer, 1))));
        }
        address(&parts, &["10.0.0.0/8".parse().unwrap()]).map_err(|refusal| refusal.status())
    }

    #[test]
    fn only_a_trusted_proxy_says_how_it_was_called() {
        let forwarded =
            [("host", "a.example:81"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "b.example")];
        assert_eq!(seen(Some([10, 1, 2, 3]), &forwarded), Ok("https://b.example/v1/ops/flow".to_owned()));
        for stranger in [Some([11, 1, 2, 3]), None] {
            assert_eq!(seen(stranger, &forwarded), Ok("http://a.example:81/v1/ops/flow".to_owned()));
        }
    }

    #[test]
    fn what_is_no_host_stands_in_no_link() {
        for host in ["", "a b", "a/b", "a\"b", "evil<x>", "a@b"] {
            assert_eq!(seen(None, &[("host", host)]), Err(StatusCode::BAD_REQUEST), "{host}");
        }
    }
}
