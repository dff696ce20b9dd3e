//! Why something could not be fetched, and whose fault it was.

use super::target::Target;
use ravelin_tls::TlsError;
use std::{fmt, net::IpAddr, time::Duration};

/// How long a failure is remembered, so that a dead server is not asked again for every certificate. A server that
/// was not found or not reached stands for all its URLs; no answer in time, a broken connection or a status of 429 or 5xx
/// for the URL, whatever is posted to it; anything else for the one request.
pub const REMEMBER_FAILURE: Duration = Duration::from_secs(60);

/// Most characters of a URL or of a server's words that stand in an error.
const MAX_SHOWN: usize = 200;

/// Why something could not be fetched: which URL, which may be one that was redirected to, and what is wrong.
///
/// ```
/// use ravelin_net::fetch::{FetchConfig, FetchFault, FetchLimits, FetchRequest, Fetcher};
/// use std::time::Duration;
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// let fetcher = Fetcher::new(FetchConfig::new(FetchLimits::default()))?;
/// let request = FetchRequest::crl("ldap://directory.example/cn=CA");
/// let error = fetcher.fetch(&request, Duration::from_secs(1_800_000_000)).await.unwrap_err();
/// assert_eq!(error.fault(), &FetchFault::Scheme("ldap".into()));
/// assert_eq!(
///     error.to_string(),
///     "ldap://directory.example/cn=CA: `ldap` URLs are not fetched, only http and https"
/// );
/// # Ok::<(), std::io::Error>(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchError {
    url: Box<str>,
    fault: FetchFault,
    remembered: bool,
}

impl FetchError {
    pub(super) fn new(url: &str, fault: FetchFault) -> FetchError {
        FetchError { url: shown(url).into(), fault, remembered: false }
    }

    pub(super) fn at(target: &Target, fault: FetchFault) -> FetchError {
        FetchError::new(&target.to_string(), fault)
    }

    pub(super) fn into_remembered(self) -> FetchError {
        FetchError { remembered: true, ..self }
    }

    /// The URL at which it failed, shortened and with control characters escaped.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What is wrong.
    pub fn fault(&self) -> &FetchFault {
        &self.fault
    }

    /// Whether this was found by an earlier request, at most [`REMEMBER_FAILURE`] ago, and nobody was asked now.
    pub fn is_remembered(&self) -> bool {
        self.remembered
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.url, self.fault)?;
        if self.remembered { f.write_str(" (found a moment ago, not asked again)") } else { Ok(()) }
    }
}

impl std::error::Error for FetchError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.fault)
    }
}

/// What is wrong with a fetch. The variants name who is at fault.
///
/// ```
/// use ravelin_net::fetch::{FetchFault, Phase};
///
/// assert_eq!(
///     FetchFault::Timeout(Phase::Head).to_string(),
///     "time was up while waiting for the server's answer"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchFault {
    /// The URL itself: not well-formed, too long, or with a user name.
    #[error("unusable URL: {0}")]
    Url(&'static str),
    /// The URL's scheme.
    #[error("`{0}` URLs are not fetched, only http and https")]
    Scheme(String),
    /// Our policy: the server's address is none of the public Internet, and not
    /// [allowed](super::FetchLimits::allow_private).
    #[error("{address} is not asked, it is no public address ({range})")]
    Address {
        /// The first such address of the host.
        address: IpAddr,
        /// What it is, as `loopback` or `private`.
        range: &'static str,
    },
    /// Our policy: a redirect from https to http.
    #[error("redirect from https to http refused")]
    Downgrade,
    /// Our configuration: an https URL, and no usable roots to judge the server by.
    #[error("no roots to verify an https server with")]
    NoRoots,
    /// The resolver: it failed, or knows no address.
    #[error("host not found: {0}")]
    Resolver(String),
    /// The server: no connection could be made to any of its addresses.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// The connection: it broke.
    #[error("connection broke: {0}")]
    Connection(String),
    /// TLS with an https server, its certificate included.
    #[error("TLS failed: {0}")]
    Tls(#[source] TlsError),
    /// Time was up.
    #[error("time was up while {0}")]
    Timeout(Phase),
    /// The server answered with this status, which is no success.
    #[error("server answered with status {0}")]
    Status(u16),
    /// The server redirected to a URL that was asked before.
    #[error("redirects go in a circle")]
    RedirectLoop,
    /// More redirects than allowed.
    #[error("more than {0} redirects")]
    TooManyRedirects(usize),
    /// The head of the answer is larger than allowed, in bytes.
    #[error("answer's head is larger than {0} bytes")]
    HeadTooLarge(usize),
    /// The body is larger than allowed, in bytes.
    #[error("answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The body came in an encoding that was not asked for.
    #[error("answer is encoded as `{0}`, which was not asked for")]
    Encoded(String),
    /// The answer ended before it was complete.
    #[error("answer is cut short")]
    Truncated,
    /// The server broke HTTP.
    #[error("server broke HTTP: {0}")]
    Http(String),
    /// The runtime ended before the fetch did.
    #[error("interrupted")]
    Interrupted,
}

/// What a fetch was waiting for.
///
/// ```
/// assert_eq!(ravelin_net::fetch::Phase::Resolve.to_string(), "looking up the host");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Its turn among [`FetchLimits::concurrent`](super::FetchLimits::concurrent) fetches.
    Queue,
    /// The resolver.
    Resolve,
    /// The TCP connection.
    Connect,
    /// The TLS handshake.
    Handshake,
    /// The head of the answer.
    Head,
    /// The rest of the body.
    Body,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Queue => "waiting for other fetches to end",
            Phase::Resolve => "looking up the host",
            Phase::Connect => "connecting",
            Phase::Handshake => "waiting for the TLS handshake",
            Phase::Head => "waiting for the server's answer",
            Phase::Body => "reading the answer",
        })
    }
}

/// What a failure stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Everything that server would be asked.
    Server,
    /// Everything that would be posted to the URL.
    Url,
    /// The same request.
    Request,
    /// Nothing: it costs nothing to find again, or says nothing about the server.
    Nothing,
}

impl FetchFault {
    pub(super) fn scope(&self) -> Scope {
        match self {
            FetchFault::Address { .. }
            | FetchFault::Resolver(_)
            | FetchFault::Unreachable(_)
            | FetchFault::Tls(_)
            | FetchFault::Timeout(Phase::Resolve | Phase::Connect | Phase::Handshake) => {
                Scope::Server
            }
            FetchFault::Connection(_)
            | FetchFault::Timeout(Phase::Head)
            | FetchFault::Status(429 | 500..=599) => Scope::Url,
            FetchFault::Url(_)
            | FetchFault::Scheme(_)
            | FetchFault::NoRoots
            | FetchFault::Timeout(Phase::Queue)
            | FetchFault::Interrupted => Scope::Nothing,
            _ => Scope::Request,
        }
    }
}

/// Hostile text, fit to be shown.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(MAX_SHOWN).is_some() {
        shown.push_str("...");
    }
    shown
}
