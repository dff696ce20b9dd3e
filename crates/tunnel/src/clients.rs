//! Which clients may come in, by their certificates.
//!
//! The handshake ends those whose certificate is not trusted. What is left to decide behind it is whether a trusted one
//! is among those that are wanted: [`ClientAuth::admits`].

use crate::{log::CertificateRecord, metrics::NO_CERTIFICATE};
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ravelin_tls::Trust;
use ravelin_trust::{Certificate, Verdict, certificate::GeneralName};
use schemars::JsonSchema;
use serde::Deserialize;
use std::{fmt, str::FromStr, sync::Arc};

/// Names of a certificate that are listed in a refusal. More would only fill the log.
const MAX_LISTED: usize = 8;

/// Whether clients are asked for a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ClientAuthMode {
    /// They are not.
    #[default]
    None,
    /// They are. One that has none may go on; one whose certificate is not trusted may not.
    Optional,
    /// They are, and need one.
    Required,
}

/// How the clients of a service are judged that asks them for certificates.
#[derive(Clone, Debug)]
pub struct ClientAuth {
    /// Whether they need one.
    pub required: bool,
    /// What is trusted, and which revocations are known.
    pub trust: Arc<Trust>,
    /// Names of which a certificate must have one, unless its key is among [`pins`](Self::pins).
    pub names: Vec<NamePattern>,
    /// Keys of which a certificate must have one, unless a name of its is among [`names`](Self::names).
    pub pins: Vec<Pin>,
}

impl ClientAuth {
    /// Whether a client with this verdict on its certificate may come in; without a verdict it gave none. Where there are
    /// neither names nor pins, every trusted certificate is as good as another.
    ///
    /// # Errors
    /// When it may not.
    pub fn admits(&self, verdict: Option<&Verdict>) -> Result<(), NotAllowed> {
        let Some(verdict) = verdict else {
            return if self.required { Err(NotAllowed::NoCertificate) } else { Ok(()) };
        };
        admits(verdict, &self.names, &self.pins)
    }
}

/// Whether a certificate is trusted and, where there are rules, one of them fits.
pub(crate) fn admits(
    verdict: &Verdict,
    names: &[NamePattern],
    pins: &[Pin],
) -> Result<(), NotAllowed> {
    let Some(trusted) = verdict.trusted() else {
        return Err(NotAllowed::Untrusted(verdict.status().word()));
    };
    let certificate = trusted.certificate();
    let free = names.is_empty() && pins.is_empty();
    if free
        || pins.contains(&Pin::of(certificate))
        || names.iter().any(|name| name.matches(certificate))
    {
        return Ok(());
    }
    Err(NotAllowed::NoRule(presented(certificate)))
}

/// Why a peer is refused, although its handshake was finished.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAllowed {
    /// It gave no certificate, and needs one.
    #[error("it gave no certificate")]
    NoCertificate,
    /// Its certificate is not trusted; this is the word for it.
    #[error("its certificate is not trusted: {0}")]
    Untrusted(&'static str),
    /// Its certificate is trusted, but no rule allows it. Names and pin follow, as rules would be written.
    #[error("no rule allows its certificate: {0}")]
    NoRule(String),
}

/// What rules could say to allow a certificate.
fn presented(certificate: &Certificate<'_>) -> String {
    let mut all: Vec<String> = names(certificate)
        .take(MAX_LISTED)
        .filter(|name| {
            matches!(name, GeneralName::Dns(_) | GeneralName::Email(_) | GeneralName::Uri(_))
        })
        .map(|name| name.to_string())
        .collect();
    all.push(format!("dn:{}", certificate.subject()));
    all.push(format!("pin {}", Pin::of(certificate)));
    all.join(", ")
}

fn names<'c>(certificate: &'c Certificate<'_>) -> impl Iterator<Item = GeneralName<'c>> {
    let names = certificate.subject_alt_names().ok().flatten();
    names.into_iter().flatten().filter_map(Result::ok)
}

/// What the log tells of a peer's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PeerFacts {
    status: &'static str,
    code: Option<&'static str>,
    common_name: Option<String>,
    pin: Option<String>,
}

impl PeerFacts {
    /// Of a client that gave none.
    pub(crate) fn none() -> PeerFacts {
        PeerFacts { status: NO_CERTIFICATE, code: None, common_name: None, pin: None }
    }

    /// Of one that was judged.
    pub(crate) fn of(verdict: &Verdict) -> PeerFacts {
        let own = verdict.deciding().certificates.first();
        PeerFacts {
            status: verdict.status().word(),
            code: verdict.code(),
            common_name: own.and_then(|own| common_name(own)),
            pin: own.map(|own| Pin::of(own).to_string()),
        }
    }

    pub(crate) fn record(&self) -> CertificateRecord<'_> {
        CertificateRecord {
            status: self.status,
            code: self.code,
            common_name: self.common_name.as_deref(),
            pin: self.pin.as_deref(),
        }
    }
}

/// The common name of a certificate's subject, the most specific if it has several.
pub(crate) fn common_name(certificate: &Certificate<'_>) -> Option<String> {
    certificate.subject().common_names().last().map(std::borrow::Cow::into_owned)
}

/// A name that a client's certificate may have: `dns:a.example`, `dns:*.a.example`, `email:me@a.example`,
/// `uri:spiffe://a.example/me` or `dn:CN=me,O=Example`.
///
/// All but `dn:` are looked for among the subject alternative names alone. Host names are compared without regard to
/// case, `*` stands for exactly one label (RFC 9525, section 6.3); everything else must be the same to the byte. A subject is
/// written as RFC 4514 has it, its most specific attribute first.
///
/// ```
/// use ravelin_tunnel::clients::NamePattern;
///
/// assert_eq!("dns:*.Fleet.Example".parse::<NamePattern>()?.to_string(), "dns:*.fleet.example");
/// assert!("fleet.example".parse::<NamePattern>().unwrap_err().contains("dns:"));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NamePattern {
    /// A DNS name in lower case.
    Dns(Box<str>),
    /// The names one label below this one, in lower case.
    DnsBelow(Box<str>),
    /// An e-mail address; its host in lower case.
    Email(Box<str>),
    /// A URI.
    Uri(Box<str>),
    /// A subject, as RFC 4514 writes it.
    Subject(Box<str>),
}

impl NamePattern {
    /// Whether a certificate has such a name.
    pub fn matches(&self, certificate: &Certificate<'_>) -> bool {
        match self {
            NamePattern::Subject(subject) => *certificate.subject().to_string() == **subject,
            _ => names(certificate).any(|name| self.is(&name)),
        }
    }

    fn is(&self, name: &GeneralName<'_>) -> bool {
        match (self, name) {
            (NamePattern::Dns(wanted), GeneralName::Dns(name)) => {
                without_dot(name).eq_ignore_ascii_case(wanted.as_bytes())
            }
            (NamePattern::DnsBelow(parent), GeneralName::Dns(name)) => {
                let mut parts = without_dot(name).splitn(2, |byte| *byte == b'.');
                let label = parts.next().unwrap_or_default();
                let rest = parts.next().unwrap_or_default();
                !label.is_empty() && rest.eq_ignore_ascii_case(parent.as_bytes())
            }
            (NamePattern::Email(wanted), GeneralName::Email(name)) => {
                str::from_utf8(name).is_ok_and(|name| lower_host(name) == **wanted)
            }
            (NamePattern::Uri(wanted), GeneralName::Uri(name)) => wanted.as_bytes() == *name,
            _ => false,
        }
    }
}

fn without_dot(name: &[u8]) -> &[u8] {
    name.strip_suffix(b".").unwrap_or(name)
}

/// An address with its host in lower case: what stands before the `@` is the host's own affair (RFC 5321, section 2.4).
fn lower_host(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, host)) => format!("{local}@{}", host.to_ascii_lowercase()),
        None => address.to_owned(),
    }
}

impl FromStr for NamePattern {
    type Err = String;

    fn from_str(text: &str) -> Result<NamePattern, String> {
        let fault = |advice: &str| Err(format!("`{}` is no name; {advice}", text.escape_debug()));
        let Some((kind, rest)) = text.split_once(':') else {
            return fault("say which kind it is of: dns:, email:, uri: or dn:");
        };
        match kind {
            "dns" => match rest.strip_prefix("*.") {
                Some(parent) if is_host(parent) => {
                    Ok(NamePattern::DnsBelow(bare(parent).to_ascii_lowercase().into()))
                }
                None if is_host(rest) => {
                    Ok(NamePattern::Dns(bare(rest).to_ascii_lowercase().into()))
                }
                _ => fault("write one like dns:a.example or dns:*.a.example, in its ASCII form"),
            },
            "email" => match rest.rsplit_once('@') {
                Some((local, host)) if !local.is_empty() && local != "*" && is_host(host) => {
                    Ok(NamePattern::Email(lower_host(rest).into()))
                }
                _ => fault("write a whole address, like email:me@a.example"),
            },
            "uri" => match rest.split_once(':') {
                Some((scheme, path))
                    if !scheme.is_empty() && !path.is_empty() && !rest.contains('*') =>
                {
                    Ok(NamePattern::Uri(rest.into()))
                }
                _ => fault("write a whole URI with its scheme, like uri:spiffe://a.example/me"),
            },
            "dn" if rest.contains('=') => Ok(NamePattern::Subject(rest.into())),
            "dn" => fault("write a whole subject, like dn:CN=me,O=Example"),
            _ => fault("say which kind it is of: dns:, email:, uri: or dn:"),
        }
    }
}

fn bare(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

fn is_host(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    name.len() <= 254 && bare(name).split('.').all(is_label)
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NamePattern::Dns(name) => write!(f, "dns:{name}"),
            NamePattern::DnsBelow(name) => write!(f, "dns:*.{name}"),
            NamePattern::Email(name) => write!(f, "email:{name}"),
            NamePattern::Uri(name) => write!(f, "uri:{name}"),
            NamePattern::Subject(name) => write!(f, "dn:{name}"),
        }
    }
}

/// The SHA-256 hash of a SubjectPublicKeyInfo (RFC 7469, section 2.4): what stays when a certificate is renewed with the
/// same key. Written in Base64, read in hexadecimal too.
///
/// ```
/// use ravelin_tunnel::clients::Pin;
///
/// let pin: Pin = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".parse()?;
/// assert_eq!(pin.to_string(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
/// assert_eq!(pin.to_string().parse(), Ok(pin));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pin([u8; 32]);

impl Pin {
    /// The pin of a certificate's key.
    pub fn of(certificate: &Certificate<'_>) -> Pin {
        let mut pin = [0; 32];
        pin.copy_from_slice(digest(&SHA256, certificate.public_key_info()).as_ref());
        Pin(pin)
    }
}

impl FromStr for Pin {
    type Err = String;

    fn from_str(text: &str) -> Result<Pin, String> {
        let bytes = if text.len() == 64 { hexadecimal(text) } else { STANDARD.decode(text).ok() };
        bytes.and_then(|bytes| bytes.try_into().ok()).map(Pin).ok_or_else(|| {
            let text = text.escape_debug();
            format!("`{text}` is no pin; write the key's SHA-256 hash, as Base64 or 64 hexadecimal digits")
        })
    }
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    text.as_bytes()
        .chunks(2)
        .map(|pair| Some(digit(pair[0])? << 4 | digit(*pair.get(1)?)?))
        .collect()
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> NamePattern {
        text.parse().unwrap_or_else(|fault| panic!("{fault}"))
    }

    #[test]
    fn a_star_stands_for_one_label() {
        let below = pattern("dns:*.A.example.");
        for (name, expected) in [
            ("b.a.example", true),
            ("B.a.EXAMPLE", true),
            ("b.a.example.", true),
            ("a.example", false),
            (".a.example", false),
            ("c.b.a.example", false),
            ("b.xa.example", false),
            ("", false),
        ] {
            assert_eq!(below.is(&GeneralName::Dns(name.as_bytes())), expected, "{name}");
        }
        assert!(!below.is(&GeneralName::Email(b"b.a.example")));
    }

    #[test]
    fn names_are_compared_as_their_kind_demands() {
        assert!(pattern("dns:a.example").is(&GeneralName::Dns(b"A.Example")));
        assert!(!pattern("dns:a.example").is(&GeneralName::Dns(b"b.a.example")));
        let email = pattern("email:Me@A.example");
        assert!(email.is(&GeneralName::Email(b"Me@a.EXAMPLE")));
        assert!(!email.is(&GeneralName::Email(b"me@a.example")));
        let uri = pattern("uri:spiffe://a.example/me");
        assert!(uri.is(&GeneralName::Uri(b"spiffe://a.example/me")));
        assert!(!uri.is(&GeneralName::Uri(b"spiffe://a.example/me/too")));
    }

    #[test]
    fn what_is_no_rule_says_why() {
        for text in [
            "",
            "a.example",
            "dns:",
            "dns:*",
            "dns:*.",
            "dns:*a.example",
            "dns:a.*.example",
            "dns:ä.example",
            "ip:192.0.2.1",
            "email:a.example",
            "email:*@a.example",
            "email:*.a.example",
            "uri:a.example",
            "uri:spiffe://*.a.example",
            "dn:me",
            "DNS:a.example",
        ] {
            let fault = text.parse::<NamePattern>().unwrap_err();
            assert!(fault.contains("is no name; "), "{fault}");
        }
        for text in ["", "47DEQpj8", &"g".repeat(64), &"ä".repeat(32), &"0".repeat(63)] {
            assert!(text.parse::<Pin>().unwrap_err().contains("is no pin; "), "{text}");
        }
    }
}
