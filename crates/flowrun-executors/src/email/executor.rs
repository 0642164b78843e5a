//! The executor of `email`.

use std::collections::BTreeSet;
use std::sync::Arc;

use flowrun::{
    Context, EffectClass, NodeProblem, ObjectEntry, Outcome, Place, Task, TaskExecutor, TaskObject,
    async_trait,
};
use flowrun_guard::Guard;

use super::EmailSettings;
use super::client::Client;
use super::message::Mail;
use super::progress::Progress;
use super::recipients::{mailbox, split};
use crate::outcome::{Undone, refused};
use crate::reading::Reading;
use crate::receiver::{Delivered, Delivery, deliver_each};
use crate::text::{said, tame};

/// Sends one message per object and address. Values put into the body are escaped as HTML. With several
/// addresses the object's entry tells in `sent_to` which were sent to, so that another attempt goes on behind them.
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

    fn template(&self, data: &str) -> Result<Template, Vec<NodeProblem>> {
        Template::of(data, self.settings.max_recipients)
    }

    fn client(&self) -> Result<Client, NodeProblem> {
        Client::new(&self.guard, &self.settings)
            .map_err(|wrong| NodeProblem::settings("email.settings", wrong))
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
    fn of(data: &str, most: usize) -> Result<Self, Vec<NodeProblem>> {
        let mut reading = Reading::new(data);
        let [email, subject, message] = ["email", "subject", "message"].map(|key| reading.text(key));
        let mut seen = BTreeSet::new();
        let mut addresses = split(&email);
        addresses.retain(|address| seen.insert(address.clone()));
        if addresses.is_empty() && !reading.is_wrong("email") {
            let problem = NodeProblem::error("email.address", "/data/email", "`email` names no address");
            reading.problems.push(problem.help("addresses are separated by commas, semicolons or line ends"));
        }
        if addresses.len() > most {
            let message =
                format!("`email` names {} addresses, and a node mails to {most} at most", addresses.len());
            let problem = NodeProblem::error("email.recipients", "/data/email", message);
            reading.problems.push(problem.help("mail to a list that your mail server distributes"));
        }
        reading.finish(Self { addresses, subject, message })
    }

    /// What a look before the run finds. While it runs, a bad address does not stop the others.
    fn problems(&self) -> Vec<NodeProblem> {
        let bad = self.addresses.iter().filter(|address| mailbox(address).is_none());
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
        let (client, template) = match (self.client(), self.template(task.data())) {
            (Ok(client), Ok(template)) => (client, template),
            (Err(problem), _) => return refused(&[problem]),
            (_, Err(problems)) => return refused(&problems),
        };
        let node = Node { context: &context, client, template };
        let outcome = deliver_each(&task, &context, &node).await;
        if !context.is_cancelled() {
            node.client.quit().await;
        }
        outcome
    }

    fn effect(&self) -> EffectClass {
        // The message id is the same in every attempt, and no mail server is known to look at it.
        EffectClass::Blind
    }

    fn secrets(&self) -> Vec<(String, String)> {
        self.settings.secrets()
    }

    fn templates(&self) -> &[&str] {
        &["subject", "message"]
    }

    fn check(&self, data: &str) -> Vec<NodeProblem> {
        let mut found = self.template(data).map_or_else(|problems| problems, |template| template.problems());
        found.extend(self.client().err());
        found
    }
}

struct Node<'a> {
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
        let key = self.context.idempotency_key(&object.entry);
        let mut progress = Progress::of(entry, addresses);
        let (mut any_sent, mut any_refused, mut undone) = (false, false, None::<Undone>);
        for (number, address) in (1..).zip(addresses) {
            if progress.holds(number) {
                continue;
            }
            let id = format!("{key}.{number}");
            let mail = Mail { to: address, subject: &subject, html: &html, id };
            let shown = tame(address);
            match self.client.send(&mail).await {
                Ok(()) => {
                    self.context.log(format!("email sent successfully to {shown}"));
                    progress.add(number);
                    any_sent = true;
                    if addresses.len() > 1 {
                        *entry = progress.under_way(std::mem::take(entry));
                        self.context.report_object(entry.clone(), None);
                    }
                }
                Err(error) => {
                    self.context.log(format!("error sending email to {shown}"));
                    self.context.log(format!("{shown}: {}", said(self.context, error.to_string())));
                    match error.undone() {
                        Some(why) => undone = Some(undone.map_or(why, |before| before.and(why))),
                        None => any_refused = true,
                    }
                }
            }
        }
        if addresses.len() > 1 && !progress.is_empty() {
            *entry = progress.told(std::mem::take(entry), addresses);
        }
        match undone {
            Some(undone) => {
                if addresses.len() > 1 && any_sent {
                    self.context.report_object(entry.clone(), None);
                }
                Delivered::NotYet(undone)
            }
            None if any_refused => Delivered::No,
            None => Delivered::Yes,
        }
    }
}
