//! What templates name is known before a run: a data key, a key that an own executor declares, or a secret.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use flowrun::{
    Context, Engine, Flow, NodeSpec, Outcome, Role, RunRequest, SecretSource, Severity, Site, StartError,
    Task, TaskExecutor, async_trait,
};

/// Makes objects, or tells of them.
struct Own {
    templates: &'static [&'static str],
    keys: Option<&'static [&'static str]>,
}

#[async_trait]
impl TaskExecutor for Own {
    async fn execute(self: Arc<Self>, _: Task, _: Context) -> Outcome {
        Outcome::Passed
    }

    fn templates(&self) -> &[&str] {
        self.templates
    }

    fn data_keys(&self) -> Option<&[&str]> {
        self.keys
    }
}

/// Secrets that come and go.
#[derive(Clone, Default)]
struct Secrets(Arc<Mutex<BTreeMap<String, String>>>);

impl SecretSource for Secrets {
    fn secret(&self, name: &str) -> Option<String> {
        self.0.lock().unwrap().get(name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.0.lock().unwrap().keys().cloned().collect()
    }
}

fn engine(secrets: &Secrets) -> Engine {
    let plain = |keys| Own { templates: &[], keys };
    let told = || Own { templates: &["message", "headers"], keys: Some(&[]) };
    Engine::builder()
        .executor("scan", plain(None))
        .executor("case", plain(None))
        .executor("probe", plain(Some(&["latency"])))
        .executor("mystery", plain(None))
        .executor("slack", told())
        .executor_as("tell", Role::Receiver, told())
        .secrets(secrets.clone())
        .build()
        .unwrap()
}

/// A node that tells `message`, below one of `above`.
fn flow(above: &str, told_by: &str, message: impl Into<serde_json::Value>) -> Flow {
    let teller = NodeSpec::new("2", told_by).set("message", message.into());
    Flow::builder().node(NodeSpec::new("1", above)).node(teller).edge("1", "2").build().unwrap()
}

/// The codes of what a check says and of what a start refuses.
async fn codes(engine: &Engine, flow: &Flow) -> (Vec<&'static str>, Vec<&'static str>) {
    let checked = engine.check(flow);
    assert!(checked.iter().all(|found| found.severity == Severity::Warning), "{checked:?}");
    let started = engine.start(RunRequest::new(flow.clone(), Site::new("https://a.example"))).await;
    let refused = match started {
        Ok(_) => Vec::new(),
        Err(StartError::Refused(refused)) => refused.problems().iter().map(|problem| problem.code).collect(),
        Err(other) => panic!("{other:?}"),
    };
    (checked.iter().map(|found| found.code).collect(), refused)
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_a_warning_of_the_check_and_refused_by_a_start() {
    let secrets = Secrets::default();
    secrets.0.lock().unwrap().insert("KEY".to_owned(), "a-secret-value".to_owned());
    let engine = engine(&secrets);
    let unknown = "template.unknown-name";
    for (above, message, checked, refused) in [
        ("scan", "{{page_url}} {{KEY}} {{{{TOKEN}} { {TOKEN} }", vec![], vec![]),
        ("scan", "{{TOKEN}}", vec![unknown], vec![unknown]),
        ("scan", "{{ KEY }}", vec![unknown], vec![unknown]),
        ("scan", "{{heatlh}}", vec![unknown], vec![unknown]),
        ("scan", "{{latency}}", vec![], vec![]),
        ("probe", "{{latency}}", vec![], vec![]),
        ("probe", "{{TOKEN}}", vec![unknown], vec![unknown]),
        ("mystery", "{{TOKEN}}", vec!["template.undeclared-name"], vec![]),
        ("scan", "{{test_status}}", vec!["template.foreign-key"], vec![]),
        ("case", "{{health}}", vec!["template.foreign-key"], vec![]),
        ("mystery", "{{health}}", vec![], vec![]),
    ] {
        for told_by in ["slack", "tell"] {
            let flow = flow(above, told_by, message);
            assert_eq!(codes(&engine, &flow).await, (checked.clone(), refused.clone()), "{above}: {message}");
        }
    }
}

#[tokio::test]
async fn names_are_taken_from_decoded_texts_at_any_depth() {
    let engine = engine(&Secrets::default());
    let message = serde_json::json!({"a": ["{{TOKEN}}"], "{{OTHER}}": 1});
    let (_, refused) = codes(&engine, &flow("scan", "slack", message)).await;
    assert_eq!(refused, ["template.unknown-name"; 2]);
    let text = flow("scan", "slack", "x").to_json().replace("\"x\"", r#""{{\u0054OKEN}}""#);
    let (_, refused) = codes(&engine, &Flow::from_json(text).unwrap()).await;
    assert_eq!(refused, ["template.unknown-name"]);
}

#[tokio::test]
async fn the_nearest_name_is_offered_and_the_place_is_the_key() {
    let flow = flow("scan", "slack", "{{helth}}");
    let found = &engine(&Secrets::default()).check(&flow)[0];
    assert_eq!((&*found.pointer, found.node.as_deref()), ("/nodes/1/data/message", Some("2")));
    assert_eq!(found.help.as_deref(), Some("did you mean `health`?"));
    assert_eq!(&flow.to_json()[found.span.clone().unwrap()], "\"{{helth}}\"");
}

/// A plan is looked at once; what it needs is asked for at every start.
#[tokio::test]
async fn a_secret_that_has_gone_is_missed_at_the_next_start_of_the_same_plan() {
    let secrets = Secrets::default();
    secrets.0.lock().unwrap().insert("TOKEN".to_owned(), "a-secret-value".to_owned());
    let engine = engine(&secrets);
    let plan = engine.plan(&flow("scan", "slack", "{{TOKEN}}")).unwrap();
    let start = || engine.start(RunRequest::of_plan(Arc::clone(&plan), Site::new("https://a.example")));
    start().await.unwrap();
    secrets.0.lock().unwrap().clear();
    assert!(matches!(start().await, Err(StartError::Refused(_))));
    secrets.0.lock().unwrap().insert("TOKEN".to_owned(), "another-value".to_owned());
    start().await.unwrap();
}
