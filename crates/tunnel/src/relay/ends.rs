//! What one side's end means for the other: decisions only, no sockets.
//!
//! | one side | the other side sees |
//! |---|---|
//! | secure: close_notify | plain: all data, then FIN; the answer still flows back |
//! | secure: FIN without close_notify | plain: all data so far delivered, then a reset (or FIN, if so configured) |
//! | plain: FIN | secure: all data, then close_notify, then FIN; data the other way still flows |
//! | either: reset or lost | the other: a reset, never a clean end |
//!
//! The secure side is the client where the tunnel terminates TLS, and the backend where it originates it.
//!
//! The last row needs no state: the relay is dropped at once with a [`CloseReason`].

use super::{Socket, role::Role};
use crate::{reason::CloseReason, service::OnTruncation};

/// How far the two directions of a connection have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ends {
    /// From the secure side to the plain one.
    opening: Opening,
    /// From the plain side to the secure one.
    sealing: Sealing,
    first: Option<Socket>,
    role: Role,
    on_truncation: OnTruncation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opening {
    Open,
    /// The secure side ended in order; what it sent is still on its way.
    Ending,
    /// The secure side ended without close_notify; what it sent is still on its way.
    Truncated,
    Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sealing {
    Open,
    /// The plain side ended; what it sent is still on its way.
    Ending,
    /// The secure side is being told so by close_notify.
    Notifying,
    Ended,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing until something happens.
    Wait,
    /// Shut the sending half of the plain socket.
    EndPlain,
    /// Send the secure side close_notify.
    NotifySecure,
    /// Shut the sending half of the secure socket.
    EndSecure,
    /// Wait until the plain side's kernel has acknowledged everything, then reset it and drop the connection.
    ResetPlainWhenDelivered(CloseReason),
    /// Both directions have ended in order.
    Finish(CloseReason),
}

impl Ends {
    pub(super) fn new(role: Role, on_truncation: OnTruncation) -> Ends {
        let (opening, sealing) = (Opening::Open, Sealing::Open);
        Ends { opening, sealing, first: None, role, on_truncation }
    }

    /// Whether the secure side may still send.
    pub(super) fn secure_open(self) -> bool {
        self.opening == Opening::Open
    }

    /// Whether the plain side may still send.
    pub(super) fn plain_open(self) -> bool {
        self.sealing == Sealing::Open
    }

    /// Whether at least one direction has ended: the half-close limit applies.
    pub(super) fn half_closed(self) -> bool {
        !self.secure_open() || !self.plain_open()
    }

    /// Whether the secure side ended in order and has been sent everything but the plain one's end: there is nothing more that
    /// it could miss.
    pub(super) fn secure_done(self) -> bool {
        matches!(self.opening, Opening::Ending | Opening::Ended)
            && matches!(self.sealing, Sealing::Notifying | Sealing::Ended)
    }

    /// Which side ended first, as a reason.
    pub(super) fn first(self) -> Option<CloseReason> {
        self.first.map(Socket::closed)
    }

    /// The secure side sent close_notify.
    pub(super) fn secure_closed(&mut self) {
        if self.opening == Opening::Open {
            self.opening = Opening::Ending;
            self.first.get_or_insert(self.role.secure());
        }
    }

    /// The secure side's stream ended without close_notify.
    pub(super) fn secure_truncated(&mut self) {
        if self.opening != Opening::Open {
            return;
        }
        match self.on_truncation {
            OnTruncation::Fin => self.secure_closed(),
            OnTruncation::Reset => self.opening = Opening::Truncated,
        }
    }

    /// The plain side ended its direction.
    pub(super) fn plain_closed(&mut self) {
        if self.sealing == Sealing::Open {
            self.sealing = Sealing::Ending;
            self.first.get_or_insert(self.role.plain());
        }
    }

    /// What to do, given whether everything received from each side has been handed to the other's kernel.
    /// To be called until it says [`Step::Wait`] or ends the connection.
    pub(super) fn next(&mut self, plain_empty: bool, secure_empty: bool) -> Step {
        if self.opening == Opening::Truncated && plain_empty {
            // Peers that drop the line once the other side said goodbye are everyday life, not a truncation.
            let reason = match self.sealing {
                Sealing::Ended => self.role.plain().closed(),
                _ => self.role.truncated(),
            };
            return Step::ResetPlainWhenDelivered(reason);
        }
        if self.opening == Opening::Ending && plain_empty {
            self.opening = Opening::Ended;
            return Step::EndPlain;
        }
        match self.sealing {
            Sealing::Ending if secure_empty => {
                self.sealing = Sealing::Notifying;
                return Step::NotifySecure;
            }
            Sealing::Notifying if secure_empty => {
                self.sealing = Sealing::Ended;
                return Step::EndSecure;
            }
            _ => {}
        }
        match (self.opening, self.sealing, self.first()) {
            (Opening::Ended, Sealing::Ended, Some(reason)) => Step::Finish(reason),
            _ => Step::Wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(ends: &mut Ends, up_empty: bool, down_empty: bool) -> Vec<Step> {
        let mut steps = Vec::new();
        loop {
            let step = ends.next(up_empty, down_empty);
            match step {
                Step::Wait => return steps,
                Step::Finish(_) | Step::ResetPlainWhenDelivered(_) => {
                    steps.push(step);
                    return steps;
                }
                _ => steps.push(step),
            }
            assert!(steps.len() < 10, "it never rests: {steps:?}");
        }
    }

    #[test]
    fn f08_client_closes_then_backend() {
        let mut ends = Ends::new(Role::Server, OnTruncation::Reset);
        ends.secure_closed();
        assert_eq!(steps(&mut ends, false, true), [], "data first");
        assert_eq!(steps(&mut ends, true, true), [Step::EndPlain]);
        assert!(ends.half_closed() && ends.plain_open());
        ends.plain_closed();
        assert_eq!(steps(&mut ends, true, false), []);
        assert_eq!(
            steps(&mut ends, true, true),
            [Step::NotifySecure, Step::EndSecure, Step::Finish(CloseReason::ClientClosed)]
        );
    }

    #[test]
    fn f08_backend_closes_then_client() {
        let mut ends = Ends::new(Role::Server, OnTruncation::Reset);
        ends.plain_closed();
        assert_eq!(steps(&mut ends, true, true), [Step::NotifySecure, Step::EndSecure]);
        assert!(ends.secure_open(), "uploads still flow");
        ends.secure_closed();
        assert_eq!(
            steps(&mut ends, true, true),
            [Step::EndPlain, Step::Finish(CloseReason::BackendClosed)]
        );
    }

    #[test]
    fn f08_a_truncation_is_never_dressed_up_as_an_end() {
        let mut ends = Ends::new(Role::Server, OnTruncation::Reset);
        ends.secure_truncated();
        assert_eq!(steps(&mut ends, false, true), [], "what was received is delivered first");
        assert_eq!(
            steps(&mut ends, true, true),
            [Step::ResetPlainWhenDelivered(CloseReason::ClientTruncated)]
        );
    }

    #[test]
    fn f08_a_line_dropped_after_the_servers_goodbye_is_no_truncation_in_the_log() {
        let mut ends = Ends::new(Role::Server, OnTruncation::Reset);
        ends.plain_closed();
        steps(&mut ends, true, true);
        ends.secure_truncated();
        assert_eq!(
            steps(&mut ends, true, true),
            [Step::ResetPlainWhenDelivered(CloseReason::BackendClosed)]
        );
    }

    #[test]
    fn f08_sloppy_clients_may_be_forgiven() {
        let mut ends = Ends::new(Role::Server, OnTruncation::Fin);
        ends.secure_truncated();
        assert_eq!(steps(&mut ends, true, true), [Step::EndPlain]);
        assert_eq!(ends.first(), Some(CloseReason::ClientClosed));
    }

    #[test]
    fn f12_where_the_backend_speaks_tls_the_reasons_are_mirrored() {
        let mut ends = Ends::new(Role::Client, OnTruncation::Reset);
        ends.plain_closed();
        assert_eq!(steps(&mut ends, true, true), [Step::NotifySecure, Step::EndSecure]);
        ends.secure_closed();
        let finish = Step::Finish(CloseReason::ClientClosed);
        assert_eq!(steps(&mut ends, true, true), [Step::EndPlain, finish]);

        let mut ends = Ends::new(Role::Client, OnTruncation::Reset);
        ends.secure_truncated();
        let reset = Step::ResetPlainWhenDelivered(CloseReason::BackendTruncated);
        assert_eq!(steps(&mut ends, true, true), [reset]);
    }

    /// Every order of events, with data on its way or not: the backend is told of an end only when the client ended,
    /// the client only when the backend did, and an end comes after the data.
    #[test]
    fn f08_every_order_of_events() {
        #[derive(Clone, Copy)]
        enum Event {
            ClientClosed,
            ClientTruncated,
            BackendClosed,
        }
        let events = [Event::ClientClosed, Event::ClientTruncated, Event::BackendClosed];
        for policy in [OnTruncation::Reset, OnTruncation::Fin] {
            for code in 0..events.len().pow(4) {
                for empties in 0..256u32 {
                    let mut ends = Ends::new(Role::Server, policy);
                    let (mut client, mut backend) = (None, false);
                    let mut seen = Vec::new();
                    'run: for turn in 0..4u32 {
                        match events[code / events.len().pow(turn) % events.len()] {
                            Event::ClientClosed => {
                                client.get_or_insert(true);
                                ends.secure_closed();
                            }
                            Event::ClientTruncated => {
                                client.get_or_insert(policy == OnTruncation::Fin);
                                ends.secure_truncated();
                            }
                            Event::BackendClosed => {
                                backend = true;
                                ends.plain_closed();
                            }
                        }
                        let up_empty = empties >> (2 * turn) & 1 == 1;
                        let down_empty = empties >> (2 * turn + 1) & 1 == 1;
                        for step in steps(&mut ends, up_empty, down_empty) {
                            assert!(!seen.contains(&step), "{step:?} twice");
                            seen.push(step);
                            match step {
                                Step::EndPlain => assert!(client == Some(true) && up_empty),
                                Step::NotifySecure | Step::EndSecure => {
                                    assert!(backend && down_empty);
                                }
                                Step::ResetPlainWhenDelivered(_) => {
                                    assert!(client == Some(false) && up_empty);
                                    break 'run;
                                }
                                Step::Finish(_) => {
                                    assert!(client == Some(true) && backend);
                                    assert!(seen.contains(&Step::EndPlain));
                                    assert!(seen.contains(&Step::EndSecure));
                                    break 'run;
                                }
                                Step::Wait => unreachable!(),
                            }
                        }
                    }
                }
            }
        }
    }
}
