//! `email` against a mail server that records what arrives.
#![cfg(feature = "email")]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod common;

use std::net::SocketAddr;
use std::time::Duration;

use common::{NO_SECRETS, Ran, found, guard, in_flow, in_settings, run, task};
use flowrun::{ErrorClass, ObjectStatus, TaskExecutor as _, TaskObject};
use flowrun_executors::email::{EmailExecutor, EmailSettings};
use flowrun_testkit::servers::SmtpSink;
use serde_json::{Value, json};

fn settings(url: &str) -> EmailSettings {
    EmailSettings::new().smtp_url(url).from("Flows <flows@a.example>").timeout(Duration::from_secs(5))
}

fn mail(addresses: &str) -> Value {
    json!({"email": addresses, "subject": "about {{issue_id}}", "message": "Hello\n{{issue_title}}"})
}

async fn send(address: SocketAddr, settings: EmailSettings, data: &Value, objects: &[Value]) -> Ran {
    run(EmailExecutor::new(guard(&[address]), settings), task("email", data, objects), NO_SECRETS).await
}

fn issue(title: &str) -> Value {
    json!({"type": "issue", "id": "7", "title": title})
}

#[tokio::test]
async fn each_address_gets_its_own_message() {
    let sink = SmtpSink::start().await.unwrap();
    let data = mail("one@b.example, two@b.example ,");
    let ran = send(sink.addr(), settings(&sink.url()), &data, &[issue("<b>&")]).await;
    assert_eq!(ran.status(), ObjectStatus::Passed);
    assert_eq!(
        ran.lines,
        ["email sent successfully to one@b.example", "email sent successfully to two@b.example"]
    );
    let [one, two] = &sink.received()[..] else { panic!("two messages") };
    assert_eq!((&*one.from, &one.to[..]), ("flows@a.example", &["one@b.example".to_owned()][..]));
    assert_eq!(two.to, ["two@b.example"]);
    assert_eq!(one.header("subject").as_deref(), Some("about 7"));
    assert!(one.header("from").unwrap().contains("<flows@a.example>"));
    assert!(one.header("content-type").unwrap().starts_with("text/html"));
    assert_eq!(one.body().trim(), "Hello<br>&lt;b&gt;&amp;");
    // 52 characters that follow from run, node and object, and the number of the address.
    let id = one.header("message-id").unwrap();
    assert!(id.len() == 1 + 52 + "..@a.example>".len() && id.ends_with(".1@a.example>"), "{id}");
    assert_eq!(two.header("message-id").unwrap(), id.replace(".1@", ".2@"));
    send(sink.addr(), settings(&sink.url()), &data, &[issue("again")]).await;
    assert_eq!(sink.received()[2].header("message-id").unwrap(), id);
}

#[tokio::test]
async fn a_bad_address_does_not_stop_the_others_and_fails_the_object() {
    let sink = SmtpSink::start().await.unwrap();
    sink.refuse("no@b.example", 550);
    let data = mail("no@b.example,nonsense,a@b.example\r\nBcc: c@b.example,yes@b.example");
    let ran = send(sink.addr(), settings(&sink.url()), &data, &[issue("t")]).await;
    assert_eq!(ran.status(), ObjectStatus::Failed);
    let lines: Vec<&str> = ran.lines.iter().map(|line| line.split(": permanent").next().unwrap()).collect();
    assert_eq!(
        lines,
        [
            "error sending email to no@b.example",
            "no@b.example",
            "error sending email to nonsense",
            "nonsense: it is not an address",
            "email sent successfully to a@b.example",
            "error sending email to Bcc: c@b.example",
            "Bcc: c@b.example: it is not an address",
            "email sent successfully to yes@b.example",
        ]
    );
    assert!(ran.lines[1].contains("550"), "{}", ran.lines[1]);
    assert_eq!((sink.received().len(), sink.connections()), (2, 1));
}

#[tokio::test]
async fn another_attempt_goes_on_behind_the_addresses_that_were_sent_to() {
    let sink = SmtpSink::start().await.unwrap();
    sink.refuse("busy@b.example", 451);
    let data = mail("one@b.example,busy@b.example,two@b.example");
    let ran = send(sink.addr(), settings(&sink.url()), &data, &[issue("t")]).await;
    assert_eq!(ran.failure(), Some((ErrorClass::Transient, None)));
    assert_eq!(ran.status(), ObjectStatus::Working);
    let entry = ran.entries["scan-1"].clone();
    assert_eq!(entry.extra("sent_to"), Some(r#"["one@b.example","two@b.example"]"#));

    let now = SmtpSink::start().await.unwrap();
    let task = task("email", &data, &[issue("t")]);
    let facts = task.objects()[0].facts.clone();
    let task = task.with_objects([TaskObject { entry, facts }]);
    let executor = EmailExecutor::new(guard(&[now.addr()]), settings(&now.url()));
    let ran = run(executor, task, NO_SECRETS).await;
    assert_eq!(ran.statuses["scan-1"].last(), Some(&ObjectStatus::Passed));
    let [mail] = &now.received()[..] else { panic!("one message") };
    assert_eq!(mail.to, ["busy@b.example"]);
    assert!(mail.header("message-id").unwrap().ends_with(".2@a.example>"), "the same in every attempt");
}

/// A list of so many addresses.
fn list(count: usize) -> String {
    let addresses: Vec<String> = (0..count).map(|number| format!("a{number}@b.example")).collect();
    addresses.join(";")
}

#[tokio::test]
async fn all_messages_of_a_node_travel_on_one_connection() {
    let sink = SmtpSink::start().await.unwrap();
    sink.limit_connections(1);
    let objects = vec![issue("t"); 4];
    let ran = send(sink.addr(), settings(&sink.url()), &mail(&list(3)), &objects).await;
    assert_eq!(ran.outcome, flowrun::Outcome::done());
    assert_eq!((sink.received().len(), sink.connections()), (12, 1));
}

#[tokio::test]
async fn a_connection_that_has_had_its_share_is_followed_by_another() {
    let sink = SmtpSink::start().await.unwrap();
    sink.limit_messages(3);
    let ran = send(sink.addr(), settings(&sink.url()), &mail(&list(8)), &[issue("t")]).await;
    assert_eq!(ran.outcome, flowrun::Outcome::done());
    assert_eq!((sink.received().len(), sink.connections()), (8, 3), "each arrived once");
}

#[tokio::test]
async fn a_server_that_has_enough_connections_is_asked_later() {
    let sink = SmtpSink::start().await.unwrap();
    sink.limit_connections(1);
    let mut held = tokio::net::TcpStream::connect(sink.addr()).await.unwrap();
    tokio::io::AsyncReadExt::read_u8(&mut held).await.unwrap();
    let ran = send(sink.addr(), settings(&sink.url()), &mail("a@b.example"), &[issue("t")]).await;
    assert_eq!(ran.failure(), Some((ErrorClass::Transient, None)));
    assert!(ran.lines[1].contains("421"), "{}", ran.lines[1]);
}

#[tokio::test]
async fn an_endless_line_is_read_no_further_than_its_bound() {
    let sink = SmtpSink::start().await.unwrap();
    sink.babble();
    for query in ["", "?tls=required"] {
        let settings = settings(&format!("{}{query}", sink.url()));
        let ran = send(sink.addr(), settings, &mail("a@b.example"), &[issue("t")]).await;
        assert_eq!(ran.failure(), Some((ErrorClass::Transient, None)));
        assert!(ran.lines[1].contains("a line of more than 2048 bytes"), "{}", ran.lines[1]);
    }
    // What the sockets hold on both sides, and not the 16 MiB that the server has to say.
    assert!(sink.babbled() < 12 << 20, "{}", sink.babbled());
}

#[tokio::test]
async fn names_with_commas_and_international_domains_are_addresses() {
    let sink = SmtpSink::start().await.unwrap();
    let data = mail("\"Doe, Jane\" <jane@b.example>; info@münchen.example\nlast@b.example");
    let ran = send(sink.addr(), settings(&sink.url()), &data, &[issue("t")]).await;
    assert_eq!(ran.status(), ObjectStatus::Passed);
    let to: Vec<String> = sink.received().into_iter().flat_map(|mail| mail.to).collect();
    assert_eq!(to, ["jane@b.example", "info@xn--mnchen-3ya.example", "last@b.example"]);
    let header = sink.received()[0].header("to").unwrap();
    // The name is one encoded word (RFC 2047), comma and all.
    assert_eq!(header, "=?utf-8?b?RG9lLCBKYW5l?= <jane@b.example>");
}

#[tokio::test]
async fn the_client_says_the_name_it_is_given_and_else_that_of_its_host() {
    let sink = SmtpSink::start().await.unwrap();
    send(sink.addr(), settings(&sink.url()), &mail("a@b.example"), &[issue("t")]).await;
    let named = settings(&sink.url()).ehlo_name("flows.example");
    send(sink.addr(), named, &mail("a@b.example"), &[issue("t")]).await;
    let [own, given] = &sink.hellos()[..] else { panic!("two greetings: {:?}", sink.hellos()) };
    assert!(!own.is_empty() && own != "localhost.localdomain");
    assert_eq!(given, "flows.example");
}

#[tokio::test]
async fn what_is_reported_grows_with_the_addresses_and_not_with_their_square() {
    let mut bytes = Vec::new();
    for count in [100, 200] {
        let sink = SmtpSink::start().await.unwrap();
        let task = task("email", &mail(&list(count)), &[issue("t")]);
        let mut run = flowrun::DetachedRun::new(&task, std::sync::Arc::new(flowrun::NoSecrets));
        let executor = EmailExecutor::new(guard(&[sink.addr()]), settings(&sink.url()));
        std::sync::Arc::new(executor).execute(task, run.context()).await;
        let reports = run.reports();
        bytes.push(reports.iter().map(|report| format!("{report:?}").len()).sum::<usize>());
        assert_eq!(sink.received().len(), count);
    }
    assert!(bytes[1] < bytes[0] * 21 / 10, "{bytes:?}");
}

#[test]
fn too_many_addresses_are_refused_before_anything_runs() {
    let check = |settings: EmailSettings, count: usize| {
        let data = mail(&list(count)).to_string();
        found(&EmailExecutor::new(guard(&[]), settings), &data)
    };
    let complete = || settings("smtp://mail.example");
    let over = |count: usize, most: usize| {
        let said = format!("`email` names {count} addresses, and a node mails to {most} at most");
        [in_flow("/data/email", &said)]
    };
    assert_eq!(check(complete(), 1000), []);
    assert_eq!(check(complete(), 1001), over(1001, 1000));
    assert_eq!(check(complete().max_recipients(2), 3), over(3, 2));
}

#[tokio::test]
async fn a_message_above_its_bound_is_not_sent() {
    let sink = SmtpSink::start().await.unwrap();
    let bounded = settings(&sink.url()).message_bytes(1000);
    let ran = send(sink.addr(), bounded, &mail("a@b.example"), &[issue(&"x".repeat(1000))]).await;
    assert!(ran.lines[1].contains("1000 are sent at most"), "{}", ran.lines[1]);
    assert_eq!((ran.status(), sink.connections()), (ObjectStatus::Failed, 0));
}

#[tokio::test]
async fn a_silent_server_is_given_up_at_the_time_limit() {
    let sink = SmtpSink::start().await.unwrap();
    sink.fall_silent();
    let settings = settings(&sink.url()).timeout(Duration::from_millis(100));
    let ran = send(sink.addr(), settings, &mail("a@b.example"), &[issue("t")]).await;
    assert_eq!(ran.status(), ObjectStatus::Failed);
    assert_eq!(ran.failure(), Some((ErrorClass::Unknown, None)));
    assert_eq!(ran.lines[0], "error sending email to a@b.example");
    assert_eq!(
        ran.lines[1],
        "a@b.example: the mail server did not finish within 100 ms; whether it took the message is not known"
    );
}

#[tokio::test]
async fn a_closed_port_and_a_server_inside_the_network_fail() {
    let sink = SmtpSink::start().await.unwrap();
    let (address, url) = (sink.addr(), sink.url());
    let executor = EmailExecutor::new(guard(&[]), settings(&url));
    let ran = run(executor, task("email", &mail("a@b.example"), &[issue("t")]), NO_SECRETS).await;
    assert!(ran.lines[1].contains(&format!("--allow-host {address} allows it")), "{}", ran.lines[1]);
    assert_eq!(sink.received(), []);

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let ran = send(closed, settings(&format!("smtp://{closed}")), &mail("a@b.example"), &[issue("t")]).await;
    assert_eq!(ran.status(), ObjectStatus::Failed);
    assert_eq!(ran.failure(), Some((ErrorClass::Transient, None)));
    assert!(ran.lines[1].to_lowercase().contains("connection refused"), "{}", ran.lines[1]);
}

#[test]
fn a_missing_setting_or_address_is_named_before_anything_runs() {
    let check = |settings, data: &str| found(&EmailExecutor::new(guard(&[]), settings), data);
    let some = r#"{"email": "a@b.example", "subject": "s"}"#;
    assert_eq!(check(EmailSettings::new(), some), [in_settings("`FLOWRUN_SMTP_URL` is not set")]);
    let no_sender = EmailSettings::new().smtp_url("smtp://mail.example");
    assert_eq!(check(no_sender, some), [in_settings("`FLOWRUN_MAIL_FROM` is not set")]);
    let complete = || settings("smtps://mail.example");
    let none = in_flow("/data/email", "`email` names no address");
    assert_eq!(check(complete(), r#"{"email": " , ", "subject": "s"}"#), [none]);
    let no_address = |text: &str| in_flow("/data/email", &format!("`{text}` is not a mail address"));
    let data = r#"{"email": "a@b.example, nobody, @c.example", "subject": "s"}"#;
    assert_eq!(check(complete(), data), [no_address("nobody"), no_address("@c.example")]);
    let empty = in_flow("/data/message", "the mail has neither subject nor text");
    assert_eq!(check(complete(), r#"{"email": "a@b.example"}"#), [empty]);
    assert_eq!(check(complete(), some), []);
}

mod tls {
    use std::sync::Arc;

    use rustls::ServerConfig;
    use rustls::pki_types::PrivatePkcs8KeyDer;
    use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;

    /// A mail server for `localhost` with a certificate, and the authority behind it.
    async fn server(starttls: bool) -> (SocketAddr, Vec<u8>) {
        let (acceptor, authority) = acceptor();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let stream = if starttls { converse(stream, "220 mx", true).await } else { Some(stream) };
                    let Some(stream) = stream else { return };
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    converse(stream, if starttls { "" } else { "220 mx" }, false).await;
                });
            }
        });
        (address, authority)
    }

    /// Says yes to everything, and gives the stream back when the client wants TLS on it.
    async fn converse<S: AsyncRead + AsyncWrite + Unpin>(stream: S, greeting: &str, tls: bool) -> Option<S> {
        let mut stream = BufReader::new(stream);
        let mut reply = greeting.to_owned();
        let mut in_message = false;
        loop {
            if !reply.is_empty() {
                stream.write_all(format!("{reply}\r\n").as_bytes()).await.ok()?;
                stream.flush().await.ok()?;
            }
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            reply = match line.trim_end() {
                "." if in_message => "250 kept".to_owned(),
                _ if in_message => String::new(),
                "DATA" => "354 go on".to_owned(),
                "STARTTLS" => {
                    stream.write_all(b"220 go on\r\n").await.ok()?;
                    return Some(stream.into_inner());
                }
                hello if hello.starts_with("EHLO") && tls => "250-mx\r\n250 STARTTLS".to_owned(),
                _ => "250 ok".to_owned(),
            };
            in_message = reply.starts_with("354") || (in_message && reply.is_empty());
        }
    }

    fn acceptor() -> (TlsAcceptor, Vec<u8>) {
        let ca_key = rcgen::KeyPair::generate().unwrap();
        let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority = ca.self_signed(&ca_key).unwrap().der().to_vec();
        let issuer = rcgen::Issuer::new(ca, ca_key);
        let key = rcgen::KeyPair::generate().unwrap();
        let leaf =
            rcgen::CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &issuer).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
            .unwrap();
        (TlsAcceptor::from(Arc::new(config)), authority)
    }

    #[tokio::test]
    async fn mail_goes_over_tls_from_the_start_or_after_starttls() {
        for (starttls, scheme, query) in [(false, "smtps", ""), (true, "smtp", "?tls=required")] {
            let (address, authority) = server(starttls).await;
            let settings = settings(&format!("{scheme}://{address}{query}"));
            let trusting = settings.clone().root_certificate(authority);
            let ran = send(address, trusting, &mail("a@b.example"), &[issue("t")]).await;
            assert_eq!(ran.lines, ["email sent successfully to a@b.example"]);
            // A certificate of nobody known is not trusted.
            let ran = send(address, settings, &mail("a@b.example"), &[issue("t")]).await;
            assert_eq!(ran.status(), ObjectStatus::Failed);
            assert!(ran.lines[1].contains("UnknownIssuer"), "{}", ran.lines[1]);
        }
    }

    #[tokio::test]
    async fn required_tls_is_not_given_up_when_the_server_has_none() {
        let sink = SmtpSink::start().await.unwrap();
        let settings = settings(&format!("{}?tls=required", sink.url()));
        let ran = send(sink.addr(), settings, &mail("a@b.example"), &[issue("t")]).await;
        assert_eq!((ran.status(), sink.received().len()), (ObjectStatus::Failed, 0));
    }
}
