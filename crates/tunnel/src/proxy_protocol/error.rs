use std::fmt;

/// A PROXY header that is none: the peer in front, or whoever spoke in its place, is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderError {
    /// What is wrong.
    pub fault: Fault,
    /// Where: the offset from the header's first byte.
    pub offset: usize,
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the PROXY header is malformed at byte {}: {}", self.offset, self.fault)
    }
}

impl std::error::Error for HeaderError {}

/// What is wrong with a PROXY header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Neither version begins so.
    #[error("no PROXY header begins like this; is the proxy in front configured to send one?")]
    NoHeader,
    /// Version 1: neither `TCP4`, `TCP6` nor `UNKNOWN`.
    #[error("the protocol is not TCP4, TCP6 or UNKNOWN")]
    Protocol,
    /// Version 1: no address of the announced family, and one space after it.
    #[error("not an address of the announced family, followed by one space")]
    Address,
    /// Version 1: no decimal number up to 65535 without leading zeros.
    #[error("not a port number")]
    Port,
    /// Version 1: the carriage return is not followed by a line feed.
    #[error("the line does not end in CRLF")]
    LineEnd,
    /// Longer than [`MAX_TEXT`](super::MAX_TEXT) or [`MAX_BINARY`](super::MAX_BINARY).
    #[error("the header is too long")]
    TooLong,
    /// Version 2: the version is not 2, or the command neither `LOCAL` nor `PROXY`.
    #[error("unknown version or command")]
    Command,
    /// Version 2: an address family or transport that is not defined.
    #[error("unknown address family or transport")]
    Family,
    /// Version 2: the announced length has no room for the addresses.
    #[error("the header is too short for its addresses")]
    NoRoomForAddresses,
    /// Version 2: an extension reaches over the end of the header or of the extension it is in.
    #[error("an extension reaches over the end")]
    Overrun,
    /// Version 2: an extension's value does not have the form of its type.
    #[error("the value of an extension of type {0:#04x} is malformed")]
    Value(u8),
    /// Version 2: an extension that may stand once stands twice.
    #[error("an extension of type {0:#04x} stands twice")]
    Repeated(u8),
    /// Version 2: a unique id longer than [`MAX_UNIQUE_ID`](super::MAX_UNIQUE_ID).
    #[error("the unique id is too long")]
    UniqueIdTooLong,
    /// Version 2: the checksum does not match.
    #[error("the CRC32C does not match")]
    Checksum,
}

impl Fault {
    pub(super) fn at(self, offset: usize) -> HeaderError {
        HeaderError { fault: self, offset }
    }
}
