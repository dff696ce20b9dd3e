//! What comes back.

use std::{fmt, sync::Arc, time::Duration};

/// What was fetched. Cheap to clone.
///
/// ```no_run
/// # async fn example(fetcher: ravelin_net::fetch::Fetcher, now: std::time::Duration)
/// # -> Result<(), ravelin_net::fetch::FetchError> {
/// use ravelin_net::fetch::{FetchRequest, Origin};
///
/// let evidence = fetcher.fetch(&FetchRequest::crl("http://ca.example/ca.crl"), now).await?;
/// if evidence.origin() == Origin::Network {
///     println!("{} new bytes", evidence.bytes().len());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Evidence {
    bytes: Arc<[u8]>,
    fresh_until: Duration,
    origin: Origin,
}

/// Where evidence came from.
///
/// ```
/// assert_eq!(ravelin_net::fetch::Origin::Disk.to_string(), "cache on disk");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A server, now.
    Network,
    /// The cache in memory.
    Memory,
    /// The cache on disk.
    Disk,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Origin::Network => "network",
            Origin::Memory => "cache in memory",
            Origin::Disk => "cache on disk",
        })
    }
}

impl Evidence {
    /// The body of the answer, as it came.
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    /// Until when it is kept (since 1970-01-01T00:00:00Z); in the past if it is not.
    pub fn fresh_until(&self) -> Duration {
        self.fresh_until
    }

    /// Where it came from.
    pub fn origin(&self) -> Origin {
        self.origin
    }
}

impl fmt::Debug for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evidence")
            .field("bytes", &self.bytes.len())
            .field("fresh_until", &self.fresh_until)
            .field("origin", &self.origin)
            .finish()
    }
}

/// Evidence as a cache has it.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) bytes: Arc<[u8]>,
    pub(super) fresh_until: Duration,
}

impl Kept {
    pub(super) fn from(self, origin: Origin) -> Evidence {
        Evidence { bytes: self.bytes, fresh_until: self.fresh_until, origin }
    }
}
