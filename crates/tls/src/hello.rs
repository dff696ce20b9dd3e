//! Reading a ClientHello before any engine exists.

use crate::Alert;

/// What a client asks for, as far as a server needs it to choose a context.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientHello {
    /// Host name from the server_name extension (RFC 6066, section 3), in lower case.
    pub server_name: Option<Box<str>>,
    /// Protocols from the ALPN extension (RFC 7301), most wanted first.
    pub alpn: Vec<Box<[u8]>>,
}

/// Why the first bytes of a connection are no ClientHello.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HelloError {
    /// Not TLS at all.
    #[error("wrong version number")]
    WrongVersionNumber,
}

impl HelloError {
    /// The alert to answer with.
    pub fn alert(&self) -> Option<Alert> {
        None
    }
}

impl ClientHello {
    /// Reads a ClientHello from the front of what came from the network; `None` while it is incomplete.
    ///
    /// # Errors
    /// When the bytes cannot become a ClientHello any more.
    pub fn read(_input: &[u8]) -> Result<Option<ClientHello>, HelloError> {
        Ok(None)
    }
}
