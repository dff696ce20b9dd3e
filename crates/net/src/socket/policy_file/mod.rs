//! Socket policy files: how a server consents to be connected to by code from elsewhere.
//!
//! Code outside the application's sandbox asks before it connects ([`Sandbox::needs_policy`]): it sends [`REQUEST`] to
//! port [`MASTER_PORT`] of the host, then to the port it wants, without TLS, and reads an XML document up to a zero byte or
//! the end. The *master* file, from port 843, may forbid that other ports answer:
//!
//! ```xml
//! <cross-domain-policy>
//!     <site-control permitted-cross-domain-policies="master-only"/>
//!     <allow-access-from domain="*.example" to-ports="443,8000-8100"/>
//! </cross-domain-policy>
//! ```
//!
//! - `domain` is the host that the code comes from: a name, an address, `*.example` for `example` and every name below, or
//!   `*` for everybody. Local code comes from no host, so only `*` is for it.
//! - `to-ports` is a list of ports and ranges, or `*`. Who answers at port 1024 or above can speak for such ports only.
//! - `secure="true"` is for code that came through TLS only.
//!
//! What comes back is hostile input: [`PolicyFile::parse`] has a limit for everything, knows no document types and no
//! entities beyond XML's own, and whatever it does not understand grants nothing. Answers are not protected: somebody between
//! the two can make them say anything. Consent protects a server's other ports from strange code, not the connection.

mod client;
mod inquiry;
mod xml;

pub use inquiry::{Answer, Inquiry, Ruling};
pub use xml::XmlError;

pub(super) use client::inquire;

use super::sandbox::{FIRST_FREE_PORT, Origin, Sandbox, canonical};
use xml::{Event, Reader};

/// What is sent to ask for a policy file.
pub const REQUEST: &[u8] = b"<policy-file-request/>\0";

/// Where the master policy file is asked for.
pub const MASTER_PORT: u16 = 843;

/// Files beyond this size, in bytes, are refused.
pub const MAX_POLICY_FILE: usize = 64 << 10;

/// A file with more rules than this is refused.
pub const MAX_RULES: usize = 1024;

/// A rule with more ports and ranges than this grants nothing.
pub const MAX_PORTS: usize = 256;

/// What a server says about who may connect.
///
/// ```
/// use ravelin_net::socket::{Origin, Sandbox, policy_file::PolicyFile};
///
/// let text = r#"<cross-domain-policy>
///     <allow-access-from domain="*.example" to-ports="443,8000-8100"/>
/// </cross-domain-policy>"#;
/// let file = PolicyFile::parse(text.as_bytes())?;
/// let code = Sandbox::Remote(Origin::new("www.example", false));
/// assert!(file.grants(&code, 443, 843));
/// assert!(!file.grants(&code, 444, 843));
/// assert!(!file.grants(&code, 443, 8000), "port 8000 cannot speak for a port below 1024");
/// assert!(!file.grants(&Sandbox::LocalTrusted, 443, 843));
/// # Ok::<(), ravelin_net::socket::policy_file::XmlError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyFile {
    control: Option<SiteControl>,
    rules: Vec<Rule>,
}

/// Which policy files of a host count, as its master file says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SiteControl {
    /// Those of every port. What holds if the master file says nothing.
    #[default]
    All,
    /// The master file alone.
    MasterOnly,
    /// None at all, not even the master file. Also what a word means that is none of these.
    Nothing,
}

/// An `allow-access-from`. What could not be understood is not among them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    domain: Domain,
    /// The first and the last of each range.
    ports: Vec<(u16, u16)>,
    /// Whether the code must have come through TLS.
    secure: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Domain {
    Everybody,
    /// This one, and those below it.
    Below(String),
    Host(String),
}

impl PolicyFile {
    /// Reads a file, without the zero byte at its end.
    ///
    /// # Errors
    /// When it is larger than [`MAX_POLICY_FILE`], has more than [`MAX_RULES`] rules, or is no XML document of a
    /// `cross-domain-policy`; with the place.
    pub fn parse(bytes: &[u8]) -> Result<PolicyFile, XmlError> {
        if bytes.len() > MAX_POLICY_FILE {
            return Err(XmlError { offset: MAX_POLICY_FILE, detail: "the file is too large" });
        }
        let mut file = PolicyFile::default();
        let mut reader = Reader::new(bytes)?;
        let mut depth = 0_usize;
        while let Some(event) = reader.next_event()? {
            match event {
                Event::Start { name, attributes, offset, empty } => {
                    match (depth, name) {
                        (0, "cross-domain-policy") => {}
                        (0, _) => {
                            let detail = "the root element is not cross-domain-policy";
                            return Err(XmlError { offset, detail });
                        }
                        (1, "site-control") => file.control(&attributes),
                        (1, "allow-access-from") => {
                            if file.rules.len() == MAX_RULES {
                                let detail = "there are too many allow-access-from";
                                return Err(XmlError { offset, detail });
                            }
                            file.rules.extend(Rule::of(&attributes));
                        }
                        // Of HTTP headers and signatures, and whatever may be invented.
                        _ => {}
                    }
                    depth += usize::from(!empty);
                }
                Event::End => depth -= 1,
            }
        }
        Ok(file)
    }

    /// Which files of the host count, if this is its master file.
    pub fn site_control(&self) -> SiteControl {
        self.control.unwrap_or_default()
    }

    /// Whether this file, which was served from port `from`, lets code of this sandbox connect to `port`.
    pub fn grants(&self, sandbox: &Sandbox, port: u16, from: u16) -> bool {
        let entitled = from < FIRST_FREE_PORT || port >= FIRST_FREE_PORT;
        entitled && self.rules.iter().any(|rule| rule.grants(sandbox.origin(), port))
    }

    /// Of several, the strictest counts.
    fn control(&mut self, attributes: &[(&str, String)]) {
        let said = match value(attributes, "permitted-cross-domain-policies") {
            None => return,
            Some("all") => SiteControl::All,
            Some("master-only") => SiteControl::MasterOnly,
            Some(_) => SiteControl::Nothing,
        };
        let before = self.control.unwrap_or_default();
        self.control = Some(if said as u8 > before as u8 { said } else { before });
    }
}

impl Rule {
    fn of(attributes: &[(&str, String)]) -> Option<Rule> {
        let domain = Domain::of(value(attributes, "domain")?)?;
        let ports = ports(value(attributes, "to-ports")?)?;
        let secure = match value(attributes, "secure") {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return None,
        };
        Some(Rule { domain, ports, secure })
    }

    fn grants(&self, origin: Option<&Origin>, port: u16) -> bool {
        let host = origin.map(|origin| canonical(origin.host()));
        let secure = origin.is_some_and(Origin::is_secure);
        self.domain.covers(host.as_deref())
            && (secure || !self.secure)
            && self.ports.iter().any(|(first, last)| (*first..=*last).contains(&port))
    }
}

impl Domain {
    fn of(text: &str) -> Option<Domain> {
        let text = text.trim();
        if text == "*" {
            return Some(Domain::Everybody);
        }
        let (below, host) = match text.strip_prefix("*.") {
            Some(host) => (true, host),
            None => (false, text),
        };
        let host = canonical(host);
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte);
        if host.is_empty() || !host.bytes().all(sound) {
            return None;
        }
        // What looks like an address has nothing below it.
        let is_address = host.parse::<std::net::IpAddr>().is_ok();
        match (below, is_address) {
            (true, true) => None,
            (true, false) => Some(Domain::Below(host)),
            (false, _) => Some(Domain::Host(host)),
        }
    }

    fn covers(&self, host: Option<&str>) -> bool {
        match (self, host) {
            (Domain::Everybody, _) => true,
            (_, None) => false,
            (Domain::Host(one), Some(host)) => one == host,
            (Domain::Below(one), Some(host)) => host
                .strip_suffix(one.as_str())
                .is_some_and(|front| front.is_empty() || front.ends_with('.')),
        }
    }
}

/// A list of ports and ranges; none where it is not one.
fn ports(text: &str) -> Option<Vec<(u16, u16)>> {
    if text.trim() == "*" {
        return Some(vec![(0, u16::MAX)]);
    }
    let mut ports = Vec::new();
    for part in text.split(',') {
        if ports.len() == MAX_PORTS {
            return None;
        }
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (port(first)?, port(last)?);
        if first > last {
            return None;
        }
        ports.push((first, last));
    }
    Some(ports)
}

/// Digits and nothing else, not even a plus sign.
fn port(text: &str) -> Option<u16> {
    let text = text.trim();
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn value<'a>(attributes: &'a [(&str, String)], name: &str) -> Option<&'a str> {
    attributes.iter().find(|(one, _)| *one == name).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests;
