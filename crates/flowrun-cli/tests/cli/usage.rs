use crate::support::Place;

#[test]
fn help_and_version_are_data() {
    let help = Place::new().run(&["--help"]);
    assert_eq!((help.code, help.err.as_str()), (0, ""));
    assert!(help.out.contains("Exit codes:") && help.out.contains("130"), "{}", help.out);
    assert_eq!(Place::new().run(&["--version"]).code, 0);
}

#[test]
fn a_wrong_command_line_exits_2_and_prints_no_data() {
    for args in [
        &[][..],
        &["fly"],
        &["check"],
        &["check", "a", "b"],
        &["graph", "a", "--format", "svg"],
        &["run", "flow.json"],
        &["run", "flow.json", "--site", "example.com"],
        &["run", "flow.json", "--site", "ftp://example.com"],
        &["run", "flow.json", "--site", "http://a", "--configs", "[]"],
        &["run", "flow.json", "--site", "http://a", "--configs", "{"],
        &["run", "flow.json", "--site", "http://a", "--secret", "=x"],
        &["run", "flow.json", "--site", "http://a", "--allow-host", "a"],
        &["run", "flow.json", "--site", "http://a", "--missing-tool", "maybe"],
        &["run", "flow.json", "--site", "http://a", "--timeout", "0"],
    ] {
        let ended = Place::new().run(args);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{args:?}: {ended:?}");
        assert!(!ended.err.is_empty(), "{args:?}");
    }
}
