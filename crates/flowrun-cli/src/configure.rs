//! Gathers the settings of a command from flags, environment and file, and asks for secrets that have no
//! value anywhere.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use crate::args::{SettingArgs, SettingFlags};
use crate::exit::Exit;
use crate::finding::Finding;
use crate::input::{Input, InputError, SMALL_BYTES};
use crate::load::Refused;
use crate::settings::{
    self, EnvError, FILE_NAME, Hidden, Layer, SecretArg, SecretError, from_env, from_toml,
};

/// The settings could not be gathered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigureError {
    /// A variable of the environment is wrong.
    #[error(transparent)]
    Env(#[from] EnvError),
    /// A secret is wrong or has no value.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A file would choose where a token goes that it does not hold.
    #[error(
        "`{file}` names the address of Slack's API, and the token comes from elsewhere: it would be sent there; give \
         the address where the token is given (`--slack-api-url`, FLOWRUN_SLACK_API_URL), or the token in the file"
    )]
    Misdirected {
        /// The file.
        file: String,
    },
    /// The settings file could not be used; the findings say why.
    #[error("the settings file is wrong")]
    File(Box<Refused>),
}

/// The settings as they hold for this command.
pub(crate) fn configure(flags: SettingArgs, secrets: Vec<SecretArg>) -> Result<Layer, ConfigureError> {
    let settings = gathered(flags.flags, flags.file.as_deref(), secrets, ask)?;
    crate::hidden::hide(&settings);
    settings::long_enough(&settings.secrets)?;
    Ok(settings)
}

/// The settings of all places, laid over each other.
fn gathered(
    flags: SettingFlags,
    file: Option<&Path>,
    secrets: Vec<SecretArg>,
    ask: impl FnMut(&str) -> std::io::Result<String>,
) -> Result<Layer, ConfigureError> {
    let (flags, env, in_file) = (flags.into_layer(), from_env(std::env::vars_os())?, from_file(file)?);
    // The address may come from a folder that somebody else filled; the token would be sent there.
    let chooses_address = [&flags, &env].iter().all(|layer| layer.slack_api_url.is_none());
    let has_token = [&flags, &env].iter().any(|layer| layer.slack_token.is_some());
    if in_file.slack_api_url.is_some() && chooses_address && has_token {
        let file = file.map_or_else(|| FILE_NAME.into(), |file| file.display().to_string());
        return Err(ConfigureError::Misdirected { file });
    }
    let elsewhere = env.over(in_file);
    let asked = settings::resolve(secrets, &elsewhere.secrets, ask)?;
    Ok(Layer { secrets: asked, ..flags }.over(elsewhere))
}

/// The settings as they would hold for a run. A secret that has no value anywhere is not asked for: that it will be
/// given is enough.
pub(crate) fn configure_check(
    flags: SettingFlags,
    file: Option<&Path>,
    secrets: Vec<SecretArg>,
) -> Result<Layer, ConfigureError> {
    gathered(flags, file, secrets, |_| Ok(PROMISED.to_owned()))
}

/// Stands for the value of a secret that a check does not need.
const PROMISED: &str = "to be given when the flow runs";

/// What the settings file says. The usual one may be missing, one that was named may not.
fn from_file(named: Option<&Path>) -> Result<Layer, ConfigureError> {
    let path = named.map_or_else(|| PathBuf::from(FILE_NAME), Path::to_owned);
    let refused = |name: String, text: String, exit: Exit, finding: Finding| {
        ConfigureError::File(Box::new(Refused { name, text, findings: vec![finding], exit }))
    };
    match Input::read(&path, SMALL_BYTES) {
        Ok(Input { name, text }) => from_toml(&text).map_err(|error| {
            let finding = Finding { span: error.span, ..Finding::error("settings.invalid", error.message) };
            refused(name, error.shown, Exit::Usage, finding)
        }),
        Err(InputError::NotFound { .. }) if named.is_none() => Ok(Layer::default()),
        Err(error) => {
            let is_missing = matches!(error, InputError::NotFound { .. });
            let exit = if is_missing { Exit::NotFound } else { Exit::Usage };
            Err(refused(path.display().to_string(), String::new(), exit, error.finding()))
        }
    }
}

/// Asks the person at the terminal; nothing shows while they type. Who pipes something in is not asked.
fn ask(name: &str) -> std::io::Result<String> {
    if !std::io::stdin().is_terminal() {
        return Err(std::io::Error::other("standard input is not a terminal"));
    }
    rpassword::prompt_password(format!("secret {name}: "))
}

/// The secrets, for the engine.
pub(crate) fn revealed(secrets: &BTreeMap<String, Hidden>) -> BTreeMap<String, String> {
    secrets.iter().map(|(name, value)| (name.clone(), value.reveal().to_owned())).collect()
}
