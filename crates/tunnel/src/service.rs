//! What a running tunnel obeys: the resolved form of its configuration.
//!
//! Immutable. A reload makes a new [`Settings`] and swaps it in whole; connections that exist keep the
//! [`Service`] they began with.

use crate::{
    certificates::Certificates,
    clients::{self, ClientAuth, NotAllowed, Pin},
};
use ravelin_tls::{ClientContext, NoRandom, SessionStore, TicketKeys};
use ravelin_trust::Verdict;
use schemars::JsonSchema;
use serde::Deserialize;
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    sync::Arc,
    time::Duration,
};

/// Everything one running tunnel obeys.
#[derive(Debug)]
pub struct Settings {
    /// The services, each with listeners of its own.
    pub services: Vec<Arc<Service>>,
    /// Threads that serve connections.
    pub workers: usize,
    /// Limits over all services.
    pub limits: Limits,
    /// How long connections may go on after the tunnel was told to stop.
    pub drain: Duration,
    /// Where metrics and status are served.
    pub admin: Option<AdminAddress>,
    /// How log lines look.
    pub log: LogFormat,
    /// Ticket keys and stored sessions of all services.
    pub resumption: Resumption,
}

/// One service: where clients come in, and where their bytes go.
#[derive(Debug)]
pub struct Service {
    /// The name in the configuration, in logs and metrics.
    pub name: Arc<str>,
    /// Where clients come in.
    pub listen: Vec<SocketAddr>,
    /// Where their bytes go.
    pub target: Target,
    /// The side that speaks TLS.
    pub tls: TlsSide,
    /// What is known of each certificate, for metrics and the status page.
    pub certificate_facts: Vec<CertificateFacts>,
    /// What the backend learns of the client's address.
    pub client_address: ClientAddress,
    /// Clients arrive behind a proxy that says who they are.
    pub accept_proxy: Option<AcceptProxy>,
    /// Time limits.
    pub timeouts: Timeouts,
    /// What the backend sees when a client's stream ends without close_notify.
    pub on_truncation: OnTruncation,
    /// Most connections of this service at once.
    pub max_connections: Option<usize>,
    /// Most connections of this service from one source address at once.
    pub max_per_source: Option<usize>,
    /// What counts as a sign of life for the idle limit.
    pub idle_by: IdleBy,
}

/// The side of a service that speaks TLS.
#[derive(Clone, Debug)]
pub enum TlsSide {
    /// The client: TLS in, plain out.
    Client(Termination),
    /// The backend: plain in, TLS out.
    Backend(Origination),
}

/// What the tunnel is to its clients as a TLS server.
#[derive(Clone, Debug)]
pub struct Termination {
    /// The certificates, by server name.
    pub certificates: Certificates,
    /// How clients are judged, where they are asked for certificates.
    pub client_auth: Option<ClientAuth>,
}

/// What the tunnel is to its backend as a TLS client.
#[derive(Clone, Debug)]
pub struct Origination {
    /// How it speaks, how it judges the server, and what it proves itself with.
    pub context: ClientContext,
    /// The name or address that the server's certificate must be for, asked for by SNI where it is a name.
    pub name: Box<str>,
    /// Keys of which the server's certificate must have one; every trusted one will do where there are none.
    pub pins: Vec<Pin>,
}

impl Origination {
    /// Whether a server with this verdict on its certificate is one that is wanted.
    ///
    /// # Errors
    /// When it is not.
    pub fn admits(&self, verdict: Option<&Verdict>) -> Result<(), NotAllowed> {
        let verdict = verdict.ok_or(NotAllowed::NoCertificate)?;
        clients::admits(verdict, &[], &self.pins)
    }
}

/// Where a service's bytes go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// TCP: the addresses of the name that was written, tried in order.
    Tcp {
        /// As written, for messages.
        name: Box<str>,
        /// What it stands for. Never empty.
        addresses: Vec<SocketAddr>,
    },
    /// A unix socket.
    Unix(PathBuf),
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Target::Tcp { name, .. } => f.write_str(name),
            Target::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// What is known of a certificate that is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// The file it came from.
    pub file: PathBuf,
    /// Serial number in lower-case hexadecimal.
    pub serial: String,
    /// End of validity, in seconds since 1970-01-01T00:00:00Z.
    pub not_after: i64,
    /// The names it is valid for.
    pub names: Vec<String>,
}

/// What the backend learns of the client's address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientAddress {
    /// Nothing: every client seems to come from the tunnel.
    #[default]
    None,
    /// A PROXY protocol header comes first.
    Proxy(ProxyVersion),
    /// The connection itself comes from the client's address (IP_TRANSPARENT).
    Transparent,
}

/// Version of the PROXY protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyVersion {
    /// The line of text.
    V1,
    /// The binary header, with TLVs.
    V2,
}

/// How PROXY headers are accepted from in front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptProxy {
    /// Who may send one, and must. Empty: everybody.
    pub trusted: Vec<Network>,
    /// How long it may take to arrive.
    pub timeout: Duration,
}

impl AcceptProxy {
    /// Whether a header is expected from this address.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.is_empty() || self.trusted.iter().any(|network| network.contains(address))
    }
}

/// What keeps sessions resumable, across connections and reloads.
#[derive(Clone, Debug)]
pub struct Resumption {
    /// Keys for session tickets.
    pub tickets: Arc<TicketKeys>,
    /// Sessions of clients that take no tickets.
    pub sessions: Arc<SessionStore>,
    /// The ticket keys of services whose clients need a certificate: a session that another service began without one
    /// must not be resumed there.
    pub client_tickets: Arc<TicketKeys>,
    /// The sessions of such services.
    pub client_sessions: Arc<SessionStore>,
}

/// How often ticket keys are renewed, and how many older ones still open tickets.
const TICKET_KEYS: (Duration, usize) = (Duration::from_secs(12 * 60 * 60), 2);

/// How many sessions are kept, and for how long.
const SESSIONS: (usize, Duration) = (10_000, Duration::from_secs(60 * 60));

impl Resumption {
    /// New ticket keys, renewed every 12 hours, and room for 10,000 sessions of either kind.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn new() -> Result<Resumption, NoRandom> {
        let (every, keep) = TICKET_KEYS;
        let (capacity, lifetime) = SESSIONS;
        Ok(Resumption {
            tickets: Arc::new(TicketKeys::new(every, keep)?),
            sessions: Arc::new(SessionStore::new(capacity, lifetime)),
            client_tickets: Arc::new(TicketKeys::new(every, keep)?),
            client_sessions: Arc::new(SessionStore::new(capacity, lifetime)),
        })
    }

    /// Tells the time, since 1970-01-01T00:00:00Z: keys are rotated, old sessions forgotten.
    pub fn tick(&self, now: Duration) {
        for tickets in [&self.tickets, &self.client_tickets] {
            tickets.rotate(now);
        }
        for sessions in [&self.sessions, &self.client_sessions] {
            sessions.tick(now);
        }
    }
}

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// An address in it.
    pub address: IpAddr,
    /// How many leading bits all its addresses share.
    pub prefix: u8,
}

impl FromStr for Network {
    type Err = String;

    /// Reads `10.0.0.0/8`, `fd00::/8` or a single address.
    fn from_str(text: &str) -> Result<Network, String> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let network = || {
            let address: IpAddr = address.parse().ok()?;
            let most = if address.is_ipv4() { 32 } else { 128 };
            let prefix = prefix.map_or(Some(most), |prefix| prefix.parse().ok())?;
            (prefix <= most).then_some(Network { address, prefix })
        };
        network().ok_or_else(|| {
            format!("`{text}` is no range of addresses; write one like 10.0.0.0/8 or fd00::/8")
        })
    }
}

impl Network {
    /// Whether `address` lies in the range. An IPv4 address mapped into IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                let shift = 32 - u32::from(self.prefix.min(32));
                (u32::from(a) ^ u32::from(b)).checked_shr(shift).unwrap_or(0) == 0
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => {
                let shift = 128 - u32::from(self.prefix.min(128));
                (u128::from(a) ^ u128::from(b)).checked_shr(shift).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// Time limits of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// From the client's SYN to the end of the handshake.
    pub handshake: Duration,
    /// For the backend to accept.
    pub connect: Duration,
    /// After one direction ended: how long the other may rest.
    pub half_close: Duration,
    /// How long data may stay unacknowledged before a peer counts as vanished (TCP_USER_TIMEOUT).
    pub user: Duration,
    /// When and how often the kernel asks a silent peer whether it is still there.
    pub keepalive: Keepalive,
    /// How long both directions together may rest.
    pub idle: Option<Duration>,
    /// How long a client may send nothing.
    pub idle_client: Option<Duration>,
    /// How long a backend may send nothing.
    pub idle_backend: Option<Duration>,
    /// How long a connection may live.
    pub lifetime: Option<Duration>,
}

/// When and how often the kernel asks a silent peer whether it is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keepalive {
    /// Silence before the first question.
    pub after: Duration,
    /// Time between questions.
    pub every: Duration,
    /// Unanswered questions before the peer counts as vanished.
    pub probes: u32,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            handshake: Duration::from_secs(10),
            connect: Duration::from_secs(5),
            half_close: Duration::from_secs(30),
            user: Duration::from_secs(30),
            keepalive: Keepalive {
                after: Duration::from_secs(10),
                every: Duration::from_secs(5),
                probes: 4,
            },
            idle: None,
            idle_client: None,
            idle_backend: None,
            lifetime: None,
        }
    }
}

/// What the backend sees when a client's stream ends without close_notify.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnTruncation {
    /// A reset, once everything received has been delivered.
    #[default]
    Reset,
    /// An ordinary end, for clients known to be sloppy.
    Fin,
}

/// What counts as a sign of life for the idle limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IdleBy {
    /// Any byte.
    #[default]
    Bytes,
    /// Audio, video or data messages of RTMP: pings and acknowledgements do not count.
    Rtmp,
}

/// Limits over all services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most connections at once; none means as many as descriptors allow.
    pub connections: Option<usize>,
    /// Most handshakes in progress at once, beyond which the oldest is dropped.
    pub handshakes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { connections: None, handshakes: 1024 }
    }
}

/// Where metrics and status are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminAddress {
    /// TCP.
    Tcp(SocketAddr),
    /// A unix socket.
    Unix(PathBuf),
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// `key=value` words.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}
