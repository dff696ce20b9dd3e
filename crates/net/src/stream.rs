//! A TLS connection as a stream of bytes.

use crate::Fetched;
use ravelin_tls::{
    Alert, ClientContext, Connection, End, Handshake, OpenBuffer, Overrides, SealBuffer,
    ServerContext, TlsError, hello::ClientHello,
};
use ravelin_trust::Verdict;
use std::{
    cell::Cell,
    fmt,
    future::poll_fn,
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Wake, Waker, ready},
    time::Duration,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Full-size records that are sealed in one go.
const BATCH: usize = 4;

/// Full-size records that are read and opened in one go, if whoever reads has room for them.
const MOST: usize = 8;

/// Bytes from the stream below that are asked for even if whoever reads has less room: two records, so that one is whole.
const LEAST: usize = 2 * (5 + 16_384 + 256);

/// A TLS connection over `S`, as a stream of bytes.
///
/// - The end of reading is the peer's close_notify and nothing else: when the stream below ends without one, reading
///   fails with [`io::ErrorKind::UnexpectedEof`], since data may be missing (RFC 8446, section 6.1).
/// - Shutting down sends close_notify, then ends the direction of the stream below; reading goes on.
/// - A write is done when the bytes are accepted; flush to know that they are with the stream below.
/// - Errors of TLS are [`io::Error`]s around a [`StreamError`].
/// - Buffers belong to the thread that polls: an idle stream holds none.
pub struct TlsStream<S> {
    io: S,
    connection: Connection,
    /// Opened, but there was no room for it where it was read to.
    plain: Leftover,
    /// Sealed, but the stream below had no room. In front of what the connection has to send.
    sealed: Leftover,
    /// The connection keeps bytes that it did not look at yet.
    unread: bool,
    end: Option<End>,
    closing: bool,
    fetches: Vec<Fetched>,
    /// Who waits for room in the stream below.
    waiting: Arc<Waiting>,
}

/// Why a stream failed, other than by the stream below. [`io::Error`]s hold it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// The connection ended without close_notify: what was read may not be everything.
    #[error("connection ended without close_notify, data may be missing")]
    Truncated,
    /// The connection ended before the handshake did.
    #[error("connection ended during the handshake")]
    Unfinished,
    /// The handshake or the protocol failed.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl From<StreamError> for io::Error {
    fn from(error: StreamError) -> io::Error {
        let kind = match &error {
            StreamError::Truncated | StreamError::Unfinished => io::ErrorKind::UnexpectedEof,
            StreamError::Tls(TlsError::Local(_) | TlsError::KeysExhausted) => io::ErrorKind::Other,
            StreamError::Tls(_) => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, error)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream<S> {
    /// Connects to `name`, a DNS name or an IP address as text, over `io`, at `now` (since 1970-01-01T00:00:00Z). Returns
    /// when the handshake is done and the peer's certificate was accepted.
    ///
    /// # Errors
    /// When the stream below fails, or the handshake does; the peer was then told why as far as it could be.
    pub(crate) async fn connect(
        context: &ClientContext,
        name: &str,
        now: Duration,
        io: S,
    ) -> io::Result<TlsStream<S>> {
        let mut stream = TlsStream::client(context, name, now, &Overrides::default(), io)?;
        stream.handshake_done().await?;
        Ok(stream)
    }

    /// A client's stream before its handshake.
    pub(crate) fn client(
        context: &ClientContext,
        name: &str,
        now: Duration,
        overrides: &Overrides,
        io: S,
    ) -> io::Result<TlsStream<S>> {
        let connection = Connection::client_with(context, name, now, overrides);
        let connection = connection.map_err(StreamError::Tls)?;
        Ok(TlsStream::new(connection, io))
    }

    /// A server's stream before its handshake.
    pub(crate) fn server(io: S) -> TlsStream<S> {
        TlsStream::new(Connection::server(), io)
    }

    /// Done when the handshake is, or when a server's caller must [answer](Self::answer_hello).
    pub(crate) async fn handshake_done(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.poll_handshake(cx)).await
    }

    pub(crate) fn hello(&self) -> Option<&ClientHello> {
        self.connection.hello()
    }

    pub(crate) fn answer_hello(
        &mut self,
        context: &ServerContext,
        now: Duration,
        overrides: &Overrides,
    ) -> io::Result<()> {
        // The hello still stands among the bytes that the connection keeps.
        self.unread = true;
        let answered = self.connection.answer_with(context, now, overrides);
        answered.map_err(|error| StreamError::Tls(error).into())
    }

    /// Ends the connection with a fatal alert, and sends that as far as the stream below takes it.
    pub(crate) async fn abort(&mut self, alert: Alert) {
        self.connection.abort(alert);
        self.send_rest().await;
    }

    /// Sends what is left to be sent, as far as the stream below takes it.
    pub(crate) async fn send_rest(&mut self) {
        let _ = poll_fn(|cx| self.poll_send(cx, Waits::ToWrite)).await;
    }

    pub(crate) fn judged(&mut self, verdict: Arc<Verdict>, fetches: Vec<Fetched>) {
        self.connection.judged(verdict);
        self.fetches = fetches;
    }

    /// Says that nothing more will be sent, and sees to it that everything has been handed to the stream below: flushes,
    /// sends close_notify, and ends the direction. Reading goes on.
    ///
    /// # Errors
    /// When the stream below fails: the peer may not have everything.
    pub async fn close(&mut self) -> io::Result<()> {
        poll_fn(|cx| Pin::new(&mut *self).poll_shutdown(cx)).await
    }

    fn new(connection: Connection, io: S) -> TlsStream<S> {
        TlsStream {
            io,
            connection,
            plain: Leftover::default(),
            sealed: Leftover::default(),
            unread: false,
            end: None,
            closing: false,
            fetches: Vec::new(),
            waiting: Arc::default(),
        }
    }

    fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match &self.end {
                None => {}
                Some(End::Failed(error)) => {
                    return Poll::Ready(Err(StreamError::Tls(error.clone()).into()));
                }
                Some(_) => return Poll::Ready(Err(StreamError::Unfinished.into())),
            }
            ready!(self.poll_send(cx, Waits::ToRead))?;
            if !self.connection.is_handshaking() || self.connection.hello().is_some() {
                return Poll::Ready(Ok(()));
            }
            ready!(self.poll_open(cx, &mut ReadBuf::new(&mut [])))?;
        }
    }

    /// Looks at what has come, once: data goes to `to`, what does not fit there to `plain`, an end to `end`.
    fn poll_open(&mut self, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut buffer = OPEN.take().unwrap_or_else(|| Box::new(OpenBuffer::new(MOST)));
        self.connection.restore(&mut buffer);
        let result = if std::mem::take(&mut self.unread) {
            Poll::Ready(Ok(None))
        } else {
            // What does not fit where it is read to has to be copied once more.
            let space = buffer.space();
            let most = space.len().min(to.remaining().max(LEAST));
            let mut space = ReadBuf::new(&mut space[..most]);
            if space.remaining() == 0 {
                Poll::Ready(Err(too_large()))
            } else {
                let result = Pin::new(&mut self.io).poll_read(cx, &mut space);
                let count = space.filled().len();
                buffer.filled(count);
                result.map_ok(|()| Some(count))
            }
        };
        match &result {
            Poll::Ready(Ok(Some(0))) => self.end = Some(self.connection.receive_fin()),
            Poll::Ready(Ok(_)) => {
                let opened = self.connection.open(&mut buffer);
                self.unread = opened.established;
                self.end = opened.end;
                let (now, later) = opened.plain.split_at(opened.plain.len().min(to.remaining()));
                to.put_slice(now);
                self.plain.set(later);
            }
            Poll::Ready(Err(_)) | Poll::Pending => {}
        }
        self.unread &= !buffer.pending().is_empty();
        self.connection.keep(&mut buffer);
        OPEN.set(Some(buffer));
        ready!(result)?;
        self.answer(cx);
        Poll::Ready(Ok(()))
    }

    /// Sends what the protocol has to say without being asked by the application: answers, and the alert that tells why
    /// this is the end. If not everything could be sent, that is for the next write to say: what was read is not less
    /// valid. The connection sees to it that answers do not pile up.
    fn answer(&mut self, cx: &mut Context<'_>) {
        if !self.connection.outgoing().is_empty() && !self.connection.may_hold() {
            let _ = self.poll_send(cx, Waits::ToRead);
        }
    }

    /// Sends everything that is ready to be sent.
    fn poll_send(&mut self, cx: &mut Context<'_>, waits: Waits) -> Poll<io::Result<()>> {
        while !self.sealed.is_empty() {
            let count = ready!(self.waiting.poll(waits, cx, |cx| {
                Pin::new(&mut self.io).poll_write(cx, self.sealed.bytes())
            }))?;
            self.sealed.advance(written(count)?);
        }
        while !self.connection.outgoing().is_empty() {
            let count = ready!(self.waiting.poll(waits, cx, |cx| {
                Pin::new(&mut self.io).poll_write(cx, self.connection.outgoing())
            }))?;
            self.connection.sent(written(count)?);
        }
        self.waiting.poll(waits, cx, |cx| Pin::new(&mut self.io).poll_flush(cx))
    }

    /// Seals what `fill` puts into a buffer, whose count it returns, and sends of it what the stream below takes.
    fn poll_seal(
        &mut self,
        cx: &mut Context<'_>,
        fill: impl FnOnce(&mut SealBuffer) -> usize,
    ) -> Poll<io::Result<usize>> {
        if self.closing {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if !self.sealed.is_empty() {
            ready!(self.poll_send(cx, Waits::ToWrite))?;
        }
        let mut buffer = SEAL.take().unwrap_or_else(|| Box::new(SealBuffer::new(BATCH)));
        self.connection.lend(&mut buffer);
        let count = fill(&mut buffer);
        if count == 0 {
            SEAL.set(Some(buffer));
            return Poll::Ready(Ok(0));
        }
        let result = self.connection.seal(&mut buffer, count);
        let sent = match &result {
            Ok(()) => self.waiting.poll(Waits::ToWrite, cx, |cx| {
                Pin::new(&mut self.io).poll_write(cx, buffer.sealed())
            }),
            Err(_) => Poll::Pending,
        };
        if result.is_ok() {
            // The records exist now: even if the stream below failed, they are not sealed a second time.
            let from = if let Poll::Ready(Ok(count)) = sent { count } else { 0 };
            self.sealed.set(&buffer.sealed()[from..]);
        }
        SEAL.set(Some(buffer));
        result.map_err(StreamError::Tls)?;
        if let Poll::Ready(Err(error)) = sent {
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(count))
    }
}

impl<S> TlsStream<S> {
    /// What both sides agreed on.
    pub fn agreed(&self) -> Option<&Handshake> {
        self.connection.handshake()
    }

    /// The verdict on the peer's certificates; none where it showed none.
    pub fn verdict(&self) -> Option<&Arc<Verdict>> {
        self.connection.verdict()
    }

    /// What was asked of the network to judge the peer.
    pub fn fetches(&self) -> &[Fetched] {
        &self.fetches
    }

    /// Bytes that are sealed, or said by the protocol itself, and that the stream below did not take yet.
    pub(crate) fn unsent(&self) -> usize {
        self.sealed.bytes().len() + self.connection.outgoing().len()
    }

    /// The stream below.
    pub fn get_ref(&self) -> &S {
        &self.io
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if to.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let before = to.filled().len();
        loop {
            if !this.plain.is_empty() {
                let count = this.plain.bytes().len().min(to.remaining());
                to.put_slice(&this.plain.bytes()[..count]);
                this.plain.advance(count);
            }
            if to.filled().len() > before {
                return Poll::Ready(Ok(()));
            }
            if let Some(end) = &this.end {
                return Poll::Ready(ended(end));
            }
            this.answer(cx);
            ready!(this.poll_open(cx, to))?;
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_seal(cx, |buffer| buffer.fill(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_seal(cx, |buffer| gather(buffer, parts))
    }

    /// Always: parts that come together share their records.
    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_send(cx, Waits::ToWrite)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !std::mem::replace(&mut this.closing, true) {
            this.connection.close_notify();
        }
        ready!(this.poll_send(cx, Waits::ToWrite))?;
        Pin::new(&mut this.io).poll_shutdown(cx)
    }
}

impl<S> fmt::Debug for TlsStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsStream")
            .field("connection", &self.connection)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

/// The tasks that wait for room in the stream below: the one that reads, for the protocol's answers, and the one that
/// writes. A stream knows one waker for each direction, so they share this one; else the later would silence the earlier.
#[derive(Default)]
struct Waiting {
    reader: Mutex<Option<Waker>>,
    writer: Mutex<Option<Waker>>,
}

#[derive(Clone, Copy)]
enum Waits {
    ToRead,
    ToWrite,
}

impl Waiting {
    /// Polls the stream below for somebody who waits for room there. The two are only joined where there is none.
    fn poll<T>(
        self: &Arc<Self>,
        waits: Waits,
        cx: &mut Context<'_>,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        if let Poll::Ready(done) = poll(cx) {
            return Poll::Ready(done);
        }
        let slot = match waits {
            Waits::ToRead => &self.reader,
            Waits::ToWrite => &self.writer,
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *slot {
            Some(known) => known.clone_from(cx.waker()),
            None => *slot = Some(cx.waker().clone()),
        }
        drop(slot);
        poll(&mut Context::from_waker(&Waker::from(Arc::clone(self))))
    }
}

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        for slot in [&self.reader, &self.writer] {
            let waker = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

// Taken out while in use, so that a TLS stream over a TLS stream finds none and makes its own.
thread_local! {
    static OPEN: Cell<Option<Box<OpenBuffer>>> = const { Cell::new(None) };
    static SEAL: Cell<Option<Box<SealBuffer>>> = const { Cell::new(None) };
}

/// Bytes that could not be handed on at once. Holds no memory when it is empty.
#[derive(Default)]
struct Leftover {
    bytes: Vec<u8>,
    from: usize,
}

impl Leftover {
    fn set(&mut self, bytes: &[u8]) {
        debug_assert!(self.is_empty(), "bytes are still to be handed on");
        *self = Leftover { bytes: bytes.to_vec(), from: 0 };
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[self.from..]
    }

    fn is_empty(&self) -> bool {
        self.from == self.bytes.len()
    }

    fn advance(&mut self, count: usize) {
        self.from += count;
        if self.is_empty() {
            *self = Leftover::default();
        }
    }
}

/// Copies parts into the slots as far as they fit; returns how many bytes did.
fn gather(buffer: &mut SealBuffer, parts: &[IoSlice<'_>]) -> usize {
    let mut parts = parts.iter();
    let (mut part, mut count): (&[u8], _) = (&[], 0);
    for mut slot in buffer.slots() {
        while !slot.is_empty() {
            if part.is_empty() {
                let Some(next) = parts.next() else { return count };
                part = next;
                continue;
            }
            let fits = part.len().min(slot.len());
            slot[..fits].copy_from_slice(&part[..fits]);
            (part, slot) = (&part[fits..], &mut slot[fits..]);
            count += fits;
        }
    }
    count
}

fn ended(end: &End) -> io::Result<()> {
    match end {
        End::Closed => Ok(()),
        End::Truncated => Err(StreamError::Truncated.into()),
        End::Failed(error) => Err(StreamError::Tls(error.clone()).into()),
    }
}

/// The peer announced a record, and sent as much of it as any may have.
fn too_large() -> io::Error {
    let detail = "a record is larger than any may be".into();
    StreamError::Tls(TlsError::Misbehaved { detail, alert: None }).into()
}

fn written(count: usize) -> io::Result<usize> {
    if count == 0 { Err(io::ErrorKind::WriteZero.into()) } else { Ok(count) }
}

#[cfg(test)]
mod tests;
