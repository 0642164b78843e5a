//! What becomes of connections: used again, counted, closed by the other side.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::sync::Arc;
use std::time::Duration;

use flowrun_guard::{Guard, GuardBuilder, GuardError, Limits, Method, Permits, Request};
use flowrun_testkit::servers::{RawReply, RawServer};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

fn allowing(servers: &[&RawServer]) -> GuardBuilder {
    servers
        .iter()
        .fold(Guard::builder(), |guard, server| guard.allow(server.addr().to_string().parse().unwrap()))
}

fn get(server: &RawServer) -> Request {
    Request::new(Method::Get, server.url())
}

fn post(server: &RawServer, body: &str) -> Request {
    Request::new(Method::Post, server.url()).body(body)
}

/// Answers the first request of each connection and drops the connection when it has read the second: what a
/// server does that closes idle connections without saying so, when it is unlucky each time.
async fn forgetful() -> RawServer {
    let answer = |request: &flowrun_testkit::servers::RawRequest| match request.on_connection {
        1 => RawReply::bytes(OK),
        _ => RawReply::close(),
    };
    RawServer::start(answer).await.unwrap()
}

#[tokio::test]
async fn reads_share_a_connection() {
    let server = RawServer::start(|_| RawReply::bytes(OK)).await.unwrap();
    let guard = allowing(&[&server]).build().unwrap();
    for _ in 0..5 {
        assert_eq!(guard.send(get(&server)).await.unwrap().body, b"ok");
    }
    assert_eq!((server.received().len(), server.connections()), (5, 1));
}

#[tokio::test]
async fn a_read_on_a_connection_that_was_closed_is_sent_once_more_on_a_fresh_one() {
    let server = forgetful().await;
    let guard = allowing(&[&server]).build().unwrap();
    for method in [Method::Get, Method::Head, Method::Get] {
        let response = guard.send(Request::new(method, server.url())).await.unwrap();
        assert_eq!(response.status, 200, "{method}");
    }
    // The first travels on the first connection; each of the others on a used one, and then on its own.
    assert!(server.connections() > 1, "the connection was used again");
    assert!(server.received().iter().any(|request| request.on_connection == 2));
}

#[tokio::test]
async fn a_read_that_is_never_answered_is_sent_twice_and_no_more() {
    let server = RawServer::start(|_| RawReply::close()).await.unwrap();
    let guard = allowing(&[&server]).build().unwrap();
    let error = guard.send(get(&server)).await.unwrap_err();
    assert!(matches!(error, GuardError::Transport { .. }), "{error:?}");
    assert!(error.is_transient());
    assert_eq!(server.received().len(), 2);
}

#[tokio::test]
async fn what_is_not_idempotent_travels_once_and_on_a_connection_of_its_own() {
    let server = forgetful().await;
    let guard = allowing(&[&server]).build().unwrap();
    // A read leaves a connection that could be used again, before each of them.
    for number in 0..4 {
        guard.send(get(&server)).await.unwrap();
        let body = number.to_string();
        assert_eq!(guard.send(post(&server, &body)).await.unwrap().status, 200);
        let effect = get(&server).header("x-effect", "1").idempotent(false);
        assert_eq!(guard.send(effect).await.unwrap().status, 200);
    }
    let received = server.received();
    let posts: Vec<_> = received.iter().filter(|request| request.method() == "POST").collect();
    let bodies: Vec<_> = posts.iter().map(|post| String::from_utf8_lossy(&post.body)).collect();
    assert_eq!(bodies, ["0", "1", "2", "3"], "each arrived once");
    assert!(posts.iter().all(|post| post.on_connection == 1));
    let effects: Vec<_> = received.iter().filter(|request| request.head.contains("x-effect")).collect();
    assert!(effects.len() == 4 && effects.iter().all(|effect| effect.on_connection == 1));
}

/// The twin: sent as if it were idempotent, a request travels on the used connection and arrives twice.
#[tokio::test]
async fn a_post_on_a_used_connection_is_found_out() {
    let server = forgetful().await;
    let guard = allowing(&[&server]).build().unwrap();
    guard.send(get(&server)).await.unwrap();
    guard.send(post(&server, "0").idempotent(true)).await.unwrap();
    let posts: Vec<_> = server.received().into_iter().filter(|request| request.method() == "POST").collect();
    assert_eq!(posts.iter().map(|post| post.on_connection).collect::<Vec<_>>(), [2, 1]);
}

#[tokio::test]
async fn a_post_that_gets_no_answer_is_not_sent_again() {
    let server = RawServer::start(|_| RawReply::close()).await.unwrap();
    let guard = allowing(&[&server]).build().unwrap();
    let error = guard.send(post(&server, "once")).await.unwrap_err();
    assert!(error.is_transient() && error.may_have_arrived(), "{error:?}");
    assert_eq!(server.received().len(), 1);
}

/// Sends so many requests at the same time.
async fn crowd(guard: &Guard, server: &RawServer, count: usize) {
    let requests = (0..count).map(|_| post(server, "x"));
    let sent: Vec<_> = requests
        .map(|request| {
            let guard = guard.clone();
            tokio::spawn(async move { guard.send(request).await.unwrap().status })
        })
        .collect();
    for one in sent {
        assert_eq!(one.await.unwrap(), 200);
    }
}

#[tokio::test]
async fn a_crowd_of_requests_opens_no_more_connections_than_there_are_permits() {
    let server = RawServer::start(|_| RawReply::bytes(OK)).await.unwrap();
    let guard = allowing(&[&server]).build().unwrap();
    crowd(&guard, &server, 300).await;
    assert_eq!(server.received().len(), 300);
    assert!(server.most_open() <= 8, "{} at once", server.most_open());
}

#[tokio::test]
async fn guards_that_share_permits_hold_to_one_limit() {
    let servers = [
        RawServer::start(|_| RawReply::bytes(OK)).await.unwrap(),
        RawServer::start(|_| RawReply::bytes(OK)).await.unwrap(),
    ];
    let one = allowing(&[&servers[0]]).permits(Permits::new(3, 2)).build().unwrap();
    let other = allowing(&[&servers[1]]).permits(one.permits().clone()).build().unwrap();
    tokio::join!(crowd(&one, &servers[0], 50), crowd(&other, &servers[1], 50));
    assert!(servers.iter().all(|server| server.received().len() == 50 && server.most_open() <= 2));
}

/// The twin: with permits for everybody the crowd is counted as one.
#[tokio::test]
async fn a_crowd_without_permits_is_found_out() {
    let server = RawServer::start(|_| RawReply::bytes(OK)).await.unwrap();
    let guard = allowing(&[&server]).permits(Permits::new(1000, 1000)).build().unwrap();
    crowd(&guard, &server, 300).await;
    assert!(server.most_open() > 64, "{} at once", server.most_open());
}

#[tokio::test]
async fn waiting_for_a_permit_does_not_count_as_time_of_the_request() {
    let server = RawServer::start(|request| match &*request.body {
        b"first" => RawReply::bytes("").then_hang(),
        _ => RawReply::bytes(OK),
    })
    .await
    .unwrap();
    let guard = allowing(&[&server]).permits(Permits::new(1, 1)).build().unwrap();
    let limits = Limits::default().total(Duration::from_millis(100));
    let (first, second) = tokio::join!(
        guard.send(post(&server, "first").limits(limits)),
        guard.send(post(&server, "second").limits(limits)),
    );
    assert!(matches!(first, Err(GuardError::Timeout { .. })), "{first:?}");
    assert_eq!(second.unwrap().status, 200);
}

#[tokio::test]
async fn a_connection_at_rest_makes_room_for_another_host() {
    let servers = [
        RawServer::start(|_| RawReply::bytes(OK)).await.unwrap(),
        RawServer::start(|_| RawReply::bytes(OK)).await.unwrap(),
    ];
    let guard = allowing(&[&servers[0], &servers[1]]).permits(Permits::new(1, 1)).build().unwrap();
    for _ in 0..3 {
        for server in &servers {
            assert_eq!(guard.send(get(server)).await.unwrap().status, 200);
        }
    }
}

#[tokio::test]
async fn the_head_of_a_response_is_there_before_its_body_and_whatever_becomes_of_it() {
    for reply in [
        RawReply::bytes("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\ncut off").then_close(),
        RawReply::bytes("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n").then_close(),
        RawReply::bytes("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n").then_hang(),
        RawReply::bytes(["HTTP/1.1 200 OK\r\n\r\n", &"x".repeat(1024)].concat()).then_more(),
    ] {
        let shown = format!("{reply:?}");
        let server = RawServer::start(move |_| reply.clone()).await.unwrap();
        let guard = allowing(&[&server]).build().unwrap();
        let limits = Limits::default().total(Duration::from_millis(200));
        let head = guard.start(post(&server, "x").limits(limits)).await.unwrap();
        assert_eq!(head.status, 200, "{shown}");
        let response = head.body_so_far().await;
        assert!(response.truncated && response.body.len() <= 64 << 10, "{shown}");
        // The twin: who insists on the body takes the same answers for failures, but the one that is too long.
        let whole = guard.send(post(&server, "x").limits(limits)).await;
        assert_eq!(whole.is_ok(), shown.contains("Repeat"), "{shown}");
    }
}

#[tokio::test]
async fn a_request_above_its_bounds_is_refused_before_anything_is_sent() {
    let server = RawServer::start(|_| RawReply::bytes(OK)).await.unwrap();
    let guard = allowing(&[&server]).build().unwrap();
    let limits = Limits::default().request_bytes(1000);
    let error = guard.send(post(&server, &"x".repeat(1000)).limits(limits)).await.unwrap_err();
    assert!(matches!(error, GuardError::RequestTooLarge { limit: 1000, .. }), "{error:?}");
    assert!(!error.is_transient() && !error.may_have_arrived());
    // More than a map of headers can hold at all.
    let many = (0..40_000).fold(post(&server, ""), |request, n| request.header(format!("x-{n}"), "v"));
    let error = guard.send(many).await.unwrap_err();
    assert_eq!(error.to_string(), "the request has 40000 headers, and 1000 are sent at most");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn lengths_that_a_caller_sets_do_not_split_a_request() {
    let server = RawServer::start(|_| RawReply::bytes(OK)).await.unwrap();
    let guard = allowing(&[&server]).build().unwrap();
    let request = post(&server, "12345").header("Content-Length", "3").header("Transfer-Encoding", "chunked");
    guard.send(request).await.unwrap();
    let [request] = &server.received()[..] else { panic!("one request") };
    assert_eq!(request.body, b"12345");
    assert!(!request.head.to_lowercase().contains("transfer-encoding"), "{}", request.head);
}

#[tokio::test]
async fn a_dropped_request_closes_its_connection_and_gives_its_permits_back() {
    let server = RawServer::start(|request| match &*request.body {
        b"hang" => RawReply::bytes("").then_hang(),
        _ => RawReply::bytes(OK),
    })
    .await
    .unwrap();
    let guard = Arc::new(allowing(&[&server]).permits(Permits::new(1, 1)).build().unwrap());
    let hanging = tokio::spawn({
        let (guard, request) = (Arc::clone(&guard), post(&server, "hang"));
        async move { guard.send(request).await }
    });
    server.arrived(1).await;
    hanging.abort();
    assert_eq!(guard.send(post(&server, "next")).await.unwrap().status, 200);
}
