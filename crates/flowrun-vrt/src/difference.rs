//! The picture of a difference, made for people.

use crate::changes::{Change, Changes};
use crate::picture::{CHANNELS, Picture};
use crate::{Area, Region};

type Colour = [u8; CHANNELS];

/// Changed pixels and frames: a magenta that pages seldom have.
const MARK: Colour = [226, 0, 122];
/// Around frames, so that they stand out on every ground.
const HALO: Colour = [255, 255, 255];
/// The stripes of what is left out, and what is between them.
const MASK: [Colour; 2] = [[176, 186, 196], [226, 230, 235]];
/// Where a picture has nothing to show.
const NOTHING: Colour = [245, 245, 245];

/// Pixels between a region and its frame.
const GAP: u32 = 6;
/// The width of a frame and of the halo on each of its sides.
const FRAME: u32 = 3;
const FRAME_HALO: u32 = 1;
/// The width of a stripe.
const STRIPE: u32 = 6;

/// Draws `after` pale, with the changed regions as they are, framed, and their changed pixels marked. What is left out is
/// striped.
pub(crate) fn draw(after: &Picture, changes: &Changes, regions: &[Region], masks: &[Area]) -> Picture {
    let mut picture = Picture::filled(changes.size, NOTHING);
    for y in 0..after.size().height {
        for (x, colour) in (0..).zip(after.row(y).as_chunks().0) {
            picture.paint(x, y, pale(*colour));
        }
    }
    for region in regions {
        show(&mut picture, after, changes, around(region.area, GAP));
    }
    for mask in masks {
        for y in mask.y..mask.bottom().min(changes.size.height) {
            for x in mask.x..mask.right().min(changes.size.width) {
                picture.paint(x, y, MASK[usize::from(((x + y) / STRIPE).is_multiple_of(2))]);
            }
        }
    }
    for region in regions {
        let outer = GAP + FRAME + 2 * FRAME_HALO;
        frame(&mut picture, around(region.area, outer), FRAME + 2 * FRAME_HALO, HALO);
        frame(&mut picture, around(region.area, outer - FRAME_HALO), FRAME, MARK);
    }
    picture
}

/// Shows what is in an area now, its changed pixels tinted: half the mark where there is something new, so that it can
/// still be read, and more of it where there is nothing.
fn show(picture: &mut Picture, after: &Picture, changes: &Changes, area: Area) {
    for y in area.y..area.bottom().min(changes.size.height) {
        for x in area.x..area.right().min(changes.size.width) {
            let now = after.pixel(x, y).unwrap_or(NOTHING);
            picture.paint(
                x,
                y,
                match changes.at(x, y) {
                    change if change.is_changed() => mixed(now, MARK, 150),
                    Change::Ignored => continue,
                    _ => now,
                },
            );
        }
    }
}

/// The area and `margin` pixels around it, as far as the picture begins before it.
const fn around(area: Area, margin: u32) -> Area {
    let (x, y) = (area.x.saturating_sub(margin), area.y.saturating_sub(margin));
    Area { x, y, width: area.right() + margin - x, height: area.bottom() + margin - y }
}

/// A frame inside of `area`. What lies beside the picture is not painted.
fn frame(picture: &mut Picture, area: Area, thick: u32, colour: Colour) {
    for y in area.y..area.bottom() {
        let in_bar = y < area.y + thick || y + thick >= area.bottom();
        for x in area.x..area.right() {
            if in_bar || x < area.x + thick || x + thick >= area.right() {
                picture.paint(x, y, colour);
            }
        }
    }
}

/// A light grey of the same brightness.
fn pale([red, green, blue]: Colour) -> Colour {
    let grey = (u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114) / 1000;
    let grey = u8::try_from(grey).unwrap_or(u8::MAX);
    mixed([grey; CHANNELS], HALO, 165)
}

/// `share` of 255 parts of `over` on `under`.
fn mixed(under: Colour, over: Colour, share: u32) -> Colour {
    std::array::from_fn(|c| {
        let sum = u32::from(under[c]) * (255 - share) + u32::from(over[c]) * share;
        u8::try_from(sum / 255).unwrap_or(u8::MAX)
    })
}
