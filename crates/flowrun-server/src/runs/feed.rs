//! Streams of events: what is sent to somebody who watches, as long as they may.
//!
//! Nothing is queued for a watcher. The next event is read from the journal when the last one was taken, so whoever is
//! slow costs no more memory than others; whoever takes nothing at all is cut by the connection.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use axum::response::sse::Event;
use flowrun::{Events, JournalReader, Plan, RunEvent, RunId, RunUpdate};
use futures::Stream;
use serde_json::json;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::board::Change;
use crate::repo::{AccountId, Caller, TokenId};
use crate::server::Inner;

/// Lines of a journal that are read, and held, at a time.
const PAGE: usize = 32;

/// What somebody is sent, one after the other.
pub(crate) struct Feed {
    server: Arc<Inner>,
    token: TokenId,
    /// Tokens were taken back.
    revoked: watch::Receiver<u64>,
    source: Source,
    /// When something has to be sent, so that nobody takes the stream for dead.
    beats_at: Instant,
    is_done: bool,
}

enum Source {
    Run(Box<RunSource>),
    Account { changes: broadcast::Receiver<Change>, has_begun: bool },
}

/// What a stream does next.
enum Turn {
    Event(Event),
    /// The last one.
    Last(Event),
}

impl Feed {
    /// The events of a run after the one numbered `after`.
    pub(crate) fn of_run(
        server: Arc<Inner>,
        caller: &Caller,
        run: RunId,
        plan: Arc<Plan>,
        reader: Arc<dyn JournalReader>,
        after: u64,
    ) -> Self {
        let account = caller.account;
        let source = RunSource { account, run, plan, reader, seq: after, ready: VecDeque::new(), live: None };
        Self::new(server, caller, Source::Run(Box::new(source)))
    }

    /// How the runs of the caller's account stand, whenever that changes.
    pub(crate) fn of_account(server: Arc<Inner>, caller: &Caller) -> Self {
        let changes = server.board.watch(caller.account);
        Self::new(server, caller, Source::Account { changes, has_begun: false })
    }

    fn new(server: Arc<Inner>, caller: &Caller, source: Source) -> Self {
        let revoked = server.repo.revocations();
        let beats_at = Instant::now() + server.options.heartbeat;
        server.metrics.event_streams.inc();
        Self { server, token: caller.token, revoked, source, beats_at, is_done: false }
    }

    /// The events, as they are taken.
    pub(crate) fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> + Send {
        futures::stream::unfold(self, async |mut feed| Some((Ok(feed.next().await?), feed)))
    }

    async fn next(&mut self) -> Option<Event> {
        if self.is_done {
            return None;
        }
        let turn = self.turn().await;
        self.beats_at = Instant::now() + self.server.options.heartbeat;
        match turn {
            Turn::Event(event) => Some(event),
            Turn::Last(event) => {
                self.is_done = true;
                Some(event)
            }
        }
    }

    async fn turn(&mut self) -> Turn {
        loop {
            tokio::select! {
                biased;
                // Before anything that is told.
                Ok(()) = self.revoked.changed() => {}
                turn = self.source.turn(&self.server) => return turn,
                () = sleep_until(self.beats_at) => {
                    if self.may_go_on() {
                        return Turn::Event(Event::default().comment("heartbeat"));
                    }
                }
            }
            if !self.may_go_on() {
                let text = json!({"reason": "the token was revoked, or has expired"});
                return Turn::Last(Event::default().event("denied").data(text.to_string()));
            }
        }
    }

    /// Whether the token is still one. While that cannot be read nothing is taken from whoever had it.
    fn may_go_on(&self) -> bool {
        self.server.repo.is_token(self.token).unwrap_or(true)
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.server.metrics.event_streams.dec();
    }
}

impl Source {
    async fn turn(&mut self, server: &Inner) -> Turn {
        match self {
            Self::Run(run) => run.turn(server).await,
            Self::Account { changes, has_begun } => {
                if !std::mem::replace(has_begun, true) {
                    return Turn::Event(Event::default().event("ready").data("{}"));
                }
                tokio::select! {
                    biased;
                    change = changes.recv() => match change {
                        Ok(change) => Turn::Event(Event::default().event("run").data(change.to_json())),
                        Err(RecvError::Lagged(missed)) => {
                            let told = json!({"missed": missed}).to_string();
                            Turn::Event(Event::default().event("missed").data(told))
                        }
                        // The board is there as long as the server is.
                        Err(RecvError::Closed) => draining(),
                    },
                    () = server.drained() => draining(),
                }
            }
        }
    }
}

/// The last event of every stream when the server goes away.
fn draining() -> Turn {
    let text = json!({"reason": "the server is shutting down"});
    Turn::Last(Event::default().event("drain").data(text.to_string()))
}

/// Where the events of a run come from: from its driver's telling while it has one, else from the store.
struct RunSource {
    account: AccountId,
    run: RunId,
    plan: Arc<Plan>,
    reader: Arc<dyn JournalReader>,
    /// The number of the last event that was told.
    seq: u64,
    ready: VecDeque<RunEvent>,
    live: Option<Events>,
}

impl RunSource {
    async fn turn(&mut self, server: &Inner) -> Turn {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return self.told(&event);
            }
            if let Some(live) = &mut self.live {
                match live.next().await {
                    Ok(Some(RunUpdate::Event(event))) => {
                        server.metrics.sent(event.at);
                        return self.told(&event);
                    }
                    // A file keeps every line. What another store forgot is read on from there.
                    Ok(Some(_)) => continue,
                    Ok(None) => self.live = None,
                    Err(error) => return self.failed(&error),
                }
            } else if let Some(run) = server.engine.run(self.run)
                && !run.state().is_over()
                && run.state() != flowrun::RunState::Lost
            {
                self.live = Some(run.events_after(self.seq).read_ahead(PAGE));
                continue;
            }
            // Nobody drives it, or no more: what the store has, then how it stands.
            let (reader, after) = (Arc::clone(&self.reader), self.seq);
            let row = server.repo.run(self.account, self.run);
            let page = tokio::task::spawn_blocking(move || reader.read(after, PAGE)).await;
            let lines = match page {
                Ok(Ok(page)) => page.lines,
                Ok(Err(flowrun::StoreError::NotFound(_))) => return end("deleted"),
                Ok(Err(error)) => return self.failed(&error),
                Err(error) => return self.failed(&error),
            };
            if !lines.is_empty() {
                self.ready.extend(lines.into_iter().map(|line| RunEvent::new(&self.plan, line)));
                continue;
            }
            // Looked at before the last reading, so that no event before the end was missed.
            return match row {
                Ok(None) => end("deleted"),
                Ok(Some(row)) => match row.status {
                    Some(status) => end(&status),
                    None if server.is_draining() => draining(),
                    None if server.engine.run(self.run).is_some_and(|run| !is_left(&run)) => continue,
                    None => end("lost"),
                },
                Err(error) => self.failed(&error),
            };
        }
    }

    fn told(&mut self, event: &RunEvent) -> Turn {
        self.seq = event.seq;
        match serde_json::to_string(event) {
            Ok(json) => Turn::Event(Event::default().id(event.seq.to_string()).data(json)),
            Err(error) => self.failed(&error),
        }
    }

    /// What is in the way is logged, not told.
    fn failed(&self, error: &dyn std::error::Error) -> Turn {
        tracing::error!(run = %self.run, %error, "the events of a run cannot be read");
        let text = json!({"reason": "the events cannot be read now"});
        Turn::Last(Event::default().event("failed").data(text.to_string()))
    }
}

/// Whether no driver is at the run any more.
fn is_left(run: &flowrun::RunHandle) -> bool {
    run.state().is_over() || run.state() == flowrun::RunState::Lost
}

/// The last event of the stream of a run that is not going to have any more.
fn end(status: &str) -> Turn {
    Turn::Last(Event::default().event("end").data(json!({"status": status}).to_string()))
}
