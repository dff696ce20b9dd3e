//! The PROXY protocol, both versions, in both directions: who the client is, told ahead of its bytes.
//!
//! Sans-IO: [`read`] takes the bytes received so far, [`write()`] appends to a buffer. "The PROXY protocol",
//! versions 1 and 2, section numbers below are those of its text.
//!
//! ```
//! use ravelin_tunnel::proxy_protocol::{Sent, read, write};
//! use ravelin_tunnel::service::ProxyVersion;
//!
//! let mut bytes = Vec::new();
//! let sent = Sent::new("192.0.2.7:50000".parse()?, "198.51.100.1:443".parse()?);
//! write(ProxyVersion::V1, &sent, &mut bytes);
//! assert_eq!(bytes, b"PROXY TCP4 192.0.2.7 198.51.100.1 50000 443\r\n");
//!
//! let (received, length) = read(&bytes)?.expect("it is complete");
//! assert_eq!(length, bytes.len());
//! assert_eq!(received.source, Some("192.0.2.7:50000".parse()?));
//! assert!(read(&bytes[..20])?.is_none(), "more must come");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod binary;
mod error;
mod text;
mod write;

#[cfg(test)]
mod tests;

pub use error::{Fault, HeaderError};
pub use write::{MAX_VALUE, Sent, TlsFacts, write};

use crate::service::ProxyVersion;
use std::net::SocketAddr;

/// Longest version 1 header, with its CRLF (section 2.1).
pub const MAX_TEXT: usize = 107;

/// Longest version 2 header accepted, the 16 fixed bytes included.
///
/// The length field allows 65,551 bytes. Senders keep to 536, what one segment always carries (section 2.2).
pub const MAX_BINARY: usize = 4096;

/// Longest unique id (section 2.2.5).
pub const MAX_UNIQUE_ID: usize = 128;

/// What a header said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The version it was written in.
    pub version: ProxyVersion,
    /// Where the client's connection came from; none for `LOCAL`, `UNKNOWN`, `AF_UNSPEC` and `AF_UNIX`, where the
    /// connection's own addresses stand. An IPv4 address mapped into IPv6 is given as IPv4.
    pub source: Option<SocketAddr>,
    /// What the client connected to, as `source`.
    pub destination: Option<SocketAddr>,
    /// The two ends when they were unix sockets.
    pub unix: Option<UnixAddresses>,
    /// The extensions; empty in version 1.
    pub tlvs: Tlvs,
}

impl Received {
    pub(crate) fn nothing(version: ProxyVersion) -> Received {
        Received { version, source: None, destination: None, unix: None, tlvs: Tlvs::default() }
    }
}

/// The two ends of a connection between unix sockets, without padding.
///
/// A name that begins with a zero byte is an abstract one; an empty one is an unnamed socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnixAddresses {
    /// The client's socket.
    pub source: Box<[u8]>,
    /// The socket it connected to.
    pub destination: Box<[u8]>,
}

/// Extensions of a version 2 header (section 2.2). Unknown ones and padding are passed over.
///
/// Texts hold no control characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tlvs {
    /// The protocol agreed by ALPN, raw.
    pub alpn: Option<Box<[u8]>>,
    /// The name the client asked for (SNI).
    pub authority: Option<Box<str>>,
    /// Identifies the connection across proxies; at most [`MAX_UNIQUE_ID`] bytes.
    pub unique_id: Option<Box<[u8]>>,
    /// The name of the network namespace.
    pub netns: Option<Box<str>>,
    /// What is known of the client's TLS.
    pub tls: Option<ReceivedTls>,
    /// A CRC32C was there, and matched.
    pub checksummed: bool,
}

/// What a header said of the client's TLS (section 2.2.6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the flags of the wire, independent of each other"
)]
pub struct ReceivedTls {
    /// The client came over TLS (`PP2_CLIENT_SSL`).
    pub encrypted: bool,
    /// It gave a certificate over this connection (`PP2_CLIENT_CERT_CONN`).
    pub certificate_on_connection: bool,
    /// It gave a certificate at least once in this session (`PP2_CLIENT_CERT_SESS`).
    pub certificate_in_session: bool,
    /// The certificate was verified (`verify` is zero).
    pub verified: bool,
    /// The version, such as `TLSv1.3`.
    pub version: Option<Box<str>>,
    /// The cipher suite.
    pub cipher: Option<Box<str>>,
    /// The common name in the client's certificate.
    pub common_name: Option<Box<str>>,
    /// The algorithm that signed the server's certificate.
    pub signature_algorithm: Option<Box<str>>,
    /// The algorithm and size of the server's key.
    pub key_algorithm: Option<Box<str>>,
}

/// Reads the header at the start of `input`: what it said and its length.
///
/// None means that more must come. Nothing beyond the header is looked at, and nothing is kept between calls: call
/// again with all the bytes received so far.
///
/// # Errors
/// The bytes are no header and cannot become one, however they go on. The connection must be closed (section 2).
pub fn read(input: &[u8]) -> Result<Option<(Received, usize)>, HeaderError> {
    match input.first() {
        None => Ok(None),
        Some(b'P') => text::read(input),
        Some(b'\r') => binary::read(input),
        Some(_) => Err(Fault::NoHeader.at(0)),
    }
}

/// Checks that `input` begins with `expected` as far as it goes: true when all of it is there.
fn begins_with(input: &[u8], expected: &[u8]) -> Result<bool, HeaderError> {
    match input.iter().zip(expected).position(|(is, should)| is != should) {
        Some(at) => Err(Fault::NoHeader.at(at)),
        None => Ok(input.len() >= expected.len()),
    }
}
