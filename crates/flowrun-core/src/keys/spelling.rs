//! How numbers are spelled: as the original's language does, which saved messages and their readers rely on.

use serde_json::Number;

/// A number of a document: integers as they are, others as in [`number_text`].
pub(crate) fn json_number(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => number_text(float),
        _ => number.to_string(),
    }
}

/// A float in its shortest form that reads back the same: `95.0`, `0.0001`, `1e-05`, `1e+16`.
pub(crate) fn number_text(number: f64) -> String {
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    match exponent.parse::<i32>() {
        Ok(exponent @ -4..=15) => {
            let plain = number.to_string();
            if exponent >= 0 && !plain.contains('.') { plain + ".0" } else { plain }
        }
        Ok(exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
        Err(_) => scientific,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_keep_their_point_and_switch_to_exponents_where_the_original_does() {
        for (number, text) in [
            (95.0, "95.0"),
            (87.25, "87.25"),
            (-0.0, "-0.0"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (0.1 + 0.2, "0.30000000000000004"),
        ] {
            assert_eq!(number_text(number), text);
        }
        assert_eq!(json_number(&Number::from(90)), "90");
    }
}
