//! Why a connection failed, and whose fault it was.

use crate::{Alert, hello::HelloError};

/// Who caused an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The peer sent something the protocol forbids, or refused what we sent.
    Peer,
    /// Both sides are in order, but have nothing in common.
    Incompatible,
    /// Our configuration or our use of the connection is wrong.
    Local,
}

/// Why a connection failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The peer closed the connection with a fatal alert.
    #[error("peer sent alert {0}")]
    AlertReceived(Alert),
    /// The peer's certificate was refused.
    #[error("certificate refused: {detail}")]
    Certificate {
        /// What is wrong with it.
        detail: String,
        /// The alert that was sent for it.
        alert: Alert,
    },
    /// The first bytes are no ClientHello.
    #[error(transparent)]
    Hello(#[from] HelloError),
    /// The peer and we share no protocol version, cipher suite, group or the like.
    #[error("no common ground with the peer: {detail}")]
    Incompatible {
        /// What is missing.
        detail: String,
        /// The alert that was sent for it, if any.
        alert: Option<Alert>,
    },
    /// The peer broke the protocol.
    #[error("peer broke the protocol: {detail}")]
    Misbehaved {
        /// What it did.
        detail: String,
        /// The alert that was sent for it, if any.
        alert: Option<Alert>,
    },
    /// The connection was used in a way its state does not allow, or the engine failed.
    #[error("{0}")]
    Local(String),
    /// The keys have protected as many records as is safe and cannot be renewed (TLS 1.2).
    #[error("traffic keys are exhausted")]
    KeysExhausted,
}

impl TlsError {
    /// Who caused the error.
    pub fn fault(&self) -> Fault {
        match self {
            TlsError::AlertReceived(_)
            | TlsError::Certificate { .. }
            | TlsError::Hello(_)
            | TlsError::Misbehaved { .. } => Fault::Peer,
            TlsError::Incompatible { .. } => Fault::Incompatible,
            TlsError::Local(_) | TlsError::KeysExhausted => Fault::Local,
        }
    }

    /// The fatal alert that the peer is told, if one was made.
    pub fn alert_sent(&self) -> Option<Alert> {
        match self {
            TlsError::Certificate { alert, .. } => Some(*alert),
            TlsError::Incompatible { alert, .. } | TlsError::Misbehaved { alert, .. } => *alert,
            TlsError::Hello(error) => error.alert(),
            TlsError::AlertReceived(_) | TlsError::Local(_) | TlsError::KeysExhausted => None,
        }
    }
}
