//! One conversation with a mail client, after RFC 5321: the commands a client needs to hand over mail.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::recorder::Recorder;
use super::smtp::{BABBLE, Behaviour, Mail};

/// The longest line that is read, and the largest message, in bytes: a test that sends more has gone wrong.
const MAX_LINE: u64 = 64 * 1024;
const MAX_MESSAGE: usize = 64 * 1024 * 1024;

/// Talks to one client until it leaves. A message is recorded before it is acknowledged.
pub(super) async fn serve(
    stream: TcpStream,
    behaviour: &Arc<Behaviour>,
    received: &Recorder<Mail>,
) -> io::Result<()> {
    let admitted = behaviour.admit();
    if behaviour.is_silent() {
        return std::future::pending().await;
    }
    let mut session = Session { stream: BufReader::new(stream), envelope: None, messages: 0 };
    if behaviour.is_babbling() {
        return session.babble(behaviour).await;
    }
    if admitted.is_none() {
        return session.say("421 too many connections").await;
    }
    session.say("220 sink ready").await?;
    while let Some(line) = session.line().await? {
        let command = line.trim_end();
        let mut words = command.split([' ', ':']);
        let verb = words.next().unwrap_or_default().to_ascii_uppercase();
        if matches!(&*verb, "EHLO" | "HELO") {
            behaviour.greeted(words.next().unwrap_or_default());
        }
        match verb.as_str() {
            "EHLO" => session.say("250-sink\r\n250-8BITMIME\r\n250 SMTPUTF8").await?,
            "HELO" => session.say("250 sink").await?,
            "NOOP" => session.say("250 ok").await?,
            "RSET" => session.reset().await?,
            "MAIL" => session.mail(command).await?,
            "RCPT" => session.rcpt(command, behaviour).await?,
            "DATA" => {
                session.data(received).await?;
                if behaviour.is_enough(session.messages) {
                    return Ok(());
                }
            }
            "QUIT" => return session.say("221 bye").await,
            _ => session.say("502 not implemented").await?,
        }
    }
    Ok(())
}

struct Session {
    stream: BufReader<TcpStream>,
    envelope: Option<Envelope>,
    /// How many came on this connection.
    messages: usize,
}

struct Envelope {
    from: String,
    to: Vec<String>,
}

impl Session {
    async fn say(&mut self, reply: &str) -> io::Result<()> {
        self.stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
        self.stream.flush().await
    }

    /// One line without an end, as long as the client reads it.
    async fn babble(&mut self, behaviour: &Behaviour) -> io::Result<()> {
        let piece = [b'x'; 4096];
        self.stream.write_all(b"220 ").await?;
        for _ in 0..BABBLE / piece.len() {
            self.stream.write_all(&piece).await?;
            behaviour.wrote(piece.len());
        }
        std::future::pending().await
    }

    /// The next line with its end; `None` when the client has left.
    async fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        let read = (&mut self.stream).take(MAX_LINE).read_until(b'\n', &mut line).await?;
        Ok((read > 0).then(|| String::from_utf8_lossy(&line).into_owned()))
    }

    async fn reset(&mut self) -> io::Result<()> {
        self.envelope = None;
        self.say("250 ok").await
    }

    async fn mail(&mut self, command: &str) -> io::Result<()> {
        self.envelope = Some(Envelope { from: path_in(command), to: Vec::new() });
        self.say("250 ok").await
    }

    async fn rcpt(&mut self, command: &str, behaviour: &Behaviour) -> io::Result<()> {
        let Some(envelope) = &mut self.envelope else {
            return self.say("503 MAIL first").await;
        };
        let to = path_in(command);
        match behaviour.refusal(&to) {
            Some(code) => self.say(&format!("{code} <{to}> refused")).await,
            None => {
                envelope.to.push(to);
                self.say("250 ok").await
            }
        }
    }

    async fn data(&mut self, received: &Recorder<Mail>) -> io::Result<()> {
        let Some(Envelope { from, to }) = self.envelope.take_if(|envelope| !envelope.to.is_empty()) else {
            return self.say("503 RCPT first").await;
        };
        self.say("354 end with a single dot").await?;
        let mut data = String::new();
        loop {
            let Some(line) = self.line().await? else { return Ok(()) };
            if line.trim_end() == "." {
                break;
            }
            // RFC 5321, 4.5.2: a line that starts with a dot is sent with one more.
            data.push_str(line.strip_prefix('.').unwrap_or(&line));
            if data.len() > MAX_MESSAGE {
                return self.say("552 message too large").await;
            }
        }
        self.messages += 1;
        received.record(Mail { from, to, data });
        self.say("250 kept").await
    }
}

/// The address between `<` and `>`; empty for the null path.
fn path_in(command: &str) -> String {
    let path = command.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    path.map_or_else(String::new, |(path, _)| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::servers::SmtpSink;

    /// Sends `script` line by line, one reply awaited after each, and gives the replies' codes.
    async fn talk(sink: &SmtpSink, script: &str) -> String {
        let mut stream = BufReader::new(TcpStream::connect(sink.addr()).await.unwrap());
        let mut codes = String::new();
        let mut reply = String::new();
        stream.read_line(&mut reply).await.unwrap();
        for line in script.lines() {
            stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
            // Lines of a message, marked by a space, are not answered.
            if line.starts_with(' ') {
                continue;
            }
            reply.clear();
            stream.read_line(&mut reply).await.unwrap();
            codes.push_str(&reply[..3]);
            codes.push(' ');
        }
        codes
    }

    #[tokio::test]
    async fn a_message_is_kept_with_its_envelope() {
        let sink = SmtpSink::start().await.unwrap();
        let script = "HELO me\nMAIL FROM:<a@x>\nRCPT TO:<b@x>\nDATA\nSubject: hello\n\n..\n.\nQUIT\n";
        let mut stream = BufReader::new(TcpStream::connect(sink.addr()).await.unwrap());
        stream.write_all(script.replace('\n', "\r\n").as_bytes()).await.unwrap();
        let mut replies = String::new();
        stream.read_to_string(&mut replies).await.unwrap();
        assert!(replies.ends_with("250 kept\r\n221 bye\r\n"), "{replies}");
        let [mail] = &sink.received()[..] else { panic!("one message") };
        assert_eq!((mail.from.as_str(), &mail.to[..]), ("a@x", &["b@x".to_owned()][..]));
        assert_eq!(mail.header("SUBJECT").as_deref(), Some("hello"));
        assert_eq!(mail.body(), ".\r\n");
    }

    #[tokio::test]
    async fn refused_recipients_leave_the_others_alone() {
        let sink = SmtpSink::start().await.unwrap();
        sink.refuse("No@x", 550);
        sink.refuse("later@x", 451);
        let script = "HELO me\nRCPT TO:<b@x>\nMAIL FROM:<a@x>\nRCPT TO:<no@x>\nRCPT TO:<later@x>\nDATA\n\
            RCPT TO:<b@x>\nDATA\n text\n.\nSTARTTLS";
        assert_eq!(talk(&sink, script).await, "250 503 250 550 451 503 250 354 250 502 ");
        assert_eq!(sink.received()[0].to, ["b@x"]);
    }
}
