//! What may be wrong with an algorithm, a key or a signature, each told apart.

use super::Switch;
use ravelin_trust::der::DerError;

/// Characters of a foreign name that an error repeats.
const SHOWN: usize = 200;

/// Why an algorithm cannot be used at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AlgorithmError {
    /// It is known, and not supported.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
    /// Nobody here has heard of it.
    #[error("there is no {kind} algorithm `{uri}`")]
    Unknown {
        /// `digest` or `signature`.
        kind: &'static str,
        /// What was asked for, shortened if it is long.
        uri: String,
    },
    /// It was given parameters that it cannot have.
    #[error("{0}")]
    Parameters(String),
}

impl AlgorithmError {
    pub(super) fn unknown(kind: &'static str, uri: &str) -> AlgorithmError {
        let mut shown: String = uri.chars().take(SHOWN).collect();
        if shown.len() < uri.len() {
            shown.push('…');
        }
        AlgorithmError::Unknown { kind, uri: shown }
    }
}

/// Something is taken on demand only, and nobody asked for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} is not allowed{}", hint(*.switch))]
pub struct NotAllowed {
    /// What.
    pub what: String,
    /// What would allow it; none when nothing does.
    pub switch: Option<Switch>,
}

fn hint(switch: Option<Switch>) -> String {
    switch.map_or_else(String::new, |switch| format!("; `{switch}` allows it"))
}

/// Why bytes are no key that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It may be good, but it is of a kind that is not supported.
    #[error("keys of {0} are not supported")]
    Unsupported(String),
    /// A number in it is outside what is worked with.
    #[error("the key's {what} has {found} bits; {least} to {most} are taken")]
    Size {
        /// Which number.
        what: &'static str,
        /// Its bits.
        found: usize,
        /// The least taken.
        least: usize,
        /// The most taken.
        most: usize,
    },
    /// It cannot be read.
    #[error("the key cannot be read: {0}")]
    Malformed(String),
}

impl From<DerError> for KeyError {
    fn from(error: DerError) -> KeyError {
        KeyError::Malformed(error.to_string())
    }
}

/// Why a signature was not found good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The algorithm, or the algorithm with such a key, is beyond this crate.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// It is taken on demand only.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// The key is of another kind than the algorithm's.
    #[error("a key of {key} makes no signatures of {algorithm}")]
    WrongKey {
        /// The signature's algorithm.
        algorithm: String,
        /// The key's kind.
        key: String,
    },
    /// The key is no key: a point beside its curve, for example.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Everything fits, but the signature is not one over this message by this key.
    #[error("the signature does not hold")]
    Bad,
}

/// Why nothing was signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// Signatures of this kind are verified, but not made.
    #[error("signatures of {0} are not made")]
    Unsupported(String),
    /// The key is of another kind than the algorithm's.
    #[error("a key of {key} makes no signatures of {algorithm}")]
    WrongKey {
        /// The signature's algorithm.
        algorithm: String,
        /// The key's kind.
        key: String,
    },
    /// The crypto library refused, without saying why.
    #[error("the crypto library could not sign with {0}")]
    Failed(String),
}
