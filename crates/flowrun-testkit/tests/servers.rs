//! The servers answer as documented, over real connections.
#![cfg(feature = "servers")]

use std::net::SocketAddr;
use std::time::Duration;

use flowrun_testkit::servers::{
    Component, ScriptedSite, SiteReply, SlackReply, SlackRoute, SlackSink, SmtpSink, WebhookReply,
    WebhookSink, Website,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Opens a connection and sends one request; the server closes after its answer.
async fn send(addr: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(addr).await.expect("the server listens");
    let len = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\ncontent-length: {len}\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    stream
}

async fn answer(addr: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> String {
    let mut answer = Vec::new();
    let mut stream = send(addr, method, path, headers, body).await;
    stream.read_to_end(&mut answer).await.expect("the server answers and closes");
    String::from_utf8_lossy(&answer).into_owned()
}

async fn get(addr: SocketAddr, path: &str) -> String {
    answer(addr, "GET", path, "", "").await
}

fn status(answer: &str) -> u16 {
    answer[9..12].parse().expect("an answer starts with its status")
}

#[tokio::test]
async fn every_known_page_is_served_and_has_the_defects_that_show_in_its_text() {
    let site = Website::start().await.unwrap();
    for page in Website::pages() {
        let text = get(site.addr(), page.path).await;
        assert_eq!(status(&text), 200, "{}", page.path);
        let has = |audit: &str| page.defects.iter().any(|defect| defect.audit == audit);
        let mut counted = 0;
        for (audit, sign) in [
            ("doctype", "<!doctype html>"),
            ("description", "name=\"description\""),
            ("csp", "content-security-policy:"),
            ("viewport", "name=\"viewport\""),
            ("canonical", "rel=\"canonical\""),
        ] {
            assert_eq!(has(audit), !text.contains(sign), "{audit} on {}", page.path);
            counted += usize::from(has(audit));
        }
        assert_eq!(counted > 0, matches!(page.path, "/about" | "/bad"), "{}", page.path);
        for link in page.broken_links {
            assert!(text.contains(&format!("\"{link}\"")), "{link} on {}", page.path);
            let target = get(site.addr(), link.split('#').next().unwrap()).await;
            assert!(status(&target) == 404 || link.contains('#'), "{link}");
        }
    }
    let defects = Website::pages().iter().flat_map(|page| page.defects);
    assert!(defects.clone().any(|defect| defect.component == Component::Security));
}

#[tokio::test]
async fn every_link_of_the_sound_pages_leads_somewhere() {
    let site = Website::start().await.unwrap();
    for page in Website::pages().iter().filter(|page| page.broken_links.is_empty()) {
        let text = get(site.addr(), page.path).await;
        let links = ["href=\"/", "src=\"/"].into_iter().flat_map(|start| text.split(start).skip(1));
        for link in links.map(|rest| format!("/{}", rest.split('"').next().unwrap())) {
            assert_eq!(status(&get(site.addr(), &link).await), 200, "{link} on {}", page.path);
        }
    }
}

#[tokio::test]
async fn versions_of_the_shop_differ_as_they_say_and_in_nothing_else() {
    let site = Website::start().await.unwrap();
    let body = async |path: &str| get(site.addr(), path).await.split("\r\n\r\n").nth(1).unwrap().to_owned();
    let plain = body("/shop").await;
    assert_eq!(body("/shop?v=%22%3E%3Cscript%3E").await, plain);
    for change in Website::changes() {
        let version = body(change.path).await;
        let differing = plain.lines().zip(version.lines()).filter(|(one, other)| one != other).count();
        assert_eq!(plain.lines().count(), version.lines().count(), "{}", change.path);
        // The class of the body, and the text that is another one.
        let expected = match change.path {
            "/shop" => 0,
            "/shop?v=price" | "/shop?v=small" => 2,
            _ => 1,
        };
        assert_eq!(differing, expected, "{}", change.path);
    }
    assert_ne!(body("/tall").await, body("/tall?v=2").await);
}

#[tokio::test]
async fn what_is_known_can_be_read_by_programs() {
    let site = Website::start().await.unwrap();
    let known = get(site.addr(), "/known.json").await;
    let known: serde_json::Value = serde_json::from_str(known.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(known["pages"].as_array().unwrap().len(), Website::pages().len());
    let bad = known["pages"].as_array().unwrap().iter().find(|page| page["path"] == "/bad").unwrap();
    assert_eq!(bad["defects"][0], serde_json::json!({"component": "basic", "audit": "blocking-scripts"}));
    assert_eq!(bad["console"][0]["says"], "/api/500");
    assert_eq!(
        known["changes"].as_array().unwrap().iter().filter(|change| change["is_change"] == true).count(),
        4
    );
}

#[tokio::test]
async fn routes_to_be_survived_do_what_they_say() {
    let site = Website::start().await.unwrap();
    assert!(get(site.addr(), "/redir").await.contains("location: /good\r\n"));
    assert!(get(site.addr(), "/redir/2").await.contains("location: /redir/1\r\n"));
    assert!(get(site.addr(), "/loop").await.contains("location: /loop\r\n"));
    assert!(get(site.addr(), "/redir-private").await.contains("location: http://169.254.169.254/"));
    assert_eq!(status(&get(site.addr(), "/missing").await), 404);
    assert_eq!(status(&get(site.addr(), "/api/500").await), 500);
    assert_eq!(status(&answer(site.addr(), "HEAD", "/get-only", "", "").await), 405);
    assert_eq!(status(&get(site.addr(), "/get-only").await), 200);
    let mut big = Vec::new();
    send(site.addr(), "GET", "/big", "", "").await.read_to_end(&mut big).await.unwrap();
    assert!(big.len() > 100_000_000);
    let mut stalled = send(site.addr(), "GET", "/stall", "", "").await;
    let mut start = [0; 12];
    stalled.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");
}

#[tokio::test]
async fn a_dropped_server_takes_its_hanging_connections_along() {
    let site = Website::start().await.unwrap();
    let mut hanging = send(site.addr(), "GET", "/hang", "", "").await;
    assert_eq!(site.arrived(1).await[0].path, "/hang");
    let addr = site.addr();
    drop(site);
    let mut rest = Vec::new();
    // The end of the stream, by whatever name: without it this would wait for ever.
    let _ = hanging.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn a_scripted_site_answers_in_turn_and_tells_head_apart() {
    let site = ScriptedSite::start().await.unwrap();
    site.answers("/a", [SiteReply::close(), SiteReply::status(503), SiteReply::html("<p>a")]);
    site.answers_head("/a", [SiteReply::status(405)]);
    let ask = async |method: &str, path: &str| answer(site.addr(), method, path, "", "").await;
    assert_eq!(ask("GET", "/a").await, "");
    assert_eq!(status(&ask("GET", "/a").await), 503);
    for _ in 0..2 {
        let page = ask("GET", "/a").await;
        assert!(page.contains("content-type: text/html\r\n") && page.ends_with("\r\n\r\n<p>a"), "{page}");
    }
    assert_eq!(status(&ask("HEAD", "/a").await), 405);
    assert_eq!(status(&ask("GET", "/b").await), 404);
    assert_eq!((site.asked("GET", "/a"), site.asked("HEAD", "/a"), site.received().len()), (4, 1, 6));
}

#[tokio::test]
async fn slack_answers_by_its_script_and_then_accepts() {
    let slack = SlackSink::start().await.unwrap();
    slack.script([
        SlackReply::RateLimited(3),
        SlackReply::Refused("channel_not_found".into()),
        SlackReply::InvalidJson,
        SlackReply::ServerError,
    ]);
    let post = || {
        let body = r##"{"channel":"#ops","text":"hello"}"##;
        answer(slack.addr(), "POST", "/api/chat.postMessage", "authorization: Bearer xoxb-1\r\n", body)
    };
    let limited = post().await;
    assert_eq!((status(&limited), limited.contains("retry-after: 3\r\n")), (429, true));
    assert!(post().await.ends_with(r#"{"error":"channel_not_found","ok":false}"#));
    assert!(post().await.ends_with("<html>"));
    assert_eq!(status(&post().await), 500);
    assert!(post().await.contains(r#""ok":true"#));
    let received = slack.received();
    assert_eq!(received.iter().filter(|post| post.is_accepted()).count(), 1);
    let last = &received[4];
    assert_eq!((last.route, last.token.as_deref()), (SlackRoute::Api, Some("xoxb-1")));
    assert_eq!((last.channel(), last.text()), ("#ops", "hello"));
}

#[tokio::test]
async fn the_incoming_webhook_answers_in_plain_text() {
    let slack = SlackSink::start().await.unwrap();
    let path = slack.webhook_url().split_off(slack.api_url().len() - "/api".len());
    slack.script([SlackReply::Refused("no_service".into())]);
    let refused = answer(slack.addr(), "POST", &path, "", r#"{"text":"hi"}"#).await;
    assert_eq!((status(&refused), refused.ends_with("\r\n\r\nno_service")), (404, true));
    assert!(answer(slack.addr(), "POST", &path, "", r#"{"text":"hi"}"#).await.ends_with("\r\n\r\nok"));
    assert_eq!(slack.received()[1].route, SlackRoute::Webhook);
}

#[tokio::test]
async fn webhooks_are_kept_whole_and_answered_by_script() {
    let sink = WebhookSink::start().await.unwrap();
    sink.script([
        WebhookReply::RetryAfter(429, 2),
        WebhookReply::Redirect("/elsewhere".into()),
        WebhookReply::Status(1),
    ]);
    let post = || answer(sink.addr(), "PUT", "/a?b=1", "X-Key: v\r\n", "body");
    assert!(post().await.contains("retry-after: 2\r\n"));
    assert!(post().await.contains("location: /elsewhere\r\n"));
    assert_eq!(status(&post().await), 500);
    assert_eq!(status(&post().await), 200);
    let received = sink.received();
    assert_eq!((received[0].method.as_str(), received[0].path.as_str()), ("PUT", "/a?b=1"));
    assert_eq!((received[0].header("x-key"), received[0].text()), (Some("v"), "body".into()));
}

#[tokio::test]
async fn webhooks_can_be_answered_by_what_they_ask_for() {
    let sink = WebhookSink::start_with(|request| match request.path.as_str() {
        "/slow" => WebhookReply::Slow(202, Duration::from_millis(1)),
        _ => WebhookReply::Status(404),
    });
    let sink = sink.await.unwrap();
    sink.script([WebhookReply::Status(503)]);
    let statuses = async |path: &str| status(&answer(sink.addr(), "POST", path, "", "").await);
    assert_eq!([statuses("/slow").await, statuses("/slow").await, statuses("/").await], [503, 202, 404]);
}

#[tokio::test]
async fn a_silent_mail_server_says_nothing_and_ends_when_dropped() {
    let sink = SmtpSink::start().await.unwrap();
    sink.fall_silent();
    let mut stream = TcpStream::connect(sink.addr()).await.unwrap();
    drop(sink);
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said).await;
    assert!(said.is_empty());
}
