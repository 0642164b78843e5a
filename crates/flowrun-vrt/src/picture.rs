//! Pictures as rows of RGB pixels, and PNG files of them. Files may come from anywhere: what is too large is
//! refused before memory is taken for it.

use std::fmt;
use std::io::Cursor;

use png::{BitDepth, ColorType, Compression, Decoder, Encoder, Limits, Transformations};
use thiserror::Error;

use crate::Size;

/// Bytes of a pixel: red, green, blue.
pub(crate) const CHANNELS: usize = 3;

/// The widest and highest picture, in pixels: twice what a browser can take of a page.
const LONGEST_SIDE: u32 = 32_768;

/// The most pixels of a picture; 120 MB in memory. A page of 1920 pixels may be 20,833 high.
const MOST_PIXELS: u64 = 40_000_000;

/// What the decoder may take for itself, beside the picture.
const DECODER_BYTES: usize = 16 << 20;

/// A picture of a page.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    size: Size,
    /// Row by row, three bytes a pixel.
    rgb: Vec<u8>,
}

/// Some bytes are no picture that can be compared.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PictureError {
    /// A PNG file is damaged or cut off, or the bytes are none.
    #[error("the picture is not a sound PNG file")]
    Malformed {
        /// What the decoder says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There are no pixels, or more than are looked at.
    #[error(
        "the picture is {size}; pictures have from 1 to {MOST_PIXELS} pixels, at most {LONGEST_SIDE} in a row or column"
    )]
    Size {
        /// What it claims.
        size: Size,
    },
    /// Size and bytes do not go together.
    #[error("{bytes} bytes are no picture of {size} pixels with three bytes each")]
    Mismatch {
        /// The size that was named.
        size: Size,
        /// The bytes that came with it.
        bytes: usize,
    },
}

impl Picture {
    /// A picture of `rgb`, row by row with three bytes a pixel.
    ///
    /// # Errors
    ///
    /// When the bytes do not fit the size, or it is more than is looked at.
    pub fn from_rgb(size: Size, rgb: Vec<u8>) -> Result<Self, PictureError> {
        check(size)?;
        if rgb.len() as u64 != size.pixels() * CHANNELS as u64 {
            return Err(PictureError::Mismatch { size, bytes: rgb.len() });
        }
        Ok(Self { size, rgb })
    }

    /// Reads a PNG file. What shines through is laid on white, as a page is; of an animation the first picture counts.
    ///
    /// # Errors
    ///
    /// When the file is none or damaged, or holds more than is looked at. Memory is taken once the size is known to
    /// be fine, so a small file that claims a huge picture costs nothing.
    pub fn from_png(file: &[u8]) -> Result<Self, PictureError> {
        let mut decoder = Decoder::new_with_limits(Cursor::new(file), Limits { bytes: DECODER_BYTES });
        decoder.set_transformations(Transformations::normalize_to_color8());
        // Texts and profiles are packed too, and nothing here reads them.
        decoder.set_ignore_text_chunk(true);
        decoder.set_ignore_iccp_chunk(true);
        let header = decoder.read_header_info().map_err(malformed)?;
        let size = Size { width: header.width, height: header.height };
        check(size)?;
        let mut reader = decoder.read_info().map_err(malformed)?;
        let (color, depth) = reader.output_color_type();
        debug_assert_eq!(depth, BitDepth::Eight, "as the transformations say");
        let samples = color.samples();
        let row_bytes = size.width as usize * samples;
        let mut rgb = Vec::with_capacity(size.width as usize * size.height as usize * CHANNELS);
        if reader.info().interlaced {
            // Rows come in seven passes, so the whole picture has to be there before the first can be used.
            let mut whole = vec![0; row_bytes * size.height as usize];
            reader.next_frame(&mut whole).map_err(malformed)?;
            flatten(&whole, color, &mut rgb);
        } else {
            while let Some(row) = reader.next_row().map_err(malformed)? {
                flatten(row.data(), color, &mut rgb);
            }
        }
        Self::from_rgb(size, rgb)
    }

    /// The picture as a PNG file: quick to write rather than small.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "a checked size and a Vec leave nothing to fail")]
    pub fn to_png(&self) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, self.size.width, self.size.height);
        encoder.set_color(ColorType::Rgb);
        encoder.set_depth(BitDepth::Eight);
        encoder.set_compression(Compression::Fast);
        let mut writer = encoder.write_header().expect("a size that was checked goes into a Vec");
        writer
            .write_image_data(&self.rgb)
            .expect("there is a byte for every pixel, and a Vec takes them all");
        writer.finish().expect("a Vec takes whatever is written to it");
        file
    }

    /// Width and height.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.size
    }

    /// All pixels, row by row with three bytes each.
    #[must_use]
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// The pixels of the row `y`, which exists.
    pub(crate) fn row(&self, y: u32) -> &[u8] {
        let length = self.size.width as usize * CHANNELS;
        &self.rgb[y as usize * length..][..length]
    }

    /// The pixel at `x` and `y`; `None` beside the picture.
    pub(crate) fn pixel(&self, x: u32, y: u32) -> Option<[u8; CHANNELS]> {
        self.size.holds(x, y).then_some(())?;
        self.row(y)[x as usize * CHANNELS..].first_chunk().copied()
    }

    /// A picture in one colour.
    pub(crate) fn filled(size: Size, colour: [u8; CHANNELS]) -> Self {
        Self { size, rgb: colour.repeat(size.width as usize * size.height as usize) }
    }

    /// Replaces the pixel at `x` and `y`; beside the picture there is none to replace.
    pub(crate) fn paint(&mut self, x: u32, y: u32, colour: [u8; CHANNELS]) {
        if x < self.size.width && y < self.size.height {
            let at = (y as usize * self.size.width as usize + x as usize) * CHANNELS;
            self.rgb[at..at + CHANNELS].copy_from_slice(&colour);
        }
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Picture").field("size", &self.size).finish_non_exhaustive()
    }
}

const fn check(size: Size) -> Result<(), PictureError> {
    let fits = size.width <= LONGEST_SIDE && size.height <= LONGEST_SIDE && size.pixels() <= MOST_PIXELS;
    if fits && size.pixels() > 0 { Ok(()) } else { Err(PictureError::Size { size }) }
}

fn malformed(error: png::DecodingError) -> PictureError {
    PictureError::Malformed { source: Box::new(error) }
}

/// Adds pixels as they are shown on white.
fn flatten(pixels: &[u8], color: ColorType, rgb: &mut Vec<u8>) {
    let on_white = |value: u8, alpha: u8| {
        let (value, alpha) = (u32::from(value), u32::from(alpha));
        u8::try_from((value * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
    };
    match color {
        ColorType::Rgb => rgb.extend_from_slice(pixels),
        ColorType::Grayscale | ColorType::Indexed => {
            rgb.extend(pixels.iter().flat_map(|&grey| [grey; CHANNELS]));
        }
        ColorType::GrayscaleAlpha => {
            rgb.extend(pixels.chunks_exact(2).flat_map(|pixel| [on_white(pixel[0], pixel[1]); CHANNELS]));
        }
        ColorType::Rgba => rgb.extend(pixels.chunks_exact(4).flat_map(|pixel| {
            [on_white(pixel[0], pixel[3]), on_white(pixel[1], pixel[3]), on_white(pixel[2], pixel[3])]
        })),
    }
}
