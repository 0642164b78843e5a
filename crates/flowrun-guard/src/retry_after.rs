//! `Retry-After` (RFC 9110, section 10.2.3): how long the other side asks to be left alone.

use std::time::{Duration, SystemTime};

use crate::Headers;

/// The least wait: whoever asks for none, or for one that is over, is not called again at once.
const LEAST: Duration = Duration::from_secs(1);

/// A number that is longer than any clock runs, and can still be added to a time.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

impl Headers {
    /// How long `Retry-After` asks to wait, seen at `now`: seconds, with a fraction or not, or a date in any of
    /// the three forms of HTTP. At least a second: zero, a negative number and a date that is over ask for no
    /// wait, and a caller that does as it is told would call in a loop. Of several values the longest counts.
    /// `None` when there is none that can be read.
    ///
    /// No wait is too long to be reported; whether it is waited is the caller's to decide.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use flowrun_guard::Headers;
    ///
    /// let asked = |value: &str| {
    ///     let headers: Headers = [("Retry-After", value)].into_iter().collect();
    ///     headers.retry_after(SystemTime::UNIX_EPOCH).map(|wait| wait.as_millis())
    /// };
    /// assert_eq!(asked("1.5"), Some(1500));
    /// assert_eq!(asked("Thu, 01 Jan 1970 00:02:00 GMT"), Some(120_000));
    /// assert_eq!(asked("0"), Some(1000));
    /// assert_eq!(asked("soon"), None);
    /// ```
    #[must_use]
    pub fn retry_after(&self, now: SystemTime) -> Option<Duration> {
        self.retry_after_at_least(LEAST, now)
    }

    /// The same with another least wait than a second.
    #[must_use]
    pub fn retry_after_at_least(&self, least: Duration, now: SystemTime) -> Option<Duration> {
        let waits = self.get_all("retry-after").filter_map(|value| wait(value.trim(), now));
        waits.max().map(|longest| longest.max(least))
    }
}

fn wait(value: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(date) = httpdate::parse_http_date(value) {
        return Some(date.duration_since(now).unwrap_or_default().min(LONGEST));
    }
    // Values that a proxy joined; a date was read above.
    value.split(',').filter_map(|one| seconds(one.trim())).max()
}

/// Decimal seconds. `inf`, `NaN` and hexadecimal digits, which a parser of floats may know, are no seconds.
fn seconds(text: &str) -> Option<Duration> {
    let digits = text.trim_start_matches(['+', '-']);
    let decimal = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+');
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') || !digits.chars().all(decimal) {
        return None;
    }
    let seconds: f64 = text.parse().ok()?;
    if seconds >= LONGEST.as_secs_f64() {
        return Some(LONGEST);
    }
    Some(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noon of 1 November 2026.
    const NOW: Duration = Duration::from_secs(1_793_534_400);

    #[track_caller]
    fn asks(values: &[&str], expected: Option<f64>) {
        let headers: Headers = values.iter().map(|value| ("retry-after", *value)).collect();
        let asked = headers.retry_after(SystemTime::UNIX_EPOCH + NOW);
        assert_eq!(asked, expected.map(Duration::from_secs_f64), "{values:?}");
    }

    #[test]
    fn seconds_and_dates_are_read() {
        asks(&["7"], Some(7.0));
        asks(&[" 120 "], Some(120.0));
        asks(&["2.5"], Some(2.5));
        asks(&["+3"], Some(3.0));
        asks(&["Sun, 01 Nov 2026 12:00:30 GMT"], Some(30.0));
        asks(&["Sunday, 01-Nov-26 12:01:00 GMT"], Some(60.0));
        asks(&["Sun Nov  1 12:02:00 2026"], Some(120.0));
    }

    #[test]
    fn nobody_is_called_again_at_once() {
        for value in
            ["0", "0.0", "0.001", "-5", "-0", "Sun, 01 Nov 2026 11:59:59 GMT", "Sun Nov  1 12:00:00 2026"]
        {
            asks(&[value], Some(1.0));
        }
        asks(&["Thu, 01 Jan 1970 00:00:00 GMT"], Some(1.0));
    }

    #[test]
    fn absurd_waits_are_long_and_nonsense_is_none() {
        let longest = Some(LONGEST.as_secs_f64());
        asks(&["99999999999999999999999999999"], longest);
        asks(&["1e300"], longest);
        asks(&["Fri, 31 Dec 9999 23:59:59 GMT"], longest);
        for value in ["", "soon", "NaN", "inf", "infinity", "0x10", "1 minute", "--1", "١٢", "PT5S"] {
            asks(&[value], None);
        }
        asks(&[], None);
    }

    #[test]
    fn of_several_the_longest_counts() {
        asks(&["5", "30", "never"], Some(30.0));
        asks(&["5, 60"], Some(60.0));
        asks(&["2", "Sun, 01 Nov 2026 12:00:10 GMT"], Some(10.0));
    }
}
