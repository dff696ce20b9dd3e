//! Issuer certificates, CRLs and OCSP responses over HTTP: hostile URLs, hostile servers, within limits.
//!
//! A [`Fetcher`] answers [`FetchRequest`]s with [`Evidence`], bytes whose meaning it does not know. What it keeps to:
//!
//! - **Where.** Only http and https URLs without a user name. Only public addresses, judged after the look-up and again at
//!   every redirect; it is the judged address that is connected to, so that no second look-up can give another. Never from
//!   https to http. [`FetchLimits::allow_private`] and [`FetchLimits::allowed`] open this.
//! - **How much.** Size of head and body, time, redirects, fetches at once: [`FetchLimits`].
//! - **How often.** Callers who want the same at the same time share one fetch, which goes on whichever of them leaves.
//!   Answers are kept in memory and, if wanted, on disk, for as long as their server says or the caller who has read
//!   them ([`Fetcher::keep_until`]), never longer than [`MAX_FRESH`]. Failures are remembered for [`REMEMBER_FAILURE`].
//!
//! A body that its sender cut short is an error, not evidence: by `Content-Length` and chunks, and under https by
//! close_notify. Only a plain http answer with neither of the first two ends where its connection ends.

mod address;
mod cache;
mod dial;
mod error;
mod evidence;
mod exchange;
mod flight;
mod freshness;
mod limits;
mod network;
mod request;
mod resolve;
mod target;

pub use error::{FetchError, FetchFault, Phase, REMEMBER_FAILURE};
pub use evidence::{Evidence, Origin};
pub use freshness::{ISSUER_FRESH, MAX_FRESH, STATUS_FRESH};
pub use limits::{CacheLimits, FetchConfig, FetchLimits};
pub use request::{EvidenceKind, FetchRequest, MAX_ISSUER, MAX_OCSP};
pub use resolve::{Resolve, Resolving, SystemResolver};

use cache::{Bounded, Disk};
use evidence::Kept;
use flight::{Flights, Outcome};
use network::{Network, server_key};
use request::Key;
use std::{
    fmt,
    future::Future,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use target::Target;
use tokio::{
    task::spawn_blocking,
    time::{Instant, timeout_at},
};

/// Failures that are remembered at the same time.
const MAX_FAILURES: usize = 1024;

/// Fetches evidence. Cheap to clone; clones share everything.
///
/// Must be used within a tokio runtime with its time and I/O drivers enabled.
///
/// ```no_run
/// use ravelin_net::fetch::{FetchConfig, FetchLimits, FetchRequest, Fetcher};
/// use std::time::{SystemTime, UNIX_EPOCH};
///
/// # async fn example(ocsp_request: Vec<u8>) -> Result<(), Box<dyn std::error::Error>> {
/// let fetcher = Fetcher::new(FetchConfig::new(FetchLimits::default()))?;
/// let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
/// let request = FetchRequest::ocsp("http://ocsp.example/", ocsp_request);
/// let evidence = fetcher.fetch(&request, now).await?;
/// // … whoever reads it finds its nextUpdate, or that it is useless.
/// # let next_update = Some(now);
/// match next_update {
///     Some(next_update) => fetcher.keep_until(&request, next_update, now).await,
///     None => fetcher.forget(&request).await,
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Fetcher {
    inner: Arc<Inner>,
}

struct Inner {
    network: Network,
    memory: Mutex<Bounded<Kept>>,
    failures: Mutex<Bounded<FetchError>>,
    disk: Option<Arc<Disk>>,
    flights: Flights,
    unusable_roots: Vec<(usize, String)>,
}

impl Fetcher {
    /// Makes a fetcher, and the folder of its cache on disk if there is to be one.
    ///
    /// # Errors
    /// When that folder cannot be made.
    ///
    /// ```
    /// use ravelin_net::fetch::{FetchConfig, FetchLimits, Fetcher};
    ///
    /// let mut config = FetchConfig::new(FetchLimits::default());
    /// # let folder = tempfile::tempdir()?;
    /// # let folder = folder.path();
    /// config.cache.folder = Some(folder.join("evidence"));
    /// let fetcher = Fetcher::new(config)?;
    /// assert!(folder.join("evidence").is_dir());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new(config: FetchConfig) -> io::Result<Fetcher> {
        let FetchConfig { limits, cache, roots, resolver } = config;
        let disk = match cache.folder {
            Some(folder) => Some(Arc::new(Disk::new(folder, cache.disk_bytes)?)),
            None => None,
        };
        let (network, unusable_roots) = Network::new(limits, roots, resolver);
        let inner = Inner {
            network,
            memory: Mutex::new(Bounded::new(cache.memory_bytes, cache.memory_entries, MAX_FRESH)),
            failures: Mutex::new(Bounded::new(usize::MAX, MAX_FAILURES, REMEMBER_FAILURE)),
            disk,
            flights: Flights::default(),
            unusable_roots,
        };
        Ok(Fetcher { inner: Arc::new(inner) })
    }

    /// The roots that cannot be used for https, by their index in [`FetchConfig::roots`], each with the reason.
    ///
    /// ```
    /// use ravelin_net::fetch::{FetchConfig, FetchLimits, Fetcher};
    ///
    /// let mut config = FetchConfig::new(FetchLimits::default());
    /// config.roots = vec![Box::from(*b"no certificate")];
    /// assert_eq!(Fetcher::new(config)?.unusable_roots()[0].0, 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn unusable_roots(&self) -> &[(usize, String)] {
        &self.inner.unusable_roots
    }

    /// What the request asks for: from a cache if it is fresh at `now`, else from its server.
    ///
    /// `now` is the time on the clock (since 1970-01-01T00:00:00Z), even when certificates are judged as of another time:
    /// it decides what is fresh and whether an https server's certificate is valid. Dropping the future ends the fetch
    /// unless somebody else waits for it too.
    ///
    /// # Errors
    /// When it cannot be had, or could not a moment ago; the error says where and whose fault it is.
    ///
    /// ```no_run
    /// # async fn example(fetcher: ravelin_net::fetch::Fetcher, now: std::time::Duration) {
    /// use ravelin_net::fetch::{FetchFault, FetchRequest};
    ///
    /// let request = FetchRequest::issuer("http://ca.example/ca.cer");
    /// match fetcher.fetch(&request, now).await {
    ///     Ok(evidence) => println!("{} bytes", evidence.bytes().len()),
    ///     Err(error) if matches!(error.fault(), FetchFault::Address { .. }) => {
    ///         println!("{error}: allow private addresses to fetch this");
    ///     }
    ///     Err(error) => println!("{error}"),
    /// }
    /// # }
    /// ```
    pub async fn fetch(
        &self,
        request: &FetchRequest,
        now: Duration,
    ) -> Result<Evidence, FetchError> {
        let key = request.key();
        let target =
            Target::parse(request.url()).map_err(|fault| FetchError::new(request.url(), fault))?;
        if let Some(known) = self.inner.known(&key, request, &target, now) {
            return known;
        }
        let start = || {
            let (inner, request) = (Arc::clone(&self.inner), request.clone());
            let target = target.clone();
            async move { inner.obtain(&key, &request, &target, now).await }
        };
        let outcome = self.inner.flights.join(key, start).await;
        outcome.unwrap_or_else(|| Err(FetchError::at(&target, FetchFault::Interrupted)))
    }

    /// Says until when the answer to a request may be kept: whoever has read it knows, as its nextUpdate is inside. Counts
    /// in place of what the server said, up to [`MAX_FRESH`] from `now`; with a time that has passed, the same as
    /// [`forget`](Self::forget). Does nothing if the answer is not kept.
    ///
    /// ```no_run
    /// # async fn example(fetcher: ravelin_net::fetch::Fetcher, next_update: std::time::Duration, now: std::time::Duration) {
    /// let request = ravelin_net::fetch::FetchRequest::crl("http://ca.example/ca.crl");
    /// fetcher.keep_until(&request, next_update, now).await;
    /// # }
    /// ```
    pub async fn keep_until(&self, request: &FetchRequest, until: Duration, now: Duration) {
        if until <= now {
            return self.forget(request).await;
        }
        let key = request.key();
        let known = lock(&self.inner.memory).find(&key, now).cloned();
        let found = match known {
            Some(kept) => Some(kept),
            None => self.inner.find_on_disk(&key, request.kind(), now).await,
        };
        if let Some(Kept { bytes, .. }) = found {
            let fresh_until = until.min(now.saturating_add(MAX_FRESH));
            self.inner.keep(key, Kept { bytes, fresh_until }).await;
        }
    }

    /// Drops what is known about a request, an answer or a failure: it turned out useless, or is wanted anew.
    ///
    /// ```no_run
    /// # async fn example(fetcher: ravelin_net::fetch::Fetcher) {
    /// fetcher.forget(&ravelin_net::fetch::FetchRequest::crl("http://ca.example/ca.crl")).await;
    /// # }
    /// ```
    pub async fn forget(&self, request: &FetchRequest) {
        let key = request.key();
        lock(&self.inner.memory).remove(&key);
        {
            let mut failures = lock(&self.inner.failures);
            failures.remove(&key);
            failures.remove(&request.url_key());
            if let Ok(target) = Target::parse(request.url()) {
                failures.remove(&server_key(&target));
            }
        }
        // What cannot be removed is refused or stale some day; that is all a cache promises.
        self.inner.on_disk(move |disk| disk.remove(&key).ok()).await;
    }
}

impl Inner {
    /// What memory knows.
    fn known(
        &self,
        key: &Key,
        request: &FetchRequest,
        target: &Target,
        now: Duration,
    ) -> Option<Outcome> {
        if let Some(kept) = lock(&self.memory).find(key, now) {
            return Some(Ok(kept.clone().from(Origin::Memory)));
        }
        let mut failures = lock(&self.failures);
        let error = [*key, request.url_key(), server_key(target)]
            .iter()
            .find_map(|key| failures.find(key, now).cloned())?;
        Some(Err(error.into_remembered()))
    }

    async fn obtain(
        &self,
        key: &Key,
        request: &FetchRequest,
        target: &Target,
        now: Duration,
    ) -> Outcome {
        // Another fetch may have ended between the first look and this one's start.
        if let Some(known) = self.known(key, request, target, now) {
            return known;
        }
        if let Some(kept) = self.find_on_disk(key, request.kind(), now).await {
            self.remember(*key, kept.clone());
            return Ok(kept.from(Origin::Disk));
        }
        match self.network.fetch(request, target, now).await {
            Ok(content) => {
                let kept = Kept {
                    bytes: content.bytes.into(),
                    fresh_until: now.saturating_add(content.lifetime),
                };
                if content.lifetime > Duration::ZERO {
                    self.keep(*key, kept.clone()).await;
                }
                Ok(kept.from(Origin::Network))
            }
            Err(failure) => {
                if let Some(stands_for) = failure.stands_for {
                    let error = failure.error.clone();
                    let until = now.saturating_add(REMEMBER_FAILURE);
                    lock(&self.failures).insert(stands_for, error, 0, until);
                }
                Err(failure.error)
            }
        }
    }

    async fn keep(&self, key: Key, kept: Kept) {
        self.remember(key, kept.clone());
        // A disk that is full or broken costs time, not evidence.
        self.on_disk(move |disk| disk.keep(&key, &kept.bytes, kept.fresh_until).ok()).await;
    }

    fn remember(&self, key: Key, kept: Kept) {
        let (size, until) = (kept.bytes.len(), kept.fresh_until);
        lock(&self.memory).insert(key, kept, size, until);
    }

    async fn find_on_disk(&self, key: &Key, kind: EvidenceKind, now: Duration) -> Option<Kept> {
        let (key, most) = (*key, kind.most_bytes(self.network.limits().body));
        let (bytes, fresh_until) = self.on_disk(move |disk| disk.find(&key, most, now)).await?;
        Some(Kept { bytes: bytes.into(), fresh_until })
    }

    /// Does something with the cache on disk, if there is one, where it may block.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Disk) -> Option<T> + Send + 'static,
    ) -> Option<T> {
        let disk = Arc::clone(self.disk.as_ref()?);
        spawn_blocking(move || work(&disk)).await.ok()?
    }
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetcher")
            .field("limits", self.inner.network.limits())
            .field("disk", &self.inner.disk)
            .finish_non_exhaustive()
    }
}

/// Nothing panics while it holds one of these locks, and what they guard is whole at every moment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for something until the deadline.
async fn within<T>(
    deadline: Instant,
    phase: Phase,
    work: impl Future<Output = T>,
) -> Result<T, FetchFault> {
    timeout_at(deadline, work).await.map_err(|_| FetchFault::Timeout(phase))
}
