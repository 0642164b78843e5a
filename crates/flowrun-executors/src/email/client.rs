//! Handing one message to the server.

use std::error::Error as _;
use std::time::Duration;

use flowrun_guard::{Endpoint, Guard};
use lettre::message::{Mailbox, SinglePart};
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use thiserror::Error;
use url::Url;

use super::EmailSettings;
use crate::outcome::{Undone, failure};
use crate::text::tame;

/// A server and the sender of everything that goes there.
#[derive(Debug)]
pub(super) struct Client {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    endpoint: Endpoint,
    from: Mailbox,
    timeout: Duration,
}

/// One message to one address.
pub(super) struct Mail<'a> {
    pub(super) to: &'a str,
    pub(super) subject: &'a str,
    pub(super) html: String,
    /// The same in every attempt, so that the receiving side can tell a repetition.
    pub(super) id: String,
}

/// Why a message was not sent, or is not known to have been.
#[derive(Debug, Error)]
pub(super) enum EmailError {
    #[error("it is not an address")]
    Address,
    #[error("the message cannot be built: {0}")]
    Message(lettre::error::Error),
    #[error("{}", failure(.0))]
    Refused(flowrun_guard::GuardError),
    #[error("{}", explained(.0))]
    Smtp(lettre::transport::smtp::Error),
    #[error("the mail server did not finish within {} ms; whether it took the message is not known", .0.as_millis())]
    Timeout(Duration),
}

impl EmailError {
    /// What it leaves undone; `None` when it would fail again.
    pub(super) fn undone(&self) -> Option<Undone> {
        match self {
            Self::Address | Self::Message(_) => None,
            Self::Refused(error) => Undone::of(error),
            Self::Smtp(error) if error.is_transient() || is_unconnected(error) => Some(Undone::TRANSIENT),
            // The server says so, or the two sides cannot talk to each other at all.
            Self::Smtp(error) if error.is_permanent() || error.is_client() || error.is_tls() => None,
            // The connection broke, or fell silent, after the message was on its way.
            Self::Smtp(_) | Self::Timeout(_) => Some(Undone::UNKNOWN),
        }
    }
}

/// Whether mail can be sent there.
pub(super) fn is_address(text: &str) -> bool {
    text.parse::<Mailbox>().is_ok()
}

/// Whether there was no connection on which a message could have gone.
fn is_unconnected(error: &lettre::transport::smtp::Error) -> bool {
    use std::io::ErrorKind;
    let mut cause = error.source();
    while let Some(below) = cause {
        if let Some(io) = below.downcast_ref::<std::io::Error>() {
            return matches!(
                io.kind(),
                ErrorKind::ConnectionRefused
                    | ErrorKind::HostUnreachable
                    | ErrorKind::NetworkUnreachable
                    | ErrorKind::AddrNotAvailable
            );
        }
        cause = below.source();
    }
    false
}

impl Client {
    /// The client the settings describe.
    ///
    /// # Errors
    ///
    /// Names what is missing or wrong. The address of the server is not repeated: it holds a password.
    pub(super) fn new(settings: &EmailSettings) -> Result<Self, String> {
        let url = settings.smtp_url.as_deref().ok_or("`FLOWRUN_SMTP_URL` is not set")?;
        let from = settings.from.as_deref().ok_or("`FLOWRUN_MAIL_FROM` is not set")?;
        let from =
            from.parse().map_err(|_| format!("`FLOWRUN_MAIL_FROM` is not a mail address: `{from}`"))?;
        let wrong = || {
            "`FLOWRUN_SMTP_URL` is not the address of a mail server (smtp://host, smtp://host?tls=required, \
             smtps://host)"
                .to_owned()
        };
        let server = Server::of(url).ok_or_else(wrong)?;
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| wrong())?;
        if let Some(der) = &settings.root_certificate {
            transport = transport.tls(server.tls_with(der)?);
        }
        Ok(Self {
            transport: transport.timeout(Some(settings.timeout)).build(),
            endpoint: server.endpoint,
            from,
            timeout: settings.timeout,
        })
    }

    pub(super) async fn send(&self, guard: &Guard, mail: Mail<'_>) -> Result<(), EmailError> {
        let message = self.message(mail)?;
        // The client resolves the name again, which a name that changes could use. The server is named by the
        // operator, so this look is for hosts that let others name it.
        guard.check_host(&self.endpoint).await.map_err(EmailError::Refused)?;
        // The transport's own timeout does not cover a server that accepts and never greets.
        match tokio::time::timeout(self.timeout, self.transport.send(message)).await {
            Ok(sent) => sent.map(drop).map_err(EmailError::Smtp),
            Err(_) => Err(EmailError::Timeout(self.timeout)),
        }
    }

    fn message(&self, mail: Mail<'_>) -> Result<Message, EmailError> {
        let to: Mailbox = mail.to.parse().map_err(|_| EmailError::Address)?;
        let id = format!("<{}@{}>", mail.id, self.from.email.domain());
        Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(mail.subject)
            .message_id(Some(id))
            .singlepart(SinglePart::html(mail.html))
            .map_err(EmailError::Message)
    }
}

/// What the address of a server says.
pub(super) struct Server {
    pub(super) endpoint: Endpoint,
    host: String,
    protection: Protection,
}

enum Protection {
    None,
    Opportunistic,
    Required,
    Wrapper,
}

impl Server {
    pub(super) fn of(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        let host = url.host_str()?.to_owned();
        let tls = url.query_pairs().find(|(key, _)| key == "tls").map(|(_, value)| value.into_owned());
        let (protection, port) = match (url.scheme(), tls.as_deref()) {
            ("smtp", None) => (Protection::None, 25),
            ("smtp", Some("opportunistic")) => (Protection::Opportunistic, 587),
            ("smtp", Some("required")) => (Protection::Required, 587),
            ("smtps", _) => (Protection::Wrapper, 465),
            _ => return None,
        };
        let endpoint = Endpoint::new(&host, url.port().unwrap_or(port)).ok()?;
        Some(Self { endpoint, host, protection })
    }

    fn tls_with(&self, der: &[u8]) -> Result<Tls, String> {
        let wrong = |_| "the certificate of the mail server's authority cannot be used".to_owned();
        let certificate = Certificate::from_der(der.to_vec()).map_err(wrong)?;
        let parameters = TlsParameters::builder(self.host.clone())
            .add_root_certificate(certificate)
            .build_rustls()
            .map_err(wrong)?;
        Ok(match self.protection {
            Protection::None => Tls::None,
            Protection::Opportunistic => Tls::Opportunistic(parameters),
            Protection::Required => Tls::Required(parameters),
            Protection::Wrapper => Tls::Wrapper(parameters),
        })
    }
}

/// What the server or the connection said, from the top to the bottom, on one line.
fn explained(error: &lettre::transport::smtp::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(below) = cause {
        let said = below.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = below.source();
    }
    tame(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(settings: &EmailSettings) -> String {
        Client::new(settings).map(drop).unwrap_err()
    }

    #[test]
    fn what_is_missing_is_named_and_passwords_are_not() {
        let settings = EmailSettings::new();
        assert_eq!(problem(&settings), "`FLOWRUN_SMTP_URL` is not set");
        let settings = settings.smtp_url("smtp://user:hunter2@mail.example?tls=maybe");
        assert_eq!(problem(&settings), "`FLOWRUN_MAIL_FROM` is not set");
        let settings = settings.from("Flows");
        assert_eq!(problem(&settings), "`FLOWRUN_MAIL_FROM` is not a mail address: `Flows`");
        let settings = settings.from("Flows <flows@a.example>");
        assert!(problem(&settings).starts_with("`FLOWRUN_SMTP_URL` is not the address of a mail server"));
        assert!(!problem(&settings).contains("hunter2"));
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn the_form_of_the_address_decides_about_the_port() {
        let endpoint = |url| Server::of(url).map(|server| server.endpoint.to_string());
        for (url, expected) in [
            ("smtp://mail.example", Some("mail.example:25")),
            ("smtp://mail.example?tls=required", Some("mail.example:587")),
            ("smtp://mail.example:2525?tls=opportunistic", Some("mail.example:2525")),
            ("smtps://user:pass@mail.example", Some("mail.example:465")),
            ("http://mail.example", None),
            ("smtp:", None),
        ] {
            assert_eq!(endpoint(url).as_deref(), expected, "{url}");
        }
    }
}
