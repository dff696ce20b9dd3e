use crate::{
    Error,
    algorithm::{KeyError, SigningError},
};
use std::io;

/// Why nothing was signed. Nothing was written then, except after [`Write`](SignError::Write).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// What was asked for cannot be: says what to change.
    #[error("{0}")]
    Setup(String),
    /// The document cannot be read or signed, or what a reference refers to cannot be had.
    #[error(transparent)]
    Document(#[from] Error),
    /// The key cannot sign so.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// The key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The signature was made and does not hold: what it covers changed while it was being signed.
    #[error("the signature that was made does not hold, so it was not written: {0}")]
    NotValid(String),
    /// The result cannot be written. What was written by then is worth nothing.
    #[error("the signed document cannot be written: {0}")]
    Write(io::Error),
}

impl SignError {
    pub(super) fn setup(what: impl Into<String>) -> SignError {
        SignError::Setup(what.into())
    }
}
