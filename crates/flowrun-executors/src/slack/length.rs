//! Slack's limit for the text of a message.

use std::borrow::Cow;

/// Characters of a message that Slack keeps; the rest of a longer one it drops without a word.
const LONGEST: usize = 40_000;

/// What stands for the rest.
const MARK: &str = "… (cut)";

/// The text as it is posted: cut at the limit with a mark, and not within an escape such as `&amp;` or a link.
pub(super) fn cut(text: &str) -> Cow<'_, str> {
    if text.char_indices().nth(LONGEST).is_none() {
        return Cow::Borrowed(text);
    }
    let room = LONGEST - MARK.chars().count();
    let end = text.char_indices().nth(room).map_or(text.len(), |(at, _)| at);
    let kept = &text[..end];
    // The longest escape has five characters, and a link ends on its line.
    let escape = kept.rfind('&').filter(|&at| kept.len() - at < 5 && !kept[at..].contains(';'));
    let link = kept.rfind('<').filter(|&at| !kept[at..].contains(['>', '\n']));
    let end = [escape, link].into_iter().flatten().min().unwrap_or(end);
    Cow::Owned(format!("{}{MARK}", &text[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_with_a_mark_at_the_limit() {
        let fits = "é".repeat(LONGEST);
        assert_eq!(cut(&fits), fits);
        let cut_text = cut(&format!("{fits}é")).into_owned();
        assert_eq!(cut_text.chars().count(), LONGEST);
        assert!(cut_text.ends_with("é… (cut)"));
    }

    #[test]
    fn the_cut_falls_within_no_escape_and_no_link() {
        let before = "x".repeat(LONGEST - 10);
        for whole in ["&amp;&amp;&amp;&amp;", "<https://a.example|a link>"] {
            let cut_text = cut(&format!("{before}{whole}{}", "y".repeat(20))).into_owned();
            let rest = cut_text.strip_prefix(&before).unwrap().strip_suffix(MARK).unwrap();
            assert!(rest.is_empty(), "{rest}");
        }
    }
}
