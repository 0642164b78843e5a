//! Calling and dropping what others wrote: a panic there stays there.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What others wrote has panicked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Panicked {
    /// The text of the panic. It is as raw as whoever panicked made it.
    message: String,
}

/// Calls what others wrote.
#[inline]
pub(crate) fn call<T>(call: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(call)).map_err(Panicked::new)
}

/// Drops what others made. Each value is dropped in a call of its own: a second panic while the first one unwinds
/// would end the process.
pub(crate) fn discard<T>(value: T) -> Result<(), Panicked> {
    call(|| drop(value))
}

impl Panicked {
    fn new(payload: Box<dyn Any + Send>) -> Self {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let message = text.unwrap_or("no message").to_owned();
        // The payload is a value of others too, and so is what it panics with: that one is never dropped.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(payload);
        }
        Self { message }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::panic_any;

    use super::*;

    /// Panics when it is dropped, with another one of its kind, so many times.
    struct Spiteful(u32);

    impl Drop for Spiteful {
        fn drop(&mut self) {
            if self.0 > 0 {
                panic_any(Self(self.0 - 1));
            }
        }
    }

    #[test]
    fn a_payload_that_panics_when_it_is_dropped_stays_here() {
        let panicked = discard(Spiteful(5)).unwrap_err();
        assert_eq!(panicked.to_string(), "no message");
        assert_eq!(
            call(|| -> u8 { panic!("out of {}", "cheese") }).unwrap_err().to_string(),
            "out of cheese"
        );
        assert_eq!(discard(7), Ok(()));
    }
}
