//! Named places where tests stop the process, after the rows of the crash matrix.

/// A place of that name. Without the feature `failpoints` nothing is left of it.
macro_rules! failpoint {
    ($name:expr) => {
        #[cfg(feature = "failpoints")]
        fail::fail_point!($name);
    };
}

pub(crate) use failpoint;
