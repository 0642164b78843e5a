//! Which path is answered with what.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use super::{Visit, Website, pages, png, shop};
use crate::servers::bodies::{Stalled, Zeros};
use crate::servers::recorder::Recorder;

const BIG: u64 = 100_000_000;
const LAST_IMAGE: u8 = 99;

pub(super) fn router(visits: Recorder<Visit>) -> Router {
    let found = |to: &'static str| get(move || async move { (StatusCode::FOUND, [(header::LOCATION, to)]) });
    Router::new()
        .route("/style.css", asset("text/css; charset=utf-8", pages::STYLE))
        .route("/app.js", asset("text/javascript; charset=utf-8", pages::SCRIPT))
        .route("/robots.txt", asset("text/plain; charset=utf-8", "User-agent: *\nAllow: /\n"))
        .route("/img/bicycle.svg", asset("image/svg+xml", shop::BICYCLE))
        .route("/img/{file}", get(image))
        .route("/known.json", get(known))
        .route("/redir", found("/good"))
        .route("/redir/{hops}", get(hop))
        .route("/redir-private", found("http://169.254.169.254/latest/"))
        .route("/loop", found("/loop"))
        .route("/hang", get(std::future::pending::<Response>))
        .route("/stall", get(async || Body::new(Stalled::after("<!doctype html>"))))
        .route("/big", get(async || Body::new(Zeros::bytes(BIG))))
        .route("/get-only", get(get_only))
        .route("/api/500", get(async || (StatusCode::INTERNAL_SERVER_ERROR, "it broke")))
        .fallback(page)
        .layer(middleware::from_fn(move |request: Request, next: Next| {
            let path = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
            visits.record(Visit { method: request.method().to_string(), path });
            next.run(request)
        }))
}

fn asset(content_type: &'static str, text: &'static str) -> axum::routing::MethodRouter {
    let headers = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "max-age=600")];
    get(move || async move { (headers, text) })
}

async fn image(Path(file): Path<String>) -> Response {
    let number = file.strip_suffix(".png").and_then(|number| number.parse().ok());
    match number.filter(|number| *number <= LAST_IMAGE) {
        Some(number) => {
            let headers = [(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "max-age=600")];
            (headers, png::square(number)).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn known() -> Response {
    let known = serde_json::json!({"pages": Website::pages(), "changes": Website::changes()});
    ([(header::CONTENT_TYPE, "application/json")], known.to_string()).into_response()
}

async fn hop(Path(hops): Path<u16>) -> Redirect {
    match hops {
        0 | 1 => Redirect::temporary("/redir"),
        more => Redirect::temporary(&format!("/redir/{}", more - 1)),
    }
}

async fn get_only(method: Method) -> Response {
    if method == Method::HEAD {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET")]).into_response();
    }
    "<!doctype html><title>Only for GET</title>".into_response()
}

async fn page(request: Request) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let Some(served) = pages::page(
        request.uri().path(),
        request.uri().query().unwrap_or_default(),
        &format!("http://{host}"),
    ) else {
        return (StatusCode::NOT_FOUND, "there is nothing here").into_response();
    };
    let mut response = Response::new(Body::from(served.html));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    for (name, value) in served.headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
