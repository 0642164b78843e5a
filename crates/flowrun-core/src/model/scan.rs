//! One pass over the text of a document before it is parsed: what `serde_json` does not check in the parts
//! that are kept as text.

/// The deepest nesting that is read: the limit `serde_json` has for the parts it does parse.
pub(crate) const MAX_DEPTH: usize = 128;

/// A text that is refused, and the byte where it goes wrong.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    TooDeep { offset: usize },
    NotFinite { offset: usize, len: usize },
}

/// Checks nesting and that every number is finite. Texts that are no JSON pass or fail here as it happens:
/// the parser looks at them next.
pub(crate) fn check(text: &str) -> Result<(), Refused> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_string(bytes, at + 1),
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(Refused::TooDeep { offset: at });
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'0'..=b'9' => {
                let rest = &bytes[at..];
                let len = rest
                    .iter()
                    .position(|b| !matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
                    .unwrap_or(rest.len());
                // Up to 300 digits without an exponent stay below 1e308.
                let suspect = len > 300 || rest[..len].iter().any(|b| matches!(b, b'e' | b'E'));
                if suspect && text[at..at + len].parse::<f64>().is_ok_and(|number| !number.is_finite()) {
                    return Err(Refused::NotFinite { offset: at, len });
                }
                at += len - 1;
            }
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// The index of the quote that closes a string whose content starts at `at`.
fn end_of_string(bytes: &[u8], mut at: usize) -> usize {
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => break,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_do_not_nest() {
        assert_eq!(check(&format!(r#""{}\"[""#, "[".repeat(500))), Ok(()));
        assert_eq!(check(&("[".repeat(128) + &"]".repeat(128))), Ok(()));
        assert_eq!(check(&"[".repeat(129)), Err(Refused::TooDeep { offset: 128 }));
    }

    #[test]
    fn numbers_beyond_the_range_are_found() {
        assert_eq!(check("[1e308, -1E-400]"), Ok(()));
        assert_eq!(check("[1e400]"), Err(Refused::NotFinite { offset: 1, len: 5 }));
        assert!(check(&"9".repeat(400)).is_err());
    }
}
