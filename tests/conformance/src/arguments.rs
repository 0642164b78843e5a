//! What a task is called with, beside its objects and resources.

use serde_json::{Map, Value, json};

/// How a node's data becomes the arguments of its task, for the documented task types.
pub(crate) fn arguments(task_type: &str, data: &Value) -> Value {
    let setting = |key: &str, default: Value| match data.get(key) {
        None | Some(Value::Null) => default,
        Some(value) => value.clone(),
    };
    let text = |key: &str| setting(key, "".into());
    // A request's headers and payload are templates, so they are handed on as text, however they were typed.
    let json_text = |key: &str| match setting(key, "{}".into()) {
        Value::String(text) => text,
        value => value.to_string(),
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
