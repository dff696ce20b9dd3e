//! Listening sockets: one for each worker on every address, so that the kernel spreads connections over the threads.

use crate::{
    service::{Service, Settings, TlsSide},
    sys,
};
use mio::net::TcpListener;
use std::{io, net::SocketAddr, sync::Arc};

/// A listener as one worker gets it.
pub(crate) struct Bound {
    /// As configured.
    pub(crate) address: SocketAddr,
    /// Index of its service in the settings.
    pub(crate) service: usize,
    /// None when the worker has it already.
    pub(crate) socket: Option<TcpListener>,
}

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("service {service} cannot listen on {address}: {error}{}", advice(.error))]
pub struct ListenError {
    /// The service's name.
    pub service: Arc<str>,
    /// The address.
    pub address: SocketAddr,
    /// What the kernel says.
    pub error: io::Error,
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "; another program listens there, see `ss -ltnp`",
        io::ErrorKind::AddrNotAvailable => "; no interface of this machine has that address",
        io::ErrorKind::PermissionDenied => {
            "; ports below 1024 need root or the capability CAP_NET_BIND_SERVICE"
        }
        _ => "",
    }
}

/// What [`bind`] made.
pub(crate) struct Listening {
    /// For each worker.
    pub(crate) workers: Vec<Vec<Bound>>,
    /// The addresses as the kernel gave them, in the order of the settings. None for those that were there.
    pub(crate) addresses: Vec<(Arc<str>, SocketAddr, Option<SocketAddr>)>,
}

/// Binds whatever the settings name and is not bound already.
///
/// # Errors
/// On the first address that cannot be had; nothing is kept bound then.
pub(crate) fn bind(
    settings: &Settings,
    workers: usize,
    already: &[SocketAddr],
) -> Result<Listening, ListenError> {
    let mut listening =
        Listening { workers: (0..workers).map(|_| Vec::new()).collect(), addresses: Vec::new() };
    for (index, service) in settings.services.iter().enumerate() {
        for &address in &service.listen {
            let known = already.contains(&address);
            let mut actual = None;
            for bound in &mut listening.workers {
                let socket = if known {
                    None
                } else {
                    let failed =
                        |error| ListenError { service: Arc::clone(&service.name), address, error };
                    if actual.is_none() {
                        free(address).map_err(failed)?;
                    }
                    let socket = listener(actual.unwrap_or(address), service).map_err(failed)?;
                    actual = Some(socket.local_addr().map_err(failed)?);
                    Some(socket)
                };
                bound.push(Bound { address, service: index, socket });
            }
            listening.addresses.push((Arc::clone(&service.name), address, actual));
        }
    }
    Ok(listening)
}

fn free(address: SocketAddr) -> io::Result<()> {
    if address.port() == 0 { Ok(()) } else { sys::check_free(address) }
}

/// Accepted connections inherit what is set here.
fn listener(address: SocketAddr, service: &Service) -> io::Result<TcpListener> {
    let mut options = sys::ListenOptions::default();
    if matches!(service.tls, TlsSide::Backend(_)) {
        // In a plain protocol the server may have the first word.
        options.defer_accept = None;
    }
    let socket = sys::listen(address, options)?;
    sys::tune(&socket, service.timeouts.user, service.timeouts.keepalive)?;
    Ok(socket)
}

/// The addresses that a service's clients come in at.
pub(crate) fn addresses(services: &[Arc<Service>]) -> Vec<SocketAddr> {
    services.iter().flat_map(|service| service.listen.iter().copied()).collect()
}
