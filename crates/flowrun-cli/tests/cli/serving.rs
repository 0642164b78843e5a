//! Starts the server and asks it.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::support::Place;

/// An account, and a token that may do everything in it.
pub(crate) fn token(place: &Place) -> String {
    assert_eq!(place.run(&["account", "create", "ops", "--user", "dev@example.com"]).code, 0);
    place.run(&["token", "create", "--account", "ops"]).out.trim().to_owned()
}

/// A flow of one node that nothing here can do: a run of it ends at once, and goes nowhere.
pub(crate) fn idle() -> Value {
    json!({"title": "Idle", "nodes": [{"id": "1", "data": {"id": "1", "task_type": "case"}}]})
}

/// A server in a process of its own.
pub(crate) struct Serving {
    pub(crate) child: Child,
    pub(crate) address: String,
}

impl Serving {
    pub(crate) fn new(place: &Place) -> Self {
        Self::with(place, &[])
    }

    /// One with more arguments.
    pub(crate) fn with(place: &Place, args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flowrun"));
        command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(if args.contains(&"--grace") { &[][..] } else { &["--grace", "0s"] })
            .args(args)
            .current_dir(place.path())
            .env_clear();
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the binary starts");
        let mut lines = BufReader::new(child.stderr.take().expect("it is a pipe")).lines();
        let address = lines
            .by_ref()
            .map(|line| line.expect("text"))
            .find_map(|line| Some(line.strip_prefix("listening on http://")?.to_owned()))
            .expect("it says where it listens");
        // Read to the end, so that it never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    pub(crate) fn ask(&self, method: &str, path: &str, token: &str, body: Option<Value>) -> (u16, Value) {
        asked(&self.address, method, path, token, body.as_ref()).expect("it answers")
    }

    /// Makes something below `/v1/ops`, and gives its id.
    pub(crate) fn made(&self, token: &str, path: &str, body: Value) -> String {
        let (status, made) = self.ask("POST", &format!("/v1/ops{path}"), token, Some(body));
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().expect("an id").to_owned()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: &str) {
        let kill = format!("kill -{signal} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("a shell").success());
    }

    /// Sends a signal, and gives the exit code.
    pub(crate) fn ended(mut self, signal: &str) -> Option<i32> {
        self.signal(signal);
        self.child.wait().expect("it ends").code()
    }
}

/// A test that fails leaves no server behind.
impl Drop for Serving {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks on a connection of its own; `None` when nobody answers.
pub(crate) fn asked(
    address: &str,
    method: &str,
    path: &str,
    token: &str,
    body: Option<&Value>,
) -> Option<(u16, Value)> {
    asked_with(address, method, path, &[("authorization", token)], body)
}

/// The same with these headers.
pub(crate) fn asked_with(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> Option<(u16, Value)> {
    let body = body.map_or_else(String::new, Value::to_string);
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\n{headers}content-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, serde_json::from_str(body).ok()?))
}
