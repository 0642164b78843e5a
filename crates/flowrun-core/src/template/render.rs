//! Filling a template in.

use std::borrow::Cow;
use std::fmt;

use super::json::JsonContext;
use super::token::{Part, parts};
use super::url::{Misplaced, UrlContext, UrlValue};
use super::{SecretSource, TemplateWarning, escape};
use crate::keys::{KeyRef, Reading, json_number};
use crate::model::json::quote;
use crate::model::shown;
use crate::{Facts, Semantics};

/// Where a text goes. Values are escaped for the place; what the author wrote is left alone.
///
/// ```
/// use flowrun_core::{Facts, NoSecrets, Place, render};
///
/// let facts = Facts::new(serde_json::json!({"type": "measure", "said": "<b>"}));
/// let text = |place| render("{{said}}", place, Some(&facts), &NoSecrets).map(|rendered| rendered.text);
/// assert_eq!((text(Place::Plain)?, text(Place::Html)?), ("<b>".to_owned(), "&lt;b&gt;".to_owned()));
/// # Ok::<(), flowrun_core::RenderError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Place {
    /// Plain text: values go in as they are.
    Plain,
    /// A JSON text. Inside a string of the template a value is escaped as its content. Outside, a number (and
    /// the `0` of an absent value) goes in bare, true and false as JSON spells them, any other text as a JSON
    /// string: a value cannot add structure.
    Json,
    /// The value of a header: control characters are removed from values.
    Header,
    /// An address. Values are percent-encoded. Up to the end of the host only its complete beginning is put in: an
    /// `http` or `https` address from a secret, `site_url`, `page_url` or `report_url`. No value is a step up the path.
    Url,
    /// HTML text, or an attribute in quotes.
    Html,
    /// A Slack message: `&`, `<` and `>` are escaped.
    Slack,
}

/// A template that was filled in. `Debug` does not show the text, which may hold secrets.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// What stayed as typed or was changed, in the order of the template.
    pub warnings: Vec<TemplateWarning>,
    /// The names of the secrets in the text, sorted, each once.
    pub secrets: Vec<String>,
}

impl fmt::Debug for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rendered")
            .field("text", &format_args!("<{} bytes>", self.text.len()))
            .field("warnings", &self.warnings)
            .field("secrets", &self.secrets)
            .finish()
    }
}

/// Fills `template` in, from left to right, for an object of which `facts` are known.
///
/// Secrets come first, then data keys. Values are spelled as the original does: `95.0`, `True`, and `0` for
/// null. A name for which nothing can be put in stays as typed, with a warning.
///
/// ```
/// use flowrun_core::{Facts, NoSecrets, Place, render};
///
/// let facts = Facts::new(serde_json::json!({"type": "scan", "score": 91.5}));
/// let rendered = render("health is {{health}}, {{colour}}", Place::Plain, Some(&facts), &NoSecrets)?;
/// assert_eq!(rendered.text, "health is 91.5, {{colour}}");
/// assert_eq!(rendered.warnings.len(), 1);
/// # Ok::<(), flowrun_core::RenderError>(())
/// ```
///
/// # Errors
///
/// [`RenderError`] when the text would be longer than 1 MiB; [`RenderOptions`] has other limits.
pub fn render(
    template: &str,
    place: Place,
    facts: Option<&Facts>,
    secrets: &dyn SecretSource,
) -> Result<Rendered, RenderError> {
    RenderOptions::default().render(template, place, facts, secrets)
}

/// How templates are filled in.
///
/// ```
/// use flowrun_core::{NoSecrets, Place, RenderError, RenderOptions};
///
/// let options = RenderOptions::default().max_bytes(5);
/// let render = |template| options.render(template, Place::Plain, None, &NoSecrets);
/// assert_eq!(render("{{{{a}}")?.text, "{{a}}");
/// assert_eq!(render("123456").unwrap_err(), RenderError::TooLong { limit: 5 });
/// # Ok::<(), RenderError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RenderOptions {
    /// The longest text, in bytes. Default: 1 MiB. A template can name a long value as often as it likes, so
    /// without a limit 35 kB of template and a value of 100 kB make more than a gigabyte.
    pub max_bytes: usize,
    /// The reading of templates. Default: the latest.
    pub semantics: Semantics,
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self { max_bytes: 1 << 20, semantics: Semantics::default() }
    }
}

impl RenderOptions {
    /// Sets [`max_bytes`](Self::max_bytes).
    #[must_use]
    pub const fn max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Sets [`semantics`](Self::semantics).
    #[must_use]
    pub const fn semantics(mut self, semantics: Semantics) -> Self {
        self.semantics = semantics;
        self
    }

    /// Fills `template` in, as [`render`] does.
    ///
    /// # Errors
    ///
    /// [`RenderError`] when the text would be longer than [`max_bytes`](Self::max_bytes).
    pub fn render(
        &self,
        template: &str,
        place: Place,
        facts: Option<&Facts>,
        secrets: &dyn SecretSource,
    ) -> Result<Rendered, RenderError> {
        let limit = self.max_bytes;
        let mut writer = Writer::new(place, template.len().min(limit));
        let mut rest = parts(template, self.semantics).peekable();
        while let Some(part) = rest.next() {
            match part {
                Part::Text(text) => writer.push_author(text),
                Part::Braces => writer.push_author("{{"),
                Part::Token { name, typed } => {
                    let follows = match rest.peek() {
                        Some(Part::Text(text) | Part::Token { typed: text, .. }) => text,
                        Some(Part::Braces) => "{{",
                        None => "",
                    };
                    let put_in = value_of(name, facts, secrets)
                        .and_then(|value| writer.push_value(name, &value, follows));
                    if let Err(warning) = put_in {
                        writer.rendered.warnings.push(warning);
                        writer.push_author(typed);
                    }
                }
            }
            // After each part: what is held is at most one value more than the limit.
            if writer.rendered.text.len() > limit {
                return Err(RenderError::TooLong { limit });
            }
        }
        Ok(writer.finish())
    }
}

/// A template cannot be filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The text is too long.
    #[error("the text that a template makes is longer than {limit} bytes")]
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
}

fn value_of<'a>(
    name: &str,
    facts: Option<&'a Facts>,
    secrets: &dyn SecretSource,
) -> Result<Value<'a>, TemplateWarning> {
    if let Some(secret) = secrets.secret(name) {
        return Ok(Value::Secret(secret));
    }
    match KeyRef::new(name).read(facts) {
        Ok(reading) => Ok(Value::Data(reading)),
        Err(cause) => Err(TemplateWarning::Unreadable { name: shown(name), cause }),
    }
}

enum Value<'a> {
    Secret(String),
    Data(Reading<'a>),
}

impl Value<'_> {
    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Secret(text) => Cow::Borrowed(text),
            Self::Data(Reading::Text(text)) => Cow::Borrowed(text),
            Self::Data(Reading::Number(number)) => Cow::Owned(json_number(number)),
            Self::Data(Reading::Missing) => Cow::Borrowed("0"),
            Self::Data(Reading::Bool(true)) => Cow::Borrowed("True"),
            Self::Data(Reading::Bool(false)) => Cow::Borrowed("False"),
        }
    }

    /// Appends the value as a JSON value of its own.
    fn push_json(&self, out: &mut String) {
        match self {
            Self::Data(Reading::Number(_) | Reading::Missing) => out.push_str(&self.text()),
            Self::Data(Reading::Bool(bool)) => out.push_str(if *bool { "true" } else { "false" }),
            Self::Data(Reading::Text(_)) | Self::Secret(_) => quote(out, &self.text()),
        }
    }
}

/// The text so far, and what the place has to know of it.
struct Writer {
    place: Place,
    json: JsonContext,
    url: UrlContext,
    rendered: Rendered,
}

impl Writer {
    fn new(place: Place, capacity: usize) -> Self {
        let text = String::with_capacity(capacity);
        let rendered = Rendered { text, warnings: Vec::new(), secrets: Vec::new() };
        Self { place, json: JsonContext::default(), url: UrlContext::default(), rendered }
    }

    fn push_author(&mut self, text: &str) {
        match self.place {
            Place::Json => self.json = self.json.after(text),
            Place::Url => self.url = self.url.after(text),
            Place::Plain | Place::Header | Place::Html | Place::Slack => {}
        }
        self.rendered.text.push_str(text);
    }

    fn push_value(&mut self, name: &str, value: &Value<'_>, follows: &str) -> Result<(), TemplateWarning> {
        let out = &mut self.rendered.text;
        match self.place {
            Place::Plain => out.push_str(&value.text()),
            Place::Html => escape::html(out, &value.text()),
            Place::Slack => escape::slack(out, &value.text()),
            Place::Header => {
                if escape::header(out, &value.text()) {
                    self.rendered.warnings.push(TemplateWarning::ControlsRemoved { name: shown(name) });
                }
            }
            Place::Json => match self.json {
                JsonContext::Value => value.push_json(out),
                JsonContext::String => push_json_content(out, &value.text()),
                JsonContext::Escape => return Err(TemplateWarning::AfterBackslash { name: shown(name) }),
            },
            Place::Url => {
                let before = out.len();
                let is_secret = matches!(value, Value::Secret(_));
                let value = UrlValue { text: &value.text(), is_secret, key: name };
                self.url.push(out, value, follows).map_err(|misplaced| match misplaced {
                    Misplaced::ChoosesHost => TemplateWarning::ChoosesHost { name: shown(name) },
                    Misplaced::Climbs => TemplateWarning::Climbs { name: shown(name) },
                })?;
                self.url = self.url.after(&out[before..]);
            }
        }
        if matches!(value, Value::Secret(_)) {
            self.rendered.secrets.push(name.to_owned());
        }
        Ok(())
    }

    fn finish(mut self) -> Rendered {
        self.rendered.secrets.sort_unstable();
        self.rendered.secrets.dedup();
        self.rendered
    }
}

/// Appends `text` as a part of a JSON string.
fn push_json_content(out: &mut String, text: &str) {
    let mut quoted = String::with_capacity(text.len() + 2);
    quote(&mut quoted, text);
    out.push_str(&quoted[1..quoted.len() - 1]);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn facts() -> Facts {
        Facts::new(json!({
            "type": "caserun", "title": "a\"b\\ <x>\r\n", "status": "passed", "case": {"id": null},
            "site": {"site_url": "https://a.example", "id": "s/1?"},
            "rate": 95.0, "count": 3, "up": true, "tags": [],
        }))
    }

    fn secrets() -> BTreeMap<String, String> {
        let secrets = [("KEY", "k/1+2="), ("status", "hidden"), ("again", "{{KEY}}"), ("my key", "")];
        secrets.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    fn text(template: &str, place: Place) -> String {
        render(template, place, Some(&facts()), &secrets()).unwrap().text
    }

    #[test]
    fn values_are_put_in_once_and_never_searched_again() {
        for (template, expected) in [
            ("{{rate}} {{count}} {{up}} {{case_id}}", "95.0 3 True 0"),
            ("{{{rate}}}", "{95.0}"),
            ("{{again}}", "{{KEY}}"),
            ("{{status}}[{{my key}}]", "hidden[]"),
            ("{{ rate }}{{tags}}{{page_url}}", "{{ rate }}{{tags}}{{page_url}}"),
        ] {
            assert_eq!(text(template, Place::Plain), expected);
        }
    }

    #[test]
    fn four_braces_are_two_and_open_no_name() {
        let render = |semantics, template: &str, place| {
            let options = RenderOptions::default().semantics(semantics);
            options.render(template, place, Some(&facts()), &secrets()).unwrap().text
        };
        for (template, today, first) in [
            ("{{{{rate}}", "{{rate}}", "{{95.0"),
            ("{{{{rate}} is {{rate}}", "{{rate}} is 95.0", "{{95.0 is 95.0"),
            ("{{{{{{rate}}", "{{95.0", "{{{{95.0"),
            ("{{{{", "{{", "{{{{"),
            ("{{{{{{{{", "{{{{", "{{{{{{{{"),
            ("{{{rate}}}", "{95.0}", "{95.0}"),
            ("{{rate {{{{rate}}", "{{rate {{rate}}", "{{rate {{95.0"),
        ] {
            assert_eq!(render(Semantics::V2, template, Place::Plain), today, "{template}");
            assert_eq!(render(Semantics::V1, template, Place::Plain), first, "{template}");
        }
        assert_eq!(render(Semantics::V2, r#"{"a": "{{{{b}}"}"#, Place::Json), r#"{"a": "{{b}}"}"#);
    }

    #[test]
    fn a_text_that_grows_beyond_the_limit_is_refused_before_it_is_made() {
        let long = "x".repeat(100_000);
        let secrets = BTreeMap::from([("LONG".to_owned(), long)]);
        let template = "{{LONG}}".repeat(4_000);
        for place in [Place::Plain, Place::Json, Place::Header, Place::Url, Place::Html, Place::Slack] {
            let template =
                if place == Place::Url { format!("https://a.example/{template}") } else { template.clone() };
            let refused = render(&template, place, None, &secrets);
            assert_eq!(refused, Err(RenderError::TooLong { limit: 1 << 20 }), "{place:?}");
        }
        let options = RenderOptions::default().max_bytes(200_000);
        let two = options.render("{{LONG}}{{LONG}}", Place::Plain, None, &secrets);
        assert_eq!(two.map(|rendered| rendered.text.len()), Ok(200_000));
        assert!(options.render("{{LONG}}{{LONG}}!", Place::Plain, None, &secrets).is_err());
    }

    #[test]
    fn each_place_escapes_values_and_leaves_the_author_alone() {
        for (place, template, expected) in [
            (Place::Html, "<b>{{case_title}}", "<b>a&quot;b\\ &lt;x&gt;\r\n"),
            (Place::Slack, "<!here> {{case_title}}", "<!here> a\"b\\ &lt;x&gt;\r\n"),
            (Place::Header, "{{case_title}}", "a\"b\\ <x>"),
            (
                Place::Json,
                r#"{"t": "{{case_title}}", "u": {{case_title}}}"#,
                r#"{"t": "a\"b\\ <x>\r\n", "u": "a\"b\\ <x>\r\n"}"#,
            ),
            (
                Place::Json,
                r#"[{{rate}}, {{up}}, {{case_id}}, "{{up}}", {{KEY}}]"#,
                r#"[95.0, true, 0, "True", "k/1+2="]"#,
            ),
            (Place::Json, r#""\{{case_title}}""#, r#""\{{case_title}}""#),
            (
                Place::Url,
                "{{site_url}}/h?s={{site_id}}&k={{KEY}}",
                "https://a.example/h?s=s%2F1%3F&k=k%2F1%2B2%3D",
            ),
            (Place::Url, "https://a.example/{{site_id}}/{{KEY}}", "https://a.example/s%2F1%3F/k/1%2B2%3D"),
            (Place::Url, "https://{{KEY}}", "https://{{KEY}}"),
            (
                Place::Url,
                "https://{{caserun_status}}/{{site_url}}",
                "https://{{caserun_status}}/https%3A%2F%2Fa.example",
            ),
            (Place::Url, "{{site_url}}{{caserun_status}}", "{{site_url}}{{caserun_status}}"),
        ] {
            assert_eq!(text(template, place), expected);
        }
    }

    #[test]
    fn warnings_name_the_key_and_secrets_in_use_are_listed() {
        let rendered =
            render("{{colour}}{{KEY}}{{health}}{{KEY}}", Place::Header, Some(&facts()), &secrets()).unwrap();
        assert_eq!(rendered.secrets, ["KEY"]);
        let warnings: Vec<_> = rendered.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            warnings,
            [
                "`colour` stays as typed: no such data key",
                "`health` stays as typed: an object of type `caserun` has no `score`",
            ]
        );
        let rendered = render("{{case_title}}", Place::Header, Some(&facts()), &secrets()).unwrap();
        assert_eq!(rendered.warnings, [TemplateWarning::ControlsRemoved { name: "case_title".to_owned() }]);
    }

    #[test]
    fn a_secret_does_not_show_in_debug_output() {
        let rendered = render("{{KEY}}", Place::Plain, None, &secrets()).unwrap();
        assert!(!format!("{rendered:?}").contains("k/1"));
    }
}
