//! Settings, from three places: a flag wins over the environment, the environment over `flowrun.toml`.
//!
//! Every setting has one name, the key in the file: `slack_token` is `--slack-token` as a flag and
//! `FLOWRUN_SLACK_TOKEN` in the environment. Lists (`allow_hosts`, `ca_certs`) add up over the three places; secrets add
//! up by name. This module is pure: it is handed the flags, the variables and the text of the file, and does
//! not know what the settings are used for.

mod env;
mod file;
mod layer;
mod secret;
mod values;

pub(crate) use env::{EnvError, from_env};
pub(crate) use file::from_toml;
pub(crate) use layer::Layer;
pub(crate) use secret::{SecretArg, SecretError, long_enough, resolve};
pub(crate) use values::{Hidden, MissingTool};

/// Where settings are looked for when nothing else is said, in the working directory.
pub(crate) const FILE_NAME: &str = "flowrun.toml";

/// The settings and what they are for, shown below the help of commands that use them.
pub(crate) const HELP: &str = "\
Settings, by flag, else environment, else the file flowrun.toml:
  --slack-token        FLOWRUN_SLACK_TOKEN        slack_token        bot token (xoxb-…)
  --slack-channel      FLOWRUN_SLACK_CHANNEL      slack_channel      channel a bot posts to
  --slack-api-url      FLOWRUN_SLACK_API_URL      slack_api_url      default https://slack.com/api
  --slack-webhook-url  FLOWRUN_SLACK_WEBHOOK_URL  slack_webhook_url  incoming webhook, instead of a bot
  --smtp-url           FLOWRUN_SMTP_URL           smtp_url           smtp[s]://[USER:PASSWORD@]HOST[:PORT]
  --mail-from          FLOWRUN_MAIL_FROM          mail_from          sender of mail
  --ehlo-name          FLOWRUN_EHLO_NAME          ehlo_name          name given to mail servers, default the host's
  --allow-host         FLOWRUN_ALLOW_HOSTS        allow_hosts        private hosts that flows may reach, HOST:PORT
  --ca-cert            FLOWRUN_CA_CERTS           ca_certs           PEM files of certificate authorities to trust
  --max-connections    FLOWRUN_MAX_CONNECTIONS    max_connections    open at once, default 64
  --max-connections-per-host  FLOWRUN_MAX_CONNECTIONS_PER_HOST  max_connections_per_host  default 8
  --show-answers       FLOWRUN_SHOW_ANSWERS       show_answers       how the answer to a failed webhook begins: true
                                                                     (default) or false (default of a server)
  --missing-tool       FLOWRUN_MISSING_TOOL       missing_tool       fail (default) or skip
  --browser            FLOWRUN_BROWSER            browser            the browser's program, else that in CHROME_PATH,
                                                                     else the first of PATH
  --allow-unsandboxed  FLOWRUN_ALLOW_UNSANDBOXED  allow_unsandboxed  whether browsers may run without their sandbox,
                                                                     as they must for root: default false
  --secret             FLOWRUN_SECRET_<NAME>      [secrets] NAME     value of {{NAME}} in templates

Lists and secrets add up over the three places. In the environment, lists are separated by commas. SSL_CERT_FILE names
a file of certificate authorities that stands for the bundled ones, as it does for other programs.
Arguments are visible to other users of the machine: prefer the environment for tokens, passwords and secrets.";
