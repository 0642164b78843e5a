//! The documents and the headers they are served with.

use std::fmt::Write as _;

/// A document and its headers.
pub(super) struct Served {
    pub(super) headers: Vec<(&'static str, &'static str)>,
    pub(super) html: String,
}

/// The page at `path` of the website at `base`; `None` when there is none.
pub(super) fn page(path: &str, base: &str) -> Option<Served> {
    let html = match path {
        "/" => sound(path, base, "Start", "<p><a href=\"/about\">About us</a></p>"),
        "/good" => sound(path, base, "Good", IMAGE),
        "/privacy" => sound(path, base, "Privacy", "<p>We keep nothing.</p>"),
        "/terms" => sound(path, base, "Terms", "<p>Be kind.</p>"),
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

const DESCRIPTION: &str = "<meta name=\"description\" content=\"A page of the flowrun test website.\">\n";
const IMAGE: &str = "<p><img src=\"/img/1.png\" alt=\"A square\" width=\"8\" height=\"8\"></p>";

/// A page without defects.
fn sound(path: &str, base: &str, title: &str, content: &str) -> String {
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
<script>document.title = "";</script>
</body>
</html>
"#;

pub(super) const STYLE: &str = "body { color: #111; background: #fff; font: 16px/1.5 sans-serif; }\n";
pub(super) const SCRIPT: &str = "\"use strict\";\n";
