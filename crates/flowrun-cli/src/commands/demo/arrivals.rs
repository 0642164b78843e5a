//! What arrived at the sinks, told and compared with what had to.

use std::fmt::Write as _;

use flowrun_testkit::servers::{Mail, SlackPost, SlackRoute, WebhookRequest};

use crate::render::plain;

/// Everything the sinks were given.
#[derive(Debug)]
pub(super) struct Arrivals {
    pub(super) slack: Vec<SlackPost>,
    pub(super) webhooks: Vec<WebhookRequest>,
    pub(super) mails: Vec<Mail>,
}

impl Arrivals {
    /// What came after `before`, which is the beginning of this.
    pub(super) fn since(mut self, before: &Self) -> Self {
        self.slack.drain(..before.slack.len());
        self.webhooks.drain(..before.webhooks.len());
        self.mails.drain(..before.mails.len());
        self
    }

    /// One line per message, for people.
    pub(super) fn told(&self) -> String {
        let mut out = String::new();
        for post in &self.slack {
            let way = match post.route {
                SlackRoute::Api => format!("channel {}", plain(post.channel())),
                SlackRoute::Webhook => "incoming webhook".to_owned(),
            };
            line(&mut out, "slack", format_args!("{way}: {}", plain(post.text())));
        }
        for request in &self.webhooks {
            let (method, path) = (plain(&request.method), plain(&request.path));
            line(&mut out, "webhook", format_args!("{method} {path} {}", plain(&request.text())));
        }
        for mail in &self.mails {
            let subject = mail.header("subject").unwrap_or_default();
            line(&mut out, "mail", format_args!("to {}: {}", plain(&mail.to.join(", ")), plain(&subject)));
        }
        out
    }

    /// What is not as it had to be, one sentence each; empty when all is well.
    pub(super) fn differences(&self, expected: &Expected) -> Vec<String> {
        let refused = self.slack.iter().filter(|post| !post.is_accepted()).count();
        [
            ("messages to Slack", self.slack.len(), expected.slack),
            ("messages that Slack refused", refused, 0),
            ("webhooks", self.webhooks.len(), expected.webhooks),
            ("mails", self.mails.len(), expected.mails),
        ]
        .into_iter()
        .filter(|(_, arrived, expected)| arrived != expected)
        .map(|(what, arrived, expected)| format!("{what}: {arrived} arrived, {expected} had to"))
        .collect()
    }
}

/// How many messages have to arrive at each sink.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    pub(super) slack: usize,
    pub(super) webhooks: usize,
    pub(super) mails: usize,
}

fn line(out: &mut String, sink: &str, message: std::fmt::Arguments<'_>) {
    writeln!(out, "  {sink:<8}{message}").expect("a String takes whatever is written to it");
}

#[cfg(test)]
mod tests {
    use flowrun_testkit::servers::SlackReply;

    use super::*;

    fn arrivals() -> Arrivals {
        let post = SlackPost {
            route: SlackRoute::Api,
            token: None,
            body: serde_json::json!({"channel": "#ops", "text": "hello\u{1b}[2J"}),
            reply: SlackReply::Ok,
        };
        let request = WebhookRequest {
            method: "POST".into(),
            path: "/a".into(),
            headers: vec![],
            body: b"{\"a\": 1}".to_vec(),
        };
        let mail =
            Mail { from: "a@x".into(), to: vec!["b@x".into()], data: "Subject: look\r\n\r\nbody\r\n".into() };
        Arrivals { slack: vec![post], webhooks: vec![request], mails: vec![mail] }
    }

    #[test]
    fn every_message_is_told_on_one_line() {
        insta::assert_snapshot!(arrivals().told(), @r#"
        slack   channel #ops: hello\u{1b}[2J
        webhook POST /a {"a": 1}
        mail    to b@x: look
        "#);
    }

    #[test]
    fn a_message_too_few_is_noticed() {
        let expected = Expected { slack: 1, webhooks: 1, mails: 1 };
        assert_eq!(arrivals().differences(&expected), Vec::<String>::new());
        let differences = arrivals().differences(&Expected { mails: 2, ..expected });
        assert_eq!(differences, ["mails: 1 arrived, 2 had to"]);
    }
}
