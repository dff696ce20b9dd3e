//! The Signature element as it was written (W3C XML Signature 1.1, section 4).

mod cursor;
mod key_info;
mod key_value;
mod read;
mod transform;

pub(crate) use cursor::Cursor;
pub(crate) use key_info::{KeyInfo, Retrieval, part};
pub(crate) use read::{method, read, references};
pub(crate) use transform::{Expression, Transform};

use crate::{
    algorithm::{DigestAlgorithm, SignatureAlgorithm},
    c14n::Method,
    xml::Position,
};

/// The namespace of XML signatures.
pub const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
/// The namespace of what version 1.1 added.
pub(crate) const DSIG11: &str = "http://www.w3.org/2009/xmldsig11#";
/// The type of references to Manifest elements.
pub(crate) const MANIFEST: &str = "http://www.w3.org/2000/09/xmldsig#Manifest";

/// How much a Signature may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) references: usize,
    pub(crate) transforms: usize,
    /// Characters of one value.
    pub(crate) value: usize,
    /// Certificates, keys and revocation lists, each.
    pub(crate) certificates: usize,
    /// Octets of the canonical form of SignedInfo.
    pub(crate) held: usize,
}

/// A Signature element.
#[derive(Debug)]
pub(crate) struct Signature {
    pub(crate) id: Option<String>,
    pub(crate) canonicalization: Method,
    pub(crate) algorithm: SignatureAlgorithm,
    pub(crate) references: Vec<Reference>,
    /// The canonical form of SignedInfo, which is what is signed.
    pub(crate) signed: Vec<u8>,
    /// The octets of SignatureValue.
    pub(crate) value: Vec<u8>,
    pub(crate) key_info: Option<KeyInfo>,
}

/// A Reference element.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) position: Position,
    pub(crate) uri: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) transforms: Vec<Transform>,
    pub(crate) digest: DigestAlgorithm,
    /// What the digest is to be; or why that is no digest, which matters once the signature holds.
    pub(crate) value: Result<Vec<u8>, String>,
}
