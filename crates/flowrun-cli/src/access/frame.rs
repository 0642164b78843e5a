//! Lines of JSON, none of them longer than whoever reads it allows.
//!
//! An empty line says that somebody is still there.

use std::io;

use serde::Serialize;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};

/// Reads lines.
#[derive(Debug)]
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    line: Vec<u8>,
    most: u64,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    /// Reads lines of up to `most` bytes.
    pub(super) fn new(reader: R, most: u64) -> Self {
        Self { reader: BufReader::new(reader), line: Vec::new(), most }
    }

    /// The next line without its end; `None` when there is none, or it is cut off. Not to be called again once it was
    /// dropped before it resolved.
    pub(super) async fn next(&mut self) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        let read = (&mut self.reader).take(self.most + 1).read_until(b'\n', &mut self.line).await?;
        if self.line.pop_if(|last| *last == b'\n').is_some() {
            return Ok(Some(&self.line));
        }
        if read as u64 > self.most {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the line is too long"));
        }
        Ok(None)
    }

    /// Waits until nothing more comes from the other end, or something that nobody waits for.
    ///
    /// Dropping the future loses nothing.
    pub(super) async fn ended(&mut self) {
        // Either way nobody is there who would read an answer to its end.
        let _ = self.reader.fill_buf().await;
    }
}

/// Writes a value as a line to the end of `buffer`.
pub(super) fn push_line(buffer: &mut Vec<u8>, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *buffer, value)?;
    buffer.push(b'\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_read_whole_or_not_at_all_and_never_more_than_is_allowed() {
        let mut lines = Lines::new(&b"12345\n\nabc"[..], 5);
        assert_eq!(lines.next().await.unwrap(), Some(&b"12345"[..]));
        assert_eq!(lines.next().await.unwrap(), Some(&b""[..]));
        assert_eq!(lines.next().await.unwrap(), None, "a line without its end is none");

        // An endless line: what is read of it is bounded.
        let mut endless = Lines::new(tokio::io::repeat(b'x'), 1_000);
        assert_eq!(endless.next().await.unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(endless.line.len(), 1_001);
    }
}
