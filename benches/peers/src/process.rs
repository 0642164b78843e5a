//! Starts a process that may die, and tells what became of it.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use peers_child::{FAILED, UNFIT};
use serde::Serialize;
use serde::de::DeserializeOwned;

const TIME: Duration = Duration::from_secs(20);

/// What became of a combination.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome<M> {
    /// It was measured.
    Measured(M),
    /// The interface of the crate cannot express what is asked.
    Unfit,
    /// It did not end within 20 s.
    TimedOut,
    /// It needed more than 4 GiB.
    OutOfMemory,
    /// It recursed too deeply.
    StackOverflow,
    /// It panicked.
    Panicked,
    /// It gave up with these words.
    Failed(String),
    /// It died in another way.
    Died(String),
    /// It could not be built here.
    NotBuilt,
    /// A smaller one had failed already.
    Skipped,
}

impl<M: DeserializeOwned> Outcome<M> {
    /// Of this command, which prints what it measured as its last line, in JSON.
    pub fn of(command: &mut Command) -> io::Result<Self> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let (out, err) = (drain(child.stdout.take()), drain(child.stderr.take()));
        let status = wait(&mut child)?;
        let (out, err) = (joined(out), joined(err));
        Ok(status.map_or(Self::TimedOut, |status| Self::after(status, &out, &err)))
    }

    fn after(status: ExitStatus, out: &str, err: &str) -> Self {
        if status.success()
            && let Some(measured) = out.lines().last().and_then(|line| serde_json::from_str(line).ok())
        {
            return Self::Measured(measured);
        }
        match status.code() {
            Some(code) if code == i32::from(UNFIT) => Self::Unfit,
            _ if err.contains("has overflowed its stack") => Self::StackOverflow,
            _ if err.contains("memory allocation of") => Self::OutOfMemory,
            _ if err.contains("panicked at") => Self::Panicked,
            Some(code) if code == i32::from(FAILED) => {
                Self::Failed(err.lines().last().unwrap_or_default().to_owned())
            }
            _ => Self::Died(status.to_string()),
        }
    }
}

impl<M> Outcome<M> {
    /// What was measured, or in a few words why nothing was.
    pub fn measured(&self) -> Result<&M, &str> {
        match self {
            Self::Measured(measured) => Ok(measured),
            Self::Unfit => Err("its interface cannot express it"),
            Self::TimedOut => Err("> 20 s"),
            Self::OutOfMemory => Err("> 4 GiB"),
            Self::StackOverflow => Err("stack overflow"),
            Self::Panicked => Err("panic"),
            Self::Failed(how) | Self::Died(how) => Err(how),
            Self::NotBuilt => Err("not built"),
            Self::Skipped => Err("skipped"),
        }
    }
}

/// Waits until the child has ended or its time is over, then kills it: it is this process's own child.
fn wait(child: &mut Child) -> io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + TIME;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Reads to the end in a thread, so that a child that says much does not block.
fn drain(from: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(mut from) = from {
            // What was read before an error is still worth looking at.
            let _ = from.read_to_end(&mut text);
        }
        String::from_utf8_lossy(&text).into_owned()
    })
}

fn joined(text: JoinHandle<String>) -> String {
    text.join().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(script: &str) -> Outcome<u32> {
        Outcome::of(Command::new("sh").args(["-c", script])).unwrap()
    }

    #[test]
    fn what_a_child_does_is_what_is_told() {
        assert_eq!(of("echo loading; echo 7").measured(), Ok(&7));
        assert_eq!(of("exit 3").measured(), Err("its interface cannot express it"));
        assert_eq!(of("echo database is locked >&2; exit 1").measured(), Err("database is locked"));
        assert_eq!(of("echo \"thread 'main' panicked at x\" >&2; exit 101").measured(), Err("panic"));
        assert!(matches!(of("kill -9 $$"), Outcome::Died(_)));
    }
}
