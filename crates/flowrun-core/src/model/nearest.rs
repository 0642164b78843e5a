//! What a person may have meant by a word that nobody knows.

/// The one of the known words that is most like `word`, if one is much like it: a few letters changed, left out,
/// added or swapped, or the same letters in another case.
///
/// ```
/// use flowrun_core::nearest;
///
/// assert_eq!(nearest("htlm", ["html", "logs"]), Some("html"));
/// assert_eq!(nearest("lighthouse ", ["html", "logs"]), None);
/// ```
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The distance is computed to every word; one this long is no slip of the hand.
    if word.len() > LONGEST {
        return None;
    }
    let lower = word.to_lowercase();
    let close = known
        .into_iter()
        .filter(|known| (3..=LONGEST).contains(&known.len()))
        .map(|known| (strsim::damerau_levenshtein(&lower, &known.to_lowercase()), known));
    close
        .filter(|(distance, known)| *distance <= 1 + known.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

const LONGEST: usize = 80;
