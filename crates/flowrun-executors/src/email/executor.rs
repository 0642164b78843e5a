//! The executor of `email`.

use std::sync::Arc;

use flowrun::{Context, Outcome, Place, Task, TaskExecutor, TaskObject, async_trait};
use flowrun_guard::Guard;
use serde::Deserialize;

use super::EmailSettings;
use super::client::{Client, Mail};
use crate::outcome::refused;
use crate::receiver::{Delivery, deliver_each};
use crate::text::tame;

/// Sends one message per object and address. Values put into the body are escaped as HTML.
#[derive(Debug)]
pub struct EmailExecutor {
    guard: Guard,
    settings: EmailSettings,
}

impl EmailExecutor {
    /// An executor that sends through the server of the settings, which `guard` must let it reach.
    #[must_use]
    pub const fn new(guard: Guard, settings: EmailSettings) -> Self {
        Self { guard, settings }
    }
}

#[derive(Deserialize)]
struct Data {
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    subject: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

/// What a node says about its messages, not filled in yet.
struct Template {
    addresses: Vec<String>,
    subject: String,
    message: String,
}

impl Template {
    fn of(data: &str) -> Result<Self, String> {
        let data: Data = serde_json::from_str(data)
            .map_err(|_| "`email`, `subject` or `message` is not a text".to_owned())?;
        let email = data.email.unwrap_or_default();
        let addresses: Vec<String> =
            email.split(',').map(|address| address.trim().to_owned()).filter(|one| !one.is_empty()).collect();
        if addresses.is_empty() {
            return Err("`email` names no address".to_owned());
        }
        let (subject, message) = (data.subject.unwrap_or_default(), data.message.unwrap_or_default());
        Ok(Self { addresses, subject, message })
    }
}

#[async_trait]
impl TaskExecutor for EmailExecutor {
    async fn execute(self: Arc<Self>, task: Task, context: Context) -> Outcome {
        let (client, template) = match (Client::new(&self.settings), Template::of(task.data())) {
            (Ok(client), Ok(template)) => (client, template),
            (Err(problem), _) | (_, Err(problem)) => return refused(problem),
        };
        let node = Node { guard: &self.guard, context: &context, client, template };
        deliver_each(&task, &context, &node).await
    }

    fn check(&self, data: &str) -> Result<(), String> {
        Client::new(&self.settings)?;
        Template::of(data).map(drop)
    }
}

struct Node<'a> {
    guard: &'a Guard,
    context: &'a Context,
    client: Client,
    template: Template,
}

impl Delivery for Node<'_> {
    async fn deliver(&self, object: &TaskObject) -> bool {
        let Template { addresses, subject, message } = &self.template;
        let subject = self.context.render(subject, Place::Plain, Some(object));
        let html = self.context.render(message, Place::Html, Some(object));
        let html = html.replace("\r\n", "\n").replace('\n', "<br>");
        let key = self.context.key(&object.entry);
        let mut all = true;
        for (number, address) in (1..).zip(addresses) {
            let id = format!("{key}.{number}");
            let mail = Mail { to: address, subject: &subject, html: html.clone(), id };
            let shown = tame(address);
            match self.client.send(self.guard, mail).await {
                Ok(()) => self.context.log(format!("email sent successfully to {shown}")),
                Err(error) => {
                    self.context.log(format!("error sending email to {shown}"));
                    self.context.log(format!("{shown}: {error}"));
                    all = false;
                }
            }
        }
        all
    }
}
