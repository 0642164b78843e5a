//! Encodings and character sets: what a scan makes of the bytes that are sent.

use flowrun_testkit::servers::{ScriptedSite, SiteReply};

use super::{facts, reason, scan};

/// The title of the page that is served as `reply`, or why there is none.
async fn title(reply: SiteReply) -> String {
    let site = ScriptedSite::start().await.unwrap();
    site.answers("/", [reply]);
    let ran = scan(&site).await;
    let title = facts(&ran)["http"]["title"].as_str().map(str::to_owned);
    title.unwrap_or_else(|| reason(&ran, &site))
}

#[tokio::test]
async fn a_plain_page_is_read_whatever_encoding_it_claims() {
    for claimed in ["none", "utf-8", "br", "identity", "none, text/html", ""] {
        let page = SiteReply::html("<title>plain</title>").header("content-encoding", claimed);
        assert_eq!(title(page).await, "plain", "{claimed}");
    }
}

#[tokio::test]
async fn a_page_that_cannot_be_read_says_so() {
    let binary = SiteReply::html(&b"\x0b\x02\x80hello\x03"[..]).header("content-encoding", "br");
    assert_eq!(
        title(binary).await,
        "`HOST` sent a body that does not decode as `br`: the encoding is not known, and the body is not text \
         without it"
    );
    let cut = SiteReply::html(&b"\x1f\x8b\x08"[..]).header("content-encoding", "gzip");
    assert!(title(cut).await.starts_with("`HOST` sent a body that does not decode as `gzip`"));
}

/// Text as UTF-16.
fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(to_bytes).collect()
}

#[tokio::test]
async fn titles_are_read_in_the_character_set_browsers_would_use() {
    let html = |body: &[u8]| SiteReply::html(body);
    let typed = |kind: &str, body: &[u8]| SiteReply::status(200).header("content-type", kind).body(body);
    let late = [b"<!--", &[b' '; 2000][..], b"--><meta charset=koi8-r><title>\xcd\xc9\xd2</title>"].concat();
    let cases: Vec<(&str, SiteReply, &str)> = vec![
        ("header", typed("text/html; charset=ISO-8859-1", b"<title>caf\xe9 \x80</title>"), "café €"),
        ("quoted", typed("text/html; charset=\"windows-1251\"", b"<title>\xec\xe8\xf0</title>"), "мир"),
        ("meta", html(b"<meta charset=shift_jis><title>\x93\xfa\x96{</title>"), "日本"),
        (
            "pragma",
            html(b"<meta http-equiv=content-type content='text/html; charset=gbk'><title>\xc4\xe3"),
            "你",
        ),
        (
            "header wins",
            typed("text/html; charset=utf-8", "<meta charset=big5><title>é</title>".as_bytes()),
            "é",
        ),
        ("unknown header", typed("text/html; charset=klingon", b"<meta charset=latin1><title>\xe9"), "é"),
        ("mark wins", typed("text/html; charset=big5", "\u{feff}<title>é</title>".as_bytes()), "é"),
        ("UTF-16 LE", html(&utf16("\u{feff}<title>é</title>", u16::to_le_bytes)), "é"),
        ("UTF-16 BE", html(&utf16("\u{feff}<title>é</title>", u16::to_be_bytes)), "é"),
        ("UTF-16 in meta is UTF-8", html("<meta charset=utf-16><title>é</title>".as_bytes()), "é"),
        ("late meta", html(&late), "мир"),
        ("nothing but UTF-8", html("<title>é</title>".as_bytes()), "é"),
        ("nothing", html(b"<title>caf\xe9</title>"), "café"),
        ("XML", html(b"<?xml version='1.0' encoding='iso-8859-2'?><title>\xb3</title>"), "ł"),
    ];
    for (case, reply, expected) in cases {
        assert_eq!(title(reply).await, expected, "{case}");
    }
}

#[tokio::test]
async fn links_of_legacy_pages_are_written_as_browsers_write_them() {
    let site = ScriptedSite::start().await.unwrap();
    let page = b"<meta charset=latin1><a href='/caf\xe9?q=\xe9'>a</a><a href='/x?q=\x80'>b</a>";
    site.answers("/", [SiteReply::html(&page[..])]);
    // The path in UTF-8, the query in the character set of the page.
    site.answers("/caf%C3%A9?q=%E9", [SiteReply::html("")]);
    site.answers("/x?q=%80", [SiteReply::html("")]);
    let ran = scan(&site).await;
    assert_eq!(facts(&ran)["links"]["counts"]["broken"], 0, "{}", facts(&ran)["links"]);
    assert_eq!(facts(&ran)["http"]["charset"], "windows-1252");
    assert_eq!((site.asked("HEAD", "/caf%C3%A9?q=%E9"), site.asked("HEAD", "/x?q=%80")), (1, 1));
}
