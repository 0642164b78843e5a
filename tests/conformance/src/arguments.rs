//! What a task is called with, beside its objects and resources.

use serde_json::{Map, Value, json};

/// How a node's data becomes the arguments of its task, for the documented task types: settings that are absent
/// or null have their defaults.
pub(crate) fn arguments(task_type: &str, data: &Value) -> Value {
    arguments_or(task_type, data, |default| default)
}

/// The arguments of a task as the original hands them over: like [`arguments`], but null where the node has no
/// setting and the recording says so. A recording may as well name the default there.
pub(crate) fn arguments_as_recorded(task_type: &str, data: &Value, recorded: &Value) -> Value {
    let mut handed_over = arguments(task_type, data);
    keep_nulls(&mut handed_over, &arguments_or(task_type, data, |_| Value::Null), recorded);
    handed_over
}

/// Makes null what is null both without defaults and as it was recorded.
fn keep_nulls(arguments: &mut Value, without_defaults: &Value, recorded: &Value) {
    match (arguments, without_defaults, recorded) {
        (arguments, Value::Null, Value::Null) => *arguments = Value::Null,
        (Value::Object(arguments), Value::Object(without_defaults), Value::Object(recorded)) => {
            for (key, argument) in arguments {
                if let Some((without_default, recorded)) = without_defaults.get(key).zip(recorded.get(key)) {
                    keep_nulls(argument, without_default, recorded);
                }
            }
        }
        _ => {}
    }
}

/// The arguments, with `otherwise` of its default for each setting that is absent or null.
fn arguments_or(task_type: &str, data: &Value, otherwise: impl Fn(Value) -> Value) -> Value {
    let setting = |key: &str, default: Value| match data.get(key) {
        None | Some(Value::Null) => otherwise(default),
        Some(value) => value.clone(),
    };
    let text = |key: &str| setting(key, "".into());
    // A request's headers and payload are templates, so they are handed on as text, however they were typed.
    let json_text = |key: &str| match setting(key, "{}".into()) {
        value @ (Value::String(_) | Value::Null) => value,
        value => value.to_string().into(),
    };
    let mut arguments = match task_type {
        "scan" => json!({"type": setting("type", default_types())}),
        "test" => {
            json!({"type": setting("type", default_types()), "threshold": setting("threshold", 95.into())})
        }
        "case" => {
            json!({"case_id": setting("case_id", Value::Null), "updates": setting("updates", Value::Null)})
        }
        "issue" => json!({
            "title": text("title"),
            "details": text("details"),
            "generate": setting("generate", false.into()),
        }),
        "slack" => json!({"body": text("message")}),
        "phone" => json!({"body": text("message"), "phone_number": text("phone_number")}),
        "email" => json!({"message_obj": {
            "plain_text": true,
            "email": text("email"),
            "subject": text("subject"),
            "content": text("message"),
        }}),
        "webhook" => json!({
            "request_type": setting("request_type", "GET".into()),
            "url": text("uri"),
            "headers": json_text("headers"),
            "payload": json_text("payload"),
        }),
        _ => Value::Object(Map::new()),
    };
    if matches!(task_type, "scan" | "test" | "case" | "report") {
        arguments["scope"] = "account".into();
        arguments["configs"] = setting("configs", default_configs());
    }
    arguments
}

/// Whether a task works on entries; the others work on resources.
pub(crate) fn works_on_objects(task_type: &str) -> bool {
    is_receiver(task_type) || task_type == "issue"
}

/// Whether the entries handed to a task are its node's own.
pub(crate) fn is_receiver(task_type: &str) -> bool {
    matches!(task_type, "slack" | "email" | "phone" | "webhook")
}

fn default_types() -> Value {
    json!(["html", "logs", "images", "lighthouse", "security"])
}

fn default_configs() -> Value {
    serde_json::from_str(flowrun_core::DEFAULT_CONFIGS).expect("the documented defaults are JSON")
}
