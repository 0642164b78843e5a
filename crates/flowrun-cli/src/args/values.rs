//! How values are read at the border.

use std::time::Duration;

use url::Url;

/// An address with `http` or `https` and a host.
pub(super) fn web_address(text: &str) -> Result<Url, String> {
    let url: Url =
        text.parse().map_err(|error| format!("not an address ({error}), such as https://example.com"))?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        other => Err(format!("`{other}` addresses are not fetched, only http and https")),
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
    }
}
