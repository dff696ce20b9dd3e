//! Listening on TCP or a unix socket.

use crate::service::AdminAddress;
use socket2::{Domain, SockAddr, Socket, Type};
use std::{
    fmt, fs, io,
    net::SocketAddr,
    os::{
        fd::OwnedFd,
        unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 64;

/// Mode of a unix socket's file: only the owner may connect.
const MODE: u32 = 0o600;

pub(super) enum Listener {
    Tcp(TcpListener, SocketAddr),
    Unix(UnixListener),
}

pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// Who is at the other end, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    /// Somebody who may open the socket's file.
    Unix,
    /// A client on TCP.
    Tcp {
        /// The listener has a loopback address.
        local_listener: bool,
        /// The client has one.
        local_client: bool,
    },
}

impl Listener {
    /// Binds within a runtime. Gives the address with its port, and what removes a unix socket's file.
    pub(super) fn bind(
        address: &AdminAddress,
    ) -> io::Result<(Listener, AdminAddress, Option<SocketFile>)> {
        match address {
            AdminAddress::Tcp(wanted) => {
                let bind = || {
                    let listener = std::net::TcpListener::bind(wanted)?;
                    listener.set_nonblocking(true)?;
                    let address = listener.local_addr()?;
                    Ok((TcpListener::from_std(listener)?, address))
                };
                let (listener, address) = bind().map_err(|error| explain(wanted, &error))?;
                Ok((Listener::Tcp(listener, address), AdminAddress::Tcp(address), None))
            }
            AdminAddress::Unix(path) => {
                let (listener, file) =
                    bind_unix(path).map_err(|error| explain(path.display(), &error))?;
                Ok((Listener::Unix(listener), address.clone(), Some(file)))
            }
        }
    }

    pub(super) async fn accept(&self) -> io::Result<(Stream, Peer)> {
        match self {
            Listener::Tcp(listener, address) => {
                let (stream, client) = listener.accept().await?;
                let is_local = |address: &SocketAddr| address.ip().to_canonical().is_loopback();
                let peer = Peer::Tcp {
                    local_listener: is_local(address),
                    local_client: is_local(&client),
                };
                Ok((Stream::Tcp(stream), peer))
            }
            Listener::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok((Stream::Unix(stream), Peer::Unix))
            }
        }
    }
}

fn explain(address: impl fmt::Display, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("admin listener {address}: {error}"))
}

fn bind_unix(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    remove_stale(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(path)?)?;
    let file = SocketFile::new(path)?;
    // Nobody can connect before the socket listens, so the mode is never too wide.
    fs::set_permissions(path, fs::Permissions::from_mode(MODE))?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    let listener = std::os::unix::net::UnixListener::from(OwnedFd::from(socket));
    Ok((UnixListener::from_std(listener)?, file))
}

/// Removes what an earlier run left at `path`: a socket that nobody answers on, nothing else.
fn remove_stale(path: &Path) -> io::Result<()> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !found.file_type().is_socket() {
        return Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "there is a file of that name that is no socket; remove it or choose another path",
        ));
    }
    let probe = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // A full queue must not hold us up; it means that somebody is there.
    probe.set_nonblocking(true)?;
    match probe.connect(&SockAddr::unix(path)?) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
        Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
        _ => {
            return Err(io::Error::new(
                io::ErrorKind::AddrInUse,
                "another process listens there already",
            ));
        }
    }
    SocketFile { path: path.into(), identity: identity(&found) }.remove()
}

/// The file of a unix socket; removed with this, unless another stands in its place.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    fn new(path: &Path) -> io::Result<SocketFile> {
        Ok(SocketFile { path: path.into(), identity: identity(&fs::symlink_metadata(path)?) })
    }

    fn remove(&self) -> io::Result<()> {
        if identity(&fs::symlink_metadata(&self.path)?) == self.identity {
            fs::remove_file(&self.path)?;
        }
        Ok(())
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // If it is gone, all the better.
        let _ = self.remove();
    }
}

/// Which file it is, whatever its name.
fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}
