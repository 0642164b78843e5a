//! Which pages of a site are found.

use std::time::Duration;

use flowrun_executors::scan::{Discovered, Discovery, DiscoveryError};
use flowrun_guard::Url;
use flowrun_testkit::servers::{RawReply, RawServer};

use crate::common::guard;

const ROBOTS: &str = "User-agent: *\nDisallow: /private\nSitemap: /map.xml\n";

/// A site of pages that link to each other.
async fn site(robots: RawReply) -> RawServer {
    let reply = |status: &str, kind: &str, body: &str| {
        let length = body.len();
        RawReply::bytes(format!(
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
    };
    RawServer::start(move |request| match request.path() {
        "/robots.txt" => robots.clone(),
        "/" => reply("200 OK", "text/html", "<a href=/a#x>a</a><a href=/b?c=1>b</a><a href=/private/x>x</a>
            <a href=//other.example/>other</a><a href=mailto:x>mail</a><a href=/file.pdf>file</a><a href=/moved>m</a>"),
        "/a" => reply("200 OK", "text/html", "<base href=/deep/><a href=er>deeper</a><a href=/gone>gone</a><a href=/>home</a>"),
        "/b?c=1" | "/deep/er" | "/private/x" => reply("200 OK", "text/html; charset=utf-8", "<p>end"),
        "/file.pdf" => reply("200 OK", "application/pdf", "%PDF"),
        "/moved" => RawReply::bytes("HTTP/1.1 302 Found\r\nlocation: /private/y\r\ncontent-length: 0\r\n\r\n"),
        "/map.xml" => reply("200 OK", "application/xml", "<sitemapindex><sitemap><loc>/pages.xml</loc></sitemap></sitemapindex>"),
        "/pages.xml" => reply("200 OK", "application/xml", "<urlset><url><loc>/a</loc></url><url><loc>/private/x</loc></url>
            <url><loc>/a#again</loc></url><url><loc>http://other.example/</loc></url><url><loc>/listed</loc></url></urlset>"),
        _ => reply("404 Not Found", "text/html", "nothing"),
    })
    .await
    .unwrap()
}

fn robots(status: &str) -> RawReply {
    RawReply::bytes(format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{ROBOTS}", ROBOTS.len()))
}

async fn discover(
    site: &RawServer,
    source: &str,
    change: impl FnOnce(Discovery) -> Discovery,
) -> Result<(Vec<String>, Discovered), DiscoveryError> {
    let discovery = Discovery::new(guard(&[site.addr()]), source.parse().unwrap()).delay(Duration::ZERO);
    let found = change(discovery).pages(&Url::parse(&site.url()).unwrap()).await?;
    let path = |url: &Url| url.as_str().strip_prefix(&site.url()).unwrap().to_owned();
    Ok((found.pages.iter().map(path).collect(), found))
}

#[tokio::test]
async fn links_are_followed_as_far_as_the_site_lets_us() {
    let site = site(robots("200 OK")).await;
    let (pages, found) = discover(&site, "crawl", |discovery| discovery).await.unwrap();
    assert_eq!(pages, ["/", "/a", "/b?c=1", "/deep/er"]);
    assert_eq!((found.disallowed, found.excluded, found.more), (2, 0, false));
    let asked = |path: &str| site.received().iter().filter(|request| request.path() == path).count();
    assert_eq!((asked("/a"), asked("/private/x"), asked("/robots.txt")), (1, 0, 1));
    assert_eq!(asked("/private/y"), 0, "where a redirect leads is asked about as well");
    // The twin: without the file the same page is found.
    let (pages, _) = discover(&site, "crawl", |discovery| discovery.robots(false)).await.unwrap();
    assert!(pages.contains(&"/private/x".to_owned()), "{pages:?}");
    assert_eq!(asked("/private/x"), 1);
}

#[tokio::test]
async fn what_is_excluded_or_too_much_is_left_out() {
    let site = site(robots("404 Not Found")).await;
    let (pages, found) = discover(&site, "crawl:2", |discovery| discovery).await.unwrap();
    assert_eq!((pages, found.more), (vec!["/".to_owned(), "/a".to_owned()], true));
    let exclude =
        |discovery: Discovery| discovery.exclude("/a".parse().unwrap()).exclude("/*x".parse().unwrap());
    let (pages, found) = discover(&site, "crawl", exclude).await.unwrap();
    assert_eq!(pages, ["/", "/b?c=1"]);
    assert_eq!(found.excluded, 2);
    let nothing = discover(&site, "crawl", |discovery| discovery.exclude("/".parse().unwrap())).await;
    assert!(matches!(nothing, Err(DiscoveryError::NoPages { excluded: 1, .. })), "{nothing:?}");
}

#[tokio::test]
async fn a_sitemap_lists_pages_or_further_sitemaps() {
    let mapped = site(robots("200 OK")).await;
    let (pages, found) = discover(&mapped, "sitemap", |discovery| discovery).await.unwrap();
    assert_eq!(pages, ["/a", "/listed"]);
    assert_eq!(found.disallowed, 1);
    let unmapped = site(robots("404 Not Found")).await;
    let error = discover(&unmapped, "sitemap", |discovery| discovery).await.unwrap_err().to_string();
    assert_eq!(error, "could not read a sitemap: `/sitemap.xml` answers 404");
}

#[tokio::test]
async fn a_site_that_cannot_say_what_is_allowed_is_left_alone() {
    let busy = site(robots("503 Service Unavailable")).await;
    let error = discover(&busy, "crawl", |discovery| discovery).await.unwrap_err().to_string();
    assert_eq!(error, "could not read `/robots.txt`, so no page may be looked for: it answers 503");
    assert_eq!(busy.received().len(), 1);
    let (pages, _) = discover(&busy, "crawl:1", |discovery| discovery.robots(false)).await.unwrap();
    assert_eq!(pages, ["/"]);
}
