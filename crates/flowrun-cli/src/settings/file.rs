//! Settings from a TOML file.

use std::ops::Range;

use super::Layer;

/// The file could not be used.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct FileError {
    /// What is wrong, on one line.
    pub(crate) message: String,
    /// Bytes of the file it is about.
    pub(crate) span: Option<Range<usize>>,
}

/// Reads the text of a settings file. A key that is no setting is refused: it is a misspelt one.
pub(crate) fn from_toml(text: &str) -> Result<Layer, FileError> {
    toml::from_str(text).map_err(|error| FileError {
        message: error.message().lines().next().unwrap_or("not TOML").to_owned(),
        span: error.span(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_of_the_help_can_be_set() {
        for line in super::super::HELP.lines().filter(|line| line.starts_with("  --")) {
            let text = match line.split_whitespace().nth(2).unwrap() {
                "allow_hosts" => "allow_hosts = ['a:1']".to_owned(),
                "missing_tool" => "missing_tool = 'skip'".to_owned(),
                "[secrets]" => "[secrets]\nX = 'x'".to_owned(),
                key => format!("{key} = 'x'"),
            };
            assert_ne!(from_toml(&text).unwrap(), Layer::default(), "{text}");
        }
    }

    #[test]
    fn mistakes_are_shown_with_their_place() {
        let misspelt = from_toml("mail_from = 'a'\nslack_tokn = 'x'").unwrap_err();
        assert!(misspelt.message.contains("slack_tokn"), "{misspelt}");
        assert_eq!(misspelt.span, Some(16..26));
        assert!(from_toml("mail_from = 1").unwrap_err().span.is_some());
        assert!(from_toml("allow_hosts = ['nonsense']").unwrap_err().message.contains("`nonsense`"));
        assert!(from_toml("= =").unwrap_err().span.is_some());
    }
}
