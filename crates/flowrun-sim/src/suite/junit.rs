//! The report that build servers read.

use std::fmt::Write;

use super::SuiteReport;

impl SuiteReport {
    /// The report as JUnit XML: one test suite, a test case for each case.
    ///
    /// # Panics
    ///
    /// Never: a string takes all that is written.
    #[must_use]
    pub fn junit(&self) -> String {
        let (tests, failures) =
            (self.cases.len(), self.cases.iter().filter(|case| case.failure.is_some()).count());
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let mut put = |text: String| out.write_str(&text).expect("a string takes all that is written");
        put(format!("<testsuites tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">\n"));
        put(format!(
            "  <testsuite name=\"flowrun simulate\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">\n"
        ));
        for case in &self.cases {
            let name = escaped(&case.name);
            match &case.failure {
                None => put(format!("    <testcase classname=\"flowrun\" name=\"{name}\"/>\n")),
                Some(failure) => put(format!(
                    "    <testcase classname=\"flowrun\" name=\"{name}\">\n      <failure message=\"{}\"/>\n    </testcase>\n",
                    escaped(failure)
                )),
            }
        }
        put("  </testsuite>\n</testsuites>\n".to_owned());
        out
    }
}

/// Text for an attribute. XML cannot hold control characters at all, not even escaped.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::{CaseReport, Coverage};

    #[test]
    fn failures_are_told_and_nothing_breaks_out_of_its_attribute() {
        let case = |name: &str, failure: Option<&str>| CaseReport {
            name: name.to_owned(),
            failure: failure.map(str::to_owned),
        };
        let cases = vec![case("good", None), case("b\"a<d", Some("node `1` is \u{1b}[1m & failed"))];
        let report = SuiteReport { cases, coverage: Coverage::default(), flows: Default::default() };
        insta::assert_snapshot!(report.junit(), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites tests="2" failures="1" errors="0">
          <testsuite name="flowrun simulate" tests="2" failures="1" errors="0">
            <testcase classname="flowrun" name="good"/>
            <testcase classname="flowrun" name="b&quot;a&lt;d">
              <failure message="node `1` is �[1m &amp; failed"/>
            </testcase>
          </testsuite>
        </testsuites>
        "#);
    }
}
