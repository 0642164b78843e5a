//! Forms: where what people type ends up.

use std::collections::{BTreeMap, HashMap};

use flowrun_guard::Url;

use crate::scan::audit::{Audit, Finding};
use crate::scan::document::{Element, is_word};
use crate::scan::page::{Page, trimmed};

/// A form of the page, or the fields that are in none.
struct Form<'a> {
    /// `None` for the fields that are in no form: scripts do with them what they like.
    element: Option<Element<'a>>,
    /// Where it sends, by itself and by its buttons.
    targets: Vec<Target>,
    passwords: usize,
    payments: usize,
}

/// Where a form sends.
enum Target {
    Address(Url),
    /// It sends nothing: a dialog, or a script that does with it what it likes.
    Nowhere,
    /// To something else than a website, such as a mailbox.
    Elsewhere,
}

impl Form<'_> {
    const fn is_sensitive(&self) -> bool {
        self.passwords + self.payments > 0
    }

    fn is_dialog(&self) -> bool {
        self.element.is_some_and(|form| is_word(form.attr("method"), "dialog"))
    }
}

pub(super) fn audits(page: &Page) -> Vec<Audit> {
    let all = read(page);
    // Dialogs send nothing.
    let forms: Vec<&Form<'_>> =
        all.iter().filter(|form| form.element.is_some() && !form.is_dialog()).collect();
    let sensitive: Vec<&Form<'_>> = all.iter().filter(|form| form.is_sensitive()).collect();
    let all_of = |forms: &[&Form<'_>], is_right: &dyn Fn(&Form<'_>) -> bool, detail| match forms.len() {
        0 => Finding::NOT_APPLICABLE,
        _ => Finding::or_fail(forms.iter().all(|form| is_right(form)), detail),
    };
    let sent: Vec<&Form<'_>> = sensitive.iter().copied().filter(|form| form.element.is_some()).collect();
    let has_action = |form: &Form<'_>| {
        form.element.and_then(|form| form.attr("action")).is_some_and(|to| !to.trim().is_empty())
    };
    let to_https = |form: &Form<'_>| {
        form.targets.iter().all(|target| match target {
            Target::Address(url) => url.scheme() == "https",
            Target::Nowhere => true,
            Target::Elsewhere => false,
        })
    };
    let to_own = |form: &Form<'_>| {
        let is_own = |url: &Url| url.origin() == page.url.origin();
        form.targets.iter().all(|target| !matches!(target, Target::Address(url) if !is_own(url)))
    };
    let posts =
        |form: &Form<'_>| form.is_dialog() || is_word(form.element.and_then(|e| e.attr("method")), "post");
    let is_https = |_: &Form<'_>| page.is_https();
    let number = |count: fn(&Form<'_>) -> usize| all.iter().map(count).sum();
    vec![
        Audit::new("form-action", 6, all_of(&forms, &has_action, "a form does not say where it sends")),
        Audit::new("form-submits-securely", 9, all_of(&forms, &to_https, "a form does not send over https")),
        Audit::new(
            "sensitive-insecure-page",
            10,
            all_of(&sensitive, &is_https, "secrets are typed over http"),
        ),
        Audit::new("sensitive-cross-origin", 8, all_of(&sent, &to_own, "secrets are sent to another site")),
        Audit::new("sensitive-get", 7, all_of(&sent, &posts, "secrets end up in addresses")),
        Audit::new("password-fields", 0, inventory(number(|form| form.passwords), "password")),
        Audit::new("payment-fields", 0, inventory(number(|form| form.payments), "payment")),
    ]
}

/// Every web address that a form or one of its buttons names.
pub(super) fn targets(page: &Page) -> impl Iterator<Item = Url> {
    let named = page.all_elements().filter_map(|element| match element.name() {
        "form" => element.attr("action"),
        "button" | "input" => element.attr("formaction"),
        _ => None,
    });
    named.filter_map(|reference| page.resolve(reference))
}

/// The forms of the page with the fields that belong to them (HTML standard, section 4.10.17.3): those inside, and
/// those that name them.
fn read(page: &Page) -> Vec<Form<'_>> {
    let none = u32::MAX;
    let mut forms: BTreeMap<u32, Form<'_>> = BTreeMap::new();
    let mut by_id: HashMap<&str, u32> = HashMap::new();
    for element in page.elements("form") {
        let target = target(page, element.attr("action"), element.attr("method"));
        let form = Form { element: Some(element), targets: vec![target], passwords: 0, payments: 0 };
        forms.insert(element.index(), form);
        if let Some(id) = element.attr("id") {
            by_id.entry(id).or_insert(element.index());
        }
    }
    forms.insert(none, Form { element: None, targets: Vec::new(), passwords: 0, payments: 0 });
    let fields = page.all_elements().filter(|field| matches!(field.name(), "input" | "button" | "select"));
    for field in fields {
        let owner = match field.attr("form") {
            Some(id) => by_id.get(id).copied(),
            None => field.form().map(|form| form.index()),
        };
        let Some(form) = forms.get_mut(&owner.unwrap_or(none)) else { continue };
        if let Some(action) = field.attr("formaction") {
            form.targets.push(target(page, Some(action), field.attr("formmethod")));
        }
        form.passwords += usize::from(is_word(field.attr("type"), "password"));
        let mut purposes = field.attr("autocomplete").unwrap_or_default().split_ascii_whitespace();
        form.payments += usize::from(purposes.any(|purpose| purpose.to_ascii_lowercase().starts_with("cc-")));
    }
    forms.into_values().collect()
}

fn target(page: &Page, action: Option<&str>, method: Option<&str>) -> Target {
    let action = action.map(trimmed).unwrap_or_default();
    if is_word(method, "dialog") {
        return Target::Nowhere;
    }
    // An empty action sends to the page itself, whatever its base says.
    if action.is_empty() {
        return Target::Address(page.url.clone());
    }
    match page.join(action) {
        Ok(url) if url.scheme() == "javascript" => Target::Nowhere,
        Ok(url) if matches!(url.scheme(), "http" | "https") => Target::Address(url),
        _ => Target::Elsewhere,
    }
}

fn inventory(fields: usize, kind: &str) -> Finding {
    Finding::info(format!("{fields} {kind} fields"))
}
