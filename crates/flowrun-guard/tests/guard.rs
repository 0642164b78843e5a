//! The guard against real servers on loopback.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::Request as Incoming;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{any, get};
use flowrun_guard::{Endpoint, Guard, GuardBuilder, GuardError, Limits, Method, Request, Resolver, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A server, and how many connections' worth of requests it saw.
struct Server {
    address: SocketAddr,
    seen: Arc<AtomicUsize>,
}

impl Server {
    async fn start(router: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&seen);
        let router = router.layer(axum::middleware::map_request(move |request: Incoming| {
            count.fetch_add(1, Ordering::SeqCst);
            async move { request }
        }));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, seen }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn endpoint(&self) -> Endpoint {
        self.address.to_string().parse().unwrap()
    }

    fn seen(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }
}

/// A server that answers every connection with the same bytes, however long that takes to send.
async fn raw_server(answer: impl Into<Vec<u8>>, then_hang: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer: Arc<[u8]> = answer.into().into();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = Arc::clone(&answer);
            tokio::spawn(async move {
                let mut buffer = [0; 1024];
                let _ = stream.read(&mut buffer).await;
                let _ = stream.write_all(&answer).await;
                if then_hang {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    address
}

fn allowing(servers: &[&Server]) -> Guard {
    let builder = servers.iter().fold(Guard::builder(), |builder, server| builder.allow(server.endpoint()));
    builder.build().unwrap()
}

async fn fetch(guard: &Guard, url: &str) -> Result<Response, GuardError> {
    guard.send(Request::new(Method::Get, url).limits(Limits::default().redirects(5))).await
}

#[tokio::test]
async fn loopback_is_closed_until_its_port_is_opened() {
    let server = Server::start(Router::new().route("/", get(|| async { "hello" }))).await;
    let closed = Guard::builder().build().unwrap();
    let error = fetch(&closed, &server.url("/")).await.unwrap_err();
    assert_eq!(
        error.explained(),
        format!(
            "refused to connect to `{0}`: 127.0.0.1 is no public address (loopback); --allow-host {0} allows it",
            server.address
        )
    );
    assert_eq!(server.seen(), 0);

    let response = fetch(&allowing(&[&server]), &server.url("/")).await.unwrap();
    assert_eq!((response.status, &*response.body, response.truncated), (200, &b"hello"[..], false));
    assert_eq!(response.headers.get("Content-Type"), Some("text/plain; charset=utf-8"));
}

#[tokio::test]
async fn a_redirect_into_the_network_is_not_followed() {
    let canary = Server::start(Router::new().route("/", any(|| async { "secret" }))).await;
    let target = canary.url("/");
    let site = Server::start(
        Router::new()
            .route("/literal", get(move || async move { Redirect::temporary(&target) }))
            .route("/metadata", get(|| async { Redirect::permanent("http://169.254.169.254/latest") }))
            .route("/file", get(|| async { Redirect::to("file:///etc/passwd") })),
    )
    .await;
    let guard = allowing(&[&site]);
    for path in ["/literal", "/metadata", "/file"] {
        let error = fetch(&guard, &site.url(path)).await.unwrap_err();
        assert!(matches!(error, GuardError::Refused(_)), "{path}: {error}");
    }
    assert_eq!(canary.seen(), 0);
}

#[tokio::test]
async fn a_loop_ends_after_the_allowed_number_of_redirects() {
    let site = Server::start(Router::new().route("/loop", get(|| async { Redirect::to("/loop") }))).await;
    let guard = allowing(&[&site]);
    let error = fetch(&guard, &site.url("/loop")).await.unwrap_err();
    assert_eq!(error.to_string(), format!("`{}` redirects more than 5 times", site.address));
    assert_eq!(site.seen(), 6);
    // Without following, the redirect is the response.
    let response = guard.send(Request::new(Method::Get, site.url("/loop"))).await.unwrap();
    assert_eq!((response.status, response.redirects.len()), (303, 0));
}

#[tokio::test]
async fn redirects_are_listed_and_other_hosts_get_no_headers_of_ours() {
    async fn echo(headers: HeaderMap, request: Incoming) -> String {
        let authorized = headers.contains_key("authorization");
        let bytes = axum::body::to_bytes(request.into_body(), 100).await.unwrap();
        format!("authorized={authorized} body={}", String::from_utf8_lossy(&bytes))
    }
    let other = Server::start(Router::new().route("/end", any(echo))).await;
    let away = other.url("/end");
    let site = Server::start(
        Router::new()
            .route("/same", any(|| async { Redirect::temporary("/end") }))
            .route("/end", any(echo))
            .route("/away", any(move || async move { Redirect::to(&away) })),
    )
    .await;
    let guard = allowing(&[&site, &other]);
    let post = |path| {
        let request = Request::new(Method::Post, site.url(path)).header("Authorization", "Bearer x");
        guard.send(request.body("hi").limits(Limits::default().redirects(5)))
    };
    let same = post("/same").await.unwrap();
    assert_eq!(same.body, b"authorized=true body=hi");
    assert_eq!(
        same.redirects.iter().map(|hop| (hop.from.path(), hop.status)).collect::<Vec<_>>(),
        [("/same", 307)]
    );
    let away = post("/away").await.unwrap();
    assert_eq!(away.body, b"authorized=false body=");
    assert_eq!(away.final_url.as_str(), other.url("/end"));
}

#[tokio::test]
async fn a_huge_body_is_cut_and_a_hanging_one_times_out() {
    let mut endless = b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n".to_vec();
    endless.resize(1 << 20, b'x');
    let huge = raw_server(endless, true).await;
    let silent = raw_server(Vec::new(), true).await;
    let slow = raw_server("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", true).await;
    let guard = [huge, silent, slow]
        .iter()
        .fold(Guard::builder(), |builder, address| builder.allow(address.to_string().parse().unwrap()))
        .build()
        .unwrap();
    let get = |address, limits: Limits| {
        guard.send(Request::new(Method::Get, format!("http://{address}/")).limits(limits))
    };
    let response = get(huge, Limits::default().body_bytes(1000)).await.unwrap();
    assert_eq!((response.body.len(), response.truncated), (1000, true));
    assert!(response.transferred_bytes < 1 << 20);
    for address in [silent, slow] {
        let error = get(address, Limits::default().total(Duration::from_millis(50))).await.unwrap_err();
        assert_eq!(error.to_string(), format!("`{address}` did not answer within 50 ms"));
        assert!(error.is_transient() && error.may_have_arrived());
    }
}

#[tokio::test]
async fn answers_that_are_no_http_are_errors() {
    let mut many = b"HTTP/1.1 200 OK\r\n".to_vec();
    for number in 0..40 {
        many.extend(format!("X-{number}: {}\r\n", "v".repeat(1000)).as_bytes());
    }
    many.extend(b"\r\n");
    let many = raw_server(many, true).await;
    let junk = raw_server("SSH-2.0-OpenSSH\r\n", false).await;
    let fake =
        raw_server("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain", true).await;
    let guard = [many, junk, fake]
        .iter()
        .fold(Guard::builder(), |builder, address| builder.allow(address.to_string().parse().unwrap()))
        .build()
        .unwrap();
    let get = |address| guard.send(Request::new(Method::Get, format!("http://{address}/")).compressed(true));
    assert!(matches!(get(many).await, Err(GuardError::HeadersTooLarge { limit: 32_768, .. })));
    assert!(matches!(get(junk).await, Err(GuardError::Transport { .. })));
    assert!(matches!(get(fake).await, Err(GuardError::Decode { .. })));
}

#[tokio::test]
async fn a_closed_port_is_a_connect_error_and_bad_input_never_leaves() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let guard = Guard::builder().allow(address.to_string().parse().unwrap()).build().unwrap();
    let error = fetch(&guard, &format!("http://{address}/path?token=secret")).await.unwrap_err();
    assert!(matches!(error, GuardError::Connect { .. }), "{error:?}");
    assert!(!error.may_have_arrived());
    let said = format!("could not connect to `{address}`: ");
    assert!(error.explained().starts_with(&said) && !error.explained().contains("request"), "{error:?}");
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");

    assert!(matches!(fetch(&guard, "no url").await, Err(GuardError::InvalidUrl { .. })));
    let split = Request::new(Method::Get, format!("http://{address}/")).header("x", "a\r\nHost: b");
    assert!(matches!(guard.send(split).await, Err(GuardError::InvalidHeader { name }) if name == "x"));
    let split = Request::new(Method::Get, format!("http://{address}/")).header("x\r\ny", "a");
    let said = guard.send(split).await.unwrap_err().explained();
    assert!(said.starts_with(r"header `x\r\ny` cannot be sent"), "{said}");
}

/// Answers from a script, one answer per question; the last one stays.
struct Scripted {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

fn scripted(answers: &[&[&str]]) -> GuardBuilder {
    let address = |text: &&str| text.parse().unwrap();
    let answers = answers.iter().map(|answer| answer.iter().map(address).collect()).collect();
    Guard::builder().resolver(Scripted { answers, asked: AtomicUsize::new(0) })
}

#[async_trait]
impl Resolver for Scripted {
    async fn resolve(&self, _name: &str) -> io::Result<Vec<IpAddr>> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        match self.answers.get(asked.min(self.answers.len().wrapping_sub(1))) {
            Some(addresses) => Ok(addresses.clone()),
            None => Err(io::Error::new(io::ErrorKind::NotFound, "no such name")),
        }
    }
}

#[tokio::test]
async fn a_name_with_one_private_address_is_refused_as_a_whole() {
    for answer in [&["127.0.0.1"][..], &["1.1.1.1", "10.0.0.1"], &["::ffff:127.0.0.1"], &["fd00::1"]] {
        let guard = scripted(&[answer]).build().unwrap();
        for url in ["http://intern.example/", "https://intern.example/"] {
            let error = fetch(&guard, url).await.unwrap_err();
            assert!(matches!(error, GuardError::Refused(_)), "{answer:?}: {error:?}");
        }
        let checked = guard.check_host(&"intern.example:25".parse().unwrap()).await;
        assert!(matches!(checked, Err(GuardError::Refused(_))), "{answer:?}");
    }
}

#[tokio::test]
async fn a_name_that_turns_private_after_it_was_checked_is_refused() {
    let guard = scripted(&[&["1.1.1.1"], &["127.0.0.1"]]).build().unwrap();
    assert!(guard.check_host(&"rebind.example:80".parse().unwrap()).await.is_ok());
    assert!(matches!(fetch(&guard, "http://rebind.example/").await, Err(GuardError::Refused(_))));
}

#[tokio::test]
async fn an_allowed_name_may_point_anywhere_on_that_port_only() {
    let server = Server::start(Router::new().route("/", get(|| async { "intranet" }))).await;
    let port = server.address.port();
    let builder = scripted(&[&["127.0.0.1"]]).allow(Endpoint::new("wiki.example", port).unwrap());
    let guard = builder.build().unwrap();
    let response = fetch(&guard, &format!("http://wiki.example:{port}/")).await.unwrap();
    assert_eq!(response.body, b"intranet");
    assert!(matches!(fetch(&guard, "http://wiki.example:8080/").await, Err(GuardError::Refused(_))));
    let found = guard.check_host(&Endpoint::new("wiki.example", port).unwrap()).await.unwrap();
    assert_eq!(found, [IpAddr::from([127, 0, 0, 1])]);
}

#[tokio::test]
async fn a_name_without_addresses_cannot_be_resolved() {
    for guard in [scripted(&[]).build().unwrap(), scripted(&[&[]]).build().unwrap()] {
        let error = fetch(&guard, "http://nowhere.example/").await.unwrap_err();
        assert!(matches!(error, GuardError::Resolve { .. }), "{error:?}");
        assert!(error.is_transient() && !error.may_have_arrived());
    }
}

mod tls {
    use rustls::ServerConfig;
    use rustls::pki_types::PrivatePkcs8KeyDer;
    use tokio_rustls::TlsAcceptor;

    use super::*;

    /// An https server for `site.example` on loopback, and the authority behind its certificate.
    async fn server(answer: &'static str) -> (SocketAddr, Vec<u8>) {
        let ca_key = rcgen::KeyPair::generate().unwrap();
        let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let ca_der = ca.self_signed(&ca_key).unwrap().der().to_vec();
        let issuer = rcgen::Issuer::new(ca, ca_key);
        let key = rcgen::KeyPair::generate().unwrap();
        let mut leaf = rcgen::CertificateParams::new(vec!["site.example".to_owned()]).unwrap();
        leaf.not_after = rcgen::date_time_ymd(2100, 1, 1);
        let leaf = leaf.signed_by(&key, &issuer).unwrap();

        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut buffer = [0; 1024];
                let _ = stream.read(&mut buffer).await;
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        (address, ca_der)
    }

    fn guard_for(address: SocketAddr) -> GuardBuilder {
        scripted(&[&["127.0.0.1"]]).allow(Endpoint::new("site.example", address.port()).unwrap())
    }

    #[tokio::test]
    async fn https_tells_how_long_the_certificate_is_valid() {
        let (address, ca) = server("HTTP/1.1 204 No Content\r\n\r\n").await;
        let guard = guard_for(address).root_certificate(ca).build().unwrap();
        let response = fetch(&guard, &format!("https://site.example:{}/", address.port())).await.unwrap();
        assert_eq!(response.status, 204);
        let year_2100 = std::time::UNIX_EPOCH + Duration::from_secs(4_102_444_800);
        assert_eq!(response.certificate.unwrap().not_after, year_2100);
    }

    #[tokio::test]
    async fn an_untrusted_certificate_and_a_way_back_to_http_are_refused() {
        let (address, ca) = server("HTTP/1.1 302 Found\r\nLocation: http://1.1.1.1/\r\n\r\n").await;
        let url = format!("https://site.example:{}/", address.port());
        let error = fetch(&guard_for(address).build().unwrap(), &url).await.unwrap_err();
        assert!(matches!(error, GuardError::Tls { .. }) && !error.is_transient(), "{error:?}");
        let said = format!(
            "could not agree on TLS with `site.example:{}`: its certificate comes from an authority that is not \
             trusted here (UnknownIssuer); --ca-cert FILE trusts the authorities of a PEM file",
            address.port()
        );
        assert_eq!(error.explained(), said);
        let guard = guard_for(address).root_certificate(ca).build().unwrap();
        let error = fetch(&guard, &url).await.unwrap_err();
        assert_eq!(
            error.explained(),
            "refused to connect to `1.1.1.1:80`: a redirect leads from https to http"
        );
    }
}

#[tokio::test]
async fn a_bad_status_is_a_response_and_head_reads_no_body() {
    let site = Server::start(Router::new().route(
        "/",
        any(|| async { (StatusCode::IM_A_TEAPOT, [("content-encoding", "gzip")], "").into_response() }),
    ))
    .await;
    let request = Request::new(Method::Head, site.url("/")).compressed(true);
    let response = allowing(&[&site]).send(request).await.unwrap();
    assert_eq!((response.status, response.is_success(), response.body.len()), (418, false, 0));
}

#[test]
fn sending_can_move_between_threads() {
    fn assert_send<T: Send>(_: &T) {}
    let guard = Guard::builder().build().unwrap();
    assert_send(&guard.send(Request::new(Method::Get, "http://example.com/")));
    let debug = format!("{:?}", Request::new(Method::Get, "http://secret/").header("a", "secret"));
    assert!(!debug.contains("secret"), "{debug}");
}
