//! Reading a document: which keys matter, what they must be, and how many nodes and edges there may be.

use std::ops::Range;

use serde::de::IgnoredAny;

use super::diagnostic::{Diagnostic, json_problem};
use super::document::{EdgeSlot, NodeSlot, ReadError, ReadLimits, Slots, Top};
use super::json::Span;
use super::scan::{MAX_DEPTH, Scan, Stop};

type Read<T> = Result<T, Stop<Box<Diagnostic>>>;

/// Reads a document that comes from outside.
pub(super) fn read(text: &str, limits: &ReadLimits) -> Result<Slots, ReadError> {
    Reader::new(text, limits).read(Scan::new(text, MAX_DEPTH))
}

/// Reads a document that this project wrote. The ceilings are for what comes from outside: a host may have
/// read the flow with higher ones, and entries of executors nest inside it.
pub(super) fn read_own(text: &str) -> Result<Slots, ReadError> {
    let limits = ReadLimits { max_bytes: usize::MAX, max_nodes: usize::MAX, max_edges: usize::MAX };
    Reader::new(text, &limits).read(Scan::new(text, usize::MAX))
}

/// The parser's finding about `part`, a piece of `text` that stands at `pointer`.
pub(super) fn part_error(text: &str, part: &str, pointer: &str, error: &serde_json::Error) -> ReadError {
    let (message, offset) = json_problem(part, error);
    let code = if error.is_data() { "flow.wrong-type" } else { "json.syntax" };
    let end = (offset + 1).min(part.len());
    let span = part.get(offset..end).map_or(offset..offset, |_| offset..end);
    // A part that stands in no document, such as the `{}` read for missing data, cannot be wrong.
    let start = Span::of(text, part).range().start;
    let finding = Diagnostic::error(code, pointer.to_owned(), message);
    ReadError::new(text, finding.at(span.start + start..span.end + start))
}

/// What stands where, as far as it was read.
struct Reader<'a> {
    text: &'a str,
    limits: &'a ReadLimits,
    slots: Slots,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, limits: &'a ReadLimits) -> Self {
        Self { text, limits, slots: Slots::default() }
    }

    fn read(mut self, mut scan: Scan<'_>) -> Result<Slots, ReadError> {
        match self.document(&mut scan).and_then(|()| scan.end()) {
            Ok(()) => {
                self.slots.nodes.shrink_to_fit();
                self.slots.edges.shrink_to_fit();
                Ok(self.slots)
            }
            Err(stop) => Err(self.explained(stop)),
        }
    }

    fn document(&mut self, scan: &mut Scan<'_>) -> Read<()> {
        let mut seen = Seen::default();
        let expected = "a flow (an object with `nodes` and `edges`)";
        self.fields(scan, expected, String::new, |reader, scan, key, name| {
            let Some(&(top, name)) = Top::ALL.iter().find(|(_, known)| known.as_bytes() == name) else {
                return scan.value().map(drop);
            };
            seen.once(top as usize, key, || format!("/{name}"))?;
            match top {
                Top::Nodes => reader.elements(scan, "/nodes", Self::node),
                Top::Edges => reader.elements(scan, "/edges", Self::edge),
                Top::Id
                | Top::User
                | Top::Account
                | Top::Flow
                | Top::TimeCreated
                | Top::Title
                | Top::Status
                | Top::TimeCompleted
                | Top::Logs
                | Top::Site
                | Top::Configs
                | Top::TimeLastRun => {
                    reader.slots.top[top as usize] = scan.value()?;
                    Ok(())
                }
            }
        })?;
        Ok(())
    }

    /// Reads an array (or null), each element with `take`.
    fn elements(
        &mut self,
        scan: &mut Scan<'_>,
        pointer: &str,
        mut take: impl FnMut(&mut Self, &mut Scan<'_>) -> Read<()>,
    ) -> Read<()> {
        if scan.peek() == b'[' {
            return scan.array(|scan| take(self, scan)).map(drop);
        }
        let value = scan.value()?;
        self.of_type(value, b"[", "an array", || pointer.to_owned()).map(drop)
    }

    fn node(&mut self, scan: &mut Scan<'_>) -> Read<()> {
        let index = self.slots.nodes.len();
        if index == self.limits.max_nodes {
            return Err(too_many("nodes", index));
        }
        let at = |key: &'static str| move || format!("/nodes/{index}/{key}");
        let mut slot = NodeSlot::default();
        let mut seen = Seen::default();
        self.fields(
            scan,
            "a node (an object)",
            || format!("/nodes/{index}"),
            |reader, scan, key, name| {
                match name {
                    b"id" => {
                        seen.once(0, key, at("id"))?;
                        slot.id = reader.of_type(scan.value()?, b"\"", "a text", at("id"))?;
                    }
                    b"data" => {
                        seen.once(1, key, at("data"))?;
                        slot.data = reader.data(scan, index, &mut slot)?;
                    }
                    _ => drop(scan.value()?),
                }
                Ok(())
            },
        )?;
        self.slots.nodes.push(slot);
        Ok(())
    }

    /// Reads the data of a node.
    fn data(&mut self, scan: &mut Scan<'_>, index: usize, slot: &mut NodeSlot) -> Read<Span> {
        let at = |key: &'static str| move || format!("/nodes/{index}/data/{key}");
        if scan.peek() != b'{' {
            let value = scan.value()?;
            return self.of_type(value, b"{", "an object", || format!("/nodes/{index}/data"));
        }
        let mut seen = Seen::default();
        self.fields(scan, "an object", String::new, |reader, scan, key, name| {
            let mut field = |place, name, starts, expected| {
                seen.once(place, key, at(name))?;
                reader.of_type(scan.value()?, starts, expected, at(name))
            };
            match name {
                b"id" => slot.data_id = field(0, "id", b"\"", "a text")?,
                b"task_type" => slot.task_type = field(1, "task_type", b"\"", "a text or null")?,
                b"conditions" => slot.conditions = field(2, "conditions", ANY, "")?,
                b"start_if" => slot.start_if = field(3, "start_if", ANY, "")?,
                b"maxNodes" => slot.max_nodes = field(4, "maxNodes", b"-0123456789", "a number")?,
                b"maxConds" => slot.max_conds = field(5, "maxConds", b"-0123456789", "a number")?,
                b"configs" => {
                    // Stored runs may have it twice: a plan refuses it, the document is read all the same.
                    if seen.once(6, key, at("configs")).is_err() {
                        reader.slots.configs_again.push((index as u32, key));
                    }
                    let configs = scan.value()?;
                    if may_set(configs.text(reader.text)) {
                        // The last one counts, as in most readers of JSON.
                        reader.slots.configs.pop_if(|(of, _)| *of as usize == index);
                        reader.slots.configs.push((index as u32, configs));
                    }
                }
                _ => drop(scan.value()?),
            }
            Ok(())
        })
    }

    fn edge(&mut self, scan: &mut Scan<'_>) -> Read<()> {
        let index = self.slots.edges.len();
        if index == self.limits.max_edges {
            return Err(too_many("edges", index));
        }
        let at = |key: &'static str| move || format!("/edges/{index}/{key}");
        let mut slot = EdgeSlot::default();
        let mut seen = Seen::default();
        self.fields(
            scan,
            "an edge (an object)",
            || format!("/edges/{index}"),
            |reader, scan, key, name| {
                let mut field = |place, name, starts| {
                    seen.once(place, key, at(name))?;
                    reader.of_type(scan.value()?, starts, "a text", at(name))
                };
                match name {
                    b"id" => slot.id = field(0, "id", ANY)?,
                    b"source" => slot.source = field(1, "source", b"\"")?,
                    b"target" => slot.target = field(2, "target", b"\"")?,
                    _ => drop(scan.value()?),
                }
                Ok(())
            },
        )?;
        self.slots.edges.push(slot);
        Ok(())
    }

    /// Reads an object, `field` being given each key, its name, and the walk before its value.
    fn fields<'s>(
        &mut self,
        scan: &mut Scan<'s>,
        expected: &str,
        pointer: impl Fn() -> String,
        mut field: impl FnMut(&mut Self, &mut Scan<'s>, Span, &[u8]) -> Read<()>,
    ) -> Read<Span> {
        if scan.peek() == b'{' {
            return scan.object(|scan, key| {
                if key.is_plain {
                    let Range { start, end } = key.span.range();
                    return field(self, scan, key.span, &self.text.as_bytes()[start + 1..end - 1]);
                }
                let name = self.unescaped(key.span)?;
                field(self, scan, key.span, name.as_bytes())
            });
        }
        let value = scan.value()?;
        Err(wrong_type(pointer(), expected, value))
    }

    /// The name that a key with escapes is.
    fn unescaped(&self, key: Span) -> Read<String> {
        let raw = key.text(self.text);
        serde_json::from_str(raw)
            .map_err(|error| Stop::Refused(part_error(self.text, raw, "", &error).diagnostic))
    }

    /// A field that must be null or of the JSON type that starts with one of `starts`. Null is as good as absent.
    fn of_type(
        &self,
        value: Span,
        starts: &[u8],
        expected: &str,
        pointer: impl Fn() -> String,
    ) -> Read<Span> {
        match self.text.as_bytes()[value.range().start] {
            b'n' => Ok(Span::default()),
            first if starts.contains(&first) || starts == ANY => Ok(value),
            _ => Err(wrong_type(pointer(), expected, value)),
        }
    }

    /// What ended the reading, as a finding.
    fn explained(&self, stop: Stop<Box<Diagnostic>>) -> ReadError {
        let finding = match stop {
            Stop::Refused(finding) => *finding,
            Stop::TooDeep { at } => {
                let message = format!("the document nests deeper than {MAX_DEPTH} levels");
                Diagnostic::error("json.too-deep", String::new(), message).at(at..at + 1)
            }
            Stop::NotFinite(number) => {
                let message = "a number is beyond the range of a 64-bit float".to_owned();
                Diagnostic::error("json.number", String::new(), message).at(number.range())
            }
            Stop::Malformed => match serde_json::from_str::<IgnoredAny>(self.text) {
                Err(error) => return part_error(self.text, self.text, "", &error),
                Ok(_) => Diagnostic::error("json.syntax", String::new(), "this is no JSON".to_owned()),
            },
        };
        ReadError::new(self.text, finding)
    }
}

/// Stands for every first byte of a value.
const ANY: &[u8] = b"";

/// Which of the keys that are read an object has had.
#[derive(Default)]
struct Seen(u16);

impl Seen {
    fn once(&mut self, place: usize, key: Span, pointer: impl Fn() -> String) -> Read<()> {
        let bit = 1 << place;
        if self.0 & bit == 0 {
            self.0 |= bit;
            return Ok(());
        }
        let pointer = pointer();
        let message = format!("`{pointer}` stands here a second time");
        Err(refused("flow.wrong-type", pointer, message, key.range()))
    }
}

fn wrong_type(pointer: String, expected: &str, value: Span) -> Stop<Box<Diagnostic>> {
    let what = if pointer.is_empty() { "the document" } else { &format!("`{pointer}`") };
    let message = format!("{what} must be {expected}");
    refused("flow.wrong-type", pointer, message, value.range())
}

/// Whether a node's configs may name a setting of this engine. Nearly all documents have configs on nearly all
/// nodes, nearly none of them for us: a look for parts of our keys spares parsing them.
fn may_set(configs: &str) -> bool {
    const PARTS: [&str; 3] = ["\"retr", "_timeout\"", "\"on_unknown\""];
    // A key that is written with escapes may be one of ours.
    configs.starts_with('{') && (configs.contains('\\') || PARTS.iter().any(|part| configs.contains(part)))
}

fn too_many(what: &str, limit: usize) -> Stop<Box<Diagnostic>> {
    let message = format!("the document has more than {limit} {what}");
    refused("flow.too-large", format!("/{what}"), message, 0..0)
}

fn refused(code: &'static str, pointer: String, message: String, at: Range<usize>) -> Stop<Box<Diagnostic>> {
    Stop::Refused(Box::new(Diagnostic::error(code, pointer, message).at(at)))
}
