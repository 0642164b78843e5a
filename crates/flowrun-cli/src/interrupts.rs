//! Ctrl-C and the request to terminate.

use std::io;

/// Why a command is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interrupt {
    /// Somebody pressed Ctrl-C.
    Keyboard,
    /// The system, or whoever looks after the process, wants it gone.
    Terminate,
}

/// Takes the signals in place of the system, which would end the process at once.
#[derive(Debug)]
pub(crate) struct Interrupts {
    #[cfg(unix)]
    keyboard: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Interrupts {
    /// Takes the signals from now on.
    pub(crate) fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { keyboard: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// The next signal. Dropping the future loses none.
    pub(crate) async fn next(&mut self) -> Interrupt {
        tokio::select! {
            _ = self.keyboard.recv() => Interrupt::Keyboard,
            _ = self.terminate.recv() => Interrupt::Terminate,
        }
    }
}

#[cfg(not(unix))]
impl Interrupts {
    /// Takes the signal from the first call of [`next`](Self::next) on.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {})
    }

    /// The next signal.
    pub(crate) async fn next(&mut self) -> Interrupt {
        if tokio::signal::ctrl_c().await.is_err() {
            // No signals here: nobody can interrupt, so nothing is to be told.
            std::future::pending::<()>().await;
        }
        Interrupt::Keyboard
    }
}
