//! The executor of `slack`.

use std::sync::Arc;

use flowrun::{
    Context, EffectClass, ObjectEntry, Outcome, Place, Task, TaskExecutor, TaskObject, async_trait,
};
use flowrun_guard::Guard;
use serde::Deserialize;

use super::SlackSettings;
use super::client::{Route, post};
use crate::outcome::refused;
use crate::receiver::{Delivered, Delivery, deliver_each};

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

#[derive(Deserialize)]
struct Data {
    #[serde(default)]
    message: Option<String>,
}

fn message(data: &str) -> Result<String, String> {
    let data: Data = serde_json::from_str(data).map_err(|_| "`message` is not a text".to_owned())?;
    match data.message.unwrap_or_default() {
        blank if blank.trim().is_empty() => Err("`message` is empty".to_owned()),
        message => Ok(message),
    }
}

#[async_trait]
impl TaskExecutor for SlackExecutor {
    async fn execute(self: Arc<Self>, task: Task, context: Context) -> Outcome {
        let (route, message) = match (Route::of(&self.settings), message(task.data())) {
            (Ok(route), Ok(message)) => (route, message),
            (Err(problem), _) | (_, Err(problem)) => return refused(problem),
        };
        let node = Node { executor: &self, context: &context, route, message };
        deliver_each(&task, &context, &node).await
    }

    fn effect(&self) -> EffectClass {
        // No key that Slack would look at: a repetition is a second message.
        EffectClass::Blind
    }

    fn check(&self, data: &str) -> Result<(), String> {
        Route::of(&self.settings)?;
        message(data).map(drop)
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
        let text = self.context.render(&self.message, Place::Slack, Some(object));
        let SlackExecutor { guard, settings } = self.executor;
        let posted = post(guard, &self.route, settings, &text).await;
        match posted {
            Ok(()) => {
                self.context.log("slack message sent successfully");
                Delivered::Yes
            }
            Err(error) => {
                self.context.log(error.to_string());
                error.undone().map_or(Delivered::No, Delivered::NotYet)
            }
        }
    }
}
