//! Any text as an address.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

use flowrun_guard::{Guard, special_range};
use url::{Host, Url};

/// One for all inputs: making it reads the certificates of the whole web, which takes longer than any address.
static GUARD: LazyLock<Guard> =
    LazyLock::new(|| Guard::builder().build().expect("a guard without exceptions"));

/// An address that is let through is a public one, by a second reading of its spelling.
///
/// Nothing is sent and no name is looked up.
pub fn url_guard(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if GUARD.check_url(text).is_err() {
        return;
    }
    let url = Url::parse(text).expect("only what can be read is let through");
    assert!(matches!(url.scheme(), "http" | "https"), "{text}");
    assert!(url.username().is_empty() && url.password().is_none(), "{text}");
    assert!(matches!(url.port_or_known_default(), Some(80 | 443 | 8080 | 8443)), "{text}");
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            assert!(name != "localhost" && !name.ends_with(".localhost"), "{text}");
            // Whatever a resolver of the old kind would read as numbers must have become an address.
            assert!(name.parse::<IpAddr>().is_err(), "{text}");
        }
        Some(Host::Ipv4(address)) => {
            assert!(special_range(address.into()).is_none() && is_public(address), "{text}");
        }
        Some(Host::Ipv6(address)) => {
            assert_eq!(address.segments()[0] & 0xe000, 0x2000, "{text}: global unicast only");
            assert!(special_range(address.into()).is_none(), "{text}");
        }
        None => panic!("{text}: an address without a host was let through"),
    }
}

/// The same question as the guard's table answers, asked of the standard library's own.
fn is_public(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (b == 18 || b == 19))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99))
}
