//! How many connections there may be: in total, of a service, and of a service from one source.
//!
//! Shared by all workers. Counts belong to the running tunnel and not to its configuration, so that a reload neither
//! forgets connections nor counts them twice; the limits are given with each request.
//!
//! ```
//! use ravelin_tunnel::limits::{Admission, Refused, ServiceLimits};
//!
//! let admission = Admission::new(1000);
//! let service = admission.service("rtmps");
//! let limits = ServiceLimits { connections: None, per_source: Some(1) };
//! let client = "192.0.2.7".parse()?;
//!
//! let first = admission.admit(&service, limits, client)?;
//! assert_eq!(admission.admit(&service, limits, client).unwrap_err(), Refused::Source { limit: 1 });
//! drop(first);
//! assert!(admission.admit(&service, limits, client).is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

/// Descriptors kept for everything that is not a connection: listeners, log, files being reloaded, admin clients.
pub const RESERVED_DESCRIPTORS: u64 = 128;

/// Descriptors a connection takes: the client's and the backend's.
pub const DESCRIPTORS_PER_CONNECTION: u64 = 2;

/// Locks over which the sources of a service are spread.
const SHARDS: usize = 16;

/// How many connections a process may have that may open `descriptors` files. At least one.
///
/// ```
/// assert_eq!(ravelin_tunnel::limits::connections_for(20_000), 9_936);
/// ```
pub fn connections_for(descriptors: u64) -> usize {
    let connections = descriptors.saturating_sub(RESERVED_DESCRIPTORS) / DESCRIPTORS_PER_CONNECTION;
    usize::try_from(connections).unwrap_or(usize::MAX).max(1)
}

/// Counts the connections of a tunnel and refuses those beyond a limit.
#[derive(Debug)]
pub struct Admission {
    limit: AtomicUsize,
    total: Arc<AtomicUsize>,
    services: Mutex<HashMap<Box<str>, Arc<ServiceCount>>>,
}

/// The connections of one service.
#[derive(Debug)]
pub struct ServiceCount {
    connections: AtomicUsize,
    sources: [Mutex<HashMap<Source, usize>>; SHARDS],
    hasher: RandomState,
}

/// The limits of a service. None is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServiceLimits {
    /// Most connections at once.
    pub connections: Option<usize>,
    /// Most connections at once from one IPv4 address or one IPv6 network of 64 bits.
    pub per_source: Option<usize>,
}

/// Which limit stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The tunnel's.
    #[error("the tunnel has {limit} connections, as many as it may")]
    Total {
        /// The limit.
        limit: usize,
    },
    /// The service's.
    #[error("the service has {limit} connections, as many as it may")]
    Service {
        /// The limit.
        limit: usize,
    },
    /// The source's.
    #[error("the source has {limit} connections to the service, as many as it may")]
    Source {
        /// The limit.
        limit: usize,
    },
}

impl Refused {
    /// The word for it in metrics.
    pub fn word(self) -> &'static str {
        match self {
            Refused::Total { .. } => "total",
            Refused::Service { .. } => "service",
            Refused::Source { .. } => "source",
        }
    }
}

/// A connection that counts, until it is dropped.
#[derive(Debug)]
#[must_use = "the connection counts only as long as this is kept"]
pub struct Admitted {
    total: Arc<AtomicUsize>,
    service: Arc<ServiceCount>,
    /// None when no limit per source was in force: nothing is kept about sources then.
    source: Option<Source>,
}

/// What counts as one source: an IPv4 address, or the network an IPv6 host can choose its address in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Source {
    V4(u32),
    V6(u64),
}

impl Admission {
    /// At most `limit` connections over all services.
    pub fn new(limit: usize) -> Admission {
        Admission {
            limit: AtomicUsize::new(limit),
            total: Arc::default(),
            services: Mutex::default(),
        }
    }

    /// Changes the limit over all services. Connections beyond it stay.
    pub fn set_limit(&self, limit: usize) {
        self.limit.store(limit, Relaxed);
    }

    /// The limit over all services.
    pub fn limit(&self) -> usize {
        self.limit.load(Relaxed)
    }

    /// The count of the service with this name: the same one each time, so that it outlives a reload.
    pub fn service(&self, name: &str) -> Arc<ServiceCount> {
        let mut services = lock(&self.services);
        if let Some(count) = services.get(name) {
            return Arc::clone(count);
        }
        let count = Arc::new(ServiceCount::new());
        services.insert(name.into(), Arc::clone(&count));
        count
    }

    /// Counts one more connection of `service` from `source`.
    ///
    /// Connections admitted while no limit per source was in force do not count against a later one.
    ///
    /// # Errors
    /// It would be one too many; nothing is counted then.
    pub fn admit(
        &self,
        service: &Arc<ServiceCount>,
        limits: ServiceLimits,
        source: IpAddr,
    ) -> Result<Admitted, Refused> {
        let limit = self.limit();
        if !count_up(&self.total, limit) {
            return Err(Refused::Total { limit });
        }
        if !count_up(&service.connections, limits.connections.unwrap_or(usize::MAX)) {
            self.total.fetch_sub(1, Relaxed);
            return Err(Refused::Service { limit: limits.connections.unwrap_or(usize::MAX) });
        }
        // From here on dropping it takes everything back.
        let mut admitted =
            Admitted { total: Arc::clone(&self.total), service: Arc::clone(service), source: None };
        if let Some(limit) = limits.per_source {
            let source = Source::of(source);
            if !service.count_source(source, limit) {
                return Err(Refused::Source { limit });
            }
            admitted.source = Some(source);
        }
        Ok(admitted)
    }

    /// Connections at present, over all services.
    pub fn connections(&self) -> usize {
        self.total.load(Relaxed)
    }
}

impl ServiceCount {
    fn new() -> ServiceCount {
        ServiceCount {
            connections: AtomicUsize::new(0),
            sources: std::array::from_fn(|_| Mutex::default()),
            hasher: RandomState::new(),
        }
    }

    /// Connections of the service at present.
    pub fn connections(&self) -> usize {
        self.connections.load(Relaxed)
    }

    /// Counts one more of `source`, unless there are `limit` already.
    fn count_source(&self, source: Source, limit: usize) -> bool {
        let mut counts = self.shard(source);
        let count = counts.get(&source).copied().unwrap_or(0);
        if count < limit {
            counts.insert(source, count + 1);
        }
        count < limit
    }

    fn release_source(&self, source: Source) {
        let mut counts = self.shard(source);
        if let Entry::Occupied(mut count) = counts.entry(source) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }

    fn shard(&self, source: Source) -> MutexGuard<'_, HashMap<Source, usize>> {
        let shard = usize::try_from(self.hasher.hash_one(source) % SHARDS as u64)
            .expect("it is below SHARDS");
        lock(&self.sources[shard])
    }
}

impl Source {
    fn of(address: IpAddr) -> Source {
        match address.to_canonical() {
            IpAddr::V4(address) => Source::V4(address.to_bits()),
            IpAddr::V6(address) => Source::V6((address.to_bits() >> 64) as u64),
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        if let Some(source) = self.source {
            self.service.release_source(source);
        }
        self.service.connections.fetch_sub(1, Relaxed);
        self.total.fetch_sub(1, Relaxed);
    }
}

/// Adds one unless that would go over `limit`.
fn count_up(count: &AtomicUsize, limit: usize) -> bool {
    count.fetch_update(Relaxed, Relaxed, |count| (count < limit).then(|| count + 1)).is_ok()
}

/// The counts are right after every statement: a panic elsewhere leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_LIMITS: ServiceLimits = ServiceLimits { connections: None, per_source: None };

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn sources_kept(service: &ServiceCount) -> usize {
        service.sources.iter().map(|shard| lock(shard).len()).sum()
    }

    #[test]
    fn each_limit_names_itself_and_counts_nothing_when_it_refuses() {
        let admission = Admission::new(3);
        let (one, other) = (admission.service("one"), admission.service("other"));
        let limits = ServiceLimits { connections: Some(2), per_source: Some(1) };

        let first = admission.admit(&one, limits, ip("192.0.2.1")).unwrap();
        assert_eq!(
            admission.admit(&one, limits, ip("192.0.2.1")).unwrap_err(),
            Refused::Source { limit: 1 }
        );
        let second = admission.admit(&one, limits, ip("192.0.2.2")).unwrap();
        assert_eq!(
            admission.admit(&one, limits, ip("192.0.2.3")).unwrap_err(),
            Refused::Service { limit: 2 }
        );
        let third = admission.admit(&other, limits, ip("192.0.2.1")).unwrap();
        assert_eq!(
            admission.admit(&other, limits, ip("192.0.2.9")).unwrap_err(),
            Refused::Total { limit: 3 }
        );
        assert_eq!((admission.connections(), one.connections(), other.connections()), (3, 2, 1));

        drop((first, second, third));
        assert_eq!((admission.connections(), one.connections(), other.connections()), (0, 0, 0));
        assert_eq!(
            sources_kept(&one) + sources_kept(&other),
            0,
            "nothing is remembered of sources that left"
        );
    }

    #[test]
    fn a_source_is_an_ipv4_address_or_a_network_of_64_bits() {
        let admission = Admission::new(100);
        let service = admission.service("s");
        let limits = ServiceLimits { per_source: Some(1), ..NO_LIMITS };
        let admit = |text| admission.admit(&service, limits, ip(text));
        let kept = [
            admit("2001:db8:0:1::1").unwrap(),
            admit("2001:db8:0:2::1").unwrap(),
            admit("192.0.2.1").unwrap(),
        ];
        assert!(admit("2001:db8:0:1:ffff:ffff:ffff:ffff").is_err());
        assert!(admit("::ffff:192.0.2.1").is_err());
        assert!(admit("192.0.2.2").is_ok());
        assert_eq!(kept.len(), service.connections());
    }

    #[test]
    fn a_reload_finds_the_counts_again() {
        let admission = Admission::new(10);
        let limits = ServiceLimits { connections: Some(1), ..NO_LIMITS };
        let kept = admission.admit(&admission.service("s"), limits, ip("::1")).unwrap();
        assert_eq!(
            admission.admit(&admission.service("s"), limits, ip("::1")).unwrap_err(),
            Refused::Service { limit: 1 }
        );
        admission.set_limit(1);
        assert_eq!(
            admission.admit(&admission.service("t"), NO_LIMITS, ip("::1")).unwrap_err(),
            Refused::Total { limit: 1 }
        );
        drop(kept);
        assert!(admission.admit(&admission.service("t"), NO_LIMITS, ip("::1")).is_ok());
    }

    #[test]
    fn sources_are_not_kept_when_nobody_asks() {
        let admission = Admission::new(10);
        let service = admission.service("s");
        let early = admission.admit(&service, NO_LIMITS, ip("192.0.2.1")).unwrap();
        assert_eq!(sources_kept(&service), 0);
        // A limit that comes later is not confused by connections that came before.
        let limits = ServiceLimits { per_source: Some(1), ..NO_LIMITS };
        let late = admission.admit(&service, limits, ip("192.0.2.1")).unwrap();
        drop(early);
        assert!(admission.admit(&service, limits, ip("192.0.2.1")).is_err());
        drop(late);
        assert!(admission.admit(&service, limits, ip("192.0.2.1")).is_ok());
    }

    #[test]
    fn threads_never_go_over_a_limit() {
        let admission = Admission::new(7);
        let service = admission.service("s");
        let limits = ServiceLimits { connections: Some(5), per_source: Some(3) };
        let refused = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for thread in 0..4_u8 {
                let (admission, service, refused) = (&admission, &service, &refused);
                scope.spawn(move || {
                    for round in 0..5_000_u32 {
                        let source = IpAddr::from([192, 0, 2, thread % 2]);
                        let admitted: Vec<_> = (0..=round % 4)
                            .map(|_| admission.admit(service, limits, source))
                            .collect();
                        assert!(service.connections() <= 5);
                        refused.fetch_add(
                            admitted.iter().filter(|admitted| admitted.is_err()).count(),
                            Relaxed,
                        );
                    }
                });
            }
        });
        assert!(refused.load(Relaxed) > 0);
        assert_eq!(
            (admission.connections(), service.connections(), sources_kept(&service)),
            (0, 0, 0)
        );
    }

    #[test]
    fn connections_follow_from_descriptors() {
        assert_eq!(connections_for(1024), 448);
        assert_eq!(connections_for(10), 1);
        assert_eq!(connections_for(u64::MAX), usize::try_from((u64::MAX - 128) / 2).unwrap());
    }
}
