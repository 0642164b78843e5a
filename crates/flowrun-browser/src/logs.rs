//! What the console of a page says.

use serde::Deserialize;
use serde_json::Value;

use crate::connection::Event;

/// Lines that are kept of one page.
const ENTRIES: usize = 1000;

/// Characters that are kept of one line.
const LONGEST: usize = 2000;

/// All that was told of one page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Logs {
    /// The lines, in the order they came; at most 1,000.
    pub entries: Vec<LogEntry>,
    /// Lines that came after those.
    pub dropped: usize,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogEntry {
    /// How bad it is.
    pub level: LogLevel,
    /// Who says so: `console-api`, `javascript` for an exception nobody caught, `network`, or another part of the
    /// browser (`security`, `deprecation` …).
    pub source: String,
    /// What is said; at most 2,000 characters, on one line.
    pub message: String,
    /// The address of the script or of what could not be loaded.
    pub url: Option<String>,
    /// The line in it, counted from 1.
    pub line: Option<u32>,
}

/// How bad a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum LogLevel {
    /// Something to know.
    Info,
    /// Something to look at.
    Warning,
    /// Something is broken.
    Error,
}

impl LogLevel {
    /// Its name: `info`, `warning`, `error`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Logs {
    /// Reads an event; whether it was one about the console.
    pub(crate) fn read(&mut self, event: &Event<'_>) -> bool {
        let entry = match event.method {
            "Runtime.consoleAPICalled" => event.params().and_then(of_console),
            "Runtime.exceptionThrown" => event.params().map(of_exception),
            "Log.entryAdded" => event.params().and_then(of_log),
            _ => return false,
        };
        match entry {
            Some(_) if self.entries.len() >= ENTRIES => self.dropped += 1,
            Some(entry) => self.entries.push(entry),
            None => {}
        }
        true
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Frame {
    url: String,
    line_number: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stack {
    call_frames: Vec<Frame>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Console {
    r#type: String,
    args: Vec<Remote>,
    stack_trace: Option<Stack>,
}

/// A value in the page: as text, or described.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Remote {
    value: Option<Value>,
    unserializable_value: Option<String>,
    description: Option<String>,
    r#type: String,
}

impl Remote {
    fn text(self) -> String {
        match (self.value, self.unserializable_value, self.description) {
            (Some(Value::String(text)), ..) => text,
            (Some(Value::Null), ..) => "null".to_owned(),
            (Some(value), ..) => value.to_string(),
            (None, Some(text), _) | (None, None, Some(text)) => text,
            (None, None, None) => self.r#type,
        }
    }
}

fn of_console(console: Console) -> Option<LogEntry> {
    let level = match console.r#type.as_str() {
        "error" | "assert" => LogLevel::Error,
        "warning" => LogLevel::Warning,
        // What nobody sees who does not ask for it.
        "debug" | "clear" | "endGroup" | "profile" | "profileEnd" => return None,
        _ => LogLevel::Info,
    };
    let texts: Vec<String> = console.args.into_iter().map(Remote::text).collect();
    let frame = console.stack_trace.and_then(|stack| stack.call_frames.into_iter().next());
    Some(entry(level, "console-api", &texts.join(" "), frame))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Thrown {
    exception_details: Exception,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Exception {
    text: String,
    line_number: u32,
    url: Option<String>,
    exception: Option<Remote>,
}

fn of_exception(thrown: Thrown) -> LogEntry {
    let Exception { text, line_number, url, exception } = thrown.exception_details;
    // The description is the message with its stack below; the first line says what happened.
    let what = exception.map(Remote::text).unwrap_or_default();
    let what = what.lines().next().unwrap_or_default();
    let text = if what.is_empty() { text } else { format!("{text} {what}") };
    entry(LogLevel::Error, "javascript", &text, url.map(|url| Frame { url, line_number }))
}

#[derive(Deserialize)]
struct Added {
    entry: Line,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    source: String,
    level: String,
    text: String,
    url: Option<String>,
    line_number: Option<u32>,
}

fn of_log(added: Added) -> Option<LogEntry> {
    let Line { source, level, text, url, line_number } = added.entry;
    let level = match level.as_str() {
        "error" => LogLevel::Error,
        "warning" => LogLevel::Warning,
        "info" => LogLevel::Info,
        // Advice to those who write pages; full browsers give more of it than shells.
        _ => return None,
    };
    let mut entry = entry(level, &source, &text, None);
    entry.url = url.map(|url| tame(&url)).filter(|url| !url.is_empty());
    entry.line = line_number.map(|line| line + 1);
    Some(entry)
}

fn entry(level: LogLevel, source: &str, message: &str, frame: Option<Frame>) -> LogEntry {
    let frame = frame.filter(|frame| !frame.url.is_empty());
    LogEntry {
        level,
        source: tame(source),
        message: tame(message),
        line: frame.as_ref().map(|frame| frame.line_number + 1),
        url: frame.map(|frame| tame(&frame.url)),
    }
}

/// A stranger's text on one line, without control characters and not too long.
pub(crate) fn tame(text: &str) -> String {
    let mut tamed = String::new();
    for (count, c) in text.chars().enumerate() {
        match c {
            _ if count == LONGEST => {
                tamed.push('…');
                break;
            }
            '\n' | '\t' => tamed.push(' '),
            c if c.is_control() => {}
            c => tamed.push(c),
        }
    }
    tamed
}
