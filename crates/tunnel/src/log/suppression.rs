//! How often one kind of line may come before it is only counted.

use crate::reason::CloseReason;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Lines of one limited kind that are written in a second.
pub(super) const LINES_PER_SECOND: u64 = 10;

/// Low bits of a window's word that count lines; the others hold the second.
const COUNT_BITS: u32 = 24;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;

const REASONS: usize = CloseReason::ALL.len();

/// The kinds of lines that strangers or a full table can cause at any rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Closed connections of this reason.
    Closed(CloseReason),
    /// Connections refused.
    Refused,
    /// Listeners that failed.
    ListenerFailed,
}

impl Kind {
    /// The kind of a closed connection's line, if it is limited: nobody needs to do more than connect to cause it.
    pub(super) fn of(reason: CloseReason) -> Option<Kind> {
        matches!(
            reason,
            CloseReason::HandshakeFailed
                | CloseReason::HandshakeTimeout
                | CloseReason::HandshakeAborted
                | CloseReason::HandshakeShed
                | CloseReason::ProxyHeaderInvalid
                | CloseReason::ProxyHeaderTimeout
                | CloseReason::LimitReached
                | CloseReason::InternalError
        )
        .then_some(Kind::Closed(reason))
    }

    fn all() -> impl Iterator<Item = Kind> {
        let closed = CloseReason::ALL.iter().map(|&reason| Kind::Closed(reason));
        closed.chain([Kind::Refused, Kind::ListenerFailed])
    }

    fn index(self) -> usize {
        match self {
            Kind::Closed(reason) => reason as usize,
            Kind::Refused => REASONS,
            Kind::ListenerFailed => REASONS + 1,
        }
    }

    /// The event and, for closed connections, the reason of the lines it stands for.
    pub(super) fn words(self) -> (&'static str, Option<&'static str>) {
        match self {
            Kind::Closed(reason) => ("closed", Some(reason.word())),
            Kind::Refused => ("refused", None),
            Kind::ListenerFailed => ("listener_failed", None),
        }
    }
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is written.
    Write,
    /// It is counted, and is the first since the last summary: somebody must see to the next one.
    FirstSuppressed,
    /// It is counted.
    Suppressed,
}

/// Counts lines of each kind per second. All threads share it, without locks.
#[derive(Debug, Default)]
pub(super) struct Suppression {
    slots: [Slot; REASONS + 2],
}

#[derive(Debug, Default)]
struct Slot {
    /// A second and how many lines it had.
    window: AtomicU64,
    /// Lines not written since the last summary.
    suppressed: AtomicU64,
}

impl Suppression {
    /// Decides on a line in the given second, any second of any clock.
    pub(super) fn admit(&self, kind: Kind, second: u64) -> Verdict {
        let slot = &self.slots[kind.index()];
        let step = |window: u64| {
            let same = window >> COUNT_BITS == second & (u64::MAX >> COUNT_BITS);
            let count =
                if same { (window & COUNT_MASK).saturating_add(1).min(COUNT_MASK) } else { 1 };
            second << COUNT_BITS | count
        };
        let mut seen = slot.window.load(Relaxed);
        while let Err(now) = slot.window.compare_exchange_weak(seen, step(seen), Relaxed, Relaxed) {
            seen = now;
        }
        if step(seen) & COUNT_MASK <= LINES_PER_SECOND {
            Verdict::Write
        } else if slot.suppressed.fetch_add(1, Relaxed) == 0 {
            Verdict::FirstSuppressed
        } else {
            Verdict::Suppressed
        }
    }

    /// Whether lines were suppressed since the last summary.
    pub(super) fn is_pending(&self) -> bool {
        self.slots.iter().any(|slot| slot.suppressed.load(Relaxed) > 0)
    }

    /// Takes how many lines of each kind were suppressed since the last call.
    pub(super) fn take(&self) -> impl Iterator<Item = (Kind, u64)> {
        Kind::all().filter_map(|kind| {
            let count = self.slots[kind.index()].suppressed.swap(0, Relaxed);
            (count > 0).then_some((kind, count))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: Kind = Kind::Closed(CloseReason::HandshakeFailed);

    #[test]
    fn a_second_has_room_for_so_many_lines() {
        let suppression = Suppression::default();
        for _ in 0..LINES_PER_SECOND {
            assert_eq!(suppression.admit(FAILED, 5), Verdict::Write);
        }
        assert!(!suppression.is_pending());
        assert_eq!(suppression.admit(FAILED, 5), Verdict::FirstSuppressed);
        assert_eq!(suppression.admit(FAILED, 5), Verdict::Suppressed);
        assert_eq!(suppression.admit(Kind::Refused, 5), Verdict::Write, "kinds do not share");
        assert_eq!(suppression.admit(FAILED, 6), Verdict::Write, "a new second begins anew");
        assert!(suppression.is_pending());
        assert_eq!(suppression.take().collect::<Vec<_>>(), [(FAILED, 2)]);
        assert!(!suppression.is_pending());
    }

    #[test]
    fn a_clock_set_back_does_not_silence() {
        let suppression = Suppression::default();
        for _ in 0..=LINES_PER_SECOND {
            suppression.admit(FAILED, 100);
        }
        assert_eq!(suppression.admit(FAILED, 50), Verdict::Write);
    }

    #[test]
    fn threads_lose_no_line() {
        let suppression = Suppression::default();
        let written: u64 = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        let lines = (0..10_000).map(|_| suppression.admit(Kind::Refused, 1));
                        lines.filter(|verdict| *verdict == Verdict::Write).count() as u64
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(written, LINES_PER_SECOND);
        let suppressed = suppression.take().map(|(_, count)| count).sum::<u64>();
        assert_eq!(written + suppressed, 40_000);
    }

    #[test]
    fn counting_saturates_within_its_bits() {
        let suppression = Suppression::default();
        let slot = &suppression.slots[FAILED.index()];
        slot.window.store(7 << COUNT_BITS | COUNT_MASK, Relaxed);
        suppression.admit(FAILED, 7);
        assert_eq!(slot.window.load(Relaxed), 7 << COUNT_BITS | COUNT_MASK);
    }

    #[test]
    fn every_kind_has_a_slot_of_its_own() {
        let mut indices: Vec<_> = Kind::all().map(Kind::index).collect();
        indices.sort_unstable();
        assert!(indices.into_iter().eq(0..REASONS + 2));
    }

    #[test]
    fn connections_that_were_served_are_never_suppressed() {
        for reason in [CloseReason::ClientClosed, CloseReason::Idle, CloseReason::BackendLost] {
            assert_eq!(Kind::of(reason), None);
        }
    }
}
