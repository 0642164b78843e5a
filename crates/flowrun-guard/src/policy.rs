//! What a URL must look like before anything connects. Names are not resolved here.

use std::collections::BTreeSet;
use std::net::IpAddr;

use url::{Host, Url};

use crate::Endpoint;
use crate::address::special_range;
use crate::error::{Reason, RefusedError};

/// Ports a flow may reach on any public host. Others speak other protocols, and a request sent there is
/// more often an attack than a wish.
const PORTS: [u16; 4] = [80, 443, 8080, 8443];

/// How a checked host is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The operator named it: whatever it resolves to.
    Allowed,
    /// Only by public addresses.
    Public,
}

/// The rules and the operator's exceptions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policy {
    pub(crate) allowed: BTreeSet<Endpoint>,
}

impl Policy {
    /// Checks everything that can be told from the URL alone.
    pub(crate) fn check(&self, url: &Url) -> Result<(Endpoint, Way), RefusedError> {
        let refuse = |reason| RefusedError { endpoint: Endpoint::of(url), reason };
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refuse(Reason::Scheme(url.scheme().to_owned())));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse(Reason::UserInfo));
        }
        let Some(endpoint) = Endpoint::of(url) else { return Err(refuse(Reason::NoHost)) };
        let way = self.check_endpoint(&endpoint)?;
        if way == Way::Public && !PORTS.contains(&endpoint.port()) {
            return Err(refuse(Reason::Port));
        }
        Ok((endpoint, way))
    }

    /// Checks a host that is spoken to in another protocol than HTTP, on whatever port.
    pub(crate) fn check_endpoint(&self, endpoint: &Endpoint) -> Result<Way, RefusedError> {
        if self.allowed.contains(endpoint) {
            return Ok(Way::Allowed);
        }
        let refuse = |reason| RefusedError { endpoint: Some(endpoint.clone()), reason };
        match endpoint.host() {
            Host::Ipv4(address) => check_address(IpAddr::V4(*address)).map_err(refuse)?,
            Host::Ipv6(address) => check_address(IpAddr::V6(*address)).map_err(refuse)?,
            // RFC 6761 reserves the name; what a resolver says of it does not matter.
            Host::Domain(name) if is_localhost(name) => return Err(refuse(Reason::Localhost)),
            Host::Domain(_) => {}
        }
        Ok(Way::Public)
    }
}

/// Refuses an address of a special range.
pub(crate) fn check_address(address: IpAddr) -> Result<(), Reason> {
    match special_range(address) {
        None => Ok(()),
        Some(range) => Err(Reason::Address { address, range }),
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, allowed: &[&str]) -> Result<Way, String> {
        let policy = Policy { allowed: allowed.iter().map(|text| text.parse().unwrap()).collect() };
        match policy.check(&Url::parse(url).unwrap()) {
            Ok((_, way)) => Ok(way),
            Err(refusal) => Err(refusal.to_string()),
        }
    }

    #[test]
    fn every_spelling_of_a_private_address_is_refused() {
        let loopback = [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://0x7f.1/",
            "http://0x7f000001/",
            "http://2130706433/",
            "http://017700000001/",
            "http://0177.0.0.1/",
            "http:127.0.0.1/",
            "http:\\\\127.0.0.1\\",
            "http://１２７.0.0.1/",
            "http://①②⑦.0.0.1/",
            "http://127.0.0.\t1/",
            "http://127。0。0。1/",
            "http://%31%32%37.0.0.1/",
            "http://example.com@127.0.0.1/",
            "http://0/",
            "http://[::1]/",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::127.0.0.1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "http://localhost/",
            "http://LOCALHOST./",
            "http://loc\u{ad}alhost/",
            "http://a.localhost/",
        ];
        for url in loopback {
            assert!(check(url, &[]).is_err(), "{url}");
        }
        for url in ["http://169.254.169.254/latest", "http://10.0.0.1:8080", "https://[fd00:ec2::254]/"] {
            assert!(check(url, &[]).is_err(), "{url}");
        }
        assert_eq!(check("https://1.1.1.1/", &[]), Ok(Way::Public));
        assert_eq!(check("https://example.com/", &[]), Ok(Way::Public));
    }

    #[test]
    fn only_http_reaches_out() {
        for scheme in ["file", "gopher", "ftp", "ws", "view-source"] {
            let refusal = check(&format!("{scheme}://example.com/"), &[]).unwrap_err();
            assert!(refusal.contains(&format!("`{scheme}`")), "{refusal}");
        }
        for url in ["data:text/html,hi", "javascript:alert(1)", "about:blank", "blob:https://example.com/1"] {
            assert!(check(url, &["example.com:443"]).is_err(), "{url}");
        }
    }

    #[test]
    fn an_allowed_pair_opens_that_port_and_nothing_else() {
        let allowed = ["127.0.0.1:8081", "db.example:5432"];
        assert_eq!(check("http://127.0.0.1:8081/", &allowed), Ok(Way::Allowed));
        assert_eq!(check("http://0x7f.1:8081/", &allowed), Ok(Way::Allowed));
        assert_eq!(check("http://DB.example:5432/", &allowed), Ok(Way::Allowed));
        assert!(check("http://127.0.0.1:8082/", &allowed).is_err());
        assert!(check("http://127.0.0.2:8081/", &allowed).is_err());
        assert!(check("http://localhost:8081/", &allowed).is_err());
        assert!(check("http://user@127.0.0.1:8081/", &allowed).is_err());
        assert!(check("http://other.example:5432/", &allowed).is_err());
    }
}
