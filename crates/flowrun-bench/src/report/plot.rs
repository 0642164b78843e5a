//! Curves as an SVG picture, both axes logarithmic. A page of SVG is less than a plotting crate.

use std::fmt::Write;

use super::family;
use crate::Figure;
use crate::graph::size_name;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 190.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 40.0;
/// Colours that stay apart for colour-blind eyes, on white and on black: Okabe and Ito, "Color universal
/// design", 2008.
const COLOURS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#999999"];

/// One line of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// What stands beside it.
    pub name: String,
    /// Across and up, both above zero, sorted by the first.
    pub points: Vec<(f64, f64)>,
}

/// A curve for each shape that was run at two sizes or more, and one for the boxed floor of the layered shape.
#[must_use]
pub fn growth_curves(figures: &[Figure]) -> Vec<Curve> {
    let mut curves: Vec<Curve> = Vec::new();
    let mut add = |name: &str, point: (f64, f64)| match curves.iter_mut().find(|curve| curve.name == name) {
        Some(curve) => curve.points.push(point),
        None => curves.push(Curve { name: name.to_owned(), points: vec![point] }),
    };
    for figure in figures {
        let Some(shape) = family(&figure.name).strip_prefix("run ") else { continue };
        add(shape, (figure.units as f64, figure.cost.cpu_ns));
        if let Some(floor) = figure.floors.first().filter(|_| shape == "layered") {
            add("floor: boxed, layered", (figure.units as f64, floor.cost.cpu_ns));
        }
    }
    curves.retain(|curve| curve.points.len() > 1);
    for curve in &mut curves {
        curve.points.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    curves
}

/// The picture of the curves.
#[must_use]
pub fn plot(title: &str, curves: &[Curve]) -> String {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let across = Axis::over(points().map(|point| point.0), LEFT, WIDTH - RIGHT);
    let up = Axis::over(points().map(|point| point.1), HEIGHT - BOTTOM, TOP);
    let mut out = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="{LEFT}" y="20" font-size="14">{title}</text>
"##
    );
    let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
    for power in across.powers() {
        let (x, label) = (across.place(power), size_name(power as usize));
        line(&mut out, (x, TOP), (x, bottom));
        text(&mut out, (x, bottom + 18.0), "middle", "#000000", &label);
    }
    for power in up.powers() {
        let y = up.place(power);
        line(&mut out, (LEFT, y), (right, y));
        text(&mut out, (LEFT - 6.0, y + 4.0), "end", "#000000", &power.to_string());
    }
    let mut labels = Vec::new();
    for (curve, colour) in curves.iter().zip(COLOURS.iter().cycle()) {
        let points = curve.points.iter().map(|&(x, y)| format!("{:.1},{:.1}", across.place(x), up.place(y)));
        let points = points.collect::<Vec<_>>().join(" ");
        writeln!(out, r#"<polyline fill="none" stroke="{colour}" stroke-width="2" points="{points}"/>"#)
            .expect(EXPECT);
        if let Some(&(_, y)) = curve.points.last() {
            labels.push((up.place(y), colour, &curve.name));
        }
    }
    // Names stand where their curves end, one line apart at least.
    labels.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut free_from = TOP;
    for (y, colour, name) in labels {
        let y = y.max(free_from);
        text(&mut out, (right + 8.0, y + 4.0), "start", colour, name);
        free_from = y + 14.0;
    }
    out.push_str("</svg>\n");
    out
}

const EXPECT: &str = "a string takes all that is written";

fn line(out: &mut String, from: (f64, f64), to: (f64, f64)) {
    writeln!(
        out,
        r##"<line x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}" stroke="#dddddd"/>"##,
        from.0, from.1, to.0, to.1
    )
    .expect(EXPECT);
}

fn text(out: &mut String, (x, y): (f64, f64), anchor: &str, colour: &str, text: &str) {
    writeln!(out, r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" fill="{colour}">{text}</text>"#)
        .expect(EXPECT);
}

/// A logarithmic axis over whole powers of ten.
struct Axis {
    /// Logarithms of its ends.
    ends: (f64, f64),
    /// Places of its ends in the picture.
    places: (f64, f64),
}

impl Axis {
    fn over(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value.log10().floor()), high.max(value.log10().ceil()))
        });
        // An axis of one point still has two ends.
        Self { ends: (low, high.max(low + 1.0)), places: (from, to) }
    }

    fn place(&self, value: f64) -> f64 {
        let share = (value.log10() - self.ends.0) / (self.ends.1 - self.ends.0);
        self.places.0 + share * (self.places.1 - self.places.0)
    }

    fn powers(&self) -> impl Iterator<Item = f64> + use<> {
        (self.ends.0 as i32..=self.ends.1 as i32).map(|power| 10_f64.powi(power))
    }
}
