//! The executor of `slack`.

use std::sync::Arc;

use flowrun::{
    Context, EffectClass, NodeProblem, ObjectEntry, Outcome, Place, Task, TaskExecutor, TaskObject,
    async_trait,
};
use flowrun_guard::Guard;

use super::SlackSettings;
use super::client::{Route, post};
use super::length::cut;
use crate::outcome::refused;
use crate::reading::Reading;
use crate::receiver::{Delivered, Delivery, deliver_each};
use crate::text::said;

/// Posts one message per object. Values put into the text are escaped, so that they can mention nobody.
#[derive(Debug)]
pub struct SlackExecutor {
    guard: Guard,
    settings: SlackSettings,
}

impl SlackExecutor {
    /// An executor that posts through `guard`, which must let requests out to the hosts of the settings.
    #[must_use]
    pub const fn new(guard: Guard, settings: SlackSettings) -> Self {
        Self { guard, settings }
    }
}

fn message(data: &str) -> Result<String, Vec<NodeProblem>> {
    let mut reading = Reading::new(data);
    let message = reading.text("message");
    if message.trim().is_empty() && !reading.is_wrong("message") {
        let help = "say what to post, such as \"{{page_url}} is at {{health}}\"";
        let empty = NodeProblem::error("slack.message", "/data/message", "`message` is empty").help(help);
        reading.problems.push(empty);
    }
    reading.finish(message)
}

#[async_trait]
impl TaskExecutor for SlackExecutor {
    async fn execute(self: Arc<Self>, task: Task, context: Context) -> Outcome {
        let (route, message) = match (Route::of(&self.settings), message(task.data())) {
            (Ok(route), Ok(message)) => (route, message),
            (Err(problem), _) => return refused(&[problem]),
            (_, Err(problems)) => return refused(&problems),
        };
        let node = Node { executor: &self, context: &context, route, message };
        deliver_each(&task, &context, &node).await
    }

    fn effect(&self) -> EffectClass {
        // No key that Slack would look at: a repetition is a second message.
        EffectClass::Blind
    }

    fn secrets(&self) -> Vec<(String, String)> {
        self.settings.secrets()
    }

    fn templates(&self) -> &[&str] {
        &["message"]
    }

    fn check(&self, data: &str) -> Vec<NodeProblem> {
        let mut found = message(data).err().unwrap_or_default();
        found.extend(Route::of(&self.settings).err());
        found
    }
}

struct Node<'a> {
    executor: &'a SlackExecutor,
    context: &'a Context,
    route: Route,
    message: String,
}

impl Delivery for Node<'_> {
    async fn deliver(&self, object: &TaskObject, _: &mut ObjectEntry) -> Delivered {
        let text = match self.context.render(&self.message, Place::Slack, Some(object)) {
            Ok(text) => text,
            Err(error) => {
                self.context.log(format!("slack message not sent: {error}"));
                return Delivered::No;
            }
        };
        let SlackExecutor { guard, settings } = self.executor;
        let shown = cut(&text);
        if shown.len() < text.len() {
            self.context.log("the message is longer than Slack takes: its end was cut");
        }
        let posted = post(guard, &self.route, settings, &shown).await;
        match posted {
            Ok(()) => {
                self.context.log("slack message sent successfully");
                Delivered::Yes
            }
            Err(error) => {
                self.context.log(said(self.context, error.to_string()));
                error.undone().map_or(Delivered::No, Delivered::NotYet)
            }
        }
    }
}
