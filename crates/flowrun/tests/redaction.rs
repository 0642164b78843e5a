//! No secret leaves in any spelling: the redactor alone, and an engine whose executors echo what they are given.

use flowrun::Redactor;
use flowrun_testkit::canary::{Canary, Spelling};
use proptest::prelude::*;

/// Secrets that people have: tokens, phrases, keys on several lines, letters beyond ASCII.
fn any_canary() -> impl Strategy<Value = Canary> {
    let value = prop_oneof![
        any::<u64>().prop_map(|seed| Canary::new(seed).value().to_owned()),
        "k[ -~]{6,30}z",
        "k[a-zé€😀ß]{6}[a-zé€😀ß \n\r\t&<>\"'\\\\/%+=]{6,30}z",
        "-----BEGIN KEY-----\n[A-Za-z0-9+/]{64}\n[A-Za-z0-9+/]{20}==\n-----END KEY-----",
    ];
    value.prop_map(Canary::of)
}

/// Text around a secret.
fn any_context() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,40}", "\\PC{0,12}", Just("{\"said\": \"".to_owned()), Just("%\\&=".to_owned())]
}

fn assert_clean(spellings: &[Spelling], text: &str, from: &Spelling) -> Result<(), TestCaseError> {
    let found = spellings.iter().find(|spelling| text.contains(&spelling.text));
    prop_assert!(found.is_none(), "{found:?} of {:?} in {text:?}, echoed as {from:?}", spellings[0].text);
    prop_assert!(text.contains("[secret KEY]"), "{from:?} became {text:?}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_spelling_of_a_secret_stays_in_a_text(
        canary in any_canary(),
        before in any_context(),
        after in any_context(),
    ) {
        let redactor = Redactor::of([("OTHER", "another secret"), ("KEY", canary.value())]);
        let spellings = canary.spellings();
        for spelling in &spellings {
            let clean = redactor.text(format!("{before}{}{after}", spelling.text));
            assert_clean(&spellings, &clean, spelling)?;
        }
    }

    #[test]
    fn no_spelling_of_a_secret_stays_in_a_stream(
        canary in any_canary(),
        before in "[ -~]{0,600}",
        piece in 1..200_usize,
    ) {
        let redactor = Redactor::of([("KEY", canary.value())]);
        let spellings = canary.spellings();
        for spelling in &spellings {
            let text = format!("{before}{}{before}", spelling.text);
            let mut stream = redactor.stream();
            let letters: Vec<char> = text.chars().collect();
            let mut clean: String =
                letters.chunks(piece).map(|piece| stream.push(&piece.iter().collect::<String>())).collect();
            clean += &stream.end();
            assert_clean(&spellings, &clean, spelling)?;
        }
    }

    #[test]
    fn text_without_secrets_stays_as_it_is(text in "\\PC{0,200}", seed in any::<u64>()) {
        let redactor = Redactor::of([("KEY", Canary::new(seed).value())]);
        prop_assert_eq!(redactor.text(text.as_str()), text.as_str());
        let mut stream = redactor.stream();
        let said = stream.push(&text) + &stream.end();
        prop_assert_eq!(said, text);
    }
}

/// The twin: without a redactor every spelling is found by what looks for it.
#[test]
fn what_nobody_takes_out_is_found() {
    let canary = Canary::new(7);
    for spelling in canary.spellings() {
        let said = Redactor::default().text(format!("said: {}.", spelling.text));
        assert!(canary.found_in(said.as_bytes()).contains(&spelling.name), "{spelling:?}");
    }
}

#[test]
fn what_is_left_of_a_secret_at_the_end_of_a_text_is_taken_out() {
    let redactor = Redactor::of([("KEY", "0123456789abcdef")]);
    assert_eq!(redactor.text("said 0123456789a"), "said [secret KEY]");
    assert_eq!(redactor.text("said 01234567"), "said [secret KEY]");
    assert_eq!(redactor.text("said 0123456"), "said 0123456");
    assert_eq!(redactor.text("said 0123456789a."), "said 0123456789a.");
}

#[test]
fn short_values_are_found_as_they_are_and_shorter_ones_not_at_all() {
    let redactor = Redactor::of([("SIX", "secret"), ("FIVE", "short")]);
    assert_eq!(redactor.text("a secret, a Secret, short"), "a [secret SIX], a Secret, short");
    assert!(Redactor::of([("FIVE", "short")]).is_empty());
}

#[test]
fn secrets_inside_of_each_other_and_side_by_side_have_the_longer_name() {
    let redactor = Redactor::of([("USER", "0123456789"), ("URL", "https://0123456789@host.example")]);
    assert_eq!(redactor.text("at https://0123456789@host.example."), "at [secret URL].");
    assert_eq!(redactor.text("0123456789 01234567890123456789"), "[secret USER] [secret USER][secret USER]");
}

#[test]
fn debug_shows_names_only() {
    let shown = format!("{:?}", Redactor::of([("KEY", "0123456789")]));
    assert!(shown.contains("KEY") && !shown.contains("0123"), "{shown}");
}
