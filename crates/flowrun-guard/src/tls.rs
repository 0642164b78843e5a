//! Whom TLS trusts.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::{CertificateError, ClientConfig, RootCertStore};

use crate::BuildError;

/// The certificate authorities that are trusted.
#[derive(Clone, Debug)]
pub(crate) struct Roots(RootCertStore);

impl Roots {
    /// Mozilla's, bundled: the same everywhere, also where no package with certificates is installed.
    pub(crate) fn bundled() -> Self {
        Self(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
    }

    pub(crate) fn none() -> Self {
        Self(RootCertStore::empty())
    }

    /// These, and more in DER.
    pub(crate) fn with(mut self, ders: impl IntoIterator<Item = Vec<u8>>) -> Result<Self, BuildError> {
        for (index, der) in ders.into_iter().enumerate() {
            let added = self.0.add(der.into());
            added.map_err(|error| BuildError::RootCertificate { index, source: error.into() })?;
        }
        Ok(self)
    }

    pub(crate) fn config(&self) -> Result<Arc<ClientConfig>, BuildError> {
        // The provider is named, not installed: a library sets no global.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| BuildError::Client { source: error.into() })?;
        Ok(Arc::new(builder.with_root_certificates(self.0.clone()).with_no_client_auth()))
    }
}

/// The certificates of a PEM text, in DER. What else stands in it is passed over.
pub(crate) fn certificates_of(pem: &[u8]) -> Result<Vec<Vec<u8>>, BuildError> {
    let certificates: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(pem).map(|one| one.map(|der| der.to_vec())).collect();
    match certificates {
        Ok(none) if none.is_empty() => Err(BuildError::NoCertificate),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(BuildError::NotPem { source: error.into() }),
    }
}

/// What is wrong with the certificate of the other side, for those who do not know the names of errors by heart.
pub(crate) fn in_words(error: &rustls::Error) -> Option<String> {
    let rustls::Error::InvalidCertificate(error) = error else { return None };
    Some(match error {
        CertificateError::UnknownIssuer => {
            "its certificate comes from an authority that is not trusted here (UnknownIssuer)".to_owned()
        }
        CertificateError::Expired => "its certificate has expired".to_owned(),
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("its certificate has expired, on {}", day(*not_after))
        }
        CertificateError::NotValidYet => "its certificate is not valid yet".to_owned(),
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("its certificate is not valid before {}", day(*not_before))
        }
        CertificateError::NotValidForName => "its certificate is for another name".to_owned(),
        CertificateError::NotValidForNameContext { presented, .. } => {
            // A certificate may name thousands.
            let shown: Vec<&str> = presented.iter().take(3).map(String::as_str).collect();
            format!("its certificate is for another name: {}", shown.join(", "))
        }
        CertificateError::Revoked => "its certificate was revoked".to_owned(),
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            "its certificate is that of an authority, signed by itself; a server needs one of its own \
             (CaUsedAsEndEntity)"
                .to_owned()
        }
        _ => return None,
    })
}

/// Whether trusting one more authority would help.
pub(crate) const fn is_untrusted(error: &rustls::Error) -> bool {
    matches!(error, rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer))
}

fn day(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| "a day far off".to_owned(), |time| time.strftime("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_holds_any_number_of_certificates() {
        let pem = || {
            let params = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
            let certificate = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
            let base64 = data_encoding::BASE64.encode(certificate.der());
            format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n")
        };
        let bundle = format!("# mine\n{}\n# and mine\n{}", pem(), pem());
        assert_eq!(certificates_of(bundle.as_bytes()).unwrap().len(), 2);
        assert!(matches!(certificates_of(b"no PEM"), Err(BuildError::NoCertificate)));
        let broken = bundle.replace("END", "ENDE");
        assert!(matches!(certificates_of(broken.as_bytes()), Err(BuildError::NotPem { .. })));
    }

    #[test]
    fn a_root_that_is_none_is_refused_by_its_number() {
        let refused = Roots::none().with([vec![1, 2, 3]]).unwrap_err();
        assert!(matches!(refused, BuildError::RootCertificate { index: 0, .. }));
    }

    #[test]
    fn certificates_are_faulted_in_words() {
        let words = |error| in_words(&rustls::Error::InvalidCertificate(error));
        let at = |seconds| UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let expired =
            CertificateError::ExpiredContext { time: at(2_000_000_000), not_after: at(1_700_000_000) };
        assert_eq!(words(expired).as_deref(), Some("its certificate has expired, on 2023-11-14"));
        let other = CertificateError::NotValidForNameContext {
            expected: rustls::pki_types::ServerName::try_from("a.example").unwrap(),
            presented: (0..1000).map(|n| format!("b{n}.example")).collect(),
        };
        let said = "its certificate is for another name: b0.example, b1.example, b2.example";
        assert_eq!(words(other).as_deref(), Some(said));
        assert!(in_words(&rustls::Error::DecryptError).is_none());
        assert!(day(at(u64::MAX)).contains("far off"));
    }
}
