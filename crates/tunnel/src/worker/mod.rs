//! One thread of the tunnel: its own event loop, listeners and buffers, and the connections it accepted.
//!
//! - [`accept`]: taking connections in, within limits.
//! - [`inbox`]: what the control thread tells the workers.

mod accept;
mod inbox;

use crate::{
    active::Snapshot,
    limits::Admission,
    log::Log,
    reason::CloseReason,
    relay::{Fate, HOLD, Over, Relay, Socket, Thread},
    timers::Timers,
};
pub(crate) use inbox::{Inbox, Message, Outbox};
use mio::{Events, Poll, Token, net::TcpListener};
use slab::Slab;
use std::{
    collections::VecDeque,
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

const EVENTS: usize = 1024;
const WAKER: Token = Token(usize::MAX);
/// Tokens from here up are listeners.
const LISTENERS: usize = usize::MAX / 2 + 1;
/// After the kernel refused a connection for want of descriptors: how long to let it rest, in milliseconds.
const REST: u64 = 100;

/// The event token of one socket of the connection with this index.
pub(crate) fn token_of(index: usize, socket: Socket) -> Token {
    Token(index * 2 + usize::from(socket == Socket::Backend))
}

/// One thread of the tunnel.
pub(crate) struct Worker {
    poll: Poll,
    thread: Thread,
    started: Instant,
    snapshot: Arc<Snapshot>,
    listeners: Vec<Listener>,
    relays: Slab<Box<Relay>>,
    timers: Timers<Entry>,
    /// Connections that have more to do than one turn allows.
    again: VecDeque<(usize, u64)>,
    /// Connections whose session tickets wait for data, with the time by which they go anyway.
    held: VecDeque<(u64, usize, u64)>,
    /// Connections in the order in which their handshakes began; some are done with them.
    handshakes: VecDeque<(usize, u64)>,
    handshaking: usize,
    next_id: u64,
    admission: Arc<Admission>,
    inbox: Inbox,
    /// Until then no connection is accepted: the kernel has no descriptors left.
    resting: Option<u64>,
    /// When the last connections are cut.
    drain: Option<u64>,
    /// Connections that the end of the tunnel cut off.
    cut: u64,
    workers: usize,
}

/// What the timer wheel holds: a connection, and the number that tells whether it is still the same one.
#[derive(Clone, Copy, Debug)]
struct Entry {
    index: usize,
    id: u64,
}

/// A listening socket of this thread.
struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    /// Which of the snapshot's services it belongs to.
    service: usize,
}

/// What a worker starts with.
pub(crate) struct Start {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) listeners: Vec<crate::listen::Bound>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) inbox: Inbox,
    pub(crate) poll: Poll,
    pub(crate) log: Log,
    pub(crate) started: Instant,
    /// Which of the workers this is, and of how many.
    pub(crate) number: usize,
    pub(crate) workers: usize,
}

impl Worker {
    pub(crate) fn new(start: Start) -> io::Result<Worker> {
        let Start { snapshot, listeners, admission, inbox, poll, log, started, number, workers } =
            start;
        let thread = Thread::new(poll.registry().try_clone()?, log);
        let mut worker = Worker {
            poll,
            thread,
            started,
            snapshot,
            listeners: Vec::new(),
            relays: Slab::new(),
            timers: Timers::new(),
            again: VecDeque::new(),
            held: VecDeque::new(),
            handshakes: VecDeque::new(),
            handshaking: 0,
            // Ids differ between workers, so that one names one connection of the tunnel.
            next_id: number as u64,
            admission,
            inbox,
            resting: None,
            drain: None,
            cut: 0,
            workers,
        };
        worker.listen(listeners)?;
        Ok(worker)
    }

    /// Serves until the tunnel is told to stop and the last connection has ended; says how many were cut.
    ///
    /// # Errors
    /// When the kernel refuses to tell what happens.
    pub(crate) fn run(mut self) -> io::Result<u64> {
        let mut events = Events::with_capacity(EVENTS);
        loop {
            let timeout = self.timeout();
            match self.poll.poll(&mut events, timeout) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            self.read_clock();
            for event in &events {
                match event.token() {
                    WAKER => {
                        if self.read_inbox()? {
                            return Ok(self.cut);
                        }
                    }
                    Token(token) if token >= LISTENERS => self.accept(token - LISTENERS),
                    Token(token) => {
                        let socket = if token % 2 == 0 { Socket::Client } else { Socket::Backend };
                        if let Some(relay) = self.relays.get_mut(token / 2) {
                            relay.notice(socket, event);
                            self.serve(token / 2);
                        }
                    }
                }
            }
            self.take_turns();
            self.expire();
            if self.drain.is_some() && self.relays.is_empty() {
                return Ok(self.cut);
            }
        }
    }

    fn read_clock(&mut self) {
        let since = self.started.elapsed().as_millis();
        self.thread.now = u64::try_from(since).unwrap_or(u64::MAX);
        self.thread.wall = SystemTime::now();
    }

    /// How long the kernel may let us sleep.
    fn timeout(&self) -> Option<Duration> {
        if !self.again.is_empty() {
            return Some(Duration::ZERO);
        }
        // Not from the clock of the last turn: serving took time as well.
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let timer = self.timers.next_deadline(Duration::from_millis(now));
        let next = [
            timer.map(|at| u64::try_from(at.as_millis()).unwrap_or(u64::MAX)),
            self.held.front().map(|held| held.0),
            self.resting,
            self.drain,
        ];
        next.into_iter().flatten().min().map(|at| Duration::from_millis(at.saturating_sub(now)))
    }

    fn serve(&mut self, index: usize) {
        let Some(relay) = self.relays.get_mut(index) else { return };
        let (before, was_handshaking, held) =
            (relay.deadline(), relay.is_handshaking(), relay.holds());
        let fate = relay.serve(&mut self.thread, index);
        if was_handshaking && !relay.is_handshaking() {
            self.handshaking -= 1;
        }
        match fate {
            Fate::Over(over) => return self.end(index, &over),
            Fate::Again => self.again.push_back((index, relay.id)),
            Fate::Wait => {}
        }
        if !held && relay.holds() {
            self.held.push_back((self.thread.now + HOLD, index, relay.id));
        }
        // A later deadline needs no new entry: the old one is looked at when it comes.
        match (before, relay.deadline()) {
            (old, Some(new)) if old.is_none_or(|old| new < old) => {
                let id = relay.id;
                self.arm(index, id, new);
            }
            _ => {}
        }
    }

    fn arm(&mut self, index: usize, id: u64, at: u64) {
        self.timers.arm(Duration::from_millis(at), Entry { index, id });
    }

    /// The connection at `index`, if it is still the one with this id.
    fn same(&mut self, index: usize, id: u64) -> Option<&mut Box<Relay>> {
        self.relays.get_mut(index).filter(|relay| relay.id == id)
    }

    fn take_turns(&mut self) {
        for _ in 0..self.again.len() {
            let Some((index, id)) = self.again.pop_front() else { break };
            if self.same(index, id).is_some() {
                self.serve(index);
            }
        }
    }

    fn expire(&mut self) {
        let now = self.thread.now;
        while let Some((at, index, id)) = self.held.front().copied() {
            if at > now {
                break;
            }
            self.held.pop_front();
            let Some(relay) = self.relays.get_mut(index).filter(|relay| relay.id == id) else {
                continue;
            };
            match relay.flush_held(&mut self.thread, index) {
                Fate::Over(over) => self.end(index, &over),
                Fate::Again => self.again.push_back((index, id)),
                Fate::Wait => {}
            }
        }
        let mut due = Vec::new();
        self.timers.expire(Duration::from_millis(now), &mut due);
        for Entry { index, id } in due {
            let Some(relay) = self.relays.get_mut(index).filter(|relay| relay.id == id) else {
                continue;
            };
            let was_handshaking = relay.is_handshaking();
            let fate = relay.check(&mut self.thread, index);
            if was_handshaking && !relay.is_handshaking() {
                self.handshaking -= 1;
            }
            match fate {
                Fate::Over(over) => self.end(index, &over),
                Fate::Again => self.again.push_back((index, id)),
                Fate::Wait => {
                    if let Some(at) = relay.deadline() {
                        self.arm(index, id, at);
                    }
                }
            }
        }
        if self.resting.is_some_and(|at| at <= now) {
            self.resting = None;
            for listener in 0..self.listeners.len() {
                self.accept(listener);
            }
        }
        if self.drain.is_some_and(|at| at <= now) {
            self.cut_all();
        }
    }

    /// Ends every connection.
    fn cut_all(&mut self) {
        let all: Vec<usize> = self.relays.iter().map(|(index, _)| index).collect();
        for index in all {
            self.cut += 1;
            self.end(index, &Over::lost(CloseReason::Drain, None));
        }
    }

    fn end(&mut self, index: usize, over: &Over) {
        let Some(relay) = self.relays.try_remove(index) else { return };
        if relay.is_handshaking() {
            self.handshaking -= 1;
        }
        relay.end(over, &mut self.thread);
    }

    /// Reads what the control thread wants. True when everything is to stop at once.
    fn read_inbox(&mut self) -> io::Result<bool> {
        while let Some(message) = self.inbox.next() {
            match message {
                Message::Reload { snapshot, listeners } => {
                    self.snapshot = snapshot;
                    self.listen(listeners)?;
                }
                Message::Drain { limit } => {
                    self.listeners.clear();
                    self.resting = None;
                    let limit = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
                    self.drain = Some(self.thread.now.saturating_add(limit));
                }
                Message::Stop => {
                    self.cut_all();
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}
