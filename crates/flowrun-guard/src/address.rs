//! Which IP addresses are public: the one question between a flow and the network it runs in.
//!
//! The tables are the IANA special-purpose registries plus multicast. Of IPv6 only global unicast
//! (`2000::/3`) can be public at all, and no form that carries an IPv4 address inside is: what a translator
//! on the way would make of it cannot be known here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The special range `address` lies in; `None` for an address of the public internet.
///
/// ```
/// use flowrun_guard::special_range;
///
/// assert_eq!(special_range("10.1.2.3".parse()?), Some("private"));
/// assert_eq!(special_range("::ffff:127.0.0.1".parse()?), Some("IPv4-mapped"));
/// assert_eq!(special_range("1.1.1.1".parse()?), None);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[must_use]
pub fn special_range(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => special_v4(address),
        IpAddr::V6(address) => special_v6(address),
    }
}

/// First address, prefix length, name.
const V4: &[(Ipv4Addr, u32, &str)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8, "this network"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "carrier-grade NAT"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "protocol assignment"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "documentation"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "6to4 relay"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "benchmarking"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
];

/// First address, prefix length, name; the first that fits names the range.
const V6: &[(Ipv6Addr, u32, &str)] = &[
    (Ipv6Addr::UNSPECIFIED, 128, "unspecified"),
    (Ipv6Addr::LOCALHOST, 128, "loopback"),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, "IPv4-mapped"),
    (Ipv6Addr::UNSPECIFIED, 96, "IPv4-compatible"),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, "NAT64"),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, "NAT64"),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, "Teredo"),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "protocol assignment"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "documentation"),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "6to4"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "documentation"),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, "unique local"),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, "link-local"),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "multicast"),
];

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    let in_range = |first: Ipv4Addr, length: u32| (address.to_bits() ^ first.to_bits()) >> (32 - length) == 0;
    V4.iter().find(|&&(first, length, _)| in_range(first, length)).map(|&(_, _, name)| name)
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    let in_range =
        |first: Ipv6Addr, length: u32| (address.to_bits() ^ first.to_bits()) >> (128 - length) == 0;
    if let Some(&(_, _, name)) = V6.iter().find(|&&(first, length, _)| in_range(first, length)) {
        return Some(name);
    }
    // RFC 5214: an interface id of 0:5efe or 200:5efe is followed by an IPv4 address.
    let [.., high, low, _, _] = address.segments();
    if (high == 0 || high == 0x200) && low == 0x5efe {
        return Some("ISATAP");
    }
    (address.segments()[0] >> 13 != 1).then_some("not global unicast")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_ranges(table: &[(&str, Option<&str>)]) {
        for (address, range) in table {
            assert_eq!(special_range(address.parse().unwrap()), *range, "{address}");
        }
    }

    #[test]
    fn both_ends_of_every_ipv4_range_are_special_and_their_neighbours_are_not() {
        assert_ranges(&[
            ("0.0.0.0", Some("this network")),
            ("0.255.255.255", Some("this network")),
            ("1.0.0.0", None),
            ("9.255.255.255", None),
            ("10.0.0.0", Some("private")),
            ("10.255.255.255", Some("private")),
            ("11.0.0.0", None),
            ("100.63.255.255", None),
            ("100.64.0.0", Some("carrier-grade NAT")),
            ("100.127.255.255", Some("carrier-grade NAT")),
            ("100.128.0.0", None),
            ("126.255.255.255", None),
            ("127.0.0.1", Some("loopback")),
            ("127.255.255.255", Some("loopback")),
            ("128.0.0.0", None),
            ("169.253.255.255", None),
            ("169.254.169.254", Some("link-local")),
            ("169.255.0.0", None),
            ("172.15.255.255", None),
            ("172.16.0.0", Some("private")),
            ("172.31.255.255", Some("private")),
            ("172.32.0.0", None),
            ("192.0.0.255", Some("protocol assignment")),
            ("192.0.1.0", None),
            ("192.0.2.1", Some("documentation")),
            ("192.0.3.0", None),
            ("192.88.99.1", Some("6to4 relay")),
            ("192.167.255.255", None),
            ("192.168.0.0", Some("private")),
            ("192.169.0.0", None),
            ("198.17.255.255", None),
            ("198.18.0.0", Some("benchmarking")),
            ("198.19.255.255", Some("benchmarking")),
            ("198.20.0.0", None),
            ("198.51.100.7", Some("documentation")),
            ("203.0.113.7", Some("documentation")),
            ("223.255.255.255", None),
            ("224.0.0.1", Some("multicast")),
            ("239.255.255.255", Some("multicast")),
            ("240.0.0.0", Some("reserved")),
            ("255.255.255.255", Some("reserved")),
        ]);
    }

    #[test]
    fn ipv6_is_public_only_as_plain_global_unicast() {
        assert_ranges(&[
            ("::", Some("unspecified")),
            ("::1", Some("loopback")),
            ("::7f00:1", Some("IPv4-compatible")),
            ("::ffff:10.0.0.1", Some("IPv4-mapped")),
            ("::ffff:1.1.1.1", Some("IPv4-mapped")),
            ("::ffff:0:127.0.0.1", Some("not global unicast")),
            ("64:ff9b::7f00:1", Some("NAT64")),
            ("64:ff9b:1:ffff::1", Some("NAT64")),
            ("100::1", Some("not global unicast")),
            ("2001::1", Some("Teredo")),
            ("2001:2::1", Some("protocol assignment")),
            ("2001:1ff:ffff::1", Some("protocol assignment")),
            ("2001:200::1", None),
            ("2001:db8::1", Some("documentation")),
            ("2001:db9::1", None),
            ("2002:7f00:1::", Some("6to4")),
            ("2003::1", None),
            ("2606:4700:4700::1111", None),
            ("2a00::5efe:a00:1", Some("ISATAP")),
            ("2a00::200:5efe:a00:1", Some("ISATAP")),
            ("3fff:fff::1", Some("documentation")),
            ("3fff:1000::1", None),
            ("4000::1", Some("not global unicast")),
            ("5f00::1", Some("not global unicast")),
            ("fc00::1", Some("unique local")),
            ("fd00:ec2::254", Some("unique local")),
            ("fe80::1", Some("link-local")),
            ("fec0::1", Some("not global unicast")),
            ("ff02::1", Some("multicast")),
        ]);
    }
}
