//! The outside: a receiver of webhooks that writes down every effect it sees, and a website to scan.
//!
//! What a request asks for stands in its path, `/HOW/CASE/NODE`; the object stands in its body. The ledger
//! survives the processes it is called from, so it knows what really happened.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use flowrun_testkit::servers::{WebhookReply, WebhookRequest, WebhookSink, Website};
use tokio::sync::watch;

/// One effect: a request that was read to its end.
#[derive(Clone, Debug)]
pub(crate) struct Effect {
    /// Which case it belongs to.
    pub(crate) case: String,
    /// Id of the node that had it.
    pub(crate) node: String,
    /// The object it was for.
    pub(crate) object: String,
    /// Its idempotency key.
    pub(crate) key: String,
    /// Which attempt of the node had it; 0 when it did not say.
    pub(crate) attempt: u32,
    /// When, since the ledger was opened.
    pub(crate) at: Duration,
}

/// The effects so far. Clones share them.
#[derive(Clone, Debug)]
struct Book(Arc<Mutex<Pages>>);

#[derive(Debug)]
struct Pages {
    opened: Instant,
    effects: Vec<Effect>,
    /// How often each key was seen.
    seen: BTreeMap<String, u32>,
    count: watch::Sender<usize>,
}

/// The servers that flows work on.
#[derive(Debug)]
pub(crate) struct Outside {
    site: Website,
    sink: WebhookSink,
    book: Book,
}

impl Outside {
    /// `meanwhile` is called with each effect before it is answered.
    pub(crate) async fn start(meanwhile: impl Fn(&Effect) + Send + Sync + 'static) -> Self {
        let pages = Pages {
            opened: Instant::now(),
            effects: Vec::new(),
            seen: BTreeMap::new(),
            count: watch::Sender::new(0),
        };
        let book = Book(Arc::new(Mutex::new(pages)));
        let writes = book.clone();
        let sink = WebhookSink::start_with(move |request| writes.enter(request, &meanwhile)).await;
        let site = Website::start().await.expect("a port on loopback");
        Self { site, sink: sink.expect("a port on loopback"), book }
    }

    pub(crate) fn site(&self) -> String {
        self.site.url()
    }

    /// Host and port of the receiver.
    pub(crate) fn host(&self) -> String {
        self.sink.addr().to_string()
    }

    /// Where a node sends to that wants to be answered in this way: `ok`, `slow`, `late`, `fail`, `flaky`,
    /// `stuck` or `hang`.
    pub(crate) fn hook(&self, how: &str, case: &str, node: &str) -> String {
        format!("{}/{how}/{case}/{node}", self.sink.url())
    }

    /// The effects of a case.
    pub(crate) fn effects(&self, case: &str) -> Vec<Effect> {
        let pages = self.book.pages();
        pages.effects.iter().filter(|effect| effect.case == case).cloned().collect()
    }

    /// Waits until a node of the case has had an effect.
    pub(crate) async fn effect_of(&self, case: &str, node: &str) {
        let mut count = self.book.pages().count.subscribe();
        let is_there = |_: &usize| self.effects(case).iter().any(|effect| effect.node == node);
        count.wait_for(is_there).await.expect("the book lives as long as the ledger");
    }
}

impl Book {
    fn pages(&self) -> std::sync::MutexGuard<'_, Pages> {
        // A list that only grows is whole whoever panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a request down and says how it is answered.
    fn enter(&self, request: &WebhookRequest, meanwhile: &dyn Fn(&Effect)) -> WebhookReply {
        let mut words = request.path.split('/').skip(1);
        let mut word = || words.next().unwrap_or_default().to_owned();
        let (how, case, node) = (word(), word(), word());
        let key = request.header("idempotency-key").unwrap_or_default().to_owned();
        let attempt = request.header("webhook-attempt").and_then(|number| number.parse().ok());
        let attempt = attempt.unwrap_or_default();
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let object = body["object"].as_str().unwrap_or_default().to_owned();
        let mut pages = self.pages();
        let seen = pages.seen.entry(key.clone()).or_default();
        *seen += 1;
        let is_first = *seen == 1;
        let at = pages.opened.elapsed();
        let effect = Effect { case, node, object, key, attempt, at };
        meanwhile(&effect);
        pages.effects.push(effect);
        let count = pages.effects.len();
        pages.count.send_replace(count);
        match how.as_str() {
            "slow" => WebhookReply::Slow(200, Duration::from_millis(5)),
            "late" => WebhookReply::Slow(200, Duration::from_millis(20)),
            "slowest" => WebhookReply::Slow(200, Duration::from_millis(300)),
            "fail" => WebhookReply::Status(404),
            "flaky" if is_first => WebhookReply::Status(503),
            "stuck" if is_first => WebhookReply::Hang,
            "hang" => WebhookReply::Hang,
            _ => WebhookReply::Status(200),
        }
    }
}
