//! What the address of a mail server says.

use flowrun_guard::Endpoint;
use lettre::transport::smtp::extension::ClientId;
use percent_encoding::percent_decode_str;
use url::{Host, Url};

/// A server and how it is spoken to.
pub(super) struct Server {
    pub(super) endpoint: Endpoint,
    pub(super) protection: Protection,
    /// User and password.
    pub(super) login: Option<(String, String)>,
}

/// How a connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protection {
    None,
    Opportunistic,
    Required,
    /// TLS from the first byte.
    Implicit,
}

impl Server {
    /// Reads the address.
    ///
    /// # Errors
    ///
    /// What is wrong with it. It is not repeated: it holds a password.
    pub(super) fn of(address: &str) -> Result<Self, String> {
        let wrong = "`FLOWRUN_SMTP_URL` is not the address of a mail server (smtp://host, smtp://host?tls=required, \
            smtps://host)";
        // A user or password that ends the host early leaves its `@` behind it.
        let (_, behind) = address.split_once("://").unwrap_or_default();
        let cut = behind.find(['/', '?', '#']).unwrap_or(behind.len());
        let is_cut = behind[cut..].contains('@');
        if is_cut {
            return Err(format!(
                "{wrong}; `/`, `?` and `#` in a user name or password are written `%2F`, `%3F` and `%23`"
            ));
        }
        Self::read(address).ok_or_else(|| wrong.to_owned())
    }

    fn read(address: &str) -> Option<Self> {
        let url = Url::parse(address.trim()).ok()?;
        let tls = url.query_pairs().find(|(key, _)| key == "tls").map(|(_, value)| value.into_owned());
        let (protection, port) = match (url.scheme(), tls.as_deref()) {
            ("smtp", None) => (Protection::None, 25),
            ("smtp", Some("opportunistic")) => (Protection::Opportunistic, 587),
            ("smtp", Some("required")) => (Protection::Required, 587),
            ("smtps", _) => (Protection::Implicit, 465),
            _ => return None,
        };
        let endpoint = Endpoint::new(url.host_str()?, url.port().unwrap_or(port)).ok()?;
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().ok().map(|text| text.into_owned());
        let login = match url.username() {
            "" => None,
            user => Some((decoded(user)?, decoded(url.password().unwrap_or_default())?)),
        };
        Some(Self { endpoint, protection, login })
    }
}

/// The name the client introduces itself with: the one that is given, else that of the host.
///
/// # Errors
///
/// When the given one cannot be a name.
pub(super) fn hello(name: Option<&str>) -> Result<ClientId, String> {
    let Some(name) = name else {
        return Ok(match ClientId::default() {
            // A machine may have a name that no server takes.
            ClientId::Domain(name) if !is_host_name(&name) => LITERAL,
            own => own,
        });
    };
    let wrong = || {
        format!(
            "`FLOWRUN_EHLO_NAME` is neither a host name nor an address in brackets: `{}`",
            flowrun::shown(name)
        )
    };
    if let Some(literal) = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let v6 = literal.strip_prefix("IPv6:").and_then(|address| address.parse().ok()).map(ClientId::Ipv6);
        let literal = v6.or_else(|| literal.parse().ok().map(ClientId::Ipv4));
        return literal.ok_or_else(wrong);
    }
    match Host::parse(name) {
        Ok(Host::Domain(name)) if is_host_name(&name) => Ok(ClientId::Domain(name)),
        _ => Err(wrong()),
    }
}

/// What stands for a name where there is none (RFC 5321, section 4.1.4).
const LITERAL: ClientId = ClientId::Ipv4(std::net::Ipv4Addr::LOCALHOST);

fn is_host_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_the_address_decides_about_the_port() {
        let endpoint = |url| Server::of(url).ok().map(|server| server.endpoint.to_string());
        for (url, expected) in [
            ("smtp://mail.example", Some("mail.example:25")),
            ("smtp://mail.example?tls=required", Some("mail.example:587")),
            ("smtp://mail.example:2525?tls=opportunistic", Some("mail.example:2525")),
            ("smtps://user:pass@mail.example", Some("mail.example:465")),
            ("smtp://[::1]:2525", Some("[::1]:2525")),
            ("smtps://u:p@[2001:db8::1]", Some("[2001:db8::1]:465")),
            ("smtp://127.0.0.1", Some("127.0.0.1:25")),
            ("smtp://münchen.example", Some("xn--mnchen-3ya.example:25")),
            ("http://mail.example", None),
            ("smtp:", None),
            ("smtp://mail.example?tls=maybe", None),
        ] {
            assert_eq!(endpoint(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn a_password_is_decoded_and_one_that_breaks_the_address_gets_help() {
        let login = |url| Server::of(url).ok().and_then(|server| server.login);
        let pair = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        assert_eq!(login("smtp://user:p%2Fa%3Fs%23s%40@mail.example"), pair("user", "p/a?s#s@"));
        assert_eq!(login("smtp://me%40a.example:p@ss@mail.example"), pair("me@a.example", "p@ss"));
        assert_eq!(login("smtp://user@mail.example"), pair("user", ""));
        assert_eq!(login("smtp://mail.example"), None);
        for password in ["hunter/2", "hunter#2", "hunter?2", "/hunter2", "hunter2#", "1/2"] {
            let said = Server::of(&format!("smtps://user:{password}@mail.example")).map(drop).unwrap_err();
            assert!(said.ends_with("are written `%2F`, `%3F` and `%23`"), "{said}");
            assert!(!said.contains("hunter"), "{said}");
        }
    }

    #[test]
    fn the_client_has_a_name() {
        let named = |name| hello(Some(name)).map(|id| id.to_string());
        assert_eq!(named("flows.example"), Ok("flows.example".to_owned()));
        assert_eq!(named("münchen.example"), Ok("xn--mnchen-3ya.example".to_owned()));
        assert_eq!(named("[192.0.2.1]"), Ok("[192.0.2.1]".to_owned()));
        assert_eq!(named("[IPv6:2001:db8::1]"), Ok("[IPv6:2001:db8::1]".to_owned()));
        for bad in ["", "a b", "a\r\nMAIL FROM:<x@y>", "192.0.2.1", "[x]", "a@b"] {
            assert!(named(bad).is_err(), "{bad:?}");
        }
        assert!(hello(None).is_ok());
    }
}
