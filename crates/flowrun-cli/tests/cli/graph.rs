use crate::support::{Place, flow, sound};

#[test]
fn a_flow_is_drawn_in_both_languages() {
    let place = Place::new();
    place.file("flow.json", sound());
    let mermaid = place.run(&["graph", "flow.json", "--format", "mermaid"]);
    assert_eq!((mermaid.code, mermaid.err.as_str()), (0, ""));
    assert_eq!(mermaid.out, "flowchart TD\n    n0([\"1 scan\"])\n    n1>\"2 slack\"]\n    n0 --> n1\n");
    assert_eq!(place.run(&["graph", "flow.json"]).out, mermaid.out);
    let dot = place.run(&["graph", "flow.json", "--format", "dot"]);
    assert!(
        dot.out.starts_with("digraph flow {\n") && dot.out.ends_with("    n0 -> n1;\n}\n"),
        "{}",
        dot.out
    );
}

#[test]
fn a_flow_that_would_be_refused_is_drawn_all_the_same() {
    let ended = Place::new().run_with_input(&["graph", "-"], flow(&[("1", "scan", "")], &[("1", "9")]));
    assert_eq!(ended.code, 0);
    assert!(ended.out.contains("not defined"), "{}", ended.out);
}

#[test]
fn what_cannot_be_read_cannot_be_drawn() {
    let ended = Place::new().run_with_input(&["graph", "-"], "{");
    assert_eq!((ended.code, ended.out.as_str()), (3, ""));
    assert!(ended.err.contains("json.syntax"), "{}", ended.err);
}
