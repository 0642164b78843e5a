//! Text of others, made fit for a terminal.

/// The text on one line, cut after 200 characters: names and addresses. Control characters are escaped, so that nobody moves the
/// cursor or rings the bell.
pub(crate) fn plain(text: &str) -> String {
    plain_up_to(200, text)
}

/// The same for a line of a log, cut after 1,000 characters: some hold a command to install something.
pub(crate) fn plain_line(text: &str) -> String {
    plain_up_to(1_000, text)
}

/// The same, cut after `max` characters.
pub(crate) fn plain_up_to(max: usize, text: &str) -> String {
    let mut shown = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == max {
            shown.push('…');
            break;
        }
        if is_harmless(character) {
            shown.push(character);
        } else {
            shown.extend(character.escape_debug());
        }
    }
    shown
}

/// Whether a terminal just shows the character.
pub(super) fn is_harmless(character: char) -> bool {
    !character.is_control() && !is_invisible(character)
}

/// Marks that change the direction or the breaks of the text around them.
const fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_not_driven_by_text_of_others() {
        assert_eq!(plain("a\u{1b}[2J\nb \u{202e}c 中 ❌"), "a\\u{1b}[2J\\nb \\u{202e}c 中 ❌");
        assert_eq!(plain(&"x".repeat(1_000)).chars().count(), 201);
    }
}
