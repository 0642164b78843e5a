//! The executor of `webhook`.

use std::sync::Arc;

use flowrun::{
    Context, EffectClass, NodeProblem, ObjectEntry, Outcome, Place, RenderError, Task, TaskExecutor,
    TaskObject, async_trait,
};
use flowrun_guard::{Guard, GuardError, Limits, ResponseHead};

use super::WebhookSettings;
use super::request::{BadRequest, Filled, Template};
use crate::outcome::{Undone, failure, refused, undone_by};
use crate::receiver::{Delivered, Delivery, deliver_each};
use crate::text::{said, tame};

/// Sends one request per object. A status of 2xx passes, anything else fails, unless the node's `configs` say
/// `any_response: true`: then any answer passes, as in the original. What a 408, 425, 429, a 5xx other than 501 or a
/// connection that did not come about left undone is handed to the next attempt, if the node has one.
#[derive(Debug)]
pub struct WebhookExecutor {
    guard: Guard,
    settings: WebhookSettings,
}

impl WebhookExecutor {
    /// An executor that sends through `guard`.
    #[must_use]
    pub const fn new(guard: Guard, settings: WebhookSettings) -> Self {
        Self { guard, settings }
    }
}

#[async_trait]
impl TaskExecutor for WebhookExecutor {
    async fn execute(self: Arc<Self>, task: Task, context: Context) -> Outcome {
        let template = match Template::of(task.data()) {
            Ok(template) => template,
            Err(problems) => return refused(&problems),
        };
        deliver_each(&task, &context, &Node { executor: &self, context: &context, template }).await
    }

    fn effect(&self) -> EffectClass {
        EffectClass::Keyed
    }

    fn templates(&self) -> &[&str] {
        &["uri", "headers", "payload"]
    }

    fn check(&self, data: &str) -> Vec<NodeProblem> {
        Template::of(data).map_or_else(|problems| problems, |template| template.look())
    }
}

/// Why there is no answer.
struct Unsent {
    why: String,
    undone: Option<Undone>,
}

struct Node<'a> {
    executor: &'a WebhookExecutor,
    context: &'a Context,
    template: Template,
}

impl Node<'_> {
    /// Sends the request of one object and gives the answer, or why there is none. The answer's body is not read:
    /// status and headers say whether the request was taken, and a body that breaks off changes nothing about it.
    async fn send(&self, object: &TaskObject) -> Result<ResponseHead, Unsent> {
        let Template { method, uri, headers, payload, .. } = &self.template;
        let fill = |key: &str, text: &str, place| {
            let too_long = |error: RenderError| Unsent { why: format!("`{key}`: {error}"), undone: None };
            self.context.render(text, place, Some(object)).map_err(too_long)
        };
        let uri = fill("uri", uri, Place::Url)?;
        let headers = fill("headers", headers, Place::Json)?;
        let payload = fill("payload", payload, Place::Json)?;
        let filled = Filled {
            method: *method,
            uri: &uri,
            headers: &headers,
            payload: &payload,
            key: &self.context.idempotency_key(&object.entry),
            attempt: self.context.attempt().number(),
        };
        let bad = |bad: BadRequest| Unsent { why: bad.to_string(), undone: None };
        // A GET has its effect too, or nobody would call it from a flow.
        let request = filled.into_request().map_err(bad)?.idempotent(false);
        let WebhookSettings { timeout, request_bytes, .. } = self.executor.settings;
        let limits = Limits::default().total(timeout).request_bytes(request_bytes).body_bytes(EXCERPT_BYTES);
        let unsent = |error: GuardError| Unsent { why: failure(&error), undone: Undone::of(&error) };
        self.executor.guard.start(request.limits(limits)).await.map_err(unsent)
    }

    /// Why an answer is no success, beyond its status.
    async fn why(&self, answer: ResponseHead) -> Option<String> {
        let show = self.executor.settings.show_answers;
        let location = answer.headers.get("location").filter(|_| matches!(answer.status, 300..=399));
        if let Some(location) = location {
            let target = answer.final_url.join(location).ok()?;
            // Where it leads to is worth a look; the rest of the address is part of the answer.
            let shown = if show { target.to_string() } else { target.origin().ascii_serialization() };
            return Some(format!("it redirects to {}, which webhooks do not follow", self.excerpt(&shown)?));
        }
        if !show || answer.status < 400 || answer.headers.get("content-encoding").is_some() {
            return None;
        }
        let body = answer.body_so_far().await.body;
        let text = String::from_utf8_lossy(&body);
        Some(format!("the answer begins with: {}", self.excerpt(&text)?))
    }

    /// The first characters, on one line and without the values of secrets; `None` when there are none.
    fn excerpt(&self, text: &str) -> Option<String> {
        // Secrets go first: half of one, at the end of what is shown, could not be told from other text.
        let text = self.context.redacted(text);
        let words: Vec<&str> = text.split_whitespace().collect();
        let mut excerpt = tame(&words.join(" "));
        if let Some((at, _)) = excerpt.char_indices().nth(EXCERPT) {
            excerpt.truncate(at);
            excerpt.push('…');
        }
        (!excerpt.is_empty()).then_some(excerpt)
    }
}

/// Characters of an answer that are shown.
const EXCERPT: usize = 200;

/// Bytes of an answer that are read for them: room for a secret that stands at their end.
const EXCERPT_BYTES: usize = 16 << 10;

impl Delivery for Node<'_> {
    async fn deliver(&self, object: &TaskObject, _: &mut ObjectEntry) -> Delivered {
        let Template { method, any_response, .. } = &self.template;
        match self.send(object).await {
            Ok(answer) => {
                self.context.log(format!("webhook {method} {}", answer.status));
                if answer.is_success() || *any_response {
                    return Delivered::Yes;
                }
                let undone = undone_by(answer.status, &answer.headers);
                if let Some(why) = self.why(answer).await {
                    self.context.log(format!("webhook {method}: {why}"));
                }
                undone.map_or(Delivered::No, Delivered::NotYet)
            }
            Err(Unsent { why, undone }) => {
                // It may quote a header whose name was filled in with a stranger's text.
                self.context.log(format!("webhook {method} failed: {}", said(self.context, why)));
                undone.map_or(Delivered::No, Delivered::NotYet)
            }
        }
    }
}
