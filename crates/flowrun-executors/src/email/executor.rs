//! The executor of `email`.

use std::sync::Arc;

use flowrun::{
    Context, EffectClass, ObjectEntry, Outcome, Place, Task, TaskExecutor, TaskObject, async_trait,
};
use flowrun_guard::Guard;
use serde::Deserialize;
use serde_json::value::to_raw_value;

use super::EmailSettings;
use super::client::{Client, Mail};
use crate::outcome::{Undone, refused};
use crate::receiver::{Delivered, Delivery, deliver_each};
use crate::text::tame;

/// Sends one message per object and address. Values put into the body are escaped as HTML. With several
/// addresses the object's entry lists in `sent_to` those that were sent to, so that another attempt goes on behind
/// them.
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

    fn effect(&self) -> EffectClass {
        // The message id is the same in every attempt, and no mail server is known to look at it.
        EffectClass::Blind
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
    async fn deliver(&self, object: &TaskObject, entry: &mut ObjectEntry) -> Delivered {
        let Template { addresses, subject, message } = &self.template;
        let subject = self.context.render(subject, Place::Plain, Some(object));
        let html = self.context.render(message, Place::Html, Some(object));
        let html = html.replace("\r\n", "\n").replace('\n', "<br>");
        let key = self.context.key(&object.entry);
        let mut sent = sent_to(entry);
        let (mut any_refused, mut undone) = (false, None::<Undone>);
        for (number, address) in (1..).zip(addresses) {
            if sent.contains(address) {
                continue;
            }
            let id = format!("{key}.{number}");
            let mail = Mail { to: address, subject: &subject, html: html.clone(), id };
            let shown = tame(address);
            match self.client.send(self.guard, mail).await {
                Ok(()) => {
                    self.context.log(format!("email sent successfully to {shown}"));
                    sent.push(address.clone());
                    if addresses.len() > 1 {
                        *entry = with_sent_to(std::mem::take(entry), &sent);
                        self.context.object(entry.clone(), None);
                    }
                }
                Err(error) => {
                    self.context.log(format!("error sending email to {shown}"));
                    self.context.log(format!("{shown}: {error}"));
                    match error.undone() {
                        Some(why) => undone = Some(undone.map_or(why, |before| before.and(why))),
                        None => any_refused = true,
                    }
                }
            }
        }
        match undone {
            Some(undone) => Delivered::NotYet(undone),
            None if any_refused => Delivered::No,
            None => Delivered::Yes,
        }
    }
}

/// The key of an entry that lists the addresses which were sent to.
const SENT_TO: &str = "sent_to";

/// The addresses that earlier attempts sent to. What is no such list was not written here.
fn sent_to(entry: &ObjectEntry) -> Vec<String> {
    entry.extra(SENT_TO).and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

fn with_sent_to(entry: ObjectEntry, addresses: &[String]) -> ObjectEntry {
    let list = to_raw_value(addresses).expect("a list of texts can be written as JSON");
    entry.with_extra(SENT_TO, list)
}
