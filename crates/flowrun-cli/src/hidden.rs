//! What must not be shown: the values of secrets and settings of this process.
//!
//! The engine takes them out of all that it records. This is for what is said beside it: errors, panics, notes.

use std::io::Write as _;
use std::sync::OnceLock;

use flowrun::Redactor;

use crate::settings::{Hidden, Layer};

static HIDDEN: OnceLock<Redactor> = OnceLock::new();

/// Hides what these settings hold from here on. A process has one set of settings: the first call counts.
pub(crate) fn hide(settings: &Layer) {
    let Layer { slack_token, slack_webhook_url, smtp_url, secrets, .. } = settings;
    let named =
        [("slack_token", slack_token), ("slack_webhook_url", slack_webhook_url), ("smtp_url", smtp_url)];
    let named = named.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
    let secrets = secrets.iter().map(|(name, value)| (name.as_str(), value));
    HIDDEN.get_or_init(|| {
        Redactor::of(named.chain(secrets).map(|(name, value)| (name, Hidden::reveal(value))))
    });
}

/// The text as it may be shown.
pub(crate) fn shown(text: &str) -> String {
    HIDDEN.get().map_or_else(|| text.to_owned(), |redactor| redactor.text(text))
}

/// Has panics told like anything else: what somebody panics with may hold what it was given.
pub(crate) fn hide_from_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| match HIDDEN.get() {
        Some(redactor) if !redactor.is_empty() => {
            let told = redactor.text(format!("{panic}\n"));
            // There is no third place to complain in when this one is gone.
            let _ = std::io::stderr().lock().write_all(told.as_bytes());
        }
        _ => before(panic),
    }));
}
