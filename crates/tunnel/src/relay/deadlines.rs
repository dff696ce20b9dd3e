//! Which time limit of a connection comes next, and what happens when it passes.

use super::{DELIVERY_POLL, Fate, LINGER, Over, Phase, REDIAL, Relay, Thread, Times};
use crate::{
    reason::CloseReason,
    service::{AcceptProxy, Timeouts},
};
use std::time::Duration;

/// A moment, and what it means when it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Deadline {
    at: u64,
    limit: Limit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    /// The connection is over.
    Over(CloseReason),
    /// The address that was dialled does not answer.
    Connect { address: usize },
    /// The backend's queue may have room by now.
    Dial { address: usize },
    /// Time to ask the kernel again.
    Delivery { reason: CloseReason },
    /// The client has had time to read why it was refused.
    Linger,
}

impl Relay {
    /// When this connection must be looked at next, in milliseconds since the tunnel's start.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.next_deadline().map(|deadline| deadline.at)
    }

    /// Looks whether a time limit has passed.
    pub(crate) fn check(&mut self, thread: &mut Thread, index: usize) -> Fate {
        match self.next_deadline() {
            Some(Deadline { at, limit }) if at <= thread.now => match limit {
                Limit::Over(reason) => Fate::Over(Over::lost(reason, None)),
                Limit::Linger => Fate::Over(self.lingered()),
                Limit::Delivery { reason } => {
                    self.times.phase = thread.now;
                    self.deliver(reason).unwrap_or_else(Fate::Over)
                }
                Limit::Connect { address } => {
                    let dialled = self.give_up_connecting(address, thread, index);
                    self.serve_dialled(dialled, thread, index)
                }
                Limit::Dial { address } => {
                    let dialled = self.dial_again(address, thread, index);
                    self.serve_dialled(dialled, thread, index)
                }
            },
            _ => Fate::Wait,
        }
    }

    fn serve_dialled(
        &mut self,
        dialled: Result<(), Over>,
        thread: &mut Thread,
        index: usize,
    ) -> Fate {
        match dialled {
            Ok(()) => self.serve(thread, index),
            Err(over) => Fate::Over(over),
        }
    }

    fn next_deadline(&self) -> Option<Deadline> {
        let settings = &self.service.settings;
        next(
            self.phase,
            self.times,
            self.ends.half_closed(),
            &settings.timeouts,
            settings.accept_proxy.as_ref(),
        )
    }
}

fn next(
    phase: Phase,
    times: Times,
    half_closed: bool,
    timeouts: &Timeouts,
    proxy: Option<&AcceptProxy>,
) -> Option<Deadline> {
    let over = |since: u64, limit: Duration, reason| {
        Some(Deadline { at: after(since, limit), limit: Limit::Over(reason) })
    };
    let lifetime =
        timeouts.lifetime.and_then(|limit| over(times.accepted, limit, CloseReason::Lifetime));
    let handshake = over(times.accepted, timeouts.handshake, CloseReason::HandshakeTimeout);
    let candidates = match phase {
        Phase::Header => {
            let header = proxy.and_then(|proxy| {
                over(times.accepted, proxy.timeout, CloseReason::ProxyHeaderTimeout)
            });
            [header, handshake, None]
        }
        Phase::Dialling | Phase::Handshake => [handshake, lifetime, None],
        Phase::Connecting { address } => {
            let at = after(times.phase, timeouts.connect);
            [Some(Deadline { at, limit: Limit::Connect { address } }), lifetime, None]
        }
        Phase::Queuing { address, until } => {
            let again = Deadline { at: times.phase + REDIAL, limit: Limit::Dial { address } };
            let end = Deadline { at: until, limit: Limit::Connect { address } };
            [Some(again).filter(|again| again.at < until), Some(end), lifetime]
        }
        Phase::Relaying if half_closed => {
            [over(times.moved, timeouts.half_close, CloseReason::HalfCloseTimeout), lifetime, None]
        }
        Phase::Relaying => {
            let both = times.client.max(times.backend);
            let idle = [
                timeouts.idle.and_then(|limit| over(both, limit, CloseReason::Idle)),
                timeouts.idle_client.and_then(|limit| over(times.client, limit, CloseReason::Idle)),
                timeouts
                    .idle_backend
                    .and_then(|limit| over(times.backend, limit, CloseReason::Idle)),
            ];
            [idle.into_iter().flatten().min_by_key(|deadline| deadline.at), lifetime, None]
        }
        Phase::Delivering { reason } => {
            let poll =
                Deadline { at: times.phase + DELIVERY_POLL, limit: Limit::Delivery { reason } };
            [Some(poll), over(times.moved, timeouts.half_close, reason), lifetime]
        }
        Phase::Lingering => {
            [Some(Deadline { at: times.phase + LINGER, limit: Limit::Linger }), None, None]
        }
    };
    candidates.into_iter().flatten().min_by_key(|deadline| deadline.at)
}

/// In milliseconds, rounded up: never early.
pub(super) fn after(since: u64, limit: Duration) -> u64 {
    let limit = u64::try_from(limit.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
    since.saturating_add(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: Times =
        Times { accepted: 1_000, phase: 2_000, client: 3_000, backend: 4_000, moved: 5_000 };

    fn at(phase: Phase, half_closed: bool, timeouts: &Timeouts) -> Option<(u64, Limit)> {
        let proxy = AcceptProxy { trusted: Vec::new(), timeout: Duration::from_secs(3) };
        next(phase, TIMES, half_closed, timeouts, Some(&proxy))
            .map(|deadline| (deadline.at, deadline.limit))
    }

    #[test]
    fn f07_every_phase_has_its_limit() {
        let timeouts = Timeouts::default();
        let over = |at, reason| Some((at, Limit::Over(reason)));
        assert_eq!(
            at(Phase::Header, false, &timeouts),
            over(4_000, CloseReason::ProxyHeaderTimeout)
        );
        assert_eq!(
            at(Phase::Handshake, false, &timeouts),
            over(11_000, CloseReason::HandshakeTimeout)
        );
        assert_eq!(
            at(Phase::Connecting { address: 1 }, false, &timeouts),
            Some((7_000, Limit::Connect { address: 1 }))
        );
        assert_eq!(
            at(Phase::Relaying, true, &timeouts),
            over(35_000, CloseReason::HalfCloseTimeout)
        );
        let queuing = |until| at(Phase::Queuing { address: 0, until }, false, &timeouts);
        assert_eq!(queuing(7_000), Some((2_020, Limit::Dial { address: 0 })));
        assert_eq!(queuing(2_020), Some((2_020, Limit::Connect { address: 0 })));
        assert_eq!(at(Phase::Lingering, false, &timeouts), Some((4_000, Limit::Linger)));
        let reason = CloseReason::ClientTruncated;
        assert_eq!(
            at(Phase::Delivering { reason }, true, &timeouts),
            Some((2_020, Limit::Delivery { reason }))
        );
    }

    #[test]
    fn f07_a_quiet_live_client_is_kept() {
        assert_eq!(at(Phase::Relaying, false, &Timeouts::default()), None);
    }

    #[test]
    fn f07_the_earliest_limit_counts() {
        let secs = |secs| Some(Duration::from_secs(secs));
        let mut timeouts = Timeouts { idle_client: secs(60), ..Timeouts::default() };
        let over = |at, reason| Some((at, Limit::Over(reason)));
        assert_eq!(at(Phase::Relaying, false, &timeouts), over(63_000, CloseReason::Idle));
        timeouts.idle_backend = secs(10);
        assert_eq!(at(Phase::Relaying, false, &timeouts), over(14_000, CloseReason::Idle));
        timeouts.idle = secs(9);
        assert_eq!(at(Phase::Relaying, false, &timeouts), over(13_000, CloseReason::Idle));
        timeouts.lifetime = secs(5);
        assert_eq!(at(Phase::Relaying, false, &timeouts), over(6_000, CloseReason::Lifetime));
        assert_eq!(at(Phase::Relaying, true, &timeouts), over(6_000, CloseReason::Lifetime));
    }

    #[test]
    fn limits_are_never_early() {
        assert_eq!(after(5, Duration::from_micros(1_001)), 7);
        assert_eq!(after(5, Duration::MAX), u64::MAX);
    }
}
