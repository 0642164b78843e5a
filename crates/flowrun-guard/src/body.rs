//! Reading a body that may be a bomb: what is counted is what comes out of the decoder.

use std::io::{self, Write};

use flate2::write::{MultiGzDecoder, ZlibDecoder};

/// Collects a body, decoding it on the way, and stops at a number of bytes.
pub(crate) enum Body {
    Plain(Bounded),
    Gzip(Box<MultiGzDecoder<Bounded>>),
    Deflate(Box<ZlibDecoder<Bounded>>),
}

impl Body {
    /// A collector for the given `Content-Encoding`; `None` for one that is not known.
    pub(crate) fn new(encoding: Option<&str>, limit: usize) -> Option<Self> {
        let target = Bounded { bytes: Vec::new(), limit, full: false };
        match encoding.map(str::trim).unwrap_or_default().to_ascii_lowercase().as_str() {
            "" | "identity" => Some(Self::Plain(target)),
            "gzip" | "x-gzip" => Some(Self::Gzip(Box::new(MultiGzDecoder::new(target)))),
            "deflate" => Some(Self::Deflate(Box::new(ZlibDecoder::new(target)))),
            _ => None,
        }
    }

    /// Takes the next piece. False when the limit is reached and nothing more is wanted.
    pub(crate) fn push(&mut self, piece: &[u8]) -> io::Result<bool> {
        let written = match self {
            Self::Plain(target) => target.write_all(piece),
            Self::Gzip(decoder) => decoder.write_all(piece),
            Self::Deflate(decoder) => decoder.write_all(piece),
        };
        self.unless_full(written)
    }

    /// The bytes, and whether there were more.
    pub(crate) fn finish(mut self) -> io::Result<(Vec<u8>, bool)> {
        if !self.target().full {
            let written = match &mut self {
                Self::Plain(_) => Ok(()),
                Self::Gzip(decoder) => decoder.try_finish(),
                Self::Deflate(decoder) => decoder.try_finish(),
            };
            self.unless_full(written)?;
        }
        let target = self.target();
        Ok((std::mem::take(&mut target.bytes), target.full))
    }

    /// An error of a full target is the way a decoder is stopped, not a fault of the body.
    fn unless_full(&mut self, written: io::Result<()>) -> io::Result<bool> {
        if self.target().full { Ok(false) } else { written.map(|()| true) }
    }

    fn target(&mut self) -> &mut Bounded {
        match self {
            Self::Plain(target) => target,
            Self::Gzip(decoder) => decoder.get_mut(),
            Self::Deflate(decoder) => decoder.get_mut(),
        }
    }
}

/// A vector that takes so many bytes and refuses the next.
pub(crate) struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
    full: bool,
}

impl Write for Bounded {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let taken = piece.len().min(self.limit - self.bytes.len());
        self.bytes.extend_from_slice(&piece[..taken]);
        if taken < piece.len() {
            self.full = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    use super::*;

    fn read(encoding: &str, wire: &[u8], limit: usize) -> io::Result<(Vec<u8>, bool)> {
        let mut body = Body::new(Some(encoding), limit).unwrap();
        for piece in wire.chunks(1000) {
            if !body.push(piece)? {
                break;
            }
        }
        body.finish()
    }

    #[test]
    fn a_bomb_goes_off_at_the_limit() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&vec![0; 10 << 20]).unwrap();
        let bomb = encoder.finish().unwrap();
        assert!(bomb.len() < 20_000);
        let (bytes, truncated) = read("gzip", &bomb, 1000).unwrap();
        assert_eq!((bytes.len(), truncated), (1000, true));
    }

    #[test]
    fn what_fits_exactly_is_not_truncated() {
        assert_eq!(read("identity", &[7; 1000], 1000).unwrap(), (vec![7; 1000], false));
        assert_eq!(read("", &[7; 1001], 1000).unwrap(), (vec![7; 1000], true));
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(b"hello").unwrap();
        let wire = encoder.finish().unwrap();
        assert_eq!(read("Deflate", &wire, 5).unwrap(), (b"hello".to_vec(), false));
        assert_eq!(read("deflate", &wire, 4).unwrap(), (b"hell".to_vec(), true));
    }

    #[test]
    fn a_body_that_is_not_what_it_claims_is_an_error() {
        assert!(read("gzip", b"plain text", 1000).is_err());
        assert!(Body::new(Some("br"), 1000).is_none());
    }
}
