//! Text with its escapes undone, and where in the original each piece of it stands.

use std::borrow::Cow;
use std::ops::Range;

/// How many escapes are undone one inside the other: JSON in JSON, a URL in HTML.
const DEPTH: usize = 2;

/// A way to write letters otherwise, one by one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escape {
    /// `%2F`
    Percent,
    /// `=2F`, and `=` at the end of a line: mail.
    Equals,
    /// `\/`, `\u002f`, `\x2f`, `\u{2f}`: JSON, JavaScript, Rust.
    Backslash,
    /// The same, where a backslash of the text around stands before one: of an even number the first stands alone.
    BehindBackslash,
    /// `&#47;`, `&#x2f;`, `&sol;`
    Html,
    /// Line breaks, blanks and control characters in between, or in place of others.
    Squeezed,
}

const ESCAPES: [Escape; 6] = [
    Escape::Percent,
    Escape::Equals,
    Escape::Backslash,
    Escape::BehindBackslash,
    Escape::Html,
    Escape::Squeezed,
];

/// A text with some escapes undone.
pub(super) struct Layer<'t> {
    bytes: Cow<'t, [u8]>,
    /// Where each byte stands in the original; `None` where they are the same.
    origin: Option<Vec<(u32, u32)>>,
    is_squeezed: bool,
}

impl Layer<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether blanks were taken out, so that words run into each other.
    pub(super) const fn is_squeezed(&self) -> bool {
        self.is_squeezed
    }

    /// The place of some bytes in the original. The range is not empty.
    pub(super) fn origin(&self, range: Range<usize>) -> Range<usize> {
        match &self.origin {
            None => range,
            Some(origin) => origin[range.start].0 as usize..origin[range.end - 1].1 as usize,
        }
    }
}

/// Shows the text as it is, and as it reads when escapes are undone. An escape that the text does not have costs a
/// look for its first letter.
pub(super) fn walk(text: &[u8], see: &mut dyn FnMut(&Layer<'_>)) {
    // A text of 4 GiB has places that do not fit; nothing here is as long.
    let Ok(_) = u32::try_from(text.len()) else { return };
    let whole = Layer { bytes: Cow::Borrowed(text), origin: None, is_squeezed: false };
    see(&whole);
    below(&whole, DEPTH, see);
}

fn below(layer: &Layer<'_>, depth: usize, see: &mut dyn FnMut(&Layer<'_>)) {
    for escape in ESCAPES {
        let Some(undone) = escape.undo(layer) else { continue };
        see(&undone);
        if depth > 1 {
            below(&undone, depth - 1, see);
        }
    }
}

/// Whether a byte is taken out where lines are broken and blanks inserted.
pub(super) const fn is_squeezed_out(byte: u8) -> bool {
    byte <= b' ' || byte == 0x7f
}

impl Escape {
    fn begins(self, byte: u8) -> bool {
        match self {
            Self::Percent => byte == b'%',
            Self::Equals => byte == b'=',
            Self::Backslash | Self::BehindBackslash => byte == b'\\',
            Self::Html => byte == b'&',
            Self::Squeezed => is_squeezed_out(byte),
        }
    }

    /// The text without this escape; `None` where nothing of it is there.
    fn undo(self, layer: &Layer<'_>) -> Option<Layer<'static>> {
        let text = layer.bytes();
        let first = text.iter().position(|&byte| self.begins(byte))?;
        if self == Self::BehindBackslash && !text.windows(2).any(|pair| pair == br"\\") {
            return None;
        }
        let (mut bytes, mut origin) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len()));
        let mut letter = |bytes: &mut Vec<u8>, undone: &[u8], at: Range<usize>| {
            let Range { start, end } = layer.origin(at);
            bytes.extend_from_slice(undone);
            // Checked when the walk began.
            origin.extend(undone.iter().map(|_| (start as u32, end as u32)));
        };
        let (mut at, mut is_undone) = (0, false);
        while let Some(&byte) = text.get(at) {
            let taken = if at >= first && self.begins(byte) { self.read(&text[at..]) } else { None };
            match taken {
                Some((length, read)) => {
                    let mut buffer = [0; 4];
                    let undone = match read {
                        Read::Char(c) => c.encode_utf8(&mut buffer).as_bytes(),
                        Read::Byte(byte) => {
                            buffer[0] = byte;
                            &buffer[..1]
                        }
                        Read::Nothing => &[],
                    };
                    letter(&mut bytes, undone, at..at + length);
                    is_undone = true;
                    at += length;
                }
                None => {
                    letter(&mut bytes, &[byte], at..at + 1);
                    at += 1;
                }
            }
        }
        let is_squeezed = layer.is_squeezed || self == Self::Squeezed;
        is_undone.then(|| Layer { bytes: bytes.into(), origin: Some(origin), is_squeezed })
    }

    /// Reads an escape at the beginning of `text`: its length, and what it stands for.
    fn read(self, text: &[u8]) -> Option<(usize, Read)> {
        match self {
            Self::Squeezed => Some((1, Read::Nothing)),
            Self::Percent => Some((3, Read::Byte(u8::try_from(hex(text.get(1..3)?)?).ok()?))),
            Self::Equals => match text {
                [_, b'\r', b'\n', ..] => Some((3, Read::Nothing)),
                [_, b'\n', ..] => Some((2, Read::Nothing)),
                _ => Some((3, Read::Byte(u8::try_from(hex(text.get(1..3)?)?).ok()?))),
            },
            Self::Backslash => backslash(text),
            Self::BehindBackslash => match text.iter().take_while(|&&byte| byte == b'\\').count() {
                run if run % 2 == 0 => Some((1, Read::Byte(b'\\'))),
                _ => backslash(text),
            },
            Self::Html => html(text),
        }
    }
}

/// What an escape stands for.
enum Read {
    Char(char),
    /// A byte, which may be a part of a character.
    Byte(u8),
    Nothing,
}

fn hex(digits: &[u8]) -> Option<u32> {
    let value = |digit: &u8| char::from(*digit).to_digit(16);
    digits.iter().try_fold(0_u32, |number, digit| Some(number.checked_mul(16)? + value(digit)?))
}

fn backslash(text: &[u8]) -> Option<(usize, Read)> {
    Some(match *text.get(1)? {
        b'n' => (2, Read::Byte(b'\n')),
        b'r' => (2, Read::Byte(b'\r')),
        b't' => (2, Read::Byte(b'\t')),
        b'b' => (2, Read::Byte(8)),
        b'f' => (2, Read::Byte(12)),
        b'v' => (2, Read::Byte(11)),
        b'0' => (2, Read::Byte(0)),
        b'e' => (2, Read::Byte(27)),
        b'x' => match text.get(2..4).and_then(hex) {
            Some(byte) => (4, Read::Byte(u8::try_from(byte).ok()?)),
            None => (2, Read::Byte(b'x')),
        },
        b'u' if text.get(2) == Some(&b'{') => {
            let end = 3 + text.iter().skip(3).take(8).position(|&byte| byte == b'}')?;
            (end + 1, Read::Char(char::from_u32(hex(&text[3..end])?)?))
        }
        b'u' => match text.get(2..6).and_then(hex) {
            Some(high @ 0xd800..=0xdbff) if text.get(6..8) == Some(b"\\u") => {
                let low = text.get(8..12).and_then(hex).filter(|low| (0xdc00..=0xdfff).contains(low))?;
                (12, Read::Char(char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))?))
            }
            Some(number) => (6, Read::Char(char::from_u32(number)?)),
            None => (2, Read::Byte(b'u')),
        },
        other if other.is_ascii() => (2, Read::Byte(other)),
        _ => return None,
    })
}

/// The names that HTML has for ASCII, and some that stand for blanks.
const NAMES: [(&str, char); 46] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("sol", '/'),
    ("bsol", '\\'),
    ("plus", '+'),
    ("equals", '='),
    ("colon", ':'),
    ("semi", ';'),
    ("comma", ','),
    ("period", '.'),
    ("excl", '!'),
    ("quest", '?'),
    ("num", '#'),
    ("dollar", '$'),
    ("percnt", '%'),
    ("lpar", '('),
    ("rpar", ')'),
    ("ast", '*'),
    ("midast", '*'),
    ("commat", '@'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("lcub", '{'),
    ("lbrace", '{'),
    ("rcub", '}'),
    ("rbrace", '}'),
    ("verbar", '|'),
    ("vert", '|'),
    ("lowbar", '_'),
    ("underbar", '_'),
    ("hat", '^'),
    ("grave", '`'),
    ("diacriticalgrave", '`'),
    ("tab", '\t'),
    ("newline", '\n'),
    ("hyphen", '-'),
    ("dash", '-'),
    ("tilde", '~'),
    ("nbsp", ' '),
    ("ensp", ' '),
    ("emsp", ' '),
];

fn html(text: &[u8]) -> Option<(usize, Read)> {
    let ends = |length: usize| length + usize::from(text.get(length) == Some(&b';'));
    if text.get(1) == Some(&b'#') {
        let is_hex = matches!(text.get(2), Some(b'x' | b'X'));
        let (from, radix) = if is_hex { (3, 16) } else { (2, 10) };
        let digits = text.iter().skip(from).take_while(|&&byte| char::from(byte).is_digit(radix)).count();
        // Zeros in front may be many.
        let digits = digits.min(32);
        let number = std::str::from_utf8(&text[from..from + digits]).ok()?;
        let c = char::from_u32(u32::from_str_radix(number, radix).ok()?)?;
        return Some((ends(from + digits), Read::Char(c)));
    }
    let length = text.iter().skip(1).take(20).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let name = &text[1..=length];
    let (_, c) = NAMES.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name))?;
    Some((ends(1 + length), Read::Char(*c)))
}
