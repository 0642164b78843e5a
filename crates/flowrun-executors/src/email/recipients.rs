//! Who a mail goes to: lists as people write them.

use lettre::Address;
use lettre::message::Mailbox;
use url::Host;

/// The addresses of a list, separated by commas, semicolons or line ends; those within quotes or angle brackets
/// belong to a name or an address (`"Doe, Jane" <jane@a.example>`).
pub(super) fn split(list: &str) -> Vec<String> {
    let parts = quoted(list).unwrap_or_else(|| {
        // A quote that is never closed would swallow whoever stands behind it.
        list.split([',', ';', '\n', '\r']).collect()
    });
    parts.into_iter().map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
}

/// The parts between separators that stand outside of quotes; `None` when a quote is not closed.
fn quoted(list: &str) -> Option<Vec<&str>> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut in_quotes, mut in_angles, mut escaped) = (false, false, false);
    for (at, c) in list.char_indices() {
        match c {
            _ if std::mem::take(&mut escaped) => {}
            '\\' if in_quotes => escaped = true,
            '"' => in_quotes = !in_quotes,
            _ if in_quotes => {}
            '<' => in_angles = true,
            '>' => in_angles = false,
            ',' | ';' | '\n' | '\r' if !in_angles || matches!(c, '\n' | '\r') => {
                in_angles = false;
                parts.push(&list[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&list[start..]);
    (!in_quotes).then_some(parts)
}

/// Reads one address, with a name or without. An international domain becomes what mail servers call it.
pub(super) fn mailbox(text: &str) -> Option<Mailbox> {
    if text.contains(char::is_control) {
        return None;
    }
    let Mailbox { name, email } = text.trim().parse().ok()?;
    Some(Mailbox { name, email: with_ascii_domain(email)? })
}

fn with_ascii_domain(address: Address) -> Option<Address> {
    if address.domain().is_ascii() {
        return Some(address);
    }
    match Host::parse(address.domain()).ok()? {
        Host::Domain(domain) => Address::new(address.user(), domain).ok(),
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_split_as_people_write_them() {
        for (list, expected) in [
            ("a@x.example, b@x.example ,", &["a@x.example", "b@x.example"][..]),
            ("a@x.example; b@x.example\nc@x.example\r\n", &["a@x.example", "b@x.example", "c@x.example"]),
            (
                r#""Doe, Jane; CEO" <j@x.example>, b@x.example"#,
                &[r#""Doe, Jane; CEO" <j@x.example>"#, "b@x.example"],
            ),
            (r#""a \" , b" <j@x.example>;k@x.example"#, &[r#""a \" , b" <j@x.example>"#, "k@x.example"]),
            (
                r#""never closed <a@x.example>, b@x.example"#,
                &[r#""never closed <a@x.example>"#, "b@x.example"],
            ),
            ("<a@x.example>,<b@x.example", &["<a@x.example>", "<b@x.example"]),
            ("<a@x.example\nb@x.example", &["<a@x.example", "b@x.example"]),
            (" , ;\n", &[]),
        ] {
            assert_eq!(split(list), expected, "{list}");
        }
    }

    #[test]
    fn international_domains_become_what_servers_call_them() {
        let address = |text| mailbox(text).map(|mailbox| mailbox.email.to_string());
        assert_eq!(address("info@münchen.example").as_deref(), Some("info@xn--mnchen-3ya.example"));
        assert_eq!(address("Büro <info@例え.example>").as_deref(), Some("info@xn--r8jz45g.example"));
        assert_eq!(address(r#""Doe, Jane" <jane@x.example>"#).as_deref(), Some("jane@x.example"));
        assert_eq!(mailbox(r#""Doe, Jane" <jane@x.example>"#).unwrap().name.as_deref(), Some("Doe, Jane"));
        for bad in [
            "nobody",
            "@x.example",
            "a@x.example\r\nBcc: b@x.example",
            "a\0@x.example",
            "a@",
            "a b@x.example",
        ] {
            assert!(mailbox(bad).is_none(), "{bad:?}");
        }
    }
}
