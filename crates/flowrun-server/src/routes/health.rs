//! Whether the server is there, whether it can take runs, and what it answers.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::any;

use crate::http::call::Answer;
use crate::http::refusal::Refusal;
use crate::metrics::Metrics;
use crate::server::Inner;

/// How long a look may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The routes that ask for no token.
#[cfg(test)]
pub(super) const PATHS: [&str; 4] = ["/healthz", "/metrics", "/openapi.json", "/readyz"];

/// `/healthz`, `/readyz`, `/metrics` and `/openapi.json`, which ask for no token.
pub(super) fn routes(server: &Arc<Inner>) -> Router {
    let measured = {
        let metrics = Arc::clone(&server.metrics);
        move |method| {
            let metrics = Arc::clone(&metrics);
            async move { told(&method, &metrics) }
        }
    };
    let server = Arc::clone(server);
    let healthy = async |method| answered(&method, async { Ok(OK.to_owned()) }).await;
    let ready = move |method| {
        let server = Arc::clone(&server);
        async move { answered(&method, async { is_ready(server).await.map(|()| OK.to_owned()) }).await }
    };
    // Made once: it never changes while the server is there.
    let document: Arc<str> = serde_json::to_string(&crate::openapi::document()).unwrap_or_default().into();
    let described = move |method| {
        let document = Arc::clone(&document);
        async move { answered(&method, async { Ok(document.to_string()) }).await }
    };
    Router::new()
        .route("/healthz", any(healthy))
        .route("/metrics", any(measured))
        .route("/readyz", any(ready))
        .route("/openapi.json", any(described))
}

/// What was counted and measured.
fn told(method: &Method, metrics: &Metrics) -> Response<Body> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Refusal::method(method.as_str(), "GET, HEAD").or_problem(true).into_response();
    }
    let (text, media) = metrics.text();
    ([(CONTENT_TYPE, media)], text).into_response()
}

const OK: &str = r#"{"status":"ok"}"#;

async fn answered(
    method: &Method,
    look: impl Future<Output = Result<String, &'static str>>,
) -> Response<Body> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Refusal::method(method.as_str(), "GET, HEAD").or_problem(true).into_response();
    }
    match look.await {
        Ok(json) => Answer::ok(json).into_response(),
        Err(text) => Refusal::detail(StatusCode::SERVICE_UNAVAILABLE, text).or_problem(true).into_response(),
    }
}

/// Whether runs can be created: the store writes, and tasks of the runtime have their turn.
async fn is_ready(server: Arc<Inner>) -> Result<(), &'static str> {
    if server.is_draining() {
        return Err("the server is shutting down");
    }
    let looks = async {
        // Goes through the thread that writes runs, too.
        let writes = server.repo.writes().await;
        (writes, tokio::spawn(tokio::task::yield_now()).await.is_ok())
    };
    match tokio::time::timeout(PATIENCE, looks).await {
        Ok((true, true)) => Ok(()),
        Ok((false, _)) => Err("the store cannot be written"),
        Ok(_) => Err("runs are not driven"),
        Err(_) => Err("it takes too long"),
    }
}
