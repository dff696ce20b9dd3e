//! What every socket has: properties, methods, events.

use super::{
    Dial, Event, EventType, Listener, Registration, Sandbox, SocketError, Tcp,
    attempt::{Attempt, Established, Judged, Outcome, Plan},
    listeners::Listeners,
    machine::{Failure, Machine, Phase},
    transport::Transport,
};
use crate::TlsConnector;
use ravelin_tls::Handshake;
use ravelin_trust::Certificate;
use std::{
    fmt,
    future::poll_fn,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
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
    link: Link,
    sandbox: Sandbox,
    dialer: Arc<dyn Dial>,
    timeout: Duration,
    local: Option<SocketAddr>,
    remote: Option<SocketAddr>,
    listeners: Listeners<P>,
    id: SocketId,
}

enum Link {
    Nothing,
    Attempt(Attempt),
    Open(Transport),
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

    /// Begins to connect to a host, a name or an address as text (`connect`). What comes of it is an event. A connection
    /// that stands is closed first, without an event.
    ///
    /// Must be called within a tokio runtime with its time and I/O drivers enabled.
    ///
    /// # Errors
    /// [`SocketError::Port`] (`SecurityError`): the socket is as it was then.
    pub fn connect(&mut self, host: &str, port: i32) -> Result<(), SocketError> {
        let host = host.to_owned();
        let port = u16::try_from(port).map_err(|_| SocketError::Port(port))?;
        self.end(Goodbye::Say);
        self.machine.begin();
        let plan = Plan {
            sandbox: self.sandbox.clone(),
            host,
            port,
            dialer: Arc::clone(&self.dialer),
            time: self.timeout,
        };
        self.link = Link::Attempt(self.protocol.attempt(plan));
        Ok(())
    }

    /// Connects to the host that the calling code came from, or to this machine if it came from none (`connect` without a
    /// host). Returns when the connection stands; `connect` is told by [`next_event`](Self::next_event) then.
    ///
    /// Dropping the future does not give up: it goes on with the next event. [`close`](Self::close) does.
    ///
    /// # Errors
    /// [`SocketError::Port`] (`SecurityError`), and [`SocketError::ConnectionFailed`] (`IOError`) in place of an `ioError`
    /// event. That the host does not consent is an event all the same, and no error.
    pub async fn connect_without_host(&mut self, port: i32) -> Result<(), SocketError> {
        let host = self.sandbox.own_host().to_owned();
        self.connect(&host, port)?;
        let outcome = poll_fn(|cx| match &mut self.link {
            Link::Attempt(attempt) => attempt.as_mut().poll(cx).map(Some),
            Link::Nothing | Link::Open(_) => Poll::Ready(None),
        })
        .await;
        let Some(outcome) = outcome else { return Ok(()) };
        match self.conclude(outcome) {
            Some(Failure::Io(text)) => {
                self.end(Goodbye::Skip);
                Err(SocketError::ConnectionFailed(text))
            }
            Some(failure @ Failure::Security(_)) => {
                self.machine.failed(failure);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Sends everything that was written (`flush`): at once as far as the network takes it, the rest while events are
    /// waited for. Whatever is written later waits for the next time.
    ///
    /// # Errors
    /// [`SocketError::Closed`]. That sending fails is an `ioError` event.
    pub fn flush(&mut self) -> Result<(), SocketError> {
        self.machine.flush()?;
        if let Link::Open(transport) = &mut self.link {
            // An error is found again by whoever asks for the next event.
            let _ = send(
                &mut self.machine,
                transport,
                &mut Context::from_waker(std::task::Waker::noop()),
            );
        }
        Ok(())
    }

    /// Closes the connection (`close`), or gives up making one; no event is raised, and what is left to be told is not.
    /// What was written before is sent first, flushed or not, followed by TLS's close_notify; what cannot be
    /// sent at once has five seconds, behind the caller's back. Nothing can be read any more.
    ///
    /// The [status of the certificate](super::SecureSocket::server_certificate_status) stays as it is.
    ///
    /// # Errors
    /// [`SocketError::Closed`] if there is nothing to be closed.
    pub fn close(&mut self) -> Result<(), SocketError> {
        if self.machine.phase() == Phase::Closed {
            return Err(SocketError::Closed);
        }
        self.end(Goodbye::Say);
        Ok(())
    }

    /// The next event, after its listeners were called; none when the socket is closed and everything was told.
    ///
    /// This is what drives the socket. Dropping the future loses nothing.
    pub async fn next_event(&mut self) -> Option<Event> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// As [`next_event`](Self::next_event), for those who poll.
    pub fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        loop {
            if let Some(kind) = self.machine.next_event() {
                if self.machine.phase() == Phase::Closed {
                    self.forget();
                }
                let mut event = Event::new(kind);
                self.tell(&mut event);
                return Poll::Ready(Some(event));
            }
            match &mut self.link {
                Link::Nothing => return Poll::Ready(None),
                Link::Attempt(attempt) => {
                    let outcome = ready!(attempt.as_mut().poll(cx));
                    if let Some(failure) = self.conclude(outcome) {
                        self.machine.failed(failure);
                    }
                }
                Link::Open(_) => ready!(self.exchange(cx)),
            }
        }
    }

    /// Drives the socket until it is closed, for those who only listen.
    pub async fn run(&mut self) {
        while self.next_event().await.is_some() {}
    }

    /// How an attempt ended; its failure is not an event yet.
    fn conclude(&mut self, outcome: Outcome) -> Option<Failure> {
        let Outcome { result, judged, connector } = outcome;
        self.protocol.judged(judged, connector);
        match result {
            Ok(Established { transport, local, remote, handshake, certificate }) => {
                self.protocol.established(certificate, handshake);
                (self.local, self.remote) = (local, remote);
                self.link = Link::Open(transport);
                self.machine.established();
                None
            }
            Err(failure) => {
                self.link = Link::Nothing;
                Some(failure)
            }
        }
    }

    /// Sends and receives once. Ready when something came of it.
    fn exchange(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Link::Open(transport) = &mut self.link else { return Poll::Ready(()) };
        let sent = send(&mut self.machine, transport, cx);
        // What has arrived counts even where nothing can be sent any more.
        let received = if self.machine.is_full() {
            let limit = self.machine.input_limit;
            Received::Error(format!("{limit} bytes have arrived and were not read"))
        } else {
            receive(&mut self.machine, transport, cx)
        };
        match (received, sent) {
            (Received::Data, _) => {}
            (Received::End { truncated }, _) => {
                self.machine.ended(truncated);
                if let Link::Open(transport) = std::mem::replace(&mut self.link, Link::Nothing) {
                    transport.finish(Vec::new());
                }
            }
            (Received::Error(text), _) | (Received::Nothing, Poll::Ready(Err(text))) => {
                self.machine.broke(text);
                self.link = Link::Nothing;
            }
            (Received::Nothing, Poll::Ready(Ok(()))) => {}
            (Received::Nothing, Poll::Pending) => return Poll::Pending,
        }
        Poll::Ready(())
    }

    /// Closes what there is, without an event.
    fn end(&mut self, goodbye: Goodbye) {
        let rest = self.machine.close();
        if let (Link::Open(transport), Goodbye::Say) =
            (std::mem::replace(&mut self.link, Link::Nothing), goodbye)
        {
            transport.finish(rest.as_slice().to_vec());
        }
        self.forget();
    }

    fn forget(&mut self) {
        (self.local, self.remote) = (None, None);
        self.protocol.closed();
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

    fn tell(&mut self, event: &mut Event) {
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Goodbye {
    Say,
    Skip,
}

/// What came of reading once.
enum Received {
    Nothing,
    Data,
    End { truncated: bool },
    Error(String),
}

fn receive(machine: &mut Machine, transport: &mut Transport, cx: &mut Context<'_>) -> Received {
    use tokio::io::{AsyncRead as _, ReadBuf};
    let mut space = [0; PIECE];
    let mut space = ReadBuf::new(&mut space);
    match std::pin::pin!(transport).poll_read(cx, &mut space) {
        Poll::Pending => Received::Nothing,
        Poll::Ready(Err(error)) if super::transport::is_truncation(&error) => {
            Received::End { truncated: true }
        }
        Poll::Ready(Err(error)) => Received::Error(error.to_string()),
        Poll::Ready(Ok(())) if space.filled().is_empty() => Received::End { truncated: false },
        Poll::Ready(Ok(())) => {
            machine.received(space.filled());
            Received::Data
        }
    }
}

/// Hands on what is to be sent, as far as it is taken. Ready when something was, or nothing more will be.
fn send(
    machine: &mut Machine,
    transport: &mut Transport,
    cx: &mut Context<'_>,
) -> Poll<Result<(), String>> {
    use tokio::io::AsyncWrite as _;
    let before = machine.bytes_pending();
    let mut result = Poll::Pending;
    for _ in 0..PIECES {
        if machine.to_send().is_empty() {
            break;
        }
        match std::pin::pin!(&mut *transport).poll_write(cx, machine.to_send()) {
            Poll::Pending => break,
            Poll::Ready(Ok(0)) => {
                result = Poll::Ready(Err("the connection takes no more".to_owned()));
                break;
            }
            Poll::Ready(Ok(count)) => machine.moved(count),
            Poll::Ready(Err(error)) => {
                result = Poll::Ready(Err(error.to_string()));
                break;
            }
        }
    }
    if result.is_pending()
        && let Poll::Ready(Err(error)) = std::pin::pin!(&mut *transport).poll_flush(cx)
    {
        result = Poll::Ready(Err(error.to_string()));
    }
    machine.progressed(transport.unsent(), before);
    if result.is_pending() && machine.bytes_pending() < before {
        Poll::Ready(Ok(()))
    } else {
        result
    }
}

/// Bytes that are read at once.
const PIECE: usize = 16 << 10;

/// Writes that are made before something is read again.
const PIECES: usize = 8;

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
