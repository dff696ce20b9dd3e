//! Two ends of a connection joined in memory.

use std::{collections::VecDeque, time::Duration};

/// One end of a [`Link`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The end that opened the connection.
    Client,
    /// The other end.
    Server,
}

impl Side {
    /// The end across the link.
    #[must_use]
    pub fn other(self) -> Side {
        match self {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        }
    }
}

/// What an end finds when it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// This many bytes were read.
    Bytes(usize),
    /// Nothing has arrived; more may.
    Nothing,
    /// The other end has finished, and everything it sent was read.
    Finished,
    /// The other end has reset the connection. Told once only, as sockets do; afterwards a reset looks finished.
    Reset,
}

/// Why nothing can be sent any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// This end has finished or reset the connection itself.
    Here,
    /// A reset has arrived from the other end.
    ByPeer,
}

/// A connection in memory, for cores that take bytes and time as arguments.
///
/// It behaves like TCP between two machines: bytes come in order after the latency, in segments that may be small; an end
/// is either a finish, behind everything that was sent, or a reset. A line that is [`cut`](Link::cut) loses nothing and
/// tells nothing: what was on its way arrives after [`mend`](Link::mend), as retransmissions do.
///
/// ```
/// use ravelin_test::{Link, Received, Side};
/// use std::time::Duration;
///
/// let mut link = Link::new().with_latency(Duration::from_millis(10)).with_segment(2);
/// let mut buffer = [0; 8];
/// link.send(Side::Client, Duration::ZERO, b"abc").unwrap();
/// assert_eq!(link.receive(Side::Server, Duration::ZERO, &mut buffer), Received::Nothing);
///
/// let later = link.next_arrival(Side::Server).unwrap();
/// assert_eq!(later, Duration::from_millis(10));
/// assert_eq!(link.receive(Side::Server, later, &mut buffer), Received::Bytes(2));
/// assert_eq!(link.receive(Side::Server, later, &mut buffer), Received::Bytes(1));
/// ```
#[derive(Clone, Debug)]
pub struct Link {
    latency: Duration,
    segment: usize,
    window: usize,
    cut: bool,
    /// What flows away from the client.
    from_client: Direction,
    /// What flows away from the server.
    from_server: Direction,
}

impl Default for Link {
    fn default() -> Link {
        Link::new()
    }
}

impl Link {
    /// A link without latency, with segments of any size and room for everything.
    pub fn new() -> Link {
        Link {
            latency: Duration::ZERO,
            segment: usize::MAX,
            window: usize::MAX,
            cut: false,
            from_client: Direction::default(),
            from_server: Direction::default(),
        }
    }

    /// Every byte is on its way for `latency`.
    #[must_use]
    pub fn with_latency(mut self, latency: Duration) -> Link {
        self.latency = latency;
        self
    }

    /// A read gives at most `bytes` (at least one).
    #[must_use]
    pub fn with_segment(mut self, bytes: usize) -> Link {
        self.segment = bytes.max(1);
        self
    }

    /// At most `bytes` wait in each direction until they are read; more are not taken.
    #[must_use]
    pub fn with_window(mut self, bytes: usize) -> Link {
        self.window = bytes;
        self
    }

    /// Sends bytes; tells how many were taken, which is zero when the window is full.
    ///
    /// # Errors
    /// When the connection is closed for sending.
    pub fn send(&mut self, from: Side, now: Duration, bytes: &[u8]) -> Result<usize, Closed> {
        if self.to(from).reset_arrived(now) {
            return Err(Closed::ByPeer);
        }
        let (window, arrival) = (self.window, self.arrival(now));
        let direction = self.from(from);
        if direction.sending != Sending::Open {
            return Err(Closed::Here);
        }
        let taken = bytes.len().min(window - direction.waiting.min(window));
        direction.push(arrival, &bytes[..taken]);
        Ok(taken)
    }

    /// Ends a direction in order, behind everything that was sent. The other direction goes on.
    pub fn finish(&mut self, from: Side, now: Duration) {
        let arrival = self.arrival(now);
        self.from(from).end(arrival, End::Finish);
    }

    /// Resets the connection: the other end is told, behind what was sent; what is on its way to this end is dropped, and
    /// this end reads nothing but [`Received::Finished`] from now on.
    pub fn reset(&mut self, from: Side, now: Duration) {
        let arrival = self.arrival(now);
        self.from(from).end(arrival, End::Reset);
        self.to(from).abandon();
    }

    /// Reads what has arrived. With an empty `buffer`, `Bytes(0)` tells that there are bytes to read.
    pub fn receive(&mut self, at: Side, now: Duration, buffer: &mut [u8]) -> Received {
        let segment = self.segment;
        self.to(at).receive(now, segment, buffer)
    }

    /// When the next thing (bytes or an end) arrives at this end, past moments included; `None` if nothing is on its way
    /// or the line is dead.
    pub fn next_arrival(&self, at: Side) -> Option<Duration> {
        let direction = match at {
            Side::Client => &self.from_server,
            Side::Server => &self.from_client,
        };
        direction.queue.front().map(Item::arrival).filter(|arrival| *arrival != NEVER)
    }

    /// Makes the line go dead at `now`: what has not arrived by then stays on its way, and nobody is told.
    pub fn cut(&mut self, now: Duration) {
        self.cut = true;
        for item in self.items().filter(|item| item.arrival() > now) {
            item.set_arrival(NEVER);
        }
    }

    /// Repairs a dead line: what was held up arrives one latency after `now`.
    pub fn mend(&mut self, now: Duration) {
        self.cut = false;
        let arrival = self.arrival(now);
        for item in self.items().filter(|item| item.arrival() == NEVER) {
            item.set_arrival(arrival);
        }
    }

    fn arrival(&self, now: Duration) -> Duration {
        if self.cut { NEVER } else { now + self.latency }
    }

    fn from(&mut self, side: Side) -> &mut Direction {
        match side {
            Side::Client => &mut self.from_client,
            Side::Server => &mut self.from_server,
        }
    }

    fn to(&mut self, side: Side) -> &mut Direction {
        self.from(side.other())
    }

    fn items(&mut self) -> impl Iterator<Item = &mut Item> {
        self.from_client.queue.iter_mut().chain(&mut self.from_server.queue)
    }
}

/// The arrival of what a dead line holds up.
const NEVER: Duration = Duration::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Finish,
    Reset,
}

/// Something on its way.
#[derive(Clone, Debug)]
enum Item {
    Bytes(Duration, VecDeque<u8>),
    End(Duration, End),
}

impl Item {
    fn arrival(&self) -> Duration {
        match self {
            Item::Bytes(arrival, _) | Item::End(arrival, _) => *arrival,
        }
    }

    fn set_arrival(&mut self, to: Duration) {
        match self {
            Item::Bytes(arrival, _) | Item::End(arrival, _) => *arrival = to,
        }
    }
}

/// Whether a direction may still be sent into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Sending {
    #[default]
    Open,
    Finished,
    Reset,
}

/// What flows one way.
#[derive(Clone, Debug, Default)]
struct Direction {
    /// In the order of sending. An end is always last.
    queue: VecDeque<Item>,
    /// Bytes in the queue.
    waiting: usize,
    sending: Sending,
    /// Nobody reads any more: whatever is sent is dropped.
    abandoned: bool,
    /// The reader was told of a reset.
    reset_told: bool,
}

impl Direction {
    fn push(&mut self, arrival: Duration, bytes: &[u8]) {
        if bytes.is_empty() || self.abandoned {
            return;
        }
        self.waiting += bytes.len();
        match self.queue.back_mut() {
            Some(Item::Bytes(at, last)) if *at == arrival => last.extend(bytes),
            _ => self.queue.push_back(Item::Bytes(arrival, bytes.iter().copied().collect())),
        }
    }

    fn end(&mut self, arrival: Duration, end: End) {
        match (self.sending, end) {
            (Sending::Open, End::Finish) => self.sending = Sending::Finished,
            (Sending::Open | Sending::Finished, End::Reset) => self.sending = Sending::Reset,
            (Sending::Finished | Sending::Reset, _) => return,
        }
        if self.abandoned {
            return;
        }
        // A finish that was not read yet is overtaken by the reset.
        if matches!(self.queue.back(), Some(Item::End(..))) {
            self.queue.pop_back();
        }
        self.queue.push_back(Item::End(arrival, end));
    }

    fn abandon(&mut self) {
        self.queue.clear();
        self.waiting = 0;
        self.abandoned = true;
    }

    fn reset_arrived(&self, now: Duration) -> bool {
        let arrives = matches!(self.queue.back(), Some(Item::End(at, End::Reset)) if *at <= now);
        arrives || self.reset_told
    }

    fn receive(&mut self, now: Duration, segment: usize, buffer: &mut [u8]) -> Received {
        let Some(first) = self.queue.front_mut() else {
            return match self.sending {
                Sending::Open if !self.abandoned => Received::Nothing,
                _ => Received::Finished,
            };
        };
        if first.arrival() > now {
            return Received::Nothing;
        }
        match first {
            Item::End(_, end) => {
                let received = match end {
                    End::Finish => Received::Finished,
                    End::Reset => Received::Reset,
                };
                self.reset_told = received == Received::Reset;
                self.queue.pop_front();
                received
            }
            Item::Bytes(_, bytes) => {
                let count = bytes.len().min(segment).min(buffer.len());
                for (to, from) in buffer.iter_mut().zip(bytes.drain(..count)) {
                    *to = from;
                }
                if bytes.is_empty() {
                    self.queue.pop_front();
                }
                self.waiting -= count;
                Received::Bytes(count)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Closed, Link, Received, Side::*};
    use std::time::Duration;

    const ZERO: Duration = Duration::ZERO;
    const SECOND: Duration = Duration::from_secs(1);

    fn read(link: &mut Link, at: super::Side, now: Duration) -> (Received, Vec<u8>) {
        let mut buffer = [0; 64];
        let received = link.receive(at, now, &mut buffer);
        let count = if let Received::Bytes(count) = received { count } else { 0 };
        (received, buffer[..count].to_vec())
    }

    #[test]
    fn bytes_come_in_order_after_the_latency() {
        let mut link = Link::new().with_latency(SECOND);
        link.send(Client, ZERO, b"ab").unwrap();
        link.send(Client, SECOND / 2, b"cd").unwrap();
        assert_eq!(read(&mut link, Server, SECOND / 2).0, Received::Nothing);
        assert_eq!(read(&mut link, Server, SECOND).1, b"ab");
        assert_eq!(read(&mut link, Server, SECOND).0, Received::Nothing);
        assert_eq!(link.next_arrival(Server), Some(SECOND * 3 / 2));
        assert_eq!(read(&mut link, Server, SECOND * 2).1, b"cd");
        assert_eq!(link.next_arrival(Server), None);
    }

    #[test]
    fn a_full_window_takes_no_more() {
        let mut link = Link::new().with_window(3);
        assert_eq!(link.send(Server, ZERO, b"abcd"), Ok(3));
        assert_eq!(link.send(Server, ZERO, b"d"), Ok(0));
        assert_eq!(link.receive(Client, ZERO, &mut [0; 2]), Received::Bytes(2));
        assert_eq!(link.send(Server, ZERO, b"def"), Ok(2));
        assert_eq!(read(&mut link, Client, ZERO).1, b"cde");
    }

    #[test]
    fn a_finish_comes_behind_the_bytes_and_leaves_the_other_direction_open() {
        let mut link = Link::new().with_segment(1);
        link.send(Client, ZERO, b"xy").unwrap();
        link.finish(Client, ZERO);
        assert_eq!(link.send(Client, ZERO, b"z"), Err(Closed::Here));
        assert_eq!(read(&mut link, Server, ZERO).1, b"x");
        assert_eq!(read(&mut link, Server, ZERO).1, b"y");
        assert_eq!(read(&mut link, Server, ZERO).0, Received::Finished);
        assert_eq!(read(&mut link, Server, ZERO).0, Received::Finished);
        assert_eq!(link.next_arrival(Server), None);
        link.send(Server, ZERO, b"answer").unwrap();
        assert_eq!(read(&mut link, Client, ZERO).1, b"a");
    }

    #[test]
    fn a_reset_is_told_once_and_forbids_sending() {
        let mut link = Link::new().with_latency(SECOND);
        link.send(Client, ZERO, b"last").unwrap();
        link.send(Server, ZERO, b"dropped").unwrap();
        link.reset(Client, ZERO);
        assert_eq!(read(&mut link, Client, SECOND).0, Received::Finished);
        assert_eq!(link.send(Client, ZERO, b"x"), Err(Closed::Here));
        // The other end does not know yet.
        assert_eq!(link.send(Server, SECOND / 2, b"in vain"), Ok(7));
        assert_eq!(link.send(Server, SECOND, b"x"), Err(Closed::ByPeer));
        assert_eq!(read(&mut link, Server, SECOND).1, b"last");
        assert_eq!(read(&mut link, Server, SECOND).0, Received::Reset);
        assert_eq!(read(&mut link, Server, SECOND).0, Received::Finished);
        assert_eq!(link.send(Server, SECOND, b"x"), Err(Closed::ByPeer));
    }

    #[test]
    fn a_reset_overtakes_a_finish_that_was_not_read() {
        let mut link = Link::new();
        link.finish(Client, ZERO);
        link.reset(Client, ZERO);
        assert_eq!(read(&mut link, Server, ZERO).0, Received::Reset);

        let mut link = Link::new();
        link.finish(Client, ZERO);
        assert_eq!(read(&mut link, Server, ZERO).0, Received::Finished);
        link.reset(Client, ZERO);
        assert_eq!(read(&mut link, Server, ZERO).0, Received::Reset);
    }

    #[test]
    fn a_dead_line_tells_nothing_and_loses_nothing() {
        let mut link = Link::new().with_latency(SECOND);
        link.send(Client, ZERO, b"arrived").unwrap();
        link.send(Client, SECOND, b" held").unwrap();
        link.cut(SECOND);
        link.send(Client, SECOND * 2, b" up").unwrap();
        link.reset(Client, SECOND * 2);
        assert_eq!(read(&mut link, Server, SECOND * 100).1, b"arrived");
        assert_eq!(read(&mut link, Server, SECOND * 100).0, Received::Nothing);
        assert_eq!(link.next_arrival(Server), None);
        assert_eq!(link.send(Server, SECOND * 100, b"anyone?"), Ok(7));

        link.mend(SECOND * 100);
        let later = link.next_arrival(Server).unwrap();
        assert_eq!(later, SECOND * 101);
        assert_eq!(read(&mut link, Server, later).1, b" held up");
        assert_eq!(read(&mut link, Server, later).0, Received::Reset);
    }
}
