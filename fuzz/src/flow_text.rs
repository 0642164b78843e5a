//! Bytes as the text of a flow.

use flowrun::{Flow, Plan, TaskTypes};
use serde_json::value::RawValue;

/// A text is refused or read; what was read is written back byte for byte, and checked without a panic.
pub fn flow_text(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let flow = match Flow::from_json(text.to_owned()) {
        Ok(flow) => flow,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    // The reading is our own, for speed: whatever it takes has to be JSON for everybody else.
    if let Err(error) = serde_json::from_str::<&RawValue>(text) {
        panic!("taken, and no JSON: {error}");
    }
    let written = flow.to_json().to_owned();
    let again = Flow::from_json(written.clone()).expect("what was read once is read again");
    assert_eq!(again.to_json(), written, "reading and writing change nothing");
    assert_eq!(again.node_count(), flow.node_count());
    // Every problem names its place inside the text.
    if let Err(refused) = Plan::new(&flow, &TaskTypes::documented()) {
        assert!(!refused.problems().is_empty(), "a flow is refused for a reason");
        assert!(refused.problems().iter().all(|problem| !problem.message.is_empty()));
    }
}
