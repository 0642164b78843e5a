//! Every check of the executor suite finds the mistake that it is for, and no other check does.
#![cfg(feature = "executor-suite")]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flowrun::{
    Attempt, Context, ErrorClass, Facts, NodeProblem, ObjectEntry, ObjectStatus, Outcome, Report, Role, Task,
    TaskExecutor, async_trait,
};
use flowrun_testkit::executor_suite::{ExecutorSuite, Verdict};
use serde_json::{Value, json};

const SECRET: &str = "a-value-that-nobody-knows";

/// Delivers each object, or makes one for each resource, and makes one mistake, named after its check.
struct Executor {
    mistake: &'static str,
    effects: Arc<Mutex<Vec<String>>>,
    /// Shared by everything that is made for one suite.
    calls: Arc<AtomicUsize>,
}

impl Executor {
    fn makes(&self, mistake: &str) -> bool {
        self.mistake == mistake
    }

    fn data(task: &Task) -> Value {
        serde_json::from_str(task.data()).unwrap()
    }

    /// The entries to work on, and whether they were handed over.
    fn entries(&self, task: &Task) -> (Vec<ObjectEntry>, bool) {
        if task.task_type() == "deliver" {
            return (task.objects().iter().map(|object| object.entry.clone()).collect(), true);
        }
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let tag = match self.mistake {
            "same-objects" if task.attempt() != Attempt::FIRST => "again".to_owned(),
            "at-once" if task.node().starts_with("at-once") => call.to_string(),
            _ => String::new(),
        };
        let entry = |number: usize| ObjectEntry::new("p", format!("{}-{number}{tag}", task.node()));
        ((0..2).map(entry).collect(), false)
    }
}

#[async_trait]
impl TaskExecutor for Executor {
    async fn execute(self: Arc<Self>, task: Task, context: Context) -> Outcome {
        let data = Self::data(&task);
        let is_plain = task.node() == "1" && task.attempt() == Attempt::FIRST;
        if data["down"] == true {
            return match self.mistake {
                "failure" => Outcome::failed("down").class(ErrorClass::Panic),
                _ => Outcome::failed("down").retryable(),
            };
        }
        if self.makes("unknown-keys") && data.get("unknown_to_all").is_some() {
            return Outcome::failed("what is this");
        }
        if self.makes("passes") && is_plain {
            return Outcome::failed("no");
        }
        assert!(!self.makes("panic"), "no");
        if self.makes("any-text") && task.node() == "ノード" {
            panic!("not ASCII");
        }
        if self.makes("blocking") && self.calls.fetch_add(1, Ordering::Relaxed) == 0 {
            std::thread::sleep(Duration::from_millis(1_100));
        }
        if self.makes("ends") {
            std::future::pending::<()>().await;
        }
        let was_stopped = context.is_cancelled();
        if self.makes("stopped-first") && was_stopped {
            std::future::pending::<()>().await;
        }
        let (entries, handed) = self.entries(&task);
        if self.makes("no-objects") && handed && entries.is_empty() {
            return Outcome::failed("nothing to deliver");
        }
        let done = |entry: &ObjectEntry| entry.clone().with_status(ObjectStatus::Passed);
        let facts = |bytes: usize| Facts::new(json!({"type": "own", "text": "x".repeat(bytes)}));
        if !handed && !self.makes("registration") {
            context.report_objects(
                entries
                    .iter()
                    .map(|entry| flowrun::ObjectReport { entry: entry.clone(), facts: None })
                    .collect(),
            );
        }
        let dropped = Noisy { context: context.clone(), is_on: self.makes("dropping") };
        tokio::time::sleep(Duration::from_millis(5)).await;
        if self.makes("stopped-waiting") && !was_stopped && context.is_cancelled() {
            std::future::pending::<()>().await;
        }
        dropped.forget();
        let limit = if self.makes("many-objects") { 10 } else { usize::MAX };
        for (place, entry) in entries.iter().enumerate().take(limit) {
            if self.makes("registration") && !handed {
                context.report_object(entry.clone(), None);
            }
            if handed {
                let key = match self.mistake {
                    "same-key" => format!("{}-{}", context.idempotency_key(entry), context.attempt()),
                    _ => context.idempotency_key(entry),
                };
                let mut effects = self.effects.lock().unwrap();
                effects.push(key.clone());
                if self.makes("one-effect") {
                    effects.push(key);
                }
            }
            if self.makes("completion") && place == 0 {
                continue;
            }
            let bytes = if self.makes("output-size") { 60_000 } else { 10 };
            context.report_object(done(entry), Some(facts(bytes)));
            if self.makes("terminal") && place == 0 {
                context.report_object(entry.clone(), None);
                context.report_object(done(entry), None);
            }
        }
        if self.makes("log-volume") {
            (0..1_000).for_each(|_| context.log("still here"));
        }
        if self.makes("secrets") {
            context.log(context.render("key {{key}}", flowrun::Place::Plain, None).unwrap());
        }
        if self.makes("late-reports") {
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(10)).await;
                context.report(Report::Log("one more thing".into()));
            });
        }
        if self.makes("engine") && task.run().as_bytes() != &[0; 16] {
            return Outcome::failed("only works on its own");
        }
        Outcome::done()
    }

    fn check(&self, data: &str) -> Vec<NodeProblem> {
        let data: Value = serde_json::from_str(data).unwrap();
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        match self.mistake {
            "check-good" => vec![NodeProblem::error("suite.mood", "", "not today")],
            "check-bad" => Vec::new(),
            "check-again" if data["bad"] == true && !call.is_multiple_of(2) => Vec::new(),
            _ if data["bad"] == true => vec![NodeProblem::error("suite.bad", "/data/bad", "`bad` is true")],
            _ => Vec::new(),
        }
    }
}

/// Goes on reporting when it is dropped.
struct Noisy {
    context: Context,
    is_on: bool,
}

impl Noisy {
    fn forget(mut self) {
        self.is_on = false;
    }
}

impl Drop for Noisy {
    fn drop(&mut self) {
        if self.is_on {
            let context = self.context.clone();
            tokio::spawn(async move { context.log("still at it") });
        }
    }
}

fn suite(mistake: &'static str, task_type: &'static str, role: Role) -> ExecutorSuite {
    let effects = Arc::new(Mutex::new(Vec::new()));
    let (shown, calls) = (Arc::clone(&effects), Arc::default());
    let make = move || Executor { mistake, effects: Arc::clone(&effects), calls: Arc::clone(&calls) };
    let suite = ExecutorSuite::new(task_type, make)
        .role(role)
        .bad_data(json!({"bad": true}))
        .failing_data(json!({"down": true}))
        .secret("key", SECRET)
        // Less than what a run allows, so that an engine does not refuse it as well.
        .max_output(32 << 10);
    if role == Role::Receiver { suite.effects(move || shown.lock().unwrap().clone()) } else { suite }
}

/// What is broken, and how many checks were judged.
async fn broken(mistake: &'static str, task_type: &'static str, role: Role) -> (Vec<&'static str>, usize) {
    let verdict = suite(mistake, task_type, role).run().await;
    let judged = |(_, verdict): &&(_, Verdict)| !matches!(verdict, Verdict::NotJudged(_));
    let judged = verdict.checks.iter().filter(judged).count();
    (verdict.broken().map(|(check, _)| check.name).collect(), judged)
}

#[tokio::test(start_paused = true)]
async fn an_executor_without_mistakes_breaks_nothing() {
    let (receiver, judged_there) = broken("", "deliver", Role::Receiver).await;
    let (producer, judged_here) = broken("", "make", Role::Producer).await;
    assert_eq!((receiver, producer), (Vec::new(), Vec::new()));
    assert!(judged_there >= 24 && judged_here >= 20, "{judged_there} and {judged_here}");
}

#[tokio::test(start_paused = true)]
async fn each_mistake_breaks_the_promise_it_is_named_after_and_no_other() {
    let all = suite("", "deliver", Role::Receiver).run().await;
    let mut others = Vec::new();
    for (check, _) in &all.checks {
        let (task_type, role) = match check.name {
            "registration" | "same-objects" | "at-once" => ("make", Role::Producer),
            _ => ("deliver", Role::Receiver),
        };
        let broken = broken(check.name, task_type, role).await.0;
        if broken != [check.name] {
            others.push(format!("{}: {broken:?}", check.name));
        }
    }
    assert_eq!((others, all.checks.len()), (Vec::<String>::new(), 27));
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "1 of 27 promises broken")]
async fn a_test_fails_by_its_verdict() {
    suite("log-volume", "deliver", Role::Receiver).run().await.assert();
}
