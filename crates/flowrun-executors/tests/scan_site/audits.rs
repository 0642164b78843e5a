//! What audits say, case by case: each line is a page and the verdict its standard leads to.

use flowrun_executors::scan::{ScanExecutor, ScanSettings};
use flowrun_testkit::servers::{ScriptedSite, SiteReply};
use serde_json::Value;

use super::common::{NO_SECRETS, run};
use super::{facts, scan, task, tls};

/// The verdict of one audit.
fn verdict(facts: &Value, name: &str) -> String {
    let categories = facts["security"]["audits"].as_object().unwrap().values();
    let mut audits =
        categories.chain([&facts["basic"]["audits"]]).flat_map(|audits| audits.as_array().unwrap());
    let audit = audits.find(|audit| audit["name"] == name).unwrap_or_else(|| panic!("no audit `{name}`"));
    audit["verdict"].as_str().unwrap().to_owned()
}

/// Scans every page over http and compares the verdict on it.
async fn expect(audit: &str, cases: Vec<(&str, SiteReply)>) {
    for (expected, reply) in cases {
        let site = ScriptedSite::start().await.unwrap();
        site.answers("/", [reply.clone()]);
        let ran = scan(&site).await;
        assert_eq!(verdict(facts(&ran), audit), expected, "{audit} of {reply:?}");
    }
}

/// As [`expect`], over https.
async fn expect_over_https(audit: &str, cases: Vec<(&str, SiteReply)>) {
    for (expected, reply) in cases {
        let site = ScriptedSite::start().await.unwrap();
        site.answers("/", [reply.clone()]);
        let (address, guard) = tls::in_front_of(site.addr()).await;
        let executor = ScanExecutor::new(guard, ScanSettings::new());
        let ran = run(executor, task(&format!("https://{address}/")), NO_SECRETS).await;
        assert_eq!(verdict(facts(&ran), audit), expected, "{audit} of {reply:?}");
    }
}

/// A page without content and these headers.
fn headers(headers: &[(&str, &str)]) -> SiteReply {
    headers.iter().fold(SiteReply::html("<p>x"), |reply, (name, value)| reply.header(*name, value))
}

fn header(name: &str, value: &str) -> SiteReply {
    headers(&[(name, value)])
}

fn html(body: &str) -> SiteReply {
    SiteReply::html(body)
}

#[tokio::test]
async fn robots_are_heard_wherever_and_however_they_are_told() {
    let robots = |content: &str| html(&format!("<meta name=ROBOTS content='{content}'>"));
    let tag = |value| header("x-robots-tag", value);
    let both = "<meta name=robots content=follow><meta name=robots content='noarchive, NoIndex'>";
    expect(
        "noindex",
        vec![
            ("pass", html("")),
            ("pass", robots("index, follow")),
            ("pass", robots("noindexifembedded")),
            ("warning", robots("noindex")),
            ("warning", robots("none")),
            ("warning", robots("nofollow , NONE")),
            ("warning", html(both)),
            ("warning", html("<meta name=googlebot content=noindex>")),
            ("pass", html("<template><meta name=robots content=noindex></template>")),
            ("warning", tag("none")),
            ("warning", tag("max-snippet:10, noindex")),
            ("warning", tag("googlebot: noindex")),
            ("pass", tag("otherbot: noindex, nofollow")),
            ("warning", headers(&[("x-robots-tag", "nofollow"), ("x-robots-tag", "noindex")])),
        ],
    )
    .await;
}

#[tokio::test]
async fn headers_of_browsers_are_read_as_browsers_read_them() {
    let nosniff = "x-content-type-options";
    expect(
        nosniff,
        vec![
            ("pass", header(nosniff, "nosniff")),
            ("pass", header(nosniff, "NoSniff, nosniff")),
            ("pass", headers(&[(nosniff, "nosniff"), (nosniff, "x")])),
            ("warning", header(nosniff, "x, nosniff")),
            ("warning", header(nosniff, ", nosniff")),
            ("warning", header(nosniff, "nosniff; x")),
        ],
    )
    .await;
    let policy = |value| header("referrer-policy", value);
    let in_both =
        SiteReply::html("<meta name=referrer content=always>").header("referrer-policy", "no-referrer");
    expect(
        "referrer-policy",
        vec![
            ("warning", html("")),
            ("pass", policy("no-referrer")),
            ("pass", policy("no-referrer, no-referrer")),
            ("pass", policy("unsafe-url, strict-origin")),
            ("pass", policy("strict-origin, something-new")),
            ("warning", policy("no-referrer, unsafe-url")),
            ("warning", headers(&[("referrer-policy", "no-referrer"), ("referrer-policy", "UNSAFE-URL")])),
            ("warning", policy("something-new")),
            ("warning", policy("origin")),
            ("warning", in_both),
            ("pass", html("<meta name=referrer content=never>")),
        ],
    )
    .await;
    let options = "x-frame-options";
    let csp = "content-security-policy";
    expect(
        "frame-protection",
        vec![
            ("pass", header(options, "DENY")),
            ("pass", header(options, "SAMEORIGIN, sameorigin")),
            ("pass", headers(&[(options, "DENY"), (options, "SAMEORIGIN")])),
            ("warning", header(options, "ALLOW-FROM https://a.example")),
            ("warning", header(options, "ALLOWALL")),
            ("pass", header(csp, "frame-ancestors 'none'")),
            ("pass", header(csp, "frame-ancestors")),
            ("pass", header(csp, "default-src *; Frame-Ancestors 'self' https://a.example")),
            ("warning", header(csp, "frame-ancestors *")),
            ("warning", header(csp, "frame-ancestors https:")),
            ("warning", headers(&[(csp, "frame-ancestors *"), (options, "DENY")])),
            ("pass", header(csp, "frame-ancestors *, frame-ancestors 'self'")),
            ("warning", header("content-security-policy-report-only", "frame-ancestors 'none'")),
            ("warning", html("<meta http-equiv=Content-Security-Policy content=\"frame-ancestors 'none'\">")),
        ],
    )
    .await;
    expect(
        "permissions-policy",
        vec![
            ("pass", header("permissions-policy", "camera=(), microphone=(self)")),
            ("pass", headers(&[("permissions-policy", "camera=()"), ("permissions-policy", "camera=()")])),
            ("warning", header("permissions-policy", "camera 'none'")),
            ("warning", header("permissions-policy", " ")),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_policy_without_force_is_no_policy() {
    let csp = "content-security-policy";
    let meta = "<meta http-equiv=content-security-policy content=\"default-src 'self'\">";
    expect(
        "csp",
        vec![
            ("warning", html("")),
            ("warning", header(csp, "")),
            ("warning", header(csp, " ; ;")),
            ("pass", header(csp, "default-src 'self'")),
            ("pass", header(csp, "default-src 'self', default-src 'self'")),
            ("pass", headers(&[(csp, "img-src *"), (csp, "script-src 'none'")])),
            ("warning", header(csp, "default-src *")),
            ("warning", header(csp, "script-src 'self' 'unsafe-inline'")),
            ("pass", header(csp, "script-src 'nonce-x' 'unsafe-inline'")),
            ("warning", header(csp, "upgrade-insecure-requests")),
            ("warning", header("content-security-policy-report-only", "default-src 'self'")),
            ("pass", html(meta)),
            ("warning", html(&format!("<template>{meta}</template>"))),
        ],
    )
    .await;
}

#[tokio::test]
async fn hsts_counts_over_https_and_for_long_enough() {
    let hsts = |value| header("strict-transport-security", value);
    expect("hsts", vec![("warning", hsts("max-age=31536000")), ("warning", html(""))]).await;
    let twice = ["max-age=31536000", "max-age=0"].map(|value| ("strict-transport-security", value));
    expect_over_https(
        "hsts",
        vec![
            ("pass", hsts("max-age=31536000; includeSubDomains")),
            ("pass", hsts("includeSubDomains; MAX-AGE=\"63072000\"; preload")),
            ("pass", headers(&twice)),
            ("warning", html("")),
            ("warning", hsts("max-age=0")),
            ("warning", hsts("max-age=3600")),
            ("warning", hsts("includeSubDomains")),
            ("warning", hsts("max-age=31536000; max-age=31536000")),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_an_https_page_takes_over_http_is_found_in_every_element() {
    let form = |attributes: &str| html(&format!("<form {attributes}><button>x</button></form>"));
    let button = "<form action='https://a.example/'><button formaction='http://a.example/'>x</button></form>";
    let upgraded = html("<img src='http://a.example/a.png'>")
        .header("content-security-policy", "upgrade-insecure-requests");
    expect_over_https(
        "insecure-subresource-request",
        vec![
            ("pass", html("<img src=/a.png><a href='http://a.example/'>x</a>")),
            ("fail", html("<img srcset='http://a.example/a.png 2x'>")),
            ("fail", html("<video poster='http://a.example/a.png'></video>")),
            ("fail", html("<object data='http://a.example/a'></object>")),
            ("fail", html("<link rel='shortcut icon' href='http://a.example/a'>")),
            ("pass", html("<link rel=canonical href='http://a.example/'>")),
            ("pass", html("<template><img src='http://a.example/a.png'></template>")),
            (
                "fail",
                html("<div><template shadowrootmode=open><img src='http://a.example/a'></template></div>"),
            ),
            ("pass", upgraded),
        ],
    )
    .await;
    expect_over_https(
        "insecure-form-target",
        vec![
            ("pass", form("action=/x")),
            ("pass", form("")),
            ("fail", form("action='http://a.example/'")),
            ("fail", html(button)),
        ],
    )
    .await;
}

#[tokio::test]
async fn cookies_are_those_a_browser_keeps() {
    let cookie = |value| header("set-cookie", value);
    let good = "a=b; Secure; HttpOnly; SameSite=Lax";
    let taken_away = [("set-cookie", "a=b"), ("set-cookie", "a=; Max-Age=0")];
    let replaced = [("set-cookie", "a=b"), ("set-cookie", good)];
    expect(
        "cookie-secure",
        vec![
            ("not_applicable", html("")),
            ("pass", cookie(good)),
            ("warning", cookie("a=b; HttpOnly")),
            ("warning", cookie("__Host-a=b; Secure; Path=/; Domain=a.example")),
            ("pass", cookie("__Host-a=b; Secure; Path=/")),
            ("warning", cookie("a=b; SameSite=None")),
            ("not_applicable", cookie("a=; expires=Thu, 01 Jan 1970 00:00:00 GMT")),
            ("not_applicable", headers(&taken_away)),
            ("pass", headers(&replaced)),
            ("warning", headers(&[("set-cookie", good), ("set-cookie", "b=c")])),
        ],
    )
    .await;
    expect(
        "cookie-samesite",
        vec![
            ("pass", cookie(good)),
            ("pass", cookie("a=b; samesite=STRICT")),
            ("warning", cookie("a=b; SameSite")),
            ("warning", cookie("a=b; SameSite=sometimes")),
        ],
    )
    .await;
    expect("cookie-httponly", vec![("pass", cookie(good)), ("warning", cookie("httponly=a"))]).await;
}

#[tokio::test]
async fn cookies_of_redirects_are_seen() {
    let site = ScriptedSite::start().await.unwrap();
    site.answers("/", [SiteReply::redirect("/2").header("set-cookie", "a=b")]);
    let on = "<meta http-equiv=refresh content='0;url=/3'>";
    site.answers("/2", [SiteReply::html(on).header("set-cookie", "c=d; Secure")]);
    site.answers("/3", [SiteReply::html("<p>x")]);
    let ran = scan(&site).await;
    assert_eq!(verdict(facts(&ran), "cookie-secure"), "warning");
    let audits = facts(&ran)["security"]["audits"]["browser"].as_array().unwrap();
    let detail = &audits.iter().find(|audit| audit["name"] == "cookie-secure").unwrap()["detail"];
    assert_eq!(detail, "1 of 2 cookies are not `secure`");
}

#[tokio::test]
async fn what_is_not_shown_is_not_audited() {
    let hidden = |content: &str| html(&format!("<template>{content}</template>"));
    let twice = "<p id=a></p><template><p id=a></p></template>";
    let shadow = "<p id=a></p><div><template shadowrootmode=open><p id=a></p></template></div>";
    for (audit, content, without, with) in [
        ("image-alt", "<img src=x>", "pass", "fail"),
        ("empty-links", "<a href=x></a>", "pass", "fail"),
        ("form-labels", "<input>", "pass", "fail"),
        ("one-h1", "<h1>x</h1>", "warning", "pass"),
        ("title", "<title>x</title>", "fail", "pass"),
        ("inline-script", "<script>x()</script>", "pass", "fail"),
        ("privacy-link", "<a href=/privacy>x</a>", "fail", "pass"),
    ] {
        expect(audit, vec![(with, html(content)), (without, hidden(content))]).await;
    }
    expect("duplicate-ids", vec![("pass", html(twice)), ("pass", html(shadow))]).await;
    expect("duplicate-ids", vec![("fail", html("<p id=a></p><p id=a></p>"))]).await;
}

#[tokio::test]
async fn names_are_asked_of_what_people_meet() {
    expect(
        "image-alt",
        vec![
            ("pass", html("<img alt=''>")),
            ("pass", html("<img role=presentation>")),
            ("pass", html("<img role='none img'>")),
            ("fail", html("<img role=presentation tabindex=0>")),
            ("pass", html("<img aria-hidden=true>")),
            ("pass", html("<div aria-hidden=true><img></div>")),
            ("pass", html("<div hidden><img></div>")),
            ("pass", html("<img aria-label=x>")),
            ("fail", html("<img aria-label=' '>")),
            ("fail", html("<img role=img>")),
        ],
    )
    .await;
    expect(
        "empty-links",
        vec![
            ("pass", html("<a href=x><img alt=y></a>")),
            ("pass", html("<a href=x><svg><title>y</title></svg></a>")),
            ("fail", html("<a href=x><img alt=''></a>")),
            ("fail", html("<a href=x><span aria-hidden=true>y</span></a>")),
            ("fail", html("<a href=x><script>y</script></a>")),
            ("pass", html("<a href=x hidden></a>")),
            ("pass", html("<a></a>")),
        ],
    )
    .await;
    expect(
        "viewport",
        vec![
            ("pass", html("<meta name=viewport content='width=device-width'>")),
            ("fail", html("<meta name=viewport content='user-scalable=yes'>")),
            ("warning", html("<meta name=viewport content='width=device-width, user-scalable=no'>")),
            ("warning", html("<meta name=viewport content='initial-scale=1, maximum-scale=1'>")),
        ],
    )
    .await;
    expect(
        "lang",
        vec![
            ("pass", html("<html lang=de-CH-1996>")),
            ("fail", html("<html lang=' '>")),
            ("fail", html("<html lang='de_CH'>")),
            ("fail", html("<p lang=de>")),
        ],
    )
    .await;
}

#[tokio::test]
async fn legal_pages_are_found_by_whole_words_in_many_languages() {
    let link = |href: &str, text: &str| html(&format!("<meta charset=utf-8><a href='{href}'>{text}</a>"));
    expect(
        "terms-link",
        vec![
            ("pass", link("/legal/tos", "x")),
            ("pass", link("/x", "Terms <b>of</b> Service")),
            ("pass", link("/x", "Nutzungsbedingungen")),
            ("pass", link("/x", "利用規約")),
            ("pass", link("/x?page=terms-of-use", "x")),
            ("warning", link("/toshiba-laptops", "Laptops")),
            ("warning", link("/x", "Photos")),
            ("warning", link("/medical-conditions", "x")),
            ("warning", html("<a>Terms</a>")),
        ],
    )
    .await;
    expect(
        "privacy-link",
        vec![
            ("pass", link("/datenschutz", "x")),
            ("pass", link("/x", "Política de privacidad")),
            ("pass", link("/confidentialit%C3%A9", "x")),
            ("fail", link("/privacy-screens", "Privacy screens for laptops")),
        ],
    )
    .await;
}

#[tokio::test]
async fn scripts_and_trackers_are_what_runs() {
    let gtm = "<script>(function(){s.src='https://www.googletagmanager.com/gtm.js'})()</script>";
    expect(
        "trackers",
        vec![
            ("pass", html("<script>x()</script>")),
            ("warning", html(gtm)),
            ("pass", html("<script type=text/plain>'https://www.googletagmanager.com/'</script>")),
            ("warning", html("<img srcset='https://www.google-analytics.com/x 1x'>")),
            ("pass", html("<a href='https://www.google-analytics.com/'>x</a>")),
        ],
    )
    .await;
    expect(
        "inline-script",
        vec![
            ("pass", html("<script type=application/ld+json>{}</script>")),
            ("fail", html("<script type='text/jscript'>x()</script>")),
            ("fail", html("<script nonce=''>x()</script>")),
            ("pass", html("<script nonce=a>x()</script>")),
        ],
    )
    .await;
    expect(
        "missing-sri",
        vec![
            ("fail", html("<script src='https://cdn.example/x.js' integrity=''></script>")),
            ("fail", html("<script src='https://cdn.example/x.js' integrity='md5-x'></script>")),
            ("pass", html("<script src='https://cdn.example/x.js' integrity='sha384-x'></script>")),
        ],
    )
    .await;
    expect(
        "blocking-scripts",
        vec![
            ("warning", html("<head><script src=x></script>")),
            ("pass", html("<head><script src=x type=text/template></script>")),
            ("pass", html("<head><script src=x nomodule></script>")),
        ],
    )
    .await;
}

#[tokio::test]
async fn forms_are_their_fields_and_their_buttons() {
    let field = "<input type=password form=f>";
    expect(
        "sensitive-get",
        vec![
            ("not_applicable", html("<form></form>")),
            ("fail", html(&format!("<form id=f></form>{field}"))),
            ("pass", html(&format!("<form id=f method=post></form>{field}"))),
        ],
    )
    .await;
    expect("sensitive-insecure-page", vec![("fail", html("<input type=password>"))]).await;
    expect(
        "form-submits-securely",
        vec![
            ("pass", html("<form action='https://a.example/'></form>")),
            ("fail", html("<form action='https://a.example/'><button formaction=/x>x</button></form>")),
            ("fail", html("<form action='mailto:a@a.example'></form>")),
            ("not_applicable", html("<form method=dialog></form>")),
        ],
    )
    .await;
    let personal = |attributes: &str| html(&format!("<input {attributes}>"));
    expect(
        "personal-data-without-notice",
        vec![
            ("fail", personal("type=email")),
            ("fail", personal("autocomplete='section-a billing given-name'")),
            ("not_applicable", personal("autocomplete=off")),
        ],
    )
    .await;
}

#[tokio::test]
async fn documents_are_declared_as_their_standards_ask() {
    let typed = |kind: &str| SiteReply::status(200).header("content-type", kind).body("<p>x");
    let late = format!("<!--{}--><meta charset=utf-8>", " ".repeat(2000));
    expect(
        "charset",
        vec![
            ("fail", html("<p>x")),
            ("pass", html("<meta charset=utf-8>")),
            ("pass", typed("text/html; charset=UTF-8")),
            ("warning", typed("text/html; charset=iso-8859-1")),
            ("warning", html(&late)),
        ],
    )
    .await;
    expect(
        "doctype",
        vec![
            ("pass", html("<!DOCTYPE HTML>")),
            ("fail", html("<p>x")),
            ("fail", html("<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3.2//EN\">")),
        ],
    )
    .await;
    let canonical = "<link rel=canonical href=/a>";
    expect(
        "canonical",
        vec![
            ("pass", html(canonical)),
            ("pass", header("link", "</a>; rel=\"canonical\"")),
            ("warning", header("link", "</a>; rel=preload")),
            ("warning", html(&format!("{canonical}<link rel=canonical href=/b>"))),
            ("pass", html(&format!("{canonical}{canonical}"))),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_missing_robots_file_forbids_nothing_and_a_failing_one_everything() {
    for (status, expected) in [(200, "pass"), (404, "not_applicable"), (500, "warning")] {
        let site = ScriptedSite::start().await.unwrap();
        site.answers("/", [html("")]);
        site.answers("/robots.txt", [SiteReply::status(status)]);
        assert_eq!(verdict(facts(&scan(&site).await), "robots-txt"), expected, "{status}");
    }
}
