//! Replay: what flowrun's core makes of a case.
//!
//! Drives [`flowrun_core::Run`] itself, without the engine: the script stands in for the executors. Knows the
//! expectation of a case only where the format asks for it: which tasks are to stay at work at the end.

mod run;
mod tasks;

use flowrun_core::{Conditions, Facts, NoSecrets, Place, SecretSource, render};
use serde_json::{Value, json};

use super::case::{Case, ConditionsCase, Subject, TemplateCase, error};

/// What was got, in the shape of an expectation.
#[must_use]
pub fn replay(case: &Case) -> Value {
    match &case.subject {
        Subject::Run(run) => run::replay(run, &case.head.expected),
        Subject::Conditions(case) => judge(case),
        Subject::Template(case) => fill_in(case),
    }
}

fn judge(case: &ConditionsCase) -> Value {
    match Conditions::parse(&case.expressions.to_string()) {
        Ok(conditions) => json!({"result": conditions.evaluate(facts(&case.object).as_ref()).holds}),
        Err(_) => error(),
    }
}

/// A text that is missing is the empty one.
fn fill_in(case: &TemplateCase) -> Value {
    let secrets: std::collections::BTreeMap<_, _> =
        case.secrets.iter().map(|secret| (secret.name.clone(), secret.value.clone())).collect();
    let source: &dyn SecretSource = if secrets.is_empty() { &NoSecrets } else { &secrets };
    let text = case.text.as_deref().unwrap_or_default();
    match render(text, Place::Plain, facts(&case.object).as_ref(), source) {
        Ok(rendered) => json!({"output": rendered.text}),
        Err(_) => error(),
    }
}

fn facts(object: &Value) -> Option<Facts> {
    (!object.is_null()).then(|| Facts::new(object.clone()))
}
