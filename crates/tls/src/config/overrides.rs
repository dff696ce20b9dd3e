//! What is decided for one connection.

use crate::KeyLog;
use std::sync::Arc;

/// What one connection does in another way than its context says. Nothing by default.
///
/// A server that chooses the protocol by what the client offers, and keeps a key log of each connection apart:
///
/// ```
/// use ravelin_tls::{Alert, Connection, KeyLog, Overrides, ServerContext, TlsError};
/// use std::{sync::Arc, time::Duration};
///
/// fn answer(
///     connection: &mut Connection,
///     context: &ServerContext,
///     log: Arc<dyn KeyLog>,
///     now: Duration,
/// ) -> Result<(), TlsError> {
///     let mut overrides = Overrides::default();
///     overrides.key_log = Some(log);
///     let hello = connection.hello().ok_or(TlsError::Local("nobody asks".into()))?;
///     match hello.alpn.iter().find(|offered| offered.starts_with(b"game/")) {
///         Some(chosen) => overrides.alpn = Some(vec![chosen.clone()]),
///         None => {
///             connection.abort(Alert::NO_APPLICATION_PROTOCOL);
///             return Ok(());
///         }
///     }
///     connection.answer_with(context, now, &overrides)
/// }
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Overrides {
    /// Protocols for ALPN, most wanted first; an empty list means that none is negotiated. A server whose client offers
    /// only others ends the handshake with the alert no_application_protocol (RFC 7301, section 3.2).
    pub alpn: Option<Vec<Box<[u8]>>>,
    /// Where this connection's secrets are written for debugging.
    pub key_log: Option<Arc<dyn KeyLog>>,
}
