//! Settings from the environment: `FLOWRUN_` and the name of the setting in capitals.

use std::ffi::OsString;
use std::num::NonZeroUsize;

use clap::ValueEnum as _;
use flowrun_guard::EndpointError;

use super::{Hidden, Layer, MissingTool};

/// A variable could not be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnvError {
    /// The value is no UTF-8, so it cannot be what was meant.
    #[error("the environment variable `{0}` is not UTF-8")]
    NotUtf8(String),
    /// An entry of the list is no host with a port.
    #[error("could not read the environment variable `FLOWRUN_ALLOW_HOSTS`")]
    AllowHosts(#[source] EndpointError),
    /// Not a number, or 0.
    #[error("`{0}` must be a number of at least 1")]
    Count(String),
    /// Neither `true` nor `false`.
    #[error("`{0}` must be `true` or `false`")]
    Bool(String),
    /// Neither `fail` nor `skip`.
    #[error("`FLOWRUN_MISSING_TOOL` must be `fail` or `skip`")]
    MissingTool,
}

/// Reads the variables that start with `FLOWRUN_`. An empty one counts as not set; unknown ones are for
/// others.
pub(crate) fn from_env(vars: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Layer, EnvError> {
    let mut layer = Layer::default();
    for (name, value) in vars {
        if value.is_empty() {
            continue;
        }
        if name == "SSL_CERT_FILE" {
            layer.ssl_cert_file = Some(value.into());
            continue;
        }
        if name == "CHROME_PATH" {
            // Other programs read it too; ours of the same meaning wins.
            layer.browser.get_or_insert_with(|| value.into());
            continue;
        }
        let Some(name) = name.to_str().and_then(|name| name.strip_prefix("FLOWRUN_")) else { continue };
        let text = || value.to_str().map(str::to_owned).ok_or_else(|| EnvError::NotUtf8(full(name)));
        match name {
            "SLACK_TOKEN" => layer.slack_token = Some(text()?.into()),
            "SLACK_CHANNEL" => layer.slack_channel = Some(text()?),
            "SLACK_API_URL" => layer.slack_api_url = Some(text()?),
            "SLACK_WEBHOOK_URL" => layer.slack_webhook_url = Some(text()?.into()),
            "SMTP_URL" => layer.smtp_url = Some(text()?.into()),
            "MAIL_FROM" => layer.mail_from = Some(text()?),
            "EHLO_NAME" => layer.ehlo_name = Some(text()?),
            "CA_CERTS" => {
                let files = text()?;
                let files = files.split(',').map(str::trim).filter(|file| !file.is_empty());
                layer.ca_certs = files.map(Into::into).collect();
            }
            "MAX_CONNECTIONS" => layer.max_connections = Some(count(&text()?, name)?),
            "MAX_CONNECTIONS_PER_HOST" => layer.max_connections_per_host = Some(count(&text()?, name)?),
            "SHOW_ANSWERS" => {
                let shown = text()?.parse().map_err(|_| EnvError::Bool(full(name)))?;
                layer.show_answers = Some(shown);
            }
            "ALLOW_UNSANDBOXED" => {
                let allowed = text()?.parse().map_err(|_| EnvError::Bool(full(name)))?;
                layer.allow_unsandboxed = Some(allowed);
            }
            "BROWSER" => layer.browser = Some(value.into()),
            "ALLOW_HOSTS" => {
                let hosts = text()?;
                let hosts = hosts.split(',').map(str::trim).filter(|host| !host.is_empty());
                let hosts = hosts.map(str::parse).collect::<Result<Vec<_>, _>>();
                layer.allow_hosts = hosts.map_err(EnvError::AllowHosts)?;
            }
            "MISSING_TOOL" => {
                let choice = MissingTool::from_str(&text()?, false).map_err(|_| EnvError::MissingTool)?;
                layer.missing_tool = Some(choice);
            }
            _ => {
                if let Some(secret) = name.strip_prefix("SECRET_").filter(|secret| !secret.is_empty()) {
                    layer.secrets.insert(secret.to_owned(), Hidden::from(text()?));
                }
            }
        }
    }
    Ok(layer)
}

fn count(text: &str, name: &str) -> Result<NonZeroUsize, EnvError> {
    text.trim().parse().map_err(|_| EnvError::Count(full(name)))
}

fn full(name: &str) -> String {
    format!("FLOWRUN_{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<Layer, EnvError> {
        from_env([(name.into(), value.into())])
    }

    #[test]
    fn every_setting_of_the_help_can_be_set() {
        for line in super::super::HELP.lines().filter(|line| line.starts_with("  --")) {
            let name = line.split_whitespace().nth(1).unwrap().replace("<NAME>", "X");
            let value = match name.as_str() {
                "FLOWRUN_ALLOW_HOSTS" => "a:1",
                "FLOWRUN_MISSING_TOOL" => "skip",
                "FLOWRUN_SHOW_ANSWERS" | "FLOWRUN_ALLOW_UNSANDBOXED" => "false",
                count if count.starts_with("FLOWRUN_MAX_") => "3",
                _ => "x",
            };
            assert_ne!(read(&name, value).unwrap(), Layer::default(), "{name}");
            assert_eq!(read(&name, "").unwrap(), Layer::default(), "{name}");
        }
    }

    #[test]
    fn wrong_values_are_named() {
        assert!(read("FLOWRUN_MISSING_TOOL", "maybe").unwrap_err().to_string().contains("MISSING_TOOL"));
        assert!(matches!(read("FLOWRUN_ALLOW_HOSTS", "a:1,b").unwrap_err(), EnvError::AllowHosts(_)));
        assert!(read("FLOWRUN_MAX_CONNECTIONS", "0").unwrap_err().to_string().contains("at least 1"));
        assert!(read("FLOWRUN_SHOW_ANSWERS", "yes").unwrap_err().to_string().contains("SHOW_ANSWERS"));
        assert_eq!(read("CHROME_PATH", "/a/b").unwrap().browser, Some("/a/b".into()));
        assert_eq!(read("SSL_CERT_FILE", "a.pem").unwrap().ssl_cert_file, Some("a.pem".into()));
        assert_eq!(read("FLOWRUN_SOMETHING_ELSE", "x").unwrap(), Layer::default());
    }
}
