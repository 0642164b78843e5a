use flowrun_testkit::servers::{RawReply, RawServer, SlackSink, WebhookReply, WebhookSink, Website};

use crate::support::{Place, flow, sound};

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_passes_prints_a_table_and_tells_its_progress() {
    let (site, slack) = (Website::start().await.unwrap(), SlackSink::start().await.unwrap());
    let place = Place::new();
    place.file(
        "flow.json",
        flow(
            &[("1", "scan", r#", "type": ["html"]"#), ("2", "slack", r#", "message": "hi""#)],
            &[("1", "2")],
        ),
    );
    let url = slack.webhook_url();
    let ended = place.run(&["run", "flow.json", "--site", &site.url(), "--slack-webhook-url", &url]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended.out.starts_with("node  task   status  objects   time\n1     scan   passed"),
        "{}",
        ended.out
    );
    assert!(
        ended.err.contains("[1 scan] started\n") && ended.err.contains("[2 slack] passed\n"),
        "{}",
        ended.err
    );
    assert_eq!(slack.received()[0].text(), "hi");
}

#[tokio::test(flavor = "multi_thread")]
async fn json_goes_to_standard_output_and_to_a_file() {
    let site = Website::start().await.unwrap();
    let place = Place::new();
    let scan = flow(&[("1", "scan", r#", "type": ["html"], "mine": 1e2"#)], &[]);
    let ended = place.run_with_input(
        &[
            "run",
            "-",
            "--site",
            &site.url(),
            "--page",
            "/good",
            "--page",
            &site.page("/about"),
            "--json",
            "--out",
            "run.json",
            "--configs",
            r#"{"end_on_fail": false, "own": 1}"#,
        ],
        scan,
    );
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(std::fs::read_to_string(place.path().join("run.json")).unwrap(), ended.out);
    let run: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(run["status"], "passed");
    assert_eq!(run["configs"], serde_json::json!({"end_on_fail": false, "own": 1}));
    assert_eq!(run["nodes"][0]["data"]["objects"].as_array().unwrap().len(), 2);
    assert!(ended.out.contains(r#""mine": 1e2"#) || ended.out.contains(r#""mine":1e2"#), "{}", ended.out);
    assert!(site.received().iter().any(|visit| visit.path == "/about"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_nobody_lists_are_looked_for() {
    let pages = |path: &str| match path {
        "/" => "<a href=/a>a</a><a href=/secret>s</a><a href=/old>o</a>",
        "/a" => "<p>a",
        _ => "",
    };
    let site = RawServer::start(move |request| {
        let (kind, body) = match request.path() {
            "/robots.txt" => ("text/plain", "User-agent: *\nDisallow: /secret"),
            path => ("text/html", pages(path)),
        };
        let length = body.len();
        RawReply::bytes(format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
    });
    let site = site.await.unwrap();
    let place = Place::new();
    place.file("flow.json", flow(&[("1", "scan", r#", "type": ["security"]"#)], &[]));
    let url = site.url();
    let run = ["run", "flow.json", "--site", &url, "--json", "--pages", "crawl:9", "--exclude", "/old"];
    let ended = place.run(&run);
    assert_eq!(ended.code, 0, "{ended:?}");
    let told = "2 pages found, 1 kept from us by robots.txt, 1 excluded";
    assert!(ended.err.contains(told), "{}", ended.err);
    let run: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(run["nodes"][0]["data"]["objects"].as_array().unwrap().len(), 2);
    assert!(site.received().iter().all(|request| request.path() != "/secret"));
    let none = place.run(&["run", "flow.json", "--site", &url, "--pages", "crawl", "--exclude", "/"]);
    assert_eq!(none.code, 4, "{none:?}");
    assert!(
        none.err.contains("found no page: 0 are kept from us by `/robots.txt`, 1 are excluded"),
        "{}",
        none.err
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_tool_fails_the_run_and_names_the_command_that_installs_it() {
    let site = Website::start().await.unwrap();
    let place = Place::new();
    place.file("flow.json", flow(&[("1", "scan", r#", "type": ["html", "logs"]"#)], &[]));
    let run = |more: &[&str]| place.run(&[&["run", "flow.json", "--site", &site.url()], more].concat());
    let failed = run(&[]);
    assert_eq!(failed.code, 1, "{failed:?}");
    assert!(failed.out.contains("apt-get install"), "{}", failed.out);
    let skipped = run(&["--missing-tool", "skip"]);
    assert_eq!(skipped.code, 0, "{skipped:?}");
    assert!(skipped.out.contains("1: skipped logs on 1 page: it needs"), "{}", skipped.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_of_the_flow_are_private_until_the_operator_allows_them() {
    let (site, sink) = (Website::start().await.unwrap(), WebhookSink::start().await.unwrap());
    let place = Place::new();
    let hook = format!(r#", "request_type": "POST", "uri": "{}/hook""#, sink.url());
    place.file(
        "flow.json",
        flow(&[("1", "scan", r#", "type": ["html"]"#), ("2", "webhook", &hook)], &[("1", "2")]),
    );
    let host = sink.addr().to_string();
    let run = |more: &[&str]| place.run(&[&["run", "flow.json", "--site", &site.url()], more].concat());
    let refused = run(&[]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.out.contains(&format!("--allow-host {host}")), "{}", refused.out);
    assert_eq!(sink.received(), []);
    assert_eq!(run(&["--allow-host", &host]).code, 0);
    assert_eq!(sink.received()[0].path, "/hook");
    sink.script([WebhookReply::Status(500)]);
    assert_eq!(run(&["--allow-host", &host]).code, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_cannot_be_kept_is_noticed_before_anything_runs() {
    let site = Website::start().await.unwrap();
    let args = [
        "run",
        "-",
        "--site",
        &site.url(),
        "--out",
        "no/such/folder.json",
        "--slack-webhook-url",
        "http://a",
    ];
    let ended = Place::new().run_with_input(&args, sound());
    assert_eq!((ended.code, ended.out.as_str()), (4, ""), "{ended:?}");
    assert!(ended.err.contains("could not write `no/such/folder.json`"), "{}", ended.err);
    assert_eq!(site.received(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_misbehave_fail_with_a_reason_and_the_run_ends() {
    let site = Website::start().await.unwrap();
    let place = Place::new();
    place.file("flow.json", flow(&[("1", "scan", r#", "type": ["html"]"#)], &[]));
    for (page, reason) in [
        ("/loop", "redirects more than"),
        ("/big", "larger"),
        ("/redir-private", "169.254.169.254"),
        ("http://127.0.0.1:1/", "could not connect"),
    ] {
        let ended = place.run(&["run", "flow.json", "--site", &site.url(), "--page", page]);
        assert_eq!(ended.code, 1, "{page}: {ended:?}");
        assert!(ended.out.contains(reason), "{page}: {}", ended.out);
        assert!(ended.out.contains("1 failed"), "{page}: {}", ended.out);
    }
}
