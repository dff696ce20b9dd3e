//! The status page: what the metrics say and what they must not, in one JSON object.

use super::{State, unix_seconds};
use crate::service::{CertificateFacts, Service, Target};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, net::SocketAddr, sync::atomic::Ordering, time::SystemTime};

const SECONDS_PER_DAY: i64 = 86_400;

/// The status page of a running tunnel. Its JSON keys are stable within one `schema`; what is missing is null.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Status {
    /// Version of this object's keys: 1.
    pub schema: u32,
    /// Version of the program.
    pub version: String,
    /// Whether connections are taken.
    pub phase: Phase,
    /// When the tunnel started (RFC 3339).
    pub started: String,
    /// Seconds since then.
    pub uptime_seconds: u64,
    /// When the configuration in force was loaded (RFC 3339).
    pub configuration_loaded: String,
    /// The last reload, if one was tried.
    pub last_reload: Option<ReloadStatus>,
    /// The services, in the configuration's order.
    pub services: Vec<ServiceStatus>,
}

/// Whether a tunnel takes connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Phase {
    /// It does.
    Serving,
    /// It was told to stop and waits for connections to end.
    Draining,
}

/// How a reload went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReloadStatus {
    /// When (RFC 3339).
    pub time: String,
    /// Whether the new configuration is in force.
    pub ok: bool,
    /// Why it is not.
    pub error: Option<String>,
}

/// What one service did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServiceStatus {
    /// Its name in the configuration.
    pub name: String,
    /// Where clients come in, as configured.
    pub listen: Vec<String>,
    /// Where their bytes go: an address, or a path after `unix:`.
    pub target: String,
    /// Connections.
    pub connections: ConnectionCounts,
    /// Bytes of plain text.
    pub bytes: ByteCounts,
    /// TLS handshakes.
    pub handshakes: HandshakeCounts,
    /// Connections ended because nobody seemed to use them, by kind.
    pub ghosts: BTreeMap<String, u64>,
    /// The certificates that are served.
    pub certificates: Vec<CertificateStatus>,
}

/// Connections of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConnectionCounts {
    /// Open now.
    pub open: u64,
    /// Accepted since the start.
    pub total: u64,
    /// Ended since the start, by reason; every reason is there.
    pub closed: BTreeMap<String, u64>,
}

/// Bytes of plain text of a service since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ByteCounts {
    /// From clients.
    pub to_backend: u64,
    /// From the backend.
    pub to_client: u64,
}

/// TLS handshakes of a service since the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HandshakeCounts {
    /// Finished, with a new session.
    pub full: u64,
    /// Finished, with a resumed session.
    pub resumed: u64,
    /// Failed, by reason; only reasons that were seen are there.
    pub failed: BTreeMap<String, u64>,
}

/// A certificate that is served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CertificateStatus {
    /// The file it came from.
    pub file: String,
    /// Serial number in lower-case hexadecimal.
    pub serial: String,
    /// The names it is valid for.
    pub names: Vec<String>,
    /// End of validity (RFC 3339); null when it lies beyond the year 9999.
    pub not_after: Option<String>,
    /// Whole days until then; negative once it is past.
    pub days_left: i64,
}

/// What the status page tells of a service's configuration.
pub(super) struct ServiceFacts<'a> {
    pub(super) name: &'a str,
    pub(super) listen: &'a [SocketAddr],
    pub(super) target: &'a Target,
    pub(super) certificates: &'a [CertificateFacts],
}

impl<'a> ServiceFacts<'a> {
    pub(super) fn of(service: &'a Service) -> ServiceFacts<'a> {
        ServiceFacts {
            name: &service.name,
            listen: &service.listen,
            target: &service.target,
            certificates: &service.certificate_facts,
        }
    }
}

impl Status {
    pub(super) fn new<'a>(
        state: &State,
        services: impl Iterator<Item = ServiceFacts<'a>>,
        now: SystemTime,
    ) -> Status {
        let draining = state.draining.load(Ordering::Relaxed);
        let tables = state.tables();
        Status {
            schema: 1,
            version: env!("CARGO_PKG_VERSION").into(),
            phase: if draining { Phase::Draining } else { Phase::Serving },
            started: rfc3339(state.started),
            uptime_seconds: now.duration_since(state.started).map_or(0, |up| up.as_secs()),
            configuration_loaded: rfc3339(tables.loaded),
            last_reload: tables.last_reload.as_ref().map(|reload| ReloadStatus {
                time: rfc3339(reload.at),
                ok: reload.error.is_none(),
                error: reload.error.clone(),
            }),
            services: services
                .map(|facts| {
                    let counters = tables.services.get(facts.name).cloned().unwrap_or_default();
                    ServiceStatus {
                        name: facts.name.into(),
                        listen: facts.listen.iter().map(ToString::to_string).collect(),
                        target: target(facts.target),
                        connections: ConnectionCounts {
                            open: counters.open_now(),
                            total: counters.opened(),
                            closed: by_word(counters.closed()),
                        },
                        bytes: ByteCounts {
                            to_backend: counters.to_backend(),
                            to_client: counters.to_client(),
                        },
                        handshakes: HandshakeCounts {
                            full: counters.full_handshakes.count(),
                            resumed: counters.resumed_handshakes.count(),
                            failed: by_word(counters.handshake_failures()),
                        },
                        ghosts: by_word(counters.ghosts()),
                        certificates: facts
                            .certificates
                            .iter()
                            .map(|c| CertificateStatus::new(c, now))
                            .collect(),
                    }
                })
                .collect(),
        }
    }
}

impl CertificateStatus {
    fn new(facts: &CertificateFacts, now: SystemTime) -> CertificateStatus {
        let now = i64::try_from(unix_seconds(now)).unwrap_or(i64::MAX);
        CertificateStatus {
            file: facts.file.display().to_string(),
            serial: facts.serial.clone(),
            names: facts.names.clone(),
            not_after: Timestamp::from_second(facts.not_after).ok().map(|end| end.to_string()),
            days_left: facts.not_after.saturating_sub(now).div_euclid(SECONDS_PER_DAY),
        }
    }
}

fn target(target: &Target) -> String {
    match target {
        Target::Tcp { name, .. } => name.to_string(),
        Target::Unix(path) => format!("unix:{}", path.display()),
    }
}

fn by_word(counts: impl IntoIterator<Item = (&'static str, u64)>) -> BTreeMap<String, u64> {
    counts.into_iter().map(|(word, count)| (word.to_owned(), count)).collect()
}

/// A time in RFC 3339, in UTC, to the millisecond. Beyond the year 9999 it is 1970: no clock says that.
fn rfc3339(time: SystemTime) -> String {
    format!("{:.3}", Timestamp::try_from(time).unwrap_or_default())
}
