//! Tables with their columns below each other.

use unicode_width::UnicodeWidthStr as _;

/// One line per row; every column as wide as its widest cell.
pub(super) fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].width()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let mut out = String::new();
    for row in rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| {
            let padding = " ".repeat(width - cell.width());
            format!("{cell}{padding}")
        });
        let line: Vec<String> = cells.collect();
        out += line.join("  ").trim_end();
        out.push('\n');
    }
    out
}
