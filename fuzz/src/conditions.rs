//! Any text as conditions, any JSON as an object.

use flowrun::{Conditions, Evaluation, Facts};

/// Conditions are refused or judge every object; the judgement is recorded and read back.
///
/// The input is two texts with a zero byte between them: the conditions, and the facts of an object.
pub fn conditions(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (conditions, facts) = text.split_once('\0').unwrap_or((text, r#"{"type":"scan","score":91.5}"#));
    let Ok(conditions) = Conditions::parse(conditions) else { return };
    let facts = serde_json::from_str(facts).ok().map(Facts::new);
    let evaluation = conditions.evaluate(facts.as_ref());
    assert_eq!(evaluation.comparisons.len(), conditions.len(), "one comparison an expression");
    assert_eq!(evaluation, conditions.evaluate(facts.as_ref()), "the same answer twice");
    let recorded = serde_json::to_string(&evaluation).expect("every evaluation is JSON");
    assert_eq!(serde_json::from_str::<Evaluation>(&recorded).expect("what was recorded"), evaluation);
    // Warnings are texts for people; the lint is asked about any key.
    evaluation.warnings().for_each(|(_, warning)| assert!(!warning.to_string().is_empty()));
    assert!(conditions.lint(|_| true).len() <= conditions.lint(|_| false).len());
}
