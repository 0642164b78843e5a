//! No secret is shown or kept in any spelling, whatever a server answers and whatever is wrong.
#![allow(clippy::unwrap_used, reason = "the helpers of a test file are tests")]

use flowrun_testkit::canary::Canary;
use flowrun_testkit::servers::{ScriptedSite, SiteReply};

use crate::support::{Place, flow};

/// Everything that a run says and leaves behind whose receiver echoes what `canaries` look like.
async fn left_by_echoes(canaries: &[&Canary], vars: &[(&str, &str)]) -> Vec<u8> {
    let slack = ScriptedSite::start().await.unwrap();
    let spellings: Vec<_> = canaries.iter().flat_map(|canary| canary.spellings()).collect();
    let path = "/services/T0000/k7Q2mZ9xT4bN8wLcRz5yHdGa";
    // Behind so many letters that what is shown ends in the middle of it, too.
    let echo = |text: &str| [String::new(), "x".repeat(280)].map(|before| format!("you sent {before}{text}"));
    let echoes: Vec<_> = spellings.iter().flat_map(|spelling| echo(&spelling.text)).collect();
    slack.answers(path, echoes.iter().map(|echo| SiteReply::status(400).body(echo.as_str())));
    let ids: Vec<String> = (1..=echoes.len()).map(|id| id.to_string()).collect();
    let nodes: Vec<_> = ids.iter().map(|id| (id.as_str(), "slack", r#", "message": "hello""#)).collect();
    let place = Place::new();
    let url = slack.page(path);
    let mut left = Vec::new();
    let site = slack.url();
    let shared = [
        "--site",
        &site,
        "--configs",
        r#"{"end_on_fail": false}"#,
        "--store",
        "runs.db",
        "--slack-webhook-url",
        &url,
    ];
    for more in [&[][..], &["--json"]] {
        let mut command = place.command(&[&["run", "-"], &shared[..], more].concat());
        command.envs(vars.iter().copied()).write_stdin(flow(&nodes, &[]));
        let ended = crate::support::ended(command);
        assert_eq!(ended.code, 1, "{ended:?}");
        left.extend([ended.out, ended.err].concat().into_bytes());
    }
    let listed = place.run(&["runs", "list", "--store", "runs.db", "--json"]);
    let runs: serde_json::Value = serde_json::from_str(&listed.out).unwrap();
    let id = runs[0]["id"].as_str().or(runs["runs"][0]["id"].as_str()).unwrap().to_owned();
    for more in [&[][..], &["--json"]] {
        let shown = place.run(&[&["runs", "show", &id, "--store", "runs.db"], more].concat());
        assert_eq!(shown.code, 0, "{shown:?}");
        left.extend([shown.out, shown.err].concat().into_bytes());
    }
    for file in std::fs::read_dir(place.path()).unwrap() {
        left.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    left
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_echoes_secrets_puts_them_nowhere() {
    let (key, address) = (Canary::new(21), Canary::of("k7Q2mZ9xT4bN8wLcRz5yHdGa"));
    let left = left_by_echoes(&[&key, &address], &[("FLOWRUN_SECRET_KEY", key.value())]).await;
    assert_eq!(address.found_in(&left), Vec::<&str>::new());
    assert_eq!(key.found_in(&left), Vec::<&str>::new());
    let left = String::from_utf8_lossy(&left);
    assert!(left.contains("[secret KEY]") && left.contains("[secret slack_webhook_url]"));
}

/// The twin: where nobody says that it is a secret, what is echoed is shown and kept.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_secret_is_found() {
    let key = Canary::new(21);
    let left = left_by_echoes(&[&key], &[]).await;
    assert!(key.found_in(&left).len() > 20, "{:?}", key.found_in(&left));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_too_short_to_be_found_is_refused() {
    let site = ScriptedSite::start().await.unwrap();
    let place = Place::new();
    place.file("short.toml", "[secrets]\nWORD = 'abcde'\n");
    for (vars, more) in [
        (&[][..], &["--secret", "WORD=abcde"][..]),
        (&[("FLOWRUN_SECRET_WORD", "abcde")], &[]),
        (&[], &["--settings", "short.toml"]),
    ] {
        let mut command = place.command(&[&["run", "-", "--site", &site.url()], more].concat());
        command.envs(vars.iter().copied()).write_stdin(flow(&[("1", "scan", "")], &[]));
        let ended = crate::support::ended(command);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{ended:?}");
        assert!(ended.err.contains("`WORD`") && !ended.err.contains("abcde"), "{}", ended.err);
    }
    assert_eq!(site.received().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_does_not_choose_where_the_token_of_the_environment_goes() {
    let slack = ScriptedSite::start().await.unwrap();
    slack.answers("/chat.postMessage", [SiteReply::status(200).body(r#"{"ok": true}"#)]);
    let run = |file: &str, vars: &[(&str, &str)], more: &[&str]| {
        let place = Place::new();
        place.file("flowrun.toml", file);
        let mut command = place.command(&[&["run", "-", "--site", &slack.url()], more].concat());
        command.envs(vars.iter().copied());
        command.write_stdin(flow(&[("1", "slack", r#", "message": "hello""#)], &[]));
        crate::support::ended(command)
    };
    let address = format!("slack_channel = 'c'\nslack_api_url = '{}'\n", slack.url());
    for (vars, more) in
        [(&[("FLOWRUN_SLACK_TOKEN", "xoxb-canary")][..], &[][..]), (&[], &["--slack-token", "xoxb-canary"])]
    {
        let refused = run(&address, vars, more);
        assert_eq!((refused.code, slack.received().len()), (2, 0), "{refused:?}");
        assert!(refused.err.contains("flowrun.toml") && refused.err.contains("token"), "{}", refused.err);
        assert!(!refused.err.contains("canary"), "{}", refused.err);
    }
    // Its own token may go where the file says, and an address of the environment is the operator's.
    let own = run(&format!("{address}slack_token = 'xoxb-of-the-file'\n"), &[], &[]);
    assert_eq!((own.code, slack.received().len()), (0, 1), "{own:?}");
    let url = slack.url();
    let both = [("FLOWRUN_SLACK_TOKEN", "xoxb-canary"), ("FLOWRUN_SLACK_API_URL", url.as_str())];
    let chosen = run("slack_channel = 'c'\n", &both, &[]);
    assert_eq!((chosen.code, slack.received().len()), (0, 2), "{chosen:?}");
}

#[test]
fn an_address_with_a_password_is_refused_and_not_repeated() {
    for arguments in [
        ["--site", "https://user:canary-1@host.example", "--page", "/"],
        ["--site", "https://host.example", "--page", "https://user:canary-1@host.example/"],
        ["--site", "https://host.example", "--secret", "{W}=canary-1"],
    ] {
        let ended = Place::new()
            .run_with_input(&[&["run", "-"], &arguments[..]].concat(), flow(&[("1", "scan", "")], &[]));
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{ended:?}");
        assert!(!ended.err.contains("canary"), "{}", ended.err);
    }
}
