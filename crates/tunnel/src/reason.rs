//! Why a connection ended: one word for the log, the metrics and the status page.

use std::fmt;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// Why a connection ended.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum CloseReason { $($(#[$doc])* $name,)* }

        impl CloseReason {
            /// All reasons, in the order of their numbers.
            pub const ALL: &[CloseReason] = &[$(CloseReason::$name,)*];

            /// The reason's word.
            pub fn word(self) -> &'static str {
                match self { $(CloseReason::$name => $word,)* }
            }
        }
    };
}

reasons! {
    /// The client ended its direction first, both directions ended in order.
    ClientClosed = "client_closed",
    /// The backend ended its direction first, both directions ended in order.
    BackendClosed = "backend_closed",
    /// The client reset the connection.
    ClientReset = "client_reset",
    /// The client's stream ended without close_notify: data may be missing.
    ClientTruncated = "client_truncated",
    /// The backend's TLS stream ended without close_notify: data may be missing.
    BackendTruncated = "backend_truncated",
    /// The client stopped answering the kernel's probes.
    PeerVanished = "peer_vanished",
    /// The peer broke the TLS protocol after the handshake, or sent a fatal alert.
    TlsError = "tls_error",
    /// The backend reset the connection or stopped answering.
    BackendLost = "backend_lost",
    /// The backend refused the connection or could not be reached.
    BackendUnreachable = "backend_unreachable",
    /// The backend did not accept the connection in time.
    BackendTimeout = "backend_timeout",
    /// The TLS handshake failed.
    HandshakeFailed = "handshake_failed",
    /// The TLS handshake was not finished in time.
    HandshakeTimeout = "handshake_timeout",
    /// The client's certificate is trusted, but no rule allows it; or it gave none where one is needed.
    ClientNotAllowed = "client_not_allowed",
    /// The backend's certificate is trusted, but its key is not among those that are wanted.
    ServerNotAllowed = "server_not_allowed",
    /// The client left during the handshake.
    HandshakeAborted = "handshake_aborted",
    /// Too many handshakes were in progress and this was the oldest.
    HandshakeShed = "handshake_shed",
    /// The PROXY header was malformed or came from an untrusted source.
    ProxyHeaderInvalid = "proxy_header_invalid",
    /// The PROXY header did not arrive in time.
    ProxyHeaderTimeout = "proxy_header_timeout",
    /// Nothing moved for the configured time.
    Idle = "idle",
    /// One direction had ended and the other did not move for the configured time.
    HalfCloseTimeout = "half_close_timeout",
    /// The connection reached its maximum lifetime.
    Lifetime = "lifetime",
    /// The tunnel was stopped and the drain limit passed.
    Drain = "drain",
    /// The source or the tunnel has too many connections already.
    LimitReached = "limit_reached",
    /// The tunnel itself failed: no descriptor, no memory, a system call that should not fail.
    InternalError = "internal_error",
}

impl CloseReason {
    /// Whether a time limit or the kernel's probes ended a connection that nobody else would have.
    pub fn is_ghost(self) -> bool {
        matches!(
            self,
            CloseReason::PeerVanished
                | CloseReason::HandshakeTimeout
                | CloseReason::ProxyHeaderTimeout
                | CloseReason::Idle
                | CloseReason::HalfCloseTimeout
                | CloseReason::Lifetime
        )
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
