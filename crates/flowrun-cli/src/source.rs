//! A text that findings point into, with its name and its lines.

use std::ops::Range;

/// A named text. Finding the line of a place takes the logarithm of the number of lines.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    name: &'a str,
    text: &'a str,
    line_starts: Vec<usize>,
}

/// Line and column, both from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl<'a> Source<'a> {
    pub(crate) fn new(name: &'a str, text: &'a str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { name, text, line_starts: std::iter::once(0).chain(ends).collect() }
    }

    pub(crate) const fn name(&self) -> &'a str {
        self.name
    }

    pub(crate) const fn text(&self) -> &'a str {
        self.text
    }

    /// The place of a byte; beyond the end, the end.
    pub(crate) fn place(&self, offset: usize) -> Place {
        let offset = self.boundary(offset);
        let line = self.line_of(offset);
        let column = self.text[self.line_starts[line]..offset].chars().count() + 1;
        Place { line: line + 1, column }
    }

    /// Bytes of the line around `offset`, without its end, at most `margin` on either side.
    pub(crate) fn line_around(&self, offset: usize, margin: usize) -> Range<usize> {
        let offset = self.boundary(offset);
        let line = self.line_of(offset);
        let start = self.line_starts[line];
        let end = self.line_starts.get(line + 1).map_or(self.text.len(), |next| next - 1);
        let end = if self.text[start..end].ends_with('\r') { end - 1 } else { end };
        let to = self.boundary(offset.saturating_add(margin)).min(end);
        self.boundary(offset.saturating_sub(margin)).max(start)..to.max(start)
    }

    /// The line of a byte, counted from 0.
    fn line_of(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset) - 1
    }

    /// The start of the character that the byte belongs to.
    fn boundary(&self, offset: usize) -> usize {
        self.text.floor_char_boundary(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_from_one_and_in_characters() {
        let source = Source::new("x", "é\nab\r\n");
        let place = |offset| (source.place(offset).line, source.place(offset).column);
        assert_eq!([place(0), place(1), place(4), place(99)], [(1, 1), (1, 1), (2, 2), (3, 1)]);
        assert_eq!(&source.text()[source.line_around(4, 80)], "ab");
    }

    #[test]
    fn a_long_line_is_cut_on_both_sides() {
        let text = "ü".repeat(1_000);
        let source = Source::new("x", &text);
        assert_eq!(source.line_around(1_000, 20), 980..1_020);
        assert_eq!(source.line_around(0, 21), 0..20);
    }
}
