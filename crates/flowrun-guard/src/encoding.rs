//! `Content-Encoding` (RFC 9110, section 8.4): which decoders a body runs through, and the decoders.

use std::io::{self, Write};

use flate2::Decompress;
use flate2::write::{GzDecoder, ZlibDecoder};

use crate::body::Bounded;

/// More encodings on top of each other are made to keep a reader busy; curl stops there too.
const MOST: usize = 5;
/// Bytes that a compressed form may be larger than what is wanted of it: headers and stored blocks.
const OVERHEAD: usize = 64 << 10;

/// The encodings a response names, in the order they were applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Encodings {
    tokens: Vec<String>,
}

/// How one encoding is undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    /// Nothing is done, as the token says so.
    Identity,
    /// Not asked for and not known. Servers write `none`, `utf-8` or the name of a file's type on plain bodies.
    Unknown,
}

impl Encodings {
    /// Reads the values of all `Content-Encoding` headers, in their order.
    pub(crate) fn of<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let tokens = values.flat_map(|value| value.split(',')).map(|token| token.trim().to_ascii_lowercase());
        Self { tokens: tokens.filter(|token| !token.is_empty()).collect() }
    }

    /// As a header would name them.
    pub(crate) fn name(&self) -> String {
        self.tokens.join(", ")
    }

    /// Whether one of them is unknown: the body is then taken as it is, if it can be read so.
    pub(crate) fn any_unknown(&self) -> bool {
        self.codings().any(|coding| coding == Coding::Unknown)
    }

    /// The decoders, the one that comes first outermost, in front of a vector of `limit` bytes.
    ///
    /// # Errors
    ///
    /// When there are too many of them.
    pub(crate) fn stage(&self, limit: usize) -> io::Result<Stage> {
        let codings = self.codings().filter(|coding| matches!(coding, Coding::Gzip | Coding::Deflate));
        let mut stage = Stage::Plain(Bounded::new(limit));
        for (index, coding) in codings.enumerate() {
            if index == MOST {
                return Err(io::Error::other(format!("more than {MOST} encodings are not undone")));
            }
            // What one decoder hands to the next counts as well: it may be a bomb of nothing.
            if index > 0 {
                stage = Stage::Counted { left: limit.saturating_add(OVERHEAD), next: Box::new(stage) };
            }
            stage = match coding {
                Coding::Gzip => Stage::Gzip(Box::new(Gzip::new(stage))),
                _ => Stage::Deflate(Box::new(Deflate::Start { first: Vec::new(), target: Some(stage) })),
            };
        }
        Ok(stage)
    }

    fn codings(&self) -> impl Iterator<Item = Coding> {
        self.tokens.iter().map(|token| match &**token {
            "gzip" | "x-gzip" => Coding::Gzip,
            "deflate" => Coding::Deflate,
            "identity" => Coding::Identity,
            _ => Coding::Unknown,
        })
    }
}

/// One decoder and those behind it.
pub(crate) enum Stage {
    Plain(Bounded),
    /// Takes so many bytes and refuses the next, like the vector at the end.
    Counted {
        left: usize,
        next: Box<Stage>,
    },
    Gzip(Box<Gzip>),
    Deflate(Box<Deflate>),
}

impl Stage {
    /// Everything has been written: flushes every decoder, the outermost first.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Counted { next, .. } => next.finish(),
            Self::Gzip(gzip) => gzip.finish(),
            Self::Deflate(deflate) => deflate.finish(),
        }
    }

    /// The vector at the end.
    pub(crate) fn target(&mut self) -> Option<&mut Bounded> {
        match self {
            Self::Plain(target) => Some(target),
            Self::Counted { next, .. } => next.target(),
            Self::Gzip(gzip) => gzip.decoder.as_mut()?.get_mut().target(),
            Self::Deflate(deflate) => match &mut **deflate {
                Deflate::Start { target, .. } => target.as_mut()?.target(),
                Deflate::Going(decoder) | Deflate::Over(decoder) => decoder.get_mut().target(),
            },
        }
    }
}

impl Write for Stage {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(target) => target.write(piece),
            Self::Counted { left, next } => {
                let taken = next.write(&piece[..piece.len().min(*left)])?;
                *left -= taken;
                if taken == 0 && !piece.is_empty() {
                    Err(io::ErrorKind::StorageFull.into())
                } else {
                    Ok(taken)
                }
            }
            Self::Gzip(gzip) => gzip.write(piece),
            Self::Deflate(deflate) => deflate.write(piece),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The members of a gzip file (RFC 1952), one after the other. What follows the last is dropped, as browsers do:
/// some servers pad, and some append to what they compressed.
pub(crate) struct Gzip {
    /// Of the current member; only away while the next one begins.
    decoder: Option<GzDecoder<Stage>>,
    /// The first bytes after a member, until they tell whether another one begins.
    ahead: Vec<u8>,
    over: bool,
}

impl Gzip {
    const MAGIC: [u8; 2] = [0x1f, 0x8b];

    fn new(target: Stage) -> Self {
        Self { decoder: Some(GzDecoder::new(target)), ahead: Vec::new(), over: false }
    }

    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let (false, Some(decoder)) = (self.over, self.decoder.as_mut()) else { return Ok(piece.len()) };
        if self.ahead.is_empty() {
            // A decoder takes nothing more once its member has ended.
            let taken = decoder.write(piece)?;
            if taken > 0 || piece.is_empty() {
                return Ok(taken);
            }
        }
        let wanted = Self::MAGIC.len() - self.ahead.len();
        let taken = wanted.min(piece.len());
        self.ahead.extend_from_slice(&piece[..taken]);
        if !Self::MAGIC.starts_with(&self.ahead) {
            self.over = true;
            return Ok(piece.len());
        }
        if self.ahead.len() == Self::MAGIC.len() {
            let target = self.decoder.take().map(GzDecoder::finish).transpose()?;
            let mut next = target.map(GzDecoder::new);
            if let Some(next) = &mut next {
                next.write_all(&self.ahead)?;
            }
            self.decoder = next;
            self.ahead.clear();
        }
        Ok(taken)
    }

    fn finish(&mut self) -> io::Result<()> {
        let Some(decoder) = &mut self.decoder else { return Ok(()) };
        decoder.try_finish()?;
        decoder.get_mut().finish()
    }
}

/// `deflate` names the zlib format (RFC 1950); servers that took it by its name send bare deflate (RFC 1951).
pub(crate) enum Deflate {
    /// The first two bytes tell which.
    Start {
        first: Vec<u8>,
        target: Option<Stage>,
    },
    Going(ZlibDecoder<Stage>),
    /// The stream has ended; what follows is dropped.
    Over(ZlibDecoder<Stage>),
}

impl Deflate {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        match self {
            Self::Start { first, target } => {
                let taken = (2 - first.len()).min(piece.len());
                first.extend_from_slice(&piece[..taken]);
                let [method, flags] = first[..] else { return Ok(taken) };
                // RFC 1950, section 2.2: method 8, a window of at most 32 KiB, and a check of both bytes.
                let check = u16::from_be_bytes([method, flags]);
                let is_zlib = method & 0x0f == 8 && method >> 4 <= 7 && check.is_multiple_of(31);
                let Some(target) = target.take() else { return Ok(taken) };
                let mut decoder = ZlibDecoder::new_with_decompress(target, Decompress::new(is_zlib));
                decoder.write_all(&[method, flags])?;
                *self = Self::Going(decoder);
                Ok(taken)
            }
            Self::Going(decoder) => {
                let taken = decoder.write(piece)?;
                if taken == 0 && !piece.is_empty() {
                    if let Self::Going(decoder) = std::mem::replace(self, Self::EMPTY) {
                        *self = Self::Over(decoder);
                    }
                    return Ok(piece.len());
                }
                Ok(taken)
            }
            Self::Over(_) => Ok(piece.len()),
        }
    }

    const EMPTY: Self = Self::Start { first: Vec::new(), target: None };

    fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Start { .. } => Err(io::ErrorKind::UnexpectedEof.into()),
            Self::Going(decoder) | Self::Over(decoder) => {
                decoder.try_finish()?;
                decoder.get_mut().finish()
            }
        }
    }
}
