//! Errors that a call returns at once: what AIR throws.

use crate::data::DataError;

/// Numbers that AIR's documentation gives to errors, for those who compare them.
pub mod error_id {
    /// `IOError`: the socket is not open.
    pub const INVALID_SOCKET: u32 = 2002;
    /// `SecurityError`: the port number is none.
    pub const INVALID_PORT: u32 = 2003;
    /// `ArgumentError`: an argument cannot be used.
    pub const INVALID_ARGUMENT: u32 = 2004;
    /// `RangeError`: an offset lies outside of what it points into.
    pub const OUT_OF_BOUNDS: u32 = 2006;
    /// `SecurityError`: local code that may read files may not use sockets.
    pub const LOCAL_FILE_SANDBOX: u32 = 2010;
    /// `IOError`: the connection to a host that was not named failed.
    pub const CONNECTION_FAILED: u32 = 2011;
    /// `IllegalOperationError`: the system cannot do it.
    pub const UNAVAILABLE: u32 = 2014;
    /// `EOFError`: more was to be read than has arrived.
    pub const END_OF_FILE: u32 = 2030;
    /// `ioError` event: connecting, sending or receiving failed.
    pub const SOCKET: u32 = 2031;
    /// `securityError` event: the server does not consent.
    pub const SANDBOX_VIOLATION: u32 = 2048;
    /// `Error`: what has arrived is no object.
    pub const UNREADABLE_OBJECT: u32 = 2173;
}

/// What a call returns at once, where AIR throws. Whatever turns out later is an [event](super::EventKind).
///
/// ```
/// use ravelin_net::socket::{Sandbox, SecureSocket, error_id};
///
/// let mut socket = SecureSocket::new(Sandbox::Application)?;
/// let error = socket.connect("server.example", 65_536).unwrap_err();
/// assert_eq!((error.class(), error.error_id()), ("SecurityError", error_id::INVALID_PORT));
/// let error = socket.read_u8().unwrap_err();
/// assert_eq!((error.class(), error.error_id()), ("IOError", error_id::INVALID_SOCKET));
/// # Ok::<(), ravelin_net::socket::SocketError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SocketError {
    /// `ArgumentError`: a certificate is not whole DER.
    #[error("certificate cannot be added: {0}")]
    Certificate(String),
    /// `IOError`: the socket is not open. Connect first.
    #[error("the socket is not connected")]
    Closed,
    /// `IOError`: no host was given, and the connection to the one that is meant then failed.
    #[error("connection failed: {0}")]
    ConnectionFailed(String),
    /// `EOFError` and others: what was asked for cannot be read or written. Nothing was consumed, or written.
    #[error(transparent)]
    Data(#[from] DataError),
    /// `SecurityError`: code of this sandbox may not use sockets.
    #[error("code in the sandbox `localWithFile` may not use the network")]
    Sandbox,
    /// `SecurityError`: the port is none.
    #[error("{0} is no port number: there are 0 to 65535")]
    Port(i32),
    /// `IllegalOperationError`: this system has no TLS that works.
    #[error("secure sockets do not work on this system")]
    Unsupported,
}

impl SocketError {
    /// AIR's number for it.
    pub fn error_id(&self) -> u32 {
        match self {
            SocketError::Closed => error_id::INVALID_SOCKET,
            SocketError::ConnectionFailed(_) => error_id::CONNECTION_FAILED,
            SocketError::Data(DataError::EndOfInput { .. }) => error_id::END_OF_FILE,
            SocketError::Data(DataError::Object(_)) => error_id::UNREADABLE_OBJECT,
            SocketError::Data(DataError::Range { .. } | DataError::TooLong(_)) => {
                error_id::OUT_OF_BOUNDS
            }
            SocketError::Certificate(_) | SocketError::Data(_) => error_id::INVALID_ARGUMENT,
            SocketError::Sandbox => error_id::LOCAL_FILE_SANDBOX,
            SocketError::Port(_) => error_id::INVALID_PORT,
            SocketError::Unsupported => error_id::UNAVAILABLE,
        }
    }

    /// The class that AIR throws.
    pub fn class(&self) -> &'static str {
        match self {
            SocketError::Closed | SocketError::ConnectionFailed(_) => "IOError",
            SocketError::Data(DataError::EndOfInput { .. }) => "EOFError",
            SocketError::Data(DataError::Object(_)) => "Error",
            SocketError::Data(DataError::Range { .. } | DataError::TooLong(_)) => "RangeError",
            SocketError::Certificate(_) | SocketError::Data(_) => "ArgumentError",
            SocketError::Sandbox | SocketError::Port(_) => "SecurityError",
            SocketError::Unsupported => "IllegalOperationError",
        }
    }
}
