//! Reading a ClientHello before any engine exists (RFC 8446, section 4.1.2; RFC 5246, section 7.4.1.2).
//!
//! - `records`: the handshake message out of the records it came in.
//! - `message`: what the message says.
//! - `foreign`: what else arrives on TLS ports, and what to tell whom about it.

mod foreign;
mod message;
mod records;
#[cfg(test)]
mod tests;

pub use foreign::Foreign;

use crate::Alert;
use foreign::Guess;
use records::Records;

/// A ClientHello is refused beyond this many bytes. With a post-quantum key share and a session ticket it has some 2,000.
pub const MAX_HELLO: usize = 65_535;
/// A ClientHello in more records than this is refused: nobody needs them, and each costs us a look.
pub const MAX_RECORDS: usize = 64;
/// Longest host name (RFC 1035, section 2.3.4), as text.
const MAX_NAME: usize = 253;

/// What a client asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientHello {
    /// Host name from the server_name extension (RFC 6066, section 3), in lower case, without a final dot. An IP address
    /// has no place there and counts as no name.
    pub server_name: Option<Box<str>>,
    /// Protocols from the ALPN extension (RFC 7301), most wanted first.
    pub alpn: Vec<Box<[u8]>>,
    /// The version in the message's own field: at most 0x0303 (TLS 1.2) since TLS 1.3.
    pub legacy_version: u16,
    /// The versions in the supported_versions extension (RFC 8446, section 4.2.1), most wanted first.
    pub versions: Vec<u16>,
    /// 32 random bytes.
    pub random: [u8; 32],
    /// The session that the client wants to resume (TLS 1.2), or bytes for compatibility (TLS 1.3).
    pub session_id: Box<[u8]>,
    /// The session ticket (RFC 5077); an empty one asks for a ticket.
    pub session_ticket: Option<Box<[u8]>>,
    /// Identities from the pre_shared_key extension (RFC 8446, section 4.2.11): tickets, most wanted first.
    pub psk_identities: Vec<Box<[u8]>>,
    /// Cipher suites by their numbers, most wanted first.
    pub cipher_suites: Vec<u16>,
    /// Signature schemes by their numbers, most wanted first.
    pub signature_schemes: Vec<u16>,
    /// Key exchange groups by their numbers, most wanted first.
    pub groups: Vec<u16>,
    /// Whether the client wants a stapled OCSP response (RFC 6066, section 8).
    pub status_request: bool,
}

impl ClientHello {
    /// Reads a ClientHello from the front of what came from the network; `None` while it is incomplete. Whoever reads
    /// piece by piece uses a [`HelloReader`].
    ///
    /// ```
    /// use ravelin_tls::hello::{ClientHello, HelloError};
    ///
    /// assert_eq!(ClientHello::read(&[22, 3, 1]), Ok(None));
    /// let error = ClientHello::read(b"GET / HTTP/1.1\r\n").unwrap_err();
    /// assert!(error.to_string().starts_with("a plain HTTP request"));
    /// ```
    ///
    /// # Errors
    /// When the bytes cannot become a ClientHello any more.
    pub fn read(input: &[u8]) -> Result<Option<ClientHello>, HelloError> {
        HelloReader::default().read(input)
    }
}

/// Reads a ClientHello that arrives in pieces: it remembers how far it got, so that a client that sends byte by byte costs
/// no more than one that does not.
#[derive(Debug, Default)]
pub struct HelloReader {
    records: Records,
}

impl HelloReader {
    /// Reads on. `input` is everything that came so far, from the first byte on.
    ///
    /// # Errors
    /// When the bytes cannot become a ClientHello any more.
    pub fn read(&mut self, input: &[u8]) -> Result<Option<ClientHello>, HelloError> {
        match foreign::recognise(input) {
            Guess::Tls => {}
            Guess::Open => return Ok(None),
            Guess::Foreign(foreign) => return Err(HelloError::Foreign(foreign)),
        }
        match self.records.read(input)? {
            Some(message) => message::parse(message).map(Some),
            None => Ok(None),
        }
    }
}

/// Why the first bytes of a connection are no ClientHello.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HelloError {
    /// Another protocol.
    #[error("{0}")]
    Foreign(Foreign),
    /// A handshake message other than ClientHello came first.
    #[error("handshake message {kind} came first instead of a ClientHello (1)")]
    NotHello {
        /// Its type.
        kind: u8,
    },
    /// The client gave up before it began.
    #[error("the client sent alert {0} before anything else")]
    Alert(Alert),
    /// A record of another type came in the middle.
    #[error("a record of type {content} at byte {offset} interrupts the ClientHello")]
    Interrupted {
        /// The record's type.
        content: u8,
        /// Where it stands.
        offset: usize,
    },
    /// A record without content.
    #[error("an empty record at byte {offset} within the ClientHello")]
    EmptyRecord {
        /// Where it stands.
        offset: usize,
    },
    /// A record beyond what the protocol allows.
    #[error("a record of {length} bytes at byte {offset}: at most 16384 are allowed")]
    RecordTooLong {
        /// What its header says.
        length: usize,
        /// Where it stands.
        offset: usize,
    },
    /// Too many records for one message.
    #[error("a ClientHello in more than {MAX_RECORDS} records")]
    TooManyRecords,
    /// A message beyond our limit.
    #[error("a ClientHello of {length} bytes: at most {MAX_HELLO} are read")]
    TooLong {
        /// What its header says.
        length: usize,
    },
    /// The message breaks its own rules.
    #[error("malformed ClientHello: {what} at byte {offset}")]
    Malformed {
        /// What is wrong.
        what: &'static str,
        /// Where, from the start of the message's body.
        offset: usize,
    },
}

impl HelloError {
    /// The alert to answer with; none where nobody would understand it.
    pub fn alert(&self) -> Option<Alert> {
        match self {
            HelloError::Foreign(foreign) => foreign.alert(),
            HelloError::NotHello { .. }
            | HelloError::Interrupted { .. }
            | HelloError::EmptyRecord { .. }
            | HelloError::TooManyRecords => Some(Alert::UNEXPECTED_MESSAGE),
            HelloError::RecordTooLong { .. } => Some(Alert::RECORD_OVERFLOW),
            HelloError::TooLong { .. } => Some(Alert::HANDSHAKE_FAILURE),
            HelloError::Malformed { .. } => Some(Alert::DECODE_ERROR),
            HelloError::Alert(_) => None,
        }
    }

    /// What to answer in the client's own protocol, where that helps.
    pub fn plain_answer(&self) -> Option<&'static [u8]> {
        match self {
            HelloError::Foreign(foreign) => foreign.plain_answer(),
            _ => None,
        }
    }
}
