//! The names a certificate is for: `dns:`, `ip:`, `email:` and `uri:` (RFC 5280, section 4.2.1.6).

use rcgen::SanType;
use std::{
    fmt::{self, Display},
    net::IpAddr,
    str::FromStr,
};
use x509_parser::extensions::GeneralName;

/// Longest name in DNS without its final dot (RFC 1035, section 2.3.4).
const MAX_DNS: usize = 253;

/// Longest label of a name in DNS.
const MAX_LABEL: usize = 63;

/// Longest part before the `@` (RFC 5321, section 4.5.3.1.1).
const MAX_LOCAL: usize = 64;

/// One name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// A host, in lower case; the first label may be `*`.
    Dns(String),
    /// An address.
    Ip(IpAddr),
    /// A mailbox.
    Email(String),
    /// A URI with a scheme.
    Uri(String),
}

impl Name {
    /// The name as a certificate holds it.
    ///
    /// # Errors
    /// Never for a name that was read.
    pub fn to_san(&self) -> Result<SanType, rcgen::Error> {
        Ok(match self {
            Name::Dns(name) => SanType::DnsName(name.as_str().try_into()?),
            Name::Ip(address) => SanType::IpAddress(*address),
            Name::Email(mailbox) => SanType::Rfc822Name(mailbox.as_str().try_into()?),
            Name::Uri(uri) => SanType::URI(uri.as_str().try_into()?),
        })
    }

    /// A name out of a certificate or request, judged as if it had been typed.
    ///
    /// # Errors
    /// When it is of another kind, or not fit to be issued; the message shows it.
    pub fn from_general(name: &GeneralName<'_>) -> Result<Name, String> {
        let text = general(name);
        match name {
            GeneralName::DNSName(_)
            | GeneralName::IPAddress(_)
            | GeneralName::RFC822Name(_)
            | GeneralName::URI(_) => text.parse().map_err(|fault| format!("{text} ({fault})")),
            _ => Err(format!("{text} (such names are not issued)")),
        }
    }

    /// The name without its kind.
    pub fn value(&self) -> String {
        match self {
            Name::Dns(text) | Name::Email(text) | Name::Uri(text) => text.clone(),
            Name::Ip(address) => address.to_string(),
        }
    }
}

/// Any name of a certificate, for people to read.
pub fn general(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(name) => format!("dns:{}", name.escape_debug()),
        GeneralName::RFC822Name(mailbox) => format!("email:{}", mailbox.escape_debug()),
        GeneralName::URI(uri) => format!("uri:{}", uri.escape_debug()),
        GeneralName::IPAddress(octets) => {
            if let Ok(octets) = <[u8; 4]>::try_from(*octets) {
                format!("ip:{}", IpAddr::from(octets))
            } else if let Ok(octets) = <[u8; 16]>::try_from(*octets) {
                format!("ip:{}", IpAddr::from(octets))
            } else {
                format!("ip:{}", super::facts::hex(octets))
            }
        }
        GeneralName::DirectoryName(name) => {
            format!("dirname:{}", super::dn::DistinguishedName::from_parsed(name))
        }
        GeneralName::RegisteredID(oid) => format!("rid:{oid}"),
        GeneralName::OtherName(oid, _) => format!("other:{oid}"),
        GeneralName::X400Address(_) => "x400".into(),
        GeneralName::EDIPartyName(_) => "edi".into(),
        GeneralName::Invalid(..) => "invalid".into(),
    }
}

impl Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Name::Dns(name) => write!(out, "dns:{name}"),
            Name::Ip(address) => write!(out, "ip:{address}"),
            Name::Email(mailbox) => write!(out, "email:{mailbox}"),
            Name::Uri(uri) => write!(out, "uri:{uri}"),
        }
    }
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Name, String> {
        let (kind, value) = text.split_once(':').unwrap_or(("", text));
        match kind {
            "dns" => dns(value).map(Name::Dns),
            "ip" => value.parse().map(Name::Ip).map_err(|_| {
                "no IPv4 or IPv6 address, such as ip:192.0.2.1 or ip:2001:db8::1".into()
            }),
            "email" => email(value).map(Name::Email),
            "uri" => uri(value).map(Name::Uri),
            _ if text.parse::<IpAddr>().is_ok() => Err(format!("say what it is: ip:{text}")),
            _ if text.contains("://") => Err(format!("say what it is: uri:{text}")),
            _ if text.contains('@') => Err(format!("say what it is: email:{text}")),
            "" => Err(format!("say what it is: dns:{text}")),
            _ => Err("names begin with dns:, ip:, email: or uri:".into()),
        }
    }
}

/// A name in preferred syntax (RFC 1034, section 3.5). Underscores are let through: many private hosts have them, and
/// clients accept them.
fn dns(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("an empty name".into());
    }
    if !text.is_ascii() {
        return Err(
            "write an internationalised name as its A-labels, such as dns:xn--bcher-kva.example"
                .into(),
        );
    }
    if text.parse::<IpAddr>().is_ok() {
        return Err(format!("that is an address; write ip:{text}"));
    }
    if text.len() > MAX_DNS {
        return Err(format!("a name has {MAX_DNS} characters at most"));
    }
    if text.ends_with('.') {
        return Err("certificates hold names without the final dot".into());
    }
    let host = text.strip_prefix("*.").unwrap_or(text);
    for label in host.split('.') {
        if label.is_empty() {
            return Err("an empty label between two dots".into());
        }
        if label.len() > MAX_LABEL {
            return Err(format!("a label has {MAX_LABEL} characters at most"));
        }
        if label.contains('*') {
            return Err("`*` stands only for the whole first label, and another follows".into());
        }
        if let Some(wrong) =
            label.chars().find(|c| !(c.is_ascii_alphanumeric() || *c == '-' || *c == '_'))
        {
            return Err(format!("`{}` does not occur in host names", wrong.escape_debug()));
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err("a label neither begins nor ends with a hyphen".into());
        }
    }
    // An all-digit last label reads as an address to some, such as in 1.2.3.400 (RFC 1123, section 2.1).
    if host.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err("the last label is not all digits".into());
    }
    Ok(text.to_ascii_lowercase())
}

fn email(text: &str) -> Result<String, String> {
    let (local, host) = text.rsplit_once('@').ok_or("a mailbox has an `@`")?;
    if !text.is_ascii() {
        return Err("mailboxes are ASCII (write the host as its A-labels)".into());
    }
    let is_atom =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte);
    if local.is_empty()
        || local.len() > MAX_LOCAL
        || !local.bytes().all(is_atom)
        || local.split('.').any(str::is_empty)
    {
        return Err("what stands before the `@` is no mailbox".into());
    }
    if host.contains('*') {
        return Err("a mailbox has a whole host".into());
    }
    Ok(format!("{local}@{}", dns(host)?))
}

fn uri(text: &str) -> Result<String, String> {
    let (scheme, rest) =
        text.split_once(':').ok_or("a URI has a scheme, such as uri:https://example.com/")?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if !is_scheme || rest.is_empty() {
        return Err("a URI is a scheme, a colon and more, such as uri:https://example.com/".into());
    }
    let is_allowed = |byte: u8| byte.is_ascii_graphic() && !b"<>\"{}|\\^`".contains(&byte);
    match text.chars().find(|c| !u8::try_from(*c).is_ok_and(is_allowed)) {
        Some(wrong) => Err(format!("`{}` must be percent-encoded in a URI", wrong.escape_debug())),
        None => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_shown_alike() {
        for text in [
            "dns:localhost",
            "dns:a.example",
            "dns:*.a.example",
            "dns:my_host.a-b.example",
            "dns:xn--bcher-kva.example",
            "ip:192.0.2.1",
            "ip:2001:db8::1",
            "email:a.b+c@mail.example",
            "uri:https://a.example/b?c#d",
            "uri:urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "uri:spiffe://a.example/b",
        ] {
            assert_eq!(text.parse::<Name>().unwrap().to_string(), text);
        }
        assert_eq!("dns:WWW.Example".parse::<Name>().unwrap(), Name::Dns("www.example".into()));
    }

    #[test]
    fn what_is_no_name_is_told_why() {
        let long = format!("dns:{}.example", "a".repeat(64));
        let longer = format!("dns:{}example", "abcdefg.".repeat(32));
        for (text, expected) in [
            ("a.example", "say what it is: dns:a.example"),
            ("192.0.2.1", "say what it is: ip:192.0.2.1"),
            ("2001:db8::1", "say what it is: ip:2001:db8::1"),
            ("a@b.example", "say what it is: email:a@b.example"),
            ("https://a.example", "say what it is: uri:https://a.example"),
            ("a.example:443", "names begin with dns:, ip:, email: or uri:"),
            ("dns:", "an empty name"),
            ("dns:192.0.2.1", "that is an address; write ip:192.0.2.1"),
            ("dns:b\u{fc}cher.example", "A-labels"),
            ("dns:a.example.", "final dot"),
            ("dns:a..example", "empty label"),
            ("dns:.example", "empty label"),
            ("dns:*", "whole first label"),
            ("dns:a.*.example", "whole first label"),
            ("dns:*a.example", "whole first label"),
            ("dns:a b", "` ` does not occur"),
            ("dns:a\0.example", "`\\0` does not occur"),
            ("dns:-a.example", "hyphen"),
            ("dns:1.2.3.400", "all digits"),
            (&long, "63 characters"),
            (&longer, "253 characters"),
            ("ip:192.0.2.0/24", "no IPv4 or IPv6 address"),
            ("email:a", "has an `@`"),
            ("email:@b.example", "no mailbox"),
            ("email:a b@b.example", "no mailbox"),
            ("email:a@*.example", "whole host"),
            ("uri:/relative", "a scheme"),
            ("uri:https://a b", "percent-encoded"),
        ] {
            let fault = text.parse::<Name>().unwrap_err();
            assert!(fault.contains(expected), "{text}: {fault}");
        }
    }
}
