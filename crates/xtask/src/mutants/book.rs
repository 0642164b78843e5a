//! What is known of mutants, in a file: a line for each, the outcome before its name.
//!
//! A name holds the line of the mutant, so what moved counts as unknown and is tried again.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::step::Failed;
use crate::workspace;

/// What came of a mutant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Outcome {
    Caught,
    Missed,
    /// A test did not end in time, which is noticed too.
    Timeout,
    /// It does not compile.
    Unviable,
}

impl Outcome {
    const ALL: [Self; 4] = [Self::Caught, Self::Missed, Self::Timeout, Self::Unviable];

    /// The word that cargo-mutants names its file with.
    const fn word(self) -> &'static str {
        match self {
            Self::Caught => "caught",
            Self::Missed => "missed",
            Self::Timeout => "timeout",
            Self::Unviable => "unviable",
        }
    }
}

/// The outcomes by the tests of one pass.
pub(super) struct Book {
    folder: PathBuf,
    known: BTreeMap<String, Outcome>,
}

impl Book {
    /// Opens the one in a folder; what a call that was stopped left there is taken in.
    pub(super) fn open(folder: &str) -> Result<Self, Failed> {
        let mut book = Self { folder: workspace::root().join(folder), known: BTreeMap::new() };
        fs::create_dir_all(&book.folder).map_err(|error| book.failed("make", &error))?;
        // Nothing is known yet when the file is not there.
        let text = fs::read_to_string(book.file()).unwrap_or_default();
        for (word, name) in text.lines().filter_map(|line| line.split_once(' ')) {
            if let Some(outcome) = Outcome::ALL.into_iter().find(|outcome| outcome.word() == word) {
                book.known.insert(name.to_owned(), outcome);
            }
        }
        book.take_in()?;
        Ok(book)
    }

    pub(super) fn get(&self, name: &str) -> Option<Outcome> {
        self.known.get(name).copied()
    }

    pub(super) fn has_missed(&self, name: &str) -> bool {
        self.get(name) == Some(Outcome::Missed)
    }

    /// Forgets those that were missed: there are new tests.
    pub(super) fn forget_missed(&mut self) -> Result<(), Failed> {
        self.known.retain(|_, outcome| *outcome != Outcome::Missed);
        self.write()
    }

    /// Moves into the file what cargo-mutants wrote.
    pub(super) fn take_in(&mut self) -> Result<(), Failed> {
        let output = self.folder.join("mutants.out");
        for outcome in Outcome::ALL {
            // A file that is missing names no mutants.
            let names =
                fs::read_to_string(output.join(format!("{}.txt", outcome.word()))).unwrap_or_default();
            self.known.extend(names.lines().map(|name| (name.to_owned(), outcome)));
        }
        self.write()?;
        // Taken in twice, an outcome could come after a newer one.
        if output.exists() {
            fs::remove_dir_all(&output).map_err(|error| self.failed("clear", &error))?;
        }
        Ok(())
    }

    fn write(&self) -> Result<(), Failed> {
        let lines: String =
            self.known.iter().map(|(name, outcome)| format!("{} {name}\n", outcome.word())).collect();
        fs::write(self.file(), lines).map_err(|error| self.failed("write", &error))
    }

    fn file(&self) -> PathBuf {
        self.folder.join("outcomes.txt")
    }

    fn failed(&self, what: &str, error: &std::io::Error) -> Failed {
        Failed::check(format!("could not {what} `{}`: {error}", self.folder.display()), "free some space")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stopped_call_left_is_known_to_the_next() {
        let folder = format!("target/xtask-tests/book-{}", std::process::id());
        let output = workspace::root().join(&folder).join("mutants.out");
        fs::create_dir_all(&output).unwrap();
        fs::write(output.join("caught.txt"), "a.rs:1:2: replace f with ()\n").unwrap();
        fs::write(output.join("missed.txt"), "a.rs:3:2: delete !\n").unwrap();
        drop(Book::open(&folder).unwrap());

        let mut book = Book::open(&folder).unwrap();
        assert_eq!(book.get("a.rs:1:2: replace f with ()"), Some(Outcome::Caught));
        assert!(book.has_missed("a.rs:3:2: delete !") && !output.exists());
        book.forget_missed().unwrap();
        let again = Book::open(&folder).unwrap();
        assert_eq!((again.known.len(), again.get("a.rs:3:2: delete !")), (1, None));
        fs::remove_dir_all(workspace::root().join(folder)).unwrap();
    }
}
