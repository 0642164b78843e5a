//! What a node's `configs` say about how its pages are looked at.

use std::collections::BTreeMap;
use std::time::Duration;

use data_encoding::BASE64;
use flowrun::{Context, NodeData, NodeProblem, Place, RenderError};
use serde_json::Value;

use crate::text::tame;

/// The longest wait that is believed, in seconds: a day.
const LONGEST: f64 = 86_400.0;

/// Sides of a window that are believed, in pixels.
const SIDES: std::ops::RangeInclusive<u32> = 100..=10_000;

/// The browsers that Chromium is.
const BROWSERS: [&str; 2] = ["chrome", "chromium"];

/// How pages are looked at, with the defaults of the original.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Configs {
    pub(crate) window: (u32, u32),
    pub(crate) device: Option<String>,
    pub(crate) browser: Option<String>,
    pub(crate) interval: Duration,
    pub(crate) min_wait: Duration,
    pub(crate) max_wait: Duration,
    pub(crate) timeout: Duration,
    pub(crate) mask_ids: Vec<String>,
    pub(crate) auto_height: bool,
    pub(crate) disable_animations: bool,
    /// Between the looks at two pages of one host. Ours.
    pub(crate) page_delay: Duration,
    pub(crate) access: Access,
}

/// What a site wants to see before it shows its pages: texts that may name secrets, not filled in yet. All ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Access {
    /// User name and password.
    basic_auth: Option<(String, String)>,
    headers: BTreeMap<String, String>,
    cookies: BTreeMap<String, String>,
}

/// [`Access`], filled in. `Debug` does not show it: it holds secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Granted {
    /// Headers for the origin of the page.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) cookies: Vec<(String, String)>,
}

impl std::fmt::Debug for Granted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(hidden)")
    }
}

impl Default for Configs {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            window: (1920, 1080),
            device: None,
            browser: None,
            interval: seconds(1),
            min_wait: seconds(3),
            max_wait: seconds(30),
            timeout: seconds(300),
            mask_ids: Vec::new(),
            auto_height: true,
            disable_animations: true,
            page_delay: Duration::ZERO,
            access: Access::default(),
        }
    }
}

impl Configs {
    /// Reads the node's `data`. What is absent or null is as by default.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each problem with its key.
    pub(crate) fn of(data: &str) -> Result<Self, Vec<NodeProblem>> {
        let configs = match NodeData::read(data).object("configs") {
            Ok(configs) => configs,
            Err(bad) => return Err(vec![bad.into()]),
        };
        let mut reading = Reading { configs, problems: Vec::new() };
        let default = Self::default();
        let configs = Self {
            window: reading.read("window_size", window).unwrap_or(default.window),
            device: reading.read("device", text),
            browser: reading.read("browser", text),
            interval: reading.read("interval", seconds).unwrap_or(default.interval),
            min_wait: reading.read("min_wait_time", seconds).unwrap_or(default.min_wait),
            max_wait: reading.read("max_wait_time", seconds).unwrap_or(default.max_wait),
            timeout: reading.read("timeout", seconds).unwrap_or(default.timeout),
            mask_ids: reading.read("mask_ids", ids).unwrap_or_default(),
            auto_height: reading.read("auto_height", truth).unwrap_or(default.auto_height),
            disable_animations: reading
                .read("disable_animations", truth)
                .unwrap_or(default.disable_animations),
            page_delay: reading.read("page_delay", seconds).unwrap_or(default.page_delay),
            access: Access {
                basic_auth: reading.read("basic_auth", pair),
                headers: reading.read("headers", texts).unwrap_or_default(),
                cookies: reading.read("cookies", texts).unwrap_or_default(),
            },
        };
        if configs.timeout.is_zero() {
            reading.wrong("timeout", "is 0", "give the seconds a page may take");
        }
        if let Some(name) = configs.access.headers.keys().find(|name| !may_be_sent(name)) {
            let what = format!("names the header `{}`, which is not the flow's to send", tame(name));
            reading.wrong("headers", &what, "leave it out");
        }
        if let Some(browser) = &configs.browser
            && !BROWSERS.iter().any(|known| known.eq_ignore_ascii_case(browser))
        {
            let what = format!("is `{}`, and scans have Chromium alone", tame(browser));
            reading.wrong("browser", &what, "give \"chrome\", or leave it out");
        }
        if reading.problems.is_empty() { Ok(configs) } else { Err(reading.problems) }
    }
}

impl Access {
    /// Fills in what it takes from secrets.
    ///
    /// # Errors
    ///
    /// When a text becomes too long.
    pub(crate) fn fill_in(&self, context: &Context) -> Result<Granted, RenderError> {
        let render = |text: &str| context.render(text, Place::Header, None);
        let mut granted = Granted::default();
        if let Some((user, password)) = &self.basic_auth {
            let both = format!("{}:{}", render(user)?, render(password)?);
            let basic = format!("Basic {}", BASE64.encode(both.as_bytes()));
            granted.headers.push(("Authorization".to_owned(), basic));
        }
        for (name, value) in &self.headers {
            granted.headers.push((name.clone(), render(value)?));
        }
        for (name, value) in &self.cookies {
            granted.cookies.push((name.clone(), render(value)?));
        }
        Ok(granted)
    }
}

impl Granted {
    /// The headers, cookies among them, for who has no place for cookies.
    pub(crate) fn all_headers(&self) -> Vec<(String, String)> {
        let mut headers = self.headers.clone();
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            headers.push(("Cookie".to_owned(), cookies.join("; ")));
        }
        headers
    }
}

/// Whether a flow may send this header: one that says how a message is cut, or to whom it goes, is the client's.
fn may_be_sent(name: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let name = name.to_ascii_lowercase();
    let reserved = [
        "connection",
        "content-length",
        "cookie",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    !name.is_empty()
        && name.bytes().all(is_token)
        && !name.starts_with("proxy-")
        && !reserved.contains(&name.as_str())
}

/// The configs while they are read, and what was found wrong with them.
struct Reading<'a> {
    configs: NodeData<'a>,
    problems: Vec<NodeProblem>,
}

impl Reading<'_> {
    /// The value of a key, if there is one and it is right.
    fn read<T>(&mut self, key: &'static str, read: fn(&Value) -> Result<T, &'static str>) -> Option<T> {
        let raw = match self.configs.get(key) {
            Ok(raw) => raw?,
            Err(bad) => {
                let mut bad: NodeProblem = bad.into();
                bad.pointer = format!("/data/configs/{key}");
                self.problems.push(bad);
                return None;
            }
        };
        match serde_json::from_str(raw) {
            Ok(Value::Null) => None,
            Ok(value) => match read(&value) {
                Ok(read) => Some(read),
                Err(wanted) => {
                    let what = format!("is `{}`", tame(raw));
                    self.wrong(key, &what, wanted);
                    None
                }
            },
            Err(_) => None,
        }
    }

    fn wrong(&mut self, key: &'static str, what: &str, help: &str) {
        let pointer = format!("/data/configs/{key}");
        self.problems.push(NodeProblem::error("scan.config", pointer, format!("`{key}` {what}")).help(help));
    }
}

fn text(value: &Value) -> Result<String, &'static str> {
    value.as_str().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).ok_or("give a text")
}

fn truth(value: &Value) -> Result<bool, &'static str> {
    value.as_bool().ok_or("give true or false")
}

fn seconds(value: &Value) -> Result<Duration, &'static str> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let number = number.filter(|seconds: &f64| (0.0..=LONGEST).contains(seconds));
    number.map(Duration::from_secs_f64).ok_or("give seconds, a number from 0 to 86400")
}

fn window(value: &Value) -> Result<(u32, u32), &'static str> {
    let wanted = "give a width and a height from 100 to 10000, such as \"1920,1080\"";
    let (width, height) = value.as_str().and_then(|text| text.split_once(',')).ok_or(wanted)?;
    let side = |text: &str| text.trim().parse().ok().filter(|side| SIDES.contains(side)).ok_or(wanted);
    Ok((side(width)?, side(height)?))
}

fn ids(value: &Value) -> Result<Vec<String>, &'static str> {
    let wanted = "give ids of elements, with commas between them";
    let texts: Vec<&str> = match value {
        Value::String(text) => text.split(',').collect(),
        Value::Array(ids) => ids.iter().map(Value::as_str).collect::<Option<_>>().ok_or(wanted)?,
        _ => return Err(wanted),
    };
    Ok(texts.into_iter().map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect())
}

fn texts(value: &Value) -> Result<BTreeMap<String, String>, &'static str> {
    let wanted = "give an object of texts, such as {\"name\": \"{{secret}}\"}";
    let object = value.as_object().ok_or(wanted)?;
    let one = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    object.iter().map(one).collect::<Option<_>>().ok_or(wanted)
}

fn pair(value: &Value) -> Result<(String, String), &'static str> {
    let wanted = "give {\"username\": …, \"password\": …}";
    let part = |name: &str| value[name].as_str().map(str::to_owned).ok_or(wanted);
    let user = part("username")?;
    // A colon would end the name (RFC 7617).
    if user.contains(':') { Err("give a `username` without a colon") } else { Ok((user, part("password")?)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configs(configs: &str) -> Result<Configs, Vec<(String, String)>> {
        let problems = |problems: Vec<NodeProblem>| {
            problems.into_iter().map(|problem| (problem.pointer, problem.message)).collect()
        };
        Configs::of(&format!(r#"{{"configs": {configs}}}"#)).map_err(problems)
    }

    #[test]
    fn what_is_absent_or_null_is_as_in_the_original() {
        assert_eq!(Configs::of("{}"), Ok(Configs::default()));
        let nothing = r#"{"window_size": null, "mask_ids": null, "timeout": null, "ai_analysis": true}"#;
        assert_eq!(configs(nothing), Ok(Configs::default()));
    }

    #[test]
    fn every_key_is_read() {
        let read = configs(
            r##"{"window_size": " 800, 600", "device": "Pixel 5", "browser": "Chrome", "interval": "2",
            "min_wait_time": 0, "max_wait_time": 4.5, "timeout": 6, "mask_ids": "a, b,,", "auto_height": false,
            "disable_animations": false, "page_delay": 7, "basic_auth": {"username": "u", "password": "{{p}}"},
            "headers": {"X-Key": "{{k}}"}, "cookies": {"c": "1"}}"##,
        );
        let text = |text: &str| text.to_owned();
        let expected = Configs {
            window: (800, 600),
            device: Some(text("Pixel 5")),
            browser: Some(text("Chrome")),
            interval: Duration::from_secs(2),
            min_wait: Duration::ZERO,
            max_wait: Duration::from_millis(4500),
            timeout: Duration::from_secs(6),
            mask_ids: vec![text("a"), text("b")],
            auto_height: false,
            disable_animations: false,
            page_delay: Duration::from_secs(7),
            access: Access {
                basic_auth: Some((text("u"), text("{{p}}"))),
                headers: [(text("X-Key"), text("{{k}}"))].into(),
                cookies: [(text("c"), text("1"))].into(),
            },
        };
        assert_eq!(read, Ok(expected));
    }

    #[test]
    fn every_mistake_is_told_at_its_key() {
        for (key, value, said) in [
            ("window_size", r#""1920""#, "`window_size` is `\"1920\"`"),
            ("window_size", r#""1920,99""#, "`window_size` is `\"1920,99\"`"),
            ("window_size", "[1,2]", "`window_size` is `[1,2]`"),
            ("browser", r#""firefox""#, "`browser` is `firefox`, and scans have Chromium alone"),
            ("interval", "-1", "`interval` is `-1`"),
            ("max_wait_time", r#""soon""#, "`max_wait_time` is `\"soon\"`"),
            ("timeout", "0", "`timeout` is 0"),
            ("timeout", "1e9", "`timeout` is `1e9`"),
            ("mask_ids", "[1]", "`mask_ids` is `[1]`"),
            ("auto_height", "1", "`auto_height` is `1`"),
            ("basic_auth", r#""u:p""#, "`basic_auth` is `\"u:p\"`"),
            (
                "headers",
                r#"{"Host":"a"}"#,
                "`headers` names the header `Host`, which is not the flow's to send",
            ),
            (
                "headers",
                r#"{"a b":"a"}"#,
                "`headers` names the header `a b`, which is not the flow's to send",
            ),
            ("cookies", r#"{"c":1}"#, "`cookies` is `{\"c\":1}`"),
        ] {
            let problems = configs(&format!(r#"{{"{key}": {value}}}"#)).unwrap_err();
            assert_eq!(problems, [(format!("/data/configs/{key}"), said.to_owned())]);
        }
        assert_eq!(configs(r#"{"interval": 1, "interval": 2}"#).unwrap_err()[0].0, "/data/configs/interval");
        assert_eq!(configs("[]").unwrap_err()[0].0, "/data/configs");
    }
}
