//! The executor of `webhook`.

use std::sync::Arc;

use flowrun::{
    Context, EffectClass, NodeProblem, ObjectEntry, Outcome, Place, RenderError, Task, TaskExecutor,
    TaskObject, async_trait,
};
use flowrun_guard::{Guard, GuardError, Limits, Response};

use super::WebhookSettings;
use super::request::{BadRequest, Filled, Template};
use crate::outcome::{Undone, failure, refused, undone_by};
use crate::receiver::{Delivered, Delivery, deliver_each};
use crate::text::tame;

/// Sends one request per object. A status of 2xx passes, anything else fails, unless the node's `configs` say
/// `any_response: true`: then any answer passes, as in the original. What a 429, a 5xx or a connection that did
/// not come about left undone is handed to the next attempt, if the node has one.
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
    /// Sends the request of one object and gives the answer, or why there is none.
    async fn send(&self, object: &TaskObject) -> Result<Response, Unsent> {
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
            key: &self.context.key(&object.entry),
            attempt: self.context.attempt().number(),
        };
        let bad = |bad: BadRequest| Unsent { why: bad.to_string(), undone: None };
        let request = filled.into_request().map_err(bad)?;
        let limits = Limits::default().total(self.executor.settings.timeout);
        let unsent = |error: GuardError| Unsent { why: failure(&error), undone: Undone::of(&error) };
        self.executor.guard.send(request.limits(limits)).await.map_err(unsent)
    }
}

impl Delivery for Node<'_> {
    async fn deliver(&self, object: &TaskObject, _: &mut ObjectEntry) -> Delivered {
        let Template { method, any_response, .. } = &self.template;
        match self.send(object).await {
            Ok(response) => {
                self.context.log(format!("webhook {method} {}", response.status));
                if response.is_success() || *any_response {
                    return Delivered::Yes;
                }
                undone_by(&response).map_or(Delivered::No, Delivered::NotYet)
            }
            Err(Unsent { why, undone }) => {
                // It may quote a header whose name was filled in with a stranger's text.
                self.context.log(format!("webhook {method} failed: {}", tame(&why)));
                undone.map_or(Delivered::No, Delivered::NotYet)
            }
        }
    }
}
