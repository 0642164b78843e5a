//! What a value looks like where its letters cannot be read one by one, and the search for all of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use data_encoding::{BASE64, BASE64URL, HEXLOWER};

use super::Redactor;

/// Of values this short the case counts, and they are looked for as they are: what else they could be spelled as
/// is found in ordinary text.
const SHORT: usize = 8;
/// What the automaton looks for: the beginnings of spellings. The rest is compared, so that a long value does not
/// make a large automaton.
const HEAD: usize = 8;
/// The fewest bytes of a spelling that are found across blanks and line breaks: fewer are found in prose.
const SQUEEZED: usize = 16;
/// The longest value whose escaped forms are looked for in base64 and hex, too.
const LONG: usize = 4096;

/// Everything that is looked for.
pub(super) struct Spellings {
    names: Vec<String>,
    heads: AhoCorasick,
    /// The spellings that begin with each head.
    of_head: Vec<Vec<Spelling>>,
    longest: usize,
}

struct Spelling {
    bytes: Box<[u8]>,
    /// Which secret, by its place among the names.
    secret: u32,
    /// Whether upper and lower case differ.
    is_exact: bool,
}

impl Spellings {
    /// `None` where there is nothing to look for.
    pub(super) fn of<N: Into<String>, V: AsRef<str>>(
        secrets: impl IntoIterator<Item = (N, V)>,
    ) -> Option<Self> {
        let (mut names, mut by_head) = (Vec::new(), BTreeMap::<Vec<u8>, Vec<Spelling>>::new());
        for (name, value) in secrets {
            let value = value.as_ref();
            if !Redactor::can_find(value) {
                continue;
            }
            let secret = u32::try_from(names.len()).ok()?;
            names.push(name.into());
            let is_exact = value.chars().count() < SHORT;
            for bytes in spellings_of(value) {
                let head = bytes[..bytes.len().min(HEAD)].to_ascii_lowercase();
                let spelling = Spelling { bytes: bytes.into(), secret, is_exact };
                by_head.entry(head).or_default().push(spelling);
            }
        }
        if names.is_empty() {
            return None;
        }
        let (heads, of_head): (Vec<_>, Vec<_>) = by_head.into_iter().unzip();
        let heads = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(heads)
            .expect("there are fewer heads than an automaton can hold");
        let lengths = of_head.iter().flatten().map(|spelling| spelling.bytes.len());
        let longest = lengths.max().unwrap_or_default();
        Some(Self { names, heads, of_head, longest })
    }

    pub(super) fn name(&self, secret: u32) -> &str {
        &self.names[secret as usize]
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The length of the longest spelling, in bytes.
    pub(super) const fn longest(&self) -> usize {
        self.longest
    }

    /// Tells where spellings stand in `text`, whole or cut off by its end.
    pub(super) fn search(
        &self,
        text: &[u8],
        is_squeezed: bool,
        is_end: bool,
        found: &mut dyn FnMut(Range<usize>, u32),
    ) {
        let fewest = if is_squeezed { SQUEEZED } else { 0 };
        // What begins inside a longer one that was found needs no further look.
        let mut over = 0;
        for head in self.heads.find_overlapping_iter(text) {
            let rest = &text[head.start()..];
            let mut end = 0;
            for spelling in &self.of_head[head.pattern().as_usize()] {
                let length = spelling.found_in(rest);
                let is_whole = length == spelling.bytes.len();
                let is_cut = is_end && length == rest.len() && length >= SHORT;
                if length >= fewest && (is_whole || is_cut) && head.start() + length > over {
                    found(head.start()..head.start() + length, spelling.secret);
                    end = end.max(head.start() + length);
                }
            }
            over = over.max(end);
        }
    }
}

impl Spelling {
    /// How many of its bytes the text begins with.
    fn found_in(&self, text: &[u8]) -> usize {
        let is_same = |(a, b): (&u8, &u8)| if self.is_exact { a == b } else { a.eq_ignore_ascii_case(b) };
        self.bytes.iter().zip(text).take_while(|&pair| is_same(pair)).count()
    }
}

/// What is looked for on account of a value: itself first.
fn spellings_of(value: &str) -> Vec<Vec<u8>> {
    let mut spellings = vec![value.as_bytes().to_vec()];
    if value.chars().count() >= SHORT {
        spellings.push(value.chars().rev().collect::<String>().into());
        // Lower-cased as a host is; ASCII letters are compared without their case anyhow.
        spellings.extend([value.to_lowercase().into(), value.to_uppercase().into()]);
        // A form writes a plus for a blank. A header has no control characters, other places have blanks for them, and
        // a line is broken anywhere.
        spellings.push(value.replace(char::is_control, " ").into());
        spellings.push(value.replace(' ', "+").into());
        spellings.push(value.chars().filter(|c| !c.is_control()).collect::<String>().into());
        spellings.push(value.bytes().filter(|byte| !super::layers::is_squeezed_out(*byte)).collect());
        let decimal: Vec<_> = value.bytes().map(|byte| byte.to_string()).collect();
        spellings.push(decimal.join(",").into());
    }
    for form in forms_of(value) {
        spellings.push(HEXLOWER.encode(form.as_bytes()).into());
        for skip in 0..3 {
            spellings.extend(base64(form.as_bytes(), skip).map(String::into_bytes));
        }
    }
    spellings.retain(|spelling| spelling.len() >= Redactor::SHORTEST);
    // The first of what differs by case alone stays.
    let mut seen = std::collections::BTreeSet::new();
    spellings.retain(|spelling| seen.insert(spelling.to_ascii_lowercase()));
    spellings
}

/// The value as it may stand inside of what is encoded as a whole: as it is, and escaped.
fn forms_of(value: &str) -> Vec<String> {
    let mut forms = vec![value.to_owned()];
    if value.len() <= LONG {
        let json = serde_json::Value::from(value).to_string();
        forms.push(json[1..json.len() - 1].to_owned());
        forms.push(value.bytes().fold(String::new(), |mut percent, byte| {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    percent.push(char::from(byte));
                }
                _ => write!(percent, "%{byte:02X}").expect("a String takes everything"),
            }
            percent
        }));
    }
    forms.dedup();
    forms
}

/// What of a value's base64 does not depend on what stands around it, where it begins `skip` bytes behind a whole
/// group, in both alphabets.
fn base64(value: &[u8], skip: usize) -> [String; 2] {
    let mut bytes = vec![0; skip];
    bytes.extend_from_slice(value);
    // A letter holds six bits: those that hold one of the neighbours' are left out.
    let (first, end) = ((skip * 8).div_ceil(6), bytes.len() * 8 / 6);
    [BASE64, BASE64URL].map(|alphabet| alphabet.encode(&bytes)[first..end].to_owned())
}
