//! The counters of one service: atomics, found once.

use crate::reason::CloseReason;
use ravelin_tls::TlsError;
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// The word for a client that was asked for a certificate and gave none.
pub const NO_CERTIFICATE: &str = "none";

/// How many different words [`ServiceMetrics::handshake_failed`] tells apart.
const MAX_FAILURE_WORDS: usize = 24;

/// What stands for all words beyond [`MAX_FAILURE_WORDS`].
const OTHER: &str = "other";

/// Upper bounds of the histogram of handshake durations, in microseconds.
const BOUNDS: [u64; 13] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 10_000_000,
];

const REASONS: usize = CloseReason::ALL.len();

/// The counters of one service. Clones count together; every method is a few additions to atomics.
#[derive(Clone, Debug)]
pub struct ServiceMetrics {
    counters: Arc<Counters>,
}

impl ServiceMetrics {
    pub(super) fn new(counters: Arc<Counters>) -> ServiceMetrics {
        ServiceMetrics { counters }
    }

    /// A connection was accepted, even if it is refused at once. Needs exactly one [`closed`](Self::closed) later.
    pub fn opened(&self) {
        self.counters.opened.fetch_add(1, Relaxed);
        self.counters.open.fetch_add(1, Relaxed);
    }

    /// A connection ended.
    pub fn closed(&self, reason: CloseReason) {
        self.counters.closed[reason as usize].fetch_add(1, Relaxed);
        self.counters.open.fetch_sub(1, Relaxed);
    }

    /// A handshake was finished; `duration` counts from the accepted connection.
    pub fn handshake(&self, duration: Duration, resumed: bool) {
        let durations = if resumed {
            &self.counters.resumed_handshakes
        } else {
            &self.counters.full_handshakes
        };
        durations.observe(duration);
    }

    /// A handshake failed for a reason of which there are few: see [`handshake_failure`] for those of TLS.
    pub fn handshake_failed(&self, reason: &'static str) {
        self.counters.handshake_failures.add(reason);
    }

    /// A client's certificate was judged, or [missing](NO_CERTIFICATE); `status` is one of few words.
    pub fn client_verdict(&self, status: &'static str) {
        self.counters.client_verdicts.add(status);
    }

    /// A backend's certificate was judged; `status` is one of few words.
    pub fn server_verdict(&self, status: &'static str) {
        self.counters.server_verdicts.add(status);
    }

    /// Bytes of plain text were handed over. Cheap enough for every turn of a loop.
    pub fn bytes(&self, to_backend: u64, to_client: u64) {
        if to_backend > 0 {
            self.counters.to_backend.fetch_add(to_backend, Relaxed);
        }
        if to_client > 0 {
            self.counters.to_client.fetch_add(to_client, Relaxed);
        }
    }

    /// A connection was ended by the tunnel because nobody seemed to use it; besides [`closed`](Self::closed).
    pub fn ghost(&self, kind: CloseReason) {
        self.counters.ghosts[kind as usize].fetch_add(1, Relaxed);
    }

    /// Connections that were opened and not yet closed.
    pub fn open_now(&self) -> u64 {
        self.counters.open_now()
    }
}

/// The word for a failure of TLS in `ravelin_handshake_failures_total`.
pub fn handshake_failure(error: &TlsError) -> &'static str {
    match error {
        TlsError::AlertReceived(_) => "alert_received",
        TlsError::Certificate { .. } => "certificate",
        TlsError::Hello(_) => "client_hello",
        TlsError::Incompatible { .. } => "incompatible",
        TlsError::Misbehaved { .. } => "protocol_violation",
        TlsError::Local(_) | TlsError::KeysExhausted => "internal",
        _ => OTHER,
    }
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    opened: AtomicU64,
    open: AtomicI64,
    closed: [AtomicU64; REASONS],
    ghosts: [AtomicU64; REASONS],
    to_backend: AtomicU64,
    to_client: AtomicU64,
    pub(super) full_handshakes: Durations,
    pub(super) resumed_handshakes: Durations,
    handshake_failures: Words,
    client_verdicts: Words,
    server_verdicts: Words,
}

impl Counters {
    pub(super) fn opened(&self) -> u64 {
        self.opened.load(Relaxed)
    }

    pub(super) fn open_now(&self) -> u64 {
        u64::try_from(self.open.load(Relaxed)).unwrap_or(0)
    }

    /// Every reason with its count.
    pub(super) fn closed(&self) -> impl Iterator<Item = (&'static str, u64)> {
        by_reason(&self.closed)
    }

    /// What counts as a ghost, and whatever else was reported as one.
    pub(super) fn ghosts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        by_reason(&self.ghosts).zip(CloseReason::ALL).filter_map(|((word, count), reason)| {
            (is_ghost(*reason) || count > 0).then_some((word, count))
        })
    }

    pub(super) fn to_backend(&self) -> u64 {
        self.to_backend.load(Relaxed)
    }

    pub(super) fn to_client(&self) -> u64 {
        self.to_client.load(Relaxed)
    }

    /// The failures seen so far, in alphabetical order.
    pub(super) fn handshake_failures(&self) -> Vec<(&'static str, u64)> {
        self.handshake_failures.counts()
    }

    /// The verdicts on clients' certificates seen so far, in alphabetical order.
    pub(super) fn client_verdicts(&self) -> Vec<(&'static str, u64)> {
        self.client_verdicts.counts()
    }

    /// The verdicts on backends' certificates seen so far, in alphabetical order.
    pub(super) fn server_verdicts(&self) -> Vec<(&'static str, u64)> {
        self.server_verdicts.counts()
    }
}

fn by_reason(counts: &[AtomicU64; REASONS]) -> impl Iterator<Item = (&'static str, u64)> {
    CloseReason::ALL.iter().map(|&reason| (reason.word(), counts[reason as usize].load(Relaxed)))
}

/// The reasons that stand in the metrics from the start, so that their rates are known before the first one.
fn is_ghost(reason: CloseReason) -> bool {
    matches!(
        reason,
        CloseReason::PeerVanished
            | CloseReason::HandshakeTimeout
            | CloseReason::ProxyHeaderTimeout
            | CloseReason::Idle
            | CloseReason::HalfCloseTimeout
            | CloseReason::Lifetime
    )
}

/// A histogram of durations.
#[derive(Debug, Default)]
pub(super) struct Durations {
    /// One more than there are bounds: the last is for everything above.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    /// In nanoseconds: enough for five centuries.
    sum: AtomicU64,
}

impl Durations {
    fn observe(&self, duration: Duration) {
        let bucket = BOUNDS.partition_point(|&bound| duration > Duration::from_micros(bound));
        self.buckets[bucket].fetch_add(1, Relaxed);
        self.sum.fetch_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    pub(super) fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.load(Relaxed)).sum()
    }

    pub(super) fn sum(&self) -> Duration {
        Duration::from_nanos(self.sum.load(Relaxed))
    }

    /// Upper bounds in seconds, each with the count of its own bucket.
    pub(super) fn buckets(&self) -> Vec<(f64, u64)> {
        let bounds = BOUNDS.iter().map(|&bound| Duration::from_micros(bound).as_secs_f64());
        let counts = self.buckets.iter().map(|bucket| bucket.load(Relaxed));
        bounds.chain([f64::INFINITY]).zip(counts).collect()
    }
}

/// Counts by word, for words that are few and known to the program, each found by a short scan.
#[derive(Debug, Default)]
struct Words {
    slots: [(OnceLock<&'static str>, AtomicU64); MAX_FAILURE_WORDS],
    other: AtomicU64,
}

impl Words {
    fn add(&self, word: &'static str) {
        let slot = self.slots.iter().find(|(slot, _)| *slot.get_or_init(|| word) == word);
        slot.map_or(&self.other, |(_, count)| count).fetch_add(1, Relaxed);
    }

    fn counts(&self) -> Vec<(&'static str, u64)> {
        let mut counts: Vec<_> = self
            .slots
            .iter()
            .filter_map(|(word, count)| Some((*word.get()?, count.load(Relaxed))))
            .collect();
        let other = self.other.load(Relaxed);
        if other > 0 {
            match counts.iter_mut().find(|(word, _)| *word == OTHER) {
                Some((_, count)) => *count += other,
                None => counts.push((OTHER, other)),
            }
        }
        counts.sort_unstable();
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_on_a_bound_belongs_below_it() {
        let durations = Durations::default();
        durations.observe(Duration::from_millis(1));
        durations.observe(Duration::from_micros(1_001));
        durations.observe(Duration::from_secs(60));
        let filled: Vec<_> = durations.buckets().into_iter().filter(|(_, n)| *n > 0).collect();
        assert_eq!(filled, [(0.001, 1), (0.0025, 1), (f64::INFINITY, 1)]);
        assert_eq!(durations.count(), 3);
        assert_eq!(durations.sum(), Duration::from_micros(60_002_001));
    }

    #[test]
    fn words_beyond_the_limit_are_counted_together() {
        let words = Words::default();
        let many: Vec<&'static str> = (0..MAX_FAILURE_WORDS + 5)
            .map(|n| &*Box::leak(format!("word{n:02}").into_boxed_str()))
            .collect();
        for word in &many {
            words.add(word);
        }
        words.add(many[0]);
        let counts = words.counts();
        assert_eq!(counts.len(), MAX_FAILURE_WORDS + 1);
        assert!(counts.contains(&("word00", 2)));
        assert!(counts.contains(&(OTHER, 5)));
    }

    #[test]
    fn threads_agree_on_the_slot_of_a_word() {
        let words = Words::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        words.add("timeout");
                        words.add("certificate");
                    }
                });
            }
        });
        assert_eq!(words.counts(), [("certificate", 4000), ("timeout", 4000)]);
    }

    #[test]
    fn a_close_without_an_open_does_not_wrap() {
        let service = ServiceMetrics::new(Arc::default());
        service.closed(CloseReason::Idle);
        assert_eq!(service.open_now(), 0);
    }

    #[test]
    fn reasons_are_numbered_as_they_are_listed() {
        for (index, reason) in CloseReason::ALL.iter().enumerate() {
            assert_eq!(*reason as usize, index);
        }
    }
}
