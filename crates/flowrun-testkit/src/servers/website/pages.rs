//! The documents and the headers they are served with.

use std::fmt::Write as _;

use super::{shop, tall};

/// A document and its headers.
pub(super) struct Served {
    pub(super) headers: Vec<(&'static str, &'static str)>,
    pub(super) html: String,
}

/// The page at `path` of the website at `base`; `None` when there is none. `query` picks a variant of those that have some.
pub(super) fn page(path: &str, query: &str, base: &str) -> Option<Served> {
    let html = match path {
        "/" => sound(path, base, "Start", START),
        "/good" => sound(path, base, "Good", IMAGE),
        "/privacy" => sound(path, base, "Privacy", "<p>We keep nothing.</p>"),
        "/terms" => sound(path, base, "Terms", "<p>Be kind.</p>"),
        "/shop" => shop::page(path, query, base),
        "/tall" => tall::page(path, query, base),
        "/ua" => sound(path, base, "Who asks", "<pre id=\"seen\"></pre>"),
        "/about" => {
            let html = sound(path, base, "About", IMAGE);
            let html = html.replace(DESCRIPTION, "").replace(" alt=\"A square\"", "");
            let headers = [CACHED, &SAFE[2..]].concat();
            return Some(Served { headers, html });
        }
        "/bad" => return Some(Served { headers: vec![("set-cookie", "track=1")], html: BAD.to_owned() }),
        _ => return None,
    };
    Some(Served { headers: [CACHED, SAFE].concat(), html })
}

const CACHED: &[(&str, &str)] =
    &[("cache-control", "max-age=600"), ("content-type", "text/html; charset=utf-8")];

/// What a careful site sends. `/about` lacks the first two.
const SAFE: &[(&str, &str)] = &[
    ("content-security-policy", "default-src 'self'; frame-ancestors 'none'"),
    ("permissions-policy", "camera=(), geolocation=()"),
    ("referrer-policy", "no-referrer"),
    ("strict-transport-security", "max-age=31536000; includeSubDomains"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
];

const START: &str = "<p><a href=\"/about\">About us</a>, <a href=\"/shop\">our shop</a> and \
    <a href=\"/tall\">a long story</a>. <a href=\"/ua\">Who are you?</a></p>";
const DESCRIPTION: &str = "<meta name=\"description\" content=\"A page of the flowrun test website.\">\n";
const IMAGE: &str = "<p><img src=\"/img/1.png\" alt=\"A square\" width=\"8\" height=\"8\"></p>";

/// A page without defects.
pub(super) fn sound(path: &str, base: &str, title: &str, content: &str) -> String {
    let mut html = String::new();
    write!(
        html,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title} – flowrun test website</title>\n\
         {DESCRIPTION}<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <link rel=\"canonical\" href=\"{base}{path}\">\n<link rel=\"stylesheet\" href=\"/style.css\">\n\
         <script src=\"/app.js\" defer></script>\n</head>\n<body>\n<h1 id=\"top\">{title}</h1>\n{content}\n\
         <h2>More</h2>\n<ul>\n<li><a href=\"/\">Start</a></li>\n<li><a href=\"/good\">Good</a></li>\n\
         <li><a href=\"/privacy\">Privacy policy</a></li>\n<li><a href=\"/terms\">Terms of service</a></li>\n\
         <li><a href=\"#top\">Up</a></li>\n</ul>\n</body>\n</html>\n"
    )
    .expect("a String takes whatever is written to it");
    html
}

/// Everything wrong at once. Served without `content-type` parameters, so that no charset is known.
const BAD: &str = r#"<html>
<head>
<script src="/app.js"></script>
</head>
<body>
<h1>Welcome</h1>
<h1>Welcome again</h1>
<h4>Too deep at once</h4>
<p id="twice">One</p>
<p id="twice">Two</p>
<img src="/img/2.png">
<img src="/img/999.png">
<a href="/missing">Gone</a>
<a href="/good#nowhere">Nowhere on a good page</a>
<a href="/good"></a>
<button></button>
<form>
<input type="email" name="email">
<input type="password" name="password">
</form>
<img src="/img/3.png" loading="lazy">
<p id="clock"></p>
<p id="ad"></p>
<p style="color: #ccc">Hard to read</p>
<div class="restless">Restless</div>
<style>
.restless { animation: restless 1s infinite alternate; }
@keyframes restless { to { margin-left: 100px; } }
</style>
<table id="rows"></table>
<script>
document.title = "";
const tick = () => { document.getElementById("clock").textContent = new Date().toISOString(); };
tick();
setInterval(tick, 100);
document.getElementById("ad").textContent = "Advertisement " + Math.random();
console.log("bad: a word to developers");
console.warn("bad: a warning");
console.error("bad: an error");
fetch("/api/500");
Promise.reject(new Error("bad: nobody catches this"));
setTimeout(() => {
    for (let row = 1; row <= 12; row++)
        document.getElementById("rows").insertAdjacentHTML("beforeend", `<tr><td>Row ${row}</td></tr>`);
}, 800);
nobodyDefinedThis();
</script>
</body>
</html>
"#;

pub(super) const STYLE: &str = r#"body { color: #1d2733; background: #fff; font: 16px/1.5 "Liberation Sans", sans-serif; margin: 32px 40px; max-width: 960px; }
a { color: #1257a8; }
.offer { display: flex; gap: 40px; }
.price { font-size: 22px; font-weight: bold; }
.small { font-size: 12px; color: #555; }
.button { display: inline-block; padding: 10px 24px; border-radius: 6px; background: #b3261e; color: #fff; text-decoration: none; }
table { border-collapse: collapse; width: 100%; }
td { border-bottom: 1px solid #ddd; padding: 6px; }
.v-button .button { margin-left: 3px; }
.v-image img { visibility: hidden; }
.v-shift { margin-top: 33px; }
.v-smooth p { transform: translateX(0.4px); }
.band { box-sizing: border-box; height: 480px; padding: 24px; }
.band:nth-child(even) { background: #eef3f8; }
.v-2 .band:nth-of-type(4) { background: #ffe3c7; }
"#;
pub(super) const SCRIPT: &str = r#""use strict";
const seen = document.getElementById("seen");
if (seen) seen.textContent = navigator.userAgent + "\n" + innerWidth + " x " + innerHeight;
"#;
