//! What reading a document cannot cost less than, and what reading it the plain way costs.

use std::hint::black_box;
use std::sync::Arc;

use crate::Case;

/// Looks at each byte of the text once and counts quotes.
#[must_use]
pub fn count_bytes(text: Arc<str>, nodes: usize) -> Case {
    Case::new("count bytes", nodes, move |watch| {
        let quotes = watch.time(|| {
            let mut quotes = 0_usize;
            for &byte in text.as_bytes() {
                // One by one: a count that the compiler makes sixteen at a time is no parser's floor.
                quotes += usize::from(black_box(byte) == b'"');
            }
            quotes
        });
        assert_eq!(quotes % 2, 0, "every string of the text ends");
    })
}

/// Reads the text into a [`serde_json::Value`].
#[must_use]
pub fn read_value(text: Arc<str>, nodes: usize) -> Case {
    Case::new("serde_json::Value", nodes, move |watch| {
        let value: serde_json::Value =
            watch.time(|| serde_json::from_str(&text).expect("the document is JSON"));
        drop(black_box(value));
    })
}

/// Writes a [`serde_json::Value`] that was read from the text.
#[must_use]
pub fn write_value(text: &str, nodes: usize) -> Case {
    let value: serde_json::Value = serde_json::from_str(text).expect("the document is JSON");
    Case::new("serde_json::Value", nodes, move |watch| {
        let written = watch.time(|| value.to_string());
        assert!(!written.is_empty(), "a document has text");
    })
}
