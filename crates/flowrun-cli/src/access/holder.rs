//! Answering other processes while this one holds a store.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use super::ask::{Ask, Hello, Part, Request, VERSION};
use super::endpoint::{self, Bound, is_trusted};
use super::frame::{Lines, push_line};
use super::{Desk, Told};
use crate::exit::Exit;
use crate::screen::Screen;

/// Most questions at a time; further ones wait to be taken.
const CONNECTIONS: usize = 64;

/// Most of them that may go on for as long as a run does. The others are always left for short ones.
const WATCHERS: usize = 48;

/// How long a question may take to arrive. Less than others wait to be greeted: those who say nothing keep nobody from it.
const ARRIVAL: Duration = Duration::from_secs(2);

/// Largest question in bytes.
const QUESTION: u64 = 64 << 10;

/// How long whoever asks may take to read what is there for it.
const READING: Duration = Duration::from_secs(30);

/// How often somebody who waits is told that this process is still there.
const SIGN: Duration = Duration::from_secs(5);

/// How long answers under way may take once the process is about to end.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// Bytes of an answer that are gathered before they are written.
const GATHERED: usize = 64 << 10;

/// Answers other processes, until it is closed.
#[derive(Debug)]
pub(crate) struct Holder {
    listening: Option<Listening>,
}

#[derive(Debug)]
struct Listening {
    bound: Bound,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Holder {
    /// Answers whoever asks about the store at `store`, which this process holds. Without a socket the store is used as
    /// it would be with one, and others have to wait; that is told.
    pub(crate) fn open(store: &Path, desk: Arc<Desk>, screen: &Screen) -> Self {
        match endpoint::bind(store) {
            Ok((listener, bound)) => {
                let (stop, stopped) = watch::channel(false);
                let task = tokio::spawn(listen(listener, desk, stopped));
                Self { listening: Some(Listening { bound, stop, task }) }
            }
            Err(error) => {
                let store = store.display();
                screen.note(&format!(
                    "warning: no other command can use {store} while this one does: \
                     could not make a socket beside it: {error}"
                ));
                Self { listening: None }
            }
        }
    }

    /// Takes no more questions, and waits a moment for the answers under way.
    pub(crate) async fn close(self) {
        let Some(Listening { bound, stop, task }) = self.listening else { return };
        drop(bound);
        let _ = stop.send(true);
        // A panic in it was told when it came.
        let _ = task.await;
    }
}

async fn listen(listener: UnixListener, desk: Arc<Desk>, mut stopped: watch::Receiver<bool>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let watchers = Arc::new(Semaphore::new(WATCHERS));
    let mut connections = JoinSet::new();
    loop {
        let next = async {
            // Never closed.
            let permit = Arc::clone(&room).acquire_owned().await.ok();
            (listener.accept().await, permit)
        };
        let (accepted, permit) = tokio::select! {
            _ = stopped.changed() => break,
            next = next => next,
        };
        match accepted {
            Ok((stream, _)) => {
                let (desk, watchers) = (Arc::clone(&desk), Arc::clone(&watchers));
                connections.spawn(async move {
                    // Whoever goes away early, or takes too long, needs no answer.
                    let _ = converse(stream, desk, &watchers).await;
                    drop(permit);
                });
            }
            // Out of file descriptors, as a rule: those in use have to end first.
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
        // Whoever is done makes room.
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    let _ = timeout(LAST_ANSWERS, async { while connections.join_next().await.is_some() {} }).await;
    connections.shutdown().await;
}

/// One question and its answer.
async fn converse(stream: UnixStream, desk: Arc<Desk>, watchers: &Semaphore) -> io::Result<()> {
    // The mode of the file says so already; a descriptor may have come another way.
    if !is_trusted(stream.peer_cred()?.uid()) {
        return Ok(());
    }
    let (reader, mut writer) = stream.into_split();
    let mut lines = Lines::new(reader, QUESTION);
    let hello = Hello {
        program: "flowrun".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: VERSION,
        pid: std::process::id(),
    };
    let mut bytes = Vec::new();
    push_line(&mut bytes, &hello)?;
    let question = timeout(ARRIVAL, async {
        writer.write_all(&bytes).await?;
        lines.next().await
    });
    let ask = match question.await? {
        Ok(None) => return Ok(()),
        Ok(Some(line)) => asked(line),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(refused("the question is too long", None))
        }
        Err(error) => return Err(error),
    };
    let permit = match ask {
        Ok(Ask::Watch { .. }) => watchers.try_acquire().map(Some),
        _ => Ok(None),
    };
    let ask = match (ask, &permit) {
        (Ok(_), Err(_)) => Err(refused("too many are watching runs of this store", Some("end some of them"))),
        (ask, _) => ask,
    };
    let (parts_in, parts) = mpsc::channel(64);
    let answer = async move {
        match ask {
            Ok(ask) => desk.answer(ask, parts_in).await,
            Err(told) => drop(parts_in.send(Part::Failed(told)).await),
        }
    };
    // Not dropped with the connection: what was begun for somebody who went away comes to its end.
    let answer = tokio::spawn(answer);
    let told = tell(parts, &mut lines, &mut writer).await;
    // Of a desk that panicked the answer has no end, and whoever asked sees that.
    let _ = answer.await;
    told
}

/// What is asked, if it can be understood.
fn asked(line: &[u8]) -> Result<Ask, Told> {
    /// What every version has.
    #[derive(serde::Deserialize)]
    struct Version {
        protocol: u32,
    }
    let other = || refused("the question is not one that this version knows", None);
    match serde_json::from_slice(line) {
        Ok(Version { protocol: VERSION }) => {}
        Ok(Version { protocol }) => {
            return Err(refused(
                &format!("the question has version {protocol} of the protocol, and this process {VERSION}"),
                Some("use the program of the same version"),
            ));
        }
        Err(_) => return Err(other()),
    }
    let request: Request = serde_json::from_slice(line).map_err(|_| other())?;
    Ok(request.ask)
}

fn refused(message: &str, help: Option<&str>) -> Told {
    Told { message: message.to_owned(), help: help.map(str::to_owned), exit: Exit::NotFound }
}

/// Writes the parts of an answer as they come, for as long as somebody reads them.
async fn tell(
    mut parts: mpsc::Receiver<Part>,
    lines: &mut Lines<tokio::net::unix::OwnedReadHalf>,
    writer: &mut OwnedWriteHalf,
) -> io::Result<()> {
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        tokio::select! {
            part = parts.recv() => {
                let Some(part) = part else { return Ok(()) };
                push_line(&mut bytes, &part)?;
                // What is ready goes out together.
                while bytes.len() < GATHERED
                    && let Ok(part) = parts.try_recv()
                {
                    push_line(&mut bytes, &part)?;
                }
            }
            () = sleep(SIGN) => bytes.push(b'\n'),
            () = lines.ended() => return Ok(()),
        }
        for piece in bytes.chunks(GATHERED) {
            timeout(READING, writer.write_all(piece)).await??;
        }
    }
}
