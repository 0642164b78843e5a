//! What went otherwise than the author of a template meant.

use serde::{Deserialize, Serialize};

use crate::Unreadable;

/// A finding about one `{{name}}`. Names are shortened; values are never shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
#[non_exhaustive]
pub enum TemplateWarning {
    /// The name stays as typed: nothing can be read for it.
    #[error("`{name}` stays as typed: {cause}")]
    Unreadable {
        /// What stands between the braces.
        name: String,
        /// Why nothing can be read.
        cause: Unreadable,
    },
    /// The name stays as typed: a value there would choose the host the request goes to.
    #[error("`{name}` stays as typed: a value may not choose the scheme or host of an address")]
    ChoosesHost {
        /// What stands between the braces.
        name: String,
    },
    /// The name stays as typed: a value there would lead to another path, `..`.
    #[error("`{name}` stays as typed: a value may not climb the path of an address")]
    Climbs {
        /// What stands between the braces.
        name: String,
    },
    /// The name stays as typed: it follows a lone backslash, which would undo the escaping of a value.
    #[error("`{name}` stays as typed: it follows a backslash")]
    AfterBackslash {
        /// What stands between the braces.
        name: String,
    },
    /// Control characters were left out of a value.
    #[error("control characters were removed from the value of `{name}`")]
    ControlsRemoved {
        /// What stands between the braces.
        name: String,
    },
}
