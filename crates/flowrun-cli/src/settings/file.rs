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
    /// The text of the file as it may be shown: with stars for whatever may be a value.
    pub(crate) shown: String,
}

/// Reads the text of a settings file. A key that is no setting is refused: it is a misspelt one.
pub(crate) fn from_toml(text: &str) -> Result<Layer, FileError> {
    toml::from_str(text).map_err(|error| {
        let message = error.message().lines().next().unwrap_or("not TOML");
        // A key that is not known is shown, so that it can be mended; anything else there may be a value.
        let key = error.span().filter(|_| message.starts_with("unknown field"));
        FileError {
            message: without_values(message, key.clone().and_then(|key| text.get(key))),
            span: error.span(),
            shown: masked(text, key.and_then(|key| text.get(key))),
        }
    })
}

/// The message with dots for what it quotes, unless that is a name of ours or the key it is about.
fn without_values(message: &str, key: Option<&str>) -> String {
    let is_named = |quoted: &str| key == Some(quoted) || NAMES.contains(&quoted);
    let quote = |(place, part): (usize, &str)| match place % 2 {
        1 if !is_named(part) => "`…`".to_owned(),
        1 => format!("`{part}`"),
        _ => part.to_owned(),
    };
    // In a string that it quotes the parser escapes nothing, so what stands in quotes goes to the last one.
    let message = match (message.find('"'), message.rfind('"')) {
        (Some(from), Some(to)) if from < to => format!("{}…{}", &message[..from], &message[to + 1..]),
        _ => message.to_owned(),
    };
    message.split('`').enumerate().map(quote).collect()
}

/// The text with a star for each byte of what is neither the name of a setting or `key`, in front of a value.
fn masked(text: &str, key: Option<&str>) -> String {
    let mut shown = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let name = line.split('=').next().unwrap_or_default();
        let is_named = NAMES.contains(&name.trim()) || key == Some(name.trim());
        // With the sign behind it.
        let names_to = if is_named { name.len() + 1 } else { 0 };
        shown.extend(line.bytes().enumerate().map(|(place, byte)| match byte {
            b'\n' | b'\r' | b' ' => char::from(byte),
            _ if place < names_to && byte.is_ascii() => char::from(byte),
            _ => '*',
        }));
    }
    shown
}

/// The names of settings, and the words that are values of one.
const NAMES: [&str; 19] = [
    "slack_token",
    "slack_channel",
    "slack_api_url",
    "slack_webhook_url",
    "smtp_url",
    "mail_from",
    "ehlo_name",
    "ca_certs",
    "max_connections",
    "max_connections_per_host",
    "show_answers",
    "allow_hosts",
    "missing_tool",
    "allow_unsandboxed",
    "browser",
    "secrets",
    "[secrets]",
    "fail",
    "skip",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_of_the_help_can_be_set() {
        for line in super::super::HELP.lines().filter(|line| line.starts_with("  --")) {
            let text = match line.split_whitespace().nth(2).unwrap() {
                "allow_hosts" => "allow_hosts = ['a:1']".to_owned(),
                "ca_certs" => "ca_certs = ['a.pem']".to_owned(),
                flag @ ("show_answers" | "allow_unsandboxed") => format!("{flag} = false"),
                count if count.starts_with("max_") => format!("{count} = 3"),
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
        assert!(from_toml("allow_hosts = ['nonsense']").unwrap_err().span.is_some());
        assert!(from_toml("max_connections = 0").is_err());
        assert!(from_toml("= =").unwrap_err().span.is_some());
    }

    #[test]
    fn no_value_is_shown_whatever_is_wrong_with_it() {
        for text in [
            "slack_token = canary-1",
            "slack_token = 'canary-1",
            "slack_token = 271828",
            "slack_token = [\"canary-1\"]",
            "slack_token = \"\"\"\ncanary-1=\n\"\"\" x",
            "missing_tool = 'canary-1'",
            "allow_hosts = ['canary-1']",
            "mail_from = 'a'\ncanary-1",
            "secrets = 'canary-1'",
            "[secrets]\nX = 271828",
            "[secrets]\nX = { a = 'canary-1' }",
            "slack_token = 'a'\nslack_token = 'canary-1'",
        ] {
            let error = from_toml(text).unwrap_err();
            for said in [&error.message, &error.shown] {
                assert!(!said.contains("canary") && !said.contains("271828"), "{text}: {error:?}");
            }
            assert_eq!(error.shown.len(), text.len());
        }
        let misspelt = from_toml("slack_tokn = 'canary-1'").unwrap_err();
        assert!(misspelt.shown.starts_with("slack_tokn "), "{misspelt:?}");
    }
}
