//! Public keys (RFC 3279, RFC 5480, RFC 8410).

use crate::{
    der::{BitString, DerError, Oid, Reader, Value, tag},
    oid,
    signature::MlDsa,
};
use std::fmt;

/// A public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey<'a> {
    /// What kind of key, and how strong.
    pub algorithm: KeyAlgorithm<'a>,
    /// The key itself, as the algorithm encodes it.
    pub key: &'a [u8],
    /// Where the key stands.
    pub offset: usize,
    /// The algorithm's parameters, encoded.
    pub parameters: Option<&'a [u8]>,
}

/// What kind of key, and how strong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyAlgorithm<'a> {
    /// RSA.
    Rsa {
        /// Bits of the modulus.
        bits: usize,
        /// The public exponent; none beyond 64 bits.
        exponent: Option<u64>,
        /// Whether the key says that it is for PSS signatures only.
        pss: bool,
    },
    /// DSA.
    Dsa {
        /// Bits of the modulus; none when the parameters are the issuer's.
        bits: Option<usize>,
    },
    /// An elliptic curve by name.
    Ec(Curve<'a>),
    /// An elliptic curve by its equation.
    EcExplicit,
    /// Ed25519.
    Ed25519,
    /// ML-DSA.
    MlDsa(MlDsa),
    /// Anything else.
    Other(Oid<'a>),
}

/// An elliptic curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Curve<'a> {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
    /// Anything else.
    Other(Oid<'a>),
}

impl<'a> PublicKey<'a> {
    /// Reads a SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(mut reader: Reader<'a>) -> Result<PublicKey<'a>, DerError> {
        let mut info = reader.sequence()?;
        reader.end()?;
        let mut algorithm = info.sequence()?;
        let bits = info.read(tag::BIT_STRING)?;
        info.end()?;
        let kind = algorithm.oid()?;
        let parameters = if algorithm.is_empty() { None } else { Some(algorithm.any()?) };
        algorithm.end()?;
        let key = BitString::bytes_of(bits)?;
        let offset = bits.offset + 1;
        Ok(PublicKey {
            algorithm: KeyAlgorithm::of(kind, parameters.as_ref(), Reader::at(key, offset))?,
            key,
            offset,
            parameters: parameters.map(|value| value.whole),
        })
    }
}

impl<'a> KeyAlgorithm<'a> {
    fn of(
        kind: Oid<'a>,
        parameters: Option<&Value<'a>>,
        key: Reader<'a>,
    ) -> Result<KeyAlgorithm<'a>, DerError> {
        Ok(match (kind, parameters) {
            (oid::RSA | oid::RSA_PSS, _) => rsa(key, kind == oid::RSA_PSS)?,
            (oid::DSA, parameters) => KeyAlgorithm::Dsa { bits: dsa_bits(parameters)? },
            (oid::EC, Some(value)) if value.tag == tag::OID => {
                KeyAlgorithm::Ec(match Oid(value.content) {
                    oid::P256 => Curve::P256,
                    oid::P384 => Curve::P384,
                    oid::P521 => Curve::P521,
                    other => Curve::Other(other),
                })
            }
            (oid::EC, _) => KeyAlgorithm::EcExplicit,
            (oid::ED25519, None) => KeyAlgorithm::Ed25519,
            (other, None) => {
                MlDsa::of(other).map_or(KeyAlgorithm::Other(other), KeyAlgorithm::MlDsa)
            }
            (other, _) => KeyAlgorithm::Other(other),
        })
    }
}

/// RFC 3279, section 2.3.1.
fn rsa(mut key: Reader<'_>, pss: bool) -> Result<KeyAlgorithm<'_>, DerError> {
    let mut numbers = key.sequence()?;
    key.end()?;
    let (modulus, exponent) = (numbers.integer()?, numbers.integer()?);
    numbers.end()?;
    let bits = if modulus.is_negative() { 0 } else { bits(modulus.unsigned()) };
    Ok(KeyAlgorithm::Rsa { bits, exponent: exponent.small(), pss })
}

/// RFC 3279, section 2.3.2.
fn dsa_bits(parameters: Option<&Value<'_>>) -> Result<Option<usize>, DerError> {
    match parameters {
        Some(value) if value.tag == tag::SEQUENCE => {
            let prime = value.reader().integer()?;
            Ok(Some(bits(prime.unsigned())))
        }
        _ => Ok(None),
    }
}

fn bits(unsigned: &[u8]) -> usize {
    unsigned.first().map_or(0, |first| unsigned.len() * 8 - first.leading_zeros() as usize)
}

impl fmt::Display for KeyAlgorithm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyAlgorithm::Rsa { bits, pss: false, .. } => write!(f, "RSA-{bits}"),
            KeyAlgorithm::Rsa { bits, pss: true, .. } => write!(f, "RSA-PSS-{bits}"),
            KeyAlgorithm::Dsa { bits: Some(bits) } => write!(f, "DSA-{bits}"),
            KeyAlgorithm::Dsa { bits: None } => f.write_str("DSA"),
            KeyAlgorithm::Ec(curve) => write!(f, "{curve}"),
            KeyAlgorithm::EcExplicit => f.write_str("an elliptic curve with explicit parameters"),
            KeyAlgorithm::Ed25519 => f.write_str("Ed25519"),
            KeyAlgorithm::MlDsa(set) => write!(f, "{set}"),
            KeyAlgorithm::Other(oid::ED448) => f.write_str("Ed448"),
            KeyAlgorithm::Other(oid::X25519) => f.write_str("X25519"),
            KeyAlgorithm::Other(oid) => write!(f, "an unknown algorithm ({oid})"),
        }
    }
}

impl fmt::Display for Curve<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Curve::P256 => f.write_str("ECDSA P-256"),
            Curve::P384 => f.write_str("ECDSA P-384"),
            Curve::P521 => f.write_str("ECDSA P-521"),
            Curve::Other(oid::P192) => f.write_str("ECDSA P-192"),
            Curve::Other(oid::P224) => f.write_str("ECDSA P-224"),
            Curve::Other(oid::SECP256K1) => f.write_str("ECDSA secp256k1"),
            Curve::Other(oid) => write!(f, "ECDSA on curve {oid}"),
        }
    }
}
