//! Both ends of the socket, and those who misuse it.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::path::PathBuf;
use std::sync::Arc;

use flowrun::{
    Commit, Context, Engine, Flow, NewRun, NodeSpec, Outcome, Record, RunId, RunRequest, RunSpec, RunStatus,
    Site, Store as _, Task, TaskExecutor, Timestamp, async_trait,
};
use flowrun_store::SqliteStore;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;

use super::{Access, Ask, Desk, Driver, Holder, Part, endpoint};
use crate::commands::CommandError;
use crate::exit::Exit;
use crate::screen::Screen;

/// A store that is held, and answered for, in this process.
struct Held {
    folder: TempDir,
    store: Arc<SqliteStore>,
    holder: Holder,
}

impl Held {
    /// With a run whose site has an address of that many bytes.
    fn with_run(bytes: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open_file(folder.path().join("runs.db")).unwrap());
        let site = Site::new(format!("https://example.com/{}", "x".repeat(bytes)));
        let spec = RunSpec::new(RunId::from_bytes([1; 16]), Timestamp::EPOCH, site);
        let mut journal = store.create(NewRun::new(spec, r#"{"nodes":[],"edges":[]}"#)).unwrap();
        let written: Commit = journal.append(Timestamp::EPOCH, &mut vec![Record::RunStarted]);
        futures::executor::block_on(written.done()).unwrap();
        drop(journal);
        let desk = Arc::new(Desk::new(Arc::clone(&store), Driver::Nobody));
        let holder = Holder::open(&folder.path().join("runs.db"), desk, &Screen::new());
        Self { folder, store, holder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("runs.db")
    }

    async fn connect(&self) -> UnixStream {
        endpoint::connect(&self.path()).await.unwrap().unwrap()
    }

    async fn count(&self) -> usize {
        Access::open(&self.path()).await.unwrap().runs(false, 10).await.unwrap().len()
    }
}

/// Everything that comes until the other end closes.
async fn rest(stream: &mut UnixStream) -> String {
    let mut rest = Vec::new();
    // Cut off with bytes that were not read, a connection is reset.
    let _ = stream.read_to_end(&mut rest).await;
    String::from_utf8(rest).unwrap()
}

/// The words of an error that came of what was asked.
fn told<T>(asked: Result<T, CommandError>) -> (String, Exit) {
    let told = asked.err().unwrap().told();
    (told.message, told.exit)
}

#[tokio::test]
async fn what_is_asked_is_answered_by_whoever_holds_the_store() {
    let held = Held::with_run(0);
    let access = Access::open(&held.path()).await.unwrap();
    let run = access.find("01").await.unwrap();
    assert_eq!((run.id, run.seq), (RunId::from_bytes([1; 16]), 1));
    assert!(told(access.find("02").await).0.contains("there is no run `02`"));
    let figures = access.stats().await.unwrap();
    assert_eq!(figures[0], ("runs".to_owned(), 1));
    assert!(access.into_file().is_err(), "it is not this one's to do with what it likes");
    held.holder.close().await;
    assert!(!held.folder.path().join("runs.db-socket").exists());
    drop(held.store);
    let file = Access::open(&held.folder.path().join("runs.db")).await.unwrap().into_file();
    assert!(file.is_ok(), "nobody holds it any more");
}

#[tokio::test(start_paused = true)]
async fn whoever_says_nothing_is_let_go_and_keeps_nobody_waiting_for_long() {
    let held = Held::with_run(0);
    let mut silent = Vec::new();
    // More than are heard at a time.
    for _ in 0..100 {
        silent.push(held.connect().await);
    }
    assert_eq!(held.count().await, 1);
    let told = rest(&mut silent[0]).await;
    assert!(told.starts_with(r#"{"program":"flowrun","#) && told.lines().count() == 1, "{told}");
}

#[tokio::test(start_paused = true)]
async fn an_endless_question_is_read_to_its_limit() {
    let held = Held::with_run(0);
    let mut endless = held.connect().await;
    // Whatever of it fits into the buffers is taken; the rest is refused when the other end closes.
    let piece = vec![b'x'; 64 << 10];
    while endless.write_all(&piece).await.is_ok() {}
    assert_eq!(held.count().await, 1);
}

#[tokio::test]
async fn what_is_no_question_is_refused_in_words() {
    let held = Held::with_run(0);
    for (question, told) in [
        ("hello", "not one that this version knows"),
        (r#"{"protocol":1,"ask":"everything"}"#, "not one that this version knows"),
        (r#"{"protocol":1}"#, "not one that this version knows"),
        (r#"{"protocol":2,"ask":{"some":"thing"}}"#, "version 2 of the protocol, and this process 1"),
    ] {
        let mut stream = held.connect().await;
        stream.write_all(format!("{question}\n").as_bytes()).await.unwrap();
        let answer = rest(&mut stream).await;
        let last = answer.lines().nth(1).unwrap_or_default();
        assert!(last.starts_with(r#"{"failed":"#) && last.contains(told), "{question}: {answer}");
    }
    // One that is cut off is none.
    let mut stream = held.connect().await;
    stream.write_all(br#"{"protocol":1,"ask":"stats"}"#).await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(rest(&mut stream).await.lines().count(), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_read_its_answer_is_cut_off() {
    let held = Held::with_run(8 << 20);
    let mut slow = held.connect().await;
    let question = r#"{"protocol":1,"ask":{"runs":{"open":false,"limit":10}}}"#;
    slow.write_all(format!("{question}\n").as_bytes()).await.unwrap();
    let mut lines = BufReader::new(&mut slow);
    let mut hello = String::new();
    lines.read_line(&mut hello).await.unwrap();
    // Others do not wait for it, and it does not wait for ever.
    assert_eq!(held.count().await, 1);
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    let answer = rest(&mut slow).await;
    assert!(!answer.is_empty() && answer.len() < 8 << 20 && !answer.contains("done"), "{}", answer.len());
}

/// Never ends.
struct Hang;

#[async_trait]
impl TaskExecutor for Hang {
    async fn execute(self: Arc<Self>, _: Task, _: Context) -> Outcome {
        std::future::pending().await
    }
}

#[tokio::test]
async fn watchers_leave_room_for_others_and_hear_of_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.db");
    let store = Arc::new(SqliteStore::open_file(&path).unwrap());
    let engine = Engine::builder().store(Arc::clone(&store)).executor("scan", Hang).build().unwrap();
    let desk = Desk::new(store, Driver::Engine(engine.clone()));
    let holder = Holder::open(&path, Arc::new(desk), &Screen::new());
    let flow = Flow::builder().node(NodeSpec::new("1", "scan")).build().unwrap();
    let run = engine.start(RunRequest::new(flow, Site::new("https://example.com"))).await.unwrap().id();

    let mut watched = Vec::new();
    let refused = loop {
        let mut answer = Access::open(&path).await.unwrap().ask(Ask::Watch { run, after: 0 });
        match answer.next().await {
            Ok(Some(Part::Event(_))) => watched.push(answer),
            other => break told(other),
        }
    };
    assert_eq!((watched.len(), &*refused.0), (48, "too many are watching runs of this store"));
    let access = Access::open(&path).await.unwrap();
    assert_eq!(access.runs(false, 10).await.unwrap().len(), 1);
    // One that goes away makes room at once, also while nothing happens.
    watched.pop();
    let again = async {
        loop {
            let mut answer = access.ask(Ask::Watch { run, after: 0 });
            if answer.next().await.is_ok() {
                break answer;
            }
            tokio::task::yield_now().await;
        }
    };
    watched.push(again.await);

    engine.shutdown(std::time::Duration::ZERO).await;
    holder.close().await;
    for mut answer in watched {
        let mut last = None;
        while let Some(part) = answer.next().await.unwrap() {
            last = Some(part);
        }
        assert!(matches!(last, Some(Part::Stands(stands)) if stands.status == RunStatus::Working));
    }
}

/// Answers once as `script` does, in place of whoever holds the store.
async fn answered_by<F: Future<Output = ()> + Send + 'static>(
    script: impl FnOnce(UnixStream) -> F + Send + 'static,
) -> (String, Exit) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.db");
    let _store = SqliteStore::open_file(&path).unwrap();
    let (listener, _bound) = endpoint::bind(&path).unwrap();
    let script = async move { script(listener.accept().await.unwrap().0).await };
    let asked = async { Access::open(&path).await?.stats().await };
    let ((), asked) = tokio::join!(script, asked);
    told(asked)
}

async fn say(stream: &mut UnixStream, text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
}

const HELLO: &str = r#"{"program":"flowrun","version":"9.8.7","protocol":1,"pid":5}"#;

#[tokio::test(start_paused = true)]
async fn whoever_asks_does_not_wait_for_one_that_is_stopped() {
    for words in ["".to_owned(), format!("{HELLO}\n"), format!("{HELLO}\n\n{{\"figures\"")] {
        let (told, exit) = answered_by(|mut stream| async move {
            say(&mut stream, &words).await;
            // Until the other end gives up.
            rest(&mut stream).await;
        })
        .await;
        assert!(told.ends_with("does not answer"), "{told}");
        assert_eq!(exit, Exit::NotFound);
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_told_as_that() {
    for words in ["", "\n\n", "{\"figures\":[[\"runs\",1]]}\n", "{\"figures\""] {
        let (told, exit) = answered_by(move |mut stream| async move {
            say(&mut stream, &format!("{HELLO}\n{words}")).await;
            let mut line = String::new();
            BufReader::new(&mut stream).read_line(&mut line).await.unwrap();
        })
        .await;
        assert!(told.ends_with("ended before it had answered"), "{words}: {told}");
        assert_eq!(exit, Exit::NotFound);
    }
}

#[tokio::test]
async fn another_version_is_told_and_not_misunderstood() {
    let later = HELLO.replace(r#""protocol":1"#, r#""protocol":2,"more":[]"#);
    let (told, exit) =
        answered_by(|mut stream| async move { say(&mut stream, &format!("{later}\n")).await }).await;
    assert!(told.contains("process 5 holds the store") && told.contains("is flowrun 9.8.7"), "{told}");
    assert_eq!(exit, Exit::NotFound);
    for words in ["HTTP/1.1 400 Bad Request\r\n", "{}\n", &HELLO.replace("flowrun", "other")] {
        let words = format!("{words}\n");
        let (told, _) = answered_by(|mut stream| async move { say(&mut stream, &words).await }).await;
        assert!(told.ends_with("is not flowrun"), "{told}");
    }
    let (told, _) = answered_by(|mut stream| async move {
        say(&mut stream, &format!("{HELLO}\n{{\"news\":1}}\n")).await;
        rest(&mut stream).await;
    })
    .await;
    assert!(told.ends_with("is not flowrun"), "{told}");
}
