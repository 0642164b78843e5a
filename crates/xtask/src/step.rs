//! Steps: commands that are shown, timed, and told how to be repeated when they fail.

use std::fmt;
use std::process::{Command, ExitCode, ExitStatus};
use std::time::{Duration, Instant};

use crate::workspace;

/// What cargo tells the programs it runs about their own package. Handed on to another cargo it would make
/// build scripts that read it (those of `ring`) run again, each time in turn.
const OWN_PACKAGE: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];

/// A task ended early.
#[derive(Debug)]
pub(crate) enum Failed {
    /// A command said no, or could not be started.
    Command {
        /// As typed in a shell.
        line: String,
        /// How it ended; `None` when it never began.
        status: Option<ExitStatus>,
        elapsed: Duration,
    },
    /// A check of ours found something.
    Check {
        /// What was found, a line each.
        findings: Vec<String>,
        /// What to do about it.
        help: String,
    },
}

impl Failed {
    /// A finding of a check.
    pub(crate) fn check(finding: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Check { findings: vec![finding.into()], help: help.into() }
    }

    /// The code of the command that failed, so that callers see what it said.
    pub(crate) fn exit_code(&self) -> ExitCode {
        let code = match self {
            Self::Command { status, .. } => status.and_then(|status| status.code()),
            Self::Check { .. } => None,
        };
        ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command { line, status: Some(status), elapsed } => {
                write!(f, "failed after {} ({status}); repeat it with:\n  {line}", Seconds(*elapsed))
            }
            Self::Command { line, status: None, .. } => write!(f, "could not run:\n  {line}"),
            Self::Check { findings, help } => {
                for finding in findings {
                    writeln!(f, "{finding}")?;
                }
                write!(f, "  help: {help}")
            }
        }
    }
}

/// A command of a step, and how a person would type it.
pub(crate) struct Call {
    command: Command,
    line: String,
}

impl Call {
    /// A call of `program`, from the root of the workspace.
    pub(crate) fn new(program: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(workspace::root());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if OWN_PACKAGE.iter().any(|prefix| name.starts_with(prefix)) {
                command.env_remove(name.as_ref());
            }
        }
        let words = std::iter::once(&program).chain(arguments).map(|word| quoted(word));
        Self { command, line: words.collect::<Vec<_>>().join(" ") }
    }

    /// A call of cargo. In CI the lock file stands as it is.
    pub(crate) fn cargo(arguments: &[&str]) -> Self {
        let (before, after) = arguments.split_at(usize::from(!arguments.is_empty()));
        let locked: &[&str] = if std::env::var_os("CI").is_some() { &["--locked"] } else { &[] };
        Self::new("cargo", &[before, locked, after].concat())
    }

    /// Sets a variable of its environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self.line = format!("{name}={} {}", quoted(value), self.line);
        self
    }

    /// Sets several variables of its environment.
    pub(crate) fn envs(self, variables: &[(&str, &str)]) -> Self {
        variables.iter().fold(self, |call, (name, value)| call.env(name, value))
    }

    /// Runs it and passes on what it prints.
    pub(crate) fn run(mut self) -> Result<(), Failed> {
        eprintln!("$ {}", self.line);
        let begun = Instant::now();
        let status = self.command.status().ok();
        if status.is_some_and(|status| status.success()) {
            return Ok(());
        }
        Err(Failed::Command { line: self.line, status, elapsed: begun.elapsed() })
    }

    /// Runs it and gives what it printed.
    pub(crate) fn read(mut self) -> Result<String, Failed> {
        let begun = Instant::now();
        match self.command.output() {
            Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            Ok(output) => {
                eprint!("{}", String::from_utf8_lossy(&output.stderr));
                Err(Failed::Command {
                    line: self.line,
                    status: Some(output.status),
                    elapsed: begun.elapsed(),
                })
            }
            Err(_) => Err(Failed::Command { line: self.line, status: None, elapsed: begun.elapsed() }),
        }
    }

    /// Whether it can be run and succeeds. Prints nothing.
    pub(crate) fn succeeds(mut self) -> bool {
        self.command.output().is_ok_and(|output| output.status.success())
    }
}

/// The steps of one task. The first that fails ends it.
pub(crate) struct Steps {
    task: &'static str,
    begun: Instant,
    done: Vec<(String, Duration)>,
    skipped: Vec<String>,
}

impl Steps {
    pub(crate) fn new(task: &'static str) -> Self {
        Self { task, begun: Instant::now(), done: Vec::new(), skipped: Vec::new() }
    }

    /// Does one step.
    pub(crate) fn step(
        &mut self,
        name: &str,
        work: impl FnOnce() -> Result<(), Failed>,
    ) -> Result<(), Failed> {
        eprintln!("\n== {}: {name}", self.task);
        let begun = Instant::now();
        work()?;
        self.done.push((name.to_owned(), begun.elapsed()));
        Ok(())
    }

    /// Says that a step was left out, and what would bring it back.
    pub(crate) fn skip(&mut self, name: &str, why: &str) {
        eprintln!("\n== {}: {name}: not checked: {why}", self.task);
        self.skipped.push(format!("{name}: not checked: {why}"));
    }

    /// Prints what was done and how long it took.
    pub(crate) fn finish(self) {
        eprintln!("\n{} passed in {}", self.task, Seconds(self.begun.elapsed()));
        for (name, elapsed) in &self.done {
            eprintln!("  {:>8}  {name}", Seconds(*elapsed).to_string());
        }
        for line in &self.skipped {
            eprintln!("  {:>8}  {line}", "-");
        }
    }
}

/// A duration for people: seconds with one digit.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} s", self.0.as_secs_f64())
    }
}

/// A word as a shell wants it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_shows_the_command_that_repeats_it() {
        let call = Call::new("false", &["a b", "it's", "--x=1"]).env("RUSTDOCFLAGS", "-D warnings");
        let failed = call.run().unwrap_err();
        let text = failed.to_string();
        let line = r"RUSTDOCFLAGS='-D warnings' false 'a b' 'it'\''s' --x=1";
        assert!(text.contains("exit status: 1") && text.ends_with(line), "{text}");
    }

    #[test]
    fn a_program_that_is_missing_is_a_failure_and_no_panic() {
        let failed = Call::new("no-such-program-anywhere", &[]).run().unwrap_err();
        assert_eq!(failed.to_string(), "could not run:\n  no-such-program-anywhere");
        assert!(!Call::new("no-such-program-anywhere", &[]).succeeds());
    }

    #[test]
    fn the_first_step_that_fails_is_the_last() {
        let mut steps = Steps::new("try");
        let mut third = false;
        let outcome = steps
            .step("one", || Ok(()))
            .and_then(|()| steps.step("two", || Err(Failed::check("bad", "mend it"))))
            .and_then(|()| {
                third = true;
                steps.step("three", || Ok(()))
            });
        assert_eq!(outcome.unwrap_err().to_string(), "bad\n  help: mend it");
        assert_eq!((third, steps.done.len()), (false, 1));
    }
}
