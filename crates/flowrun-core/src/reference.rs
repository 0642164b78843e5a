//! The keys of a flow file as data: the reference, the JSON Schema and the command line are made from it.

use serde_json::{Map, Value, json};

use crate::condition::Operator;
use crate::keys::documented_keys;
use crate::plan::{NODE_SETTINGS, ORIGINAL_SETTINGS, TaskTypes};

/// A key of a node's `data`.
///
/// ```
/// let keys: Vec<_> = flowrun_core::NODE_KEYS.iter().map(|key| key.key).collect();
/// assert!(keys.contains(&"start_if"));
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct NodeKey {
    /// Its name.
    pub key: &'static str,
    /// The task types that read it, `all`, or `none` where it is kept for others.
    pub task_types: &'static [&'static str],
    /// The JSON types its value may have, in words.
    pub value: &'static str,
    /// What holds when it is absent or null.
    pub default: &'static str,
    /// What it is, with its unit and limits.
    pub about: &'static str,
    /// Whether `{{names}}` in it are filled in.
    pub is_template: bool,
}

const fn key(
    key: &'static str,
    task_types: &'static [&'static str],
    value: &'static str,
    default: &'static str,
    about: &'static str,
) -> NodeKey {
    NodeKey { key, task_types, value, default, about, is_template: false }
}

const fn template(
    name: &'static str,
    task_types: &'static [&'static str],
    value: &'static str,
    default: &'static str,
    about: &'static str,
) -> NodeKey {
    NodeKey { is_template: true, ..key(name, task_types, value, default, about) }
}

const ALL: &[&str] = &["all"];

/// The documented keys of a node's `data`. Any other is kept and not read.
pub const NODE_KEYS: [NodeKey; 23] = [
    key("task_type", ALL, "text", "an empty node", "what the node does; an empty node ends its branch"),
    key("id", ALL, "text", "the node's `id`", "if present, the same as the node's `id`"),
    key("conditions", ALL, "array", "none", "which child each object of the node goes to"),
    key("start_if", ALL, "bool", "neither", "below conditions: the side that starts this node"),
    key("configs", ALL, "object", "{}", "retries, time limits, and settings of the original"),
    key("maxNodes", ALL, "number", "no limit", "the smallest one on any node limits the nodes of the flow"),
    key("maxConds", ALL, "number", "no limit", "limits the expressions of this node's conditions"),
    key(
        "type",
        &["scan", "test"],
        "array",
        "html, logs, images, lighthouse, security",
        "the parts of a scan",
    ),
    template(
        "message",
        &["slack", "email", "phone"],
        "text",
        "empty",
        "the text; Slack and phone refuse an empty one",
    ),
    template("subject", &["email"], "text", "empty", "the subject line"),
    key("email", &["email"], "text", "none: refused", "addresses, separated by commas"),
    key("request_type", &["webhook"], "text", "GET", "`GET` or `POST`"),
    template("uri", &["webhook"], "text", "none: refused", "the address to call, http or https"),
    template("headers", &["webhook"], "object or text", "{}", "a JSON object, or a text that holds one"),
    template("payload", &["webhook"], "object or text", "{}", "the body of a POST, as `headers`"),
    key("threshold", &["test"], "number", "95", "the least score of a test that passes, 0 to 100"),
    key("case_id", &["case"], "text", "none", "the case to run"),
    key("updates", &["case"], "array", "none", "values for steps: `{index, value}`"),
    template("title", &["issue"], "text", "empty", "the title of the issue"),
    template("details", &["issue"], "text", "empty", "the text of the issue"),
    key("generate", &["issue"], "bool", "false", "whether title and details are written by a model"),
    key("phone_number", &["phone"], "text", "empty", "numbers, separated by commas"),
    key("parentId", &["none"], "text", "none", "kept for the canvas; the edges decide"),
];

/// The JSON Schema (draft 2020-12) of flow files, for editors. It lets through every flow that a check lets through;
/// what only a check can know (cycles, names, addresses) it does not know.
///
/// ```
/// let schema = flowrun_core::flow_schema();
/// assert_eq!(schema["properties"]["nodes"]["type"], "array");
/// ```
#[must_use]
pub fn flow_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "flow",
        "description": "A flow of website checks, as a React Flow canvas saves it. Unknown keys are kept.",
        "type": "object",
        "required": ["nodes"],
        "properties": {
            "title": {"type": ["string", "null"], "description": "the name of the flow"},
            "nodes": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/node"}},
            "edges": {"type": ["array", "null"], "items": {"$ref": "#/$defs/edge"}},
        },
        "$defs": {
            "node": {
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": {"type": "string", "minLength": 1, "description": "unique in the flow"},
                    "type": {"description": "the component of the canvas; not read"},
                    "position": {"description": "the place on the canvas; not read"},
                    "data": {"oneOf": [{"type": "null"}, data()]},
                },
            },
            "edge": {
                "type": "object",
                "required": ["source", "target"],
                "properties": {
                    "source": {"type": "string", "description": "id of the node it leaves"},
                    "target": {"type": "string", "description": "id of the node it leads to"},
                },
            },
            "expression": expression(),
        },
    })
}

fn data() -> Value {
    let properties: Map<String, Value> =
        NODE_KEYS.iter().map(|key| (key.key.to_owned(), value_of(key))).collect();
    json!({"type": "object", "properties": properties})
}

/// What the value of a key may be. Only what the engine itself reads is held to its type: whether a `uri` is a text
/// matters for a webhook alone, and any other node may have a key of that name.
fn value_of(key: &NodeKey) -> Value {
    let described = format!("{} ({}; default: {})", key.about, key.task_types.join(", "), key.default);
    let mut schema = match key.key {
        "task_type" => json!({
            "anyOf": [{"enum": TaskTypes::documented().names().collect::<Vec<_>>()}, {"type": ["string", "null"]}]
        }),
        "id" => json!({"type": ["string", "null"]}),
        "conditions" => json!({"type": ["array", "null"], "items": {"$ref": "#/$defs/expression"}}),
        "maxNodes" | "maxConds" => json!({"type": ["number", "null"]}),
        "configs" => {
            let ours = NODE_SETTINGS.iter().map(|setting| {
                let about = format!("{} (default: {})", setting.about, setting.default);
                (setting.key.to_owned(), json!({"description": about}))
            });
            let original = ORIGINAL_SETTINGS.iter().map(|(key, default)| {
                ((*key).to_owned(), json!({"description": format!("of the original (default: {default})")}))
            });
            json!({"properties": ours.chain(original).collect::<Map<_, _>>()})
        }
        "request_type" => json!({"examples": ["GET", "POST"]}),
        _ => json!({}),
    };
    schema["description"] = described.into();
    schema
}

fn expression() -> Value {
    let keys: Vec<&str> = documented_keys().iter().map(|key| key.name()).collect();
    json!({
        "type": "object",
        "properties": {
            "joiner": {"description": "`and` or `or`; empty on the first", "examples": ["", "and", "or"]},
            "data_type": {"description": "the data key", "examples": keys},
            "operator": {"examples": Operator::ALL.map(Operator::sign)},
            "value": {"description": "a number, or a text for keys that are texts"},
        },
    })
}
