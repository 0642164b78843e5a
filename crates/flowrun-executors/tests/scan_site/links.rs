//! Which links are broken, and which only look so.

use std::collections::BTreeMap;

use flowrun::ObjectStatus;
use flowrun_testkit::servers::{ScriptedSite, SiteReply};
use serde_json::Value;

use super::{facts, reason, scan};

/// A site whose page at `/` is `html`.
async fn site(html: &str) -> ScriptedSite {
    let site = ScriptedSite::start().await.unwrap();
    site.answers("/", [SiteReply::html(html)]);
    site
}

/// The links of one state with their reasons.
fn listed(facts: &Value, state: &str) -> BTreeMap<String, String> {
    let links = facts["links"][state].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    links.map(|link| (text(&link["url"]), text(&link["reason"]))).collect()
}

fn count(facts: &Value, state: &str) -> u64 {
    facts["links"]["counts"][state].as_u64().unwrap()
}

#[tokio::test]
async fn what_head_answers_makes_no_link_broken() {
    for head in [400, 401, 403, 404, 405, 406, 410, 500, 501, 503] {
        let site = site("<a href=/there>there</a><a href=/gone>gone</a>").await;
        site.answers("/there", [SiteReply::html("")]);
        site.answers("/gone", [SiteReply::status(404)]);
        site.answers_head("/there", [SiteReply::status(head)]);
        let ran = scan(&site).await;
        let broken = listed(facts(&ran), "broken");
        assert_eq!(broken, BTreeMap::from([("/gone".to_owned(), "it answers 404".to_owned())]), "{head}");
        assert_eq!(count(facts(&ran), "fine"), 1, "{head}");
    }
    let site = site("<a href=/there>there</a>").await;
    site.answers("/there", [SiteReply::html("")]);
    site.answers_head("/there", [SiteReply::close()]);
    assert_eq!(count(facts(&scan(&site).await), "fine"), 1);
}

#[tokio::test]
async fn a_link_that_says_it_is_there_is_asked_for_once_and_by_head() {
    let site = site("<a href=/there>there</a><a href=/there>again</a>").await;
    site.answers("/there", [SiteReply::html("")]);
    scan(&site).await;
    assert_eq!((site.asked("HEAD", "/there"), site.asked("GET", "/there")), (1, 0));
}

#[tokio::test]
async fn statuses_that_say_nothing_about_the_link_leave_it_unchecked() {
    let nothing = [401, 402, 403, 407, 408, 425, 429, 451, 499, 520, 999];
    let broken = [400, 404, 410, 500, 502, 503];
    let links: String =
        nothing.iter().chain(&broken).map(|status| format!("<a href=/{status}>x</a>")).collect();
    let site = site(&links).await;
    for status in nothing.iter().chain(&broken) {
        site.answers(&format!("/{status}"), [SiteReply::status(*status)]);
    }
    let ran = scan(&site).await;
    let expected = |statuses: &[u16]| {
        let reasons = statuses.iter().map(|status| (format!("/{status}"), format!("it answers {status}")));
        reasons.collect::<BTreeMap<_, _>>()
    };
    assert_eq!(listed(facts(&ran), "not_checked"), expected(&nothing));
    assert_eq!(listed(facts(&ran), "broken"), expected(&broken));
}

#[tokio::test]
async fn every_element_that_points_somewhere_has_links() {
    let html = r#"
        <base href="/base/">
        <map><area href="/area"></map>
        <iframe src="/iframe"></iframe>
        <picture><source srcset="/small.png 1x, /large.png 2x"><img src="/img" srcset="data:,x 1x, /img2 2x"></picture>
        <object data="/object"></object><embed src="/embed">
        <video src="/video" poster="/poster"><track src="/track"></video><audio src="/audio"></audio>
        <input type="image" src="/button">
        <link rel="preload" href="/preload" imagesrcset="/preset 1x"><link rel="dns-prefetch" href="/no-host">
        <svg><a xlink:href="/svg"><image href="/image"/></a><use href="/use#part"/></svg>
        <a href="relative">relative</a>
        <template><a href="/no-template">x</a></template>
        <a href="mailto:a@a.example">m</a><a href="tel:+1">t</a><a href="javascript:void(0)">j</a>
        <a href="">self</a><a href="data:text/plain,x">d</a>"#;
    let site = site(html).await;
    let ran = scan(&site).await;
    let expected = [
        "/area",
        "/audio",
        "/button",
        "/embed",
        "/iframe",
        "/image",
        "/img",
        "/img2",
        "/large.png",
        "/object",
        "/poster",
        "/preload",
        "/preset",
        "/small.png",
        "/svg",
        "/track",
        "/use#part",
        "/video",
        "relative",
    ];
    let broken = listed(facts(&ran), "broken");
    assert_eq!(broken.keys().map(String::as_str).collect::<Vec<_>>(), expected);
    assert_eq!(site.asked("GET", "/base/relative"), 1);
    assert!(site.received().iter().all(|visit| !visit.path.starts_with("/no-")), "{:?}", site.received());
}

#[tokio::test]
async fn addresses_that_are_none_are_malformed() {
    let site = site("<a href='http://'>x</a><a href='https://a b/'>y</a><a href='http://[::1'>z</a>").await;
    let ran = scan(&site).await;
    let broken = listed(facts(&ran), "broken");
    assert_eq!(broken["http://"], "the address is malformed: empty host");
    assert_eq!(broken["https://a b/"], "the address is malformed: invalid international domain name");
    assert_eq!(broken["http://[::1"], "the address is malformed: invalid IPv6 address");
    let long = format!("<a href='/{}'>x</a>", "a".repeat(9000));
    let site = self::site(&long).await;
    assert_eq!(count(facts(&scan(&site).await), "not_checked"), 1);
}

#[tokio::test]
async fn fragments_are_looked_for_in_html_only_and_as_written_first() {
    let html = r##"
        <p id="a%20b"></p><p id="é"></p><a name="old"></a><template><p id="hidden"></p></template>
        <a href="#a%20b">raw</a><a href="#%C3%A9">decoded</a><a href="#old">old</a><a href="#Top">top</a>
        <a href="#old:~:text=x">text</a><a href="#:~:text=x">text alone</a><a href="#hidden">hidden</a>
        <a href="/doc.pdf#page=2">pdf</a><a href="/page#there">there</a><a href="/page#nowhere">nowhere</a>
        <a href="/page#there:~:text=x">text there</a><a href="/moved#gone">moved</a>"##;
    let site = site(html).await;
    let pdf = SiteReply::status(200).header("content-type", "application/pdf").body("%PDF id=\"x\"");
    site.answers("/doc.pdf", [pdf]);
    site.answers("/page", [SiteReply::html("<p id=there>")]);
    site.answers("/moved", [SiteReply::redirect("/page#there")]);
    let ran = scan(&site).await;
    let broken = listed(facts(&ran), "broken");
    assert_eq!(broken.keys().map(String::as_str).collect::<Vec<_>>(), ["#hidden", "/page#nowhere"]);
    assert_eq!(facts(&ran)["links"]["redirected"], serde_json::json!(["/moved#gone"]));
}

#[tokio::test]
async fn the_first_base_counts_and_a_broken_one_is_none() {
    for (base, path) in [
        ("<base target=x><base href=/a/><base href=/b/>", "/a/x"),
        ("<base href='http://'><base href=/b/>", "/x"),
        ("<base href='javascript:x'>", "/x"),
        ("<template><base href=/a/></template>", "/x"),
    ] {
        let site = site(&format!("{base}<a href=x>x</a>")).await;
        scan(&site).await;
        assert_eq!(site.asked("HEAD", path), 1, "{base}");
    }
}

#[tokio::test]
async fn a_page_that_sends_its_visitor_on_is_followed_like_a_redirect() {
    let site = site("<meta http-equiv=refresh content='0; url=/next'>").await;
    site.answers("/next", [SiteReply::redirect("/last")]);
    site.answers(
        "/last",
        [SiteReply::html("<title>last</title><meta http-equiv=refresh content='300; url=/x'>")],
    );
    let ran = scan(&site).await;
    let http = &facts(&ran)["http"];
    assert_eq!(
        (http["title"].as_str(), http["final_url"].as_str()),
        (Some("last"), Some(&*site.page("/last")))
    );
    let hops = serde_json::json!([
        {"from": site.page("/"), "status": 200}, {"from": site.page("/next"), "status": 302}
    ]);
    assert_eq!(http["redirects"], hops);
    // One that shows itself again and again stays where it is, and so does one in a template.
    for html in [
        "<title>t</title><meta http-equiv=refresh content='5'>",
        "<title>t</title><meta http-equiv=refresh content='0;url=/'>",
        "<title>t</title><template><meta http-equiv=refresh content='0;url=/x'></template>",
    ] {
        let site = self::site(html).await;
        assert_eq!(facts(&scan(&site).await)["http"]["title"], "t", "{html}");
    }
}

#[tokio::test]
async fn pages_that_send_their_visitor_in_circles_fail_after_as_many_hops_as_redirects() {
    let site = site("<meta http-equiv=refresh content='0; url=/b'>").await;
    site.answers("/b", [SiteReply::status(200).header("refresh", "0;url=/")]);
    let ran = scan(&site).await;
    assert_eq!(ran.status(), ObjectStatus::Failed);
    assert_eq!(reason(&ran, &site), "`127.0.0.1` redirects more than 5 times");
    assert_eq!(site.asked("GET", "/") + site.asked("GET", "/b"), 6);
}
