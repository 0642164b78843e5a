//! The part of an address after `?`, read and written as the original does.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What is written as it is in a query, beside letters and digits.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~').remove(b' ');

/// The parameters of a request: each name with its values, in the order of the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query(BTreeMap<String, Vec<String>>);

impl Query {
    /// Reads the text after `?`. Nothing is malformed: what is no UTF-8 is replaced.
    pub(crate) fn parse(text: &str) -> Self {
        let mut parameters = BTreeMap::<String, Vec<String>>::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            parameters.entry(name.into_owned()).or_default().push(value.into_owned());
        }
        Self(parameters)
    }

    /// The value of a parameter: of several, the last.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.last().map(String::as_str)
    }

    /// The value of a parameter; an empty one counts as absent.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Every value of a parameter.
    pub(crate) fn all(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// The same parameters with this one as the only value of its name.
    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.0.insert(name.to_owned(), vec![value.to_string()]);
        self
    }

    /// The same parameters without those of this name.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }
}

/// Parameters in the order of their names; a blank is `+`.
impl std::fmt::Display for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pairs = self.0.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
        for (index, (name, value)) in pairs.enumerate() {
            let mark = if index == 0 { "" } else { "&" };
            write!(f, "{mark}{}={}", encoded(name), encoded(value))?;
        }
        Ok(())
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string().replace(' ', "+")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_in_the_order_of_names_as_the_original_escapes_it() {
        let query = Query::parse("z=1&a=!*()'/:&m=a+b%20c&a=~-._&empty=&bare&%C3%A9=%F0%9F%9A%80");
        assert_eq!(
            query.to_string(),
            "a=%21%2A%28%29%27%2F%3A&a=~-._&bare=&empty=&m=a+b+c&z=1&%C3%A9=%F0%9F%9A%80"
        );
    }

    #[test]
    fn the_last_value_wins_and_an_empty_one_is_not_given() {
        let query = Query::parse("limit=1&limit=2&site_id=");
        assert_eq!((query.get("limit"), query.all("limit").len()), (Some("2"), 2));
        assert_eq!((query.get("site_id"), query.given("site_id")), (Some(""), None));
        assert_eq!(query.with("limit", 3).without("site_id").to_string(), "limit=3");
    }

    #[test]
    fn nothing_is_malformed() {
        for text in ["", "&&", "=", "%", "%zz=%f", "a=b=c", "\u{0}=\u{1}"] {
            let written = Query::parse(text).to_string();
            assert_eq!(Query::parse(&written).to_string(), written, "{text:?}");
        }
    }
}
