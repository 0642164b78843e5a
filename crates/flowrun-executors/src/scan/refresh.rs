//! Documents that send their visitor on: `<meta http-equiv=refresh>` and the header `Refresh`.

use std::time::Duration;

use flowrun_guard::Url;

use super::page::Page;

/// A page that sends its visitor on within this time is a redirect that can be read; one that waits longer is a
/// page that is meant to be seen, such as a news page that renews itself.
const SOON: Duration = Duration::from_secs(10);

/// Where the page sends its visitor; `None` when it stays.
pub(crate) fn target(page: &Page) -> Option<Url> {
    let header = page.headers.get("refresh").into_iter();
    // The first one that can be read counts, and the header is there first.
    let (delay, address) = header.chain(page.pragmas("refresh")).find_map(read)?;
    let url = page.resolve(address?)?;
    let elsewhere = super::references::without_fragment(&url);
    (delay <= SOON && elsewhere != super::references::without_fragment(&page.url)).then_some(url)
}

/// Delay and address, by the shared declarative refresh steps of the HTML standard (section 4.2.5.3).
fn read(value: &str) -> Option<(Duration, Option<&str>)> {
    let blank = |text: &str| text.trim_start_matches(['\t', '\n', '\x0c', '\r', ' ']).len();
    let skip = |text: &'_ str| -> usize { text.len() - blank(text) };
    let value = &value[skip(value)..];
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 && !value.starts_with('.') {
        return None;
    }
    // More seconds than fit are more than anybody waits.
    let delay = if digits == 0 { 0 } else { value[..digits].parse().unwrap_or(u64::MAX) };
    let rest = value[digits..].trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    if !rest.is_empty() && !rest.starts_with([';', ',', '\t', '\n', '\x0c', '\r', ' ']) {
        return None;
    }
    let rest = &rest[skip(rest)..];
    let rest = rest.strip_prefix([';', ',']).unwrap_or(rest);
    let rest = &rest[skip(rest)..];
    let named = rest.get(..3).filter(|word| word.eq_ignore_ascii_case("url")).and_then(|_| {
        let after = &rest[3..];
        let after = after[skip(after)..].strip_prefix('=')?;
        Some(&after[skip(after)..])
    });
    let address = named.unwrap_or(rest);
    let address = match address.chars().next() {
        Some(quote @ ('"' | '\'')) => address[1..].split(quote).next().unwrap_or_default(),
        _ => address,
    };
    Some((Duration::from_secs(delay), Some(address).filter(|address| !address.is_empty())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_that_browsers_follow_is_read() {
        for (value, delay, address) in [
            ("0;url=/a", 0, Some("/a")),
            (" 5 ; URL = '/a' x", 5, Some("/a")),
            ("0,/a", 0, Some("/a")),
            ("0 /a", 0, Some("/a")),
            ("1.9;url=\"/a;b", 1, Some("/a;b")),
            (".5; url /a", 0, Some("url /a")),
            ("0; urls", 0, Some("urls")),
            ("300", 300, None),
            ("0;", 0, None),
            ("99999999999999999999999", u64::MAX, None),
        ] {
            assert_eq!(read(value), Some((Duration::from_secs(delay), address)), "{value:?}");
        }
        for none in ["", "url=/a", "0url=/a", "-1;url=/a"] {
            assert_eq!(read(none), None, "{none:?}");
        }
    }
}
