//! A page of a shop in versions that differ as pages do: for comparisons of pictures.

use std::fmt::Write as _;

use serde::Serialize;

use super::pages::sound;

/// A version of the shop's page, and whether who compares its picture with that of `/shop` has to see a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KnownChange {
    /// Path and query.
    pub path: &'static str,
    /// What differs.
    pub what: &'static str,
    /// Whether people would call it a change.
    pub is_change: bool,
}

pub(super) const CHANGES: &[KnownChange] = &[
    KnownChange { path: "/shop", what: "nothing", is_change: false },
    KnownChange { path: "/shop?v=button", what: "the button is 3 pixels further right", is_change: true },
    KnownChange { path: "/shop?v=image", what: "the image is missing", is_change: true },
    KnownChange { path: "/shop?v=price", what: "a digit of the price is another one", is_change: true },
    KnownChange { path: "/shop?v=shift", what: "everything is 1 pixel further down", is_change: false },
    KnownChange { path: "/shop?v=small", what: "a digit of the small print is another one", is_change: true },
    KnownChange {
        path: "/shop?v=smooth",
        what: "text stands between pixels and is smoothed",
        is_change: false,
    },
];

pub(super) fn page(path: &str, query: &str, base: &str) -> String {
    let variant = query.strip_prefix("v=").unwrap_or_default();
    let price = if variant == "price" { "1,948.00" } else { "1,949.00" };
    let delivery = if variant == "small" { "8.80" } else { "9.80" };
    let mut rows = String::new();
    for part in 1..=12 {
        writeln!(
            rows,
            "<tr><td>Part number {part}</td><td>€ {}.90</td><td>{} left</td></tr>",
            17 * part + 3,
            part * 7 % 5
        )
        .expect("a String takes whatever is written to it");
    }
    let content = format!(
        "<div class=\"offer\">\n<img src=\"/img/bicycle.svg\" alt=\"A red bicycle\" width=\"480\" height=\"320\">\n<div>\n\
         <p>A light bicycle for fast people. Steel frame, eighteen gears, and brakes that stop it in the rain.</p>\n\
         <p class=\"price\">€ {price}</p>\n<p class=\"small\">Delivery for € {delivery} in 3 to 5 days. Free returns.</p>\n\
         <p><a class=\"button\" href=\"/terms\">Add to basket</a></p>\n</div>\n</div>\n<table>\n{rows}</table>"
    );
    let known = CHANGES.iter().any(|change| change.path.ends_with(&format!("?v={variant}")));
    let class = if known { format!("<body class=\"v-{variant}\">") } else { "<body>".to_owned() };
    sound(path, base, "Red Racer", &content).replace("<body>", &class)
}

/// The picture of what is sold.
pub(super) const BICYCLE: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 480 320" width="480" height="320">
<rect width="480" height="320" fill="#f4efe6"/>
<g fill="none" stroke="#2a2f36" stroke-width="9"><circle cx="140" cy="210" r="70"/><circle cx="340" cy="210" r="70"/></g>
<path d="M140 210l60-100h100l40 100M200 110l50 100H140M250 210l50-100M185 90h40M300 110l-8-30h35" fill="none" stroke="#c8322b" stroke-width="10"/>
</svg>
"##;
