//! Where the calling code comes from, and what it may do therefore.

use std::{fmt, str::FromStr};

/// Ports from here on may be reached without being asked; below are the services of systems.
pub const FIRST_FREE_PORT: u16 = 1024;

/// Where the calling code comes from: AIR's `Security.sandboxType`. It decides whether code may use sockets at all, and
/// whether a server must consent with a [policy file](super::policy_file) first.
///
/// A Rust program is [`Application`](Sandbox::Application). The others are for those who run somebody else's code.
///
/// ```
/// use ravelin_net::socket::{Origin, Sandbox};
///
/// let remote = Sandbox::Remote(Origin::new("www.example", true));
/// assert!(!remote.needs_policy("www.example", 8443));
/// assert!(remote.needs_policy("www.example", 443), "a port below 1024");
/// assert!(remote.needs_policy("other.example", 8443), "another host");
/// assert!(!Sandbox::Application.needs_policy("other.example", 443));
/// assert_eq!(Sandbox::LocalUntrusted.to_string(), "localWithFile");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sandbox {
    /// The installed application itself (`Security.APPLICATION`): nothing is in its way.
    #[default]
    Application,
    /// A local file that the user trusts (`Security.LOCAL_TRUSTED`).
    LocalTrusted,
    /// A local file that may read other local files, and therefore not use the network
    /// (`Security.LOCAL_WITH_FILE`).
    LocalUntrusted,
    /// A local file that may use the network, and therefore not read other files
    /// (`Security.LOCAL_WITH_NETWORK`).
    LocalWithNetworking,
    /// Code that was loaded from a server (`Security.REMOTE`).
    Remote(Origin),
}

/// The server that code was loaded from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    host: String,
    secure: bool,
}

impl Origin {
    /// Code from this host, a name or an address; `secure` if it came through TLS.
    pub fn new(host: impl Into<String>, secure: bool) -> Origin {
        Origin { host: host.into(), secure }
    }

    /// The host.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether the code came through TLS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }
}

impl Sandbox {
    /// Whether sockets can be made at all: not by [`LocalUntrusted`](Sandbox::LocalUntrusted) code.
    pub fn may_use_sockets(&self) -> bool {
        !matches!(self, Sandbox::LocalUntrusted)
    }

    /// Whether the server must consent before this port of this host is connected to: outside the application's sandbox,
    /// for any other host than the code's own, and for every port below [`FIRST_FREE_PORT`].
    pub fn needs_policy(&self, host: &str, port: u16) -> bool {
        match self {
            Sandbox::Application => false,
            Sandbox::Remote(origin) => port < FIRST_FREE_PORT || !same_host(&origin.host, host),
            Sandbox::LocalTrusted | Sandbox::LocalUntrusted | Sandbox::LocalWithNetworking => true,
        }
    }

    /// The server that the code came from; none for local code.
    pub fn origin(&self) -> Option<&Origin> {
        match self {
            Sandbox::Remote(origin) => Some(origin),
            _ => None,
        }
    }

    /// The host that is meant where none is given: the one that the code came from, else this machine.
    pub(super) fn own_host(&self) -> &str {
        self.origin().map_or("localhost", Origin::host)
    }

    /// AIR's word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Sandbox::Application => "application",
            Sandbox::LocalTrusted => "localTrusted",
            Sandbox::LocalUntrusted => "localWithFile",
            Sandbox::LocalWithNetworking => "localWithNetwork",
            Sandbox::Remote(_) => "remote",
        }
    }
}

impl fmt::Display for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A word that names no sandbox of local code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no sandbox is called `{0}`: there are application, localTrusted, localWithFile and localWithNetwork; remote code needs its origin"
)]
pub struct UnknownSandbox(String);

impl FromStr for Sandbox {
    type Err = UnknownSandbox;

    /// Reads AIR's word. `remote` is refused: it says nothing without its origin.
    fn from_str(word: &str) -> Result<Sandbox, UnknownSandbox> {
        let all = [
            Sandbox::Application,
            Sandbox::LocalTrusted,
            Sandbox::LocalUntrusted,
            Sandbox::LocalWithNetworking,
        ];
        let known = all.into_iter().find(|one| one.word() == word);
        known.ok_or_else(|| UnknownSandbox(word.to_owned()))
    }
}

/// Names are compared without regard to case and a final dot, addresses as addresses.
pub(super) fn same_host(one: &str, other: &str) -> bool {
    canonical(one) == canonical(other)
}

/// One spelling for each host.
pub(super) fn canonical(host: &str) -> String {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = bare.parse::<std::net::IpAddr>() {
        return address.to_canonical().to_string();
    }
    bare.strip_suffix('.').unwrap_or(bare).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s32_only_the_application_needs_no_consent_for_other_hosts_and_low_ports() {
        let remote = Sandbox::Remote(Origin::new("Www.Example.", false));
        for (sandbox, host, port, needs) in [
            (Sandbox::Application, "other.example", 1, false),
            (remote.clone(), "www.example", 1024, false),
            (remote.clone(), "WWW.example", 65535, false),
            (remote.clone(), "www.example", 1023, true),
            (remote.clone(), "sub.www.example", 1024, true),
            (remote.clone(), "example", 1024, true),
            (Sandbox::LocalTrusted, "localhost", 1024, true),
            (Sandbox::LocalWithNetworking, "localhost", 1024, true),
            (Sandbox::Remote(Origin::new("::ffff:192.0.2.1", true)), "192.0.2.1", 1024, false),
            (Sandbox::Remote(Origin::new("[2001:DB8::1]", true)), "2001:db8:0::1", 1024, false),
        ] {
            assert_eq!(sandbox.needs_policy(host, port), needs, "{sandbox:?} {host} {port}");
        }
    }

    #[test]
    fn words_are_read_back() {
        for word in ["application", "localTrusted", "localWithFile", "localWithNetwork"] {
            assert_eq!(word.parse::<Sandbox>().unwrap().word(), word);
        }
        assert!("remote".parse::<Sandbox>().unwrap_err().to_string().contains("its origin"));
    }
}
