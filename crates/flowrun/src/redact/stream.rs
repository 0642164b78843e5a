//! Text that comes in pieces.

use super::Redactor;

/// Takes secrets out of text that comes in pieces: what may be the beginning of one is held back until it is
/// known.
///
/// ```
/// use flowrun::Redactor;
///
/// let mut stream = Redactor::of([("KEY", "0123456789")]).stream();
/// let mut said = stream.push("key: 01234");
/// said += &stream.push("56789.");
/// said += &stream.end();
/// assert_eq!(said, "key: [secret KEY].");
/// ```
#[derive(Debug)]
pub struct RedactedStream {
    redactor: Redactor,
    /// What came and was not given yet.
    held: String,
}

/// An escape makes of a byte at most so many: `&#0000038;`, and what is escaped twice.
const LONGEST_ESCAPE: usize = 12;

impl RedactedStream {
    pub(super) const fn new(redactor: Redactor) -> Self {
        Self { redactor, held: String::new() }
    }

    /// Takes the next piece, and gives what can be told of the text so far.
    pub fn push(&mut self, piece: &str) -> String {
        let Some(spellings) = &self.redactor.spellings else { return piece.to_owned() };
        self.held.push_str(piece);
        // As much as the longest secret can take, however it is escaped.
        let margin = spellings.longest() * LONGEST_ESCAPE;
        if self.held.len() < 2 * margin {
            return String::new();
        }
        let cut = self.held.floor_char_boundary(self.held.len() - margin);
        let found = spellings.found_in(self.held.as_bytes(), false);
        // Not inside of one that is known, nor of one that may go on: that begins in the margin.
        let cut = found.iter().find(|found| found.at.contains(&cut)).map_or(cut, |found| found.at.start);
        let cut = self.held.floor_char_boundary(cut);
        let rest = self.held.split_off(cut);
        let ready = std::mem::replace(&mut self.held, rest);
        let found = found.into_iter().take_while(|found| found.at.end <= cut).collect();
        spellings.without(ready, found)
    }

    /// The rest, when nothing follows.
    #[must_use]
    pub fn end(self) -> String {
        self.redactor.text(self.held)
    }
}
