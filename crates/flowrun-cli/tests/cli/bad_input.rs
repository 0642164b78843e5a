//! Flows that no one should be able to hurt us with: each is refused with a code and a place.

use crate::support::{Ended, Place, sound};

/// Checks a document and gives code, line and column of the only finding.
fn refusal(text: impl Into<Vec<u8>>) -> (String, u64, u64) {
    let text = text.into();
    let ended = Place::new().run_with_input(&["check", "-", "--json"], text.clone());
    assert_eq!(ended.code, 3, "{ended:?}");
    let drawn = Place::new().run_with_input(&["check", "-"], text);
    assert_eq!((drawn.code, drawn.out.as_str()), (3, ""), "{drawn:?}");
    assert!(drawn.err.len() < 2_000, "a complaint is short: {} bytes", drawn.err.len());
    let report: serde_json::Value = serde_json::from_str(&ended.out).expect("the report is JSON");
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(1), "{report}");
    let finding = &report["findings"][0];
    let number = |key: &str| finding[key].as_u64().unwrap_or(0);
    let code = finding["code"].as_str().unwrap_or_default().to_owned();
    assert!(!code.is_empty() && drawn.err.contains(&code), "{}", drawn.err);
    (code, number("line"), number("column"))
}

fn refused(code: &str, line: u64, column: u64) -> (String, u64, u64) {
    (code.to_owned(), line, column)
}

#[test]
fn broken_json_has_a_line_and_a_column() {
    assert_eq!(refusal("{\"nodes\": [\n  {\"id\": }]}"), refused("json.syntax", 2, 10));
    assert_eq!(refusal(""), refused("json.syntax", 1, 1));
    assert_eq!(refusal("{\"title\": NaN}"), refused("json.syntax", 1, 11));
}

#[test]
fn wrong_types_have_a_line_and_a_column() {
    assert_eq!(refusal("{\"nodes\": [\n  {\"id\": 1}]}"), refused("flow.wrong-type", 2, 10));
    assert_eq!(refusal("[]").0, "flow.wrong-type");
}

#[test]
fn numbers_beyond_floats_are_refused_wherever_they_stand() {
    let text = "{\"nodes\": [{\"id\": \"1\", \"data\": {\"threshold\": 1e400}}]}";
    assert_eq!(refusal(text), refused("json.number", 1, 46));
}

#[test]
fn a_key_that_is_read_may_stand_once() {
    assert_eq!(refusal("{\"title\": \"a\",\n\"title\": \"b\"}").0, "flow.wrong-type");
}

#[test]
fn nesting_beyond_128_levels_is_refused_even_in_what_is_not_read() {
    let deep = |levels: usize| {
        let inner = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        sound().replace("\"message\": \"hi\"", &format!("\"message\": \"hi\", \"note\": {inner}"))
    };
    assert_eq!(refusal(deep(130)).0, "json.too-deep");
    let ended = Place::new().run_with_input(&["check", "-"], deep(120));
    assert_eq!(ended.code, 0, "{ended:?}");
}

/// People write settings and scripts: what is longer is none, and is not read to its end.
#[test]
fn a_file_is_read_up_to_its_limit_and_no_further() {
    let place = Place::new();
    place.file("flow.json", sound());
    place.file("large.toml", " ".repeat((1 << 20) + 1));
    for args in [
        &["simulate", "flow.json", "--script", "large.toml"][..],
        &["run", "flow.json", "--site", "http://127.0.0.1:1", "--settings", "large.toml"],
    ] {
        let ended = place.run(args);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{ended:?}");
        assert!(ended.err.contains("`large.toml` has more than 1048576 bytes"), "{}", ended.err);
    }
}

#[test]
fn a_string_of_ten_megabytes_is_read_and_never_shown_whole() {
    let long = "x".repeat(10_000_000);
    let Ended { code, err, .. } = Place::new().run_with_input(&["check", "-"], sound().replace("hi", &long));
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(refusal(format!("{{\"nodes\": \"{long}\"}}")).0, "flow.wrong-type");
    assert_eq!(
        refusal(format!("{{\"nodes\": [{{\"id\": \"1\", \"data\": \"{long}\"}}]}}")).0,
        "flow.wrong-type"
    );
}

#[test]
fn more_nodes_than_the_limit_are_refused_while_reading() {
    let nodes = "{\"id\":\"1\"},".repeat(1_000_001);
    assert_eq!(refusal(format!("{{\"nodes\":[{}]}}", nodes.trim_end_matches(','))).0, "flow.too-large");
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    assert_eq!(refusal(*b"{\"title\": \"\xff\"}").0, "input.not-utf8");
}

#[test]
fn a_file_that_cannot_be_read_is_refused_and_one_that_is_missing_is_not_found() {
    let place = Place::new();
    for command in ["check", "graph"] {
        let unreadable = place.run(&[command, "."]);
        assert_eq!(unreadable.code, 3, "{unreadable:?}");
        assert!(unreadable.err.contains("input.unreadable"), "{unreadable:?}");
        let missing = place.run(&[command, "nowhere.json"]);
        assert_eq!((missing.code, missing.out.as_str()), (4, ""));
        assert!(missing.err.contains("could not find `nowhere.json`"), "{missing:?}");
    }
}

#[test]
fn escape_sequences_in_a_flow_do_not_reach_the_terminal() {
    let text = "{\"nodes\": [{\"id\": \"\u{1b}[2J\"}]}";
    let ended = Place::new().run_with_input(&["check", "-"], text);
    assert_eq!(ended.code, 3);
    assert!(!ended.err.contains('\u{1b}') && !ended.out.contains('\u{1b}'), "{ended:?}");
    let escaped = "{\"nodes\": [{\"id\": \"\\u001b[2J\"}], \"edges\": [{\"source\": \"x\", \"target\": \"\\u001b[2J\"}]}";
    let ended = Place::new().run_with_input(&["check", "-"], escaped);
    assert_eq!(ended.code, 3);
    assert!(!ended.err.contains('\u{1b}') && !ended.out.contains('\u{1b}'), "{ended:?}");
}

#[test]
fn neither_do_names_of_files_and_arguments() {
    let place = Place::new();
    let odd = "a\u{1b}[2J\r\u{202e}b\u{9b}31m";
    place.file("flow.json", sound());
    let (option, unknown) = (format!("--{odd}"), format!("{odd}=1"));
    for args in [
        &["check", odd][..],
        &["run", odd, "--site", "https://a.example"],
        &["run", "flow.json", "--site", odd],
        &["run", "flow.json", "--site", "https://a.example", "--store", odd, "--secret", &unknown],
        &["runs", "list", "--store", odd],
        &["resume", odd, "--store", odd],
        &["store", "verify", "--store", odd],
        &["simulate", "flow.json", "--script", odd],
        &[odd],
        &["check", &option],
        &["check", "flow.json", "--format", odd],
    ] {
        let ended = place.run(args);
        assert_ne!(ended.code, 0, "{args:?}: {ended:?}");
        let shown = ended.err + &ended.out;
        assert!(!shown.is_empty(), "{args:?}");
        let is_plain = |shown: char| shown == '\n' || !shown.is_control() && shown != '\u{202e}';
        assert!(shown.chars().all(is_plain), "{args:?}: {shown:?}");
    }
}
