//! `webhook` against a receiver that records what arrives.
#![cfg(feature = "webhook")]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod common;

use std::time::Duration;

use common::{NO_SECRETS, Ran, Secrets, found, guard, in_flow, run, task};
use flowrun::{ErrorClass, ObjectStatus, Outcome};
use flowrun_executors::webhook::{WebhookExecutor, WebhookSettings};
use flowrun_testkit::servers::{RawReply, RawServer, WebhookReply, WebhookSink};
use serde_json::{Value, json};

fn scan() -> Value {
    json!({"type": "scan", "score": 91.5, "page": {"id": "p", "page_url": "https://a.example/ü?a=1&b=2"}})
}

async fn send(sink: &WebhookSink, data: Value, objects: &[Value]) -> Ran {
    let settings = WebhookSettings::new().timeout(Duration::from_secs(5));
    run(WebhookExecutor::new(guard(&[sink.addr()]), settings), task("webhook", &data, objects), NO_SECRETS)
        .await
}

/// Sends one object with a payload that does not matter.
async fn post(sink: &WebhookSink, configs: Value) -> Ran {
    let data = json!({"request_type": "POST", "uri": sink.url(), "configs": configs});
    send(sink, data, &[scan()]).await
}

#[tokio::test]
async fn a_post_carries_payload_headers_and_one_key_per_object() {
    let sink = WebhookSink::start().await.unwrap();
    let data = json!({
        "request_type": "POST",
        "uri": format!("{}/hook/{{{{health}}}}?page={{{{page_url}}}}", sink.url()),
        "headers": "{\"X-Health\": \"{{health}}\"}",
        "payload": "{\"z\": {{health}}, \"a\": \"{{health}}\"}",
    });
    let ran = send(&sink, data.clone(), &[scan(), scan()]).await;
    assert_eq!(ran.outcome, Outcome::done());
    assert_eq!(ran.lines, ["webhook POST 200"; 2]);
    let requests = sink.received();
    let first = &requests[0];
    assert_eq!(first.method, "POST");
    assert_eq!(first.path, "/hook/91.5?page=https%3A%2F%2Fa.example%2F%C3%BC%3Fa%3D1%26b%3D2");
    assert_eq!(first.text(), r#"{"z": 91.5, "a": "91.5"}"#);
    assert_eq!(first.header("x-health"), Some("91.5"));
    assert_eq!(first.header("content-type"), Some("application/json"));
    let keys: Vec<_> = requests.iter().map(|request| request.header("idempotency-key").unwrap()).collect();
    assert!(keys[0].len() == 52 && keys[0] != keys[1], "{keys:?}");
    assert_eq!(first.header("webhook-id"), Some(keys[0]));
    assert_eq!(first.header("webhook-attempt"), Some("1"));
    // Another attempt, the same keys.
    send(&sink, data, &[scan()]).await;
    assert_eq!(sink.received()[2].header("idempotency-key"), Some(keys[0]));
}

#[tokio::test]
async fn a_get_sends_no_payload() {
    let sink = WebhookSink::start().await.unwrap();
    let data = json!({"uri": sink.url(), "payload": "no JSON at all"});
    let ran = send(&sink, data, &[scan()]).await;
    assert_eq!((ran.status(), &ran.lines[0][..]), (ObjectStatus::Passed, "webhook GET 200"));
    let request = &sink.received()[0];
    assert_eq!((&*request.method, request.body.len()), ("GET", 0));
    assert_eq!(request.header("content-type"), None);
}

#[tokio::test]
async fn a_value_cannot_break_out_of_its_json_string() {
    let sink = WebhookSink::start().await.unwrap();
    let object = json!({"type": "issue", "id": "i", "title": "x\", \"admin\": true, \"y\": \"\n"});
    let data = json!({
        "request_type": "POST",
        "uri": sink.url(),
        "headers": {"X-Title": "{{issue_title}}"},
        "payload": {"title": "{{issue_title}}", "key": "{{token}}"},
    });
    let executor = WebhookExecutor::new(guard(&[sink.addr()]), WebhookSettings::new());
    let ran = run(executor, task("webhook", &data, &[object]), Secrets(&[("token", "s3cret\"value")])).await;
    // A line break cannot stand in a header, so this one is not sent at all.
    assert_eq!(
        ran.lines,
        [
            "webhook POST failed: header `X-Title` cannot be sent: it holds a character that headers may not hold"
        ]
    );

    let object = json!({"type": "issue", "id": "i", "title": "x\", \"admin\": true, \"y\": \""});
    let executor = WebhookExecutor::new(guard(&[sink.addr()]), WebhookSettings::new());
    run(executor, task("webhook", &data, &[object]), Secrets(&[("token", "s3cret\"value")])).await;
    let request = &sink.received()[0];
    let payload: Value = serde_json::from_str(&request.text()).unwrap();
    assert_eq!(payload, json!({"title": "x\", \"admin\": true, \"y\": \"", "key": "s3cret\"value"}));
    assert_eq!(request.header("x-title"), Some("x\", \"admin\": true, \"y\": \""));
}

#[tokio::test]
async fn anything_but_2xx_fails_unless_the_node_takes_any_response() {
    let sink = WebhookSink::start().await.unwrap();
    let other = WebhookSink::start().await.unwrap();
    let replies = [
        WebhookReply::Status(204),
        WebhookReply::Status(500),
        WebhookReply::RetryAfter(429, 1),
        WebhookReply::Redirect(other.url()),
    ];
    let expected = [
        ("webhook POST 204", ObjectStatus::Passed, ObjectStatus::Passed),
        ("webhook POST 500", ObjectStatus::Failed, ObjectStatus::Passed),
        ("webhook POST 429", ObjectStatus::Failed, ObjectStatus::Passed),
        ("webhook POST 302", ObjectStatus::Failed, ObjectStatus::Passed),
    ];
    for (reply, (line, strict, lenient)) in replies.into_iter().zip(expected) {
        sink.script([reply.clone(), reply]);
        let ran = post(&sink, json!({})).await;
        assert_eq!((&ran.lines[0][..], ran.status()), (line, strict));
        let ran = post(&sink, json!({"any_response": true})).await;
        assert_eq!((&ran.lines[0][..], ran.status()), (line, lenient));
    }
    assert_eq!(other.received(), []);
}

#[tokio::test]
async fn what_may_pass_next_time_is_left_to_another_attempt() {
    let sink = WebhookSink::start().await.unwrap();
    sink.script([
        WebhookReply::Status(200),
        WebhookReply::Status(503),
        WebhookReply::RetryAfter(429, 7),
        WebhookReply::Status(404),
    ]);
    let data = json!({"request_type": "POST", "uri": sink.url()});
    let ran = send(&sink, data.clone(), &[scan(), scan(), scan(), scan()]).await;
    assert_eq!(ran.failure(), Some((ErrorClass::Transient, Some(Duration::from_secs(7)))));
    assert_eq!(ran.order, ["scan-1", "scan-4"], "what is decided is told, what is not is left");
    assert_eq!(ran.statuses["scan-4"], [ObjectStatus::Failed]);

    // Nobody listens: it cannot have arrived. Nobody answers: it may have.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let settings = || WebhookSettings::new().timeout(Duration::from_millis(100));
    let nowhere = json!({"uri": format!("http://{closed}")});
    let executor = WebhookExecutor::new(guard(&[closed]), settings());
    let ran = run(executor, task("webhook", &nowhere, &[scan()]), NO_SECRETS).await;
    assert_eq!(ran.failure(), Some((ErrorClass::Transient, None)));
    sink.script([WebhookReply::Hang]);
    let executor = WebhookExecutor::new(guard(&[sink.addr()]), settings());
    let ran = run(executor, task("webhook", &data, &[scan()]), NO_SECRETS).await;
    assert_eq!(ran.failure(), Some((ErrorClass::Unknown, None)));
    assert!(ran.order.is_empty());
}

/// Sends one request to a server that answers each with these bytes.
async fn answered(reply: RawReply, settings: WebhookSettings) -> (Ran, usize) {
    let server = RawServer::start(move |_| reply.clone()).await.unwrap();
    let data = json!({"request_type": "POST", "uri": server.url(), "payload": {"key": "{{token}}"}});
    let executor = WebhookExecutor::new(guard(&[server.addr()]), settings);
    let secrets = Secrets(&[("token", "a-secret-value")]);
    let ran = run(executor, task("webhook", &data, &[scan()]), secrets).await;
    (ran, server.received().len())
}

#[tokio::test]
async fn a_request_is_delivered_when_status_and_headers_say_so() {
    let settings = || WebhookSettings::new().timeout(Duration::from_millis(500)).show_answers(true);
    for reply in [
        RawReply::bytes("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\ncut off").then_close(),
        RawReply::bytes("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nno chunk\r\n").then_close(),
        RawReply::bytes("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n").then_hang(),
        RawReply::bytes("HTTP/1.1 202 OK\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\nplain"),
        RawReply::bytes(["HTTP/1.1 200 OK\r\n\r\n", &"x".repeat(1024)].concat()).then_more(),
        RawReply::bytes("HTTP/1.1 204 No Content\r\n\r\n").then_close(),
    ] {
        let shown = format!("{reply:?}");
        let (ran, arrived) = answered(reply, settings()).await;
        assert_eq!((ran.status(), arrived, ran.lines.len()), (ObjectStatus::Passed, 1, 1), "{shown}");
    }
    // Half a head says nothing, and a failure stays one whatever becomes of its body.
    let (ran, arrived) = answered(RawReply::bytes("HTTP/1.1 200 OK\r\ncont").then_close(), settings()).await;
    assert_eq!((ran.failure(), arrived), (Some((ErrorClass::Unknown, None)), 1));
    let cut =
        RawReply::bytes("HTTP/1.1 404 Not Found\r\ncontent-length: 100\r\n\r\nno such hook").then_close();
    let (ran, _) = answered(cut, settings()).await;
    assert_eq!(ran.lines, ["webhook POST 404", "webhook POST: the answer begins with: no such hook"]);
    assert_eq!(ran.status(), ObjectStatus::Failed);
}

#[tokio::test]
async fn each_request_travels_on_a_connection_of_its_own() {
    // The second request on a connection is lost: such a server closed it a moment before.
    let server = RawServer::start(|request| match request.on_connection {
        1 => RawReply::bytes("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
        _ => RawReply::close(),
    })
    .await
    .unwrap();
    for method in ["POST", "GET"] {
        let data = json!({"request_type": method, "uri": server.url()});
        let executor = WebhookExecutor::new(guard(&[server.addr()]), WebhookSettings::new());
        let ran = run(executor, task("webhook", &data, &vec![scan(); 12]), NO_SECRETS).await;
        assert_eq!(ran.outcome, Outcome::done(), "{method}");
    }
    assert_eq!((server.received().len(), server.connections()), (24, 24));
}

#[tokio::test]
async fn a_failure_shows_the_beginning_of_its_answer_where_the_operator_wants_it() {
    let settings = || WebhookSettings::new().show_answers(true);
    let answer = |status: &str, body: &str| {
        RawReply::bytes(format!("HTTP/1.1 {status} -\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
    };
    let echo = "{\"error\": \"bad\u{1b}[31m\",\r\n \"key\": \"a-secret-value\"}";
    let (ran, _) = answered(answer("422", echo), settings()).await;
    let line = "webhook POST: the answer begins with: {\"error\": \"bad[31m\", \"key\": \"[secret token]\"}";
    assert_eq!(ran.lines, ["webhook POST 422", line]);

    // A secret at the end of what is shown does not show half of itself.
    let long = format!("{}a-secret-value{}", "x".repeat(192), "y".repeat(5000));
    let (ran, _) = answered(answer("500", &long), settings()).await;
    let shown = ran.lines[1].strip_prefix("webhook POST: the answer begins with: ").unwrap();
    assert_eq!(shown, format!("{}[secret …", "x".repeat(192)));

    // Off by default: it would show what lies behind the guard.
    for body in [echo, &long] {
        let (ran, _) = answered(answer("500", body), WebhookSettings::new()).await;
        assert_eq!(ran.lines, ["webhook POST 500"]);
    }
}

#[tokio::test]
async fn a_redirect_says_where_it_leads() {
    let to = |location: &str| RawReply::bytes(format!("HTTP/1.1 302 -\r\nlocation: {location}\r\n\r\n"));
    let away = || to("https://b.example/hook?key=a-secret-value");
    let (ran, _) = answered(away(), WebhookSettings::new()).await;
    let line = "webhook POST: it redirects to https://b.example, which webhooks do not follow";
    assert_eq!((&*ran.lines[1], ran.status()), (line, ObjectStatus::Failed));
    let (ran, _) = answered(away(), WebhookSettings::new().show_answers(true)).await;
    let line = "webhook POST: it redirects to https://b.example/hook?key=[secret token], which webhooks do not follow";
    assert_eq!(ran.lines[1], line);
}

#[tokio::test]
async fn an_answer_says_when_to_come_back() {
    let answer = |status: u16, headers: &str| {
        RawReply::bytes(format!("HTTP/1.1 {status} -\r\n{headers}content-length: 0\r\n\r\n"))
    };
    let transient = |seconds: Option<u64>| Some((ErrorClass::Transient, seconds.map(Duration::from_secs)));
    for (status, headers, failure) in [
        (408, "", transient(None)),
        (425, "", transient(None)),
        (429, "retry-after: 1.0\r\n", transient(Some(1))),
        (503, "retry-after: 0\r\n", transient(Some(1))),
        (503, "retry-after: -30\r\n", transient(Some(1))),
        (503, "retry-after: Thu, 01 Jan 1970 00:00:00 GMT\r\n", transient(Some(1))),
        (503, "retry-after: 5\r\nRetry-After: 40\r\n", transient(Some(40))),
        (503, "retry-after: soon\r\n", transient(None)),
        (599, "", transient(None)),
        (501, "retry-after: 5\r\n", None),
        (505, "", None),
        (404, "retry-after: 5\r\n", None),
    ] {
        let (ran, arrived) = answered(answer(status, headers), WebhookSettings::new()).await;
        assert_eq!(
            (ran.status(), ran.failure(), arrived),
            (ObjectStatus::Failed, failure, 1),
            "{status} {headers}"
        );
    }
    // A date, and a number no clock can hold: honoured, or too long, but never at once.
    for value in ["Fri, 31 Dec 9999 23:59:59 GMT", "99999999999999999999999999"] {
        let (ran, _) =
            answered(answer(503, &format!("retry-after: {value}\r\n")), WebhookSettings::new()).await;
        let Some((ErrorClass::Transient, Some(asked))) = ran.failure() else { panic!("{value}") };
        assert!(asked > Duration::from_secs(3600), "{value}: {asked:?}");
    }
}

#[tokio::test]
async fn a_request_above_its_bound_is_not_sent() {
    let sink = WebhookSink::start().await.unwrap();
    let data = json!({"request_type": "POST", "uri": sink.url(), "payload": {"text": "{{text}}"}});
    let object = json!({"type": "own", "text": "x".repeat(2000)});
    let executor = WebhookExecutor::new(guard(&[sink.addr()]), WebhookSettings::new().request_bytes(2000));
    let ran = run(executor, task("webhook", &data, &[object]), NO_SECRETS).await;
    assert!(ran.lines[0].contains("2000 are sent at most"), "{:?}", ran.lines);
    assert_eq!((ran.status(), ran.failure(), sink.received().len()), (ObjectStatus::Failed, None, 0));
}

#[test]
fn reserved_names_and_duplicates_are_refused_before_anything_runs() {
    let executor = WebhookExecutor::new(guard(&[]), WebhookSettings::new());
    let with = |headers: &str| {
        let data = json!({"uri": "https://a.example", "request_type": "POST", "headers": headers});
        found(&executor, &data.to_string()).into_iter().map(|(_, _, message)| message).collect::<Vec<_>>()
    };
    for name in ["webhook_id", "Transfer_Encoding", "Content-Encoding", "PROXY_CONNECTION", "idempotency_key"]
    {
        let said = with(&format!("{{\"{name}\": \"x\"}}"));
        assert_eq!(said, [format!("header `{name}` is not a flow's to set")]);
    }
    assert_eq!(with(r#"{"X-A": "1", "X-A": "2"}"#), ["header `X-A` is set twice"]);
    assert_eq!(with(r#"{"X-A": "{{KEY}}", "x-a": "2"}"#), ["header `x-a` is set twice"]);
    assert_eq!(with(r#"{"X_Foo": "1", "X-Bar": "{{KEY}}"}"#), [""; 0]);
    let many: Vec<_> = (0..40_000).map(|n| format!("\"x-{n}\": 1")).collect();
    assert_eq!(
        with(&format!("{{{}}}", many.join(","))),
        ["there are 40000 headers, and a request has 200 at most"]
    );
}

#[tokio::test]
async fn an_endless_answer_is_cut_and_silence_ends_at_the_time_limit() {
    let sink = WebhookSink::start().await.unwrap();
    sink.script([WebhookReply::Endless]);
    let ran = post(&sink, json!({})).await;
    assert_eq!((&ran.lines[0][..], ran.status()), ("webhook POST 200", ObjectStatus::Passed));

    sink.script([WebhookReply::Hang]);
    let settings = WebhookSettings::new().timeout(Duration::from_millis(100));
    let data = json!({"request_type": "POST", "uri": sink.url(), "configs": {"any_response": true}});
    let executor = WebhookExecutor::new(guard(&[sink.addr()]), settings);
    let ran = run(executor, task("webhook", &data, &[scan()]), NO_SECRETS).await;
    let said = format!("`{}` did not answer within 100 ms; whether it arrived is not known", sink.addr());
    assert_eq!(
        (&ran.lines[0], ran.status()),
        (&format!("webhook POST failed: {said}"), ObjectStatus::Failed)
    );
}

#[tokio::test]
async fn what_cannot_be_sent_is_not_and_says_why() {
    let sink = WebhookSink::start().await.unwrap();
    let closed = WebhookSink::start().await.unwrap();
    for (change, line) in [
        (json!({"headers": "{\"a\" 1}"}), "`headers` is not JSON: expected `:` at byte 5".to_owned()),
        (json!({"payload": "[1]"}), "`payload` is not a JSON object".to_owned()),
        (json!({"headers": {"Host": "b.example"}}), "header `Host` is not a flow's to set".to_owned()),
        (json!({"uri": "nowhere"}), "the address is not a URL: relative URL without a base".to_owned()),
        (
            json!({"uri": "file:///etc/passwd"}),
            "refused to connect: `file` is neither http nor https".to_owned(),
        ),
        (
            json!({"uri": closed.url()}),
            format!(
                "refused to connect to `{0}`: 127.0.0.1 is no public address (loopback); --allow-host {0} \
                 allows it",
                closed.addr()
            ),
        ),
    ] {
        let mut data = json!({"request_type": "POST", "uri": sink.url()});
        data.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let ran = send(&sink, data, &[scan()]).await;
        assert_eq!(ran.lines, [format!("webhook POST failed: {line}")]);
        assert_eq!(ran.status(), ObjectStatus::Failed);
    }
    assert_eq!((sink.received(), closed.received()), (vec![], vec![]));
}

#[tokio::test]
async fn a_header_name_that_a_stranger_filled_in_stays_on_its_line() {
    let sink = WebhookSink::start().await.unwrap();
    let data = json!({"request_type": "POST", "uri": sink.url(), "headers": "{\"x-{{title}}\": \"1\"}"});
    let object = json!({"type": "own", "title": "a\0b\u{1b}[31m\r\nc"});
    let ran = send(&sink, data, std::slice::from_ref(&object)).await;
    let [line] = &ran.lines[..] else { panic!("one line: {:?}", ran.lines) };
    assert!(line.contains(r"x-a\0b\u{1b}[31m\r\nc") && !line.contains(char::is_control), "{line:?}");

    let data = json!({"request_type": "POST", "uri": sink.url(), "headers": "{\"x-{{title}}\": true}"});
    let ran = send(&sink, data, &[object]).await;
    assert_eq!(ran.lines, ["webhook POST failed: header `x-ab[31mc` is neither a text nor a number"]);
    assert_eq!((ran.status(), sink.received()), (ObjectStatus::Failed, vec![]));
}

#[tokio::test]
async fn a_node_that_says_too_little_is_refused_before_and_while_it_runs() {
    let executor = WebhookExecutor::new(guard(&[]), WebhookSettings::new());
    assert_eq!(found(&executor, "{}"), [in_flow("/data/uri", "`uri` is empty")]);
    let put = r#"{"request_type": "PUT", "uri": "https://a.example"}"#;
    assert_eq!(found(&executor, put), [in_flow("/data/request_type", "unsupported request_type: PUT")]);
    let sink = WebhookSink::start().await.unwrap();
    let ran = send(&sink, json!({"request_type": "PUT", "uri": sink.url()}), &[scan()]).await;
    let Outcome::Failed(failure) = ran.outcome else { panic!("it cannot run") };
    assert_eq!(failure.message.as_deref(), Some("unsupported request_type: PUT"));
}

#[tokio::test]
async fn a_text_that_grows_without_end_fails_its_object_before_anything_is_sent() {
    let sink = WebhookSink::start().await.unwrap();
    let long = json!({"type": "own", "title": "x".repeat(100_000)});
    let many = format!("{{\"a\": \"{}\"}}", "{{title}}".repeat(3_900));
    let data = json!({"request_type": "POST", "uri": sink.url(), "payload": many});
    let ran = send(&sink, data, &[long]).await;
    assert_eq!(
        ran.lines,
        ["webhook POST failed: `payload`: the text that a template makes is longer than 1048576 bytes"]
    );
    assert_eq!((ran.status(), sink.received()), (ObjectStatus::Failed, vec![]));
}
