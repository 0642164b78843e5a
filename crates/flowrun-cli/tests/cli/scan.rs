//! `scan`, `baseline` and `tools`: pages looked at without a flow of one's own.

use flowrun_testkit::servers::Website;
use serde_json::Value;

use crate::support::{Ended, Place};

fn scanned(place: &Place, args: &[&str]) -> Ended {
    place.run(&[&["scan"], args].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_looked_at_without_a_browser_and_what_is_left_out_is_said() {
    let site = Website::start().await.unwrap();
    let ended = scanned(&Place::new(), &[&site.page("/good"), &site.page("/bad")]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.err.contains("logs and vrt are left out"), "{}", ended.err);
    assert!(ended.err.contains("`flowrun tools install` installs one"), "{}", ended.err);
    let shown = ended.out.replace(&site.url(), "SITE");
    assert!(
        shown.starts_with(
            "\nSITE/good  passed  (http)\n  html        100  0 failed, 0 warnings, 0 broken links\n"
        ),
        "{shown}"
    );
    assert!(
        shown.contains(
            "\nSITE/bad  passed  (http)\n  html       32.5  10 failed, 7 warnings, 3 broken links\n"
        ),
        "{shown}"
    );
    assert!(shown.contains("                   charset: no charset\n"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn json_holds_everything_and_the_next_scan_its_changes() {
    let site = Website::start().await.unwrap();
    let place = Place::new();
    let args = [&site.page("/good"), "--components", "html,security", "--json", "--store", "runs.db"];
    let first = scanned(&place, &args);
    let told: Value = serde_json::from_str(&first.out).unwrap();
    assert_eq!((&told["status"], told["pages"].as_array().unwrap().len()), (&Value::from("passed"), 1));
    let page = &told["pages"][0];
    assert_eq!((&page["status"], &page["engine"]), (&Value::from("passed"), &Value::from("http")));
    assert_eq!(page.get("security_delta"), None);
    let second: Value = serde_json::from_str(&scanned(&place, &args).out).unwrap();
    assert_eq!(second["pages"][0]["security_delta"]["scores"]["average_delta"], 0.0);
    // There is a page and no picture of it.
    let shown = place.run(&["baseline", "show", &site.page("/good"), "--store", "runs.db"]);
    assert_eq!(shown.code, 0, "{shown:?}");
    let accepted = place.run(&["baseline", "accept", &site.page("/good"), "--store", "runs.db"]);
    assert!(accepted.code == 4 && accepted.err.contains("has no picture that differs"), "{accepted:?}");
    let reset = place.run(&["baseline", "reset", &site.page("/good"), "--store", "runs.db", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&reset.out).unwrap()["forgotten"].as_array().unwrap().len(), 1);
    let unknown = place.run(&["baseline", "show", &site.page("/good"), "--store", "runs.db"]);
    assert!(unknown.code == 4 && unknown.err.contains("nothing is known of page"), "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_is_asked_for_and_has_no_tool_fails_and_names_it() {
    let site = Website::start().await.unwrap();
    let ended = scanned(&Place::new(), &[&site.page("/good"), "--components", "vrt"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.out.contains("  vrt       failed\n"), "{}", ended.out);
    assert!(ended.err.contains("images needs "), "{}", ended.err);
    let skipped =
        scanned(&Place::new(), &[&site.page("/good"), "--components", "vrt", "--missing-tool", "skip"]);
    assert!(skipped.code == 0 && skipped.out.contains("  vrt       skipped\n"), "{skipped:?}");
}

#[test]
fn what_cannot_be_scanned_is_refused_before_anything_runs() {
    let place = Place::new();
    for (args, code, said) in [
        (&["http://127.0.0.1:9/", "--components", "htlm"][..], 3, "did you mean `html`?"),
        (&["http://127.0.0.1:9/", "--configs", r#"{"browser":"firefox"}"#], 3, "scans have Chromium alone"),
        (&["ftp://a/"], 2, "invalid value"),
        (&[], 2, "required"),
    ] {
        let ended = scanned(&place, args);
        assert!(ended.code == code && ended.err.contains(said), "{args:?}: {ended:?}");
    }
}

#[test]
fn tools_say_what_is_there_and_how_to_get_the_rest() {
    let place = Place::new();
    let ended = place.run(&["tools"]);
    assert_eq!(
        (ended.code, ended.out.as_str()),
        (4, "browser  logs, vrt  not installed; `flowrun tools install` does it\n")
    );
    place.file("browser", "#!/bin/sh\necho Chromium 1.2.3\n");
    let told = place.run(&["tools", "--json", "--browser", "browser"]);
    let told: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(
        (&told["tools"][0]["name"], &told["tools"][0]["path"]),
        (&Value::from("browser"), &Value::Null)
    );
}

/// With everything the machine has.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: cargo xtask tools"]
async fn a_picture_is_compared_with_its_baseline_until_the_change_is_accepted() {
    let site = Website::start().await.unwrap();
    let place = Place::new();
    let scan = |url: &str| {
        let mut command =
            place.command(&["scan", url, "--components", "vrt", "--store", "runs.db", "--json"]);
        command.args(["--pictures", "pictures", "--configs", r#"{"min_wait_time":0,"interval":0.05}"#]);
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("FLOWRUN_ALLOW_UNSANDBOXED", "true");
        let ended = crate::support::ended(command);
        let told: Value = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:?}"));
        told["pages"][0]["images"].clone()
    };
    let url = site.page("/shop");
    let first = scan(&url);
    assert_eq!((&first["score"], &first["baseline"]["state"]), (&Value::from(100.0), &Value::from("made")));
    assert_eq!(scan(&url)["baseline"]["state"], "compared");
    assert!(
        std::fs::read(place.path().join("pictures/page-1-screenshot.png")).unwrap().starts_with(b"\x89PNG")
    );
    let verified = place.run(&["store", "verify", "--store", "runs.db"]);
    assert_eq!(verified.code, 0, "{verified:?}");
    // A picture that is damaged is found.
    let objects = place.path().join("runs.db-artefacts/objects");
    for object in std::fs::read_dir(objects).unwrap() {
        std::fs::write(object.unwrap().path(), "x").unwrap();
    }
    let verified = place.run(&["store", "verify", "--store", "runs.db"]);
    assert!(verified.code == 4 && verified.out.contains("is damaged"), "{verified:?}");
}
