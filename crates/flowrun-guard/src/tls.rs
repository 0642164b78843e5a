//! Whom TLS trusts.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

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
}
