//! From settings to an engine: which executors there are, and where each may connect.
//!
//! What the operator names (site, pages, mail server, Slack) is open to the executor it is named for, even
//! when it is private; everything else has to be public or on the list of allowed hosts.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use flowrun::{BuildError, Context, Engine, Executors, Outcome, Task, TaskTypes};
use flowrun_artefacts::{ArtefactError, Artefacts};
use flowrun_executors::email::{EmailExecutor, EmailSettings};
use flowrun_executors::scan::{self, ScanExecutor, ScanSettings};
use flowrun_executors::slack::{SlackExecutor, SlackSettings};
use flowrun_executors::webhook::{WebhookExecutor, WebhookSettings};
use flowrun_guard::{Endpoint, Guard, GuardBuilder, Permits};
use flowrun_server::ServerBuilder;
#[cfg(feature = "failpoints")]
pub use flowrun_server::StoreWrapper;
use flowrun_store::SqliteStore;
use url::Url;

use crate::configure::revealed;
use crate::settings::{Layer, MissingTool};

#[cfg(feature = "failpoints")]
static WRAPPER: std::sync::OnceLock<StoreWrapper> = std::sync::OnceLock::new();

/// Has every engine of this process work on stores as `wrapper` makes them: a test of what a store promises puts
/// one between that breaks the promise. The first call counts.
#[cfg(feature = "failpoints")]
pub fn wrap_stores(wrapper: StoreWrapper) {
    WRAPPER.get_or_init(|| wrapper);
}

/// An engine cannot be made of these settings.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WiringError {
    /// The executors do not go together.
    #[error("could not put the engine together")]
    Build(#[from] BuildError),
    /// A file of certificate authorities cannot be used.
    #[error("could not use the certificates of `{}`", path.display())]
    Authorities {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is no place for what scans bring home.
    #[error(transparent)]
    Artefacts(#[from] ArtefactError),
    /// A guard cannot be made.
    #[error("could not prepare connections")]
    Guard(#[from] flowrun_guard::BuildError),
}

/// An engine with these executors, whose runs end with the process.
pub(crate) fn engine(executors: Executors) -> Result<Engine, WiringError> {
    Ok(Engine::builder().executors(executors).build()?)
}

/// The same engine, whose runs are kept in `store`.
pub(crate) fn engine_on(executors: Executors, store: Arc<SqliteStore>) -> Result<Engine, WiringError> {
    #[cfg(feature = "failpoints")]
    let store = WRAPPER.get().copied().unwrap_or(|store| Box::new(store))(store);
    Ok(Engine::new(executors, store)?)
}

/// An engine for what starts nothing: cancelling, pausing. So it needs no settings, and it takes every run that a server
/// takes.
pub(crate) fn idle_engine(store: Arc<SqliteStore>) -> Result<Engine, WiringError> {
    let able = executors(&Layer::default(), &[])?;
    let missing: Vec<String> = {
        let able: Vec<&str> = able.task_types().names().collect();
        let documented = TaskTypes::documented();
        documented.names().filter(|name| !able.contains(name)).map(str::to_owned).collect()
    };
    let idle = |_: &Task, _: &Context| Outcome::failed("nothing is started here");
    let all = missing.into_iter().fold(able, |executors, name| executors.function(name, idle));
    engine_on(all, store)
}

/// Every executor this program has, with the secrets that are given. `addresses` are those of the site and its pages.
pub(crate) fn executors(settings: &Layer, addresses: &[Url]) -> Result<Executors, WiringError> {
    executors_with(settings, addresses, |scan| scan)
}

/// The same, with a scan that was given more.
pub(crate) fn executors_with(
    settings: &Layer,
    addresses: &[Url],
    more: impl FnOnce(ScanExecutor) -> ScanExecutor,
) -> Result<Executors, WiringError> {
    executors_for(Audience::Operator, settings, addresses, more)
}

/// The executors of a server that are set up. Its sites are named by its callers, so they open nothing: a private
/// host is reached only where the operator allows it.
pub(crate) fn served(
    settings: &Layer,
    artefacts: Arc<OnceLock<Artefacts>>,
) -> Result<Executors, WiringError> {
    executors_for(Audience::Callers, settings, &[], |scan| scan.artefacts_from(artefacts))
}

/// Who starts runs and reads their logs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Audience {
    /// Whoever gave the settings: sees answers, and hears of what is not set up when it should run.
    Operator,
    /// Callers of a server, for whom an executor that is not set up is one that is not there.
    Callers,
}

fn executors_for(
    audience: Audience,
    settings: &Layer,
    addresses: &[Url],
    more: impl FnOnce(ScanExecutor) -> ScanExecutor,
) -> Result<Executors, WiringError> {
    let is_operator = audience == Audience::Operator;
    let (slack, email) = (slack(settings), email(settings));
    let at = |url: &str| Endpoint::of_url(url).ok();
    let doors = Doors::of(settings)?;
    let site = doors.guard(addresses.iter().filter_map(|url| at(url.as_str())))?;
    let mut executors = Executors::new()
        .secrets(revealed(&settings.secrets))
        .executor("scan", more(scanner(settings, &site)))
        .executor("webhook", WebhookExecutor::new(site, webhook(settings, is_operator)));
    if is_operator || slack.token.is_some() || slack.webhook_url.is_some() {
        let named = slack.webhook_url.iter().chain([&slack.api_url]).filter_map(|url| at(url));
        executors = executors.executor("slack", SlackExecutor::new(doors.guard(named)?, slack));
    }
    if is_operator || email.smtp_url.is_some() {
        executors = executors.executor("email", EmailExecutor::new(doors.guard(email.endpoint())?, email));
    }
    Ok(executors)
}

/// The server, whose store is wrapped as the test of this process wants it.
pub(crate) fn wrapped(server: ServerBuilder) -> ServerBuilder {
    #[cfg(feature = "failpoints")]
    if let Some(wrapper) = WRAPPER.get() {
        return server.wrap_store(*wrapper);
    }
    server
}

/// What pages of `site` are looked for through, before there are executors.
pub(crate) fn site_guard(settings: &Layer, site: &Url) -> Result<Guard, WiringError> {
    Doors::of(settings)?.guard(Endpoint::of_url(site.as_str()).ok())
}

/// What all guards of this program have in common.
struct Doors<'a> {
    settings: &'a Layer,
    /// Shared, because the process has its file descriptors only once.
    permits: Permits,
    /// The contents of the files with certificate authorities.
    authorities: Vec<(&'a Path, Vec<u8>)>,
}

impl<'a> Doors<'a> {
    fn of(settings: &'a Layer) -> Result<Self, WiringError> {
        let read = |path: &'a PathBuf| match std::fs::read(path) {
            Ok(pem) => Ok((path.as_path(), pem)),
            Err(error) => Err(WiringError::Authorities { path: path.clone(), source: error.into() }),
        };
        let files = settings.ssl_cert_file.iter().chain(&settings.ca_certs);
        let authorities = files.map(read).collect::<Result<_, _>>()?;
        let count = |setting: Option<NonZeroUsize>, default| setting.map_or(default, NonZeroUsize::get);
        let all = count(settings.max_connections, Permits::CONNECTIONS);
        let per_host = count(settings.max_connections_per_host, Permits::CONNECTIONS_PER_HOST);
        Ok(Self { settings, permits: Permits::new(all, per_host), authorities })
    }

    /// A guard that opens the hosts the operator allows, and these.
    fn guard(&self, named: impl IntoIterator<Item = Endpoint>) -> Result<Guard, WiringError> {
        let open = self.settings.allow_hosts.iter().cloned().chain(named);
        let guard = open.fold(Guard::builder(), GuardBuilder::allow).permits(self.permits.clone());
        let mut guard = guard.bundled_roots(self.settings.ssl_cert_file.is_none());
        for (path, pem) in &self.authorities {
            guard = guard.root_certificates_pem(pem).map_err(|error| WiringError::Authorities {
                path: path.to_path_buf(),
                source: error.into(),
            })?;
        }
        Ok(guard.build()?)
    }
}

fn webhook(settings: &Layer, shown_by_default: bool) -> WebhookSettings {
    WebhookSettings::new().show_answers(settings.show_answers.unwrap_or(shown_by_default))
}

/// The executor of scans, with a browser where one can be had.
fn scanner(settings: &Layer, guard: &Guard) -> ScanExecutor {
    let scan = ScanExecutor::new(guard.clone(), scan(settings));
    #[cfg(target_os = "linux")]
    let scan = scan.browsers(flowrun_browser::BrowserPool::new(guard, browsers(settings)));
    scan
}

/// How browsers are run.
#[cfg(target_os = "linux")]
pub(crate) fn browsers(settings: &Layer) -> flowrun_browser::BrowserSettings {
    let mut browsers = flowrun_browser::BrowserSettings::new();
    browsers.executable.clone_from(&settings.browser);
    browsers.allow_unsandboxed = settings.allow_unsandboxed.unwrap_or(false);
    browsers
}

fn scan(settings: &Layer) -> ScanSettings {
    ScanSettings::new().missing_tool(match settings.missing_tool.unwrap_or_default() {
        MissingTool::Fail => scan::MissingTool::Fail,
        MissingTool::Skip => scan::MissingTool::Skip,
    })
}

fn slack(settings: &Layer) -> SlackSettings {
    let mut slack = SlackSettings::new();
    slack.token = settings.slack_token.as_ref().map(|token| token.reveal().to_owned());
    slack.channel.clone_from(&settings.slack_channel);
    slack.webhook_url = settings.slack_webhook_url.as_ref().map(|url| url.reveal().to_owned());
    if let Some(api_url) = &settings.slack_api_url {
        slack.api_url.clone_from(api_url);
    }
    slack
}

fn email(settings: &Layer) -> EmailSettings {
    let mut email = EmailSettings::new();
    email.smtp_url = settings.smtp_url.as_ref().map(|url| url.reveal().to_owned());
    email.from.clone_from(&settings.mail_from);
    email.ehlo_name.clone_from(&settings.ehlo_name);
    email
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_starts_nothing_takes_the_runs_that_a_server_takes() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open_file(folder.path().join("runs.db")).unwrap();
        let idle = idle_engine(store.into()).unwrap();
        let documented = TaskTypes::documented();
        assert!(idle.task_types().names().eq(documented.names()));
        let able = executors(&Layer::default(), &[]).unwrap();
        assert_eq!(able.task_types().names().collect::<Vec<_>>(), ["email", "scan", "slack", "webhook"]);
    }
}
