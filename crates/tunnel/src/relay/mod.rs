//! One connection through the tunnel, from accept to end.
//!
//! - [`role`]: which side speaks TLS.
//! - [`ends`]: what one side's end means for the other.
//! - `opening`: PROXY header, handshake, dialling the backend.
//! - `pump`: bytes in both directions.
//! - `deadlines`: which time limit comes next.
//! - [`stream`]: a socket of either side.
//!
//! A relay owns its two sockets and its TLS state; buffers, clocks and everything else come from the [`Thread`] that
//! serves it.

mod deadlines;
mod ends;
mod opening;
mod pump;
mod role;
mod stream;

use crate::{
    active::ActiveService,
    clients::PeerFacts,
    limits::Admitted,
    log::{ConnectionRecord, Log, TlsRecord},
    reason::CloseReason,
    rtmp::Watcher,
    service::{IdleBy, TlsSide},
};
use ends::{Ends, Step};
use mio::net::TcpStream;
use ravelin_tls::{Connection, HandshakeKind, OpenBuffer, SealBuffer};
use role::Role;
use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use stream::Stream;

/// Records of full size that a thread's buffers hold: 256 KiB cost a third less CPU per byte than 64, and 512 gain nothing
/// more.
const RECORDS: usize = 16;
/// Bytes one connection may move before the others get their turn.
const TURN: usize = 512 * 1024;
/// How long the session tickets may wait for data to travel with, in milliseconds.
pub(crate) const HOLD: u64 = 10;
/// After a refusal: how long the client may take to read why, in milliseconds.
const LINGER: u64 = 2_000;
/// How often the kernel is asked whether a truncated upload has been delivered, in milliseconds.
const DELIVERY_POLL: u64 = 20;
/// How often a unix backend whose queue is full is dialled again, in milliseconds.
const REDIAL: u64 = 20;

/// What a thread lends to the connection it serves.
pub(crate) struct Thread {
    pub(crate) open: OpenBuffer,
    pub(crate) seal: SealBuffer,
    pub(crate) registry: mio::Registry,
    /// Milliseconds since the tunnel's start. Read once per turn of the loop.
    pub(crate) now: u64,
    /// The time of day, read just as often.
    pub(crate) wall: SystemTime,
    pub(crate) log: Log,
}

impl Thread {
    pub(crate) fn new(registry: mio::Registry, log: Log) -> Thread {
        Thread {
            open: OpenBuffer::new(RECORDS),
            seal: SealBuffer::new(RECORDS),
            registry,
            now: 0,
            wall: UNIX_EPOCH,
            log,
        }
    }

    /// The time of day as TLS wants it.
    fn since_epoch(&self) -> Duration {
        self.wall.duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

/// One connection.
pub(crate) struct Relay {
    pub(crate) id: u64,
    pub(crate) service: Arc<ActiveService>,
    role: Role,
    /// The socket that speaks TLS.
    secure: Stream,
    secure_ready: Ready,
    /// The socket that does not.
    plain: Stream,
    plain_ready: Ready,
    tls: Connection,
    phase: Phase,
    ends: Ends,
    /// Plaintext that the plain side has no room for yet; a PROXY header that goes first.
    to_plain: Vec<u8>,
    /// Records that the secure side has no room for yet.
    to_secure: Vec<u8>,
    /// The plain side takes no more; what it sent before is still read.
    plain_broken: bool,
    /// Complete records may wait in what the handshake left over.
    left_over: bool,
    /// The client's address: its socket's, or what a PROXY header said.
    source: SocketAddr,
    destination: Option<SocketAddr>,
    /// The socket's own peer, where a PROXY header named another client.
    proxy: Option<SocketAddr>,
    server_name: Option<Box<str>>,
    /// Which of the target's addresses was dialled last.
    backend_address: Option<usize>,
    times: Times,
    bytes: Bytes,
    rtmp: Option<Box<Watcher>>,
    refusal: Option<Box<Over>>,
    _admitted: Admitted,
}

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// A PROXY header must come first.
    Header,
    /// The backend, which speaks TLS, is to be dialled.
    Dialling,
    Handshake,
    /// The backend's address with this index was dialled.
    Connecting {
        address: usize,
    },
    /// The queue of the backend (a unix socket) with this index was full: it is dialled again until this moment, because
    /// the kernel has begun nothing and will say nothing.
    Queuing {
        address: usize,
        until: u64,
    },
    Relaying,
    /// The secure side's stream was truncated; the plain side's kernel has not acknowledged all of it.
    Delivering {
        reason: CloseReason,
    },
    /// The client was refused and gets a moment to read why.
    Lingering,
}

/// In milliseconds since the tunnel's start.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    accepted: u64,
    /// The current phase began.
    phase: u64,
    /// Bytes came from the client that count as a sign of life.
    client: u64,
    /// Bytes came from the backend.
    backend: u64,
    /// Bytes moved in either direction.
    moved: u64,
}

/// Plaintext bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Bytes {
    up: u64,
    down: u64,
    /// What the metrics have been told of.
    told: (u64, u64),
}

impl Times {
    /// A sign of life came from this side.
    fn heard(&mut self, from: Socket, now: u64) {
        match from {
            Socket::Client => self.client = now,
            Socket::Backend => self.backend = now,
        }
    }
}

impl Bytes {
    /// So many came from this side.
    fn came(&mut self, from: Socket, count: usize) {
        match from {
            Socket::Client => self.up += count as u64,
            Socket::Backend => self.down += count as u64,
        }
    }
}

/// What the kernel said about a socket since it was last found empty or full.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "the kernel's event is a set of bits")]
pub(crate) struct Ready {
    readable: bool,
    writable: bool,
    /// The peer will send no more: do not take a short read for an empty socket.
    read_closed: bool,
    error: bool,
}

impl Ready {
    fn of(event: &mio::event::Event) -> Ready {
        Ready {
            readable: event.is_readable(),
            writable: event.is_writable(),
            read_closed: event.is_read_closed(),
            error: event.is_error(),
        }
    }

    fn add(&mut self, other: Ready) {
        self.readable |= other.readable | other.read_closed | other.error;
        self.writable |= other.writable | other.error;
        self.read_closed |= other.read_closed | other.error;
        self.error |= other.error;
    }
}

/// Which of the two sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Socket {
    Client,
    Backend,
}

/// What becomes of a connection after it was served.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It waits for the kernel.
    Wait,
    /// It has more to do, but others come first.
    Again,
    /// It is over.
    Over(Over),
}

/// How a connection ends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Over {
    pub(crate) reason: CloseReason,
    pub(crate) detail: Option<String>,
    /// Both directions ended in order; otherwise both sides see a reset.
    orderly: bool,
}

impl Over {
    pub(crate) fn lost(reason: CloseReason, detail: Option<String>) -> Over {
        Over { reason, detail, orderly: false }
    }
}

/// What [`Relay::new`] needs to know.
pub(crate) struct Accepted {
    pub(crate) id: u64,
    pub(crate) service: Arc<ActiveService>,
    pub(crate) client: TcpStream,
    pub(crate) peer: SocketAddr,
    pub(crate) admitted: Admitted,
    /// How long ago its first packet came, in milliseconds.
    pub(crate) since_syn: u64,
}

impl Relay {
    /// A connection whose first packet came at `accepted`; its first bytes are probably there already.
    pub(crate) fn new(accepted: Accepted, now: u64) -> Relay {
        let Accepted { id, service, client, peer, admitted, since_syn } = accepted;
        let began = now.saturating_sub(since_syn);
        let settings = &service.settings;
        let trusted = settings.accept_proxy.as_ref().is_some_and(|proxy| proxy.trusts(peer.ip()));
        let (role, phase) = match &settings.tls {
            TlsSide::Client(_) if trusted => (Role::Server, Phase::Header),
            TlsSide::Client(_) => (Role::Server, Phase::Handshake),
            TlsSide::Backend(_) => (Role::Client, Phase::Dialling),
        };
        let ends = Ends::new(role, settings.on_truncation);
        let ready = Ready { readable: true, writable: true, ..Ready::default() };
        let (accepted, dialled) =
            ((Stream::Tcp(client), ready), (Stream::Undialled, Ready::default()));
        let ((secure, secure_ready), (plain, plain_ready)) = match role {
            Role::Server => (accepted, dialled),
            Role::Client => (dialled, accepted),
        };
        Relay {
            id,
            role,
            secure,
            secure_ready,
            plain,
            plain_ready,
            tls: Connection::server(),
            phase,
            ends,
            to_plain: Vec::new(),
            to_secure: Vec::new(),
            plain_broken: false,
            left_over: false,
            source: SocketAddr::new(peer.ip().to_canonical(), peer.port()),
            destination: None,
            proxy: None,
            server_name: None,
            backend_address: None,
            times: Times { accepted: began, phase: now, client: now, backend: now, moved: now },
            bytes: Bytes::default(),
            rtmp: (settings.idle_by == IdleBy::Rtmp).then(Box::default),
            refusal: None,
            service,
            _admitted: admitted,
        }
    }

    /// Registers the socket that was accepted.
    pub(crate) fn register(
        &mut self,
        registry: &mio::Registry,
        token: mio::Token,
    ) -> io::Result<()> {
        match self.role {
            Role::Server => self.secure.register(registry, token),
            Role::Client => self.plain.register(registry, token),
        }
    }

    /// Whether the handshake is still to be finished.
    pub(crate) fn is_handshaking(&self) -> bool {
        match self.phase {
            Phase::Header | Phase::Dialling | Phase::Handshake => true,
            Phase::Connecting { .. } | Phase::Queuing { .. } => self.role == Role::Client,
            Phase::Relaying | Phase::Delivering { .. } | Phase::Lingering => false,
        }
    }

    /// Takes note of what the kernel says about a socket.
    pub(crate) fn notice(&mut self, socket: Socket, event: &mio::event::Event) {
        self.ready(socket).add(Ready::of(event));
    }

    fn ready(&mut self, socket: Socket) -> &mut Ready {
        if socket == self.role.secure() { &mut self.secure_ready } else { &mut self.plain_ready }
    }

    /// A socket failed: how.
    fn failed(&self, socket: Socket) -> Over {
        let stream = if socket == self.role.secure() { &self.secure } else { &self.plain };
        match stream.take_error() {
            Ok(Some(error)) => socket.lost(&error),
            _ => socket.failed(),
        }
    }

    /// Does all that can be done now.
    pub(crate) fn serve(&mut self, thread: &mut Thread, index: usize) -> Fate {
        let fate = match self.try_serve(thread, index) {
            Ok(fate) => fate,
            Err(over) => Fate::Over(over),
        };
        let (up, down) = self.bytes.told;
        if (up, down) != (self.bytes.up, self.bytes.down) {
            self.service.metrics.bytes(self.bytes.up - up, self.bytes.down - down);
            self.bytes.told = (self.bytes.up, self.bytes.down);
        }
        fate
    }

    fn try_serve(&mut self, thread: &mut Thread, index: usize) -> Result<Fate, Over> {
        match self.phase {
            Phase::Dialling => self.dial(0, None, thread, index)?,
            Phase::Connecting { address } => self.finish_connecting(address, thread, index)?,
            _ => {}
        }
        match self.phase {
            Phase::Header | Phase::Handshake => self.handshake(thread, index)?,
            Phase::Dialling
            | Phase::Connecting { .. }
            | Phase::Queuing { .. }
            | Phase::Relaying
            | Phase::Delivering { .. } => {}
            Phase::Lingering => return self.linger(),
        }
        match self.phase {
            Phase::Relaying => self.relay(thread),
            Phase::Delivering { reason } => self.deliver(reason),
            Phase::Connecting { .. } | Phase::Queuing { .. } => {
                if self.ready(Socket::Client).error {
                    return Err(self.failed(Socket::Client));
                }
                Ok(Fate::Wait)
            }
            Phase::Handshake if self.role == Role::Client && self.plain_ready.error => {
                Err(self.failed(Socket::Client))
            }
            _ => Ok(Fate::Wait),
        }
    }

    fn relay(&mut self, thread: &mut Thread) -> Result<Fate, Over> {
        let mut left = TURN;
        let mut again = self.pump_open(thread, &mut left)?;
        again |= self.pump_seal(thread, &mut left)?;
        loop {
            let up_empty = self.to_plain.is_empty();
            let down_empty = self.to_secure.is_empty() && self.tls.outgoing().is_empty();
            match self.ends.next(up_empty, down_empty) {
                Step::Wait => break,
                Step::EndPlain => {
                    self.plain.end().map_err(|error| self.role.plain().lost(&error))?;
                }
                Step::NotifySecure => {
                    self.tls.close_notify();
                    let notified = self.flush_secure();
                    self.unless_done(notified)?;
                }
                Step::EndSecure => {
                    let ended = self.secure.end();
                    self.unless_done(ended.map_err(|error| self.role.secure().lost(&error)))?;
                }
                Step::ResetPlainWhenDelivered(reason) => {
                    self.enter(Phase::Delivering { reason }, thread.now);
                    return self.deliver(reason);
                }
                Step::Finish(reason) => {
                    return Ok(Fate::Over(Over { reason, detail: None, orderly: true }));
                }
            }
        }
        if self.plain_broken && !self.ends.plain_open() {
            return Err(self.role.broken());
        }
        if self.secure_ready.error && !self.secure_ready.readable && !self.ends.secure_done() {
            return Err(self.failed(self.role.secure()));
        }
        if self.plain_ready.error && !self.plain_ready.readable {
            return Err(self.failed(self.role.plain()));
        }
        Ok(if again { Fate::Again } else { Fate::Wait })
    }

    /// A secure side that ended in order and got every byte may hang up before it hears the end: nothing is lost by that.
    fn unless_done(&mut self, result: Result<(), Over>) -> Result<(), Over> {
        if result.is_err() && self.ends.secure_done() {
            let count = self.tls.outgoing().len();
            self.tls.sent(count);
            return Ok(());
        }
        result
    }

    /// Sends whatever TLS still holds back.
    pub(crate) fn flush_held(&mut self, thread: &mut Thread, index: usize) -> Fate {
        match self.flush_secure() {
            Ok(()) => self.serve(thread, index),
            Err(over) => Fate::Over(over),
        }
    }

    /// Whether session tickets wait for data to travel with.
    pub(crate) fn holds(&self) -> bool {
        self.tls.may_hold()
    }

    fn enter(&mut self, phase: Phase, now: u64) {
        self.phase = phase;
        self.times.phase = now;
    }

    /// A truncated stream: waits for the last byte to be acknowledged, so that the reset does not overtake it.
    fn deliver(&mut self, reason: CloseReason) -> Result<Fate, Over> {
        if !self.plain_ready.error && self.plain.unsent().is_ok_and(|count| count > 0) {
            return Ok(Fate::Wait);
        }
        Err(Over::lost(reason, None))
    }

    /// Refuses the peer: the alert goes out, and the line is cut once a client has had time to read it. A backend gets no
    /// such time, since the client waits.
    fn refuse(&mut self, reason: CloseReason, why: String, thread: &Thread) -> Result<(), Over> {
        let over = Over::lost(reason, Some(why));
        let answer = !self.tls.outgoing().is_empty();
        if !answer || self.flush_secure().is_err() || !self.tls.outgoing().is_empty() {
            return Err(over);
        }
        if self.secure.end().is_err() || self.role == Role::Client {
            return Err(over);
        }
        self.refusal = Some(Box::new(over));
        self.enter(Phase::Lingering, thread.now);
        Ok(())
    }

    fn linger(&mut self) -> Result<Fate, Over> {
        let mut waste = [0; 4096];
        // Bounded by the time limit; an attacker who sends on only pays for it.
        for _ in 0..16 {
            match self.secure.read(&mut waste) {
                Ok(count) if count > 0 => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Fate::Wait),
                _ => return Err(self.lingered()),
            }
        }
        Ok(Fate::Again)
    }

    /// The refusal that the client has been given time to read.
    fn lingered(&mut self) -> Over {
        let refusal = self.refusal.take();
        refusal.map_or_else(|| Over::lost(CloseReason::InternalError, None), |over| *over)
    }

    /// Ends the connection: both sides learn how, the log gets its line.
    pub(crate) fn end(mut self: Box<Self>, over: &Over, thread: &mut Thread) {
        if over.orderly {
            self.drain_secure();
        } else {
            // Where a refusal was read, an ordinary end is enough; a reset would overtake one that is on its way.
            if self.phase != Phase::Lingering
                && !(self.role == Role::Client && self.is_handshaking())
            {
                self.secure.reset_on_close();
            }
            self.plain.reset_on_close();
        }
        let metrics = &self.service.metrics;
        metrics.closed(over.reason);
        if over.reason.is_ghost() {
            metrics.ghost(over.reason);
        }
        if self.is_handshaking() && over.reason.is_ghost() {
            metrics.handshake_failed(over.reason.word());
        }
        let peer = self.peer_facts();
        let record = self.record(over, peer.as_ref(), thread);
        thread.log.connection(thread.wall, &record);
    }

    /// Reads what came after the end, so that closing does not turn into a reset that destroys our last bytes.
    fn drain_secure(&mut self) {
        let mut waste = [0; 4096];
        for _ in 0..16 {
            match self.secure.read(&mut waste) {
                Ok(count) if count > 0 => {}
                _ => break,
            }
        }
    }

    /// What is known of the client's certificate, where one was asked for.
    fn peer_facts(&self) -> Option<PeerFacts> {
        if let TlsSide::Client(termination) = &self.service.settings.tls {
            termination.client_auth.as_ref()?;
        }
        match self.tls.verdict() {
            Some(verdict) => Some(PeerFacts::of(verdict)),
            None => self.tls.handshake().map(|_| PeerFacts::none()),
        }
    }

    fn record<'a>(
        &'a self,
        over: &'a Over,
        peer: Option<&'a PeerFacts>,
        thread: &Thread,
    ) -> ConnectionRecord<'a> {
        let target = &self.service.settings.target;
        ConnectionRecord {
            id: self.id,
            service: &self.service.settings.name,
            client: self.source,
            peer: self.proxy,
            sni: self.server_name.as_deref(),
            tls: self.tls.handshake().map(|done| TlsRecord {
                version: done.version.name(),
                cipher: done.suite.name(),
                group: done.group.map(ravelin_tls::Group::name),
                resumed: done.kind == HandshakeKind::Resumed,
                alpn: done.alpn.as_deref(),
            }),
            client_certificate: peer.filter(|_| self.role == Role::Server).map(PeerFacts::record),
            server_certificate: peer.filter(|_| self.role == Role::Client).map(PeerFacts::record),
            to_backend: self.bytes.up,
            to_client: self.bytes.down,
            duration: Duration::from_millis(thread.now.saturating_sub(self.times.accepted)),
            backend: self.backend_address.and_then(|address| stream::named(target, address)),
            reason: over.reason,
            detail: over.detail.as_deref(),
        }
    }
}
