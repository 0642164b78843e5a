//! The executor of `webhook`.

use std::sync::Arc;

use flowrun::{Context, Outcome, Place, Task, TaskExecutor, TaskObject, async_trait};
use flowrun_guard::{Guard, Limits};

use super::WebhookSettings;
use super::request::{Filled, Template};
use crate::outcome::{failure, refused};
use crate::receiver::{Delivery, deliver_each};

/// Sends one request per object. A status of 2xx passes, anything else fails, unless the node's `configs` say
/// `any_response: true`: then any answer passes, as in the original.
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
            Err(problem) => return refused(problem),
        };
        deliver_each(&task, &context, &Node { executor: &self, context: &context, template }).await
    }

    fn check(&self, data: &str) -> Result<(), String> {
        Template::of(data).map(drop)
    }
}

struct Node<'a> {
    executor: &'a WebhookExecutor,
    context: &'a Context,
    template: Template,
}

impl Node<'_> {
    /// Sends the request of one object and gives the status, or why there is none.
    async fn send(&self, object: &TaskObject) -> Result<(u16, bool), String> {
        let Template { method, uri, headers, payload, .. } = &self.template;
        let fill = |text: &str, place| self.context.render(text, place, Some(object));
        let (uri, headers) = (fill(uri, Place::Url), fill(headers, Place::Json));
        let payload = fill(payload, Place::Json);
        let filled = Filled {
            method: *method,
            uri: &uri,
            headers: &headers,
            payload: &payload,
            key: &self.context.key(&object.entry),
        };
        let request = filled.into_request().map_err(|bad| bad.to_string())?;
        let limits = Limits::default().total(self.executor.settings.timeout);
        let response = self.executor.guard.send(request.limits(limits)).await.map_err(|e| failure(&e))?;
        Ok((response.status, response.is_success()))
    }
}

impl Delivery for Node<'_> {
    async fn deliver(&self, object: &TaskObject) -> bool {
        let Template { method, any_response, .. } = &self.template;
        match self.send(object).await {
            Ok((status, is_success)) => {
                self.context.log(format!("webhook {method} {status}"));
                is_success || *any_response
            }
            Err(problem) => {
                self.context.log(format!("webhook {method} failed: {problem}"));
                false
            }
        }
    }
}
