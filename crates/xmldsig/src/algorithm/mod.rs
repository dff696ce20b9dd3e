//! Digests, signatures and keys, without any XML.
//!
//! - [`DigestAlgorithm`] and [`Digest`]: what a Reference's octets are reduced to.
//! - [`SignatureAlgorithm`]: how SignedInfo is signed; [`verify`](SignatureAlgorithm::verify) says whether a signature
//!   holds and, if not, who is at fault.
//! - [`VerificationKey`] and [`SigningKey`]: keys from certificates, KeyValue elements, PEM and DER.
//! - [`Allowed`]: what is taken only when somebody asked for it by name, each a [`Switch`].
//!
//! Algorithms are named by the URIs of W3C XML Signature 1.1 and RFC 9231. Those that are known and not supported are
//! refused by their name ([`AlgorithmError::Unsupported`]), so that nobody takes them for a bad signature.

mod allowed;
mod backend;
mod curve;
mod digest;
mod error;
mod key;
mod parameters;
mod rsa;
mod signature;
mod signing_key;
mod unsupported;

pub use allowed::{Allowed, Switch, UnknownSwitch};
pub use curve::{Curve, ExplicitCurve};
pub use digest::{Digest, DigestAlgorithm, DigestValue};
pub use error::{AlgorithmError, KeyError, NotAllowed, SignatureError, SigningError};
pub use key::{
    KeyNumbers, MAX_EXPONENT_BITS, MAX_RSA_BITS, MAX_SECRET, MIN_RSA_BITS, VerificationKey,
};
pub use parameters::{HmacParameters, MAX_SALT, MIN_HMAC_BITS, PssParameters};
pub use signature::{RSA_PSS_URI, SignatureAlgorithm};
pub use signing_key::SigningKey;
