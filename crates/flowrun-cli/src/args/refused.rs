//! What is said about arguments that cannot be read: which, and why, and not what was typed there.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Stands for what was typed.
const TYPED: &str = "…";

/// The error without the values of arguments: one that is mistaken may hold a secret, or belong to one that was torn
/// apart by a blank.
pub(super) fn without_values(mut error: clap::Error) -> clap::Error {
    match error.kind() {
        ErrorKind::ValueValidation => {
            error.insert(ContextKind::InvalidValue, ContextValue::String(TYPED.to_owned()));
        }
        ErrorKind::UnknownArgument => {
            if let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidArg) {
                let flag = typed.split_once('=').map_or(typed.as_str(), |(flag, _)| flag);
                let known = if flag.starts_with('-') { flag } else { TYPED }.to_owned();
                error.insert(ContextKind::InvalidArg, ContextValue::String(known));
                // It repeats what was typed.
                error.remove(ContextKind::Suggested);
            }
        }
        _ => {}
    }
    error
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::Cli;
    use super::*;

    fn said(arguments: &[&str]) -> String {
        let arguments = [&["flowrun", "run", "f"], arguments].concat();
        without_values(Cli::try_parse_from(arguments).unwrap_err()).to_string()
    }

    #[test]
    fn the_value_of_an_argument_is_not_repeated() {
        for arguments in [
            &["--secret", "{W}=canary-1"][..],
            &["--secret", "W=a", "canary-1"],
            &["--site", "user:canary-1@host"],
            &["--site", "https://user:canary-1@host.example"],
            &["--site", "ftp://user:canary-1@host.example"],
            &["--site", "http://a", "--slack-tokn=canary-1"],
            &["--site", "http://a", "--configs", "{canary-1}"],
            &["--site", "http://a", "--timeout", "canary-1"],
        ] {
            let said = said(arguments);
            assert!(!said.contains("canary"), "{said}");
            assert!(
                said.contains("--s") || said.contains("--c") || said.contains("--t") || said.contains('…'),
                "{said}"
            );
        }
    }
}
