//! The one thing read from a certificate: how long it is valid. Trust was decided by TLS before this.
//!
//! A walk over the DER of RFC 5280, section 4.1: `Certificate` → `tbsCertificate` → version, serial number,
//! signature, issuer, *validity*. Nothing else is looked at.

use std::time::{Duration, SystemTime};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// How long the certificate of a host is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Certificate {
    /// From when.
    pub not_before: SystemTime,
    /// Until when.
    pub not_after: SystemTime,
}

impl Certificate {
    /// Reads a certificate in DER; `None` if it is not laid out as expected.
    pub(crate) fn from_der(der: &[u8]) -> Option<Self> {
        let mut certificate = Der(der).enter(SEQUENCE)?;
        let mut tbs = certificate.enter(SEQUENCE)?;
        if tbs.peek() == Some(VERSION) {
            tbs.value(VERSION)?;
        }
        tbs.value(INTEGER)?;
        tbs.value(SEQUENCE)?;
        tbs.value(SEQUENCE)?;
        let mut validity = tbs.enter(SEQUENCE)?;
        Some(Self { not_before: validity.time()?, not_after: validity.time()? })
    }
}

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// The rest of a DER text.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    fn enter(&mut self, tag: u8) -> Option<Self> {
        self.value(tag).map(Self)
    }

    /// The content of the next element, which must be a `tag`.
    fn value(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (&found, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            // Four bytes of length are more than any certificate needs.
            let (bytes, rest) =
                rest.split_at_checked(usize::from(first & 0x7f)).filter(|(b, _)| b.len() <= 4)?;
            (bytes.iter().fold(0, |length, &byte| length << 8 | usize::from(byte)), rest)
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        (found == tag).then_some(content)
    }

    /// `YYMMDDHHMMSSZ`, where years below 50 belong to this century, or `YYYYMMDDHHMMSSZ`.
    fn time(&mut self) -> Option<SystemTime> {
        let (digits, year_digits) = match self.peek()? {
            UTC_TIME => (self.value(UTC_TIME)?, 2),
            _ => (self.value(GENERALIZED_TIME)?, 4),
        };
        let digits = std::str::from_utf8(digits).ok()?.strip_suffix('Z')?;
        let number = |from: usize, length: usize| digits.get(from..from + length)?.parse::<i16>().ok();
        let field = |index: usize| number(year_digits + 2 * index, 2).and_then(|n| i8::try_from(n).ok());
        let year = match (number(0, year_digits)?, year_digits) {
            (year, 2) if year < 50 => 2000 + year,
            (year, 2) => 1900 + year,
            (year, _) => year,
        };
        let time = DateTime::new(year, field(0)?, field(1)?, field(2)?, field(3)?, field(4)?, 0).ok()?;
        let seconds = TimeZone::UTC.to_timestamp(time).ok()?.as_second();
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(seconds).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_time_are_read() {
        let mut params = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 2, 29);
        params.not_after = rcgen::date_time_ymd(2051, 1, 2);
        let der = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
        let certificate = Certificate::from_der(der.der()).unwrap();
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(certificate.not_before, at(1_582_934_400));
        assert_eq!(certificate.not_after, at(2_556_230_400));
    }

    #[test]
    fn junk_is_no_certificate() {
        let params = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        let der = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
        for length in 0..100 {
            assert_eq!(Certificate::from_der(&der.der()[..length]), None);
        }
        assert_eq!(Certificate::from_der(&[0x30, 0xff, 1, 2, 3]), None);
        assert_eq!(Certificate::from_der(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0]), None);
    }
}
