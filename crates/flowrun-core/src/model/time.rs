//! Points in time and the three ways the wire writes them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A point in time, in microseconds since 1970-01-01T00:00:00Z. Arithmetic is the driver's; the core only
/// stores and prints it.
///
/// The wire knows three formats (T1, T2 and T3 of the specification), all UTC:
///
/// ```
/// use flowrun_core::Timestamp;
///
/// let at = Timestamp::from_micros(1_731_693_692_833_712);
/// assert_eq!(at.rfc3339(), "2024-11-15T18:01:32.833712Z");
/// assert_eq!(at.naive(), "2024-11-15 18:01:32.833712");
/// assert_eq!(at.offset(), "2024-11-15 18:01:32.833712+00:00");
/// assert_eq!("2024-11-15T18:01:32.833712Z".parse(), Ok(at));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The text is not a time in any of the three formats.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time such as 2024-11-15T18:01:32.835728Z")]
pub struct ParseTimestampError(String);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// A time from microseconds since the Unix epoch. Values outside the years −9999 to 9999 are clamped.
    #[must_use]
    pub fn from_micros(micros: i64) -> Self {
        const SECOND: i64 = 1_000_000;
        let (min, max) = (jiff::Timestamp::MIN.as_second(), jiff::Timestamp::MAX.as_second());
        Self(micros.clamp(min * SECOND, max * SECOND))
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// The time `duration` later, clamped to the representable range.
    #[must_use]
    pub fn after(self, duration: std::time::Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_add(micros))
    }

    /// T1: RFC 3339 with `Z`; the fraction has six digits and is left out when it is zero.
    #[must_use]
    pub fn rfc3339(self) -> String {
        self.format(if self.has_fraction() { "%Y-%m-%dT%H:%M:%S.%6fZ" } else { "%Y-%m-%dT%H:%M:%SZ" })
    }

    /// T2: a space, always six fraction digits, no zone. Log lines and node times.
    #[must_use]
    pub fn naive(self) -> String {
        self.format("%Y-%m-%d %H:%M:%S.%6f")
    }

    /// T3: a space, a numeric offset; the fraction is left out when it is zero.
    #[must_use]
    pub fn offset(self) -> String {
        self.format(if self.has_fraction() {
            "%Y-%m-%d %H:%M:%S.%6f+00:00"
        } else {
            "%Y-%m-%d %H:%M:%S+00:00"
        })
    }

    fn has_fraction(self) -> bool {
        self.0 % 1_000_000 != 0
    }

    fn format(self, format: &str) -> String {
        jiff::Timestamp::from_microsecond(self.0)
            .expect("a Timestamp is always within jiff's range")
            .strftime(format)
            .to_string()
    }
}

impl std::str::FromStr for Timestamp {
    type Err = ParseTimestampError;

    /// Reads T1, T2 and T3; a time without zone is UTC.
    fn from_str(text: &str) -> Result<Self, ParseTimestampError> {
        let read = text.parse::<jiff::Timestamp>().or_else(|_| {
            let naive = text.parse::<jiff::civil::DateTime>()?;
            jiff::tz::Offset::UTC.to_timestamp(naive)
        });
        match read {
            Ok(at) => Ok(Self::from_micros(at.as_microsecond())),
            Err(_) => Err(ParseTimestampError(text.chars().take(64).collect())),
        }
    }
}

/// T1, the format of the wire's objects.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_second_has_no_fraction_except_in_log_lines() {
        let at = Timestamp::from_micros(1_731_693_692_000_000);
        assert_eq!(at.rfc3339(), "2024-11-15T18:01:32Z");
        assert_eq!(at.naive(), "2024-11-15 18:01:32.000000");
        assert_eq!(at.offset(), "2024-11-15 18:01:32+00:00");
    }

    #[test]
    fn every_format_is_read_back() {
        for micros in [0, 1, 1_731_693_692_835_728, -62_135_596_800_000_000] {
            let at = Timestamp::from_micros(micros);
            for text in [at.rfc3339(), at.naive(), at.offset()] {
                assert_eq!(text.parse(), Ok(at), "{text}");
            }
        }
    }

    #[test]
    fn junk_is_refused_and_extremes_do_not_panic() {
        assert!("yesterday".parse::<Timestamp>().is_err());
        for micros in [i64::MIN, i64::MAX] {
            assert!(!Timestamp::from_micros(micros).naive().is_empty());
        }
    }
}
