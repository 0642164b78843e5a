//! The right side of a comparison: what a person typed as `value`.

use crate::model::json::string_of;

/// A `value`, read both ways: the key decides which counts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Expected {
    /// Finite.
    pub(super) number: Option<f64>,
    pub(super) text: Option<Box<str>>,
    /// What was typed, where a reader may take it for another number than `number`, or for none.
    pub(super) odd_number: Option<Box<str>>,
}

impl Expected {
    /// Reads a valid JSON value. Numbers are taken as they are; in a text, list or object the first number
    /// counts; `null`, `true` and `false` hold none. Null, lists and objects are no text.
    pub(super) fn read(raw: &str) -> Self {
        let number = match raw.as_bytes().first() {
            Some(b'-' | b'0'..=b'9') => raw.parse().ok(),
            Some(b'"') => first_number(&string_of(raw)),
            _ => first_number(raw),
        };
        let text = match raw.as_bytes().first() {
            Some(b'"') => Some(string_of(raw).into()),
            Some(b'n' | b'[' | b'{') => None,
            _ => Some(raw.into()),
        };
        let number = number.filter(|number| number.is_finite());
        let typed = text.as_deref().unwrap_or(raw);
        // What any reader takes for the number it is read as is no surprise: `80`, ` 80 `, `+7`, `5.`.
        let is_plain = number == typed.trim().parse().ok();
        let odd_number = (number.is_some() && !is_plain).then(|| typed.into());
        Self { number, text, odd_number }
    }
}

/// The first run of ASCII digits with an optional minus before it and an optional fraction after it.
fn first_number(text: &str) -> Option<f64> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let digits = |from: usize| text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut end = start + digits(start);
    if text[end..].starts_with('.') {
        end += 1 + digits(end + 1);
    }
    let number: f64 = text[start..end].parse().ok()?;
    Some(if text[..start].ends_with('-') { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_in_a_value_is_the_first_one() {
        for (raw, number) in [
            (r#""80""#, Some(80.0)),
            ("80", Some(80.0)),
            ("8e1", Some(80.0)),
            (r#""80%""#, Some(80.0)),
            (r#""< 80.5""#, Some(80.5)),
            (r#""-3""#, Some(-3.0)),
            (r#""--5""#, Some(-5.0)),
            (r#"".5""#, Some(5.0)),
            (r#""5.""#, Some(5.0)),
            (r#""1e3""#, Some(1.0)),
            (r#""1,000""#, Some(1.0)),
            (r#""+7""#, Some(7.0)),
            (r#""91.5.7""#, Some(91.5)),
            (r#""10-20""#, Some(10.0)),
            ("[90, 99]", Some(90.0)),
            (r#""\u0038""#, Some(8.0)),
            (r#""٩٠""#, None),
            (r#""abc""#, None),
            (r#""""#, None),
            ("null", None),
            ("true", None),
            ("1e400", None),
        ] {
            assert_eq!(Expected::read(raw).number, number, "{raw}");
        }
        assert_eq!(Expected::read(&format!("\"{}\"", "9".repeat(400))).number, None);
    }

    #[test]
    fn a_number_is_odd_where_it_may_be_taken_for_another() {
        for plain in ["80", "8e1", "-3.5", r#""80""#, r#"" 80 ""#, r#""-3""#, r#""+7""#, r#""1e0""#] {
            assert_eq!(Expected::read(plain).odd_number, None, "{plain}");
        }
        for odd in [
            r#""v2 90""#,
            r#""0x5A""#,
            r#""80%""#,
            r#"".5""#,
            r#""1e3""#,
            r#""1,000""#,
            r#""--5""#,
            r#""10-20""#,
            "[90]",
            r#"{"at": 90}"#,
        ] {
            assert!(Expected::read(odd).odd_number.is_some(), "{odd}");
        }
        for none in [r#""NaN""#, r#""inf""#, "true", "null", r#""""#] {
            let read = Expected::read(none);
            assert_eq!((read.number, read.odd_number), (None, None), "{none}");
        }
    }

    #[test]
    fn the_text_of_a_value_is_what_was_typed() {
        for (raw, text) in [
            (r#""pass'ed""#, Some("pass'ed")),
            (r#""a\nb""#, Some("a\nb")),
            ("80.0", Some("80.0")),
            ("true", Some("true")),
            (r#""""#, Some("")),
            ("null", None),
            ("[1]", None),
        ] {
            assert_eq!(Expected::read(raw).text.as_deref(), text, "{raw}");
        }
    }
}
