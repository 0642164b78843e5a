//! An error with its causes, for those who print it.

use std::error::Error;
use std::fmt;

/// An error and its causes as one text, each said once: no error of these crates repeats its cause in its own text,
/// and of others that do it is left out.
///
/// ```
/// use flowrun_core::{Conditions, ErrorChain};
///
/// let error = Conditions::parse("[").unwrap_err();
/// assert_eq!(error.to_string(), "`conditions` is not JSON");
/// let whole = ErrorChain::new(&error).to_string();
/// assert_eq!(whole, "`conditions` is not JSON: EOF while parsing a list at line 1 column 1");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ErrorChain<'a>(&'a (dyn Error + 'a));

impl<'a> ErrorChain<'a> {
    /// The error and its causes.
    #[must_use]
    pub fn new(error: &'a (dyn Error + 'a)) -> Self {
        Self(error)
    }
}

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        f.write_str(&said)?;
        let mut cause = self.0.source();
        while let Some(next) = cause {
            let text = next.to_string();
            if !said.ends_with(&text) {
                write!(f, ": {text}")?;
                said = text;
            }
            cause = next.source();
        }
        Ok(())
    }
}
