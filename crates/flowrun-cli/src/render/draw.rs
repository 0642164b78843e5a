//! Findings, drawn with the line they are about.

use std::fmt;
use std::ops::Range;

use flowrun::Severity;
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents,
};

use super::plain::{is_harmless, plain, plain_lines};
use crate::finding::Finding;
use crate::source::Source;

/// The most findings of one kind that are drawn: a flow of a million nodes can have as many.
const MAX_DRAWN: usize = 20;

/// What is shown of a line on either side of the place, in bytes: flows are often saved as one long line.
const MARGIN: usize = 48;

/// How output looks on the screen it goes to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Whether colours are shown.
    pub(crate) colour: bool,
    /// Columns of the screen.
    pub(crate) width: usize,
}

/// Draws the findings, errors first, each with its place in `source`.
pub(crate) fn draw(source: &Source<'_>, findings: &[Finding], look: Look) -> String {
    let theme = if look.colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(look.width)
        .with_context_lines(0)
        .with_links(false);
    let mut out = String::new();
    for severity in [Severity::Error, Severity::Warning] {
        let mut of_kind = findings.iter().filter(|finding| finding.severity == severity);
        for finding in of_kind.by_ref().take(MAX_DRAWN) {
            let drawn = Drawn::new(finding, source);
            handler.render_report(&mut out, &drawn).expect("a String takes whatever is written to it");
            out.push('\n');
        }
        // Those that were found and not even kept count too.
        let more = of_kind.map(Finding::count).sum::<usize>();
        if more > 0 {
            out += &format!("  … and {more} more; `flowrun check --json` lists all\n\n");
        }
    }
    out
}

/// A finding as the drawing crate wants it.
struct Drawn<'a> {
    finding: &'a Finding,
    excerpt: Option<Excerpt<'a>>,
}

impl<'a> Drawn<'a> {
    fn new(finding: &'a Finding, source: &'a Source<'a>) -> Self {
        let excerpt = finding.span.as_ref().map(|span| Excerpt::around(source, span.start));
        Self { finding, excerpt }
    }
}

impl fmt::Debug for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.finding, f)
    }
}

impl fmt::Display for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Also of findings that are made here, about files and arguments.
        f.write_str(&plain_lines(&self.finding.message))
    }
}

impl std::error::Error for Drawn<'_> {}

impl miette::Diagnostic for Drawn<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.finding.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.finding.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.finding.help.as_ref().map(|help| Box::new(plain_lines(help)) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|excerpt| excerpt as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (span, excerpt) = (self.finding.span.as_ref()?, self.excerpt.as_ref()?);
        // What is longer than the excerpt is marked as far as the excerpt goes.
        let start = span.start.min(excerpt.bytes.end);
        let len = span.end.min(excerpt.bytes.end).saturating_sub(start);
        Some(Box::new(std::iter::once(LabeledSpan::underline((start, len)))))
    }
}

/// The part of a source around one place, byte for byte where it stands, but fit for a terminal.
struct Excerpt<'a> {
    source: &'a Source<'a>,
    bytes: Range<usize>,
    shown: String,
}

impl<'a> Excerpt<'a> {
    fn around(source: &'a Source<'a>, offset: usize) -> Self {
        let bytes = source.line_around(offset, MARGIN);
        let shown = same_length(&source.text()[bytes.clone()]);
        Self { source, bytes, shown }
    }
}

/// The text with question marks, as many as it had bytes, for whatever would drive the terminal: places after
/// it stay where they are.
fn same_length(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, character| {
        if is_harmless(character) {
            shown.push(character);
        } else {
            shown.extend(std::iter::repeat_n('?', character.len_utf8()));
        }
        shown
    })
}

impl SourceCode for Excerpt<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        _lines_before: usize,
        _lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let place = self.source.place(span.offset());
        Ok(Box::new(MietteSpanContents::new_named(
            plain(self.source.name()),
            self.shown.as_bytes(),
            (self.bytes.start, self.bytes.len()).into(),
            place.line - 1,
            place.column - 1,
            1,
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Look = Look { colour: false, width: 100 };

    fn finding(span: Range<usize>, message: &str) -> Finding {
        Finding { span: Some(span), ..Finding::error("plan.unknown-node", message.to_owned()) }
    }

    #[test]
    fn a_finding_is_shown_in_its_line() {
        let text = "{\n  \"source\": \"scan\",\n  \"target\": \"emial\"\n}\n";
        let at = text.find("\"emial\"").unwrap();
        let mut error = finding(at..at + 7, "node `scan` leads to `emial`, which this flow does not define");
        error.help = Some("did you mean `email`?".into());
        let mut warning = finding(4..12, "several roots");
        warning.severity = Severity::Warning;
        insta::assert_snapshot!(draw(&Source::new("nightly.json", text), &[warning, error], LOOK));
    }

    #[test]
    fn a_long_line_is_shown_around_the_place() {
        let text =
            format!("{{\"x\":\"{}\",\"target\":5,\"y\":\"{}\"}}", "é".repeat(10_000_000), "b".repeat(1_000));
        let at = text.find("5,").unwrap();
        let drawn = draw(&Source::new("long.json", &text), &[finding(at..at + 1, "wrong")], LOOK);
        insta::assert_snapshot!(drawn);
    }

    #[test]
    fn spans_over_many_lines_and_beyond_the_end_are_cut() {
        let text = "{\n\"nodes\": [\n]\n}";
        let source = Source::new("x.json", text);
        let whole = draw(&source, &[finding(0..text.len(), "all of it")], LOOK);
        assert!(whole.contains("x.json:1:1") && !whole.contains("nodes\""), "{whole}");
        for span in [0..0, 16..17, 999..1_000] {
            assert!(draw(&source, &[finding(span.clone(), "odd")], LOOK).contains("odd"), "{span:?}");
        }
        assert!(draw(&Source::new("empty", ""), &[finding(0..0, "odd")], LOOK).contains("empty:1:1"));
    }

    #[test]
    fn a_flood_of_findings_is_counted() {
        let many: Vec<Finding> = (0..50).map(|n| finding(0..1, &format!("number {n}"))).collect();
        let drawn = draw(&Source::new("x", "{}"), &many, LOOK);
        assert!(drawn.contains("number 19") && !drawn.contains("number 20"));
        assert!(drawn.contains("… and 30 more"));
    }
}
