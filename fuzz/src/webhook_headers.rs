//! Any text as the headers of a webhook.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use flowrun::{
    DetachedRun, Facts, NoSecrets, ObjectEntry, Outcome, Report, Site, Task, TaskExecutor, TaskObject,
    async_trait,
};
use flowrun_executors::webhook::{WebhookExecutor, WebhookSettings};
use flowrun_guard::{Guard, Resolver};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

/// The host of the node's address.
const HOST: &str = "hook.example";

/// A name server that knows no names, and remembers what it was asked: nothing is ever sent.
#[derive(Clone, Default)]
struct NoNames(Arc<Mutex<Vec<String>>>);

#[async_trait]
impl Resolver for NoNames {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(name.to_owned());
        Err(io::ErrorKind::NotFound.into())
    }
}

/// One for all inputs: making it takes longer than any of them.
struct Sender {
    runtime: Runtime,
    executor: Arc<WebhookExecutor>,
    run: DetachedRun,
    names: NoNames,
}

static SENDER: LazyLock<Mutex<Sender>> = LazyLock::new(|| {
    let names = NoNames::default();
    let guard = Guard::builder().resolver(names.clone()).build().expect("a guard without exceptions");
    Mutex::new(Sender {
        runtime: Builder::new_current_thread().enable_all().build().expect("a runtime of one thread"),
        executor: Arc::new(WebhookExecutor::new(guard, WebhookSettings::new())),
        run: DetachedRun::new(&task("{}", ""), Arc::new(NoSecrets)),
        names,
    })
});

/// A webhook is sent or refused; nothing leaves for an address of its own choice.
///
/// The input is two texts with a zero byte between them: the headers, and the value of `{{title}}` in them.
pub fn webhook_headers(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (headers, title) = text.split_once('\0').unwrap_or((text, "a\r\nHost: elsewhere.example"));
    let mut sender = SENDER.lock().unwrap_or_else(PoisonError::into_inner);
    let Sender { runtime, executor, run, names } = &mut *sender;
    let outcome = runtime.block_on(Arc::clone(executor).execute(task(headers, title), run.context()));
    assert_ne!(outcome, Outcome::Passed, "nothing can have arrived");
    for name in names.0.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        assert_eq!(name, HOST, "a header chose where to send");
    }
    let is_one_line =
        |report: &Report| !matches!(report, Report::Log(line) if line.contains(char::is_control));
    assert!(run.reports().iter().all(is_one_line), "a value brought a control character into the log");
}

/// A webhook with these headers, for an object of that title.
fn task(headers: &str, title: &str) -> Task {
    let data = json!({"uri": format!("http://{HOST}/"), "request_type": "POST", "headers": headers, "payload": "{}"});
    let site = Site::new("https://site.example");
    let task = Task::detached("1", "webhook", data.to_string(), site).expect("a well-formed task");
    let facts = Facts::new(json!({"type": "own", "title": title}));
    task.with_objects([TaskObject { entry: ObjectEntry::new("o", "o"), facts: Some(facts) }])
}
