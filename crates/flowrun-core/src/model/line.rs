//! Text of others as a line: for logs, terminals and the wire.

use std::borrow::Cow;
use std::fmt::Write as _;

/// No line is cut shorter, so that there is room for the mark.
const SHORTEST: usize = 64;

/// The text as one line of at most `max_bytes` bytes, which count as 64 where they are fewer.
///
/// Line breaks and tabs become spaces. Other control characters and the marks that turn the direction of text around
/// are escaped: nobody drives the terminal of whoever reads the line, or makes it look like another one. What is too
/// long is cut, with a mark that tells how many bytes there were. Whoever takes secrets out of a text does so before:
/// of one that was escaped or cut in the middle nothing would be found.
///
/// ```
/// use flowrun_core::fit_line;
///
/// assert_eq!(fit_line("two\r\nlines, \u{1b}[2J", 1_000), "two lines, \\u{1b}[2J");
/// assert_eq!(fit_line(&"x".repeat(100), 64), format!("{}… [cut: 100 bytes]", "x".repeat(44)));
/// ```
#[must_use]
pub fn fit_line(text: &str, max_bytes: usize) -> Cow<'_, str> {
    let max_bytes = max_bytes.max(SHORTEST);
    let tamed = tame(text, max_bytes);
    if tamed.len() <= max_bytes {
        return tamed;
    }
    let mark = format!("… [cut: {} bytes]", text.len());
    let end = tamed.floor_char_boundary(max_bytes - mark.len());
    Cow::Owned(format!("{}{mark}", &tamed[..end]))
}

/// The text with nothing in it that does more than show, as far as somewhat beyond `enough` bytes.
fn tame(text: &str, enough: usize) -> Cow<'_, str> {
    let Some(first) = text.find(|character| !is_harmless(character)) else { return Cow::Borrowed(text) };
    let mut tamed = String::with_capacity(text.len().min(enough + 16));
    tamed.push_str(&text[..first]);
    for character in text[first..].chars() {
        if tamed.len() > enough {
            break;
        }
        match character {
            '\n' if tamed.ends_with(' ') => {}
            '\t'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => tamed.push(' '),
            _ if is_harmless(character) => tamed.push(character),
            // Writing into a text cannot fail.
            _ => drop(write!(tamed, "{}", character.escape_unicode())),
        }
    }
    Cow::Owned(tamed)
}

/// Whether showing the character does nothing but that: it drives no terminal, breaks no line, and does not turn the
/// direction of the text around it.
///
/// ```
/// use flowrun_core::is_harmless;
///
/// assert!(is_harmless('x') && !is_harmless('\u{1b}'));
/// ```
#[must_use]
pub fn is_harmless(character: char) -> bool {
    !character.is_control()
        && !matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{206f}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_harmless_stays_as_it_is() {
        for text in ["", "a b", "中文 ❌ e\u{301}", "family: 👨\u{200d}👩", "می\u{200c}خواهم"] {
            assert!(matches!(fit_line(text, 1_000), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn nothing_drives_a_terminal_or_turns_the_text_around() {
        assert_eq!(fit_line("a\u{1b}]0;t\u{7}b\u{9b}31m", 99), "a\\u{1b}]0;t\\u{7}b\\u{9b}31m");
        assert_eq!(fit_line("pay \u{202e}lave\u{2066}\u{200f}", 99), "pay \\u{202e}lave\\u{2066}\\u{200f}");
        assert_eq!(fit_line("50%\rdone\u{85}x\u{2028}y\tz\0", 99), "50% done x y z\\u{0}");
    }

    proptest! {
        #[test]
        fn a_line_is_harmless_and_no_longer_than_it_may_be(text in any::<String>(), times in 0..40_usize, max in 0..300_usize) {
            let text = text.repeat(times);
            let line = fit_line(&text, max);
            prop_assert!(line.chars().all(is_harmless), "{line:?}");
            prop_assert!(line.len() <= max.max(64), "{line:?}");
            prop_assert_eq!(fit_line(&line, max), line.as_ref());
        }
    }
}
