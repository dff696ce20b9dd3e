//! The same streams without tokio: over anything that reads and writes, blocking.

use crate::{StreamError, connector::ConnectError};
use ravelin_tls::{
    ClientContext, Connection, End, Handshake, OpenBuffer, SealBuffer, ServerContext,
};
use ravelin_trust::Verdict;
use std::{
    fmt,
    io::{self, Read, Write},
    sync::Arc,
    time::Duration,
};

/// Full-size records that are sealed in one go.
const BATCH: usize = 4;

/// A TLS connection over `S`, as a stream of bytes for a thread that may wait. Time limits are the stream's below.
///
/// Reading ends with the peer's close_notify and nothing else: when the stream below ends without one, reading fails with
/// [`io::ErrorKind::UnexpectedEof`]. Dropping it sends nothing: [`close`](Self::close) says that everything was sent.
///
/// ```no_run
/// use ravelin_net::blocking::TlsStream;
/// use ravelin_tls::{ClientConfig, ClientContext, Trust};
/// use std::{io::{Read, Write}, net::TcpStream, time::SystemTime};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let trust = Trust::of_certificates(ravelin_net::roots::platform().certificates)?;
/// let context = ClientContext::new(&ClientConfig::new(trust))?;
/// let now = SystemTime::UNIX_EPOCH.elapsed()?;
/// let tcp = TcpStream::connect("www.example:443")?;
/// let mut stream = TlsStream::connect(&context, "www.example", now, tcp)?;
/// stream.write_all(b"GET / HTTP/1.1\r\nHost: www.example\r\nConnection: close\r\n\r\n")?;
/// let mut answer = Vec::new();
/// stream.read_to_end(&mut answer)?;
/// # Ok(())
/// # }
/// ```
pub struct TlsStream<S> {
    io: S,
    connection: Connection,
    open: OpenBuffer,
    seal: SealBuffer,
    /// Opened and not read yet.
    plain: Vec<u8>,
    read: usize,
    /// Bytes are there that the connection did not look at yet.
    unread: bool,
    end: Option<End>,
}

impl<S: Read + Write> TlsStream<S> {
    /// Connects to `name`, a DNS name or an IP address as text, over `io`, at `now` (since 1970-01-01T00:00:00Z). Returns
    /// when the handshake is done and the server is trusted.
    ///
    /// # Errors
    /// When the stream below fails, the handshake does, or the server is not to be trusted.
    pub fn connect(
        context: &ClientContext,
        name: &str,
        now: Duration,
        io: S,
    ) -> Result<TlsStream<S>, ConnectError> {
        let connection = Connection::client(context, name, now);
        let connection = connection.map_err(|error| io::Error::from(StreamError::Tls(error)))?;
        TlsStream::new(connection, io).shake(None)
    }

    /// Answers a client over `io`, at `now` (since 1970-01-01T00:00:00Z). Returns when the handshake is done, and the
    /// client is trusted if it had to prove itself.
    ///
    /// # Errors
    /// When the stream below fails, or the handshake does.
    pub fn accept(
        context: &ServerContext,
        now: Duration,
        io: S,
    ) -> Result<TlsStream<S>, ConnectError> {
        TlsStream::new(Connection::server(), io).shake(Some((context, now)))
    }

    fn new(connection: Connection, io: S) -> TlsStream<S> {
        TlsStream {
            io,
            connection,
            open: OpenBuffer::new(2),
            seal: SealBuffer::new(BATCH),
            plain: Vec::new(),
            read: 0,
            unread: false,
            end: None,
        }
    }

    fn shake(
        mut self,
        server: Option<(&ServerContext, Duration)>,
    ) -> Result<TlsStream<S>, ConnectError> {
        let result = self.handshake(server);
        let verdict = self.connection.verdict().cloned();
        match result {
            Ok(()) => Ok(self),
            Err(error) => Err(ConnectError { error, verdict, fetches: Vec::new() }),
        }
    }

    fn handshake(&mut self, server: Option<(&ServerContext, Duration)>) -> io::Result<()> {
        loop {
            self.send()?;
            match &self.end {
                None => {}
                Some(End::Failed(error)) => return Err(StreamError::Tls(error.clone()).into()),
                Some(_) => return Err(StreamError::Unfinished.into()),
            }
            if !self.connection.is_handshaking() {
                return Ok(());
            }
            if self.connection.hello().is_some()
                && let Some((context, now)) = server
            {
                self.unread = true;
                if let Err(error) = self.connection.answer(context, now) {
                    self.send()?;
                    return Err(StreamError::Tls(error).into());
                }
            }
            self.receive()?;
        }
    }

    /// Looks at what has come, waiting for it where nothing is there.
    fn receive(&mut self) -> io::Result<()> {
        self.connection.restore(&mut self.open);
        if !std::mem::take(&mut self.unread) {
            let space = self.open.space();
            if space.is_empty() {
                let detail = "a record is larger than any may be".into();
                let error = ravelin_tls::TlsError::Misbehaved { detail, alert: None };
                return Err(StreamError::Tls(error).into());
            }
            match self.io.read(space) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    self.connection.keep(&mut self.open);
                    return Ok(());
                }
                Ok(0) => {
                    self.end = Some(self.connection.receive_fin());
                    return Ok(());
                }
                Ok(count) => self.open.filled(count),
                Err(error) => {
                    self.connection.keep(&mut self.open);
                    return Err(error);
                }
            }
        }
        let opened = self.connection.open(&mut self.open);
        self.plain.clear();
        self.read = 0;
        self.plain.extend_from_slice(opened.plain);
        self.unread = opened.established;
        if opened.end.is_some() {
            self.end = opened.end;
        }
        self.unread &= !self.open.pending().is_empty();
        self.connection.keep(&mut self.open);
        if !self.connection.may_hold() {
            // What was read is not less valid if the answer cannot be sent: the next write will tell.
            let _ = self.send();
        }
        Ok(())
    }

    fn send(&mut self) -> io::Result<()> {
        while !self.connection.outgoing().is_empty() {
            match self.io.write(self.connection.outgoing()) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.connection.sent(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.io.flush()
    }

    /// Says that nothing more will be sent: sends close_notify. Reading goes on.
    ///
    /// # Errors
    /// When the stream below fails: the peer may not have everything.
    pub fn close(&mut self) -> io::Result<()> {
        self.connection.close_notify();
        self.send()
    }

    /// What both sides agreed on.
    pub fn agreed(&self) -> Option<&Handshake> {
        self.connection.handshake()
    }

    /// The verdict on the peer's certificates; none where it showed none.
    pub fn verdict(&self) -> Option<&Arc<Verdict>> {
        self.connection.verdict()
    }

    /// The stream below.
    pub fn get_ref(&self) -> &S {
        &self.io
    }
}

impl<S: Read + Write> Read for TlsStream<S> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if to.is_empty() {
            return Ok(0);
        }
        loop {
            let rest = &self.plain[self.read..];
            if !rest.is_empty() {
                let count = rest.len().min(to.len());
                to[..count].copy_from_slice(&rest[..count]);
                self.read += count;
                return Ok(count);
            }
            match &self.end {
                None => self.receive()?,
                Some(End::Closed) => return Ok(0),
                Some(End::Truncated) => return Err(StreamError::Truncated.into()),
                Some(End::Failed(error)) => return Err(StreamError::Tls(error.clone()).into()),
            }
        }
    }
}

impl<S: Read + Write> Write for TlsStream<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        self.connection.lend(&mut self.seal);
        let count = self.seal.fill(bytes);
        self.connection.seal(&mut self.seal, count).map_err(StreamError::Tls)?;
        self.io.write_all(self.seal.sealed())?;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}

impl<S> fmt::Debug for TlsStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsStream").field("connection", &self.connection).finish_non_exhaustive()
    }
}
