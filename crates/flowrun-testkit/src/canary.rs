//! A secret to look for, and everything it might look like.
//!
//! Tests give a [`Canary`] where a secret belongs, let it be echoed in any of its spellings, and look for it in all
//! that was shown and kept. The spellings are made here letter by letter, with no code of what is tested.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

/// A value that is found nowhere by accident.
#[derive(Clone, Debug)]
pub struct Canary {
    value: String,
}

/// The value, written in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spelling {
    /// How: `base64`, `json`.
    pub name: &'static str,
    /// What it looks like then.
    pub text: String,
}

/// Characters that somebody escapes in every spelling, and ordinary ones.
const LETTERS: &[u8] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/+&<>\"'\\ =%:;,._-~!?#$()*@[]^{|}";

impl Canary {
    /// A value of 32 characters that follows from the seed, each of which says five to six bits of it.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        // SplitMix64: <https://doi.org/10.1145/2660193.2660195>
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        let mut value: String = (0..32)
            .map(|_| char::from(LETTERS[usize::try_from(next() % LETTERS.len() as u64).unwrap_or_default()]))
            .collect();
        // An address and a name begin with a letter, and nobody trims one that ends with it.
        value.replace_range(..1, "k");
        value.replace_range(31.., "z");
        Self { value }
    }

    /// A canary of this value.
    #[must_use]
    pub fn of(value: impl Into<String>) -> Self {
        Self { value: value.into() }
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The value in every spelling, itself first.
    #[must_use]
    pub fn spellings(&self) -> Vec<Spelling> {
        let value = &self.value;
        let each = |spell: &dyn Fn(char) -> String| value.chars().map(spell).collect::<String>();
        let bytes = |spell: &dyn Fn(u8) -> String| value.bytes().map(spell).collect::<String>();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let percent = |keep: &'static [u8], is_upper: bool| {
            bytes(&|byte| match byte {
                _ if is_plain(byte) || keep.contains(&byte) => char::from(byte).to_string(),
                _ if is_upper => format!("%{byte:02X}"),
                _ => format!("%{byte:02x}"),
            })
        };
        let html = |name: &dyn Fn(char) -> String| {
            each(&|c| if "&<>\"'".contains(c) { name(c) } else { c.to_string() })
        };
        let json = |escape: &'static [(char, &'static str)]| {
            each(&|c| match escape.iter().find(|(known, _)| *known == c) {
                Some((_, escaped)) => (*escaped).to_owned(),
                None if c.is_control() => format!("\\u{:04x}", u32::from(c)),
                None => c.to_string(),
            })
        };
        const QUOTES: &[(char, &str)] = &[('"', "\\\""), ('\\', "\\\\"), ('\n', "\\n")];
        const SLASHES: &[(char, &str)] = &[('"', "\\\""), ('\\', "\\\\"), ('/', "\\/"), ('\n', "\\n")];
        const SAFE: &[(char, &str)] = &[
            ('"', "\\u0022"),
            ('\\', "\\\\"),
            ('&', "\\u0026"),
            ('<', "\\u003c"),
            ('>', "\\u003E"),
            ('\'', "\\u0027"),
            ('/', "\\/"),
            ('\n', "\\n"),
        ];
        let named = |c| {
            let name = [('&', "amp"), ('<', "lt"), ('>', "gt"), ('"', "quot"), ('\'', "apos")]
                .iter()
                .find(|(known, _)| *known == c)
                .map_or("", |(_, name)| name);
            format!("&{name};")
        };
        let mut spellings = vec![
            ("as it is", value.clone()),
            ("lower case", value.to_lowercase()),
            ("upper case", value.to_uppercase()),
            ("reversed", value.chars().rev().collect()),
            ("hex", bytes(&|byte| format!("{byte:02x}"))),
            ("hex in capitals", bytes(&|byte| format!("{byte:02X}"))),
            ("percent", percent(b"", true)),
            ("percent in lower case", percent(b"", false)),
            ("path of a URL", percent(b"/", true)),
            ("query of a form", percent(b"", true).replace("%20", "+")),
            ("URI as a whole", percent(b"/:;,?&=+$#!*'()@[]", true)),
            ("every letter percent", bytes(&|byte| format!("%{byte:02x}"))),
            ("percent twice", percent(b"", true).replace('%', "%25")),
            ("JSON", json(QUOTES)),
            ("JSON with slashes escaped", json(SLASHES)),
            ("JSON safe in HTML", json(SAFE)),
            (
                "every letter in JSON",
                each(&|c| c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04X}")).collect()),
            ),
            ("JSON in JSON", json(QUOTES).replace('\\', "\\\\").replace('"', "\\\"")),
            ("HTML by name", html(&named)),
            ("HTML in decimal", html(&|c| format!("&#{};", u32::from(c)))),
            ("HTML in padded decimal", html(&|c| format!("&#{:03};", u32::from(c)))),
            ("HTML in hex", html(&|c| format!("&#x{:x};", u32::from(c)))),
            ("HTML in hex capitals", html(&|c| format!("&#X{:X};", u32::from(c)))),
            ("every letter in HTML", each(&|c| format!("&#x{:x};", u32::from(c)))),
            ("Slack", value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")),
            ("debug", format!("{value:?}").trim_matches('"').to_owned()),
            ("debug of bytes", format!("{:?}", value.as_bytes())),
            ("escaped by default", value.escape_default().collect()),
            ("without control characters", value.chars().filter(|c| !c.is_control()).collect()),
            ("blanks for control characters", value.replace(char::is_control, " ")),
        ];
        for (skip, [standard, safe]) in [
            ["base64", "base64url"],
            ["base64 behind one letter", "base64url behind one letter"],
            ["base64 behind two letters", "base64url behind two letters"],
        ]
        .into_iter()
        .enumerate()
        {
            let padded = [&b"::"[..skip], value.as_bytes()].concat();
            // What depends on the letters before and behind is left out.
            let inner = |alphabet: &[u8; 64]| base64(&padded, alphabet)[(skip * 8).div_ceil(6)..].to_owned();
            spellings.push((standard, inner(STANDARD)));
            spellings.push((safe, inner(URL_SAFE)));
        }
        spellings.into_iter().map(|(name, text)| Spelling { name, text }).collect()
    }

    /// The spellings that stand in a text or a file.
    ///
    /// # Complexity
    ///
    /// One walk over the bytes looks for all spellings: tests look through every file after every kill.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "an automaton of a few short texts is always made")]
    pub fn found_in(&self, bytes: &[u8]) -> Vec<&'static str> {
        let spellings = self.spellings();
        let texts = spellings.iter().map(|spelling| &spelling.text);
        let kind = Some(AhoCorasickKind::ContiguousNFA);
        let texts = AhoCorasick::builder().kind(kind).build(texts).expect("a few short texts");
        let found: BTreeSet<usize> =
            texts.find_overlapping_iter(bytes).map(|found| found.pattern().as_usize()).collect();
        found.into_iter().map(|place| spellings[place].name).collect()
    }
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The letters that hold whole bytes of `bytes`, RFC 4648.
fn base64(bytes: &[u8], alphabet: &[u8; 64]) -> String {
    let bits: String = bytes.iter().fold(String::new(), |mut bits, byte| {
        write!(bits, "{byte:08b}").expect("a String takes everything");
        bits
    });
    let letter = |six: &[u8]| {
        let number = six.iter().fold(0, |number, bit| number * 2 + usize::from(*bit == b'1'));
        char::from(alphabet[number])
    };
    bits.as_bytes().chunks_exact(6).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard_as_far_as_it_goes() {
        assert_eq!(base64(b"Many hands", STANDARD), "TWFueSBoYW5kc");
        assert_eq!(base64(b"\xfb\xff\xfe", URL_SAFE), "-__-");
    }

    #[test]
    fn a_spelling_is_found_wherever_it_stands() {
        let canary = Canary::new(1);
        for spelling in canary.spellings() {
            let found = canary.found_in(format!("x{}y", spelling.text).as_bytes());
            assert!(found.contains(&spelling.name), "{spelling:?}");
        }
        assert_eq!(canary.found_in(&canary.value().as_bytes()[..31]), Vec::<&str>::new());
        assert_ne!(Canary::new(2).value(), canary.value());
    }
}
