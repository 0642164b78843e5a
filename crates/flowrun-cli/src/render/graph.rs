//! A flow as a picture, in the languages of Mermaid and Graphviz.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use flowrun::{Flow, Node};
use serde::Deserialize;

/// The flow in the language of Mermaid.
///
/// # Complexity
///
/// O((n + e) log n) for n nodes and e edges.
pub(crate) fn mermaid(flow: &Flow) -> String {
    let mut out = String::from("flowchart TD\n");
    let drawing = Drawing::of(flow);
    for (index, drawn) in drawing.nodes.iter().enumerate() {
        let (open, close) = match drawn.shape {
            Shape::Looks => ("([", "])"),
            Shape::Tells => (">", "]"),
            Shape::Writes => ("[/", "/]"),
            Shape::Empty => ("((", "))"),
            Shape::Other => ("[", "]"),
            Shape::Missing => ("{{", "}}"),
        };
        let lines: Vec<String> = drawn.lines.iter().map(|line| mermaid_text(line)).collect();
        push(&mut out, format_args!("    n{index}{open}\"{}\"{close}\n", lines.join("<br/>")));
    }
    for edge in &drawing.edges {
        let label = edge.label.map_or(String::new(), |label| format!("|{label}|"));
        push(&mut out, format_args!("    n{} -->{label} n{}\n", edge.source, edge.target));
    }
    out
}

/// The flow in the language of Graphviz.
///
/// # Complexity
///
/// As [`mermaid`].
pub(crate) fn dot(flow: &Flow) -> String {
    let mut out = String::from("digraph flow {\n    node [fontname=\"sans-serif\"];\n");
    let drawing = Drawing::of(flow);
    for (index, drawn) in drawing.nodes.iter().enumerate() {
        let shape = match drawn.shape {
            Shape::Looks => "box, style=rounded",
            Shape::Tells => "cds",
            Shape::Writes => "note",
            Shape::Empty => "circle",
            Shape::Other => "box",
            Shape::Missing => "hexagon, style=dashed",
        };
        let lines: Vec<String> = drawn.lines.iter().map(|line| dot_text(line)).collect();
        push(&mut out, format_args!("    n{index} [label=\"{}\", shape={shape}];\n", lines.join("\\n")));
    }
    for edge in &drawing.edges {
        let label = edge.label.map_or(String::new(), |label| format!(" [label=\"{label}\"]"));
        push(&mut out, format_args!("    n{} -> n{}{label};\n", edge.source, edge.target));
    }
    out.push_str("}\n");
    out
}

/// What there is to draw. Nodes are numbered, as ids of others fit neither language.
struct Drawing {
    nodes: Vec<DrawnNode>,
    edges: Vec<DrawnEdge>,
}

struct DrawnNode {
    shape: Shape,
    lines: Vec<String>,
}

struct DrawnEdge {
    source: usize,
    target: usize,
    label: Option<&'static str>,
}

/// What a node does, as far as a picture shows it.
#[derive(Clone, Copy)]
enum Shape {
    /// Examines pages or the site.
    Looks,
    /// Sends what it is handed to somebody.
    Tells,
    /// Writes something down.
    Writes,
    /// Ends a branch.
    Empty,
    /// A task type of the embedder's own.
    Other,
    /// An edge names it, and the flow does not define it.
    Missing,
}

impl Drawing {
    fn of(flow: &Flow) -> Self {
        let mut nodes = Vec::with_capacity(flow.node_count());
        let mut index_of = BTreeMap::new();
        let mut sides = Vec::with_capacity(flow.node_count());
        for node in flow.nodes() {
            index_of.entry(node.id().into_owned()).or_insert(nodes.len());
            sides.push((node.conditions().is_some(), node.start_if()));
            nodes.push(DrawnNode::of(node));
        }
        let edges = flow
            .edges()
            .map(|edge| {
                let mut end = |id: String| {
                    *index_of.entry(id).or_insert_with_key(|id| {
                        let lines = vec![id.clone(), "not defined".to_owned()];
                        nodes.push(DrawnNode { shape: Shape::Missing, lines });
                        nodes.len() - 1
                    })
                };
                let (source, target) = (end(edge.source.into_owned()), end(edge.target.into_owned()));
                let decides = sides.get(source).is_some_and(|(has_conditions, _)| *has_conditions);
                let side = sides.get(target).and_then(|(_, start_if)| *start_if);
                let label = decides.then_some(match side {
                    Some(true) => "true",
                    Some(false) => "false",
                    None => "never",
                });
                DrawnEdge { source, target, label }
            })
            .collect();
        Self { nodes, edges }
    }
}

impl DrawnNode {
    fn of(node: Node<'_>) -> Self {
        let task_type = node.task_type();
        let shape = match &*task_type {
            "scan" | "test" | "case" => Shape::Looks,
            "slack" | "email" | "phone" | "webhook" => Shape::Tells,
            "issue" | "report" => Shape::Writes,
            "" => Shape::Empty,
            _ => Shape::Other,
        };
        let what = if task_type.is_empty() { "empty" } else { &task_type };
        let mut lines = vec![format!("{} {what}", node.id())];
        lines.extend(node.conditions().map(conditions));
        Self { shape, lines }
    }
}

/// One expression, as far as it can be read.
#[derive(Deserialize)]
struct Expression {
    #[serde(default)]
    joiner: serde_json::Value,
    #[serde(default)]
    data_type: serde_json::Value,
    #[serde(default)]
    operator: serde_json::Value,
    #[serde(default)]
    value: serde_json::Value,
}

/// The conditions on one line; `…?` when they are not what they should be.
fn conditions(json: &str) -> String {
    let Ok(expressions) = serde_json::from_str::<Vec<Expression>>(json) else { return "…?".to_owned() };
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    };
    let words = expressions.iter().enumerate().flat_map(|(index, expression)| {
        let joiner = if index == 0 { String::new() } else { text(&expression.joiner) };
        [joiner, text(&expression.data_type), text(&expression.operator), text(&expression.value)]
    });
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The longest line in a node, in characters.
const MAX_LINE: usize = 60;

/// One line in a node of Mermaid. Whatever could be markup there is written as a character's number.
fn mermaid_text(text: &str) -> String {
    escaped(text, |out, character| match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' | '-' | '_' | '.' | ',' | ':' | '/' | '=' | '…' => {
            out.push(character);
        }
        other if other.is_alphanumeric() => out.push(other),
        other => push(out, format_args!("#{};", u32::from(other))),
    })
}

/// One line in a node of Graphviz.
fn dot_text(text: &str) -> String {
    escaped(text, |out, character| {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    })
}

fn escaped(text: &str, mut escape: impl FnMut(&mut String, char)) -> String {
    let mut out = String::new();
    for character in text.chars().take(MAX_LINE) {
        escape(&mut out, if character.is_control() { ' ' } else { character });
    }
    if text.chars().nth(MAX_LINE).is_some() {
        escape(&mut out, '…');
    }
    out
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a String takes whatever is written to it");
}

#[cfg(test)]
mod tests {
    use flowrun::{Condition, NodeSpec, Operator};

    use super::*;

    fn flow() -> Flow {
        let scan = NodeSpec::new("1", "scan")
            .condition(Condition::new("health", Operator::AtLeast, "80"))
            .condition(Condition::new("security_average", Operator::AtMost, 50).or());
        Flow::builder()
            .node(scan)
            .node(NodeSpec::new("2", "slack").start_if(true))
            .node(NodeSpec::new("3", "issue").start_if(false))
            .node(NodeSpec::new("4", ""))
            .node(NodeSpec::new("5\"]; <b>\\\n`#", "own"))
            .edge("1", "2")
            .edge("1", "3")
            .edge("1", "4")
            .edge("2", "5\"]; <b>\\\n`#")
            .edge("3", "nowhere")
            .build()
            .unwrap()
    }

    #[test]
    fn mermaid_shows_shapes_sides_and_no_markup_of_others() {
        insta::assert_snapshot!(mermaid(&flow()), @r#"
        flowchart TD
            n0(["1 scan<br/>health #62;= 80 or security_average #60;= 50"])
            n1>"2 slack"]
            n2[/"3 issue"/]
            n3(("4 empty"))
            n4["5#34;#93;#59; #60;b#62;#92; #96;#35; own"]
            n5{{"nowhere<br/>not defined"}}
            n0 -->|true| n1
            n0 -->|false| n2
            n0 -->|never| n3
            n1 --> n4
            n2 --> n5
        "#);
    }

    #[test]
    fn dot_shows_the_same() {
        insta::assert_snapshot!(dot(&flow()), @r#"
        digraph flow {
            node [fontname="sans-serif"];
            n0 [label="1 scan\nhealth >= 80 or security_average <= 50", shape=box, style=rounded];
            n1 [label="2 slack", shape=cds];
            n2 [label="3 issue", shape=note];
            n3 [label="4 empty", shape=circle];
            n4 [label="5\"]; <b>\\ `# own", shape=box];
            n5 [label="nowhere\nnot defined", shape=hexagon, style=dashed];
            n0 -> n1 [label="true"];
            n0 -> n2 [label="false"];
            n0 -> n3 [label="never"];
            n1 -> n4;
            n2 -> n5;
        }
        "#);
    }

    #[test]
    fn odd_conditions_and_long_ids_are_drawn_all_the_same() {
        let text = format!(r#"{{"nodes":[{{"id":"{}","data":{{"conditions":[5]}}}}]}}"#, "x".repeat(1_000));
        let drawn = mermaid(&Flow::from_json(text).unwrap());
        assert!(drawn.contains("x…<br/>…#63;"), "{drawn}");
    }
}
