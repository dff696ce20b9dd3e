//! What every socket has: properties, methods, events.

use super::{
    Dial, Event, EventType, Listener, Registration, Sandbox, SocketError, Tcp,
    attempt::{Attempt, Judged, Plan},
    drive::Link,
    listeners::Listeners,
    machine::{Machine, Phase},
};
use crate::TlsConnector;
use ravelin_tls::Handshake;
use ravelin_trust::Certificate;
use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// How long a connection may take to stand, if nothing else is said.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(20);

/// What is below a [`TypedSocket`]: [`Plain`](super::Plain) or [`Secure`](super::Secure).
pub trait Protocol: Steps {}

impl<P: Steps> Protocol for P {}

/// What the two kinds of sockets do differently. Nobody else can be one.
pub trait Steps: Sized + Send + 'static {
    const NAME: &'static str;

    fn attempt(&mut self, plan: Plan) -> Attempt;

    fn judged(&mut self, judged: Judged, connector: Option<TlsConnector>);

    fn established(
        &mut self,
        certificate: Option<Arc<Certificate<'static>>>,
        handshake: Option<Handshake>,
    );

    fn closed(&mut self);
}

/// Which socket: what [`Event::target`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SocketId(u64);

impl SocketId {
    pub(super) fn unique() -> SocketId {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        SocketId(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// A socket with typed data and events, as AIR has them. [`Socket`](super::Socket) and [`SecureSocket`](super::SecureSocket)
/// are the two kinds of it.
///
/// # Life
///
/// [`connect`](Self::connect) begins; [`next_event`](Self::next_event) drives, and tells what came of it. As long as
/// nobody asks for events, nothing is read and no listener is called, so nothing piles up either.
///
/// The order of events is one `connect`, then `socketData` and `outputProgress` as it happens, then one `close` or
/// `ioError`; where there is no connection, one `ioError` or `securityError`. The own [`close`](Self::close) raises
/// nothing.
///
/// A socket is [`connected`](Self::connected) from the moment that `connect` is told until the moment that its end is. Take what has arrived when
/// `socketData` is told: when the server closes, that comes first; a closed socket has nothing to read.
///
/// # Reading and writing
///
/// Each read takes all of its bytes or none: one that fails with [`DataError::EndOfInput`](crate::data::DataError::EndOfInput) (AIR's `EOFError`) may be
/// tried again at the next `socketData`. Writes go to a buffer; [`flush`](Self::flush) sends it. Both fail with
/// [`SocketError::Closed`] (AIR's `IOError`) while the socket is not connected.
pub struct TypedSocket<P: Protocol> {
    pub(super) protocol: P,
    pub(super) machine: Machine,
    pub(super) link: Link,
    pub(super) sandbox: Sandbox,
    pub(super) dialer: Arc<dyn Dial>,
    pub(super) timeout: Duration,
    pub(super) local: Option<SocketAddr>,
    pub(super) remote: Option<SocketAddr>,
    listeners: Listeners<P>,
    id: SocketId,
}

impl<P: Protocol> TypedSocket<P> {
    pub(super) fn of(sandbox: Sandbox, protocol: P) -> Result<TypedSocket<P>, SocketError> {
        if !sandbox.may_use_sockets() {
            return Err(SocketError::Sandbox);
        }
        Ok(TypedSocket {
            protocol,
            machine: Machine::new(),
            link: Link::Nothing,
            sandbox,
            dialer: Arc::new(Tcp),
            timeout: DEFAULT_TIMEOUT,
            local: None,
            remote: None,
            listeners: Listeners::new(),
            id: SocketId::unique(),
        })
    }

    /// The same socket, reaching hosts in another way than by TCP.
    #[must_use]
    pub fn with_dialer(mut self, dialer: impl Dial) -> TypedSocket<P> {
        self.dialer = Arc::new(dialer);
        self
    }

    // Events.

    /// Calls a listener from now on when something of this kind happens (`addEventListener`). One that is registered
    /// already keeps its place and its priority.
    pub fn add_event_listener(
        &mut self,
        event_type: EventType,
        listener: &Listener<P>,
        registration: Registration,
    ) {
        self.listeners.add(event_type, listener, registration);
    }

    /// Does not call a listener any more (`removeEventListener`). Nothing happens if it is not registered.
    pub fn remove_event_listener(
        &mut self,
        event_type: &EventType,
        listener: &Listener<P>,
        use_capture: bool,
    ) {
        self.listeners.remove(event_type, listener, use_capture);
    }

    /// Whether a listener is registered for this kind (`hasEventListener`).
    pub fn has_event_listener(&self, event_type: &EventType) -> bool {
        self.listeners.has(event_type)
    }

    /// Whether somebody would hear of such an event (`willTrigger`): a listener here, as sockets have no parents.
    pub fn will_trigger(&self, event_type: &EventType) -> bool {
        self.has_event_listener(event_type)
    }

    /// Calls the listeners of an event (`dispatchEvent`), those of higher priority first, then in the order of adding. False
    /// if one of them [cancelled](Event::prevent_default) it. Such events are not among those of
    /// [`next_event`](Self::next_event), and change nothing.
    pub fn dispatch_event(&mut self, event: impl Into<Event>) -> bool {
        let mut event = event.into();
        self.tell(&mut event);
        !event.is_default_prevented()
    }

    pub(super) fn tell(&mut self, event: &mut Event) {
        let (id, listeners) = (self.id, self.listeners.hearing(&event.event_type()));
        for listener in listeners {
            event.arrive(id, &self.machine);
            listener.call(event, self);
            if event.is_stopped() {
                break;
            }
        }
        event.arrive(id, &self.machine);
    }

    // Properties.

    /// Which socket it is: the [target](Event::target) of its events.
    pub fn id(&self) -> SocketId {
        self.id
    }

    /// Where the calling code comes from.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Whether the connection stands (`connected`).
    pub fn connected(&self) -> bool {
        self.machine.phase() == Phase::Connected
    }

    /// How many bytes can be read (`bytesAvailable`).
    pub fn bytes_available(&self) -> usize {
        self.machine.bytes_available()
    }

    /// How many bytes were written, and not taken by the network yet (`bytesPending`). Those that are encrypted already
    /// count with what that adds to them.
    pub fn bytes_pending(&self) -> usize {
        self.machine.bytes_pending()
    }

    /// The address of this end (`localAddress`), while connected.
    pub fn local_address(&self) -> Option<IpAddr> {
        self.local.filter(|_| self.connected()).map(|address| address.ip())
    }

    /// The port of this end (`localPort`), while connected.
    pub fn local_port(&self) -> Option<u16> {
        self.local.filter(|_| self.connected()).map(|address| address.port())
    }

    /// The address of the other end (`remoteAddress`), while connected.
    pub fn remote_address(&self) -> Option<IpAddr> {
        self.remote.filter(|_| self.connected()).map(|address| address.ip())
    }

    /// The port of the other end (`remotePort`), while connected.
    pub fn remote_port(&self) -> Option<u16> {
        self.remote.filter(|_| self.connected()).map(|address| address.port())
    }

    /// How long a connection may take to stand (`timeout`, there in milliseconds): consent, TCP, TLS and what the network is asked about the
    /// certificate, all together.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Sets how long a connection may take to stand, from the next attempt on. [`DEFAULT_TIMEOUT`] if it is never set.
    pub fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = timeout;
    }

    /// How many bytes may have arrived and not been read.
    pub fn input_limit(&self) -> usize {
        self.machine.input_limit
    }

    /// Sets how many bytes may have arrived and not been read: more end the connection with an `ioError`.
    /// [`DEFAULT_INPUT_LIMIT`](super::DEFAULT_INPUT_LIMIT) if it is never set.
    pub fn set_input_limit(&mut self, bytes: usize) {
        self.machine.input_limit = bytes;
    }
}

impl<P: Protocol> fmt::Display for TypedSocket<P> {
    /// As AIR's `toString`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[object {}]", P::NAME)
    }
}

impl<P: Protocol> fmt::Debug for TypedSocket<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(P::NAME)
            .field("id", &self.id)
            .field("sandbox", &self.sandbox)
            .field("phase", &self.machine.phase())
            .field("local", &self.local)
            .field("remote", &self.remote)
            .field("bytes_available", &self.bytes_available())
            .field("bytes_pending", &self.bytes_pending())
            .field("listeners", &self.listeners.len())
            .finish_non_exhaustive()
    }
}
