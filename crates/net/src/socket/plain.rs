//! Without TLS: AIR's `Socket`.

use super::{
    Sandbox, SocketError, TypedSocket,
    attempt::{Attempt, Judged, Plan, attempt},
    typed::Steps,
};
use crate::TlsConnector;
use ravelin_trust::Certificate;
use std::{future::Ready, sync::Arc};

/// What makes a [`Socket`] of a [`TypedSocket`]: nothing between the data and TCP.
#[derive(Debug)]
pub struct Plain(());

/// AIR's `Socket`: typed data and events over TCP. Everything is as in [`TypedSocket`].
///
/// ```no_run
/// use ravelin_net::socket::{EventKind, Sandbox, Socket};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let mut socket = Socket::new(Sandbox::Application)?;
/// socket.connect("server.example", 7)?;
/// while let Some(event) = socket.next_event().await {
///     match event.kind {
///         EventKind::Connect => {
///             socket.write_utf("hello")?;
///             socket.flush()?;
///         }
///         EventKind::SocketData { .. } => println!("{}", socket.read_utf()?),
///         _ => println!("{event}"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub type Socket = TypedSocket<Plain>;

impl Socket {
    /// A socket for code of this sandbox, not connected.
    ///
    /// # Errors
    /// [`SocketError::Sandbox`] (`SecurityError`) for [`Sandbox::LocalUntrusted`].
    pub fn new(sandbox: Sandbox) -> Result<Socket, SocketError> {
        TypedSocket::of(sandbox, Plain(()))
    }
}

impl Steps for Plain {
    const NAME: &'static str = "Socket";

    fn attempt(&mut self, plan: Plan) -> Attempt {
        Box::pin(attempt(plan, None::<Ready<Result<TlsConnector, String>>>))
    }

    fn judged(&mut self, _: Judged, _: Option<TlsConnector>) {}

    fn established(
        &mut self,
        _: Option<Arc<Certificate<'static>>>,
        _: Option<ravelin_tls::Handshake>,
    ) {
    }

    fn closed(&mut self) {}
}
