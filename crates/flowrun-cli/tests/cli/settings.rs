//! Where settings and secrets come from.

use flowrun_testkit::servers::{SlackSink, Website};

use crate::support::{Ended, Place, ended, flow, sound};

fn secretive() -> String {
    let message = r#", "message": "{{WORD}} and {{OTHER}}""#;
    flow(&[("1", "scan", r#", "type": ["html"]"#), ("2", "slack", message)], &[("1", "2")])
}

/// Runs a flow with these variables and arguments.
fn run(place: &Place, site: &Website, text: String, vars: &[(&str, &str)], more: &[&str]) -> Ended {
    let mut command = place.command(&[&["run", "-", "--site", &site.url()], more].concat());
    command.envs(vars.iter().copied()).write_stdin(text);
    ended(command)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flag_wins_over_the_environment_and_the_environment_over_the_file() {
    let (site, slack) = (Website::start().await.unwrap(), SlackSink::start().await.unwrap());
    let place = Place::new();
    place.file(
        "flowrun.toml",
        "slack_token = 'of-the-file'\nslack_channel = 'file'\nslack_api_url = 'http://a'\nmissing_tool = 'skip'\n",
    );
    let url = slack.api_url();
    let vars = [
        ("FLOWRUN_SLACK_TOKEN", "of-the-env"),
        ("FLOWRUN_SLACK_CHANNEL", "env"),
        ("FLOWRUN_SLACK_API_URL", url.as_str()),
    ];
    let ended = run(&place, &site, sound(), &vars, &["--slack-channel", "flag"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let post = &slack.received()[0];
    assert_eq!((post.token.as_deref(), post.channel()), (Some("of-the-env"), "flag"));
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_come_from_arguments_environment_and_file_and_are_not_shown() {
    let (site, slack) = (Website::start().await.unwrap(), SlackSink::start().await.unwrap());
    let place = Place::new();
    place.file(
        "more.toml",
        format!("slack_webhook_url = '{}'\n[secrets]\nOTHER = 'from-file'\n", slack.webhook_url()),
    );
    let vars = [("FLOWRUN_SECRET_WORD", "from-env")];
    let given =
        run(&place, &site, secretive(), &vars, &["--settings", "more.toml", "--secret", "WORD=from-arg"]);
    let named =
        run(&place, &site, secretive(), &vars, &["--settings", "more.toml", "--secret", "WORD", "--json"]);
    assert_eq!((given.code, named.code), (0, 0), "{given:?} {named:?}");
    let texts: Vec<String> = slack.received().iter().map(|post| post.text().to_owned()).collect();
    assert_eq!(texts, ["from-arg and from-file", "from-env and from-file"]);
    for shown in [&given.out, &given.err, &named.out, &named.err] {
        assert!(!shown.contains("from-"), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_nobody_can_be_asked_for_is_a_usage_error() {
    let site = Website::start().await.unwrap();
    let ended =
        run(&Place::new(), &site, secretive(), &[], &["--secret", "WORD", "--slack-webhook-url", "http://a"]);
    assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{ended:?}");
    assert!(ended.err.contains("FLOWRUN_SECRET_WORD"), "{}", ended.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_settings_are_shown_with_their_place() {
    let site = Website::start().await.unwrap();
    let place = Place::new();
    let missing = run(&place, &site, sound(), &[], &["--settings", "none.toml"]);
    assert_eq!(missing.code, 4, "{missing:?}");
    let variable = run(&place, &site, sound(), &[("FLOWRUN_ALLOW_HOSTS", "here")], &[]);
    assert_eq!(variable.code, 2, "{variable:?}");
    assert!(variable.err.contains("FLOWRUN_ALLOW_HOSTS"), "{}", variable.err);
    place.file("flowrun.toml", "mail_from = 'a@b.example'\nslack_tokn = 'x'\n");
    let misspelt = run(&place, &site, sound(), &[], &[]);
    assert_eq!((misspelt.code, misspelt.out.as_str()), (2, ""), "{misspelt:?}");
    insta::assert_snapshot!(misspelt.err);
    assert_eq!(site.received(), []);
}
