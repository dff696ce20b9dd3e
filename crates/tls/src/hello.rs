//! Reading a ClientHello before any engine exists.

use crate::Alert;

/// What a client asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientHello {
    /// Host name.
    pub server_name: Option<Box<str>>,
    /// ALPN.
    pub alpn: Vec<Box<[u8]>>,
}

/// Why not.
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
        Some(Alert::PROTOCOL_VERSION)
    }
    /// HTTP.
    pub fn plain_answer(&self) -> Option<&'static [u8]> {
        None
    }
}

/// Scratch.
#[derive(Debug, Default)]
pub struct HelloReader {}

impl HelloReader {
    /// Reads.
    pub fn read(&mut self, input: &[u8]) -> Result<Option<ClientHello>, HelloError> {
        if input.is_empty() {
            return Ok(None);
        }
        if input[0] != 22 {
            return Err(HelloError::WrongVersionNumber);
        }
        if input.len() < 5 || input.len() < 5 + usize::from(u16::from_be_bytes([input[3], input[4]])) {
            return Ok(None);
        }
        Ok(Some(ClientHello::default()))
    }
}
