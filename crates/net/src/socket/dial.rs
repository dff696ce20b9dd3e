//! How hosts are reached.

use crate::dial as dial_addresses;
use std::{fmt, future::Future, io, net::SocketAddr, pin::Pin};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
};

/// What a [`Dial`] returns.
pub type Dialing<'a> = Pin<Box<dyn Future<Output = io::Result<Dialed>> + Send + 'a>>;

/// Bytes both ways.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A way to reach hosts: TCP, if nothing else is said; a proxy; a link in memory, for tests.
///
/// Whatever it leads to: a [`SecureSocket`](super::SecureSocket) talks to nobody who has not proven to be the host that
/// was asked for.
///
/// ```
/// use ravelin_net::socket::{Dial, Dialed, Dialing, Sandbox, Socket};
///
/// #[derive(Debug)]
/// struct InMemory;
///
/// impl Dial for InMemory {
///     fn dial<'a>(&'a self, _host: &'a str, _port: u16) -> Dialing<'a> {
///         Box::pin(async {
///             let (near, _far) = tokio::io::duplex(4096);
///             Ok(Dialed { stream: Box::new(near), local: None, remote: None })
///         })
///     }
/// }
///
/// let socket = Socket::new(Sandbox::Application)?.with_dialer(InMemory);
/// # Ok::<(), ravelin_net::socket::SocketError>(())
/// ```
pub trait Dial: fmt::Debug + Send + Sync + 'static {
    /// Connects to this port of a host, a name or an address as text without brackets. Dropping the future gives up.
    fn dial<'a>(&'a self, host: &'a str, port: u16) -> Dialing<'a>;
}

/// A host that was reached.
pub struct Dialed {
    /// Bytes both ways.
    pub stream: Box<dyn Stream>,
    /// The address at this end, if there is one.
    pub local: Option<SocketAddr>,
    /// The address at the other end, if there is one.
    pub remote: Option<SocketAddr>,
}

impl fmt::Debug for Dialed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialed")
            .field("local", &self.local)
            .field("remote", &self.remote)
            .finish_non_exhaustive()
    }
}

/// Over TCP, to whichever address of the host answers first ([`dial`](crate::dial())).
#[derive(Clone, Copy, Debug, Default)]
pub struct Tcp;

impl Dial for Tcp {
    fn dial<'a>(&'a self, host: &'a str, port: u16) -> Dialing<'a> {
        Box::pin(async move {
            let addresses = lookup_host((host, port)).await?.collect();
            let tcp: TcpStream = dial_addresses(addresses).await?;
            // Who flushes wants it sent.
            tcp.set_nodelay(true)?;
            let (local, remote) = (tcp.local_addr().ok(), tcp.peer_addr().ok());
            Ok(Dialed { stream: Box::new(tcp), local, remote })
        })
    }
}
