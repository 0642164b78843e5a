//! Takes the values of secrets out of text, however they are spelled there.
//!
//! [`spellings`] makes of each value what cannot be undone letter by letter (base64, hex, reversed), and one
//! automaton looks for all of them at once. [`layers`] undoes what can be: percent encoding, backslashes, HTML and
//! line breaks, two layers deep, so that it does not matter which letters a stranger chose to escape. Knows values
//! and text, and nothing of where either comes from.

mod layers;
mod report;
mod spellings;
mod stream;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use layers::Layer;
use spellings::Spellings;
pub use stream::RedactedStream;

/// Takes secrets out of text: `[secret NAME]` stands where one stood.
///
/// A value is found as it is, in upper or lower case, reversed, in hex and base64 (at each alignment, in both
/// alphabets), and with any of its letters escaped as JSON, a URL, HTML, Slack or a debugger would, one inside the
/// other. Of values of 6 and 7 characters the case counts, and those shorter than [`Redactor::SHORTEST`] cannot be
/// told from ordinary text. Cloning is cheap.
///
/// ```
/// use flowrun::Redactor;
///
/// let redactor = Redactor::of([("KEY", "s3cret&value")]);
/// assert_eq!(redactor.text("said: s3cret&amp;value"), "said: [secret KEY]");
/// assert_eq!(redactor.text(r#"{"echo": "s3cret\u0026value"}"#), r#"{"echo": "[secret KEY]"}"#);
/// assert_eq!(redactor.text("nothing to see"), "nothing to see");
/// ```
///
/// # Complexity
///
/// A few passes over the text, whatever the number of secrets; none where there are no secrets. Memory is at most 100
/// bytes for a byte of the values, and for those over 4 KiB, 25.
#[derive(Clone, Default)]
pub struct Redactor {
    spellings: Option<Arc<Spellings>>,
}

/// A place in a text where a secret stands.
struct Found {
    at: Range<usize>,
    /// Which secret, by its place among the names.
    secret: u32,
}

impl Redactor {
    /// The fewest characters of a secret.
    pub const SHORTEST: usize = 6;

    /// Takes out these values; the name is what is shown in their place. Values shorter than
    /// [`SHORTEST`](Self::SHORTEST) are left out: refuse them where they come in.
    #[must_use]
    pub fn of<N: Into<String>, V: AsRef<str>>(secrets: impl IntoIterator<Item = (N, V)>) -> Self {
        Self { spellings: Spellings::of(secrets).map(Arc::new) }
    }

    /// Whether a value is long enough to be told from ordinary text.
    pub(crate) fn can_find(value: &str) -> bool {
        value.chars().count() >= Self::SHORTEST
    }

    /// Whether there is nothing to take out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spellings.is_none()
    }

    /// The text without the secrets. What is cut off at its end is found from its eighth letter on.
    #[must_use]
    pub fn text(&self, text: impl Into<String>) -> String {
        let text = text.into();
        let Some(spellings) = &self.spellings else { return text };
        let found = spellings.found_in(text.as_bytes(), true);
        spellings.without(text, found)
    }

    /// A stream of text, which secrets may cross in pieces.
    #[must_use]
    pub fn stream(&self) -> RedactedStream {
        RedactedStream::new(self.clone())
    }
}

impl Spellings {
    /// The places of secrets in a text, in order and apart from each other. `is_end`: nothing follows the text.
    fn found_in(&self, text: &[u8], is_end: bool) -> Vec<Found> {
        let mut found = Vec::new();
        layers::walk(text, &mut |layer: &Layer<'_>| {
            self.search(layer.bytes(), layer.is_squeezed(), is_end, &mut |range, secret| {
                found.push(Found { at: layer.origin(range), secret });
            });
        });
        apart(found)
    }

    /// The text with the names of secrets where they stood.
    fn without(&self, text: String, found: Vec<Found>) -> String {
        if found.is_empty() {
            return text;
        }
        let mut clean = String::with_capacity(text.len());
        let mut from = 0;
        for Found { at, secret } in found {
            // A spelling may begin or end inside a character that the text escapes otherwise.
            let (start, end) = (text.floor_char_boundary(at.start), text.ceil_char_boundary(at.end));
            clean.push_str(text.get(from..start).unwrap_or_default());
            if start >= from {
                clean.push_str(&format!("[secret {}]", self.name(secret)));
            }
            from = end.max(from);
        }
        clean.push_str(&text[from..]);
        clean
    }
}

/// Joins places that touch: the longest of them gives the name.
fn apart(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by_key(|found| (found.at.start, std::cmp::Reverse(found.at.end)));
    let mut apart: Vec<(Found, usize)> = Vec::new();
    for next in found {
        let length = next.at.len();
        match apart.last_mut() {
            Some((last, longest)) if next.at.start < last.at.end => {
                last.at.end = last.at.end.max(next.at.end);
                if length > *longest {
                    (*longest, last.secret) = (length, next.secret);
                }
            }
            _ => apart.push((next, length)),
        }
    }
    apart.into_iter().map(|(found, _)| found).collect()
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.spellings.as_ref().map(|spellings| spellings.names());
        f.debug_struct("Redactor").field("secrets", &names.unwrap_or_default()).finish()
    }
}
