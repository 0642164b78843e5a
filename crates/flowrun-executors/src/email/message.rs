//! One message, as it goes over the wire.

use data_encoding::BASE64;
use lettre::Message;
use lettre::message::header::{Header, HeaderName, HeaderValue, Subject};
use lettre::message::{Mailbox, SinglePart};
use thiserror::Error;

/// One message to one address.
pub(super) struct Mail<'a> {
    pub(super) to: &'a str,
    pub(super) subject: &'a str,
    pub(super) html: &'a str,
    /// The same in every attempt, so that the receiving side can tell a repetition.
    pub(super) id: String,
}

/// Why there is no message.
#[derive(Debug, Error)]
pub(super) enum BadMessage {
    #[error("it is not an address")]
    Address,
    #[error("the message cannot be built: {0}")]
    Build(lettre::error::Error),
    #[error("a header of the message is longer than the {LONGEST_LINE} bytes that mail servers take")]
    Header,
    #[error("the message has {bytes} bytes, and {limit} are sent at most")]
    TooLarge { bytes: usize, limit: usize },
}

/// Bytes of a line without its end (RFC 5322, section 2.1.1).
const LONGEST_LINE: usize = 998;

/// The bytes of the message.
pub(super) fn bytes_of(
    mail: &Mail<'_>,
    from: &Mailbox,
    to: Mailbox,
    limit: usize,
) -> Result<Vec<u8>, BadMessage> {
    // Before it is encoded, which makes it larger still.
    let bytes = mail.subject.len() + mail.html.len();
    if bytes > limit {
        return Err(BadMessage::TooLarge { bytes, limit });
    }
    let subject = one_line(mail.subject);
    let id = format!("<{}@{}>", mail.id, from.email.domain());
    let message = Message::builder().from(from.clone()).to(to).message_id(Some(id));
    // A word that no space breaks is folded by nobody; encoded, it is many short words.
    let message = match subject.split(' ').any(|word| word.len() > LONGEST_WORD) {
        true => message.header(Encoded(subject)),
        false => message.subject(subject),
    };
    let message = message.singlepart(SinglePart::html(breaks(mail.html))).map_err(BadMessage::Build)?;
    let bytes = message.formatted();
    let head = bytes.windows(4).position(|end| end == b"\r\n\r\n").unwrap_or(bytes.len());
    if bytes[..head].split(|&byte| byte == b'\n').any(|line| line.len() > LONGEST_LINE) {
        return Err(BadMessage::Header);
    }
    Ok(bytes)
}

/// Bytes of a word that is left as it is.
const LONGEST_WORD: usize = 70;

/// A header holds one line, and a NUL nowhere.
fn one_line(text: &str) -> String {
    let text = text.replace("\r\n", " ").replace(['\r', '\n'], " ");
    text.chars().filter(|c| !c.is_control()).collect()
}

/// Line ends become breaks; a CR of its own ends a line too, and a NUL is left out.
fn breaks(html: &str) -> String {
    html.replace("\r\n", "\n").replace(['\r', '\n'], "<br>").replace('\0', "")
}

/// A subject in encoded words throughout (RFC 2047).
#[derive(Clone)]
struct Encoded(String);

impl Header for Encoded {
    fn name() -> HeaderName {
        Subject::name()
    }

    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(text.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        // 45 bytes are 60 in base64, and 72 with what marks a word; 75 are allowed.
        const BYTES: usize = 45;
        let mut words: Vec<String> = vec![String::new()];
        for c in self.0.chars() {
            match words.last_mut() {
                Some(word) if word.len() + c.len_utf8() <= BYTES => word.push(c),
                _ => words.push(c.to_string()),
            }
        }
        let encoded: Vec<String> =
            words.iter().map(|word| format!("=?utf-8?b?{}?=", BASE64.encode(word.as_bytes()))).collect();
        HeaderValue::dangerous_new_pre_encoded(Self::name(), self.0.clone(), encoded.join("\r\n "))
    }
}

#[cfg(test)]
mod tests {
    use super::super::recipients::mailbox;
    use super::*;

    fn built(subject: &str, html: &str, to: &str) -> Result<String, BadMessage> {
        let mail = Mail { to, subject, html, id: "id.1".into() };
        let from = mailbox("Flows <flows@a.example>").unwrap();
        let bytes = bytes_of(&mail, &from, mailbox(to).unwrap(), 1 << 20)?;
        Ok(String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn no_line_is_too_long_and_none_holds_a_bare_cr_or_a_nul() {
        let word = "x".repeat(3000);
        let nasty = "a\rb\r\nBcc: c@d.example\n\0\u{1b}[31m";
        for subject in ["plain", &word, &format!("two {word}"), &"ü".repeat(2000), &"a b ".repeat(900), nasty]
        {
            for html in [nasty, &"<p>".repeat(5000), &format!("{word}\r{word}\0")] {
                let text = built(subject, html, "b@x.example").unwrap();
                assert!(
                    text.split("\r\n")
                        .all(|line| line.len() <= LONGEST_LINE && !line.contains(['\r', '\n', '\0']))
                );
                assert!(!text.to_lowercase().contains("\r\nbcc:"), "{text}");
            }
        }
    }

    #[test]
    fn a_long_word_arrives_whole() {
        let text = built(&"x".repeat(100), "", "b@x.example").unwrap();
        let unfolded = text.replace("\r\n ", " ");
        let subject = unfolded.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap();
        let decoded = subject.split(' ').map(|word| {
            let base64 = word.strip_prefix("=?utf-8?b?").and_then(|rest| rest.strip_suffix("?=")).unwrap();
            String::from_utf8(BASE64.decode(base64.as_bytes()).unwrap()).unwrap()
        });
        assert_eq!(decoded.collect::<String>(), "x".repeat(100));
    }

    #[test]
    fn what_is_too_large_is_no_message() {
        let large = built("s", &"x".repeat(2 << 20), "b@x.example").unwrap_err();
        assert_eq!(large.to_string(), "the message has 2097153 bytes, and 1048576 are sent at most");
        let name = format!("\"{}\" <b@x.example>", "x".repeat(2000));
        match built("s", "", &name) {
            Ok(text) => assert!(text.lines().all(|line| line.len() <= LONGEST_LINE)),
            Err(error) => assert!(matches!(error, BadMessage::Header)),
        }
    }
}
