//! Pages of other origins, as their browsers ask: nothing but what is configured may read an answer.

use axum::http::HeaderMap;
use flowrun_server::{Limits, ServerOptions};

use crate::client::{self, Answer};
use crate::served::Served;

const OURS: &str = "https://app.example.com";

/// Every header by which a server lets a browser do something.
fn allowed(headers: &HeaderMap) -> Vec<String> {
    let names = headers.keys().map(|name| name.as_str());
    names.filter(|name| name.starts_with("access-control-")).map(str::to_owned).collect()
}

async fn preflight(served: &Served, origin: &str) -> Answer {
    let headers = [
        ("host", served.address().to_string()),
        ("origin", origin.to_owned()),
        ("access-control-request-method", "DELETE".to_owned()),
        ("access-control-request-headers", "authorization,content-type".to_owned()),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value));
    client::send(served.address(), "OPTIONS", "/v1/ops/flow", headers, None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configured_origin_may_call_and_no_other_one() {
    let options = ServerOptions::new().origin(OURS).origin("http://localhost:5173").origin("*");
    let served = Served::new(options).await;
    let client = served.account("a", Limits::default()).await;

    for origin in [OURS, "http://localhost:5173"] {
        let asked = preflight(&served, origin).await;
        assert_eq!(
            (asked.status, asked.headers["access-control-allow-origin"].to_str().unwrap()),
            (200, origin)
        );
        let (methods, headers) =
            (&asked.headers["access-control-allow-methods"], &asked.headers["access-control-allow-headers"]);
        assert!(
            methods.to_str().unwrap().contains("DELETE")
                && headers.to_str().unwrap().contains("authorization")
        );
        for (path, status) in [("/flow", 200), ("/flow/00000000-0000-4000-8000-000000000000", 404)] {
            let answer = client.with("origin", origin).send("GET", path, None).await;
            assert_eq!(answer.status, status);
            assert_eq!(answer.headers["access-control-allow-origin"], origin);
            // A cache must not hand the answer for one origin to another.
            assert!(answer.headers["vary"].to_str().unwrap().to_ascii_lowercase().contains("origin"));
        }
        // Whatever the browser knows of a user by itself is of no use here.
        assert!(!allowed(&asked.headers).contains(&"access-control-allow-credentials".to_owned()));
    }
    for origin in [
        "https://evil.example",
        "https://app.example.com.evil.example",
        "http://app.example.com",
        "https://app.example.com:8443",
        "HTTPS://APP.EXAMPLE.COM",
        "https://app.example.com/",
        "null",
        "*",
        "é",
    ] {
        let asked = preflight(&served, origin).await;
        let is_named = asked.headers.get("access-control-allow-origin").is_some();
        // Of the configured `*` nothing follows but this: no browser has that origin.
        assert_eq!(is_named, origin == "*", "{origin}");
        if origin != "*" {
            let answer = client.with("origin", origin).send("GET", "/flow", None).await;
            assert_eq!(
                (answer.status, answer.headers.get("access-control-allow-origin")),
                (200, None),
                "{origin}"
            );
        }
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_configured_origin_no_page_may_call() {
    let served = Served::new(ServerOptions::new()).await;
    let client = served.account("a", Limits::default()).await;
    let asked = preflight(&served, OURS).await;
    assert_eq!((asked.status, allowed(&asked.headers)), (401, Vec::new()));
    let answer = client.with("origin", OURS).send("GET", "/flow", None).await;
    assert_eq!((answer.status, allowed(&answer.headers)), (200, Vec::new()));
    served.stop().await;
}
