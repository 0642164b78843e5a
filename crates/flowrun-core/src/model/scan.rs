//! One walk over a JSON text that says where its parts stand, and takes nothing out of them.
//!
//! `serde_json` passes over what nobody asked for without looking at its depth and its numbers, and says of a
//! part where it stands only to who then reads it once more. A flow is mostly such parts. This walk does all of
//! it in one pass. It knows no names and makes no messages: what is malformed, `serde_json` is asked about.

use super::json::Span;

/// The deepest nesting that is read: the limit `serde_json` has for what it does parse.
pub(super) const MAX_DEPTH: usize = 128;

/// Why the walk ended early. `R` is what the caller has against the text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop<R> {
    /// It is no JSON.
    Malformed,
    /// The bracket at this byte nests too deep.
    TooDeep {
        at: usize,
    },
    /// The number at this place is beyond 64-bit floats.
    NotFinite(Span),
    Refused(R),
}

/// A walk over `text`, at the byte `at`.
pub(super) struct Scan<'a> {
    text: &'a str,
    at: usize,
    /// The closing brackets that are due, the innermost last.
    due: Vec<u8>,
    max_depth: usize,
}

/// A key of an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    /// Its place, quotes included.
    pub(super) span: Span,
    /// Whether what stands between the quotes is the name, without escapes.
    pub(super) is_plain: bool,
}

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a str, max_depth: usize) -> Self {
        Self { text, at: 0, due: Vec::with_capacity(16), max_depth }
    }

    /// The byte that comes next, after white space; 0, which no JSON holds outside of a string, at the end.
    #[inline]
    pub(super) fn peek(&mut self) -> u8 {
        loop {
            match self.byte() {
                b' ' | b'\n' | b'\t' | b'\r' => self.at += 1,
                byte => return byte,
            }
        }
    }

    /// Fails unless the whole text has been read.
    pub(super) fn end<R>(&mut self) -> Result<(), Stop<R>> {
        self.peek();
        if self.at == self.text.len() { Ok(()) } else { Err(Stop::Malformed) }
    }

    /// Reads an object. `member` is given each key and reads its value.
    pub(super) fn object<R>(
        &mut self,
        mut member: impl FnMut(&mut Self, Key) -> Result<(), Stop<R>>,
    ) -> Result<Span, Stop<R>> {
        self.elements(b'{', |scan| {
            let key = scan.key()?;
            member(scan, key)
        })
    }

    /// Reads an array. `element` reads each of its values.
    pub(super) fn array<R>(
        &mut self,
        element: impl FnMut(&mut Self) -> Result<(), Stop<R>>,
    ) -> Result<Span, Stop<R>> {
        self.elements(b'[', element)
    }

    fn elements<R>(
        &mut self,
        opening: u8,
        mut element: impl FnMut(&mut Self) -> Result<(), Stop<R>>,
    ) -> Result<Span, Stop<R>> {
        self.expect(opening)?;
        let start = self.at - 1;
        let closing = self.open(opening)?;
        if self.peek() != closing {
            element(self)?;
            while self.peek() == b',' {
                self.at += 1;
                element(self)?;
            }
        }
        if self.peek() != closing {
            return Err(Stop::Malformed);
        }
        self.close();
        Ok(self.span(start))
    }

    /// Reads a value of any kind, and checks all that is in it.
    pub(super) fn value<R>(&mut self) -> Result<Span, Stop<R>> {
        let opening = self.peek();
        let start = self.at;
        if matches!(opening, b'{' | b'[') {
            return self.nested();
        }
        self.scalar(opening)?;
        Ok(self.span(start))
    }

    /// Reads the object or the array whose bracket comes next.
    fn nested<R>(&mut self) -> Result<Span, Stop<R>> {
        let start = self.at;
        // Without recursion: what this project wrote may nest deeper than what it reads.
        let outside = self.due.len();
        loop {
            // Here a value begins.
            match self.peek() {
                opening @ (b'{' | b'[') => {
                    self.at += 1;
                    let closing = self.open(opening)?;
                    if self.peek() != closing {
                        self.key_if_in(closing)?;
                        continue;
                    }
                    self.close();
                }
                byte => self.scalar(byte)?,
            }
            // Here one has ended, and perhaps what it is in.
            loop {
                let Some(&closing) = self.due.get(outside..).and_then(<[u8]>::last) else {
                    return Ok(self.span(start));
                };
                match self.peek() {
                    b',' => {
                        self.at += 1;
                        self.key_if_in(closing)?;
                        break;
                    }
                    byte if byte == closing => self.close(),
                    _ => return Err(Stop::Malformed),
                }
            }
        }
    }

    fn byte(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn span(&self, start: usize) -> Span {
        Span::of_range(start..self.at)
    }

    fn expect<R>(&mut self, byte: u8) -> Result<(), Stop<R>> {
        if self.peek() != byte {
            return Err(Stop::Malformed);
        }
        self.at += 1;
        Ok(())
    }

    /// Notes that a bracket was read, and gives the one that closes it.
    fn open<R>(&mut self, opening: u8) -> Result<u8, Stop<R>> {
        if self.due.len() == self.max_depth {
            return Err(Stop::TooDeep { at: self.at - 1 });
        }
        // In ASCII the closing one stands two places after the opening one.
        let closing = opening + 2;
        self.due.push(closing);
        Ok(closing)
    }

    fn close(&mut self) {
        self.at += 1;
        self.due.pop();
    }

    /// Reads a key and its colon.
    fn key<R>(&mut self) -> Result<Key, Stop<R>> {
        self.expect(b'"')?;
        let start = self.at - 1;
        let is_plain = self.string().ok_or(Stop::Malformed)?;
        let key = Key { span: self.span(start), is_plain };
        self.expect(b':')?;
        Ok(key)
    }

    fn key_if_in<R>(&mut self, closing: u8) -> Result<(), Stop<R>> {
        if closing == b'}' { self.key().map(drop) } else { Ok(()) }
    }

    /// Reads a value that is neither object nor array; `byte` is its first one, and the next to be read.
    #[inline(always)]
    fn scalar<R>(&mut self, byte: u8) -> Result<(), Stop<R>> {
        match byte {
            b'"' => {
                self.at += 1;
                self.string().map(drop).ok_or(Stop::Malformed)
            }
            b'n' => self.word(b"null"),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'-' | b'0'..=b'9' => self.number(),
            _ => Err(Stop::Malformed),
        }
    }

    #[inline]
    fn word<R, const N: usize>(&mut self, word: &[u8; N]) -> Result<(), Stop<R>> {
        if self.text.as_bytes()[self.at..].first_chunk() != Some(word) {
            return Err(Stop::Malformed);
        }
        self.at += N;
        Ok(())
    }

    fn number<R>(&mut self) -> Result<(), Stop<R>> {
        let start = self.at;
        self.at += usize::from(self.byte() == b'-');
        if self.byte() == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.byte() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        let has_exponent = matches!(self.byte(), b'e' | b'E');
        if has_exponent {
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), b'+' | b'-'));
            self.digits()?;
        }
        let span = self.span(start);
        // Up to 300 digits without an exponent stay below 1e308.
        let is_suspect = has_exponent || self.at - start > 300;
        if is_suspect && span.text(self.text).parse::<f64>().is_ok_and(|number| !number.is_finite()) {
            return Err(Stop::NotFinite(span));
        }
        Ok(())
    }

    /// Reads at least one digit.
    fn digits<R>(&mut self) -> Result<(), Stop<R>> {
        let start = self.at;
        while self.byte().is_ascii_digit() {
            self.at += 1;
        }
        if self.at == start { Err(Stop::Malformed) } else { Ok(()) }
    }

    /// Reads the rest of a string, its closing quote included. Gives whether it has no escapes; `None` when it
    /// is malformed.
    #[inline(always)]
    fn string(&mut self) -> Option<bool> {
        let bytes = self.text.as_bytes();
        let mut at = self.at;
        let mut is_plain = true;
        loop {
            while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
                let plain = plain_bytes(*eight);
                at += plain;
                if plain < 8 {
                    break;
                }
            }
            let byte = *bytes.get(at)?;
            at += 1;
            match byte {
                b'"' => {
                    self.at = at;
                    return Some(is_plain);
                }
                b'\\' => {
                    is_plain = false;
                    at += escape(&bytes[at..])?;
                }
                0..0x20 => return None,
                _ => {}
            }
        }
    }
}

/// The length of what follows a backslash; `None` when it is no escape.
fn escape(rest: &[u8]) -> Option<usize> {
    match rest {
        [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => Some(1),
        [b'u', digits @ ..] if digits.first_chunk::<4>()?.iter().all(u8::is_ascii_hexdigit) => Some(5),
        _ => None,
    }
}

/// How many of these bytes come before the first quote, backslash or control character.
///
/// Mycroft's test for a byte below a value, on all eight at once; the lowest byte it finds is exact. See
/// Sean Anderson, "Bit Twiddling Hacks", "Determine if a word has a byte less than n".
#[inline]
fn plain_bytes(eight: [u8; 8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    let word = u64::from_le_bytes(eight);
    let below = |word: u64, n: u64| word.wrapping_sub(ONES * n) & !word;
    // With this bit turned, the quote comes right after the control characters, and nothing else comes before.
    let quotes_and_controls = below(word ^ (ONES * 2), 0x21);
    let backslashes = below(word ^ (ONES * u64::from(b'\\')), 1);
    let found = (quotes_and_controls | backslashes) & (ONES << 7);
    found.trailing_zeros() as usize / 8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::IgnoredAny;

    use super::*;

    fn check(text: &str) -> Result<(), Stop<()>> {
        let mut scan = Scan::new(text, MAX_DEPTH);
        scan.value()?;
        scan.end()
    }

    #[test]
    fn brackets_in_strings_do_not_nest() {
        assert_eq!(check(&format!(r#""{}\"[""#, "[".repeat(500))), Ok(()));
        assert_eq!(check(&("[".repeat(128) + &"]".repeat(128))), Ok(()));
        assert_eq!(check(&"[".repeat(129)), Err(Stop::TooDeep { at: 128 }));
        assert_eq!(check(&r#"{"a":"#.repeat(129)), Err(Stop::TooDeep { at: 128 * 5 }));
    }

    #[test]
    fn numbers_beyond_the_range_are_found() {
        assert_eq!(check("[1e308, -1E-400]"), Ok(()));
        assert_eq!(check("[-1e400]"), Err(Stop::NotFinite(Span::of_range(1..7))));
        assert!(check(&"9".repeat(400)).is_err());
    }

    #[test]
    fn a_quote_is_found_wherever_it_stands() {
        for before in 0..20 {
            for (odd, is_fine) in [("", true), ("é", true), (r"\n", true), (r"\u00e9", true), ("\n", false)]
            {
                let text = format!("\"{}{odd}{}\"", "x".repeat(before), "\u{7f}\u{ff}".repeat(3));
                assert_eq!(check(&text).is_ok(), is_fine, "{text:?}");
                assert_eq!(check(&text[..text.len() - 1]), Err(Stop::Malformed), "{text:?} without its end");
            }
        }
    }

    #[test]
    fn objects_and_arrays_are_handed_out_with_their_places() {
        let text = r#" { "a" : [ 1 , {} ] , "b\"" : { "c" : null } } "#;
        let mut seen = Vec::new();
        let mut scan = Scan::new(text, MAX_DEPTH);
        let whole = scan.object(|scan, key| {
            let value = match scan.peek() {
                b'[' => scan.array(|scan| scan.value().map(drop))?,
                _ => scan.value()?,
            };
            seen.push((key.span.text(text), key.is_plain, value.text(text)));
            Ok::<(), Stop<()>>(())
        });
        let expected = [(r#""a""#, true, "[ 1 , {} ]"), (r#""b\"""#, false, r#"{ "c" : null }"#)];
        assert_eq!(seen, expected);
        assert_eq!(whole.unwrap().text(text), text.trim());
        assert_eq!(scan.end::<()>(), Ok(()));
    }

    /// Texts made of the pieces of JSON, most of them with something wrong.
    fn pieces() -> impl Strategy<Value = String> {
        let piece = proptest::sample::select(vec![
            "{", "}", "[", "]", ",", ":", " ", "\n", "\"", "\\", "\"a\"", "\"a\":", "\"\\u00e", "9", "0",
            "-", "1", ".5", "e", "E+1", "1e999", "null", "true", "false", "nul", "é", "\t", "\u{0}", "[]",
            "{}",
        ]);
        proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_096))]
        #[test]
        fn what_is_json_is_no_matter_of_opinion(text in pieces()) {
            let theirs = serde_json::from_str::<IgnoredAny>(&text).is_ok();
            match check(&text) {
                Ok(()) => prop_assert!(theirs, "{text:?}"),
                Err(Stop::Malformed) => prop_assert!(!theirs, "{text:?}"),
                Err(_) => prop_assert!(text.contains("1e999") || text.contains("e"), "{text:?}"),
            }
        }

        #[test]
        fn every_value_is_read_to_its_end(text in "[\\[\\]{}\":, a-z0-9.eE+-]{0,40}") {
            let theirs = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            prop_assert_eq!(check(&text).is_ok(), theirs, "{:?}", text);
        }
    }
}
