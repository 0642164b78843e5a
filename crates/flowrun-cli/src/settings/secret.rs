//! Secrets named on the command line: `NAME=VALUE`, or `NAME` with the value elsewhere.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::Hidden;

/// One `--secret`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SecretArg {
    name: String,
    value: Option<Hidden>,
}

impl FromStr for SecretArg {
    type Err = NotASecret;

    fn from_str(text: &str) -> Result<Self, NotASecret> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(Hidden::from(value.to_owned()))),
            None => (text, None),
        };
        if name.is_empty() || name.contains(['{', '}']) || name.chars().any(char::is_control) {
            return Err(NotASecret);
        }
        Ok(Self { name: name.to_owned(), value })
    }
}

/// The argument is neither `NAME=VALUE` nor `NAME`. It is not repeated: it may hold the secret.
#[derive(Debug, thiserror::Error)]
#[error("a secret is NAME=VALUE or NAME; a name is not empty and holds no braces")]
pub(crate) struct NotASecret;

/// A secret has no value.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretError {
    /// The value is found in ordinary text.
    #[error("the secret `{0}` has fewer than 6 characters: it could not be kept out of logs")]
    Short(String),
    /// Two values for one name.
    #[error("the secret `{0}` is given twice")]
    Twice(String),
    /// Neither the environment nor a person gave a value.
    #[error("the secret `{name}` has no value: set FLOWRUN_SECRET_{name}, or run where it can be asked for")]
    NoValue {
        /// The secret.
        name: String,
        /// Why it could not be asked for.
        source: std::io::Error,
    },
}

/// Refuses a value that nobody could find where it is echoed.
pub(crate) fn long_enough(secrets: &BTreeMap<String, Hidden>) -> Result<(), SecretError> {
    let is_short = |value: &Hidden| value.reveal().chars().count() < flowrun::Redactor::SHORTEST;
    let short = secrets.iter().find(|(_, value)| is_short(value));
    short.map_or(Ok(()), |(name, _)| Err(SecretError::Short(name.clone())))
}

/// Finds the value of each secret: in the argument, else among `known` (what environment and file say, by
/// exact name, then in capitals), else by asking.
pub(crate) fn resolve(
    args: Vec<SecretArg>,
    known: &BTreeMap<String, Hidden>,
    mut ask: impl FnMut(&str) -> std::io::Result<String>,
) -> Result<BTreeMap<String, Hidden>, SecretError> {
    let mut secrets = BTreeMap::new();
    for SecretArg { name, value } in args {
        if secrets.contains_key(&name) {
            return Err(SecretError::Twice(name));
        }
        let found = value.or_else(|| known.get(&name).or_else(|| known.get(&name.to_uppercase())).cloned());
        let value = match found {
            Some(value) => value,
            None => match ask(&name) {
                Ok(value) => value.into(),
                Err(source) => return Err(SecretError::NoValue { name, source }),
            },
        };
        secrets.insert(name, value);
    }
    Ok(secrets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(texts: &[&str]) -> Vec<SecretArg> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn nobody(_: &str) -> std::io::Result<String> {
        Err(std::io::ErrorKind::NotFound.into())
    }

    #[test]
    fn the_value_comes_from_the_argument_the_environment_or_a_person() {
        let known = BTreeMap::from([("TOKEN".to_owned(), Hidden::from("env".to_owned()))]);
        let asked = |name: &str| Ok(format!("typed for {name}"));
        let found = resolve(args(&["a=1=2", "token", "b", "empty="]), &known, asked).unwrap();
        let shown: Vec<_> = found.iter().map(|(name, value)| (name.as_str(), value.reveal())).collect();
        assert_eq!(shown, [("a", "1=2"), ("b", "typed for b"), ("empty", ""), ("token", "env")]);
    }

    #[test]
    fn a_secret_without_value_or_with_two_is_refused() {
        let none = BTreeMap::new();
        assert!(matches!(resolve(args(&["a"]), &none, nobody), Err(SecretError::NoValue { .. })));
        assert!(matches!(resolve(args(&["a=1", "a=2"]), &none, nobody), Err(SecretError::Twice(_))));
        for bad in ["", "=x", "{a}=x"] {
            assert!(bad.parse::<SecretArg>().is_err(), "{bad}");
        }
    }
}
