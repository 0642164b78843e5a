use crate::support::Place;

#[test]
fn a_seed_gives_the_same_bytes_to_a_file_as_to_the_screen() {
    let place = Place::new();
    let args = ["synth", "--shape", "random", "--nodes", "40", "--seed", "7"];
    let printed = place.run(&args);
    assert_eq!((printed.code, &*printed.err), (0, ""));
    let written = place.run(&[&args[..], &["--out", "flow.json"]].concat());
    assert_eq!((written.code, &*written.out), (0, ""));
    assert_eq!(std::fs::read_to_string(place.path().join("flow.json")).unwrap(), printed.out);
    let lean = place.run(&[&args[..], &["--lean"]].concat());
    assert!(lean.out.len() * 4 < printed.out.len());
}

#[test]
fn every_shape_that_the_help_names_is_made_and_can_be_played() {
    let place = Place::new();
    let help = place.run(&["synth", "--help"]).out;
    for shape in ["chain", "wide", "fan", "layered", "condition-tree", "diamonds", "random", "cursion"] {
        assert!(help.contains(shape), "{shape}");
        let made = place.run(&["synth", "--shape", shape, "--nodes", "12"]);
        // Some have task types that this program cannot do, and none has texts to send: they are for plays.
        let played = place.run_with_input(&["simulate", "-", "--json"], made.out);
        let played: serde_json::Value = serde_json::from_str(&played.out).unwrap();
        assert_eq!(played["run"]["nodes"].as_array().unwrap().len(), 12, "{shape}");
    }
}

#[test]
fn what_no_shape_can_have_is_refused() {
    let run = |shape: &str, nodes: &str| Place::new().run(&["synth", "--shape", shape, "--nodes", nodes]);
    assert_eq!(run("cursion", "13").code, 2);
    assert_eq!(run("chain", "0").code, 2);
    let ended = run("ring", "3");
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("`ring` is no shape; there are chain"), "{}", ended.err);
}
