//! One TLS connection, from the first byte to the end, without a socket.

use crate::{
    Alert, CipherSuite, ClientContext, Group, OpenBuffer, Overrides, SealBuffer, ServerContext,
    TlsError, Version,
    engine::{Negotiation, Progress, Traffic},
    hello::{ClientHello, HelloReader},
};
use ravelin_trust::Verdict;
use std::{mem, sync::Arc, time::Duration};

/// One TLS connection: bytes in, bytes and events out.
///
/// Four kinds of methods: getters; what comes in from the network ([`restore`](Self::restore), [`open`](Self::open),
/// [`keep`](Self::keep), [`receive_fin`](Self::receive_fin)); commands of the application ([`answer`](Self::answer),
/// [`lend`](Self::lend) and [`seal`](Self::seal), [`close_notify`](Self::close_notify), [`refresh_keys`](Self::refresh_keys),
/// [`abort`](Self::abort)); and what goes out ([`outgoing`](Self::outgoing), [`sent`](Self::sent)). After every
/// command and everything that came in, send what `outgoing` holds, unless [`may_hold`](Self::may_hold) says it may wait
/// for data to travel with.
///
/// An idle connection owns no buffer: the thread that serves it lends its own.
pub struct Connection {
    state: State,
    /// Ready to be sent. With `hold`, only together with the next data.
    outgoing: Vec<u8>,
    hold: bool,
    /// Bytes from the network between two calls: the front of a record, or what came before it could be used.
    kept: Vec<u8>,
    handshake: Option<Box<Handshake>>,
    verdict: Option<Arc<Verdict>>,
    received: Receiving,
    sent_close: bool,
}

enum State {
    /// Reading the ClientHello, before any engine object exists.
    Hello(Box<HelloReader>),
    /// The ClientHello is read, the caller has not chosen a context yet.
    Asking(Box<ClientHello>),
    Negotiating(Box<dyn Negotiation>),
    Traffic(Box<dyn Traffic>),
    Dead,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Receiving {
    Open,
    Closed,
    Failed,
}

/// What both sides agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// Protocol version.
    pub version: Version,
    /// Cipher suite.
    pub suite: CipherSuite,
    /// Key exchange group; none when a TLS 1.2 session was resumed.
    pub group: Option<Group>,
    /// Full, with a second ClientHello, or resumed.
    pub kind: HandshakeKind,
    /// Protocol agreed by ALPN (RFC 7301).
    pub alpn: Option<Box<[u8]>>,
    /// Certificates the peer sent, its own first, as DER. Empty when it sent none.
    pub peer_certificates: Box<[Box<[u8]>]>,
    /// The OCSP response that a server sent along with its certificates (RFC 6066, section 8).
    pub stapled_ocsp: Option<Box<[u8]>>,
}

/// How a handshake went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandshakeKind {
    /// A full handshake.
    Full,
    /// A full handshake after a HelloRetryRequest (RFC 8446, section 4.1.4).
    FullWithRetry,
    /// A session was resumed.
    Resumed,
}

/// What [`Connection::open`] found.
#[derive(Debug)]
pub struct Opened<'b> {
    /// Application data, in order. Valid even when `end` is set.
    pub plain: &'b [u8],
    /// The ClientHello is complete: see [`Connection::hello`], then call [`Connection::answer`] and open again.
    pub asking: bool,
    /// The handshake ended in this call. No data was opened; call again for the rest of the buffer.
    pub established: bool,
    /// The receiving direction ended behind `plain`.
    pub end: Option<End>,
}

/// How the receiving direction of a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The peer sent close_notify: it sent everything it wanted to (RFC 8446, section 6.1).
    Closed,
    /// The stream under the connection ended without close_notify: data may be missing.
    Truncated,
    /// The connection failed. The alert that tells the peer why stands in [`Connection::outgoing`].
    Failed(TlsError),
}

impl Connection {
    /// A server's connection that expects a ClientHello, and then asks for the context to answer it with.
    pub fn server() -> Connection {
        Connection::start(State::Hello(Box::default()))
    }

    /// A client's connection to `name`, a DNS name or an IP address as text, at `now` (since 1970-01-01T00:00:00Z); its
    /// ClientHello is in [`outgoing`](Self::outgoing) at once.
    ///
    /// # Errors
    /// When `name` is neither.
    pub fn client(
        context: &ClientContext,
        name: &str,
        now: Duration,
    ) -> Result<Connection, TlsError> {
        Connection::client_with(context, name, now, &Overrides::default())
    }

    /// As [`client`](Self::client), with something that is decided for this connection only.
    ///
    /// # Errors
    /// As for [`client`](Self::client).
    pub fn client_with(
        context: &ClientContext,
        name: &str,
        now: Duration,
        overrides: &Overrides,
    ) -> Result<Connection, TlsError> {
        let mut negotiation = context.engine().connect(name, now, overrides)?;
        let mut outgoing = Vec::new();
        negotiation.step(&mut [], &mut outgoing).1?;
        let mut connection = Connection::start(State::Negotiating(negotiation));
        connection.outgoing = outgoing;
        Ok(connection)
    }

    fn start(state: State) -> Connection {
        Connection {
            state,
            outgoing: Vec::new(),
            hold: false,
            kept: Vec::new(),
            handshake: None,
            verdict: None,
            received: Receiving::Open,
            sent_close: false,
        }
    }

    /// Puts the bytes this connection kept in front of an empty buffer, before reading from the network.
    pub fn restore(&mut self, buffer: &mut OpenBuffer) {
        if !self.kept.is_empty() {
            buffer.restore(&mem::take(&mut self.kept));
        }
    }

    /// Takes the bytes that are not consumed out of the buffer, before it is lent to another connection.
    pub fn keep(&mut self, buffer: &mut OpenBuffer) {
        let rest = buffer.pending();
        if !rest.is_empty() {
            if self.received == Receiving::Open {
                self.kept = rest.to_vec();
            }
            let count = rest.len();
            buffer.consume(count);
        }
    }

    /// Works on what came from the network.
    ///
    /// During the handshake this drives it; afterwards it opens every complete record in the buffer.
    pub fn open<'b>(&mut self, buffer: &'b mut OpenBuffer) -> Opened<'b> {
        buffer.clear_plain();
        let (mut asking, mut established) = (false, false);
        let end = match &mut self.state {
            _ if self.received != Receiving::Open => {
                // Whatever follows a closure must be ignored (RFC 8446, section 6.1).
                let count = buffer.pending().len();
                buffer.consume(count);
                None
            }
            State::Hello(reader) => match reader.read(buffer.pending()) {
                Ok(None) => None,
                Ok(Some(hello)) => {
                    self.state = State::Asking(Box::new(hello));
                    asking = true;
                    None
                }
                Err(error) => {
                    if let Some(answer) = error.plain_answer() {
                        self.outgoing.extend_from_slice(answer);
                    } else if let Some(alert) = error.alert() {
                        self.outgoing.extend_from_slice(&plain_alert(alert));
                    }
                    Some(End::Failed(TlsError::Hello(error)))
                }
            },
            State::Asking(_) => {
                asking = true;
                None
            }
            State::Negotiating(_) => match self.negotiate(buffer) {
                Ok(done) => {
                    established = done;
                    None
                }
                Err(error) => Some(End::Failed(error)),
            },
            State::Traffic(traffic) => {
                let before = self.outgoing.len();
                let end = traffic.open(buffer, &mut self.outgoing);
                if self.sent_close {
                    // close_notify was the last word (RFC 8446, section 6.1): no alert, no key update behind it.
                    self.outgoing.truncate(before);
                }
                self.hold &= self.outgoing.len() == before;
                end
            }
            State::Dead => None,
        };
        match &end {
            Some(End::Closed) => self.received = Receiving::Closed,
            Some(_) => {
                self.received = Receiving::Failed;
                self.state = State::Dead;
            }
            None => {}
        }
        Opened { plain: buffer.plain(), asking, established, end }
    }

    /// What the client asks for, from the moment that [`Opened::asking`] says so until the [answer](Self::answer).
    pub fn hello(&self) -> Option<&ClientHello> {
        match &self.state {
            State::Asking(hello) => Some(hello),
            _ => None,
        }
    }

    /// Goes on with the handshake under `context`, at `now` (since 1970-01-01T00:00:00Z). The ClientHello still stands
    /// in the buffer: call [`open`](Self::open) next.
    ///
    /// # Errors
    /// When no ClientHello waits for an answer, or the engine has nothing in common with what it asks for: the alert
    /// then stands in [`outgoing`](Self::outgoing).
    pub fn answer(&mut self, context: &ServerContext, now: Duration) -> Result<(), TlsError> {
        self.answer_with(context, now, &Overrides::default())
    }

    /// As [`answer`](Self::answer), with something that is decided for this connection only.
    ///
    /// # Errors
    /// As for [`answer`](Self::answer).
    pub fn answer_with(
        &mut self,
        context: &ServerContext,
        now: Duration,
        overrides: &Overrides,
    ) -> Result<(), TlsError> {
        let hello = match mem::replace(&mut self.state, State::Dead) {
            State::Asking(hello) => hello,
            other => {
                self.state = other;
                return Err(TlsError::Local("no ClientHello waits for an answer".into()));
            }
        };
        match context.engine().accept(hello, now, overrides) {
            Ok(negotiation) => {
                self.state = State::Negotiating(negotiation);
                Ok(())
            }
            Err(error) => {
                if let Some(alert) = error.alert_sent() {
                    self.outgoing.extend_from_slice(&plain_alert(alert));
                }
                self.received = Receiving::Failed;
                Err(error)
            }
        }
    }

    fn negotiate(&mut self, buffer: &mut OpenBuffer) -> Result<bool, TlsError> {
        let State::Negotiating(negotiation) = &mut self.state else { return Ok(false) };
        let (consumed, progress) = negotiation.step(buffer.pending_mut(), &mut self.outgoing);
        buffer.consume(consumed);
        self.verdict = negotiation.take_verdict().or(self.verdict.take());
        if progress? == Progress::NeedInput {
            return Ok(false);
        }
        let State::Negotiating(negotiation) = mem::replace(&mut self.state, State::Dead) else {
            return Ok(false);
        };
        let nothing_else = self.outgoing.is_empty();
        let mut held = Vec::new();
        let finished = negotiation.finish(&mut held, &mut self.verdict);
        self.hold = nothing_else && !held.is_empty();
        self.outgoing.append(&mut held);
        let (handshake, traffic) = finished.inspect_err(|_| self.hold = false)?;
        self.handshake = Some(Box::new(handshake));
        self.state = State::Traffic(traffic);
        Ok(true)
    }

    /// Says that the stream under the connection ended.
    pub fn receive_fin(&mut self) -> End {
        match mem::replace(&mut self.received, Receiving::Failed) {
            Receiving::Closed => {
                self.received = Receiving::Closed;
                End::Closed
            }
            _ => End::Truncated,
        }
    }

    /// Prepares a buffer for plaintext that this connection will seal.
    pub fn lend(&self, buffer: &mut SealBuffer) {
        if let State::Traffic(traffic) = &self.state {
            buffer.set_layout(traffic.layout());
        }
    }

    /// Seals the first `plain` bytes of the buffer's slots; [`SealBuffer::sealed`] is then to be sent, all of it.
    /// Anything that stood in [`outgoing`](Self::outgoing) goes in front.
    ///
    /// # Errors
    /// When the handshake is not finished, close_notify was sent, or the keys are exhausted.
    pub fn seal(&mut self, buffer: &mut SealBuffer, plain: usize) -> Result<(), TlsError> {
        if self.sent_close {
            return Err(TlsError::Local("data after close_notify".into()));
        }
        let State::Traffic(traffic) = &mut self.state else {
            return Err(TlsError::Local("data outside an established connection".into()));
        };
        self.hold = false;
        traffic.seal(buffer, plain, &mut self.outgoing)
    }

    /// Ends the sending direction: everything that was to be sent has been (RFC 8446, section 6.1).
    pub fn close_notify(&mut self) {
        if let State::Traffic(traffic) = &mut self.state
            && !mem::replace(&mut self.sent_close, true)
        {
            self.hold = false;
            traffic.alert(false, Alert::CLOSE_NOTIFY, &mut self.outgoing);
        }
    }

    /// Ends the connection with a fatal alert. A server may do so in place of an [answer](Self::answer); while the handshake
    /// goes on, only the engine can send alerts, and the connection ends without one.
    pub fn abort(&mut self, alert: Alert) {
        match &mut self.state {
            State::Hello(_) | State::Asking(_) => {
                self.outgoing.extend_from_slice(&plain_alert(alert));
            }
            State::Traffic(traffic) if !self.sent_close => {
                traffic.alert(true, alert, &mut self.outgoing);
            }
            State::Negotiating(_) | State::Traffic(_) | State::Dead => {}
        }
        self.hold = false;
        self.state = State::Dead;
        self.received = Receiving::Failed;
    }

    /// Renews the keys of both directions (RFC 8446, section 4.6.3).
    ///
    /// # Errors
    /// Outside an established TLS 1.3 connection.
    pub fn refresh_keys(&mut self) -> Result<(), TlsError> {
        match &mut self.state {
            State::Traffic(traffic) if !self.sent_close => {
                self.hold = false;
                traffic.update_keys(&mut self.outgoing)
            }
            _ => {
                Err(TlsError::Local("keys can only be renewed on an established connection".into()))
            }
        }
    }

    /// What must be sent to the peer.
    pub fn outgoing(&self) -> &[u8] {
        &self.outgoing
    }

    /// Says that the first `count` bytes of [`outgoing`](Self::outgoing) were sent.
    pub fn sent(&mut self, count: usize) {
        if count >= self.outgoing.len() {
            self.outgoing = Vec::new();
        } else {
            self.outgoing.drain(..count);
        }
        // A part of a record is on the wire: the rest cannot wait.
        self.hold = false;
    }

    /// Whether everything in [`outgoing`](Self::outgoing) may wait a moment to travel with the first data
    /// (session tickets may).
    pub fn may_hold(&self) -> bool {
        self.hold
    }

    /// Whether the handshake is still going on.
    pub fn is_handshaking(&self) -> bool {
        matches!(self.state, State::Hello(_) | State::Asking(_) | State::Negotiating(_))
    }

    /// Whether bytes from the network wait in this connection.
    pub fn has_kept(&self) -> bool {
        !self.kept.is_empty()
    }

    /// Puts another verdict in the place of the handshake's: one that was made with more evidence.
    pub fn judged(&mut self, verdict: Arc<Verdict>) {
        self.verdict = Some(verdict);
    }

    /// The verdict on the peer's certificates, once there is one: also when it ended the handshake, and again when a
    /// session is resumed.
    pub fn verdict(&self) -> Option<&Arc<Verdict>> {
        self.verdict.as_ref()
    }

    /// What both sides agreed on, once the handshake is done.
    pub fn handshake(&self) -> Option<&Handshake> {
        self.handshake.as_deref()
    }
}

/// A fatal alert as a record without protection.
fn plain_alert(alert: Alert) -> [u8; 7] {
    [21, 3, 1, 0, 2, 2, alert.code()]
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("handshaking", &self.is_handshaking())
            .field("handshake", &self.handshake)
            .finish_non_exhaustive()
    }
}
