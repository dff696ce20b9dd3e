//! What drives a socket: commands of the application, and the connection below.

use super::{
    Event, Protocol, SocketError, TypedSocket,
    attempt::{Attempt, Established, Outcome, Plan},
    machine::{Failure, Machine, Phase},
    transport::{Transport, is_truncation},
};
use std::{
    future::poll_fn,
    mem,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};

/// Bytes that are read at once.
const PIECE: usize = 16 << 10;

/// Writes that are made before something is read again.
const PIECES: usize = 8;

/// What there is of a connection.
pub(super) enum Link {
    Nothing,
    Attempt(Attempt),
    Open(Transport),
}

impl<P: Protocol> TypedSocket<P> {
    /// Begins to connect to a host, a name or an address as text (`connect`). What comes of it is an event. A connection
    /// that stands is closed first, without an event.
    ///
    /// Events must be asked for within a tokio runtime with its time and I/O drivers enabled.
    ///
    /// # Errors
    /// [`SocketError::Port`] (`SecurityError`): the socket is as it was then.
    pub fn connect(&mut self, host: &str, port: i32) -> Result<(), SocketError> {
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let host = bare.unwrap_or(host).to_owned();
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
            let _ = send(&mut self.machine, transport, &mut Context::from_waker(Waker::noop()));
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
            (Received::Data, _) | (Received::Nothing, Poll::Ready(Ok(()))) => {}
            (Received::End { truncated }, _) => {
                self.machine.ended(truncated);
                if let Link::Open(transport) = mem::replace(&mut self.link, Link::Nothing) {
                    transport.finish(Vec::new());
                }
            }
            (Received::Error(text), _) | (Received::Nothing, Poll::Ready(Err(text))) => {
                self.machine.broke(text);
                self.link = Link::Nothing;
            }
            (Received::Nothing, Poll::Pending) => return Poll::Pending,
        }
        Poll::Ready(())
    }

    /// Closes what there is, without an event.
    fn end(&mut self, goodbye: Goodbye) {
        let rest = self.machine.close();
        if let (Link::Open(transport), Goodbye::Say) =
            (mem::replace(&mut self.link, Link::Nothing), goodbye)
        {
            transport.finish(rest.as_slice().to_vec());
        }
        self.forget();
    }

    fn forget(&mut self) {
        (self.local, self.remote) = (None, None);
        self.protocol.closed();
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
    let mut space = [0; PIECE];
    let mut space = ReadBuf::new(&mut space);
    match pin!(transport).poll_read(cx, &mut space) {
        Poll::Pending => Received::Nothing,
        Poll::Ready(Err(error)) if is_truncation(&error) => Received::End { truncated: true },
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
    let before = machine.bytes_pending();
    let mut result = Poll::Pending;
    for _ in 0..PIECES {
        if machine.to_send().is_empty() {
            break;
        }
        match pin!(&mut *transport).poll_write(cx, machine.to_send()) {
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
        && let Poll::Ready(Err(error)) = pin!(&mut *transport).poll_flush(cx)
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
