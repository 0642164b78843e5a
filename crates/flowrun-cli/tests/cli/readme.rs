//! What the README says of the command line is so.

use std::collections::BTreeSet;

use crate::support::Place;

const README: &str = include_str!("../../../../README.md");

#[test]
fn every_command_and_flag_of_the_readme_exists() {
    let mut flags = 0;
    let blocks = README.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    for line in blocks.flat_map(str::lines).filter(|line| line.starts_with("flowrun ")) {
        let line = line.split('#').next().unwrap();
        let is_command = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase());
        let command: Vec<&str> = line.split_whitespace().skip(1).take_while(is_command).collect();
        let help = Place::new().run(&[&command[..], &["--help"]].concat());
        assert_eq!(help.code, 0, "`{line}`: {}", help.err);
        for flag in line.split_whitespace().filter(|word| word.starts_with("--")) {
            assert!(help.out.contains(flag), "`{flag}` of `{line}`");
            flags += 1;
        }
    }
    assert!(flags >= 4, "the README shows how to run and draw a flow; found {flags} flags");
}

#[test]
fn the_settings_of_the_readme_are_those_of_the_help() {
    let help = Place::new().run(&["run", "--help"]).out;
    let told = variables(&help);
    assert_eq!(variables(README), told);
    assert!(told.contains("FLOWRUN_SLACK_TOKEN") && told.contains("FLOWRUN_SECRET"), "{told:?}");
}

/// The variables that a text names; secrets, whose names are anybody's, count as one.
fn variables(text: &str) -> BTreeSet<String> {
    let is_of_name = |c: &char| c.is_ascii_uppercase() || *c == '_';
    let rests = text.split("FLOWRUN_").skip(1);
    let names = rests.map(|rest| rest.chars().take_while(is_of_name).collect::<String>());
    names
        .filter(|name| !name.is_empty())
        .map(|name| if name.starts_with("SECRET_") { "SECRET".to_owned() } else { name })
        .map(|name| format!("FLOWRUN_{name}"))
        .collect()
}

#[test]
fn the_exit_codes_of_the_readme_are_those_of_the_help() {
    let help = Place::new().run(&["--help"]).out;
    let table = README.split("| Exit code |").nth(1).unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let codes: Vec<&str> = rows.map(|line| line.split('|').nth(1).unwrap().trim()).collect();
    let help = help.split("Exit codes:").nth(1).unwrap();
    let told: Vec<&str> = help
        .lines()
        .skip(1)
        .map_while(|line| line.split_whitespace().next())
        .filter(|word| word.bytes().all(|byte| byte.is_ascii_digit()))
        .collect();
    assert_eq!(codes, told);
}
