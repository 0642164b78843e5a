//! Asking the process that holds a store.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::ask::{Ask, Hello, Part, Request, VERSION};
use super::frame::{Lines, push_line};
use super::{HeldError, endpoint};

/// How long a holder may take to say who it is.
const GREETING: Duration = Duration::from_secs(5);

/// How long a holder may say nothing at all; when it has nothing to say yet it says so every few seconds.
const QUIET: Duration = Duration::from_secs(30);

/// Largest part of an answer in bytes. The largest is a whole run, and one of a million nodes is less.
const PART: u64 = 4 << 30;

/// A connection to the process that holds a store. It takes one question.
#[derive(Debug)]
pub(super) struct Connection {
    store: PathBuf,
    lines: Lines<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl Connection {
    /// Calls whoever holds the store at `store`; `None` when nobody listens there.
    pub(super) async fn open(store: &Path) -> Result<Option<Self>, HeldError> {
        match endpoint::connect(store).await? {
            Some(stream) => Self::greeted(store, stream).await.map(Some),
            None => Ok(None),
        }
    }

    async fn greeted(store: &Path, stream: UnixStream) -> Result<Self, HeldError> {
        let (reader, writer) = stream.into_split();
        let mut lines = Lines::new(reader, PART);
        let garbled = || HeldError::Garbled(store.to_owned());
        let line = match timeout(GREETING, lines.next()).await {
            Err(_) => return Err(HeldError::Silent(store.to_owned())),
            Ok(Err(error)) => return Err(failed(store, error)),
            Ok(Ok(None)) => return Err(HeldError::Ended(store.to_owned())),
            Ok(Ok(Some(line))) => line,
        };
        let Hello { program, version, protocol, pid } =
            serde_json::from_slice(line).map_err(|_| garbled())?;
        if program != "flowrun" {
            return Err(garbled());
        }
        if protocol != VERSION {
            return Err(HeldError::Version { path: store.to_owned(), pid, version });
        }
        Ok(Self { store: store.to_owned(), lines, writer })
    }

    /// Asks, and hands on what is answered, up to the last part of it.
    pub(super) async fn ask(mut self, ask: Ask, parts: mpsc::Sender<Part>) -> Result<(), HeldError> {
        let mut request = Vec::new();
        push_line(&mut request, &Request { protocol: VERSION, ask })
            .map_err(|error| failed(&self.store, error))?;
        // A holder that is gone is noticed where its answer is missing.
        let _ = self.writer.write_all(&request).await;
        loop {
            let line = match timeout(QUIET, self.lines.next()).await {
                Err(_) => return Err(HeldError::Silent(self.store)),
                Ok(Err(error)) => return Err(failed(&self.store, error)),
                Ok(Ok(None)) => return Err(HeldError::Ended(self.store)),
                Ok(Ok(Some(b""))) => continue,
                Ok(Ok(Some(line))) => line,
            };
            let part = serde_json::from_slice(line).map_err(|_| HeldError::Garbled(self.store.clone()))?;
            let is_last = matches!(part, Part::Done | Part::Failed(_));
            // Whoever asked may have seen enough.
            if parts.send(part).await.is_err() || is_last {
                return Ok(());
            }
        }
    }
}

fn failed(store: &Path, error: io::Error) -> HeldError {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => HeldError::Ended(store.to_owned()),
        io::ErrorKind::InvalidData => HeldError::Garbled(store.to_owned()),
        _ => HeldError::Io { path: store.to_owned(), source: error },
    }
}
