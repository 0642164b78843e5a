//! Templates in the model: section 5. The value of a single key is read by the core; how a text is put together
//! from values is decided here.

use flowrun_core::{Facts, NoSecrets, Place, data_keys, render};
use serde_json::{Value, json};

use super::Conduct;
use crate::case::{TemplateCase, error};

/// How the code of the original calls the object: texts that hold it may be taken for code.
const SOURCE_TEXT: &str = "obj.";

/// Keys that the original turns into text before it looks whether they are there.
const SPELLED_OUT: [&str; 5] =
    ["issue_affected_id", "issue_affected", "issue_affected_type", "issue_trigger_type", "issue_trigger_id"];

/// What the case expects; `recorded` where that cannot be known.
pub(super) fn fill(case: &TemplateCase, recorded: &Value, conduct: &Conduct) -> Value {
    let Some(text) = &case.text else {
        // A text that is missing is the empty one of section 1.5.
        return if conduct.lacks_defaults { error() } else { json!({"output": ""}) };
    };
    let facts = Some(Facts::new(case.object.clone())).filter(|facts| facts.attributes().is_object());
    let secret = |name: &str| case.secrets.iter().find(|secret| secret.name == name);
    let mut text = text.clone();
    if conduct.fills_in_again {
        for secret in &case.secrets {
            text = text.replace(&format!("{{{{{}}}}}", secret.name), &secret.value);
        }
    }
    let mut output = String::new();
    let mut raises = false;
    for piece in pieces(&text) {
        let value = match piece {
            Piece::Text(text) => text.to_owned(),
            Piece::Key(key) => match secret(key).filter(|_| !conduct.fills_in_again) {
                Some(secret) => secret.value.clone(),
                None => value_of(key, facts.as_ref(), conduct).unwrap_or_else(|| {
                    raises |= data_keys().any(|known| known == key);
                    format!("{{{{{key}}}}}")
                }),
            },
        };
        output.push_str(&value);
    }
    if raises && conduct.unreadable_keys_raise {
        error()
    } else if conduct.fills_in_again && output.contains(SOURCE_TEXT) {
        recorded.clone()
    } else {
        json!({ "output": output })
    }
}

/// The value of a data key; `None` if the object cannot satisfy it.
fn value_of(key: &str, facts: Option<&Facts>, conduct: &Conduct) -> Option<String> {
    let rendered = render(&format!("{{{{{key}}}}}"), Place::Plain, facts, &NoSecrets).ok()?;
    if conduct.absent_is_none && SPELLED_OUT.contains(&key) && is_absent(key, facts?) {
        return Some("None".to_owned());
    }
    rendered.warnings.is_empty().then_some(rendered.text)
}

/// Whether a part of an issue is not there: `issue_affected_id` reads `affected.id`, `issue_affected` the
/// address.
fn is_absent(key: &str, facts: &Facts) -> bool {
    let key = key.trim_start_matches("issue_");
    let (container, part) = key.split_once('_').unwrap_or((key, "str"));
    facts.get(container).is_some_and(|container| container[part].is_null())
}

enum Piece<'t> {
    Text(&'t str),
    /// Between `{{` and `}}`, without a brace inside.
    Key(&'t str),
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(end) = rest.find("}}") {
        let (before, after) = (&rest[..end], &rest[end + 2..]);
        match before.rfind("{{").filter(|start| !before[start + 2..].contains(['{', '}'])) {
            Some(start) => {
                pieces.push(Piece::Text(&before[..start]));
                pieces.push(Piece::Key(&before[start + 2..]));
                rest = after;
            }
            None => {
                pieces.push(Piece::Text(&rest[..=end]));
                rest = &rest[end + 1..];
            }
        }
    }
    pieces.push(Piece::Text(rest));
    pieces
}
