//! The examples of `docs/api.md`, run in their order.

use std::collections::BTreeSet;

use flowrun_server::{NewAccount, Scope, Server, ServerOptions};
use serde_json::Value;

use crate::client::{self, Client};
use crate::compare::{Names, compare, fill};
use crate::served::{Served, Tasks};
use crate::streams::{Frame, Stream};

/// A request, and what is answered.
struct Example {
    method: String,
    target: String,
    body: Option<String>,
    status: u16,
    /// What an event stream begins with; else JSON.
    stream: Option<String>,
    /// What a text holds; else JSON.
    lines: Option<String>,
    answer: Value,
}

/// The blocks of code in a text that say what language they are in.
fn blocks(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split("\n```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'))
}

fn examples(text: &str) -> Vec<Example> {
    let blocks: Vec<_> = blocks(text).collect();
    let pairs = blocks.chunks(2).map(|pair| {
        let [("http", request), (told, answer)] = pair else { panic!("no pair: {pair:?}") };
        let (head, body) = request.split_once('\n').unwrap_or((request, ""));
        let (method, target) = head.split_once(' ').unwrap();
        // In the notation of recorded answers.
        let answer = answer.replace("\"…\": \"…\"", "\"<rest>\": \"<any>\"").replace("<time>", "<time T1>");
        let (kind, status) = told.split_once(' ').unwrap();
        let is_stream = kind == "sse";
        let json = if kind == "json" { answer.as_str() } else { "null" };
        Example {
            method: method.to_owned(),
            target: target.to_owned(),
            body: (!body.is_empty()).then(|| body.to_owned()),
            status: status.parse().unwrap(),
            stream: is_stream.then(|| answer.clone()),
            lines: (kind == "text").then(|| answer.clone()),
            answer: serde_json::from_str(json).unwrap_or_else(|error| panic!("{head}: {error}")),
        }
    });
    pairs.collect()
}

/// An exchange of the guide.
pub(crate) struct Shown {
    pub(crate) method: String,
    /// The path as the description writes it.
    pub(crate) path: String,
    pub(crate) answer: client::Answer,
}

/// A server as the guide has it, with nothing set up but calls that take long, and somebody who may do everything.
pub(crate) async fn server(folder: &std::path::Path) -> (Served, Client) {
    let server = Server::builder(folder.join("runs.flowrun")).options(ServerOptions::new());
    let server = server.executor("phone", Tasks::Stay);
    let served = Served::of(server.open().await.unwrap()).await;
    let account = NewAccount::new("ops").user("dev@example.com");
    let account = served.server.repository().create_account(account).await.unwrap().unwrap();
    let token = served.server.repository().create_token(account.id, Scope::Write, None).await.unwrap();
    let client = Client::new(served.address(), token.secret);
    (served, client)
}

/// Does what the guide shows, in its order, and sees that it is answered as the guide says.
pub(crate) async fn followed(client: &Client) -> Vec<Shown> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/api.md")).unwrap();
    let (mut names, mut shown) = (Names::new(), Vec::new());
    for example in examples(&text) {
        let target = fill(&example.target, &names);
        let body = example.body.map(|body| fill(&body, &names));
        if let Some(run) = example.target.contains("flowrun").then(|| names.get("run")).flatten()
            && example.method == "GET"
        {
            // The guide shows how it ends.
            client.ended(run).await;
        }
        if let Some(expected) = example.stream {
            let answer = streamed(client, &target, &expected, &mut names).await;
            shown.push(Shown { method: example.method, path: shape_of(&example.target), answer });
            continue;
        }
        let headers = [
            ("host".to_owned(), client.address.to_string()),
            ("authorization".to_owned(), format!("Token {}", client.token)),
            ("content-type".to_owned(), "application/json".to_owned()),
        ];
        let answer = client::send(client.address, &example.method, &target, headers, body).await;
        assert_eq!(answer.status, example.status, "{} {target}: {}", example.method, answer.text);
        if let Some(lines) = example.lines {
            for line in lines.lines() {
                assert!(answer.text.contains(line), "{target}: no `{line}` in {}", answer.text);
            }
            let answer = client::Answer { text: serde_json::json!(answer.text).to_string(), ..answer };
            shown.push(Shown { method: example.method, path: shape_of(&example.target), answer });
            continue;
        }
        let got: Value = serde_json::from_str(&answer.text).unwrap();
        let mut found = Vec::new();
        compare("body", &example.answer, &got, &mut names, &mut found);
        assert!(found.is_empty(), "{} {target}: {found:?}", example.method);
        shown.push(Shown { method: example.method, path: shape_of(&example.target), answer });
    }
    shown
}

/// Opens an event stream and sees that it begins as the guide says. The answer holds the last event that was looked at, by
/// its fields, as the description has it.
async fn streamed(client: &Client, target: &str, expected: &str, names: &mut Names) -> client::Answer {
    let mut stream = Stream::open(client, target.strip_prefix("/v1/ops").unwrap(), &[]).await;
    let mut event = serde_json::Map::new();
    for expected in expected.trim().split("\n\n").map(Frame::read) {
        let told = stream.told().await;
        assert_eq!((told.id, &told.event), (expected.id, &expected.event), "{target}: {told:?}");
        let mut found = Vec::new();
        compare("data", &expected.json(), &told.json(), names, &mut found);
        assert!(found.is_empty(), "{target}: {found:?}");
        let fields =
            [("id", told.id.map(|id| id.to_string())), ("event", told.event), ("data", Some(told.data))];
        let fields = fields.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into())));
        event = fields.collect();
    }
    let text = Value::Object(event).to_string();
    client::Answer { status: stream.status, headers: stream.headers.clone(), text }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_answer_what_they_say_and_show_every_route() {
    let folder = tempfile::tempdir().unwrap();
    let (served, client) = server(folder.path()).await;
    let shown = followed(&client).await;
    let shown: BTreeSet<(String, String)> =
        shown.into_iter().map(|shown| (shown.method, shown.path)).collect();
    for (path, methods) in served.description().await["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            assert!(shown.contains(&(method.to_uppercase(), path.clone())), "no example of {method} {path}");
        }
    }
    served.stop().await;
}

/// The path of a request as the description writes it.
pub(crate) fn shape_of(target: &str) -> String {
    let path = target.split('?').next().unwrap();
    let is_id = |piece: &str| piece.starts_with("{{") || piece.len() == 36;
    let is_hash = |piece: &str| piece.len() == 64;
    let pieces = path.split('/').map(|piece| match piece {
        id if is_id(id) => "{id}",
        hash if is_hash(hash) => "{hash}",
        other => other,
    });
    pieces.collect::<Vec<_>>().join("/")
}
