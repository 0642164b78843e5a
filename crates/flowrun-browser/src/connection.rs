//! The DevTools protocol over two pipes: calls and their answers, and events as they come.
//!
//! A pipe, not a port: nobody else on the machine can connect to it, no page can reach it, and a browser whose pipe
//! is closed ends by itself. Messages are JSON texts, each followed by a zero byte.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

/// The largest message that is read, in bytes: a picture of 1920 × 16384 random points takes 170 MB, one of a
/// page a hundredth of that.
const MESSAGE_BYTES: usize = 64 << 20;

/// Commands that wait to be written.
const QUEUED: usize = 256;

/// A target the browser has attached us to; the browser itself has none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(transparent)]
pub(crate) struct SessionId(pub(crate) String);

/// Something the browser tells by itself.
#[derive(Debug)]
pub(crate) struct Event<'a> {
    pub(crate) session: Option<SessionId>,
    pub(crate) method: &'a str,
    params: &'a str,
}

impl Event<'_> {
    /// Its parameters, as far as they are known; `None` when they have another shape.
    pub(crate) fn params<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(self.params).or_else(|_| serde_json::from_str(&without_halves(self.params))).ok()
    }
}

/// Something the browser is told to do.
#[derive(Debug)]
pub(crate) struct Command {
    session: Option<SessionId>,
    method: &'static str,
    params: serde_json::Value,
}

impl Command {
    pub(crate) fn new(session: Option<&SessionId>, method: &'static str, params: serde_json::Value) -> Self {
        Self { session: session.cloned(), method, params }
    }

    fn to_bytes(&self, id: u64) -> Vec<u8> {
        #[derive(Serialize)]
        struct Message<'a> {
            id: u64,
            method: &'a str,
            params: &'a serde_json::Value,
            #[serde(rename = "sessionId", skip_serializing_if = "Option::is_none")]
            session: Option<&'a SessionId>,
        }
        let message =
            Message { id, method: self.method, params: &self.params, session: self.session.as_ref() };
        let mut bytes = serde_json::to_vec(&message).expect("a command holds texts and numbers alone");
        bytes.push(0);
        bytes
    }
}

/// Why a call brought no answer.
#[derive(Debug, Error)]
pub(crate) enum CallError {
    /// The browser is gone, or does not speak the protocol.
    #[error("the browser has ended")]
    Closed,
    #[error("the browser sends a message of more than {MESSAGE_BYTES} bytes")]
    TooLarge,
    #[error("the browser refuses `{method}`: {message}")]
    Refused { method: &'static str, message: String },
    #[error("the browser answers `{method}` with something else")]
    Malformed { method: &'static str, source: serde_json::Error },
}

type Answer = Result<Box<RawValue>, String>;

#[derive(Debug, Default)]
struct Waiting {
    calls: BTreeMap<u64, oneshot::Sender<Answer>>,
    closed: bool,
    too_large: bool,
}

impl Waiting {
    fn why(&self) -> CallError {
        if self.too_large { CallError::TooLarge } else { CallError::Closed }
    }
}

/// A connection to one browser. Dropping it closes the pipes.
#[derive(Debug)]
pub(crate) struct Connection {
    next: Arc<AtomicU64>,
    waiting: Arc<Mutex<Waiting>>,
    out: mpsc::Sender<Vec<u8>>,
    _tasks: JoinSet<()>,
}

impl Connection {
    /// Speaks over `write` and `read`; what the browser tells goes to `listen`, whose commands are sent in order
    /// and whose answers nobody waits for.
    ///
    /// `listen` must not wait: answers come on the same pipe.
    pub(crate) fn open<R, W>(
        read: R,
        write: W,
        mut listen: impl FnMut(Event<'_>) -> Vec<Command> + Send + 'static,
    ) -> Self
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let (out, commands) = mpsc::channel(QUEUED);
        let waiting = Arc::<Mutex<Waiting>>::default();
        let next = Arc::new(AtomicU64::new(1));
        let mut tasks = JoinSet::new();
        tasks.spawn(write_all(write, commands));
        let (calls, ids, replies) = (Arc::clone(&waiting), Arc::clone(&next), out.clone());
        tasks.spawn(async move {
            let mut messages = Messages { read, buffer: Vec::new(), searched: 0 };
            while let Some(message) = messages.next().await {
                let Some(commands) = dispatch(&message, &calls, &mut listen) else { break };
                for command in commands {
                    // Reading waits for writing here. The browser reads on a thread of its own, whether or not
                    // its own messages are read, so the queue empties.
                    let id = ids.fetch_add(1, Ordering::Relaxed);
                    if replies.send(command.to_bytes(id)).await.is_err() {
                        break;
                    }
                }
            }
            let mut calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
            calls.closed = true;
            calls.too_large = messages.buffer.len() > MESSAGE_BYTES;
            calls.calls.clear();
        });
        Self { next, waiting, out, _tasks: tasks }
    }

    /// Calls `method` of a target, or of the browser, and waits for the answer.
    ///
    /// # Errors
    ///
    /// [`CallError`]; after [`CallError::Closed`] every further call fails so too.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting; the browser may do it all the same.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        session: Option<&SessionId>,
        method: &'static str,
        params: serde_json::Value,
    ) -> Result<T, CallError> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.closed {
                return Err(waiting.why());
            }
            // Those whose callers are gone are not answered, if at all, before the browser is done with them.
            waiting.calls.retain(|_, call| !call.is_closed());
            waiting.calls.insert(id, answer);
        }
        let command = Command { session: session.cloned(), method, params };
        let closed = || self.waiting.lock().unwrap_or_else(PoisonError::into_inner).why();
        self.out.send(command.to_bytes(id)).await.map_err(|_| closed())?;
        let answer = answered.await.map_err(|_| closed())?;
        let answer = answer.map_err(|message| CallError::Refused { method, message })?;
        serde_json::from_str(answer.get()).map_err(|source| CallError::Malformed { method, source })
    }
}

async fn write_all(mut write: impl AsyncWrite + Unpin, mut commands: mpsc::Receiver<Vec<u8>>) {
    while let Some(command) = commands.recv().await {
        if write.write_all(&command).await.is_err() {
            break;
        }
    }
}

#[derive(Deserialize)]
struct Message<'a> {
    id: Option<u64>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    error: Option<Refused>,
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(rename = "sessionId")]
    session: Option<SessionId>,
}

#[derive(Deserialize)]
struct Refused {
    message: String,
}

/// Gives an answer to its call, or an event to `listen`. `None` when it is neither: this is no browser.
fn dispatch(
    message: &[u8],
    waiting: &Mutex<Waiting>,
    listen: &mut impl FnMut(Event<'_>) -> Vec<Command>,
) -> Option<Vec<Command>> {
    let message: Message<'_> = serde_json::from_slice(message).ok()?;
    match (message.id, message.method) {
        (Some(id), _) => {
            let call = waiting.lock().unwrap_or_else(PoisonError::into_inner).calls.remove(&id);
            let answer = match (message.error, message.result) {
                (Some(refused), _) => Err(refused.message),
                (None, Some(result)) => Ok(result.to_owned()),
                (None, None) => return None,
            };
            // Without a call it answers a command of `listen`, for which nobody waits.
            if let Some(call) = call {
                let _ = call.send(answer);
            }
            Some(Vec::new())
        }
        (None, Some(method)) => {
            let params = message.params.map_or("{}", RawValue::get);
            Some(listen(Event { session: message.session, method: &method, params }))
        }
        (None, None) => None,
    }
}

/// A JSON text whose halves of surrogate pairs that stand alone are replaced: scripts may write them, and no text of
/// ours can hold them.
fn without_halves(json: &str) -> String {
    let mut whole = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        whole.push_str(before);
        let unit = |at: usize| {
            let digits = escape.get(at..)?.strip_prefix("\\u")?.get(..4)?;
            u16::from_str_radix(digits, 16).ok()
        };
        let (kept, length) = match (unit(0), unit(6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (&escape[..12], 12),
            (Some(0xD800..=0xDFFF), _) => ("\\ufffd", 6),
            // An escape is at least two characters long, whatever the second one is.
            _ => {
                let length = 1 + escape[1..].chars().next().map_or(0, char::len_utf8);
                (&escape[..length], length)
            }
        };
        whole.push_str(kept);
        rest = &escape[length..];
    }
    whole.push_str(rest);
    whole
}

/// Cuts what is read at its zero bytes.
struct Messages<R> {
    read: R,
    buffer: Vec<u8>,
    /// Where no zero byte is.
    searched: usize,
}

impl<R: AsyncRead + Unpin> Messages<R> {
    /// The next message; `None` at the end, or when one is too large to be read.
    async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(end) = self.buffer[self.searched..].iter().position(|&byte| byte == 0) {
                let end = self.searched + end;
                let rest = self.buffer.split_off(end + 1);
                let mut message = std::mem::replace(&mut self.buffer, rest);
                message.truncate(end);
                self.searched = 0;
                return Some(message);
            }
            self.searched = self.buffer.len();
            if self.buffer.len() > MESSAGE_BYTES {
                return None;
            }
            self.buffer.reserve(64 << 10);
            match self.read.read_buf(&mut self.buffer).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tokio::io::duplex;

    use super::*;

    /// A connection whose browser is the other end of the returned stream.
    fn connected(
        listen: impl FnMut(Event<'_>) -> Vec<Command> + Send + 'static,
    ) -> (Connection, tokio::io::DuplexStream) {
        let (ours, theirs) = duplex(1 << 16);
        let (read, write) = tokio::io::split(ours);
        (Connection::open(read, write, listen), theirs)
    }

    async fn told(browser: &mut tokio::io::DuplexStream) -> Value {
        let mut message = Vec::new();
        loop {
            match browser.read_u8().await.unwrap() {
                0 => return serde_json::from_slice(&message).unwrap(),
                byte => message.push(byte),
            }
        }
    }

    async fn tell(browser: &mut tokio::io::DuplexStream, message: &Value) {
        browser.write_all(message.to_string().as_bytes()).await.unwrap();
        browser.write_u8(0).await.unwrap();
    }

    #[tokio::test]
    async fn answers_find_their_calls_in_any_order() {
        let (connection, mut browser) = connected(|_| Vec::new());
        let session = SessionId("S".to_owned());
        let calls = async {
            tokio::join!(
                connection.call::<Value>(None, "Browser.getVersion", json!({})),
                connection.call::<Value>(Some(&session), "Page.enable", json!({})),
            )
        };
        let answers = async {
            let (first, second) = (told(&mut browser).await, told(&mut browser).await);
            assert_eq!(second["sessionId"], "S");
            tell(&mut browser, &json!({"id": second["id"], "error": {"message": "no page"}})).await;
            tell(&mut browser, &json!({"id": first["id"], "result": {"product": "p"}})).await;
        };
        let ((first, second), ()) = tokio::join!(calls, answers);
        assert_eq!(first.unwrap()["product"], "p");
        assert_eq!(second.unwrap_err().to_string(), "the browser refuses `Page.enable`: no page");
    }

    #[tokio::test]
    async fn events_are_answered_in_order() {
        let listen = |event: Event<'_>| {
            let params: Value = event.params().unwrap();
            vec![Command::new(event.session.as_ref(), "Fetch.continueRequest", params)]
        };
        let (_connection, mut browser) = connected(listen);
        for number in 0..3 {
            let event =
                json!({"method": "Fetch.requestPaused", "sessionId": "S", "params": {"requestId": number}});
            tell(&mut browser, &event).await;
        }
        for number in 0..3 {
            let command = told(&mut browser).await;
            assert_eq!(command["params"]["requestId"], number);
            assert_eq!(command["sessionId"], "S");
        }
    }

    #[test]
    fn halves_of_characters_are_replaced_and_whole_ones_stay() {
        for (json, text) in [
            (r#""\ud83d\ude00 \n \\ud83d""#, "😀 \n \\ud83d"),
            (r#""a\ud83d""#, "a\u{fffd}"),
            (r#""\ude00\ud83d\ude00""#, "\u{fffd}😀"),
            (r#""\ud83d\ud83d""#, "\u{fffd}\u{fffd}"),
            (r#""\\\ud83d""#, "\\\u{fffd}"),
        ] {
            assert_eq!(serde_json::from_str::<String>(&without_halves(json)).unwrap(), text);
        }
        assert_eq!(without_halves("\\"), "\\");
    }

    #[tokio::test]
    async fn a_browser_that_ends_or_says_nonsense_ends_all_calls() {
        for last_words in ["", "no json\0", "{}\0", "{\"id\":1}\0"] {
            let (connection, mut browser) = connected(|_| Vec::new());
            let call = connection.call::<Value>(None, "Browser.getVersion", json!({}));
            let end = async {
                told(&mut browser).await;
                browser.write_all(last_words.as_bytes()).await.unwrap();
                if last_words.is_empty() {
                    browser.shutdown().await.unwrap();
                }
            };
            let (called, ()) = tokio::join!(call, end);
            assert!(matches!(called, Err(CallError::Closed)), "{last_words}");
            let again = connection.call::<Value>(None, "Browser.getVersion", json!({})).await;
            assert!(matches!(again, Err(CallError::Closed)), "{last_words}");
        }
    }
}
