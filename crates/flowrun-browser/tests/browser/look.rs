//! What a look at a page brings.

use flowrun_browser::LogLevel;

use crate::setup::{answer, html, page, serve, session};

const DEFECTS: &str = "<h1>Rows</h1><ul id=rows></ul><img src=/missing.png alt=missing>
<script>
console.log('said', 1, {a: 1});
console.warn('warned');
console.error('failed');
console.debug('nobody asked');
setTimeout(() => { document.getElementById('rows').innerHTML = '<li>made by a script</li>'; }, 0);
fetch('/broken');
Promise.reject(new Error('promised'));
</script>
<script>
undefined_function();
</script>";

#[tokio::test]
#[ignore = "needs Chromium: cargo xtask tools"]
async fn a_page_is_rendered_and_its_console_read() {
    let server = serve(|request| match request.path() {
        "/" => Some(html(DEFECTS)),
        "/broken" => Some(answer("500 Internal Server Error", "", b"")),
        "/favicon.ico" => Some(answer("204 No Content", "", b"")),
        _ => None,
    })
    .await;
    let session = session(&server);
    let visit = session.visit(&page(&server, "/").screenshot(true)).await.unwrap();
    assert_eq!((visit.status, visit.title.as_str()), (200, "Test"));
    assert_eq!(visit.final_url, server.url() + "/");
    assert!(visit.html.starts_with("<!DOCTYPE html>"), "{}", visit.html);
    assert!(visit.html.contains("<li>made by a script</li>"), "{}", visit.html);
    assert!(visit.product.contains("Chrome/"), "{}", visit.product);
    assert!(visit.ready);
    let url = server.url();
    let lines = visit.logs.entries.iter().map(|entry| {
        let place = entry.url.as_deref().unwrap_or_default().strip_prefix(&url).unwrap_or("-");
        let line = entry.line.unwrap_or(0);
        format!("{} {} {place}:{line} {}", entry.level.name(), entry.source, entry.message)
    });
    let mut lines: Vec<String> = lines.collect();
    lines.sort();
    assert_eq!(
        lines,
        [
            "error console-api /:5 failed",
            "error javascript /:12 Uncaught ReferenceError: undefined_function is not defined",
            "error javascript /:9 Uncaught (in promise) Error: promised",
            "error network /broken:0 Failed to load resource: the server responded with a status of 500 \
             (Internal Server Error)",
            "error network /missing.png:0 Failed to load resource: the server responded with a status of 404 \
             (Not Found)",
            "info console-api /:3 said 1 Object",
            "warning console-api /:4 warned",
        ]
    );
    assert!(visit.logs.entries.iter().any(|entry| entry.level == LogLevel::Error));
    let picture = visit.screenshot.unwrap();
    assert_eq!((picture.width, picture.height), (1920, 1080));
    assert!(picture.png.starts_with(b"\x89PNG"));
    session.close().await;
}
