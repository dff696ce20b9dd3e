//! What one side's end means for the other: decisions only, no sockets.
//!
//! | one side | the other side sees |
//! |---|---|
//! | client: close_notify | backend: all data, then FIN; the answer still flows back |
//! | client: FIN without close_notify | backend: all data so far delivered, then a reset (or FIN, if so configured) |
//! | backend: FIN | client: all data, then close_notify, then FIN; uploads still flow |
//! | either: reset or lost | the other: a reset, never a clean end |
//!
//! The last row needs no state: the relay is dropped at once with a [`CloseReason`].

use crate::{reason::CloseReason, service::OnTruncation};

/// How far the two directions of a connection have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ends {
    /// From the client to the backend.
    up: Up,
    /// From the backend to the client.
    down: Down,
    first: Option<Side>,
    on_truncation: OnTruncation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Client,
    Backend,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Up {
    Open,
    /// The client ended in order; what it sent is still on its way.
    Ending,
    /// The client ended without close_notify; what it sent is still on its way.
    Truncated,
    Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Down {
    Open,
    /// The backend ended; what it sent is still on its way.
    Ending,
    /// The client is being told so by close_notify.
    Notifying,
    Ended,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing until something happens.
    Wait,
    /// Shut the sending half of the backend's socket.
    EndBackend,
    /// Send the client close_notify.
    NotifyClient,
    /// Shut the sending half of the client's socket.
    EndClient,
    /// Wait until the backend's kernel has acknowledged everything, then reset it and drop the connection.
    ResetBackendWhenDelivered(CloseReason),
    /// Both directions have ended in order.
    Finish(CloseReason),
}

impl Ends {
    pub(super) fn new(on_truncation: OnTruncation) -> Ends {
        Ends { up: Up::Open, down: Down::Open, first: None, on_truncation }
    }

    /// Whether the client may still send.
    pub(super) fn up_open(self) -> bool {
        self.up == Up::Open
    }

    /// Whether the backend may still send.
    pub(super) fn down_open(self) -> bool {
        self.down == Down::Open
    }

    /// Whether at least one direction has ended: the half-close limit applies.
    pub(super) fn half_closed(self) -> bool {
        !self.up_open() || !self.down_open()
    }

    /// Whether the client ended in order and has been sent everything but the backend's end: there is nothing more that
    /// it could miss.
    pub(super) fn client_done(self) -> bool {
        matches!(self.up, Up::Ending | Up::Ended)
            && matches!(self.down, Down::Notifying | Down::Ended)
    }

    /// Which side ended first, as a reason.
    pub(super) fn first(self) -> Option<CloseReason> {
        self.first.map(|side| match side {
            Side::Client => CloseReason::ClientClosed,
            Side::Backend => CloseReason::BackendClosed,
        })
    }

    /// The client sent close_notify.
    pub(super) fn client_closed(&mut self) {
        if self.up == Up::Open {
            self.up = Up::Ending;
            self.first.get_or_insert(Side::Client);
        }
    }

    /// The client's stream ended without close_notify.
    pub(super) fn client_truncated(&mut self) {
        if self.up != Up::Open {
            return;
        }
        match self.on_truncation {
            OnTruncation::Fin => self.client_closed(),
            OnTruncation::Reset => self.up = Up::Truncated,
        }
    }

    /// The backend ended its direction.
    pub(super) fn backend_closed(&mut self) {
        if self.down == Down::Open {
            self.down = Down::Ending;
            self.first.get_or_insert(Side::Backend);
        }
    }

    /// What to do, given whether everything received from each side has been handed to the other's kernel.
    /// To be called until it says [`Step::Wait`] or ends the connection.
    pub(super) fn next(&mut self, up_empty: bool, down_empty: bool) -> Step {
        if self.up == Up::Truncated && up_empty {
            // Clients that drop the line once the server said goodbye are everyday life, not a truncation.
            let reason = match self.down {
                Down::Ended => CloseReason::BackendClosed,
                _ => CloseReason::ClientTruncated,
            };
            return Step::ResetBackendWhenDelivered(reason);
        }
        if self.up == Up::Ending && up_empty {
            self.up = Up::Ended;
            return Step::EndBackend;
        }
        match self.down {
            Down::Ending if down_empty => {
                self.down = Down::Notifying;
                return Step::NotifyClient;
            }
            Down::Notifying if down_empty => {
                self.down = Down::Ended;
                return Step::EndClient;
            }
            _ => {}
        }
        match (self.up, self.down, self.first()) {
            (Up::Ended, Down::Ended, Some(reason)) => Step::Finish(reason),
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
                Step::Finish(_) | Step::ResetBackendWhenDelivered(_) => {
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
        let mut ends = Ends::new(OnTruncation::Reset);
        ends.client_closed();
        assert_eq!(steps(&mut ends, false, true), [], "data first");
        assert_eq!(steps(&mut ends, true, true), [Step::EndBackend]);
        assert!(ends.half_closed() && ends.down_open());
        ends.backend_closed();
        assert_eq!(steps(&mut ends, true, false), []);
        assert_eq!(
            steps(&mut ends, true, true),
            [Step::NotifyClient, Step::EndClient, Step::Finish(CloseReason::ClientClosed)]
        );
    }

    #[test]
    fn f08_backend_closes_then_client() {
        let mut ends = Ends::new(OnTruncation::Reset);
        ends.backend_closed();
        assert_eq!(steps(&mut ends, true, true), [Step::NotifyClient, Step::EndClient]);
        assert!(ends.up_open(), "uploads still flow");
        ends.client_closed();
        assert_eq!(
            steps(&mut ends, true, true),
            [Step::EndBackend, Step::Finish(CloseReason::BackendClosed)]
        );
    }

    #[test]
    fn f08_a_truncation_is_never_dressed_up_as_an_end() {
        let mut ends = Ends::new(OnTruncation::Reset);
        ends.client_truncated();
        assert_eq!(steps(&mut ends, false, true), [], "what was received is delivered first");
        assert_eq!(
            steps(&mut ends, true, true),
            [Step::ResetBackendWhenDelivered(CloseReason::ClientTruncated)]
        );
    }

    #[test]
    fn f08_a_line_dropped_after_the_servers_goodbye_is_no_truncation_in_the_log() {
        let mut ends = Ends::new(OnTruncation::Reset);
        ends.backend_closed();
        steps(&mut ends, true, true);
        ends.client_truncated();
        assert_eq!(
            steps(&mut ends, true, true),
            [Step::ResetBackendWhenDelivered(CloseReason::BackendClosed)]
        );
    }

    #[test]
    fn f08_sloppy_clients_may_be_forgiven() {
        let mut ends = Ends::new(OnTruncation::Fin);
        ends.client_truncated();
        assert_eq!(steps(&mut ends, true, true), [Step::EndBackend]);
        assert_eq!(ends.first(), Some(CloseReason::ClientClosed));
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
                    let mut ends = Ends::new(policy);
                    let (mut client, mut backend) = (None, false);
                    let mut seen = Vec::new();
                    'run: for turn in 0..4u32 {
                        match events[code / events.len().pow(turn) % events.len()] {
                            Event::ClientClosed => {
                                client.get_or_insert(true);
                                ends.client_closed();
                            }
                            Event::ClientTruncated => {
                                client.get_or_insert(policy == OnTruncation::Fin);
                                ends.client_truncated();
                            }
                            Event::BackendClosed => {
                                backend = true;
                                ends.backend_closed();
                            }
                        }
                        let up_empty = empties >> (2 * turn) & 1 == 1;
                        let down_empty = empties >> (2 * turn + 1) & 1 == 1;
                        for step in steps(&mut ends, up_empty, down_empty) {
                            assert!(!seen.contains(&step), "{step:?} twice");
                            seen.push(step);
                            match step {
                                Step::EndBackend => assert!(client == Some(true) && up_empty),
                                Step::NotifyClient | Step::EndClient => {
                                    assert!(backend && down_empty);
                                }
                                Step::ResetBackendWhenDelivered(_) => {
                                    assert!(client == Some(false) && up_empty);
                                    break 'run;
                                }
                                Step::Finish(_) => {
                                    assert!(client == Some(true) && backend);
                                    assert!(seen.contains(&Step::EndBackend));
                                    assert!(seen.contains(&Step::EndClient));
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
