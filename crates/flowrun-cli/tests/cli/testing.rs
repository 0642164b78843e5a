//! The commands of `docs/testing.md` do what it says, on the flow that it shows and on a documented one.

use crate::support::Place;

const GUIDE: &str = include_str!("../../../../docs/testing.md");
const DOCUMENTED: &str = include_str!("../../../flowrun-core/tests/fixtures/seed_flow.json");

/// The blocks of a language.
fn blocks(language: &str) -> impl Iterator<Item = &'static str> {
    let fence = format!("```{language}\n");
    GUIDE
        .split("```")
        .collect::<Vec<_>>()
        .into_iter()
        .skip(1)
        .step_by(2)
        .filter_map(move |block| block.strip_prefix(fence.trim_start_matches('`')))
}

/// Runs every command on `flow.json`.
fn run_all(place: &Place) -> usize {
    let mut toml = blocks("toml");
    let mut file = || toml.next().expect("the guide shows a script, then a case");
    place.file("low.toml", file());
    let case = file();
    let mut ran = 0;
    // What `cargo xtask` does is for this repository, and takes long.
    for line in blocks("sh").flat_map(str::lines).filter(|line| line.starts_with("flowrun ")) {
        let line = line.split('#').next().unwrap_or_default();
        let args: Vec<&str> = line.split_whitespace().skip(1).collect();
        if args[0] == "synth" {
            continue;
        }
        if args.contains(&"--suite") {
            place.file("suite/low.case.toml", case);
        }
        let ended = place.run(&args);
        let expected = i32::from(args.contains(&"low.toml"));
        assert_eq!(ended.code, expected, "{line}\n{}{}", ended.out, ended.err);
        assert!(!ended.out.is_empty(), "{line}");
        ran += 1;
    }
    ran
}

#[test]
fn the_commands_work_on_the_flow_of_the_guide() {
    let place = Place::new();
    place.file("flow.json", blocks("json").next().expect("the guide shows a flow"));
    assert_eq!(run_all(&place), 7);
}

#[test]
fn the_commands_work_on_a_documented_flow() {
    let place = Place::new();
    place.file("flow.json", DOCUMENTED);
    assert_eq!(run_all(&place), 7);
}

#[test]
fn the_flows_that_the_guide_makes_are_played() {
    let place = Place::new();
    for line in blocks("sh").flat_map(str::lines).filter(|line| line.starts_with("flowrun synth ")) {
        // A hundredth of the large one is as good, and does not take half a minute without optimisation.
        let line = line.replace("100000", "1000");
        let args: Vec<&str> = line.split_whitespace().skip(1).collect();
        assert_eq!(place.run(&args).code, 0, "{line}");
        let played = place.run(&["simulate", args.last().expect("a file")]);
        assert_eq!(played.code, 0, "{line}\n{}", played.err);
    }
}
