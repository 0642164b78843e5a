//! Whatever a request holds, it is answered with a documented status and a JSON body that tells nothing of the inside.

use flowrun_server::{Limits, ServerOptions};
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::served::Served;

/// Every route, with the methods it has.
const ROUTES: [(&str, &[&str]); 17] = [
    ("/flowrun", &["GET", "POST"]),
    ("/flowrun/ID", &["GET", "DELETE"]),
    ("/flowruns/zapier", &["GET"]),
    ("/flow", &["GET", "POST"]),
    ("/flow/ID", &["GET", "DELETE"]),
    ("/flow/search", &["GET"]),
    ("/flow/copy", &["POST"]),
    ("/flows/delete", &["POST"]),
    ("/flows/zapier", &["GET"]),
    ("/site", &["GET", "POST"]),
    ("/site/ID", &["GET", "DELETE"]),
    ("/sites/delete", &["POST"]),
    ("/sites/zapier", &["GET"]),
    ("/page", &["GET", "POST"]),
    ("/page/ID", &["GET", "DELETE"]),
    ("/pages/delete", &["POST"]),
    ("/pages/zapier", &["GET"]),
];

/// Holds an answer against what every refusal has.
fn is_refusal(answer: &Answer, what: &str) {
    let media = answer.headers.get("content-type").map_or("", |media| media.to_str().unwrap());
    assert!((400..500).contains(&answer.status), "{what}: {answer:?}");
    assert!(media == "application/json" || media == "application/problem+json", "{what}: {media}");
    let body: Value = serde_json::from_str(&answer.text).unwrap();
    let text = body["reason"].as_str().or(body["detail"].as_str()).unwrap();
    for inside in ["sqlite", "SQL", "panic", "src/", "serde", ".rs", "thread"] {
        assert!(!text.contains(inside), "{what}: {text}");
    }
}

/// Holds an answer against what every answer has.
fn is_answer(answer: &Answer, what: &str) {
    if answer.status >= 300 {
        is_refusal(answer, what);
    } else {
        assert!(serde_json::from_str::<Value>(&answer.text).is_ok(), "{what}: {answer:?}");
    }
}

async fn server() -> (Served, Client) {
    let served = Served::new(ServerOptions::new().max_body(10_000)).await;
    let client = served.account("a", Limits::default()).await;
    (served, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_of_every_route_takes_any_value() {
    let (served, client) = server().await;
    let fields = [
        "site_id",
        "flow_id",
        "page_id",
        "configs",
        "title",
        "nodes",
        "edges",
        "site_url",
        "page_url",
        "page_urls",
        "tags",
        "ids",
        "no_scan",
    ];
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1.5e300),
        json!(""),
        json!("x"),
        json!("\u{202e}'\"<>%00"),
        json!([]),
        json!([null, 1, {"a": []}]),
        json!({}),
        json!({"id": {"$ne": null}}),
        json!("11111111-1111-4111-8111-111111111111"),
        json!("x".repeat(5000)),
    ];
    for (path, methods) in ROUTES.iter().filter(|(_, methods)| methods.contains(&"POST")) {
        assert!(methods.contains(&"POST"));
        for field in fields {
            for value in &values {
                let body = json!({field: value, "site_url": "https://example.com"}).to_string();
                let what = format!("{path} {body:.120}");
                is_answer(&client.send("POST", path, Some(("application/json", body))).await, &what);
            }
        }
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_none_are_refused_on_every_route() {
    let (served, client) = server().await;
    let deep = "[".repeat(5000);
    let long = format!("\"{}\"", "x".repeat(20_000));
    for (path, _) in ROUTES.iter().filter(|(_, methods)| methods.contains(&"POST")) {
        for (media, body, status) in [
            ("application/json", "{", 400),
            ("application/json", "[]", 400),
            ("application/json", "{\"a\":1e999}", 400),
            ("application/json", "{\"a\":\"\\ud800\"}", 400),
            ("application/json", "{\"a\":\"\\u0000\"}", 400),
            ("application/json", &deep, 400),
            ("application/json", &long, 413),
            ("multipart/form-data", "x", 400),
            ("text/plain", "x", 415),
        ] {
            let answer = client.send("POST", path, Some((media, body.to_owned()))).await;
            let what = format!("{path} {media} {body:.40}");
            is_refusal(&answer, &what);
            assert_eq!(answer.status, status, "{what}");
        }
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_that_a_route_has_not_are_refused_with_those_it_has() {
    let (served, client) = server().await;
    for (path, methods) in ROUTES {
        let path = path.replace("ID", "11111111-1111-4111-8111-111111111111");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"] {
            let answer = client.send(method, &path, None).await;
            if methods.contains(&method) {
                assert_ne!(answer.status, 405, "{method} {path}");
                continue;
            }
            is_refusal(&answer, &format!("{method} {path}"));
            assert_eq!(answer.status, 405, "{method} {path}");
            let allow = answer.headers["allow"].to_str().unwrap();
            assert!(methods.iter().all(|method| allow.contains(method)), "{path}: {allow}");
        }
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_are_too_long_are_refused_in_words() {
    let (served, client) = server().await;
    let long = client.with("x-long", &"x".repeat(20_000));
    let many = (0..120).fold(client.clone(), |client, index| client.with(&format!("x-{index}"), "1"));
    for client in [long, many] {
        let answer = client.send("GET", "/flow", None).await;
        is_refusal(&answer, "headers");
        assert_eq!(answer.status, 431);
    }
    let answer = client.send("GET", &format!("/flow?x={}", "x".repeat(10_000)), None).await;
    is_refusal(&answer, "address");
    assert_eq!(answer.status, 414);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hosts_or_tokens_none_is_chosen() {
    let (served, client) = server().await;
    let address = client.address.to_string();
    for (name, value, status) in [
        ("host", "other.example", 400),
        ("host", &address, 400),
        ("authorization", "Token other", 401),
        ("authorization", &format!("Token {}", client.token), 401),
    ] {
        for path in ["/flow", "/flowruns/events"] {
            let answer = client.with(name, value).send("GET", path, None).await;
            is_refusal(&answer, name);
            assert_eq!(answer.status, status, "{name}: {value}");
            assert!(answer.text.contains("more than one"), "{name}: {answer:?}");
        }
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_of_any_kind_are_answered() {
    let (served, client) = server().await;
    let values = [
        "",
        "x",
        "%00",
        "%ff%fe",
        "-1",
        "99999999999999999999",
        "a%26b=c",
        "%F0%9F%9A%80",
        "%27%22%3C%3E",
        "*",
    ];
    for (path, _) in ROUTES.iter().filter(|(path, methods)| methods.contains(&"GET") && !path.contains("ID"))
    {
        for name in [
            "site_id",
            "flow_id",
            "page_id",
            "flowrun_id",
            "limit",
            "offset",
            "lean",
            "query",
            "sort",
            "status",
        ] {
            for value in values {
                let path = format!("{path}?{name}={value}&limit=3");
                is_answer(&client.send("GET", &path, None).await, &path);
            }
        }
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_problems_gets_problems() {
    let (served, client) = server().await;
    let client = client.with("accept", "application/problem+json, application/json");
    for (path, status) in
        [("/flow/11111111-1111-4111-8111-111111111111", 404), ("/nothing", 404), ("/page", 400)]
    {
        let answer = client.send("GET", path, None).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{path}");
        let body: Value = serde_json::from_str(&answer.text).unwrap();
        assert_eq!((&body["type"], &body["status"]), (&json!("about:blank"), &json!(status)), "{path}");
        assert!(body["title"].is_string() && body["detail"].is_string(), "{body}");
    }
    served.stop().await;
}
