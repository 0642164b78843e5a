//! The ids of what an account has, each a type of its own so that two cannot be swapped.

use std::fmt;

use std::str::FromStr;

use flowrun::SqlValue;
use uuid::Uuid;

use super::rows::Column;

macro_rules! ids {
    ($($(#[$doc:meta])* $vis:vis $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis struct $name(Uuid);

        impl $name {
            /// A new one, as good as unique.
            pub(crate) fn random() -> Self {
                Self(Uuid::new_v4())
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                Uuid::parse_str(text).map(Self).map_err(|_| ParseIdError(text.chars().take(40).collect()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<$name> for SqlValue {
            fn from(id: $name) -> Self {
                id.0.as_bytes().as_slice().into()
            }
        }

        impl Column for $name {
            fn of(value: SqlValue) -> Option<Self> {
                Column::of(value).map(|bytes| Self(Uuid::from_bytes(bytes)))
            }
        }
    )*};
}

/// The text is no id.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{0}` is not an id (a UUID)")]
pub struct ParseIdError(String);

ids! {
    /// The id of an account.
    pub AccountId;
    /// The id of a token, by which it is listed and revoked. It is not the token.
    pub TokenId;
    /// The id of a flow.
    pub(crate) FlowId;
    /// The id of a site.
    pub(crate) SiteId;
    /// The id of a page.
    pub(crate) PageId;
}
