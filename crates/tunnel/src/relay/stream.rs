//! A socket of either side: TCP or unix.

use crate::{
    log::Backend,
    service::{Target, Timeouts},
    sys,
};
use mio::{
    Interest, Registry, Token,
    event::Source,
    net::{TcpStream, UnixStream},
};
use socket2::SockRef;
use std::{
    io::{self, IoSliceMut, Read, Write},
    net::{Shutdown, SocketAddr},
};

/// A socket of either side.
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    /// The backend was not dialled yet.
    Undialled,
}

macro_rules! each {
    ($self:expr, $stream:ident => $work:expr) => {
        match $self {
            Stream::Tcp($stream) => $work,
            Stream::Unix($stream) => $work,
            Stream::Undialled => Err(io::ErrorKind::NotConnected.into()),
        }
    };
}

impl Stream {
    /// Begins to connect to the target's address with this index; `source` is the address to come from, if it is not
    /// to be our own. `None` when the target has no such address.
    pub(crate) fn dial(
        target: &Target,
        index: usize,
        source: Option<SocketAddr>,
        timeouts: &Timeouts,
    ) -> Option<io::Result<Stream>> {
        match target {
            Target::Tcp { addresses, .. } => {
                let address = *addresses.get(index)?;
                Some(dial_tcp(address, source, timeouts).map(Stream::Tcp))
            }
            Target::Unix(path) if index == 0 => Some(sys::connect_unix(path).map(Stream::Unix)),
            Target::Unix(_) => None,
        }
    }

    /// Whether the peer has accepted; an error when it refused.
    pub(crate) fn is_connected(&self) -> io::Result<bool> {
        let peer = each!(self, stream => SockRef::from(stream).peer_addr());
        match peer {
            Err(_) if matches!(self, Stream::Undialled) => Ok(false),
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotConnected => {
                self.take_error()?.map_or(Ok(false), Err)
            }
            Err(error) => Err(error),
        }
    }

    /// Shuts the sending half.
    pub(crate) fn end(&self) -> io::Result<()> {
        each!(self, stream => stream.shutdown(Shutdown::Write))
    }

    /// Bytes sent and not yet acknowledged by the peer's kernel.
    pub(crate) fn unsent(&self) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => sys::unsent(stream),
            // What a unix socket takes is in the peer's queue at once.
            Stream::Unix(_) | Stream::Undialled => Ok(0),
        }
    }

    /// The next close is a reset. A unix socket has none: its peer finds unread data gone and an error on writing.
    pub(crate) fn reset_on_close(&self) {
        if let Stream::Tcp(stream) = self {
            let _ = sys::reset_on_close(stream);
        }
    }

    pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
        each!(self, stream => stream.take_error())
    }

    pub(crate) fn local_addr(&self) -> Option<SocketAddr> {
        match self {
            Stream::Tcp(stream) => stream.local_addr().ok(),
            Stream::Unix(_) | Stream::Undialled => None,
        }
    }

    pub(crate) fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        each!(self, stream => stream.read(space))
    }

    pub(crate) fn read_vectored(&mut self, slots: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        each!(self, stream => stream.read_vectored(slots))
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        each!(self, stream => stream.write(bytes))
    }

    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        each!(self, stream => stream.register(registry, token, interest))
    }
}

/// The target's address with this index, for the log.
pub(crate) fn named(target: &Target, index: usize) -> Option<Backend<'_>> {
    match target {
        Target::Tcp { addresses, .. } => addresses.get(index).copied().map(Backend::Tcp),
        Target::Unix(path) => Some(Backend::Unix(path)),
    }
}

fn dial_tcp(
    address: SocketAddr,
    source: Option<SocketAddr>,
    timeouts: &Timeouts,
) -> io::Result<TcpStream> {
    let stream = match source {
        Some(source) => sys::transparent_connect(source, address)?,
        None => TcpStream::connect(address)?,
    };
    if address.ip().to_canonical().is_loopback() {
        // No packet is lost within a host: the limits would find nothing, and cost five calls a connection.
        stream.set_nodelay(true)?;
    } else {
        sys::tune(&stream, timeouts.user, timeouts.keepalive)?;
    }
    Ok(stream)
}
