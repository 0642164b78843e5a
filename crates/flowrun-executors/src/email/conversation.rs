//! One connection to a mail server, from the greeting to QUIT. What the server says is read within bounds.

use std::error::Error as _;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use flowrun_guard::{Connection, Guard, GuardError};
use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::{Response, Severity};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};

use super::server::{Protection, Server};
use crate::outcome::{Undone, failure};

/// Bytes of one line of a reply; RFC 5321 (section 4.5.3.1.5) allows 512.
const LONGEST_LINE: usize = 2048;

/// Bytes of one reply.
const LONGEST_REPLY: usize = 64 << 10;

/// Why a message was not taken, or is not known to have been.
#[derive(Debug, Error)]
pub(super) enum SmtpError {
    #[error("{}", failure(.0))]
    Guard(GuardError),
    #[error("{}", explained(.0))]
    Client(lettre::transport::smtp::Error),
    /// The same, after the message was on its way.
    #[error("{}; whether the mail server took the message is not known", explained(.0))]
    Unknown(lettre::transport::smtp::Error),
    #[error("the connection to the mail server broke: {0}")]
    Broken(io::Error),
    #[error("the mail server answers {0}")]
    Refused(String),
    #[error("the mail server offers no STARTTLS, which `tls=required` asks for")]
    NoTls,
}

impl SmtpError {
    /// What it leaves undone; `None` when it would fail again.
    pub(super) fn undone(&self) -> Option<Undone> {
        match self {
            Self::Guard(error) => Undone::of(error),
            Self::Unknown(_) => Some(Undone::UNKNOWN),
            // The server says so, or the two sides cannot talk to each other at all.
            Self::Client(error) if error.is_permanent() || error.is_client() => None,
            Self::Client(_) | Self::Broken(_) => Some(Undone::TRANSIENT),
            Self::Refused(reply) => (!reply.starts_with('5')).then_some(Undone::TRANSIENT),
            Self::NoTls => None,
        }
    }

    /// Whether another connection may do better, with nothing sent on this one.
    fn is_of_the_connection(&self) -> bool {
        match self {
            Self::Client(error) => !error.is_permanent() && !error.is_client(),
            Self::Broken(_) => true,
            Self::Guard(_) | Self::Unknown(_) | Self::Refused(_) | Self::NoTls => false,
        }
    }
}

/// What the server or the connection said, from the top to the bottom, as it came.
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
    text
}

/// A conversation in which a message can be sent.
pub(super) struct Conversation {
    client: AsyncSmtpConnection,
    /// How many messages were sent.
    sent: usize,
}

impl std::fmt::Debug for Conversation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conversation").field("sent", &self.sent).finish_non_exhaustive()
    }
}

impl Conversation {
    /// Greets the server, with TLS and a login where the settings want them.
    pub(super) async fn open(
        connection: Connection,
        guard: &Guard,
        server: &Server,
        hello: &ClientId,
    ) -> Result<Self, SmtpError> {
        let secured = |connection| guard.secure(connection, &server.endpoint);
        let (connection, greeting) = match server.protection {
            Protection::None => (connection, Vec::new()),
            Protection::Implicit => (secured(connection).await.map_err(SmtpError::Guard)?, Vec::new()),
            Protection::Opportunistic | Protection::Required => {
                let (connection, greeting, offers_tls) = ask_for_tls(connection, hello).await?;
                match (offers_tls, server.protection) {
                    (true, _) => (secured(connection).await.map_err(SmtpError::Guard)?, greeting),
                    (false, Protection::Required) => return Err(SmtpError::NoTls),
                    (false, _) => (connection, greeting),
                }
            }
        };
        let stream = Box::new(Bounded { connection, greeting, line: 0, reply: 0 });
        let client = AsyncSmtpConnection::connect_with_transport(stream, hello).await;
        let mut client = client.map_err(SmtpError::Client)?;
        if let Some((user, password)) = &server.login {
            let credentials = Credentials::new(user.clone(), password.clone());
            client.auth(DEFAULT_MECHANISMS, &credentials).await.map_err(SmtpError::Client)?;
        }
        Ok(Self { client, sent: 0 })
    }

    /// Whether the failure is that of a connection which sent messages before: closed by the server, or told to
    /// stop. A new one may do better, and nothing of the message was sent.
    pub(super) fn is_spent(&self, error: &SmtpError) -> bool {
        self.sent > 0 && error.is_of_the_connection()
    }

    /// Sends one message to one address.
    pub(super) async fn send(
        &mut self,
        from: &Address,
        to: &Address,
        message: &[u8],
    ) -> Result<(), SmtpError> {
        let prepared = self.prepare(from, to, message).await;
        if let Err(error) = prepared {
            // The server forgets the message that was begun, or is not spoken to again.
            if !error.is_of_the_connection() && self.client.command(Rset).await.is_err() {
                self.client.abort().await;
            }
            return Err(error);
        }
        match self.client.message(message).await {
            Ok(_) => {
                self.sent += 1;
                Ok(())
            }
            // The server has said no, so it did not take it.
            Err(error) if error.status().is_some() => Err(SmtpError::Client(error)),
            Err(error) => {
                self.client.abort().await;
                Err(SmtpError::Unknown(error))
            }
        }
    }

    /// Everything before the message itself.
    async fn prepare(&mut self, from: &Address, to: &Address, message: &[u8]) -> Result<(), SmtpError> {
        let offers = |extension| self.client.server_info().supports_feature(extension);
        let mut parameters = Vec::new();
        let is_international = !AsRef::<str>::as_ref(from).is_ascii() || !AsRef::<str>::as_ref(to).is_ascii();
        if is_international {
            if !offers(Extension::SmtpUtfEight) {
                let text = "550 no SMTPUTF8, which an address with letters beyond ASCII needs";
                return Err(SmtpError::Refused(text.to_owned()));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !message.is_ascii() {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        self.client.command(Mail::new(Some(from.clone()), parameters)).await.map_err(SmtpError::Client)?;
        self.client.command(Rcpt::new(to.clone(), Vec::new())).await.map_err(SmtpError::Client)?;
        let answer: Response = self.client.command(Data).await.map_err(SmtpError::Client)?;
        if answer.code().severity != Severity::PositiveIntermediate {
            return Err(SmtpError::Refused(answer.code().to_string()));
        }
        Ok(())
    }

    /// Whether it can be used for another message.
    pub(super) fn is_open(&self) -> bool {
        !self.client.has_broken()
    }

    /// Takes leave of the server.
    pub(super) async fn quit(mut self) {
        // It is closed whatever the server says.
        let _ = self.client.quit().await;
    }
}

/// Speaks to the server up to STARTTLS. The client that takes over wants to be greeted, so it is handed the
/// greeting again. What the server sends behind its leave to begin is not trusted: somebody on the way may have
/// put it there, before there was TLS.
async fn ask_for_tls(
    connection: Connection,
    hello: &ClientId,
) -> Result<(Connection, Vec<u8>, bool), SmtpError> {
    let mut stream = Bounded { connection, greeting: Vec::new(), line: 0, reply: 0 };
    let greeting = stream.reply("220").await?;
    stream.say(&format!("EHLO {hello}\r\n")).await?;
    let extensions = stream.reply("250").await?;
    let extensions = String::from_utf8_lossy(&extensions).to_ascii_uppercase();
    let offers_tls =
        extensions.lines().filter_map(|line| line.get(4..)).any(|word| word.trim() == "STARTTLS");
    if offers_tls {
        stream.say("STARTTLS\r\n").await?;
        stream.reply("220").await?;
    }
    Ok((stream.connection, greeting, offers_tls))
}

/// A connection whose lines and replies have a longest length.
#[derive(Debug)]
struct Bounded {
    connection: Connection,
    /// What is read before anything of the connection.
    greeting: Vec<u8>,
    /// Bytes since the last line end, and since the last command.
    line: usize,
    reply: usize,
}

impl Bounded {
    async fn say(&mut self, command: &str) -> Result<(), SmtpError> {
        self.write_all(command.as_bytes()).await.map_err(SmtpError::Broken)
    }

    /// Reads one reply, byte by byte, so that nothing behind it is read.
    async fn reply(&mut self, expected: &str) -> Result<Vec<u8>, SmtpError> {
        let (mut reply, mut line) = (Vec::new(), 0);
        loop {
            let byte = self.read_u8().await.map_err(SmtpError::Broken)?;
            reply.push(byte);
            if byte != b'\n' {
                continue;
            }
            // Lines of a reply other than the last have a hyphen behind the code.
            if reply.get(line + 3) != Some(&b'-') {
                break;
            }
            line = reply.len();
        }
        if reply.starts_with(expected.as_bytes()) {
            return Ok(reply);
        }
        Err(SmtpError::Refused(String::from_utf8_lossy(&reply).trim().to_owned()))
    }

    fn count(&mut self, bytes: &[u8]) -> io::Result<()> {
        for &byte in bytes {
            self.line = if byte == b'\n' { 0 } else { self.line + 1 };
            if self.line > LONGEST_LINE {
                let text = format!("the mail server sent a line of more than {LONGEST_LINE} bytes");
                return Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
        }
        self.reply += bytes.len();
        if self.reply > LONGEST_REPLY {
            let text = format!("the mail server sent a reply of more than {LONGEST_REPLY} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        Ok(())
    }
}

impl AsyncRead for Bounded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.greeting.is_empty() {
            let take = self.greeting.len().min(buffer.remaining());
            buffer.put_slice(&self.greeting[..take]);
            self.greeting.drain(..take);
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.connection).poll_read(context, buffer))?;
        Poll::Ready(self.count(&buffer.filled()[before..]))
    }
}

impl AsyncWrite for Bounded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.reply = 0;
        Pin::new(&mut self.connection).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}

impl AsyncTokioStream for Bounded {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.connection.peer_addr()
    }
}
