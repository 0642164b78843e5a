//! `flowrun bench`.

use serde_json::Value;

use crate::support::Place;

#[test]
fn figures_come_as_json_with_the_machine() {
    let ended = Place::new().run(&["bench", "--quick", "core chain/100"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    assert!(report["machine"]["cores"].as_u64().unwrap() >= 1);
    assert_eq!(report["figures"][0]["name"], "core chain/100");
    assert!(report["figures"][0]["cost"]["cpu_ns"].as_f64().unwrap() > 0.0);
    assert_eq!(report["figures"][0]["floors"].as_array().unwrap().len(), 1);
}

#[test]
fn a_name_without_a_figure_is_a_usage_error() {
    let ended = Place::new().run(&["bench", "no such thing"]);
    assert_eq!((ended.code, ended.out.as_str()), (2, ""));
    assert!(ended.err.contains("no figure has such a name"), "{}", ended.err);
}

#[test]
fn a_picture_that_cannot_be_drawn_or_kept_is_refused() {
    let place = Place::new();
    let drawn = place.run(&["bench", "--quick", "core chain/100", "--svg", "growth.svg"]);
    assert_eq!(drawn.code, 2);
    assert!(drawn.err.contains("nothing to draw"), "{}", drawn.err);
    let kept = place.run(&["bench", "--quick", "core chain/100", "--svg", "no/such/folder/growth.svg"]);
    assert_eq!(kept.code, 4);
    assert!(kept.err.contains("could not write `no/such/folder/growth.svg`"), "{}", kept.err);
}
