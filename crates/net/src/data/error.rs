//! Why something could not be read or written.

use super::{
    Unencodable,
    amf::{DecodeError, EncodeError},
};
use std::io;

/// Why something could not be read or written. Nothing was consumed, or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// More was asked for than has arrived. Try again when more has.
    #[error("end of input: {needed} bytes are needed, {available} have arrived")]
    EndOfInput {
        /// How many bytes are needed, at least.
        needed: usize,
        /// How many there are.
        available: usize,
    },
    /// The object cannot be written.
    #[error("object cannot be written: {0}")]
    Encode(#[from] EncodeError),
    /// The peer sent something else than an object, or one that is too large.
    #[error("object cannot be read: {0}")]
    Object(DecodeError),
    /// Part of an array that is not there was to be written.
    #[error("bytes {offset} to {end} are asked for, but there are only {length}")]
    Range {
        /// The first byte.
        offset: usize,
        /// The one behind the last byte.
        end: usize,
        /// How many there are.
        length: usize,
    },
    /// The text is too long for its length to be written in 16 bits.
    #[error("text of {0} bytes is longer than 65535")]
    TooLong(usize),
    /// The character set does not have one of the characters.
    #[error(transparent)]
    Unencodable(#[from] Unencodable),
    /// No character set has this name.
    #[error("no character set is called `{0}`")]
    UnknownCharset(String),
    /// The peer sent text that is not UTF-8.
    #[error("text is not UTF-8 from its byte {0} on")]
    Utf8(usize),
}

impl From<DecodeError> for DataError {
    fn from(error: DecodeError) -> DataError {
        match error {
            DecodeError::NotEnough { needed, available } => {
                DataError::EndOfInput { needed, available }
            }
            error => DataError::Object(error),
        }
    }
}

impl From<DataError> for io::Error {
    fn from(error: DataError) -> io::Error {
        let kind = match &error {
            DataError::EndOfInput { .. } => io::ErrorKind::UnexpectedEof,
            DataError::Object(_) | DataError::Utf8(_) => io::ErrorKind::InvalidData,
            DataError::Encode(_)
            | DataError::Range { .. }
            | DataError::TooLong(_)
            | DataError::Unencodable(_)
            | DataError::UnknownCharset(_) => io::ErrorKind::InvalidInput,
        };
        io::Error::new(kind, error)
    }
}
