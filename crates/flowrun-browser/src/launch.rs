//! How a browser is started: with which options, in which environment.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::Installed;

/// What every browser is told.
const ARGUMENTS: &[&str] = &[
    "--headless",
    "--remote-debugging-pipe",
    // Nothing leaves except through a proxy of ours, and each page names its own. This one is for everything else:
    // on the port nobody listens. Without the second line addresses of this machine would be asked directly.
    "--proxy-server=http://127.0.0.1:1",
    "--proxy-bypass-list=<-loopback>",
    // Names are resolved by the guard; the browser resolves none, whatever it is for.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--dns-prefetch-disable",
    // UDP passes no proxy.
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    // What browsers do on their own account.
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-extensions-with-background-pages",
    "--disable-component-update",
    "--disable-crash-reporter",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-features=AutofillServerCommunication,CertificateTransparencyComponentUpdater,DialMediaRouteProvider,\
     DnsOverHttps,InterestFeedContentSuggestions,MediaRouter,OptimizationHints,Prerender2,Translate",
    "--disable-search-engine-choice-screen",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pings",
    "--no-service-autorun",
    "--password-store=basic",
    // What a page could ask a person.
    "--deny-permission-prompts",
    "--disable-notifications",
    "--mute-audio",
    // The same picture everywhere, as far as fonts allow.
    "--disable-gpu",
    "--disable-lcd-text",
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--lang=en-US",
    // A page is never in the background here.
    "--disable-backgrounding-occluded-windows",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    // Where `/dev/shm` is small, as in containers, pages crash for want of it.
    "--disable-dev-shm-usage",
];

/// The command that starts `browser` with its profile in `profile`.
pub(crate) fn command(browser: &Installed, profile: &Path, sandbox: bool) -> Command {
    let mut command = Command::new(browser.path());
    let mut user_data = std::ffi::OsString::from("--user-data-dir=");
    user_data.push(profile);
    command.args(ARGUMENTS).arg(user_data);
    if !sandbox {
        command.arg("--no-sandbox");
    }
    command.arg("about:blank");
    // What stands in our environment is none of its business: tokens often do.
    command.env_clear();
    for kept in ["PATH", "FONTCONFIG_FILE", "FONTCONFIG_PATH", "LD_LIBRARY_PATH"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    for home in ["HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"] {
        command.env(home, profile);
    }
    // Pictures must not depend on where they are taken.
    command.env("LANG", "en_US.UTF-8").env("TZ", "UTC");
    command.current_dir(profile);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}
