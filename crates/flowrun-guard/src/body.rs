//! Reading a body that may be a bomb: what is counted is what comes out of the decoder.

use std::io::{self, Write};

use crate::encoding::{Encodings, Stage};

/// Collects a body, decoding it on the way, and stops at a number of bytes.
pub(crate) struct Body {
    stage: Stage,
    /// Whether it was given an encoding that is not known, and must be readable without.
    must_be_text: bool,
    full: bool,
}

impl Body {
    /// A collector for a body with these encodings.
    ///
    /// # Errors
    ///
    /// When there are too many of them to be undone.
    pub(crate) fn new(encodings: &Encodings, limit: usize) -> io::Result<Self> {
        Ok(Self { stage: encodings.stage(limit)?, must_be_text: encodings.any_unknown(), full: false })
    }

    /// Takes the next piece. False when the limit is reached and nothing more is wanted.
    pub(crate) fn push(&mut self, piece: &[u8]) -> io::Result<bool> {
        let written = self.stage.write_all(piece);
        self.unless_full(written)
    }

    /// The bytes, and whether there were more.
    pub(crate) fn finish(mut self) -> io::Result<(Vec<u8>, bool)> {
        if !self.full {
            let written = self.stage.finish();
            self.unless_full(written)?;
        }
        let bytes = self.stage.target().map(|target| std::mem::take(&mut target.bytes)).unwrap_or_default();
        if self.must_be_text && !is_text(&bytes) {
            return Err(io::Error::other("the encoding is not known, and the body is not text without it"));
        }
        Ok((bytes, self.full))
    }

    /// An error of a full target is the way a decoder is stopped, not a fault of the body.
    fn unless_full(&mut self, written: io::Result<()>) -> io::Result<bool> {
        match written {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                self.full = true;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether bytes can be read as text in some character set: there is a byte order mark, or no byte that text
/// does not hold (MIME Sniffing standard, section 7.2). What a compressor makes holds one soon.
fn is_text(bytes: &[u8]) -> bool {
    let marked = [&[0xfe, 0xff][..], &[0xff, 0xfe], &[0xef, 0xbb, 0xbf]];
    let is_binary = |byte: &u8| matches!(byte, 0x00..=0x08 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f);
    marked.iter().any(|mark| bytes.starts_with(mark)) || !bytes.iter().any(is_binary)
}

/// A vector that takes so many bytes and refuses the next.
pub(crate) struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
}

impl Bounded {
    pub(crate) const fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit }
    }
}

impl Write for Bounded {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let taken = piece.len().min(self.limit - self.bytes.len());
        self.bytes.extend_from_slice(&piece[..taken]);
        if taken < piece.len() {
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
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    /// Reads a body that arrives in pieces of `size` bytes.
    fn read_in(size: usize, encodings: &[&str], wire: &[u8], limit: usize) -> io::Result<(Vec<u8>, bool)> {
        let mut body = Body::new(&Encodings::of(encodings.iter().copied()), limit)?;
        for piece in wire.chunks(size) {
            if !body.push(piece)? {
                break;
            }
        }
        body.finish()
    }

    fn read(encoding: &str, wire: &[u8], limit: usize) -> io::Result<(Vec<u8>, bool)> {
        read_in(1000, &[encoding], wire, limit)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_bomb_goes_off_at_the_limit() {
        let bomb = gzip(&vec![0; 10 << 20]);
        assert!(bomb.len() < 20_000);
        let (bytes, truncated) = read("gzip", &bomb, 1000).unwrap();
        assert_eq!((bytes.len(), truncated), (1000, true));
    }

    #[test]
    fn a_bomb_in_a_bomb_goes_off_between_the_decoders() {
        // Ten million empty stored blocks of deflate, which make nothing at all.
        let nothing = [0, 0, 0, 0xff, 0xff].repeat(2 << 20);
        let bomb = gzip(&nothing);
        assert!(bomb.len() < 50_000);
        let (bytes, truncated) = read("deflate, gzip", &bomb, 1000).unwrap();
        assert_eq!((bytes.len(), truncated), (0, true));
    }

    #[test]
    fn what_fits_exactly_is_not_truncated() {
        assert_eq!(read("identity", &[b'7'; 1000], 1000).unwrap(), (vec![b'7'; 1000], false));
        assert_eq!(read("", &[b'7'; 1001], 1000).unwrap(), (vec![b'7'; 1000], true));
        let wire = zlib(b"hello");
        assert_eq!(read("Deflate", &wire, 5).unwrap(), (b"hello".to_vec(), false));
        assert_eq!(read("deflate", &wire, 4).unwrap(), (b"hell".to_vec(), true));
    }

    #[test]
    fn every_way_to_say_it_is_read_in_pieces_of_any_size() {
        let text = b"<p>hello</p>".repeat(40);
        let twice = gzip(&deflate(&text));
        let members = [gzip(&text[..100]), gzip(&text[100..])].concat();
        let padded = [gzip(&text), vec![0; 500]].concat();
        let followed = [gzip(&text), b"\x1fgarbage".to_vec()].concat();
        let cases: [(&[&str], Vec<u8>); 14] = [
            (&[], text.clone()),
            (&["none"], text.clone()),
            (&["UTF-8"], text.clone()),
            (&["br"], text.clone()),
            (&["identity, , IDENTITY"], text.clone()),
            (&["X-GZip"], gzip(&text)),
            (&["gzip, none"], gzip(&text)),
            (&["deflate"], zlib(&text)),
            (&["deflate"], deflate(&text)),
            (&["deflate, gzip"], twice.clone()),
            (&["deflate", "gzip"], twice),
            (&["gzip"], members),
            (&["gzip"], padded),
            (&["gzip"], followed),
        ];
        for (encodings, wire) in cases {
            for size in [1, 2, 3, 7, 1000] {
                let read = read_in(size, encodings, &wire, 10_000).unwrap();
                assert_eq!(read, (text.clone(), false), "{encodings:?} in pieces of {size}");
            }
        }
        let trailing = [zlib(&text), b"after".to_vec()].concat();
        assert_eq!(read("deflate", &trailing, 10_000).unwrap(), (text, false));
    }

    #[test]
    fn a_body_that_is_not_what_it_claims_is_an_error() {
        let compressed = gzip(b"hello");
        let cut = &compressed[..compressed.len() - 9];
        for (encoding, wire) in [
            ("gzip", &b"plain text"[..]),
            ("deflate", b"plain text"),
            ("deflate", b"x"),
            ("br", b"\x0b\x02\x80hello\x03"),
            ("none", &compressed),
            ("gzip", cut),
            ("deflate", &zlib(&b"hello ".repeat(9))[..9]),
            ("gzip, gzip, gzip, gzip, gzip, gzip", &compressed),
        ] {
            assert!(read(encoding, wire, 1000).is_err(), "{encoding} {wire:x?}");
        }
    }
}
