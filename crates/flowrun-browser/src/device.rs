//! What a page believes it is shown on.

use std::str::FromStr;

use serde_json::{Value, json};
use thiserror::Error;

/// A device by its name. It decides how the browser introduces itself, and whether there is a touch screen; the size
/// of the window is said apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    name: &'static str,
    kind: Kind,
    /// What stands in brackets in the user agent.
    system: &'static str,
    /// The platform in client hints.
    platform: &'static str,
    model: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Desktop,
    Phone,
    Tablet,
    /// Apple's: there Chrome has another engine and says so.
    IosPhone,
    IosTablet,
}

const fn desktop(name: &'static str, system: &'static str, platform: &'static str) -> Device {
    Device { name, kind: Kind::Desktop, system, platform, model: "" }
}

const MAC: &str = "Macintosh; Intel Mac OS X 10_15_7";

/// The devices of the original.
const DEVICES: [Device; 9] = [
    desktop("Windows 10 PC", "Windows NT 10.0; Win64; x64", "Windows"),
    desktop("MacBook Pro 16", MAC, "macOS"),
    desktop("iMac 24-inch", MAC, "macOS"),
    desktop("Chromebook Pixel", "X11; CrOS x86_64 14541.0.0", "Chrome OS"),
    Device {
        name: "Pixel 5",
        kind: Kind::Phone,
        system: "Linux; Android 11; Pixel 5",
        platform: "Android",
        model: "Pixel 5",
    },
    Device {
        name: "Galaxy S21",
        kind: Kind::Phone,
        system: "Linux; Android 12; SM-G991B",
        platform: "Android",
        model: "SM-G991B",
    },
    Device {
        name: "Tab S7",
        kind: Kind::Tablet,
        system: "Linux; Android 12; SM-T870",
        platform: "Android",
        model: "SM-T870",
    },
    Device {
        name: "iPhone 12 Pro",
        kind: Kind::IosPhone,
        system: "iPhone; CPU iPhone OS 15_5 like Mac OS X",
        platform: "iOS",
        model: "iPhone",
    },
    Device {
        name: "iPad Pro",
        kind: Kind::IosTablet,
        system: "iPad; CPU OS 15_5 like Mac OS X",
        platform: "iOS",
        model: "iPad",
    },
];

impl Default for Device {
    /// `Windows 10 PC`.
    fn default() -> Self {
        DEVICES[0]
    }
}

impl Device {
    /// Its name, as flows write it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The names of all devices.
    pub fn names() -> impl Iterator<Item = &'static str> {
        DEVICES.iter().map(|device| device.name)
    }

    /// Whether pages are laid out for a small screen, and there is a touch screen.
    #[must_use]
    pub fn is_mobile(&self) -> bool {
        self.kind != Kind::Desktop
    }

    /// How the browser introduces itself to servers: as the browser on that device, and as who we are.
    pub(crate) fn user_agent(&self, chrome: &str) -> String {
        let system = self.system;
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        let browser = match self.kind {
            Kind::Desktop | Kind::Tablet => format!("{webkit} Chrome/{chrome} Safari/537.36"),
            Kind::Phone => format!("{webkit} Chrome/{chrome} Mobile Safari/537.36"),
            Kind::IosPhone | Kind::IosTablet => {
                format!("AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/{chrome} Mobile/15E148 Safari/604.1")
            }
        };
        format!("Mozilla/5.0 ({system}) {browser} {}", crate::request::USER_AGENT)
    }

    /// The parameters of `Emulation.setUserAgentOverride`.
    pub(crate) fn introduction(&self, chrome: &str) -> Value {
        let phone = matches!(self.kind, Kind::Phone | Kind::IosPhone);
        let version = chrome.split('.').next().unwrap_or_default();
        // What is given in part is taken as a whole: without the brands it would be the headless one again.
        let brands =
            json!([{"brand": "Chromium", "version": version}, {"brand": "Not:A-Brand", "version": "8"}]);
        json!({
            "userAgent": self.user_agent(chrome),
            "acceptLanguage": "en-US,en",
            "platform": self.platform,
            "userAgentMetadata": {
                "brands": brands,
                "platform": self.platform,
                "platformVersion": "",
                "architecture": if self.is_mobile() { "" } else { "x86" },
                "model": self.model,
                "mobile": phone,
            },
        })
    }
}

/// No device has this name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is no device")]
pub struct NotADeviceError(String);

impl FromStr for Device {
    type Err = NotADeviceError;

    fn from_str(text: &str) -> Result<Self, NotADeviceError> {
        let known = DEVICES.into_iter().find(|device| device.name.eq_ignore_ascii_case(text.trim()));
        known.ok_or_else(|| NotADeviceError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_known_by_name() {
        for name in Device::names() {
            let device: Device = name.parse().unwrap();
            assert_eq!(device.name(), name);
            let agent = device.user_agent("156.0.0.0");
            assert!(agent.starts_with("Mozilla/5.0 (") && agent.contains("156.0.0.0"), "{agent}");
            assert!(agent.contains(" flowrun/"), "{agent}");
        }
        assert_eq!("pixel 5".parse::<Device>().unwrap().name(), "Pixel 5");
        assert_eq!("Pixel 9".parse::<Device>().unwrap_err().to_string(), "`Pixel 9` is no device");
        assert!(!Device::default().is_mobile() && "iPad Pro".parse::<Device>().unwrap().is_mobile());
    }
}
