//! What a fetch may cost, and where it may go.

use super::resolve::{Resolve, SystemResolver};
use std::{net::IpAddr, path::PathBuf, sync::Arc, time::Duration};

/// What one fetch may cost, and where it may go.
///
/// ```
/// use ravelin_net::fetch::FetchLimits;
///
/// let mut limits = FetchLimits::default();
/// limits.body = 64 << 20; // one of our CRLs is large
/// limits.allowed.push("10.1.2.3".parse()?); // our own responder
/// assert!(!limits.allow_private);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FetchLimits {
    /// Largest body, in bytes; 16 MiB. Issuer certificates and OCSP responses have lower limits of their own:
    /// [`MAX_ISSUER`](super::MAX_ISSUER), [`MAX_OCSP`](super::MAX_OCSP).
    pub body: usize,
    /// Largest head of an answer, in bytes; 16 KiB. Never less than 8 KiB.
    pub head: usize,
    /// Time for everything, redirects included; 10 s.
    pub time: Duration,
    /// Time to connect to one server, at all of its addresses together; 3 s. The TLS handshake has the same again.
    pub connect: Duration,
    /// Redirects followed; 3.
    pub redirects: usize,
    /// Fetches that run at the same time; 16. Others wait for their turn.
    pub concurrent: usize,
    /// Whether servers may have addresses that are not of the public Internet: loopback, private, link-local and so on.
    /// Off, since URLs are chosen by whoever made the certificate, and must not reach what only we can reach.
    pub allow_private: bool,
    /// Addresses that are asked although they are not public.
    pub allowed: Vec<IpAddr>,
}

impl Default for FetchLimits {
    fn default() -> FetchLimits {
        FetchLimits {
            body: 16 << 20,
            head: 16 << 10,
            time: Duration::from_secs(10),
            connect: Duration::from_secs(3),
            redirects: 3,
            concurrent: 16,
            allow_private: false,
            allowed: Vec::new(),
        }
    }
}

/// What is kept.
///
/// ```
/// use ravelin_net::fetch::CacheLimits;
///
/// let mut cache = CacheLimits::default();
/// cache.folder = Some("/var/cache/ravelin".into());
/// assert_eq!(cache.memory_bytes, 64 << 20);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CacheLimits {
    /// Bytes kept in memory; 64 MiB. Zero for none.
    pub memory_bytes: usize,
    /// Entries kept in memory; 4096. Zero for none.
    pub memory_entries: usize,
    /// Where entries are kept on disk as well; none by default. Made if it is not there, for its owner alone.
    pub folder: Option<PathBuf>,
    /// Bytes kept on disk, the oldest files being removed beyond that; 256 MiB.
    pub disk_bytes: u64,
}

impl Default for CacheLimits {
    fn default() -> CacheLimits {
        CacheLimits {
            memory_bytes: 64 << 20,
            memory_entries: 4096,
            folder: None,
            disk_bytes: 256 << 20,
        }
    }
}

/// What a [`Fetcher`](super::Fetcher) is made of.
///
/// ```
/// use ravelin_net::{fetch::{FetchConfig, FetchLimits, Fetcher}, roots};
///
/// let mut config = FetchConfig::new(FetchLimits::default());
/// config.roots = roots::bundled().certificates;
/// let fetcher = Fetcher::new(config)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FetchConfig {
    /// What one fetch may cost.
    pub limits: FetchLimits,
    /// What is kept.
    pub cache: CacheLimits,
    /// Certificates, as DER, that https servers are verified with; without any, https URLs fail.
    pub roots: Vec<Box<[u8]>>,
    /// How hosts are looked up.
    pub resolver: Arc<dyn Resolve>,
}

impl FetchConfig {
    /// These limits, a cache in memory, the system's resolver, and no roots.
    ///
    /// ```
    /// use ravelin_net::fetch::{FetchConfig, FetchLimits};
    ///
    /// assert!(FetchConfig::new(FetchLimits::default()).roots.is_empty());
    /// ```
    pub fn new(limits: FetchLimits) -> FetchConfig {
        FetchConfig {
            limits,
            cache: CacheLimits::default(),
            roots: Vec::new(),
            resolver: Arc::new(SystemResolver),
        }
    }
}
