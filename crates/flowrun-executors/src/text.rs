//! Text written by strangers, made fit for a log line or a fact.

/// The longest piece that is kept, in characters.
const LONGEST: usize = 300;

/// The first characters of `text`, without control characters: hostile text stays short and on its line.
pub(crate) fn tame(text: &str) -> String {
    let mut tamed: String = text.chars().filter(|c| !c.is_control()).take(LONGEST + 1).collect();
    if let Some((at, _)) = tamed.char_indices().nth(LONGEST) {
        tamed.truncate(at);
        tamed.push('…');
    }
    tamed
}

/// What a stranger said, for the log: without secrets first, since of one that is cut nothing would be found later.
#[cfg(any(feature = "email", feature = "scan", feature = "slack", feature = "webhook"))]
pub(crate) fn said(context: &flowrun::Context, text: impl Into<String>) -> String {
    tame(&context.redacted(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_and_loses_its_control_characters() {
        assert_eq!(tame("a\u{1b}[31mb\r\nc"), "a[31mbc");
        assert_eq!(tame(&"é".repeat(300)), "é".repeat(300));
        assert_eq!(tame(&"é".repeat(301)), "é".repeat(300) + "…");
    }
}
