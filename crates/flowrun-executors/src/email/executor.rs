//! The executor of `email`.

use std::sync::Arc;

use flowrun::{
    Context, EffectClass, NodeProblem, ObjectEntry, Outcome, Place, Task, TaskExecutor, TaskObject,
    async_trait,
};
use flowrun_guard::Guard;
use serde_json::value::to_raw_value;

use super::EmailSettings;
use super::client::{Client, Mail, is_address};
use crate::outcome::{Undone, refused};
use crate::reading::Reading;
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

    fn client(&self) -> Result<Client, NodeProblem> {
        Client::new(&self.settings).map_err(|wrong| NodeProblem::settings("email.settings", wrong))
    }
}

/// What a node says about its messages, not filled in yet.
struct Template {
    addresses: Vec<String>,
    subject: String,
    message: String,
}

impl Template {
    /// Reads the node's `data`.
    ///
    /// # Errors
    ///
    /// Everything that no object could repair.
    fn of(data: &str) -> Result<Self, Vec<NodeProblem>> {
        let mut reading = Reading::new(data);
        let [email, subject, message] = ["email", "subject", "message"].map(|key| reading.text(key));
        let addresses: Vec<String> =
            email.split(',').map(|address| address.trim().to_owned()).filter(|one| !one.is_empty()).collect();
        if addresses.is_empty() && !reading.is_wrong("email") {
            let problem = NodeProblem::error("email.address", "/data/email", "`email` names no address");
            reading.problems.push(problem.help("addresses are separated by commas"));
        }
        reading.finish(Self { addresses, subject, message })
    }

    /// What a look before the run finds. While it runs, a bad address does not stop the others.
    fn problems(&self) -> Vec<NodeProblem> {
        let bad = self.addresses.iter().filter(|address| !is_address(address));
        let mut found: Vec<_> = bad
            .map(|address| {
                let message = format!("`{}` is not a mail address", tame(address));
                NodeProblem::error("email.address", "/data/email", message)
            })
            .collect();
        if [&self.subject, &self.message].iter().all(|text| text.trim().is_empty()) {
            let message = "the mail has neither subject nor text";
            found.push(NodeProblem::warning("email.empty", "/data/message", message));
        }
        found
    }
}

#[async_trait]
impl TaskExecutor for EmailExecutor {
    async fn execute(self: Arc<Self>, task: Task, context: Context) -> Outcome {
        let (client, template) = match (self.client(), Template::of(task.data())) {
            (Ok(client), Ok(template)) => (client, template),
            (Err(problem), _) => return refused(&[problem]),
            (_, Err(problems)) => return refused(&problems),
        };
        let node = Node { guard: &self.guard, context: &context, client, template };
        deliver_each(&task, &context, &node).await
    }

    fn effect(&self) -> EffectClass {
        // The message id is the same in every attempt, and no mail server is known to look at it.
        EffectClass::Blind
    }

    fn templates(&self) -> &[&str] {
        &["subject", "message"]
    }

    fn check(&self, data: &str) -> Vec<NodeProblem> {
        let mut found = Template::of(data).map_or_else(|problems| problems, |template| template.problems());
        found.extend(self.client().err());
        found
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
        let fill = |text: &str, place| self.context.render(text, place, Some(object));
        let (subject, html) = match (fill(subject, Place::Plain), fill(message, Place::Html)) {
            (Ok(subject), Ok(html)) => (subject, html),
            (Err(error), _) | (_, Err(error)) => {
                self.context.log(format!("email not sent: {error}"));
                return Delivered::No;
            }
        };
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
