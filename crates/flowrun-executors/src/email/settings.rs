//! Which server mail goes to. The address of the server holds a password, so `Debug` does not show it.

use std::fmt;
use std::time::Duration;

use flowrun_guard::Endpoint;

use super::server::Server;

/// Options of an [`EmailExecutor`](super::EmailExecutor). Needed: server and sender.
#[derive(Clone)]
#[non_exhaustive]
pub struct EmailSettings {
    /// The server (`FLOWRUN_SMTP_URL`). The form says how the connection is protected:
    ///
    /// | Form | Protection | Port if none is given |
    /// | --- | --- | --- |
    /// | `smtp://host` | none | 25 |
    /// | `smtp://host?tls=required` | STARTTLS, or no mail | 587 |
    /// | `smtp://host?tls=opportunistic` | STARTTLS if the server offers it | 587 |
    /// | `smtps://host` | TLS from the first byte | 465 |
    ///
    /// User and password stand before the host, percent-encoded (`/` is `%2F`): `smtps://user:password@host`.
    pub smtp_url: Option<String>,
    /// The sender (`FLOWRUN_MAIL_FROM`): `flows@example.com` or `Flows <flows@example.com>`.
    pub from: Option<String>,
    /// Time for one message, connecting included. Default: 30 s. Too short leaves it unknown whether a
    /// message was sent.
    pub timeout: Duration,
    /// One more certificate authority to trust, in DER. Default: none but those of the guard.
    pub root_certificate: Option<Vec<u8>>,
    /// The name the client introduces itself with (`FLOWRUN_EHLO_NAME`), or an address in brackets. Default: the name
    /// of the host. Some servers take mail only from names they can resolve.
    pub ehlo_name: Option<String>,
    /// Addresses that one node may mail to. Default: 1,000. A node with more is refused before anything runs.
    pub max_recipients: usize,
    /// Bytes of one message, subject and text filled in. Default: 2 MiB. A larger one is not sent.
    pub message_bytes: usize,
}

impl Default for EmailSettings {
    fn default() -> Self {
        Self {
            smtp_url: None,
            from: None,
            timeout: Duration::from_secs(30),
            root_certificate: None,
            ehlo_name: None,
            max_recipients: 1000,
            message_bytes: 2 << 20,
        }
    }
}

impl EmailSettings {
    /// The defaults: no server yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`smtp_url`](Self::smtp_url).
    #[must_use]
    pub fn smtp_url(mut self, smtp_url: impl Into<String>) -> Self {
        self.smtp_url = Some(smtp_url.into());
        self
    }

    /// Sets [`from`](Self::from).
    #[must_use]
    pub fn from(mut self, from: impl Into<String>) -> Self {
        self.from = Some(from.into());
        self
    }

    /// Where mail goes, for the guard that is to let it out; `None` while [`smtp_url`](Self::smtp_url) is
    /// missing or is not the address of a mail server.
    ///
    /// ```
    /// use flowrun_executors::email::EmailSettings;
    ///
    /// let settings = EmailSettings::new().smtp_url("smtps://user:password@mail.example");
    /// assert_eq!(settings.endpoint().map(|endpoint| endpoint.to_string()).as_deref(), Some("mail.example:465"));
    /// assert_eq!(EmailSettings::new().smtp_url("http://mail.example").endpoint(), None);
    /// ```
    #[must_use]
    pub fn endpoint(&self) -> Option<Endpoint> {
        Server::of(self.smtp_url.as_deref()?).ok().map(|server| server.endpoint)
    }

    /// What of this must not be shown: the password, as it stands in the address and as it is sent.
    pub(super) fn secrets(&self) -> Vec<(String, String)> {
        let url = self.smtp_url.as_deref().and_then(|url| url::Url::parse(url).ok());
        let Some(typed) = url.as_ref().and_then(url::Url::password) else { return Vec::new() };
        // In a form a plus is a blank, in an address it is a plus.
        let form = format!("p={}", typed.replace('+', "%2B"));
        let sent = url::form_urlencoded::parse(form.as_bytes()).map(|(_, password)| password.into_owned());
        let passwords = std::iter::once(typed.to_owned()).chain(sent);
        passwords.map(|password| ("smtp_url".to_owned(), password)).collect()
    }

    /// Sets [`timeout`](Self::timeout).
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets [`root_certificate`](Self::root_certificate).
    #[must_use]
    pub fn root_certificate(mut self, der: impl Into<Vec<u8>>) -> Self {
        self.root_certificate = Some(der.into());
        self
    }

    /// Sets [`ehlo_name`](Self::ehlo_name).
    #[must_use]
    pub fn ehlo_name(mut self, ehlo_name: impl Into<String>) -> Self {
        self.ehlo_name = Some(ehlo_name.into());
        self
    }

    /// Sets [`max_recipients`](Self::max_recipients).
    #[must_use]
    pub const fn max_recipients(mut self, max_recipients: usize) -> Self {
        self.max_recipients = max_recipients;
        self
    }

    /// Sets [`message_bytes`](Self::message_bytes).
    #[must_use]
    pub const fn message_bytes(mut self, message_bytes: usize) -> Self {
        self.message_bytes = message_bytes;
        self
    }
}

impl fmt::Debug for EmailSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmailSettings")
            .field("from", &self.from)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
