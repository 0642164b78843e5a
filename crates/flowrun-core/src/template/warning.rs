//! What went otherwise than the author of a template meant.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::DataKeyError;

/// A finding about one `{{name}}`. Names are shortened; values are never shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
#[non_exhaustive]
pub enum TemplateWarning {
    /// The name stays as typed: nothing can be read for it.
    Unreadable {
        /// What stands between the braces.
        name: String,
        /// Why nothing can be read.
        cause: DataKeyError,
    },
    /// The name stays as typed: a value there would choose the host the request goes to.
    ChoosesHost {
        /// What stands between the braces.
        name: String,
    },
    /// The name stays as typed: a value there would lead to another path, `..`.
    Climbs {
        /// What stands between the braces.
        name: String,
    },
    /// The name stays as typed: it follows a lone backslash, which would undo the escaping of a value.
    AfterBackslash {
        /// What stands between the braces.
        name: String,
    },
    /// Control characters were left out of a value.
    ControlsRemoved {
        /// What stands between the braces.
        name: String,
    },
}

impl fmt::Display for TemplateWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { name, cause } => write!(f, "`{name}` stays as typed: {cause}"),
            Self::ChoosesHost { name } => {
                write!(f, "`{name}` stays as typed: a value may not choose the scheme or host of an address")
            }
            Self::Climbs { name } => {
                write!(f, "`{name}` stays as typed: a value may not climb the path of an address")
            }
            Self::AfterBackslash { name } => write!(f, "`{name}` stays as typed: it follows a backslash"),
            Self::ControlsRemoved { name } => {
                write!(f, "control characters were removed from the value of `{name}`")
            }
        }
    }
}
