//! Holds answers against the description of the API: every status is a documented one, and every body has its shape.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use flowrun_server::{Limits, ServerOptions};
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::client::Answer;
use crate::served::Served;

/// The shapes of bodies, by method, path, status and media type.
type Shapes = BTreeMap<(String, String, u16, String), Validator>;

static SHAPES: OnceLock<Shapes> = OnceLock::new();

/// Reads the description that a server gives of itself; the first one counts.
pub(crate) fn learn(document: &Value) {
    SHAPES.get_or_init(|| {
        let mut shapes = Shapes::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                for (status, response) in operation["responses"].as_object().unwrap() {
                    for (media, content) in response["content"].as_object().into_iter().flatten() {
                        let mut schema = content["schema"].clone();
                        schema["components"] = document["components"].clone();
                        let shape = jsonschema::draft202012::new(&schema).unwrap();
                        let status = status.parse().unwrap();
                        shapes.insert((method.to_uppercase(), path.clone(), status, media.clone()), shape);
                    }
                }
            }
        }
        shapes
    });
}

/// Whether an answer is one that the description knows.
pub(crate) fn check(method: &str, target: &str, answer: &Answer) -> Result<(), String> {
    let Some(shapes) = SHAPES.get() else { return Ok(()) };
    let path = target.split('?').next().unwrap();
    let is_id = |piece: &str| {
        piece.len() == 36 && piece.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'))
    };
    let mut after = "";
    let pieces = path.split('/').map(|piece| match std::mem::replace(&mut after, piece) {
        "artefacts" => "{hash}",
        _ if is_id(piece) => "{id}",
        _ => piece,
    });
    let path = pieces.collect::<Vec<_>>().join("/");
    let is_route = shapes.keys().any(|(_, known, ..)| *known == path);
    let is_method = shapes.keys().any(|(known_method, known, ..)| *known == path && known_method == method);
    let media = answer.headers.get("content-type").map_or("", |media| media.to_str().unwrap());
    let media = media.split(';').next().unwrap_or_default();
    // Of other routes nothing is described, and of other methods that there are none, once it is known who asks.
    let method = match (is_route, is_method) {
        (false, _) => return if answer.status >= 400 { Ok(()) } else { Err("no such route".to_owned()) },
        (true, true) => method,
        (true, false) if method == "HEAD" => return Ok(()),
        // What a browser asks before it calls is answered without a body, before anybody looks at the route.
        (true, false) if method == "OPTIONS" && answer.status == 200 && answer.text.is_empty() => {
            return Ok(());
        }
        (true, false) => "GET",
    };
    if answer.text.is_empty() && matches!(answer.status, 204 | 304) {
        return Ok(());
    }
    let any = ["GET", "POST", "DELETE"];
    let shape = [method]
        .into_iter()
        .chain(any)
        .find_map(|method| shapes.get(&(method.to_owned(), path.clone(), answer.status, media.to_owned())));
    let shape = shape.filter(|_| is_method || answer.status >= 400).ok_or("the status is not described")?;
    // Files are described as text of any kind.
    let is_file = media.starts_with("text/html") || media == "image/png";
    let body: Value = if media == "text/plain" || is_file {
        json!(answer.text)
    } else {
        serde_json::from_str(&answer.text).map_err(|error| error.to_string())?
    };
    shape.validate(&body).map_err(|error| format!("{error} at {}", error.instance_path()))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_another_shape_or_status_is_found_out() {
    let served = Served::new(ServerOptions::new()).await;
    let client = served.account("a", Limits::default()).await;
    let flow = client.make("/flow", json!({"title": "T"})).await;
    let target = format!("/v1/ops/flow/{flow}");
    let right = client.send("GET", &format!("/flow/{flow}"), None).await;
    assert_eq!(check("GET", &target, &right), Ok(()));
    for (status, from, to) in [
        (200, "\"title\":\"T\"", "\"title\":5"),
        (200, "\"edges\":[]", "\"edges\":{}"),
        (200, "\"user\"", "\"usr\""),
        (418, "", ""),
        (500, "", ""),
    ] {
        let wrong = Answer { status, headers: right.headers.clone(), text: right.text.replace(from, to) };
        assert!(check("GET", &target, &wrong).is_err(), "{status} {to}");
    }
    served.stop().await;
}
