//! What the demo plays on: a website, three sinks, two flows, and what has to come of them.

use std::io;

use flowrun_testkit::servers::{SlackSink, SmtpSink, WebhookSink, Website};
use url::Url;

use super::arrivals::{Arrivals, Expected};
use crate::settings::{Layer, MissingTool};

/// One flow on some pages.
pub(super) struct Act {
    /// What people read before it.
    pub(super) title: &'static str,
    /// The flow's JSON, in which [`HOOKS`] stands for the webhook sink.
    pub(super) flow: &'static str,
    /// The pages it runs on.
    pub(super) pages: &'static [&'static str],
    /// What has to arrive.
    pub(super) expected: Expected,
}

/// The host that the flows call, in whose place the sink's address is put.
pub(super) const HOOKS: &str = "https://hooks.example";

pub(super) const ACTS: &[Act] = &[
    Act {
        title: "1. Dual Step Flow: scan the page, then tell Slack. What needs a tool that is missing is skipped.",
        flow: include_str!("dual-step.json"),
        pages: &["/"],
        expected: Expected { slack: 1, webhooks: 0, mails: 0 },
    },
    Act {
        title: "2. Watch the pages: a webhook for each page with sound headers, mail to two people for each \
                other, and one Slack channel that hears of all.",
        flow: include_str!("watch-pages.json"),
        pages: &["/", "/good", "/about", "/bad"],
        expected: Expected { slack: 4, webhooks: 3, mails: 2 },
    },
];

/// The servers, which stop when this is dropped.
pub(super) struct Scene {
    site: Website,
    slack: SlackSink,
    hooks: WebhookSink,
    mail: SmtpSink,
}

impl Scene {
    /// Starts the servers on free ports of loopback.
    pub(super) async fn start() -> io::Result<Self> {
        Ok(Self {
            site: Website::start().await?,
            slack: SlackSink::start().await?,
            hooks: WebhookSink::start().await?,
            mail: SmtpSink::start().await?,
        })
    }

    pub(super) fn introduction(&self) -> String {
        format!(
            "website {}, Slack {}, webhooks {}, mail {}",
            self.site.url(),
            self.slack.api_url(),
            self.hooks.url(),
            self.mail.url()
        )
    }

    pub(super) fn site(&self) -> Url {
        self.site.url().parse().expect("the website's address is one")
    }

    pub(super) fn hooks(&self) -> String {
        self.hooks.url()
    }

    /// The settings under which the flows reach the sinks.
    pub(super) fn settings(&self) -> Layer {
        let hooks = self.hooks.addr().to_string();
        Layer {
            slack_token: Some("xoxb-demo".to_owned().into()),
            slack_channel: Some("#demo".to_owned()),
            slack_api_url: Some(self.slack.api_url()),
            smtp_url: Some(self.mail.url().into()),
            mail_from: Some("flowrun <demo@flowrun.example>".to_owned()),
            allow_hosts: vec![hooks.parse().expect("a socket address is a host and a port")],
            missing_tool: Some(MissingTool::Skip),
            ..Layer::default()
        }
    }

    /// Everything that has arrived so far.
    pub(super) fn arrivals(&self) -> Arrivals {
        Arrivals {
            slack: self.slack.received(),
            webhooks: self.hooks.received(),
            mails: self.mail.received(),
        }
    }
}
