//! One connection through the tunnel, from accept to end.
//!
//! - [`ends`]: what one side's end means for the other.
//! - `opening`: PROXY header, handshake, dialling the backend.
//! - `pump`: bytes in both directions.
//! - `deadlines`: which time limit comes next.
//! - [`backend`]: the plain side's socket.
//!
//! A relay owns its two sockets and its TLS state; buffers, clocks and everything else come from the [`Thread`] that
//! serves it.

pub(crate) mod backend;
mod deadlines;
mod ends;
mod opening;
mod pump;

use crate::{
    active::ActiveService,
    clients::ClientFacts,
    limits::Admitted,
    log::{ConnectionRecord, Log, TlsRecord},
    reason::CloseReason,
    rtmp::Watcher,
    service::IdleBy,
    sys,
};
use backend::BackendStream;
use ends::{Ends, Step};
use mio::net::TcpStream;
use ravelin_tls::{Connection, HandshakeKind, OpenBuffer, SealBuffer};
use std::{
    io::{self, ErrorKind, Read as _},
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

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

/// Why a backend counts as lost that closed while the client was still sending.
const BROKEN: &str = "it stopped taking data before the client had sent everything";

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
    client: TcpStream,
    client_ready: Ready,
    backend: Option<BackendStream>,
    backend_ready: Ready,
    tls: Connection,
    phase: Phase,
    ends: Ends,
    /// Plaintext that the backend has no room for yet; a PROXY header that goes first.
    up_pending: Vec<u8>,
    /// Records that the client has no room for yet.
    down_pending: Vec<u8>,
    /// The backend takes no more; what it sent before is still read.
    backend_broken: bool,
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
    Handshake,
    /// The handshake is done; the backend's address with this index was dialled.
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
    /// The upload was truncated; the backend's kernel has not acknowledged all of it.
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
        let phase = if trusted { Phase::Header } else { Phase::Handshake };
        let ends = Ends::new(settings.on_truncation);
        Relay {
            id,
            client,
            client_ready: Ready { readable: true, writable: true, ..Ready::default() },
            backend: None,
            backend_ready: Ready::default(),
            tls: Connection::server(),
            phase,
            ends,
            up_pending: Vec::new(),
            down_pending: Vec::new(),
            backend_broken: false,
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

    pub(crate) fn client(&mut self) -> &mut TcpStream {
        &mut self.client
    }

    /// Whether the handshake is still to be finished.
    pub(crate) fn is_handshaking(&self) -> bool {
        matches!(self.phase, Phase::Header | Phase::Handshake)
    }

    /// Takes note of what the kernel says about a socket.
    pub(crate) fn notice(&mut self, socket: Socket, event: &mio::event::Event) {
        match socket {
            Socket::Client => self.client_ready.add(Ready::of(event)),
            Socket::Backend => self.backend_ready.add(Ready::of(event)),
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
            Phase::Header | Phase::Handshake => self.handshake(thread, index)?,
            Phase::Connecting { address } => self.finish_connecting(address, thread, index)?,
            Phase::Queuing { .. } | Phase::Relaying | Phase::Delivering { .. } => {}
            Phase::Lingering => return self.linger(),
        }
        match self.phase {
            Phase::Relaying => self.relay(thread),
            Phase::Delivering { reason } => self.deliver(reason),
            Phase::Connecting { .. } | Phase::Queuing { .. } => {
                if self.client_ready.error {
                    return Err(self.client_error());
                }
                Ok(Fate::Wait)
            }
            _ => Ok(Fate::Wait),
        }
    }

    fn relay(&mut self, thread: &mut Thread) -> Result<Fate, Over> {
        let mut left = TURN;
        let mut again = self.pump_up(thread, &mut left)?;
        again |= self.pump_down(thread, &mut left)?;
        loop {
            let up_empty = self.up_pending.is_empty();
            let down_empty = self.down_pending.is_empty() && self.tls.outgoing().is_empty();
            match self.ends.next(up_empty, down_empty) {
                Step::Wait => break,
                Step::EndBackend => {
                    if let Some(backend) = &self.backend {
                        backend.end().map_err(|error| backend_lost(&error))?;
                    }
                }
                Step::NotifyClient => {
                    self.tls.close_notify();
                    let notified = self.flush_client();
                    self.unless_done(notified)?;
                }
                Step::EndClient => {
                    let ended = self.client.shutdown(std::net::Shutdown::Write);
                    self.unless_done(ended.map_err(|error| client_lost(&error)))?;
                }
                Step::ResetBackendWhenDelivered(reason) => {
                    self.enter(Phase::Delivering { reason }, thread.now);
                    return self.deliver(reason);
                }
                Step::Finish(reason) => {
                    return Ok(Fate::Over(Over { reason, detail: None, orderly: true }));
                }
            }
        }
        if self.backend_broken && !self.ends.down_open() {
            return Err(Over::lost(CloseReason::BackendLost, Some(BROKEN.into())));
        }
        if self.client_ready.error && !self.client_ready.readable && !self.ends.client_done() {
            return Err(self.client_error());
        }
        if self.backend_ready.error && !self.backend_ready.readable {
            return Err(self.backend_error());
        }
        Ok(if again { Fate::Again } else { Fate::Wait })
    }

    /// A client that ended in order and got every byte may hang up before it hears the end: nothing is lost by that.
    fn unless_done(&mut self, result: Result<(), Over>) -> Result<(), Over> {
        if result.is_err() && self.ends.client_done() {
            let count = self.tls.outgoing().len();
            self.tls.sent(count);
            return Ok(());
        }
        result
    }

    /// Sends whatever TLS still holds back.
    pub(crate) fn flush_held(&mut self, thread: &mut Thread, index: usize) -> Fate {
        match self.flush_client() {
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

    /// A truncated upload: waits for the last byte to be acknowledged, so that the reset does not overtake it.
    fn deliver(&mut self, reason: CloseReason) -> Result<Fate, Over> {
        match &self.backend {
            Some(backend) if !self.backend_ready.error && backend.unsent().is_ok_and(|n| n > 0) => {
                Ok(Fate::Wait)
            }
            _ => Err(Over::lost(reason, None)),
        }
    }

    /// Refuses the client: the alert goes out, and the line is cut once the client has had time to read it.
    fn refuse(&mut self, reason: CloseReason, why: String, thread: &Thread) -> Result<(), Over> {
        let over = Over::lost(reason, Some(why));
        let answer = !self.tls.outgoing().is_empty();
        if !answer || self.flush_client().is_err() || !self.tls.outgoing().is_empty() {
            return Err(over);
        }
        if self.client.shutdown(std::net::Shutdown::Write).is_err() {
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
            match self.client.read(&mut waste) {
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

    fn client_error(&self) -> Over {
        match self.client.take_error() {
            Ok(Some(error)) => client_lost(&error),
            _ => Over::lost(CloseReason::ClientReset, None),
        }
    }

    fn backend_error(&self) -> Over {
        match self.backend.as_ref().map(BackendStream::take_error) {
            Some(Ok(Some(error))) => backend_lost(&error),
            _ => Over::lost(CloseReason::BackendLost, None),
        }
    }

    /// Ends the connection: both sides learn how, the log gets its line.
    pub(crate) fn end(mut self: Box<Self>, over: &Over, thread: &mut Thread) {
        if over.orderly {
            self.drain_client();
        } else {
            // Where a refusal was read, an ordinary end is enough.
            if self.phase != Phase::Lingering {
                let _ = sys::reset_on_close(&self.client);
            }
            if let Some(backend) = &self.backend {
                backend.reset_on_close();
            }
        }
        let metrics = &self.service.metrics;
        metrics.closed(over.reason);
        if over.reason.is_ghost() {
            metrics.ghost(over.reason);
        }
        if self.is_handshaking() && over.reason.is_ghost() {
            metrics.handshake_failed(over.reason.word());
        }
        let client = self.client_facts();
        let record = self.record(over, client.as_ref(), thread);
        thread.log.connection(thread.wall, &record);
    }

    /// Reads what came after the end, so that closing does not turn into a reset that destroys our last bytes.
    fn drain_client(&mut self) {
        let mut waste = [0; 4096];
        for _ in 0..16 {
            match self.client.read(&mut waste) {
                Ok(count) if count > 0 => {}
                _ => break,
            }
        }
    }

    /// What is known of the client's certificate, where one was asked for.
    fn client_facts(&self) -> Option<ClientFacts> {
        self.service.settings.client_auth.as_ref()?;
        match self.tls.verdict() {
            Some(verdict) => Some(ClientFacts::of(verdict)),
            None => self.tls.handshake().map(|_| ClientFacts::none()),
        }
    }

    fn record<'a>(
        &'a self,
        over: &'a Over,
        client: Option<&'a ClientFacts>,
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
            certificate: client.map(ClientFacts::record),
            to_backend: self.bytes.up,
            to_client: self.bytes.down,
            duration: Duration::from_millis(thread.now.saturating_sub(self.times.accepted)),
            backend: self.backend_address.and_then(|address| backend::named(target, address)),
            reason: over.reason,
            detail: over.detail.as_deref(),
        }
    }
}

/// The client's socket failed.
fn client_lost(error: &io::Error) -> Over {
    let reason = match error.kind() {
        ErrorKind::TimedOut | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            CloseReason::PeerVanished
        }
        _ => CloseReason::ClientReset,
    };
    Over::lost(reason, Some(error.to_string()))
}

/// The backend's socket failed.
fn backend_lost(error: &io::Error) -> Over {
    Over::lost(CloseReason::BackendLost, Some(error.to_string()))
}
