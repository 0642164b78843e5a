//! The addresses in a `srcset` attribute (HTML standard, section 4.8.4.3.10).

/// The addresses of all candidates, in their order. What their descriptors say does not matter here.
pub(crate) fn addresses(srcset: &str) -> Vec<&str> {
    let is_space = |c: char| matches!(c, '\t' | '\n' | '\x0c' | '\r' | ' ');
    let mut addresses = Vec::new();
    let mut rest = srcset;
    loop {
        rest = rest.trim_start_matches(|c| is_space(c) || c == ',');
        if rest.is_empty() {
            return addresses;
        }
        let (address, after) = rest.split_at(rest.find(is_space).unwrap_or(rest.len()));
        let alone = address.trim_end_matches(',');
        addresses.push(alone);
        rest = if alone.len() < address.len() { after } else { after_descriptors(after) };
    }
}

/// What follows the comma that ends a candidate; commas in parentheses end none.
fn after_descriptors(text: &str) -> &str {
    let mut in_parentheses = false;
    for (at, c) in text.char_indices() {
        match c {
            '(' => in_parentheses = true,
            ')' => in_parentheses = false,
            ',' if !in_parentheses => return &text[at + 1..],
            _ => {}
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_told_apart_as_browsers_do() {
        for (srcset, expected) in [
            ("", &[][..]),
            (" , ,", &[]),
            ("/a.png", &["/a.png"]),
            ("/a.png 1x, /b.png 2x", &["/a.png", "/b.png"]),
            ("/a.png,/b.png", &["/a.png,/b.png"]),
            ("/a.png, /b.png", &["/a.png", "/b.png"]),
            ("/a.png 100w,/b.png 200w 50h", &["/a.png", "/b.png"]),
            ("data:image/png;base64,AAAA= 1x,\n\t/b.png", &["data:image/png;base64,AAAA=", "/b.png"]),
            ("/a.png type(x,y) 1x, /b.png", &["/a.png", "/b.png"]),
            ("/a,b.png,, /c.png (", &["/a,b.png", "/c.png"]),
            ("é 1x,ü", &["é", "ü"]),
        ] {
            assert_eq!(addresses(srcset), expected, "{srcset:?}");
        }
    }
}
