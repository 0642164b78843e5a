//! Plays recorded cases against a server.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::Value;

use super::case::{Case, Step};
use super::client;
use super::compare::{Mismatch, Names, compare, fill, fill_value, pick};

/// Whose objects are removed before a case that somebody plays in.
const OWNERS: [(&str, &str); 4] = [("A", "A"), ("B", "B"), ("L", "L"), ("MG", "A")];

/// A difference, with the step it was found at: `setup 1` or `step 2`.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) at: String,
    pub(crate) request: String,
    pub(crate) mismatch: Mismatch,
}

pub(crate) struct Player {
    base: String,
    address: SocketAddr,
    tokens: BTreeMap<&'static str, String>,
    /// Names that hold for the whole play.
    known: Names,
}

/// An answer as far as it is looked at.
struct Answer {
    status: u16,
    headers: axum::http::HeaderMap,
    text: String,
    content: Value,
}

impl Player {
    pub(crate) fn new(address: SocketAddr, tokens: BTreeMap<&'static str, String>) -> Self {
        let base = format!("http://{address}/v1/ops");
        let mut known = Names::from([("base".to_owned(), base.clone())]);
        known.extend(tokens.iter().map(|(name, token)| (format!("token_{name}"), token.clone())));
        Self { base, address, tokens, known }
    }

    /// Whether the server has what the case needs.
    pub(crate) fn can_play(&self, case: &Case) -> bool {
        case.needs.iter().all(|need| self.tokens.contains_key(need.as_str()))
    }

    /// Every difference of a case.
    pub(crate) async fn play(&mut self, case: &Case) -> Vec<Found> {
        let mut names = self.known.clone();
        let mut found = Vec::new();
        let steps = || case.setup.iter().chain(&case.steps);
        for (_, owner) in OWNERS.iter().filter(|(who, _)| steps().any(|step| step.who == *who)) {
            self.clean(owner).await;
        }
        let numbered = |kind, steps: &'static str| move |(index, step)| (kind, steps, index + 1, step);
        let setup = case.setup.iter().enumerate().map(numbered(true, "setup"));
        for (is_setup, kind, number, step) in
            setup.chain(case.steps.iter().enumerate().map(numbered(false, "step")))
        {
            for n in 1..=step.times.unwrap_or(1) {
                if step.times.is_some() {
                    names.insert("n".to_owned(), n.to_string());
                }
                let answer = self.answer(step, &names).await;
                let mismatches = check(step, &answer, &mut names);
                assert!(!is_setup || mismatches.is_empty(), "{}: setup {number}: {mismatches:?}", case.name);
                let at = format!("{kind} {number}");
                let request = format!("{} {} {}", step.who, step.method, step.path);
                found.extend(mismatches.into_iter().map(|mismatch| Found {
                    at: at.clone(),
                    request: request.clone(),
                    mismatch,
                }));
            }
        }
        let lasting = |name: &str| name.starts_with("account_") || name.starts_with("user_");
        self.known.extend(names.into_iter().filter(|(name, _)| lasting(name)));
        found
    }

    /// Removes every flow, with its runs, and every site of an account.
    async fn clean(&self, owner: &str) {
        for route in ["/flow", "/site"] {
            loop {
                let answer = self.send(owner, "GET", route, "limit=500", &BTreeMap::new(), None).await;
                let results = answer.content["results"].as_array().cloned().unwrap_or_default();
                if results.is_empty() {
                    break;
                }
                for one in results {
                    let path = format!("{route}/{}", one["id"].as_str().unwrap());
                    let answer = self.send(owner, "DELETE", &path, "", &BTreeMap::new(), None).await;
                    assert_eq!(answer.status, 200, "{path}");
                }
            }
        }
    }

    async fn answer(&self, step: &Step, names: &Names) -> Answer {
        let query = match &step.query {
            Value::Null => String::new(),
            Value::String(text) => fill(text, names),
            Value::Object(members) => {
                let text = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
                let pairs =
                    members.iter().map(|(name, value)| format!("{name}={}", fill(&text(value), names)));
                pairs.collect::<Vec<_>>().join("&")
            }
            other => panic!("a query is no {other}"),
        };
        let mut headers: BTreeMap<String, String> = BTreeMap::new();
        let mut body = step.text.as_ref().map(|text| fill(text, names));
        if let Some(json) = &step.body {
            headers.insert("Content-Type".to_owned(), "application/json".to_owned());
            body = Some(fill_value(json, names).to_string());
        }
        headers.extend(step.headers.iter().map(|(name, value)| (name.clone(), fill(value, names))));
        self.send(&step.who, &step.method, &fill(&step.path, names), &query, &headers, body).await
    }

    async fn send(
        &self,
        who: &str,
        method: &str,
        path: &str,
        query: &str,
        headers: &BTreeMap<String, String>,
        body: Option<String>,
    ) -> Answer {
        let mark = if query.is_empty() { "" } else { "?" };
        let target = format!("/v1/ops{path}{mark}{query}");
        let mut all = BTreeMap::from([
            ("host".to_owned(), self.base["http://".len()..].split('/').next().unwrap().to_owned()),
            ("accept".to_owned(), "*/*".to_owned()),
        ]);
        if who != "none" {
            let token = self.tokens.get(who).cloned().unwrap_or_else(|| "0".repeat(40));
            all.insert("authorization".to_owned(), format!("Token {token}"));
        }
        // In place of those above, where they have the same name.
        all.extend(headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone())));
        let client::Answer { status, headers, text } =
            client::send(self.address, method, &target, all, body).await;
        let content = serde_json::from_str(&text).unwrap_or_else(|_| text.clone().into());
        Answer { status, headers, text, content }
    }
}

/// All differences of one answer; what is captured goes into `names`.
fn check(step: &Step, answer: &Answer, names: &mut Names) -> Vec<Mismatch> {
    let mut found = Vec::new();
    if let Some(want) = step.expect.status
        && want != answer.status
    {
        found.push(Mismatch::new("status", want, answer.status));
    }
    for (name, want) in &step.expect.headers {
        let got = answer.headers.get(name).map_or("nothing", |value| value.to_str().unwrap());
        let is_same = match name.as_str() {
            "allow" => words(want) == words(got),
            "content-type" => want.split(';').next() == got.split(';').next(),
            _ => fill(want, names) == got,
        };
        if !is_same {
            found.push(Mismatch::new(&format!("headers.{name}"), want, got));
        }
    }
    if let Some(want) = &step.expect.body {
        compare("body", want, &answer.content, names, &mut found);
    }
    for (path, want) in &step.expect.key_order {
        let got = keys_at(&answer.text, path);
        if got.as_ref() != Some(want) {
            found.push(Mismatch::new(
                &format!("key_order {path}"),
                want.join(" "),
                got.unwrap_or_default().join(" "),
            ));
        }
    }
    for (name, path) in &step.capture {
        match pick(&answer.content, path) {
            Some(value) => {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                names.insert(fill(name, names), text);
            }
            None => found.push(Mismatch::new(&format!("capture {path}"), "something", "nothing")),
        }
    }
    found
}

fn words(list: &str) -> std::collections::BTreeSet<&str> {
    list.split(',').map(str::trim).collect()
}

/// The keys of the object at a path, in the order in which they are written.
fn keys_at(text: &str, path: &str) -> Option<Vec<String>> {
    let keys = match path {
        "$" => text.to_owned(),
        _ => {
            // The order of keys is lost in a `Value`: the text of the first element is looked for instead.
            let list = if path == "$[0]" { text } else { text.split_once("\"results\":")?.1 };
            list.trim_start().strip_prefix('[')?.to_owned()
        }
    };
    Some(KeyOrder::first_object(&keys))
}

/// Finds the keys of an object without reading it whole.
struct KeyOrder;

impl KeyOrder {
    fn first_object(text: &str) -> Vec<String> {
        use serde::Deserialize;
        use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

        struct Keys(Vec<String>);
        impl<'de> Deserialize<'de> for Keys {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Object;
                impl<'de> Visitor<'de> for Object {
                    type Value = Keys;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }
                    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                        let mut keys = Vec::new();
                        while let Some((key, _)) = map.next_entry::<String, IgnoredAny>()? {
                            keys.push(key);
                        }
                        Ok(Keys(keys))
                    }
                }
                deserializer.deserialize_map(Object)
            }
        }
        let mut objects = serde_json::Deserializer::from_str(text).into_iter::<Keys>();
        objects.next().and_then(Result::ok).map(|keys| keys.0).unwrap_or_default()
    }
}
