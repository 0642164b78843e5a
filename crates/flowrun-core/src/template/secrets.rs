//! Where the values of secrets come from.

use std::collections::BTreeMap;

/// Knows secrets by name. Implemented by whoever keeps them: settings, environment, an encrypted table.
pub trait SecretSource: Send + Sync {
    /// The value of the secret `name`; `None` when there is none of that name.
    fn secret(&self, name: &str) -> Option<String>;

    /// The names of all secrets.
    fn names(&self) -> Vec<String>;
}

impl SecretSource for BTreeMap<String, String> {
    fn secret(&self, name: &str) -> Option<String> {
        self.get(name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.keys().cloned().collect()
    }
}

/// A source that knows no secrets.
///
/// ```
/// use flowrun_core::{NoSecrets, SecretSource};
///
/// assert_eq!((NoSecrets.secret("TOKEN"), NoSecrets.names().len()), (None, 0));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSecrets;

impl SecretSource for NoSecrets {
    fn secret(&self, _name: &str) -> Option<String> {
        None
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}
