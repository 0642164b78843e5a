//! The settings of a node, key by key, as an executor reads them.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::json::{Members, string_of};

/// The members of a node's `data`, or of an object inside it. A key that is read may stand there once: which of
/// two values was meant, nobody can know.
///
/// ```
/// use flowrun_core::{NodeDataError, NodeData};
///
/// let data = NodeData::read(r#"{"message": "hello", "size": 3, "note": 1, "note": 2}"#);
/// assert_eq!(data.text("message")?.as_deref(), Some("hello"));
/// assert_eq!(data.text("subject")?, None);
/// assert_eq!(data.text("size"), Err(NodeDataError::NotAText("size")));
/// assert_eq!(data.get("note").unwrap_err(), NodeDataError::Twice("note"));
/// # Ok::<(), NodeDataError>(())
/// ```
#[derive(Clone, Debug)]
pub struct NodeData<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> NodeData<'a> {
    /// Reads a JSON object. What is none has no keys: whoever read the document has seen to its types.
    #[must_use]
    pub fn read(json: &'a str) -> Self {
        Self(serde_json::from_str(json).map(|Members(members)| members).unwrap_or_default())
    }

    /// The JSON text of a key's value; `None` when the key is absent or null.
    ///
    /// # Errors
    ///
    /// [`NodeDataError::Twice`].
    pub fn get(&self, key: &'static str) -> Result<Option<&'a str>, NodeDataError> {
        let mut found = self.0.iter().filter(|(name, _)| name == key).map(|(_, value)| value.get());
        let first = found.next();
        match found.next() {
            Some(_) => Err(NodeDataError::Twice(key)),
            None => Ok(first.filter(|raw| *raw != "null")),
        }
    }

    /// The JSON text of a key's value, of one that is given twice the first.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.get())
    }

    /// The text of a key; `None` when the key is absent or null.
    ///
    /// # Errors
    ///
    /// [`NodeDataError`] when it is given twice, or is no text.
    pub fn text(&self, key: &'static str) -> Result<Option<Cow<'a, str>>, NodeDataError> {
        match self.get(key)? {
            Some(raw) if raw.starts_with('"') => Ok(Some(string_of(raw))),
            Some(_) => Err(NodeDataError::NotAText(key)),
            None => Ok(None),
        }
    }

    /// The object below a key; one without keys when the key is absent or null.
    ///
    /// # Errors
    ///
    /// [`NodeDataError`] when it is given twice, or is no object.
    pub fn object(&self, key: &'static str) -> Result<Self, NodeDataError> {
        match self.get(key)? {
            Some(raw) if raw.starts_with('{') => Ok(Self::read(raw)),
            Some(_) => Err(NodeDataError::NotAnObject(key)),
            None => Ok(Self(Vec::new())),
        }
    }

    /// The keys, in order and as often as they stand there.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| &**key)
    }
}

/// A key of a node's data that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NodeDataError {
    /// The key stands there twice.
    #[error("`{0}` is given twice")]
    Twice(&'static str),
    /// The value is something else than a text.
    #[error("`{0}` is not a text")]
    NotAText(&'static str),
    /// The value is something else than an object.
    #[error("`{0}` is not an object")]
    NotAnObject(&'static str),
}

impl NodeDataError {
    /// The key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Twice(key) | Self::NotAText(key) | Self::NotAnObject(key) => key,
        }
    }

    /// A stable name for the kind of problem.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Twice(_) => "node.duplicate-key",
            Self::NotAText(_) | Self::NotAnObject(_) => "node.wrong-type",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_same_however_it_is_written() {
        let data = NodeData::read(r#"{"message":"a","mess\u0061ge":"b","configs":{"x":1},"uri":[]}"#);
        assert_eq!(data.get("message"), Err(NodeDataError::Twice("message")));
        assert_eq!(data.object("configs").unwrap().get("x"), Ok(Some("1")));
        assert_eq!(data.object("uri").unwrap_err(), NodeDataError::NotAnObject("uri"));
        assert_eq!(data.object("headers").unwrap().keys().count(), 0);
        assert_eq!(NodeData::read("[1]").keys().count(), 0);
    }
}
