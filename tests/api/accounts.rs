//! Nothing of one account is seen, used or changed from another.

use flowrun_server::{Limits, ServerOptions};
use serde_json::{Value, json};

use crate::client::Client;
use crate::served::Served;

/// The ids of what an account has.
struct Things {
    site: String,
    page: String,
    flow: String,
    run: String,
}

impl Things {
    async fn of(client: &Client) -> Self {
        let site = client.make("/site", json!({"site_url": "https://example.com"})).await;
        let page = json!({"site_id": site, "page_url": "https://example.com/a"});
        let page = client.make("/page", page).await;
        let nodes = json!([{"id": "1", "data": {"id": "1", "task_type": "scan"}}]);
        let flow = client.make("/flow", json!({"title": "T", "nodes": nodes})).await;
        let run = client.make("/flowrun", json!({"site_id": site, "flow_id": flow})).await;
        Self { site, page, flow, run }
    }

    /// Ids that nobody has.
    fn unknown() -> Self {
        let id =
            |digit: u8| format!("{}-1111-4111-8111-111111111111", char::from(digit).to_string().repeat(8));
        Self { site: id(b'a'), page: id(b'b'), flow: id(b'c'), run: id(b'd') }
    }

    fn told(&self, text: &str) -> String {
        [(&self.site, "SITE"), (&self.page, "PAGE"), (&self.flow, "FLOW"), (&self.run, "RUN")]
            .into_iter()
            .fold(text.to_owned(), |text, (id, name)| text.replace(id, name))
    }
}

/// Every route and field that takes an id, with these ids in place; `own` are the caller's, for what must be right
/// beside them. Those that delete come last.
fn requests(of: &Things, own: &Things) -> Vec<(&'static str, String, Value)> {
    let Things { site, page, flow, run } = of;
    let get = |path: String| ("GET", path, Value::Null);
    let post = |path: &str, body: Value| ("POST", path.to_owned(), body);
    let delete = |path: String| ("DELETE", path, Value::Null);
    vec![
        get(format!("/flowrun/{run}")),
        get(format!("/flowrun?flowrun_id={run}")),
        get(format!("/flowrun?site_id={site}")),
        get(format!("/flowrun?site_id={}&flowrun_id={run}", own.site)),
        post("/flowrun", json!({"site_id": site, "flow_id": own.flow})),
        post("/flowrun", json!({"site_id": own.site, "flow_id": flow})),
        get(format!("/flow/{flow}")),
        get(format!("/flow?flow_id={flow}")),
        post("/flow", json!({"flow_id": flow, "title": "stolen"})),
        post("/flow/copy", json!({"flow_id": flow})),
        get(format!("/site/{site}")),
        get(format!("/site?site_id={site}")),
        post("/site", json!({"site_id": site, "tags": ["stolen"]})),
        get(format!("/page/{page}")),
        get(format!("/page?page_id={page}")),
        get(format!("/page?site_id={site}")),
        get(format!("/page?site_id={}&page_id={page}", own.site)),
        get(format!("/pages/zapier?site_id={site}")),
        post("/page", json!({"page_id": page, "tags": ["stolen"]})),
        post("/page", json!({"site_id": own.site, "page_id": page, "tags": ["stolen"]})),
        post("/page", json!({"site_id": site, "page_url": "https://example.com/b"})),
        post("/page", json!({"site_id": site, "page_urls": ["https://example.com/c"]})),
        get(format!("/flowrun/{run}?at=1")),
        get(format!("/flowrun/{run}/journal")),
        get(format!("/flowrun/{run}/explain")),
        post(&format!("/flowrun/{run}/pause"), json!({})),
        post(&format!("/flowrun/{run}/resume"), json!({})),
        post("/flow/check", json!({"flow_id": flow})),
        post("/flows/delete", json!({"ids": [flow]})),
        post("/sites/delete", json!({"ids": [site]})),
        post("/pages/delete", json!({"ids": [page]})),
        delete(format!("/flowrun/{run}")),
        delete(format!("/page/{page}")),
        delete(format!("/flow/{flow}")),
        delete(format!("/site/{site}")),
    ]
}

async fn asked(client: &Client, (method, path, body): &(&str, String, Value)) -> (u16, String) {
    let body = (!body.is_null()).then(|| ("application/json", body.to_string()));
    let answer = client.send(method, path, body).await;
    (answer.status, answer.text)
}

/// What the owner sees of its things.
async fn seen(client: &Client, of: &Things) -> Vec<(u16, Value)> {
    let mut seen = Vec::new();
    for path in [
        format!("/flowrun/{}", of.run),
        format!("/flow/{}", of.flow),
        format!("/site/{}", of.site),
        format!("/page/{}", of.page),
        "/flowrun".to_owned(),
        "/flow".to_owned(),
        format!("/page?site_id={}", of.site),
    ] {
        seen.push(client.get(&path).await);
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_foreign_is_missing_on_every_route_and_in_every_field() {
    let served = Served::new(ServerOptions::new()).await;
    let (a, b) = (served.account("a", Limits::default()).await, served.account("b", Limits::default()).await);
    let (own, foreign, unknown) = (Things::of(&a).await, Things::of(&b).await, Things::unknown());
    let before = seen(&b, &foreign).await;
    for (request, missed) in requests(&foreign, &own).iter().zip(requests(&unknown, &own)) {
        let (status, text) = asked(&a, request).await;
        let missing = asked(&a, &missed).await;
        assert_eq!((status, foreign.told(&text)), (missing.0, unknown.told(&missing.1)), "{request:?}");
        let is_counted = text.contains("\"num_succeeded\":0");
        assert!(status == 404 || status == 200 && is_counted, "{request:?}: {status} {text}");
    }
    assert_eq!(seen(&b, &foreign).await, before);

    // The same requests from the owner find what they name, so that a route which misses everything would be seen.
    for request in requests(&foreign, &foreign) {
        let (status, text) = asked(&b, &request).await;
        let is_gone = request.0 == "DELETE" && status == 404;
        assert!(status < 300 || is_gone, "{request:?}: {status} {text}");
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_searches_hold_the_own_things_only() {
    let served = Served::new(ServerOptions::new()).await;
    let (a, b) = (served.account("a", Limits::default()).await, served.account("b", Limits::default()).await);
    Things::of(&b).await;
    for path in ["/flowrun", "/flow", "/site", "/flow/search?query="] {
        assert_eq!(a.get(path).await.1["count"], 0, "{path}");
        assert_eq!(b.get(path).await.1["count"], 1, "{path}");
    }
    for path in ["/flowruns/zapier", "/flows/zapier", "/sites/zapier", "/pages/zapier"] {
        assert_eq!(a.get(path).await.1, json!([]), "{path}");
    }
    served.stop().await;
}
