//! What a running tunnel counts, for Prometheus and the status page.
//!
//! A worker asks for its service's [`ServiceMetrics`] once and then only adds to atomics: no look-up and no lock on the
//! data path. Names follow Prometheus's rules (base units, `_total` on counters); no label tells anything of a client.

mod counters;
mod exposition;
mod status;

pub use counters::{NO_CERTIFICATE, ServiceMetrics, handshake_failure};
pub use status::{
    ByteCounts, CertificateStatus, ConnectionCounts, HandshakeCounts, Phase, ReloadStatus,
    ServiceStatus, Status,
};

use crate::service::{CertificateFacts, Settings};
use counters::Counters;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

/// The content type of [`Metrics::encode`]: OpenMetrics 1.0, which Prometheus reads.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything a running tunnel counts. Clones count together.
///
/// ```
/// use ravelin_tunnel::{metrics::Metrics, reason::CloseReason};
/// use std::time::SystemTime;
///
/// let metrics = Metrics::new(SystemTime::now());
/// let service = metrics.service("rtmps");
/// service.opened();
/// service.bytes(300, 20);
/// service.closed(CloseReason::ClientClosed);
/// assert!(metrics.encode().contains("ravelin_connections_total{service=\"rtmps\"} 1"));
/// ```
#[derive(Clone, Debug)]
pub struct Metrics {
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    started: SystemTime,
    draining: AtomicBool,
    /// Locked when a service is asked for, on a reload and when somebody reads, never by a connection.
    tables: Mutex<Tables>,
}

#[derive(Debug)]
struct Tables {
    services: BTreeMap<Arc<str>, Arc<Counters>>,
    /// End of validity by service and serial number.
    not_after: BTreeMap<(Arc<str>, String), i64>,
    /// When the configuration in force was loaded.
    loaded: SystemTime,
    last_reload: Option<Reload>,
}

#[derive(Clone, Debug)]
struct Reload {
    at: SystemTime,
    error: Option<String>,
}

impl Metrics {
    /// Counts from nothing. The configuration the tunnel starts with counts as loaded at `started`.
    pub fn new(started: SystemTime) -> Metrics {
        let tables = Tables {
            services: BTreeMap::new(),
            not_after: BTreeMap::new(),
            loaded: started,
            last_reload: None,
        };
        let state = State { started, draining: AtomicBool::new(false), tables: Mutex::new(tables) };
        Metrics { state: Arc::new(state) }
    }

    /// The counters of a service. Ask once per worker and configuration, not per connection.
    pub fn service(&self, name: &str) -> ServiceMetrics {
        let mut tables = self.state.tables();
        if let Some(counters) = tables.services.get(name) {
            return ServiceMetrics::new(Arc::clone(counters));
        }
        let counters = Arc::<Counters>::default();
        tables.services.insert(name.into(), Arc::clone(&counters));
        ServiceMetrics::new(counters)
    }

    /// Takes over what a new configuration says; call it at the start and after every reload.
    ///
    /// The certificates of before are forgotten. So are the counters of services that are gone, once no worker holds
    /// them any more.
    pub fn configured(&self, settings: &Settings) {
        self.configure(
            settings.services.iter().map(|s| (&*s.name, s.certificate_facts.as_slice())),
        );
    }

    fn configure<'a>(
        &self,
        services: impl Iterator<Item = (&'a str, &'a [CertificateFacts])> + Clone,
    ) {
        let mut not_after = BTreeMap::new();
        for (service, certificates) in services.clone() {
            let service: Arc<str> = service.into();
            for certificate in certificates {
                // Issuers may choose the same serial number: the certificate that ends first counts.
                not_after
                    .entry((Arc::clone(&service), certificate.serial.clone()))
                    .and_modify(|end: &mut i64| *end = (*end).min(certificate.not_after))
                    .or_insert(certificate.not_after);
            }
        }
        let names: BTreeSet<&str> = services.map(|(name, _)| name).collect();
        let mut tables = self.state.tables();
        tables.not_after = not_after;
        tables
            .services
            .retain(|name, counters| names.contains(&**name) || Arc::strong_count(counters) > 1);
    }

    /// A reload put a new configuration in force.
    pub fn reload_succeeded(&self, now: SystemTime) {
        let mut tables = self.state.tables();
        tables.loaded = now;
        tables.last_reload = Some(Reload { at: now, error: None });
    }

    /// A reload failed; the configuration of before stays in force.
    pub fn reload_failed(&self, now: SystemTime, error: &str) {
        self.state.tables().last_reload = Some(Reload { at: now, error: Some(error.into()) });
    }

    /// The tunnel was told to stop and takes no new connections.
    pub fn drain_started(&self) {
        self.state.draining.store(true, Ordering::Relaxed);
    }

    /// Whether the tunnel takes no new connections because it was told to stop.
    pub fn is_draining(&self) -> bool {
        self.state.draining.load(Ordering::Relaxed)
    }

    /// All metrics in the format of [`CONTENT_TYPE`], services and labels in alphabetical order.
    pub fn encode(&self) -> String {
        exposition::encode(&self.state)
    }

    /// The status page: the services of `settings`, what they did, and the state of their certificates at `now`.
    pub fn status(&self, settings: &Settings, now: SystemTime) -> Status {
        let services = settings.services.iter().map(|s| status::ServiceFacts::of(s));
        Status::new(&self.state, services, now)
    }
}

impl State {
    /// Nothing panics while it holds the lock, so a poisoned one holds whole tables all the same.
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Seconds since 1970; zero for times before it.
fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
