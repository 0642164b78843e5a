//! Sitemaps (sitemaps.org): lists of pages, or of further lists.

use scraper::{Html, Selector};

/// What a sitemap lists.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sitemap {
    pub(crate) pages: Vec<String>,
    pub(crate) sitemaps: Vec<String>,
}

impl Sitemap {
    /// Reads a sitemap: XML, or plain text with an address in each line. What is neither lists nothing.
    ///
    /// The parser is that of HTML, which the tree has: the elements have the names of none that HTML treats in a way of
    /// its own, and references mean the same in both.
    pub(crate) fn read(text: &str) -> Self {
        let is_xml = text.trim_start_matches('\u{feff}').trim_start().starts_with('<');
        if !is_xml {
            let lines = text.lines().map(str::trim).filter(|line| line.starts_with("http"));
            return Self { pages: lines.map(str::to_owned).collect(), sitemaps: Vec::new() };
        }
        // A prolog would be a comment, and a section of text one as well.
        let text = text.replace("<![CDATA[", "").replace("]]>", "");
        let document = Html::parse_document(&text);
        let of = |selector: &str| -> Vec<String> {
            let Ok(selector) = Selector::parse(selector) else { return Vec::new() };
            let texts = document.select(&selector).map(|loc| loc.text().collect::<String>());
            texts.map(|text| text.trim().to_owned()).collect()
        };
        Self { pages: of("url > loc"), sitemaps: of("sitemap > loc") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_pages_and_of_lists_are_read() {
        let pages = "<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>
            <url><loc> http://a.example/?a=1&amp;b=2 </loc><lastmod>2026-01-01</lastmod></url>
            <url><loc><![CDATA[http://a.example/c]]></loc><image:image><image:loc>http://a.example/i</image:loc>
            </image:image></url></urlset>";
        assert_eq!(Sitemap::read(pages).pages, ["http://a.example/?a=1&b=2", "http://a.example/c"]);
        let lists = "<sitemapindex><sitemap><loc>http://a.example/1.xml</loc></sitemap></sitemapindex>";
        assert_eq!(Sitemap::read(lists).sitemaps, ["http://a.example/1.xml"]);
        assert_eq!(Sitemap::read("http://a.example/\nnonsense\n").pages, ["http://a.example/"]);
        assert_eq!(Sitemap::read("<html><p>not found"), Sitemap::default());
    }
}
