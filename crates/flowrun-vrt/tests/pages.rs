//! Pairs of pictures as scans bring them home, and what has to be said about each.
//!
//! A small shop is drawn with smoothed edges: every pixel is the mean of 16 points, so that things can stand between
//! pixels as letters do.

#![expect(clippy::unwrap_used, reason = "a picture that cannot be drawn fails the test")]

use flowrun_vrt::{Area, Comparison, Options, Picture, Size, compare};

const SIZE: Size = Size { width: 320, height: 240 };
/// Points along a side of a pixel.
const POINTS: i32 = 4;

/// What the page shows. Lengths in quarters of a pixel.
#[derive(Clone)]
struct Shop {
    price: &'static str,
    button: (i32, i32),
    button_colour: [u8; 3],
    image: bool,
    /// How far everything moved.
    moved: (i32, i32),
    size: Size,
    clock: &'static str,
}

impl Shop {
    fn new() -> Self {
        Self {
            price: "1949",
            button: (800, 640),
            button_colour: [20, 90, 200],
            image: true,
            moved: (0, 0),
            size: SIZE,
            clock: "1203",
        }
    }

    fn draw(&self) -> Picture {
        let row = |y: u32| (0..self.size.width).flat_map(move |x| self.pixel(x, y));
        let rgb = (0..self.size.height).flat_map(row).collect();
        Picture::from_rgb(self.size, rgb).unwrap()
    }

    fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        let mut sum = [0_u32; 3];
        for point in 0..POINTS * POINTS {
            let across = i32::try_from(x).unwrap() * POINTS + point % POINTS - self.moved.0;
            let down = i32::try_from(y).unwrap() * POINTS + point / POINTS - self.moved.1;
            let colour = self.point(across, down);
            sum.iter_mut().zip(colour).for_each(|(sum, value)| *sum += u32::from(value));
        }
        sum.map(|sum| u8::try_from(sum / 16).unwrap())
    }

    fn point(&self, x: i32, y: i32) -> [u8; 3] {
        let inside = |left: i32, top: i32, width: i32, height: i32| {
            (left..left + width).contains(&x) && (top..top + height).contains(&y)
        };
        if is_digit(self.price, x - 800, y - 240) || is_digit(self.clock, x - 1080, y - 40) {
            return [30, 30, 30];
        }
        if inside(self.button.0, self.button.1, 320, 112) {
            return self.button_colour;
        }
        // A picture with stripes that are no multiple of a pixel.
        if self.image && inside(80, 160, 560, 480) {
            return if (x + y / 2) / 22 % 2 == 0 { [200, 120, 40] } else { [90, 140, 60] };
        }
        // Rules of a table, one pixel thin.
        if y > 760 && (y / 4) % 16 == 0 && inside(80, 0, 1100, 4000) {
            return [170, 170, 170];
        }
        [255, 255, 255]
    }
}

/// Seven segments a digit, as small print has them: strokes of one and a half pixels, 6 by 10 pixels.
fn is_digit(text: &str, x: i32, y: i32) -> bool {
    const SEGMENTS: [u8; 10] = [
        0b111_0111, 0b001_0010, 0b101_1101, 0b101_1011, 0b011_1010, 0b110_1011, 0b110_1111, 0b101_0010, 0x7f,
        0b111_1011,
    ];
    let Some(digit) = usize::try_from(x / 36).ok().filter(|_| x >= 0).and_then(|at| text.as_bytes().get(at))
    else {
        return false;
    };
    let x = x % 36;
    // Top, upper left, upper right, middle, lower left, lower right, bottom.
    let places = [
        (0, 0, 24, 6),
        (0, 0, 6, 20),
        (18, 0, 6, 20),
        (0, 17, 24, 6),
        (0, 17, 6, 23),
        (18, 17, 6, 23),
        (0, 34, 24, 6),
    ];
    let lit = SEGMENTS[usize::from(digit - b'0')];
    places.iter().enumerate().any(|(bit, (left, top, width, height))| {
        lit >> (6 - bit) & 1 == 1 && (*left..left + width).contains(&x) && (*top..top + height).contains(&y)
    })
}

fn compared(after: &Shop) -> Comparison {
    compare(&Shop::new().draw(), &after.draw(), &Options::new())
}

#[track_caller]
fn is_quiet(after: &Shop) -> Comparison {
    let comparison = compared(after);
    assert_eq!(comparison.regions(), [], "{comparison:?}");
    assert!(comparison.score() >= 95.0, "{comparison:?}");
    comparison
}

/// The only region, which has to lie within `area` up to the frames of its pixels.
#[track_caller]
fn is_alarm(comparison: &Comparison, area: Area) {
    assert!(comparison.score() < 95.0, "{comparison:?}");
    let [region] = comparison.regions() else { panic!("{comparison:?}") };
    let found = region.area;
    let right = |area: Area| (area.x + area.width, area.y + area.height);
    assert!(found.x >= area.x && found.y >= area.y, "{found} in {area}");
    assert!(right(found).0 <= right(area).0 && right(found).1 <= right(area).1, "{found} in {area}");
}

const fn area(x: u32, y: u32, width: u32, height: u32) -> Area {
    Area { x, y, width, height }
}

#[test]
fn a_page_is_like_itself() {
    let comparison = is_quiet(&Shop::new());
    assert!((comparison.score() - 100.0).abs() < f64::EPSILON);
    assert_eq!(comparison.changed_pixels() + comparison.shifted_pixels(), 0);
}

#[test]
fn a_page_that_moved_by_up_to_one_pixel_raises_no_alarm() {
    for across in -POINTS..=POINTS {
        for down in -POINTS..=POINTS {
            let comparison = is_quiet(&Shop { moved: (across, down), ..Shop::new() });
            let moved = comparison.shifted_pixels() > 0;
            assert_eq!(moved, (across, down) != (0, 0), "{across},{down}");
        }
    }
}

#[test]
fn a_page_that_moved_by_two_pixels_raises_the_alarm() {
    for moved in [(8, 0), (0, 8), (-8, 0), (0, -8)] {
        assert!(compared(&Shop { moved, ..Shop::new() }).is_changed(), "{moved:?}");
    }
}

#[test]
fn every_digit_of_a_price_that_changes_raises_the_alarm() {
    let digits = "0123456789";
    for one in 0..10 {
        for other in (0..10).filter(|other| *other != one) {
            let shop = |at: usize| Shop { price: &digits[at..=at], ..Shop::new() };
            let comparison = compare(&shop(one).draw(), &shop(other).draw(), &Options::new());
            is_alarm(&comparison, area(200, 60, 6, 10));
        }
    }
}

#[test]
fn a_moved_button_raises_the_alarm() {
    let (x, y) = Shop::new().button;
    let moved = compared(&Shop { button: (x + 12, y), ..Shop::new() });
    assert!(moved.is_changed() && moved.score() < 95.0, "{moved:?}");
    is_alarm(&compared(&Shop { button: (x + 40, y + 20), ..Shop::new() }), area(200, 160, 90, 33));
}

#[test]
fn a_button_in_another_colour_raises_the_alarm() {
    is_alarm(&compared(&Shop { button_colour: [20, 90, 180], ..Shop::new() }), area(200, 160, 80, 28));
}

#[test]
fn a_missing_image_raises_the_alarm_and_costs_more_than_a_price() {
    let image = compared(&Shop { image: false, ..Shop::new() });
    is_alarm(&image, area(20, 40, 140, 120));
    let price = compared(&Shop { price: "1999", ..Shop::new() });
    assert!(image.score() < 85.0 && price.score() > 94.0, "{} {}", image.score(), price.score());
}

#[test]
fn a_blank_page_scores_low() {
    let blank = Picture::from_rgb(SIZE, vec![255; 320 * 240 * 3]).unwrap();
    let comparison = compare(&Shop::new().draw(), &blank, &Options::new());
    assert!(comparison.score() < 75.0, "{comparison:?}");
}

#[test]
fn what_is_added_below_counts_and_what_is_cut_off_too() {
    let longer = Shop { size: Size { height: 300, ..SIZE }, ..Shop::new() };
    for comparison in [compared(&longer), compare(&longer.draw(), &Shop::new().draw(), &Options::new())] {
        is_alarm(&comparison, area(0, 240, 320, 60));
        assert_eq!(comparison.changed_pixels(), 320 * 60);
        assert!(comparison.score() < 80.0, "{comparison:?}");
    }
}

#[test]
fn a_page_that_is_one_pixel_higher_because_it_moved_down_raises_no_alarm() {
    let size = Size { height: SIZE.height + 1, ..SIZE };
    is_quiet(&Shop { moved: (0, POINTS), size, ..Shop::new() });
    let size = Size { height: SIZE.height + 2, ..SIZE };
    assert!(compared(&Shop { size, ..Shop::new() }).is_changed());
}

#[test]
fn a_masked_clock_is_not_looked_at() {
    let later = Shop { clock: "1204", ..Shop::new() };
    assert!(compared(&later).is_changed());
    let masked = Options::new().masks(vec![area(260, 4, 60, 20)]);
    let comparison = compare(&Shop::new().draw(), &later.draw(), &masked);
    assert_eq!((comparison.regions(), comparison.changed_pixels()), (&[][..], 0));
    assert!((comparison.score() - 100.0).abs() < f64::EPSILON);
}

#[test]
fn masks_that_lie_beside_the_page_or_cover_it_do_no_harm() {
    let far = u32::MAX;
    let masks = vec![area(far, far, far, far), area(300, 0, far, 1), area(0, far, 5, 5), area(0, 0, 0, 0)];
    let (before, after) = (Shop::new().draw(), Shop { price: "1", ..Shop::new() }.draw());
    let comparison = compare(&before, &after, &Options::new().masks(masks));
    assert!(comparison.is_changed());
    assert_eq!(comparison.difference(&after).size(), SIZE);
    let everything = Options::new().masks(vec![area(0, 0, far, far)]);
    assert!((compare(&before, &after, &everything).score() - 100.0).abs() < f64::EPSILON);
}

#[test]
fn noise_of_a_lossy_picture_raises_no_alarm() {
    let before = Shop::new().draw();
    let noisy = before
        .rgb()
        .iter()
        .enumerate()
        .map(|(at, value)| value.saturating_add_signed((at * 7919 % 5) as i8 - 2));
    let after = Picture::from_rgb(SIZE, noisy.collect()).unwrap();
    let comparison = compare(&before, &after, &Options::new());
    assert!(!comparison.is_changed() && comparison.score() > 99.5, "{comparison:?}");
}

#[test]
fn the_difference_marks_what_changed_and_frames_it() {
    let after = Shop { price: "1999", ..Shop::new() }.draw();
    let comparison = compare(&Shop::new().draw(), &after, &Options::new());
    let drawn = comparison.difference(&after);
    let at = |x: u32, y: u32| {
        let at = ((y * SIZE.width + x) * 3) as usize;
        [drawn.rgb()[at], drawn.rgb()[at + 1], drawn.rgb()[at + 2]]
    };
    let found = comparison.regions()[0].area;
    assert_eq!(at(found.x + 2, found.y - 8), [226, 0, 122], "the frame");
    assert_eq!(at(210, 150), [255, 255, 255], "far from it the page is pale");
    let [red, green, _] = at(60, 100);
    assert!(red > 190 && red == green, "and grey");
}

#[test]
fn what_a_comparison_tells_as_json() {
    let comparison = compared(&Shop { price: "1999", ..Shop::new() });
    let told = serde_json::to_value(&comparison).unwrap();
    let keys: Vec<_> = told.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "after",
            "before",
            "changed_pixels",
            "method",
            "pixel_share",
            "regions",
            "score",
            "shifted_pixels",
            "ssim"
        ]
    );
    assert_eq!(told["method"], "ssim8+pixels/1");
    assert_eq!(told["regions"][0]["area"]["y"], 60);
}
