//! Forms: where what people type ends up.

use flowrun_guard::Url;
use scraper::ElementRef;

use crate::scan::audit::{Audit, Finding};
use crate::scan::page::{Page, is_word};

/// A form of the page.
struct Form<'a> {
    element: ElementRef<'a>,
    /// Where it sends; `None` when that is no web address.
    target: Option<Url>,
    passwords: usize,
    payments: usize,
}

impl Form<'_> {
    const fn is_sensitive(&self) -> bool {
        self.passwords + self.payments > 0
    }
}

pub(super) fn audits(page: &Page) -> Vec<Audit> {
    let forms: Vec<Form<'_>> = page.elements("form").map(|form| read(page, form)).collect();
    let sensitive: Vec<&Form<'_>> = forms.iter().filter(|form| form.is_sensitive()).collect();
    let all_forms = |is_right: &dyn Fn(&Form<'_>) -> bool, detail| match forms.len() {
        0 => Finding::NOT_APPLICABLE,
        _ => Finding::or_fail(forms.iter().all(is_right), detail),
    };
    let all_sensitive = |is_right: &dyn Fn(&Form<'_>) -> bool, detail| match sensitive.len() {
        0 => Finding::NOT_APPLICABLE,
        _ => Finding::or_fail(sensitive.iter().all(|form| is_right(form)), detail),
    };
    let has_action = |form: &Form<'_>| form.element.attr("action").is_some_and(|to| !to.trim().is_empty());
    let to_https = |form: &Form<'_>| form.target.as_ref().is_some_and(|url| url.scheme() == "https");
    let to_own = |form: &Form<'_>| form.target.as_ref().is_none_or(|url| url.origin() == page.url.origin());
    let posts = |form: &Form<'_>| {
        is_word(form.element.attr("method"), "post") || is_word(form.element.attr("method"), "dialog")
    };
    vec![
        Audit::new("form-action", 6, all_forms(&has_action, "a form does not say where it sends")),
        Audit::new("form-submits-securely", 9, all_forms(&to_https, "a form does not send over https")),
        Audit::new(
            "sensitive-insecure-page",
            10,
            all_sensitive(&|_| page.is_https(), "secrets are typed over http"),
        ),
        Audit::new("sensitive-cross-origin", 8, all_sensitive(&to_own, "secrets are sent to another site")),
        Audit::new("sensitive-get", 7, all_sensitive(&posts, "secrets end up in addresses")),
        Audit::new(
            "password-fields",
            0,
            inventory(forms.iter().map(|form| form.passwords).sum(), "password"),
        ),
        Audit::new("payment-fields", 0, inventory(forms.iter().map(|form| form.payments).sum(), "payment")),
    ]
}

fn read<'a>(page: &Page, element: ElementRef<'a>) -> Form<'a> {
    let action = element.attr("action").map(str::trim).unwrap_or_default();
    // An empty action sends to the page itself, whatever its base says.
    let target = if action.is_empty() { Some(page.url.clone()) } else { page.resolve(action) };
    let fields = || element.descendent_elements().filter(|field| field.value().name() == "input");
    let is_payment = |field: &ElementRef<'_>| {
        field.attr("autocomplete").is_some_and(|kind| kind.trim().to_ascii_lowercase().starts_with("cc-"))
    };
    Form {
        element,
        target,
        passwords: fields().filter(|field| is_word(field.attr("type"), "password")).count(),
        payments: fields().filter(is_payment).count(),
    }
}

fn inventory(fields: usize, kind: &str) -> Finding {
    Finding::info(format!("{fields} {kind} fields"))
}
