//! No secret leaves in any spelling: the redactor alone, and an engine whose executors echo what they are given.
#![allow(clippy::unwrap_used, reason = "the helpers of a test file are tests")]

use std::collections::BTreeMap;
use std::sync::Arc;

use flowrun::{
    BuildError, Context, Engine, EngineBuilder, Facts, Flow, MemoryStore, NodeSpec, ObjectEntry, Outcome,
    Place, Redactor, ResumeError, RunRequest, Site, Store, Task, TaskExecutor, async_trait,
};
use flowrun_testkit::canary::{Canary, Spelling};
use proptest::prelude::*;

/// Secrets that people have: tokens, phrases, keys on several lines, letters beyond ASCII.
fn any_canary() -> impl Strategy<Value = Canary> {
    let value = prop_oneof![
        any::<u64>().prop_map(|seed| Canary::new(seed).value().to_owned()),
        "k[ -~]{6,30}z",
        "k[a-zé€😀ß]{6}[a-zé€😀ß \n\r\t&<>\"'\\\\/%+=]{6,30}z",
        "-----BEGIN KEY-----\n[A-Za-z0-9+/]{64}\n[A-Za-z0-9+/]{20}==\n-----END KEY-----",
    ];
    value.prop_map(Canary::of)
}

/// Text around a secret.
fn any_context() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,40}", "\\PC{0,12}", Just("{\"said\": \"".to_owned()), Just("%\\&=".to_owned())]
}

fn assert_clean(spellings: &[Spelling], text: &str, from: &Spelling) -> Result<(), TestCaseError> {
    let found = spellings.iter().find(|spelling| text.contains(&spelling.text));
    prop_assert!(found.is_none(), "{found:?} of {:?} in {text:?}, echoed as {from:?}", spellings[0].text);
    prop_assert!(text.contains("[secret KEY]"), "{from:?} became {text:?}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_spelling_of_a_secret_stays_in_a_text(
        canary in any_canary(),
        before in any_context(),
        after in any_context(),
    ) {
        let redactor = Redactor::of([("OTHER", "another secret"), ("KEY", canary.value())]);
        let spellings = canary.spellings();
        for spelling in &spellings {
            let clean = redactor.text(format!("{before}{}{after}", spelling.text));
            assert_clean(&spellings, &clean, spelling)?;
        }
    }

    #[test]
    fn no_spelling_of_a_secret_stays_in_a_stream(
        canary in any_canary(),
        before in "[ -~]{0,600}",
        piece in 1..200_usize,
    ) {
        let redactor = Redactor::of([("KEY", canary.value())]);
        let spellings = canary.spellings();
        for spelling in &spellings {
            let text = format!("{before}{}{before}", spelling.text);
            let mut stream = redactor.stream();
            let letters: Vec<char> = text.chars().collect();
            let mut clean: String =
                letters.chunks(piece).map(|piece| stream.push(&piece.iter().collect::<String>())).collect();
            clean += &stream.end();
            assert_clean(&spellings, &clean, spelling)?;
        }
    }

    #[test]
    fn text_without_secrets_stays_as_it_is(text in "\\PC{0,200}", seed in any::<u64>()) {
        let redactor = Redactor::of([("KEY", Canary::new(seed).value())]);
        prop_assert_eq!(redactor.text(text.as_str()), text.as_str());
        let mut stream = redactor.stream();
        let said = stream.push(&text) + &stream.end();
        prop_assert_eq!(said, text);
    }
}

/// The twin: without a redactor every spelling is found by what looks for it.
#[test]
fn what_nobody_takes_out_is_found() {
    let canary = Canary::new(7);
    for spelling in canary.spellings() {
        let said = Redactor::default().text(format!("said: {}.", spelling.text));
        assert!(canary.found_in(said.as_bytes()).contains(&spelling.name), "{spelling:?}");
    }
}

#[test]
fn what_is_left_of_a_secret_at_the_end_of_a_text_is_taken_out() {
    let redactor = Redactor::of([("KEY", "0123456789abcdef")]);
    assert_eq!(redactor.text("said 0123456789a"), "said [secret KEY]");
    assert_eq!(redactor.text("said 01234567"), "said [secret KEY]");
    assert_eq!(redactor.text("said 0123456"), "said 0123456");
    assert_eq!(redactor.text("said 0123456789a."), "said 0123456789a.");
}

#[test]
fn short_values_are_found_as_they_are_and_shorter_ones_not_at_all() {
    let redactor = Redactor::of([("SIX", "secret"), ("FIVE", "short")]);
    assert_eq!(redactor.text("a secret, a Secret, short"), "a [secret SIX], a Secret, short");
    assert!(Redactor::of([("FIVE", "short")]).is_empty());
}

#[test]
fn secrets_inside_of_each_other_and_side_by_side_have_the_longer_name() {
    let redactor = Redactor::of([("USER", "0123456789"), ("URL", "https://0123456789@host.example")]);
    assert_eq!(redactor.text("at https://0123456789@host.example."), "at [secret URL].");
    assert_eq!(redactor.text("0123456789 01234567890123456789"), "[secret USER] [secret USER][secret USER]");
}

#[test]
fn debug_shows_names_only() {
    let shown = format!("{:?}", Redactor::of([("KEY", "0123456789")]));
    assert!(shown.contains("KEY") && !shown.contains("0123"), "{shown}");
}

/// Tells what it was set up with, and what is filled in, in every way there is.
struct Echo {
    setting: Canary,
    says_its_secrets: bool,
}

#[async_trait]
impl TaskExecutor for Echo {
    async fn execute(self: Arc<Self>, task: Task, context: Context) -> Outcome {
        let filled = context.render("{{KEY}}", Place::Plain, None).unwrap_or_default();
        let [setting, filled] = [&self.setting, &Canary::of(filled)].map(Canary::spellings);
        for spelling in setting.iter().chain(&filled) {
            let said = format!("server said: {}", spelling.text);
            context.log(&said);
            let facts = Facts::new(serde_json::json!({"type": "own", "said": [said], &spelling.text: 1}));
            context.report_object(ObjectEntry::new("page", format!("id {}", spelling.text)), Some(facts));
        }
        match &*task.node() {
            "fails" => Outcome::failed(format!("no: {}", setting[3].text)),
            _ => panic!("{} {}", setting[0].text, filled[0].text),
        }
    }

    fn secrets(&self) -> Vec<(String, String)> {
        match self.says_its_secrets {
            true => vec![("setting".to_owned(), self.setting.value().to_owned())],
            false => Vec::new(),
        }
    }
}

fn builder(echo: Echo, key: &Canary) -> EngineBuilder {
    let secrets = BTreeMap::from([("KEY".to_owned(), key.value().to_owned())]);
    Engine::builder().executor("echo", echo).secrets(secrets)
}

/// Everything that a run leaves behind: its document, its journal, how it is shown.
async fn left_by(engine: EngineBuilder) -> String {
    let engine = engine.store(MemoryStore::with_capacity(10_000)).build().unwrap();
    let node = |id| NodeSpec::new(id, "echo");
    let flow = Flow::builder().node(node("fails")).node(node("panics")).build().unwrap();
    let run = engine.start(RunRequest::new(flow, Site::new("https://example.com"))).await.unwrap();
    let mut left = run.result().await.unwrap().to_json().to_owned();
    let mut events = run.events();
    while let Some(event) = events.next().await.unwrap() {
        left += &format!("{event:?}");
    }
    left
}

#[tokio::test]
async fn nothing_that_an_executor_tells_holds_a_secret_in_any_spelling() {
    let (setting, key) = (Canary::new(11), Canary::new(12));
    let echo = |says_its_secrets| Echo { setting: setting.clone(), says_its_secrets };
    let left = left_by(builder(echo(true), &key)).await;
    assert!(left.contains("[secret setting]") && left.contains("[secret KEY]"), "{left}");
    assert_eq!((setting.found_in(left.as_bytes()), key.found_in(left.as_bytes())), (vec![], vec![]));

    // What the host hides is hidden as well; what nobody tells the engine of is found.
    let left = left_by(builder(echo(false), &key).hide("setting", setting.value())).await;
    assert_eq!(setting.found_in(left.as_bytes()), Vec::<&str>::new());
    let left = left_by(builder(echo(false), &key)).await;
    assert!(setting.found_in(left.as_bytes()).len() > 20, "{left}");
}

#[test]
fn a_secret_that_could_not_be_found_is_refused() {
    let built = |secret: &str, setting: &str| {
        let echo = Echo { setting: Canary::of(setting), says_its_secrets: true };
        builder(echo, &Canary::of(secret)).build().map(drop)
    };
    assert_eq!(built("123456", "123456"), Ok(()));
    assert_eq!(built("12345", "123456"), Err(BuildError::ShortSecret("KEY".to_owned())));
    assert_eq!(built("éééé", "123456"), Err(BuildError::ShortSecret("KEY".to_owned())));
    assert_eq!(built("", "123456"), Err(BuildError::ShortSecret("KEY".to_owned())));
    assert_eq!(built("123456", "12345"), Err(BuildError::ShortSecret("setting".to_owned())));
}

/// A name is what the receiver reads, however the flow spells it.
#[tokio::test]
async fn a_secret_whose_name_is_escaped_is_recorded_and_missed() {
    let store = Arc::new(MemoryStore::with_capacity(1_000));
    let echo = || Echo { setting: Canary::new(1), says_its_secrets: true };
    let flow = r#"{"nodes": [{"id": "1", "data": {"id": "1", "task_type": "echo", "m": "{{\u004bEY}}"}}], "edges": []}"#;
    let engine = builder(echo(), &Canary::new(2)).store(Arc::clone(&store)).build().unwrap();
    let request = RunRequest::new(Flow::from_json(flow).unwrap(), Site::new("https://example.com"));
    let run = engine.start(request).await.unwrap();
    run.result().await.unwrap();
    let without = Engine::builder().executor("echo", echo()).store(Arc::clone(&store)).build().unwrap();
    let missed = without.rerun(run.id(), flowrun::Rerun::Failed).await.map(drop).unwrap_err();
    assert!(matches!(&missed, ResumeError::MissingSecrets(names) if names == &["KEY"]), "{missed:?}");
    assert!(store.is_volatile());
}
