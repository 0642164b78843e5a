//! Text of others, made fit for a terminal.

pub(crate) use flowrun::is_harmless;

/// The text on one line, cut after 200 characters: names and addresses. Control characters are escaped, so that nobody moves the
/// cursor or rings the bell.
pub(crate) fn plain(text: &str) -> String {
    plain_up_to(200, text)
}

/// The same for a line of a log, cut after 1,000 characters: some hold a command to install something.
pub(crate) fn plain_line(text: &str) -> String {
    plain_up_to(1_000, text)
}

/// The whole text, in its lines.
pub(crate) fn plain_lines(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '\n' || is_harmless(character) {
            shown.push(character);
        } else {
            shown.extend(character.escape_debug());
        }
    }
    shown
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_not_driven_by_text_of_others() {
        assert_eq!(plain("a\u{1b}[2J\nb \u{202e}c 中 ❌"), "a\\u{1b}[2J\\nb \\u{202e}c 中 ❌");
        assert_eq!(plain(&"x".repeat(1_000)).chars().count(), 201);
        assert_eq!(plain_lines("a\u{1b}[2J\r\nb\u{202e}\n"), "a\\u{1b}[2J\\r\nb\\u{202e}\n");
    }
}
