//! Named places where tests stop the process.

/// A place of that name. Without the feature `failpoints` nothing is left of it.
macro_rules! failpoint {
    ($name:expr) => {
        #[cfg(feature = "failpoints")]
        fail::fail_point!($name);
    };
    ($name:expr, $instead:expr) => {
        #[cfg(feature = "failpoints")]
        fail::fail_point!($name, $instead);
    };
}

pub(crate) use failpoint;
