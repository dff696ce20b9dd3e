//! The name that a certificate must be for (RFC 9525, RFC 6125).

use super::DistinguishedName;
use crate::{
    certificate::{Certificate, GeneralName},
    der::{Reader, tag},
    oid,
};
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
};

/// A name that a certificate must be for.
///
/// ```
/// use ravelin_trust::Name;
///
/// assert_eq!(Name::parse("dns:Server.Example.")?.to_string(), "dns:server.example");
/// assert_eq!(Name::parse("ip:2001:DB8::1")?.to_string(), "ip:2001:db8::1");
/// assert!(Name::parse("server.example").unwrap_err().to_string().contains("dns:"));
/// # Ok::<(), ravelin_trust::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// A DNS name in lower case, without a final dot; internationalised labels as A-labels.
    Dns(Box<str>),
    /// An IP address.
    Ip(IpAddr),
    /// An e-mail address.
    Email(Box<str>),
    /// A URI.
    Uri(Box<str>),
}

/// Text that is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no name to look for: {advice}")]
pub struct NameError {
    text: String,
    advice: &'static str,
}

impl Name {
    /// Reads a name with its kind in front: `dns:a.example`, `ip:192.0.2.1`, `email:a@b.example`, `uri:https://a.example/`.
    ///
    /// # Errors
    /// When the kind is missing or the rest is none of that kind.
    pub fn parse(text: &str) -> Result<Name, NameError> {
        let error = |advice| NameError { text: text.to_owned(), advice };
        let Some((kind, rest)) = text.split_once(':') else {
            return Err(error("say which kind it is of: dns:, ip:, email: or uri:"));
        };
        match kind {
            "dns" => Name::dns(rest),
            "ip" => rest
                .parse()
                .map(Name::Ip)
                .map_err(|_| error("write an address like 192.0.2.1 or 2001:db8::1")),
            "email" if is_email(rest.as_bytes()) || rest.split('@').count() == 2 => {
                Ok(Name::Email(rest.into()))
            }
            "email" => Err(error("write an address like someone@a.example")),
            "uri" if uri_host(rest.as_bytes()).is_some() || rest.contains(':') => {
                Ok(Name::Uri(rest.into()))
            }
            "uri" => Err(error("write a URI with its scheme, like https://a.example/")),
            _ => Err(error("say which kind it is of: dns:, ip:, email: or uri:")),
        }
    }

    /// A DNS name.
    ///
    /// # Errors
    /// When it is none: internationalised names must be given as A-labels (RFC 5890).
    pub fn dns(text: &str) -> Result<Name, NameError> {
        let error = |advice| Err(NameError { text: text.to_owned(), advice });
        let name = text.strip_suffix('.').unwrap_or(text);
        if !name.is_ascii() {
            return error("write internationalised names as A-labels (xn--…)");
        }
        if name.parse::<Ipv4Addr>().is_ok() {
            return error("that is an IP address: use ip:");
        }
        if name.contains('*') || dns_syntax_fault(name.as_bytes(), true).is_some() {
            return error("a DNS name has labels of 1 to 63 letters, digits and hyphens");
        }
        Ok(Name::Dns(name.to_ascii_lowercase().into()))
    }

    /// The host of a server by name or address, as people write it.
    ///
    /// # Errors
    /// When it is neither.
    pub fn host(text: &str) -> Result<Name, NameError> {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        bare.parse().map_or_else(|_| Name::dns(text), |address| Ok(Name::Ip(address)))
    }

    /// Looks for this name in a certificate. `common_name`: whether a common name counts when no other name of a host is
    /// there, as before RFC 6125.
    pub(crate) fn find(&self, certificate: &Certificate<'_>, common_name: bool) -> Presented {
        let Ok(names) = certificate.subject_alt_names() else { return Presented::Unreadable };
        let has_names = names.is_some();
        let mut others = Vec::new();
        let mut hosts = false;
        for name in names.into_iter().flatten() {
            let Ok(name) = name else { return Presented::Unreadable };
            if self.is(&name) {
                return Presented::Found;
            }
            hosts |= matches!(name, GeneralName::Dns(_) | GeneralName::Ip(_) | GeneralName::Uri(_));
            others.push(name.to_string());
        }
        let subject = certificate.subject();
        if common_name && self.in_subject(&subject, hosts, has_names) {
            return Presented::FoundInSubject;
        }
        let common_names = subject.common_names().map(|name| name.escape_default().to_string());
        Presented::Missing { others, common_names: common_names.collect() }
    }

    fn is(&self, presented: &GeneralName<'_>) -> bool {
        match (self, presented) {
            (Name::Dns(name), GeneralName::Dns(pattern)) => dns_matches(name, pattern),
            (Name::Ip(IpAddr::V4(address)), GeneralName::Ip(bytes)) => address.octets() == **bytes,
            (Name::Ip(IpAddr::V6(address)), GeneralName::Ip(bytes)) => address.octets() == **bytes,
            (Name::Email(address), GeneralName::Email(presented)) => {
                email_matches(address.as_bytes(), presented)
            }
            // Addresses beyond ASCII (RFC 9598).
            (Name::Email(address), GeneralName::Other { kind: oid::SMTP_UTF8_MAILBOX, value }) => {
                Reader::new(value)
                    .read(tag::UTF8_STRING)
                    .is_ok_and(|text| email_matches(address.as_bytes(), text.content))
            }
            (Name::Uri(uri), GeneralName::Uri(presented)) => uri_matches(uri.as_bytes(), presented),
            _ => false,
        }
    }

    /// Where names were before subject alternative names.
    fn in_subject(&self, subject: &DistinguishedName<'_>, hosts: bool, has_names: bool) -> bool {
        match self {
            Name::Dns(name) if !hosts => subject
                .common_names()
                .last()
                .is_some_and(|common| dns_matches(name, common.as_bytes())),
            Name::Ip(address) if !hosts => {
                subject.common_names().last().is_some_and(|common| common.parse() == Ok(*address))
            }
            Name::Email(address) if !has_names => subject
                .email_addresses()
                .any(|presented| email_matches(address.as_bytes(), presented)),
            _ => false,
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Name::Dns(name) => write!(f, "dns:{name}"),
            Name::Ip(address) => write!(f, "ip:{address}"),
            Name::Email(address) => write!(f, "email:{address}"),
            Name::Uri(uri) => write!(f, "uri:{uri}"),
        }
    }
}

/// What a certificate has to say about a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Presented {
    /// It is for the name.
    Found,
    /// It is for the name by its subject alone.
    FoundInSubject,
    /// It is for others.
    Missing { others: Vec<String>, common_names: Vec<String> },
    /// Its names cannot be read.
    Unreadable,
}

/// RFC 9525, section 6.3: label by label; a wild card is the whole of the leftmost label, stands for exactly one, and has
/// two labels behind it at least: nobody owns a top-level domain whole.
fn dns_matches(name: &str, pattern: &[u8]) -> bool {
    let name = name.as_bytes();
    match pattern.strip_prefix(b"*.") {
        Some(parent) => {
            let Some(dot) = name.iter().position(|byte| *byte == b'.') else { return false };
            dot > 0
                && parent.contains(&b'.')
                && dns_syntax_fault(parent, true).is_none()
                && name[dot + 1..].eq_ignore_ascii_case(parent)
        }
        None => !pattern.is_empty() && name.eq_ignore_ascii_case(pattern),
    }
}

/// RFC 5280, section 7.5: the mailbox is compared exactly, the host without regard to case.
pub(super) fn email_matches(address: &[u8], presented: &[u8]) -> bool {
    let split = |text: &[u8]| text.iter().rposition(|byte| *byte == b'@');
    match (split(address), split(presented)) {
        (Some(a), Some(b)) => {
            address[..a] == presented[..b] && address[a..].eq_ignore_ascii_case(&presented[b..])
        }
        _ => false,
    }
}

/// RFC 3986, section 6.2.2.1: scheme and host are compared without regard to case, the rest exactly.
fn uri_matches(uri: &[u8], presented: &[u8]) -> bool {
    let split = |text: &[u8]| {
        let host = uri_host(text).map_or(0, |host| host.1);
        let scheme = text.iter().position(|byte| *byte == b':').unwrap_or(0);
        host.max(scheme)
    };
    let (a, b) = (split(uri), split(presented));
    uri[..a].eq_ignore_ascii_case(&presented[..b]) && uri[a..] == presented[b..]
}

/// A URI's host, and where it ends (RFC 3986, section 3.2.2).
pub(crate) fn uri_host(uri: &[u8]) -> Option<(&[u8], usize)> {
    let scheme = uri.iter().position(|byte| *byte == b':')?;
    let is_scheme = uri[..scheme].first().is_some_and(u8::is_ascii_alphabetic)
        && uri[..scheme]
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    let rest = uri[scheme + 1..].strip_prefix(b"//")?;
    if !is_scheme {
        return None;
    }
    let start = scheme + 3;
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    let authority = &rest[..end.unwrap_or(rest.len())];
    let user = authority.iter().rposition(|byte| *byte == b'@').map_or(0, |at| at + 1);
    let host = &authority[user..];
    let length = if host.first() == Some(&b'[') {
        host.iter().position(|byte| *byte == b']')? + 1
    } else {
        host.iter().position(|byte| *byte == b':').unwrap_or(host.len())
    };
    if length == 0 {
        return None;
    }
    Some((&host[..length], start + user + length))
}

/// A mailbox as certificates hold it: `local@host` (RFC 5280, section 4.2.1.6).
pub(crate) fn is_email(address: &[u8]) -> bool {
    let Some(at) = address.iter().rposition(|byte| *byte == b'@') else { return false };
    let (local, host) = (&address[..at], &address[at + 1..]);
    let quoted = local.len() >= 2 && local.starts_with(b"\"") && local.ends_with(b"\"");
    !local.is_empty()
        && address.is_ascii()
        && (quoted
            || !local.iter().any(|byte| {
                matches!(
                    byte,
                    b'@' | b' ' | b'"' | b'<' | b'>' | b'(' | b')' | b',' | b':' | b';' | b'\\'
                ) || byte.is_ascii_control()
            }))
        && (host.starts_with(b"[") && host.ends_with(b"]")
            || dns_syntax_fault(host, false).is_none())
}

/// What keeps bytes from being a DNS name in the preferred syntax (RFC 1034, section 3.5; RFC 1123, section 2.1).
/// `underscores`: whether they may stand where letters may.
pub(crate) fn dns_syntax_fault(name: &[u8], underscores: bool) -> Option<&'static str> {
    if name.is_empty() {
        return Some("it is empty");
    }
    if name.len() > 253 {
        return Some("it is longer than 253 bytes");
    }
    for label in name.split(|byte| *byte == b'.') {
        match *label {
            [] => return Some("a label is empty"),
            [b'-', ..] | [.., b'-'] => return Some("a label begins or ends with a hyphen"),
            _ => {}
        }
        if label.len() > 63 {
            return Some("a label is longer than 63 bytes");
        }
        for byte in label {
            match byte {
                b'_' if !underscores => return Some("it contains an underscore"),
                b'*' => return Some("a wild card is not the whole leftmost label"),
                byte if !byte.is_ascii() => return Some("it contains bytes that are not ASCII"),
                byte if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') => {}
                _ => return Some("it contains a character that no host name has"),
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_names_match_label_by_label() {
        let matches = |name: &str, pattern: &str| dns_matches(name, pattern.as_bytes());
        assert!(matches("a.example", "A.Example"));
        assert!(!matches("a.example", "b.a.example") && !matches("b.a.example", "a.example"));
        assert!(matches("b.a.example", "*.a.example"));
        assert!(!matches("c.b.a.example", "*.a.example") && !matches("a.example", "*.a.example"));
        for pattern in [
            "*.example",
            "*",
            "*.",
            "b*.a.example",
            "b.*.example",
            "*b.a.example",
            "*.*.example",
            "",
            "a.example.",
            ".a.example",
        ] {
            assert!(!matches("b.a.example", pattern), "{pattern}");
        }
        assert!(!matches("a.example", "*.example"));
    }

    #[test]
    fn mailboxes_keep_their_case_and_hosts_do_not() {
        assert!(email_matches(b"Some@A.example", b"Some@a.EXAMPLE"));
        assert!(!email_matches(b"some@a.example", b"Some@a.example"));
        assert!(!email_matches(b"a.example", b"a.example"));
        assert!(
            is_email(b"a@b.example")
                && is_email(b"\"a b\"@b.example")
                && is_email(b"a@[192.0.2.1]")
        );
        assert!(
            !is_email(b"a@b@c.example") && !is_email(b"@b") && !is_email(b"a@") && !is_email(b"a")
        );
    }

    #[test]
    fn hosts_of_uris() {
        let host = |uri: &'static str| {
            uri_host(uri.as_bytes()).map(|(host, _)| std::str::from_utf8(host).unwrap())
        };
        assert_eq!(host("https://a.example/b"), Some("a.example"));
        assert_eq!(host("x+y://u:p@a.example:80?q"), Some("a.example"));
        assert_eq!(host("https://[::1]:5/"), Some("[::1]"));
        assert_eq!(host("spiffe://trust/x"), Some("trust"));
        for none in ["urn:a:b", "https:///b", "a.example", "://a", "1x://a", "https://[::1"] {
            assert_eq!(host(none), None, "{none}");
        }
        assert!(uri_matches(b"HTTPS://A.example/b", b"https://a.example/b"));
        assert!(!uri_matches(b"https://a.example/B", b"https://a.example/b"));
        assert!(uri_matches(b"URN:a:b", b"urn:a:b") && !uri_matches(b"urn:A:b", b"urn:a:b"));
    }

    #[test]
    fn names_to_look_for_are_checked() {
        for wrong in [
            "dns:",
            "dns:a..b",
            "dns:*.a.example",
            "dns:192.0.2.1",
            "dns:\u{e9}.example",
            "ip:a",
            "email:a",
            "uri:a",
            "x:y",
            "a",
        ] {
            assert!(Name::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Name::host("[::1]"), Ok(Name::Ip("::1".parse().unwrap())));
        assert_eq!(Name::host("A.example"), Ok(Name::Dns("a.example".into())));
        assert!(Name::parse("dns:_sip.a.example").is_ok());
    }
}
