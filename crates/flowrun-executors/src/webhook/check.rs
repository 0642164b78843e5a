//! What is known of requests before there is an object to fill them in for.

use std::collections::BTreeMap;

use flowrun::{NodeProblem, Place, Rendered, data_keys, secret_and_key_names};
use flowrun_guard::{Method, Url};
use serde_json::value::RawValue;

use super::request::{BadRequest, Template, headers, object};

/// Keys that hold a whole address.
const WHOLE: [&str; 3] = ["site_url", "page_url", "report_url"];

impl Template {
    /// What is wrong or odd whatever is filled in.
    pub(super) fn look(&self) -> Vec<NodeProblem> {
        let mut found: Vec<NodeProblem> = uri(&self.uri).into_iter().collect();
        found.extend(json("headers", &self.headers, |text| headers(text).map(drop)));
        match self.method {
            Method::Post => found.extend(json("payload", &self.payload, |text| {
                object::<&RawValue>("payload", text.trim()).map(drop)
            })),
            _ if !is_blank(&self.payload) => found.push(
                NodeProblem::warning(
                    "webhook.payload-unused",
                    "/data/payload",
                    "a GET request sends no payload",
                )
                .help("set request_type to \"POST\", or leave the payload out"),
            ),
            _ => {}
        }
        found
    }
}

/// An address that is none, as far as the author's part of it tells.
fn uri(uri: &str) -> Option<NodeProblem> {
    let wrong = |message: String| NodeProblem::error("webhook.uri", "/data/uri", message);
    let uri = uri.trim();
    let typed = || flowrun::shown(uri);
    if let Some(name) = first_name(uri) {
        // A secret may be the beginning of an address, and so may what holds a whole one.
        if !WHOLE.contains(&name) && data_keys().any(|key| key == name) {
            let message = format!("`{}` cannot be the beginning of an address", flowrun::shown(name));
            let help = "an address begins with http:// or https://, a secret, or {{site_url}}, {{page_url}} or \
                {{report_url}}";
            return Some(wrong(message).help(help));
        }
        return misplaced(uri).map(wrong);
    }
    let help = "give an address such as https://example.com/hook";
    match Url::parse(&filled(uri, Place::Plain, |place| place.to_string())) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => misplaced(uri).map(wrong),
        Ok(url) => {
            Some(wrong(format!("`{}` addresses cannot be called: `{}`", url.scheme(), typed())).help(help))
        }
        Err(error) => Some(wrong(format!("`{}` is not an address: {error}", typed())).help(help)),
    }
}

/// What is said of a name in the scheme, host or port: whatever its value is, it is not filled in there.
fn misplaced(uri: &str) -> Option<String> {
    // What the author writes behind a beginning may go on with its path, but a colon is one of a scheme or a port.
    let follows = first_name(uri).and_then(|name| uri.get(name.len() + "{{}}".len()..));
    let is_scheme_or_host = follows.is_some_and(|follows| follows.starts_with(':'));
    let whole = if is_scheme_or_host { "https://a.example" } else { "https://a.example/a" };
    let rendered = rendered(uri, Place::Url, |_| whole.to_owned())?;
    rendered.warnings.first().map(ToString::to_string)
}

/// The name that a text begins with.
fn first_name(text: &str) -> Option<&str> {
    let name = secret_and_key_names(text).next()?;
    text.strip_prefix("{{")?.strip_prefix(name)?.starts_with("}}").then_some(name)
}

/// A text that no value can make JSON of the kind that is due.
fn json(key: &'static str, text: &str, read: impl Fn(&str) -> Result<(), BadRequest>) -> Option<NodeProblem> {
    // Outside of strings a value is a text or a number: one of the two has to do.
    let with_texts = read(&filled(text, Place::Json, |place| place.to_string()));
    let problem = with_texts.err().filter(|_| read(&with_numbers(text)).is_err())?;
    let code = if key == "headers" { "webhook.headers" } else { "webhook.payload" };
    // The place is one of the filled-in text, which the author has not seen.
    let has_names = secret_and_key_names(text).next().is_some();
    let message = match problem {
        BadRequest::NotJson { field, problem, .. } if has_names => {
            format!("`{field}` is not JSON: {problem}")
        }
        other => other.to_string(),
    };
    Some(NodeProblem::error(code, format!("/data/{key}"), message))
}

/// The text with `value` put in for each name, by the place of the name among them.
fn filled(text: &str, place: Place, value: impl Fn(usize) -> String) -> String {
    rendered(text, place, value).map_or_else(|| text.to_owned(), |rendered| rendered.text)
}

/// What is longer than any request is not looked at: it cannot be sent.
fn rendered(text: &str, place: Place, value: impl Fn(usize) -> String) -> Option<Rendered> {
    let names = secret_and_key_names(text);
    let values: BTreeMap<String, String> =
        names.enumerate().map(|(place, name)| (name.to_owned(), value(place))).collect();
    flowrun::render(text, place, None, &values).ok()
}

/// The text with a number for each name.
fn with_numbers(text: &str) -> String {
    let names: Vec<&str> = secret_and_key_names(text).collect();
    names.iter().fold(text.to_owned(), |text, name| text.replace(&format!("{{{{{name}}}}}"), "0"))
}

fn is_blank(payload: &str) -> bool {
    let payload: String = payload.split_whitespace().collect();
    matches!(&*payload, "" | "{}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(data: serde_json::Value) -> Vec<(String, &'static str, String)> {
        let found =
            Template::of(&data.to_string()).map_or_else(|problems| problems, |template| template.look());
        found.into_iter().map(|problem| (problem.pointer, problem.code, problem.message)).collect()
    }

    fn codes(data: serde_json::Value) -> Vec<&'static str> {
        look(data).into_iter().map(|(_, code, _)| code).collect()
    }

    #[test]
    fn an_address_that_is_none_is_found_whatever_is_filled_in() {
        for good in [
            "https://a.example/{{page_id}}:{{page_id}}?k={{KEY}}",
            "{{HOOK}}",
            " {{site_url}}/hook ",
            "{{HOOK}}{{TOKEN}}",
            "{{HOOK}}{{TOKEN}}:send",
            "http://[::1]:80/",
            "https://a.example:8443",
        ] {
            assert_eq!(look(serde_json::json!({"uri": good})), [], "{good}");
        }
        for bad in [
            "a.example/hook",
            "/hook",
            "hook",
            "https://",
            "http:///",
            "ftp://a.example",
            "mailto:a@b.example",
            "https://a.example:99999/",
            "https://a b.example/",
            "{{case_title}}/hook",
            "{{health}}",
            "https://{{KEY}}.example/",
            "https://{{KEY}}/",
            "https://a.example:{{PORT}}/",
            "{{SCHEME}}://a.example/",
            "{{site_url}}:{{PORT}}/",
            "https://{{status}}@a.example/",
        ] {
            assert_eq!(codes(serde_json::json!({"uri": bad})), ["webhook.uri"], "{bad}");
        }
    }

    #[test]
    fn a_payload_that_no_value_can_make_an_object_is_found() {
        let post = |payload: &str| {
            look(serde_json::json!({"uri": "https://a.example", "request_type": "POST", "payload": payload}))
        };
        for good in [
            "{}",
            r#"{"a": {{health}}, "b": "{{page_url}} {{KEY}}", "{{KEY}}": [{{KEY}}]}"#,
            r#"{"delta": -{{seo_delta}}}"#,
            r#"{"a": "{{{{"}"#,
        ] {
            assert_eq!(post(good), [], "{good}");
        }
        for (bad, message) in [
            ("", "`payload` is not JSON: EOF while parsing a value at byte 0"),
            ("hello", "`payload` is not JSON: expected value at byte 0"),
            ("[1]", "`payload` is not a JSON object"),
            (r#"{"a": 1"#, "`payload` is not JSON: EOF while parsing an object at byte 6"),
            (r#"{"a": {{health}} {{seo}}}"#, "`payload` is not JSON: expected `,` or `}`"),
        ] {
            let found = post(bad);
            assert_eq!(found.len(), 1, "{bad}");
            assert_eq!(
                (&*found[0].0, found[0].1, &*found[0].2),
                ("/data/payload", "webhook.payload", message)
            );
        }
    }

    #[test]
    fn headers_are_looked_at_before_a_run() {
        let with = |headers: serde_json::Value| {
            codes(serde_json::json!({"uri": "https://a.example", "headers": headers}))
        };
        assert_eq!(with(serde_json::json!({"X-A": "{{KEY}}", "X-B": "{{OTHER}}"})), [""; 0]);
        assert_eq!(with("{\"Authorization\": \"Bearer {{TOKEN}}\"}".into()), [""; 0]);
        for bad in ["no JSON".into(), serde_json::json!({"Host": "x"}), serde_json::json!({"X-A": [1]})] {
            assert_eq!(with(bad), ["webhook.headers"]);
        }
    }

    #[test]
    fn a_payload_that_is_not_sent_is_worth_a_hint() {
        let get = |payload: &str| codes(serde_json::json!({"uri": "https://a.example", "payload": payload}));
        assert_eq!(get(r#"{"a": 1}"#), ["webhook.payload-unused"]);
        assert_eq!((get("{}"), get(" { } "), get("")), (vec![], vec![], vec![]));
    }
}
