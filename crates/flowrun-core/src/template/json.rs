//! Where in a JSON text the next value goes.

/// Follows the author's text and knows whether it stands inside a string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum JsonContext {
    /// Outside of any string: a value is a whole JSON value.
    #[default]
    Value,
    /// Inside a string: a value is a part of its content.
    String,
    /// Inside a string, just behind a backslash: no value is safe here.
    Escape,
}

impl JsonContext {
    /// The context behind `text`.
    pub(super) fn after(self, text: &str) -> Self {
        text.bytes().fold(self, |context, byte| match (context, byte) {
            (Self::Value, b'"') | (Self::Escape, _) => Self::String,
            (Self::String, b'"') => Self::Value,
            (Self::String, b'\\') => Self::Escape,
            (Self::Value | Self::String, _) => context,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_backslashes_move_the_context() {
        for (text, context) in [
            ("", JsonContext::Value),
            (r#"{"a": "#, JsonContext::Value),
            (r#"{"a": "b "#, JsonContext::String),
            (r#"{"a": "b\"#, JsonContext::Escape),
            (r#"{"a": "b\""#, JsonContext::String),
            (r#"{"a": "b\\""#, JsonContext::Value),
            (r"\", JsonContext::Value),
        ] {
            assert_eq!(JsonContext::default().after(text), context, "{text}");
        }
    }
}
