//! How values are read at the border.

use std::time::Duration;

use ipnet::IpNet;
use url::Url;

/// An address with `http` or `https` and a host.
pub(super) fn web_address(text: &str) -> Result<Url, String> {
    let url: Url =
        text.parse().map_err(|error| format!("not an address ({error}), such as https://example.com"))?;
    match url.scheme() {
        "http" | "https" if !url.username().is_empty() || url.password().is_some() => {
            Err("a user or password in it would be kept and shown; leave it out".to_owned())
        }
        "http" | "https" if url.has_host() => Ok(url),
        _ => Err("only http and https addresses are fetched, such as https://example.com".to_owned()),
    }
}

/// JSON text of an object.
pub(super) fn json_object(text: &str) -> Result<String, String> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if value.is_object() { Ok(text.to_owned()) } else { Err("must be a JSON object".to_owned()) }
}

pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "must be a number of seconds".to_owned())?;
    if seconds <= 0.0 {
        return Err("must be more than 0".to_owned());
    }
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

/// A time with its unit, such as `90s`, `12h` or `30d`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{error}, such as 30s, 12h or 30d"))
}

/// A time in which something can happen.
pub(super) fn lifetime(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    if time.is_zero() { Err("must be more than 0".to_owned()) } else { Ok(time) }
}

/// A name that a line of a list can show, and that a command can be given again.
pub(super) fn name(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("must not be empty".to_owned());
    }
    if text.trim() != text || text.contains(char::is_control) {
        return Err("must not begin or end with a space, or hold control characters".to_owned());
    }
    Ok(text.to_owned())
}

/// An address or a network.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse::<std::net::IpAddr>().map(IpNet::from);
    text.parse()
        .or_else(|_| address())
        .map_err(|_| "must be an address or a network, such as 10.0.0.0/8".to_owned())
}

/// An origin: scheme, host and port, and nothing else.
pub(super) fn origin(text: &str) -> Result<String, String> {
    let url = web_address(text)?;
    if url.origin().ascii_serialization() == text {
        return Ok(text.to_owned());
    }
    Err(format!("must be an origin, such as {}", url.origin().ascii_serialization()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_at_the_border() {
        assert!(web_address("https://example.com/a").is_ok());
        for bad in ["example.com", "ftp://a", "http://", "file:///etc/passwd"] {
            assert!(web_address(bad).is_err(), "{bad}");
        }
        assert!(json_object("[]").is_err() && json_object("{").is_err() && json_object("{}").is_ok());
        for bad in ["0", "-1", "NaN", "inf", "1e30", "x"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("12h"), Ok(Duration::from_secs(12 * 3600)));
        assert!(duration("12").is_err() && duration("").is_err());
        assert!(lifetime("1s").is_ok() && lifetime("0s").is_err() && lifetime("0").is_err());
        assert!(name("Shop 1").is_ok() && name("ü").is_ok());
        for bad in ["", " ", "a ", " a", "a\nb", "\u{1b}[31mred", "a\u{9b}"] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
        assert!(network("10.0.0.0/8").is_ok() && network("::1").is_ok() && network("host").is_err());
        assert!(origin("https://a.example:8443").is_ok());
        for bad in ["https://a.example/", "https://a.example:443", "*", "null", "https://a.example/x"] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }
}
