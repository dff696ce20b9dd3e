use super::UnknownSetting;
use crate::Error;
use std::convert::Infallible;

/// What a call returns at once, where AIR throws. Whatever turns out later is an [event](super::Event).
///
/// ```
/// use ravelin_xmldsig::air::XmlSignatureValidator;
/// use ravelin_trust::Time;
/// use std::io::Cursor;
///
/// let mut validator = XmlSignatureValidator::new();
/// let error = validator.verify(Cursor::new("<a/>"), Time::since_epoch(Default::default())).unwrap_err();
/// assert_eq!(error.class(), "Error");
/// assert_eq!(error.to_string(), "no URI dereferencer is set: set one before verifying");
/// let error = validator.set_references_validation_setting("always").unwrap_err();
/// assert_eq!(error.class(), "ArgumentError");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValidatorError {
    /// `IllegalOperationError`: this cannot be done or asked while a verification runs. Step until it ends.
    #[error("`{0}` has to wait for the end of the verification that runs")]
    Running(&'static str),
    /// `ArgumentError`: a certificate, CRL or OCSP response is not whole DER.
    #[error("cannot be added: {0}")]
    NotDer(String),
    /// `ArgumentError`: a setting has no such value.
    #[error(transparent)]
    Setting(#[from] UnknownSetting),
    /// `Error`: nobody was named to find what references refer to.
    #[error("no URI dereferencer is set: set one before verifying")]
    NoDereferencer,
    /// `Error`: the document is not well-formed, has no Signature, or one that is not supported.
    #[error(transparent)]
    Document(#[from] Error),
}

impl ValidatorError {
    /// The class that AIR throws.
    pub fn class(&self) -> &'static str {
        match self {
            ValidatorError::Running(_) => "IllegalOperationError",
            ValidatorError::NotDer(_) | ValidatorError::Setting(_) => "ArgumentError",
            ValidatorError::NoDereferencer | ValidatorError::Document(_) => "Error",
        }
    }
}

impl From<Infallible> for ValidatorError {
    fn from(never: Infallible) -> ValidatorError {
        match never {}
    }
}
