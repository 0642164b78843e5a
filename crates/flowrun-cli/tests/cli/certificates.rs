//! Certificate authorities of one's own.
#![allow(clippy::unwrap_used, reason = "the helpers of a test file are tests")]

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::{Ended, Place, ended, flow};

/// An https server on loopback with one page, and the authority behind its certificate in PEM.
async fn website() -> (SocketAddr, String) {
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = data_encoding::BASE64.encode(ca.self_signed(&ca_key).unwrap().der());
    let issuer = rcgen::Issuer::new(ca, ca_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let answer = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello";
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        }
    });
    (address, format!("-----BEGIN CERTIFICATE-----\n{authority}\n-----END CERTIFICATE-----\n"))
}

fn scan(place: &Place, site: SocketAddr, vars: &[(&str, &str)], more: &[&str]) -> Ended {
    let url = format!("https://{site}/");
    let mut command = place.command(&[&["run", "-", "--site", &url, "--json"], more].concat());
    command.envs(vars.iter().copied()).write_stdin(flow(&[("1", "scan", r#", "type": ["html"]"#)], &[]));
    ended(command)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_of_ones_own_is_trusted_when_it_is_named() {
    let (site, authority) = website().await;
    let place = Place::new();
    place.file("ca.pem", authority);
    let untrusted = scan(&place, site, &[], &[]);
    assert_eq!(untrusted.code, 1, "{untrusted:?}");
    let said =
        "its certificate comes from an authority that is not trusted here (UnknownIssuer); --ca-cert FILE";
    assert!(untrusted.out.contains(said), "{}", untrusted.out);

    for (vars, more) in [
        (&[][..], &["--ca-cert", "ca.pem"][..]),
        (&[("FLOWRUN_CA_CERTS", "ca.pem")], &[]),
        (&[("SSL_CERT_FILE", "ca.pem")], &[]),
    ] {
        let trusted = scan(&place, site, vars, more);
        assert_eq!(trusted.code, 0, "{vars:?} {more:?} {trusted:?}");
    }
    place.file("flowrun.toml", "ca_certs = ['ca.pem']\n");
    assert_eq!(scan(&place, site, &[], &[]).code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_certificates_is_named_before_anything_runs() {
    let (site, _) = website().await;
    let place = Place::new();
    place.file("empty.pem", String::new());
    let none = scan(&place, site, &[], &["--ca-cert", "nowhere.pem"]);
    assert!(none.code != 0 && none.err.contains("`nowhere.pem`"), "{none:?}");
    let empty = scan(&place, site, &[("SSL_CERT_FILE", "empty.pem")], &[]);
    assert!(empty.code != 0 && empty.err.contains("`empty.pem`"), "{empty:?}");
    assert!(empty.err.contains("there is no certificate in PEM"), "{}", empty.err);
}
