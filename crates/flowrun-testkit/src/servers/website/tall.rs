//! A page that is higher than every screen, in two versions: one of its bands has another colour in the second.

use std::fmt::Write as _;

use super::pages::sound;

/// Bands of 480 pixels.
const BANDS: usize = 8;

pub(super) fn page(path: &str, query: &str, base: &str) -> String {
    let mut bands = String::new();
    for band in 1..=BANDS {
        writeln!(bands, "<section class=\"band\">\n<h2>Chapter {band}</h2>\n<p>It went on.</p>\n</section>")
            .expect("a String takes whatever is written to it");
    }
    let page = sound(path, base, "A long story", &format!("<div>\n{bands}</div>"));
    if query == "v=2" { page.replace("<body>", "<body class=\"v-2\">") } else { page }
}
