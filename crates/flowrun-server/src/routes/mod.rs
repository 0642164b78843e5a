//! The routes, and what is asked of every request before one of them is.

mod control;
mod flows;
mod health;
mod live;
mod pages;
mod runs;
mod shown;
mod sites;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use axum::routing::any;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::http::call::{Resource, names_problems};
use crate::http::refusal::Refusal;
use crate::repo::RepositoryError;
use crate::server::Inner;

/// Most bytes of an address.
const MAX_ADDRESS: usize = 8 << 10;

/// Most bytes of all headers together, and most headers.
const MAX_HEADERS: (usize, usize) = (16 << 10, 100);

/// A handler from an async function.
macro_rules! handler {
    ($function:path) => {{
        let handler: Handler = |server, call| Box::pin($function(server, call));
        Some(handler)
    }};
}
use handler;

/// Where the documented routes begin.
const BASE: &str = "/v1/ops";

/// Every route of a server.
pub(crate) fn router(server: &Arc<Inner>) -> Router {
    let mut router = Router::new();
    for (path, resource) in with_token() {
        let server = Arc::clone(server);
        let id_place = path.rsplit('/').position(|piece| piece == "{id}");
        let answer = move |request: Request| resource.answer(Arc::clone(&server), request, id_place);
        router = router.route(&format!("{BASE}{path}"), any(answer));
    }
    router = router.merge(health::routes(server)).fallback(unknown);
    let origins = server.options.origins.clone();
    if !origins.is_empty() {
        // Compared as it is written, so that `*` is an origin that nobody has. Tokens are no credentials of a browser:
        // it does not send them by itself, and so it need not be allowed to.
        let is_named =
            move |origin: &HeaderValue, _: &_| origin.to_str().is_ok_and(|origin| origins.contains(origin));
        let cors = CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(is_named))
            .allow_methods([Method::GET, Method::POST, Method::DELETE])
            .allow_headers([AUTHORIZATION, CONTENT_TYPE, HeaderName::from_static(live::LAST_EVENT_ID)])
            .expose_headers([RETRY_AFTER, ALLOW]);
        router = router.layer(cors);
    }
    router.layer(CatchPanicLayer::custom(|_| panicked())).layer(from_fn(at_the_door))
}

/// The routes that ask for a token: the documented ones, and ours beside them.
fn with_token() -> impl Iterator<Item = Route> {
    let own = [live::routes(), control::routes()].into_iter().flatten();
    let own = own.map(|(path, resource)| (path, Resource { is_own: true, ..resource }));
    [runs::routes(), flows::routes(), sites::routes(), pages::routes()].into_iter().flatten().chain(own)
}

/// Every route with each of its methods.
#[cfg(test)]
pub(crate) fn all() -> std::collections::BTreeSet<(String, &'static str)> {
    let methods = |resource: Resource| {
        let all = [("GET", resource.get), ("POST", resource.post), ("DELETE", resource.delete)];
        all.into_iter().filter_map(|(method, handler)| handler.map(|_| method))
    };
    let with_token = with_token()
        .flat_map(|(path, resource)| methods(resource).map(move |method| (format!("{BASE}{path}"), method)));
    with_token.chain(health::PATHS.map(|path| (path.to_owned(), "GET"))).collect()
}

/// A route with its methods.
type Route = (&'static str, Resource);

async fn unknown(request: Request) -> Response<Body> {
    Refusal::not_found().or_problem(names_problems(request.headers())).into_response()
}

/// Our own mistake: what it was is in the log, not in the answer.
fn panicked() -> Response<Body> {
    tracing::error!("a request panicked");
    Refusal::detail(StatusCode::INTERNAL_SERVER_ERROR, "internal error").into_response()
}

/// Refuses heads that are too long, and says of every answer how it is to be treated.
async fn at_the_door(request: Request, next: Next) -> Response<Body> {
    let head = request.headers();
    let bytes: usize = head.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let address = request.uri().path_and_query().map_or(0, |address| address.as_str().len());
    let mut response = if address > MAX_ADDRESS {
        Refusal::detail(StatusCode::URI_TOO_LONG, "the address is too long").into_response()
    } else if bytes > MAX_HEADERS.0 || head.len() > MAX_HEADERS.1 {
        let text = "the headers are too long, or too many";
        Refusal::detail(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, text).into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl From<RepositoryError> for Refusal {
    fn from(error: RepositoryError) -> Self {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        tracing::error!(%error, source, "accounts could not be used");
        Self::unavailable("not available now")
    }
}
