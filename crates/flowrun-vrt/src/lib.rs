//! Visual regression: what changed between two pictures of a page.
//!
//! ```
//! use flowrun_vrt::{Options, Picture, Size, compare};
//!
//! # fn main() -> Result<(), flowrun_vrt::PictureError> {
//! let size = Size { width: 64, height: 64 };
//! let before = Picture::from_rgb(size, vec![255; 64 * 64 * 3])?;
//! let mut pixels = before.rgb().to_vec();
//! pixels[..3 * 64 * 20].fill(0);
//! let after = Picture::from_rgb(size, pixels)?;
//!
//! let comparison = compare(&before, &after, &Options::new());
//! assert!(comparison.score() < 95.0);
//! assert_eq!(comparison.regions()[0].area.to_string(), "64×20 at 0,0");
//! let to_look_at: Vec<u8> = comparison.difference(&after).to_png();
//! # Ok(())
//! # }
//! ```
//!
//! [`compare`] looks at every pixel and at blocks of 8 by 8. A pixel that differs is *changed*, unless its surroundings
//! moved by one pixel or its edge was smoothed in another way: that is what browsers do to a page that nobody touched.
//! Changed pixels that lie together are a [`Region`]. [`Comparison::score`] says how the score is made.
//!
//! This crate knows pictures only: no browser, no files, no store. Pictures may come from strangers; see
//! [`Picture::from_png`].

#![forbid(unsafe_code)]

mod area;
mod changes;
mod comparison;
mod difference;
mod picture;
mod regions;
mod shift;
mod similarity;

pub use area::{Area, Size};
pub use comparison::{Comparison, METHOD, Options, compare};
pub use picture::{Picture, PictureError};
pub use regions::Region;
