//! Handing messages to the server, all on one connection as long as it lasts.

use std::time::Duration;

use flowrun_guard::Guard;
use lettre::message::Mailbox;
use lettre::transport::smtp::extension::ClientId;
use thiserror::Error;
use tokio::sync::Mutex;

use super::EmailSettings;
use super::conversation::{Conversation, SmtpError};
use super::message::{BadMessage, Mail, bytes_of};
use super::recipients::mailbox;
use super::server::{Server, hello};
use crate::outcome::Undone;

/// A server and the sender of everything that goes there.
pub(super) struct Client {
    guard: Guard,
    server: Server,
    hello: ClientId,
    from: Mailbox,
    timeout: Duration,
    message_bytes: usize,
    /// The one connection. It is taken out while it is used: what was interrupted is not used again.
    conversation: Mutex<Option<Conversation>>,
}

/// Why a message was not sent, or is not known to have been.
#[derive(Debug, Error)]
pub(super) enum EmailError {
    #[error("{0}")]
    Message(BadMessage),
    #[error("{0}")]
    Smtp(SmtpError),
    #[error("the mail server did not finish within {} ms; whether it took the message is not known", .0.as_millis())]
    Timeout(Duration),
}

impl EmailError {
    /// What it leaves undone; `None` when it would fail again.
    pub(super) fn undone(&self) -> Option<Undone> {
        match self {
            Self::Message(_) => None,
            Self::Smtp(error) => error.undone(),
            Self::Timeout(_) => Some(Undone::UNKNOWN),
        }
    }
}

impl Client {
    /// The client the settings describe.
    ///
    /// # Errors
    ///
    /// Names what is missing or wrong. The address of the server is not repeated: it holds a password.
    pub(super) fn new(guard: &Guard, settings: &EmailSettings) -> Result<Self, String> {
        let url = settings.smtp_url.as_deref().ok_or("`FLOWRUN_SMTP_URL` is not set")?;
        let from = settings.from.as_deref().ok_or("`FLOWRUN_MAIL_FROM` is not set")?;
        let no_sender = || format!("`FLOWRUN_MAIL_FROM` is not a mail address: `{}`", flowrun::shown(from));
        let from = mailbox(from).ok_or_else(no_sender)?;
        let server = Server::of(url)?;
        let hello = hello(settings.ehlo_name.as_deref())?;
        let guard = match &settings.root_certificate {
            Some(der) => guard
                .trusting(der.clone())
                .map_err(|_| "the certificate of the mail server's authority cannot be used".to_owned())?,
            None => guard.clone(),
        };
        let EmailSettings { timeout, message_bytes, .. } = *settings;
        Ok(Self { guard, server, hello, from, timeout, message_bytes, conversation: Mutex::default() })
    }

    pub(super) async fn send(&self, mail: &Mail<'_>) -> Result<(), EmailError> {
        let to = mailbox(mail.to).ok_or(EmailError::Message(BadMessage::Address))?;
        let address = to.email.clone();
        let message = bytes_of(mail, &self.from, to, self.message_bytes).map_err(EmailError::Message)?;
        let mut kept = self.conversation.lock().await;
        if let Some(mut conversation) = kept.take() {
            match self.within_limit(conversation.send(&self.from.email, &address, &message)).await {
                // It was closed in the meantime, or has had its share of messages.
                Err(EmailError::Smtp(error)) if conversation.is_spent(&error) => {}
                done => {
                    *kept = Some(conversation).filter(Conversation::is_open);
                    return done;
                }
            }
        }
        // The wait for a permit is not the server's.
        let connected = self.guard.connect(&self.server.endpoint).await;
        let connection = connected.map_err(|error| EmailError::Smtp(SmtpError::Guard(error)))?;
        self.within_limit(async {
            let opened = Conversation::open(connection, &self.guard, &self.server, &self.hello).await;
            let mut conversation = opened?;
            let sent = conversation.send(&self.from.email, &address, &message).await;
            *kept = Some(conversation).filter(Conversation::is_open);
            sent
        })
        .await
    }

    /// Takes leave of the server, if there is a connection.
    pub(super) async fn quit(&self) {
        if let Some(conversation) = self.conversation.lock().await.take() {
            // A server that does not let its clients go is left all the same.
            let _ = tokio::time::timeout(self.timeout, conversation.quit()).await;
        }
    }

    async fn within_limit(
        &self,
        work: impl Future<Output = Result<(), SmtpError>>,
    ) -> Result<(), EmailError> {
        match tokio::time::timeout(self.timeout, work).await {
            Ok(done) => done.map_err(EmailError::Smtp),
            Err(_) => Err(EmailError::Timeout(self.timeout)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(settings: &EmailSettings) -> String {
        Client::new(&Guard::builder().build().unwrap(), settings).map(drop).unwrap_err()
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
        let settings = settings.smtp_url("smtp://mail.example").ehlo_name("a b");
        assert!(problem(&settings).starts_with("`FLOWRUN_EHLO_NAME` is neither"), "{}", problem(&settings));
    }
}
