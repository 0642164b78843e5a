//! A client that costs little: one thread and one connection each, kept alive, a request after the other.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A connection to a server.
pub struct Client {
    stream: TcpStream,
    /// What has arrived of the answer.
    answer: Vec<u8>,
}

impl Client {
    /// Connects to `HOST:PORT`.
    #[must_use]
    pub fn new(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("it is connected");
        Self { stream, answer: Vec::new() }
    }

    /// Sends a request and reads the answer to its end: its status and its body.
    pub fn ask(&mut self, request: &[u8]) -> (u16, &[u8]) {
        self.stream.write_all(request).expect("the server takes it");
        self.answer.clear();
        let body = loop {
            self.read();
            if let Some(at) = self.answer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let head = std::str::from_utf8(&self.answer[..body]).expect("a head is ASCII");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let end = body + length.and_then(|length| length.parse::<usize>().ok()).expect("its length is told");
        while self.answer.len() < end {
            self.read();
        }
        (status, &self.answer[body..end])
    }

    fn read(&mut self) {
        let mut piece = [0; 16 << 10];
        let read = self.stream.read(&mut piece).expect("the server answers");
        assert!(read > 0, "the server closed the connection");
        self.answer.extend_from_slice(&piece[..read]);
    }
}

/// A request as bytes.
#[must_use]
pub fn request(method: &str, path: &str, token: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Token {token}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Answers a second that `clients` get, who ask `requests` times together. Every answer has to have this status.
#[must_use]
pub fn rate(address: &str, clients: usize, requests: usize, request: &[u8], status: u16) -> f64 {
    let each = requests / clients;
    let mut ready: Vec<Client> = (0..clients).map(|_| Client::new(address)).collect();
    let begun = Instant::now();
    thread::scope(|scope| {
        for client in &mut ready {
            scope.spawn(move || (0..each).for_each(|_| assert_eq!(client.ask(request).0, status)));
        }
    });
    (each * clients) as f64 / begun.elapsed().as_secs_f64()
}

/// How long an answer takes, for one client: the median of so many.
#[must_use]
pub fn latency(client: &mut Client, requests: usize, request: &[u8]) -> Duration {
    let mut taken: Vec<Duration> = (0..requests)
        .map(|_| {
            let begun = Instant::now();
            assert_eq!(client.ask(request).0, 200);
            begun.elapsed()
        })
        .collect();
    taken.sort();
    taken[requests / 2]
}

/// Callers who send a byte now and then, each as if it never ended. One thread does them all.
pub struct Slow {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Slow {
    /// Lets so many callers begin a request.
    #[must_use]
    pub fn start(address: &str, callers: usize) -> Self {
        let (stop, address) = (Arc::new(AtomicBool::new(false)), address.to_owned());
        let is_over = Arc::clone(&stop);
        let begin = move || {
            let mut stream = TcpStream::connect(&address).expect("the server listens");
            stream.write_all(b"GET /healthz HTTP/1.1\r\nx-").expect("the server takes it");
            stream
        };
        let mut streams: Vec<TcpStream> = (0..callers).map(|_| begin()).collect();
        let thread = thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                for stream in &mut streams {
                    // Whoever was cut off begins again.
                    if stream.write_all(b"x").is_err() {
                        *stream = begin();
                    }
                }
                thread::sleep(Duration::from_millis(250));
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Slow {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
