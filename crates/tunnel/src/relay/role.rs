//! Which side speaks TLS, and what that makes of each side's ends.

use super::{Over, Socket};
use crate::reason::CloseReason;
use std::io::{self, ErrorKind};

/// What the tunnel is in the TLS that it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The server: its client is the tunnel's, the backend is plain.
    Server,
    /// The client: the backend speaks TLS, the tunnel's client is plain.
    Client,
}

impl Role {
    /// The socket that speaks TLS.
    pub(super) fn secure(self) -> Socket {
        match self {
            Role::Server => Socket::Client,
            Role::Client => Socket::Backend,
        }
    }

    /// The socket that does not.
    pub(super) fn plain(self) -> Socket {
        match self {
            Role::Server => Socket::Backend,
            Role::Client => Socket::Client,
        }
    }

    /// The secure side's stream ended without close_notify.
    pub(super) fn truncated(self) -> CloseReason {
        match self {
            Role::Server => CloseReason::ClientTruncated,
            Role::Client => CloseReason::BackendTruncated,
        }
    }

    /// The plain side takes no more, although the secure one had more to send.
    pub(super) fn broken(self) -> Over {
        let (reason, why) = match self {
            Role::Server => (
                CloseReason::BackendLost,
                "it stopped taking data before the client had sent everything",
            ),
            Role::Client => (
                CloseReason::ClientReset,
                "it stopped taking data before the backend had sent everything",
            ),
        };
        Over::lost(reason, Some(why.into()))
    }

    /// The secure side left in the middle of the handshake.
    pub(super) fn aborted(self, detail: Option<String>) -> Over {
        match self {
            Role::Server => Over::lost(CloseReason::HandshakeAborted, detail),
            Role::Client => {
                let detail = detail.unwrap_or_else(|| "it closed during the handshake".into());
                Over::lost(CloseReason::BackendLost, Some(detail))
            }
        }
    }
}

impl Socket {
    /// This side ended its direction first, and both ended in order.
    pub(super) fn closed(self) -> CloseReason {
        match self {
            Socket::Client => CloseReason::ClientClosed,
            Socket::Backend => CloseReason::BackendClosed,
        }
    }

    /// This socket failed, nobody says how.
    pub(super) fn failed(self) -> Over {
        let reason = match self {
            Socket::Client => CloseReason::ClientReset,
            Socket::Backend => CloseReason::BackendLost,
        };
        Over::lost(reason, None)
    }

    /// This socket failed.
    pub(super) fn lost(self, error: &io::Error) -> Over {
        let vanished = matches!(
            error.kind(),
            ErrorKind::TimedOut | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable
        );
        let reason = match self {
            Socket::Client if vanished => CloseReason::PeerVanished,
            _ => self.failed().reason,
        };
        Over::lost(reason, Some(error.to_string()))
    }
}
