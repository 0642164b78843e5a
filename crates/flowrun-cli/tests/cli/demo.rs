use std::time::Instant;

use crate::support::Place;

#[test]
fn the_demo_goes_as_expected_and_shows_what_arrived() {
    let started = Instant::now();
    let ended = Place::new().run(&["demo"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(started.elapsed().as_secs() < 10);
    for shown in [
        "slack   channel #demo: This is a test message\n",
        "webhook POST /pages {\"page\": ",
        "mail    to ops@demo.example: Poor headers on ",
        "mail    to web@demo.example: Poor headers on ",
        "1: skipped lighthouse on 1 page: it needs ",
        "everything went as expected\n",
    ] {
        assert!(ended.out.contains(shown), "{shown}: {}", ended.out);
    }
    for progress in ["[1 scan] started\n", "[4 slack] passed\n"] {
        assert!(ended.err.contains(progress), "{progress}: {}", ended.err);
    }
    assert!(!ended.err.contains("not as expected"), "{}", ended.err);
}
