//! Bytes as the text of a flow.

use flowrun::{Flow, Plan, TaskTypes};

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
    let written = flow.to_json().to_owned();
    let again = Flow::from_json(written.clone()).expect("what was read once is read again");
    assert_eq!(again.to_json(), written, "reading and writing change nothing");
    assert_eq!(again.node_count(), flow.node_count());
    // Every problem names its place inside the text.
    if let Err(problems) = Plan::new(&flow, &TaskTypes::documented()) {
        assert!(!problems.is_empty(), "a flow is refused for a reason");
        assert!(problems.iter().all(|problem| !problem.message.is_empty()));
    }
}
