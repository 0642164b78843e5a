//! A process that has no file descriptor left. In a test binary of its own, because it lowers the limit of the
//! whole process.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use flowrun_guard::{Endpoint, Guard, GuardError, Method, Permits, Request};
use flowrun_testkit::servers::{RawReply, RawServer};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Lets the process open so many files from now on.
fn open_files(count: u64) {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: Some(count), maximum }).unwrap();
}

const URL: &str = "FLOWRUN_TEST_URL";

/// Calls this test binary once more, as a process whose limit can be lowered without that of the server.
fn in_a_process_of_its_own(test: &str, url: &str) -> std::process::Command {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored"]).env(URL, url);
    command
}

#[tokio::test]
async fn a_request_without_a_descriptor_waits_until_another_is_done() {
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    let server = RawServer::start(move |_| RawReply::bytes(ok)).await.unwrap();
    let mut client = in_a_process_of_its_own("send_more_requests_than_there_are_descriptors", &server.url());
    let output = tokio::task::spawn_blocking(move || client.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(server.received().len(), 300, "each arrived once");
    assert!(server.most_open() < 64, "the limit was met");
}

#[tokio::test]
#[ignore = "a part of the test above"]
async fn send_more_requests_than_there_are_descriptors() {
    // Nothing to do for those who run everything that is ignored.
    let Ok(url) = std::env::var(URL) else { return };
    let endpoint = Endpoint::of_url(&url).unwrap();
    // Permits beyond what the process can open: the limit of the system is met, not ours.
    let guard = Guard::builder().allow(endpoint).permits(Permits::new(1000, 1000)).build().unwrap();
    open_files(32);
    let post = |_| {
        let (guard, request) = (guard.clone(), Request::new(Method::Post, &url).body("x"));
        tokio::spawn(async move { guard.send(request).await.map(|response| response.status) })
    };
    let sent: Vec<_> = (0..300).map(post).collect();
    for one in sent {
        assert_eq!(one.await.unwrap().unwrap(), 200);
    }
}

/// When none is given back, it fails in the end, as something that may pass.
#[tokio::test]
#[ignore = "a part of the test below"]
async fn send_without_any_descriptor() {
    let Ok(_) = std::env::var(URL) else { return };
    let guard = Guard::builder().allow("127.0.0.1:9".parse().unwrap()).build().unwrap();
    open_files(32);
    let _taken: Vec<_> = std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()).collect();
    tokio::time::pause();
    let error = guard.send(Request::new(Method::Post, "http://127.0.0.1:9/")).await.unwrap_err();
    assert!(matches!(error, GuardError::Connect { .. }), "{error:?}");
    assert!(error.is_transient() && !error.may_have_arrived());
    assert!(error.explained().contains("Too many open files"), "{}", error.explained());
}

#[test]
fn a_process_that_gets_no_descriptor_back_is_told() {
    let output = in_a_process_of_its_own("send_without_any_descriptor", "").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
