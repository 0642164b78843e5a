//! Pictures from strangers.

#![expect(clippy::unwrap_used, reason = "a file that cannot be made fails the test")]

use flowrun_vrt::{Options, Picture, PictureError, Size, compare};
use proptest::prelude::*;

fn picture(size: Size, shade: u8) -> Picture {
    Picture::from_rgb(size, vec![shade; size.width as usize * size.height as usize * 3]).unwrap()
}

fn encoded(size: Size, color: png::ColorType, depth: png::BitDepth, data: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, size.width, size.height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if color == png::ColorType::Indexed {
        encoder.set_palette(vec![0, 0, 0, 200, 100, 50]);
    }
    encoder.write_header().unwrap().write_image_data(data).unwrap();
    file
}

/// A file whose header claims a size, with the checksum that goes with it.
fn claiming(width: u32, height: u32) -> Vec<u8> {
    let mut file = picture(Size { width: 1, height: 1 }, 0).to_png();
    file[16..20].copy_from_slice(&width.to_be_bytes());
    file[20..24].copy_from_slice(&height.to_be_bytes());
    let crc = !file[12..29].iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 },
        )
    });
    file[29..33].copy_from_slice(&crc.to_be_bytes());
    file
}

#[test]
fn a_small_file_that_claims_a_huge_picture_is_refused_by_its_header() {
    for (width, height) in [(30_000, 30_000), (1, 1 << 30), ((1 << 31) - 1, (1 << 31) - 1), (40_000, 1)] {
        let refused = Picture::from_png(&claiming(width, height)).unwrap_err();
        assert!(
            matches!(refused, PictureError::Size { size } if size == Size { width, height }),
            "{refused}"
        );
    }
    let told = Picture::from_png(&claiming(30_000, 30_000)).unwrap_err().to_string();
    assert!(
        told.starts_with("the picture is 30000×30000; pictures have from 1 to 40000000 pixels"),
        "{told}"
    );
}

#[test]
fn a_picture_that_ends_early_is_refused_wherever_it_ends() {
    let whole = picture(Size { width: 40, height: 30 }, 7).to_png();
    for end in 0..whole.len() - 12 {
        assert!(matches!(Picture::from_png(&whole[..end]), Err(PictureError::Malformed { .. })), "{end}");
    }
    // Larger than what is there of it, by little enough to be tried.
    assert!(Picture::from_png(&claiming(5_000, 5_000)).is_err());
}

#[test]
fn every_kind_of_pixel_is_read_as_it_looks_on_white() {
    use png::BitDepth::{Eight, One, Sixteen};
    use png::ColorType::{Grayscale, GrayscaleAlpha, Indexed, Rgb, Rgba};
    let size = Size { width: 1, height: 1 };
    for (color, depth, data, shown) in [
        (Grayscale, Eight, &[90][..], [90, 90, 90]),
        (Grayscale, One, &[0x80], [255, 255, 255]),
        (Grayscale, Sixteen, &[90, 1], [90, 90, 90]),
        (GrayscaleAlpha, Eight, &[0, 51], [204, 204, 204]),
        (Rgb, Eight, &[1, 2, 3], [1, 2, 3]),
        (Rgba, Eight, &[1, 2, 3, 0], [255, 255, 255]),
        (Rgba, Sixteen, &[1, 0, 2, 0, 3, 0, 255, 255], [1, 2, 3]),
        (Indexed, One, &[0x80], [200, 100, 50]),
    ] {
        let read = Picture::from_png(&encoded(size, color, depth, data)).unwrap();
        assert_eq!(read.rgb(), shown, "{color:?} {depth:?}");
    }
}

#[test]
fn bytes_that_do_not_fit_the_size_are_refused() {
    let size = Size { width: 2, height: 2 };
    let told = Picture::from_rgb(size, vec![0; 11]).unwrap_err().to_string();
    assert_eq!(told, "11 bytes are no picture of 2×2 pixels with three bytes each");
    assert!(Picture::from_rgb(Size { width: 0, height: 5 }, vec![]).is_err());
}

proptest! {
    /// Also with a sound beginning, so that more than the first check is reached.
    #[test]
    fn no_bytes_make_it_panic(mut noise in prop::collection::vec(any::<u8>(), 0..400), at in 0..200_usize, keep: bool) {
        if keep {
            let mut file = picture(Size { width: 9, height: 9 }, 3).to_png();
            let end = file.len().min(at + noise.len());
            let start = at.min(end);
            file[start..end].copy_from_slice(&noise[..end - start]);
            noise = file;
        }
        let _ = Picture::from_png(&noise);
    }

    #[test]
    fn pictures_of_any_two_sizes_compare_to_a_score_within_bounds(
        (one, other) in (((1..40_u32), (1..40_u32)), ((1..40_u32), (1..40_u32))),
        shades: (u8, u8),
    ) {
        let before = picture(Size { width: one.0, height: one.1 }, shades.0);
        let after = picture(Size { width: other.0, height: other.1 }, shades.1);
        let comparison = compare(&before, &after, &Options::new().region_pixels(0));
        prop_assert!((0.0..=100.0).contains(&comparison.score()));
        prop_assert_eq!(comparison.score() < 95.0, comparison.is_changed());
        let resized = one.0.abs_diff(other.0) > 1 || one.1.abs_diff(other.1) > 1;
        prop_assert_eq!(comparison.is_changed(), resized || shades.0.abs_diff(shades.1) > 8);
        let held: u64 = comparison.regions().iter().map(|region| region.pixels).sum();
        prop_assert_eq!(held, comparison.changed_pixels());
        let drawn = comparison.difference(&after);
        prop_assert_eq!(Picture::from_png(&drawn.to_png()).unwrap(), drawn);
    }
}
