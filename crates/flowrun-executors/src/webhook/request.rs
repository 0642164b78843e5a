//! From the node's texts to a request: what a flow may say, and what it may not.

use std::collections::BTreeSet;
use std::fmt;

use flowrun::{NodeDataError, NodeProblem, json_problem};
use flowrun_guard::{Method, Request};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use thiserror::Error;

use crate::reading::Reading;
use crate::text::tame;

/// What a node says about its requests, not filled in yet.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) method: Method,
    pub(super) uri: String,
    pub(super) headers: String,
    pub(super) payload: String,
    /// Any status passes, as in the original.
    pub(super) any_response: bool,
}

impl Template {
    /// Reads the node's `data`.
    ///
    /// # Errors
    ///
    /// Everything that no object could repair.
    pub(super) fn of(data: &str) -> Result<Self, Vec<NodeProblem>> {
        let mut reading = Reading::new(data);
        let request_type = reading.text("request_type");
        let method = match &*request_type {
            "" | "GET" => Method::Get,
            "POST" => Method::Post,
            other => {
                let message = format!("unsupported request_type: {}", tame(other));
                let problem = NodeProblem::error("webhook.request-type", "/data/request_type", message);
                reading.problems.push(problem.help("give \"GET\" or \"POST\""));
                Method::Get
            }
        };
        let uri = reading.text("uri");
        if uri.trim().is_empty() && !reading.is_wrong("uri") {
            let problem = NodeProblem::error("webhook.uri", "/data/uri", "`uri` is empty");
            reading
                .problems
                .push(problem.help("give the address to call, such as \"https://example.com/hook\""));
        }
        let [headers, payload] = ["headers", "payload"].map(|key| {
            let value = reading.data.get(key);
            text_of(reading.sound(value).flatten())
        });
        let any_response = reading.data.object("configs").and_then(|configs| configs.get("any_response"));
        let any_response = reading.sound(any_response.map_err(in_configs)).flatten() == Some("true");
        reading.finish(Self { method, uri, headers, payload, any_response })
    }
}

/// A key that stands below `configs`, unless it is that itself.
fn in_configs(bad: NodeDataError) -> NodeProblem {
    let mut problem = NodeProblem::from(bad);
    if bad.key() != "configs" {
        problem.pointer = format!("/data/configs/{}", bad.key());
    }
    problem
}

/// A text that holds JSON, or the JSON itself; an empty object when there is neither.
fn text_of(value: Option<&str>) -> String {
    let Some(value) = value else { return "{}".to_owned() };
    serde_json::from_str(value).unwrap_or_else(|_| value.to_owned())
}

/// Why a filled-in template makes no request.
#[derive(Debug, PartialEq, Eq, Error)]
pub(super) enum BadRequest {
    #[error("`{field}` is not JSON: {problem} at byte {offset}")]
    NotJson { field: &'static str, problem: String, offset: usize },
    #[error("`{0}` is not a JSON object")]
    NotAnObject(&'static str),
    #[error("header `{0}` is not a flow's to set")]
    Forbidden(String),
    #[error("header `{0}` is set twice")]
    Twice(String),
    #[error("header `{0}` is neither a text nor a number")]
    NotAText(String),
    #[error("there are {0} headers, and a request has {MOST_HEADERS} at most")]
    TooMany(usize),
}

/// The texts of one object, filled in.
pub(super) struct Filled<'a> {
    pub(super) method: Method,
    pub(super) uri: &'a str,
    pub(super) headers: &'a str,
    pub(super) payload: &'a str,
    /// The idempotency key.
    pub(super) key: &'a str,
    /// Which attempt of the node's visit it is, from 1.
    pub(super) attempt: u32,
}

impl Filled<'_> {
    pub(super) fn into_request(self) -> Result<Request, BadRequest> {
        let mut request = Request::new(self.method, self.uri.trim())
            .header("idempotency-key", self.key)
            .header("webhook-id", self.key)
            .header("webhook-attempt", self.attempt.to_string());
        let headers = headers(self.headers)?;
        if self.method == Method::Post {
            if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
                request = request.header("content-type", "application/json");
            }
            // Sent as written: numbers keep their digits and keys their order.
            let payload = self.payload.trim();
            object::<&RawValue>("payload", payload)?;
            request = request.body(payload);
        }
        Ok(headers.into_iter().fold(request, |request, (name, value)| request.header(name, value)))
    }
}

/// Headers a flow may set: more than any server takes.
const MOST_HEADERS: usize = 200;

/// The members of a JSON object as they are written, also those that are written twice.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Each)
    }
}

pub(super) fn headers(text: &str) -> Result<Vec<(String, String)>, BadRequest> {
    let mut seen = BTreeSet::new();
    let Members(headers) = object("headers", text.trim())?;
    if headers.len() > MOST_HEADERS {
        return Err(BadRequest::TooMany(headers.len()));
    }
    let header = |(name, value): (String, Value)| {
        if is_forbidden(&name) {
            return Err(BadRequest::Forbidden(name));
        }
        if !seen.insert(name.to_ascii_lowercase()) {
            return Err(BadRequest::Twice(name));
        }
        match value {
            Value::String(value) => Ok((name, value)),
            Value::Number(value) => Ok((name, value.to_string())),
            _ => Err(BadRequest::NotAText(name)),
        }
    };
    headers.into_iter().map(header).collect()
}

/// Headers that belong to the connection, to proxies, or to us, and those that speak of a body as it is not: it is
/// sent as it is written. A gateway that hands headers on as variables (RFC 3875, section 4.1.18) folds `_` and `-`
/// into one, and so could be told by `Transfer_Encoding` what nobody else sees.
fn is_forbidden(name: &str) -> bool {
    const NAMES: [&str; 12] = [
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "expect",
        "host",
        "idempotency-key",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    let name = name.trim().to_ascii_lowercase().replace('_', "-");
    NAMES.contains(&&*name) || name.starts_with("proxy-") || name.starts_with("webhook-")
}

/// Parses a JSON object.
pub(super) fn object<'a, T: Deserialize<'a>>(field: &'static str, text: &'a str) -> Result<T, BadRequest> {
    let not_json = |error| {
        let (problem, offset) = json_problem(text, &error);
        BadRequest::NotJson { field, problem, offset }
    };
    // A syntax error comes first: its place is worth more than knowing that it is no object.
    serde_json::from_str::<&RawValue>(text).map_err(not_json)?;
    if !text.starts_with('{') {
        return Err(BadRequest::NotAnObject(field));
    }
    serde_json::from_str(text).map_err(not_json)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(headers: &str, payload: &str) -> Result<Request, BadRequest> {
        let (method, uri) = (Method::Post, "http://a.example");
        Filled { method, uri, headers, payload, key: "K", attempt: 1 }.into_request()
    }

    #[test]
    fn what_is_no_object_is_refused_with_its_place() {
        let message = |headers, payload| build(headers, payload).unwrap_err().to_string();
        assert_eq!(message("", "{}"), "`headers` is not JSON: EOF while parsing a value at byte 0");
        assert_eq!(message("[]", "{}"), "`headers` is not a JSON object");
        assert_eq!(message("{}", "{\n\"a\" 1}"), "`payload` is not JSON: expected `:` at byte 6");
        assert_eq!(
            message("{}", "{\"a\": \"b\" \"c\": 1}"),
            "`payload` is not JSON: expected `,` or `}` at byte 10"
        );
        assert_eq!(message("{}", "\"text\""), "`payload` is not a JSON object");
    }

    #[test]
    fn some_headers_are_not_a_flows_to_set() {
        for name in
            ["Host", "content-LENGTH", "Proxy-Authorization", "Webhook-Signature", "Idempotency-Key", "TE"]
                .into_iter()
                .chain([
                    "webhook_id",
                    "Transfer_Encoding",
                    "HOST ",
                    "proxy_authorization",
                    "Content-Encoding",
                ])
        {
            let headers = serde_json::json!({name: "x"}).to_string();
            assert_eq!(build(&headers, "{}").unwrap_err(), BadRequest::Forbidden(name.to_owned()));
        }
        assert_eq!(
            build(r#"{"X-A": "1", "x-a": "2"}"#, "{}").unwrap_err(),
            BadRequest::Twice("x-a".to_owned())
        );
        assert_eq!(build(r#"{"X-A": {}}"#, "{}").unwrap_err(), BadRequest::NotAText("X-A".to_owned()));
        let same = build(r#"{"X-A": "1", "X-A": "1"}"#, "{}").unwrap_err();
        assert_eq!(same, BadRequest::Twice("X-A".to_owned()));
        let many = |count: usize| {
            let headers: Vec<_> = (0..count).map(|n| format!("\"x-{n}\": {n}")).collect();
            build(&format!("{{{}}}", headers.join(",")), "{}").map(drop)
        };
        assert_eq!((many(200), many(40_000)), (Ok(()), Err(BadRequest::TooMany(40_000))));
        assert!(build(r#"{"X-A": 1, "X_B": "b", "X_Foo": "", "Hostname": "h"}"#, "{}").is_ok());
    }

    #[test]
    fn headers_and_payload_are_texts_or_json() {
        let template = Template::of(
            r#"{"request_type": "POST", "uri": "u", "headers": {"A": "{{b}}"}, "payload": "{\"c\": 1.0}"}"#,
        );
        let template = template.unwrap();
        assert_eq!((&*template.headers, &*template.payload), (r#"{"A": "{{b}}"}"#, r#"{"c": 1.0}"#));
        assert!(!template.any_response);
        let template =
            Template::of(r#"{"uri": "u", "headers": null, "configs": {"any_response": true}}"#).unwrap();
        assert_eq!((&*template.headers, &*template.payload), ("{}", "{}"));
        assert!(template.any_response);
        let refused = |data: &str| {
            let problems = Template::of(data).unwrap_err();
            problems.into_iter().map(|problem| (problem.pointer, problem.message)).collect::<Vec<_>>()
        };
        let at = |pointer: &str, message: &str| (pointer.to_owned(), message.to_owned());
        assert_eq!(
            refused(r#"{"uri": " ", "request_type": "PUT"}"#),
            [at("/data/request_type", "unsupported request_type: PUT"), at("/data/uri", "`uri` is empty"),]
        );
        assert_eq!(
            refused(r#"{"uri": "u", "uri": "v", "configs": {"any_response": true, "any_response": false}}"#),
            [
                at("/data/uri", "`uri` is given twice"),
                at("/data/configs/any_response", "`any_response` is given twice"),
            ]
        );
    }
}
