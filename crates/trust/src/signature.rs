//! Signatures: which algorithm, and whether it holds; and the digests under them. The only file that calls the crypto
//! library.

use crate::{
    certificate::{Curve, KeyAlgorithm, PublicKey},
    der::{DerError, Oid, Reader, tag},
    oid,
};
use aws_lc_rs::signature as lc;
use std::fmt;

/// Bits of the longest DSA modulus that is worked with (FIPS 186-4, section 4.2).
#[cfg(feature = "dsa")]
const MAX_DSA: usize = 3072;
/// Bits of the shortest DSA modulus that may stand behind a certificate.
const MIN_CERTIFICATE_DSA: usize = 1024;

/// An algorithm with its parameters (RFC 5280, section 4.1.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlgorithmIdentifier<'a> {
    /// The algorithm.
    pub oid: Oid<'a>,
    /// Its parameters, encoded.
    pub parameters: Option<&'a [u8]>,
}

impl<'a> AlgorithmIdentifier<'a> {
    /// Reads the next value.
    ///
    /// # Errors
    /// When it is no algorithm.
    pub fn read(reader: &mut Reader<'a>) -> Result<AlgorithmIdentifier<'a>, DerError> {
        let mut parts = reader.sequence()?;
        let oid = parts.oid()?;
        let parameters = if parts.is_empty() { None } else { Some(parts.any()?.whole) };
        parts.end()?;
        Ok(AlgorithmIdentifier { oid, parameters })
    }

    /// The signature scheme it stands for.
    pub fn scheme(&self) -> Scheme<'a> {
        let none_or_null = matches!(self.parameters, None | Some([tag::NULL, 0]));
        let hash = match self.oid {
            oid::RSA_PSS => return self.pss().unwrap_or(Scheme::Unknown(self.oid)),
            oid::ED25519 if self.parameters.is_none() => return Scheme::Ed25519,
            oid if self.parameters.is_none() && MlDsa::of(oid).is_some() => {
                return MlDsa::of(oid).map_or(Scheme::Unknown(oid), Scheme::MlDsa);
            }
            oid::SHA1_RSA | oid::SHA1_RSA_OIW | oid::SHA1_ECDSA | oid::SHA1_DSA => Hash::Sha1,
            oid::SHA224_RSA | oid::SHA224_ECDSA | oid::SHA224_DSA => Hash::Sha224,
            oid::SHA256_RSA | oid::SHA256_ECDSA | oid::SHA256_DSA => Hash::Sha256,
            oid::SHA384_RSA | oid::SHA384_ECDSA => Hash::Sha384,
            oid::SHA512_RSA | oid::SHA512_ECDSA => Hash::Sha512,
            oid::MD5_RSA => Hash::Md5,
            oid::MD2_RSA => Hash::Md2,
            _ => return Scheme::Unknown(self.oid),
        };
        if !none_or_null {
            return Scheme::Unknown(self.oid);
        }
        match self.oid {
            oid::SHA1_ECDSA
            | oid::SHA224_ECDSA
            | oid::SHA256_ECDSA
            | oid::SHA384_ECDSA
            | oid::SHA512_ECDSA => Scheme::Ecdsa(hash),
            oid::SHA1_DSA | oid::SHA224_DSA | oid::SHA256_DSA => Scheme::Dsa(hash),
            _ => Scheme::RsaPkcs1(hash),
        }
    }

    /// RFC 4055, section 3.1.
    fn pss(&self) -> Option<Scheme<'a>> {
        let mut reader = Reader::new(self.parameters?);
        let mut parts = reader.sequence().ok()?;
        let mut hash = Hash::Sha1;
        let mut mask_hash = Hash::Sha1;
        let mut salt = 20;
        if let Some(value) = parts.optional(tag::constructed(0)).ok()? {
            hash = Hash::of(AlgorithmIdentifier::read(&mut value.reader()).ok()?.oid)?;
        }
        if let Some(value) = parts.optional(tag::constructed(1)).ok()? {
            let mask = AlgorithmIdentifier::read(&mut value.reader()).ok()?;
            if mask.oid != oid::MGF1 {
                return None;
            }
            let mut inner = Reader::new(mask.parameters?);
            mask_hash = Hash::of(AlgorithmIdentifier::read(&mut inner).ok()?.oid)?;
        }
        if let Some(value) = parts.optional(tag::constructed(2)).ok()? {
            salt = value.reader().integer().ok()?.small()?;
        }
        if let Some(value) = parts.optional(tag::constructed(3)).ok()?
            && value.reader().integer().ok()?.small()? != 1
        {
            return None;
        }
        parts.end().ok()?;
        (hash == mask_hash && salt == hash.length()).then_some(Scheme::RsaPss(hash))
    }
}

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are the standards'")]
pub enum Hash {
    Md2,
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    pub(crate) fn of(oid: Oid<'_>) -> Option<Hash> {
        Some(match oid {
            oid::SHA1 => Hash::Sha1,
            oid::SHA224 => Hash::Sha224,
            oid::SHA256 => Hash::Sha256,
            oid::SHA384 => Hash::Sha384,
            oid::SHA512 => Hash::Sha512,
            _ => return None,
        })
    }

    /// The digest of `message`; none where the crypto library does not make such.
    pub(crate) fn digest(self, message: &[u8]) -> Option<impl AsRef<[u8]> + use<>> {
        use aws_lc_rs::digest;
        let algorithm = match self {
            Hash::Md2 | Hash::Md5 => return None,
            Hash::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha224 => &digest::SHA224,
            Hash::Sha256 => &digest::SHA256,
            Hash::Sha384 => &digest::SHA384,
            Hash::Sha512 => &digest::SHA512,
        };
        Some(digest::digest(algorithm, message))
    }

    /// Bytes of a digest.
    fn length(self) -> u64 {
        match self {
            Hash::Md2 | Hash::Md5 => 16,
            Hash::Sha1 => 20,
            Hash::Sha224 => 28,
            Hash::Sha256 => 32,
            Hash::Sha384 => 48,
            Hash::Sha512 => 64,
        }
    }

    /// Whether collisions can be made: a signature over such a hash does not bind its signer.
    pub fn is_weak(self) -> bool {
        matches!(self, Hash::Md2 | Hash::Md5 | Hash::Sha1)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Hash::Md2 => "MD2",
            Hash::Md5 => "MD5",
            Hash::Sha1 => "SHA-1",
            Hash::Sha224 => "SHA-224",
            Hash::Sha256 => "SHA-256",
            Hash::Sha384 => "SHA-384",
            Hash::Sha512 => "SHA-512",
        })
    }
}

/// A parameter set of ML-DSA (FIPS 204, section 4; RFC 9881).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the standard's")]
pub enum MlDsa {
    Set44,
    Set65,
    Set87,
}

impl MlDsa {
    pub(crate) fn of(oid: Oid<'_>) -> Option<MlDsa> {
        Some(match oid {
            oid::ML_DSA_44 => MlDsa::Set44,
            oid::ML_DSA_65 => MlDsa::Set65,
            oid::ML_DSA_87 => MlDsa::Set87,
            _ => return None,
        })
    }
}

impl fmt::Display for MlDsa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MlDsa::Set44 => "ML-DSA-44",
            MlDsa::Set65 => "ML-DSA-65",
            MlDsa::Set87 => "ML-DSA-87",
        })
    }
}

/// A signature scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scheme<'a> {
    /// RSA with PKCS #1 v1.5 padding.
    RsaPkcs1(Hash),
    /// RSA with PSS padding, the mask by the same hash and a salt of its length.
    RsaPss(Hash),
    /// ECDSA.
    Ecdsa(Hash),
    /// DSA.
    Dsa(Hash),
    /// Ed25519.
    Ed25519,
    /// ML-DSA (FIPS 204) with the parameter set of the key.
    MlDsa(MlDsa),
    /// An algorithm, or parameters, that the engine does not know.
    Unknown(Oid<'a>),
}

impl Scheme<'_> {
    /// The hash under the signature, where the scheme leaves a choice.
    pub fn hash(self) -> Option<Hash> {
        match self {
            Scheme::RsaPkcs1(hash)
            | Scheme::RsaPss(hash)
            | Scheme::Ecdsa(hash)
            | Scheme::Dsa(hash) => Some(hash),
            Scheme::Ed25519 | Scheme::MlDsa(_) | Scheme::Unknown(_) => None,
        }
    }
}

impl fmt::Display for Scheme<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scheme::RsaPkcs1(hash) => write!(f, "RSA with {hash}"),
            Scheme::RsaPss(hash) => write!(f, "RSA-PSS with {hash}"),
            Scheme::Ecdsa(hash) => write!(f, "ECDSA with {hash}"),
            Scheme::Dsa(hash) => write!(f, "DSA with {hash}"),
            Scheme::Ed25519 => f.write_str("Ed25519"),
            Scheme::MlDsa(set) => write!(f, "{set}"),
            Scheme::Unknown(oid) => write!(f, "an unknown signature algorithm ({oid})"),
        }
    }
}

/// Why a signature was not found good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// It does not fit what it signs, or the key.
    #[error("the signature does not verify")]
    Bad,
    /// A scheme or a key beyond the engine.
    #[error("{0} cannot be verified")]
    Unsupported(String),
    /// The key is of another kind than the scheme.
    #[error("the issuer's key ({key}) cannot make such a signature ({scheme})")]
    WrongKey {
        /// The key's kind.
        key: String,
        /// The scheme.
        scheme: String,
    },
    /// The key or the algorithm cannot be read.
    #[error("{0}")]
    Malformed(#[from] DerError),
}

/// Whether `signature` is one over `message` by `key` in this scheme.
///
/// # Errors
/// Why not.
pub fn verify(
    scheme: Scheme<'_>,
    key: &PublicKey<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    if let Scheme::Dsa(hash) = scheme {
        return verify_dsa(hash, key, message, signature);
    }
    let algorithm = choose(scheme, key)?;
    lc::UnparsedPublicKey::new(algorithm, key.key)
        .verify(message, signature)
        .map_err(|_| SignatureError::Bad)
}

fn verify_dsa(
    hash: Hash,
    key: &PublicKey<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    let unsupported = || SignatureError::Unsupported(format!("DSA with {hash}"));
    match key.algorithm {
        KeyAlgorithm::Dsa { bits: Some(bits) } if bits < MIN_CERTIFICATE_DSA => {
            return Err(unsupported());
        }
        KeyAlgorithm::Dsa { .. } => {}
        _ => {
            return Err(SignatureError::WrongKey {
                key: key.algorithm.to_string(),
                scheme: Scheme::Dsa(hash).to_string(),
            });
        }
    }
    if !matches!(hash, Hash::Sha1 | Hash::Sha224 | Hash::Sha256) {
        return Err(unsupported());
    }
    let digest = hash.digest(message).ok_or_else(unsupported)?;
    let key = DsaKey::of(key)?.ok_or_else(unsupported)?;
    let mut numbers = Reader::new(signature).sequence()?;
    let (r, s) = (numbers.integer()?, numbers.integer()?);
    key.verify_digest(digest.as_ref(), r.unsigned(), s.unsigned())
}

/// A DSA key (FIPS 186-4, section 4.1), its numbers in big-endian octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the standard's")]
pub struct DsaKey<'a> {
    pub p: &'a [u8],
    pub q: &'a [u8],
    pub g: &'a [u8],
    pub y: &'a [u8],
}

impl<'a> DsaKey<'a> {
    /// The numbers of `key`; none when it is no DSA key, or leaves its parameters to its issuer.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn of(key: &PublicKey<'a>) -> Result<Option<DsaKey<'a>>, DerError> {
        let (KeyAlgorithm::Dsa { bits: Some(_) }, Some(parameters)) =
            (key.algorithm, key.parameters)
        else {
            return Ok(None);
        };
        let mut parameters = Reader::new(parameters).sequence()?;
        let (p, q, g) = (parameters.integer()?, parameters.integer()?, parameters.integer()?);
        let y = Reader::at(key.key, key.offset).integer()?;
        let [p, q, g, y] = [p, q, g, y].map(|number| number.unsigned());
        Ok(Some(DsaKey { p, q, g, y }))
    }

    /// Whether `r` and `s` are a signature over a message of this `digest`, of which as many octets count as `q` has.
    ///
    /// Work is bounded: `p` is taken up to 3072 bits and from 512 on, `q` with 160, 224 or 256.
    ///
    /// # Errors
    /// Why not.
    #[cfg(feature = "dsa")]
    #[expect(clippy::many_single_char_names, reason = "the names are the standard's")]
    pub fn verify_digest(&self, digest: &[u8], r: &[u8], s: &[u8]) -> Result<(), SignatureError> {
        use dsa::{
            BoxedUint, Components, Signature, VerifyingKey, signature::hazmat::PrehashVerifier,
        };
        let [p, q, g, y, r, s] = [self.p, self.q, self.g, self.y, r, s].map(strip);
        let bits = |number: &[u8]| {
            number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
        };
        if !(512..=MAX_DSA).contains(&bits(p)) || !matches!(bits(q), 160 | 224 | 256) {
            return Err(SignatureError::Unsupported(format!(
                "DSA with numbers of {} and {} bits",
                bits(p),
                bits(q)
            )));
        }
        if y.len() > p.len() || g.len() > p.len() || r.len() > q.len() || s.len() > q.len() {
            return Err(SignatureError::Bad);
        }
        let prime = BoxedUint::from_be_slice_vartime(p);
        let number = BoxedUint::from_be_slice_vartime;
        // Numbers modulo p have to be as wide as p.
        let wide = |octets| BoxedUint::from_be_slice(octets, prime.bits_precision());
        let (Ok(g), Ok(y)) = (wide(g), wide(y)) else {
            return Err(SignatureError::Bad);
        };
        if y >= prime {
            return Err(SignatureError::Bad);
        }
        let components = Components::from_components_unchecked(prime, number(q), g);
        let components = components.map_err(|_| SignatureError::Bad)?;
        let key = VerifyingKey::from_components(components, y);
        let key = key.map_err(|_| SignatureError::Bad)?;
        let signature = Signature::from_components(number(r), number(s));
        let signature = signature.ok_or(SignatureError::Bad)?;
        key.verify_prehash(digest, &signature).map_err(|_| SignatureError::Bad)
    }

    /// Whether `r` and `s` are a signature over a message of this `digest`: never known without the feature `dsa`.
    ///
    /// # Errors
    /// Always.
    #[cfg(not(feature = "dsa"))]
    pub fn verify_digest(&self, _: &[u8], _: &[u8], _: &[u8]) -> Result<(), SignatureError> {
        Err(SignatureError::Unsupported("DSA, without the feature `dsa`,".to_owned()))
    }
}

#[cfg(feature = "dsa")]
fn strip(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    &number[zeros..]
}

fn choose(
    scheme: Scheme<'_>,
    key: &PublicKey<'_>,
) -> Result<&'static dyn lc::VerificationAlgorithm, SignatureError> {
    let wrong_key = || {
        Err(SignatureError::WrongKey { key: key.algorithm.to_string(), scheme: scheme.to_string() })
    };
    let unsupported =
        || Err(SignatureError::Unsupported(format!("{scheme} by a key of {}", key.algorithm)));
    Ok(match (scheme, key.algorithm) {
        (Scheme::RsaPkcs1(hash), KeyAlgorithm::Rsa { bits, pss: false, .. }) => match hash {
            _ if !(1024..=8192).contains(&bits) => return unsupported(),
            Hash::Sha1 => &lc::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha256 => &lc::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            // The crypto library takes such signatures by keys of 2048 bits and more.
            Hash::Sha384 if bits < 2048 => return unsupported(),
            Hash::Sha384 => &lc::RSA_PKCS1_2048_8192_SHA384,
            Hash::Sha512 => &lc::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
            Hash::Md2 | Hash::Md5 | Hash::Sha224 => return unsupported(),
        },
        (Scheme::RsaPss(hash), KeyAlgorithm::Rsa { bits, .. }) => match hash {
            _ if !(2048..=8192).contains(&bits) => return unsupported(),
            Hash::Sha256 => &lc::RSA_PSS_2048_8192_SHA256,
            Hash::Sha384 => &lc::RSA_PSS_2048_8192_SHA384,
            Hash::Sha512 => &lc::RSA_PSS_2048_8192_SHA512,
            _ => return unsupported(),
        },
        (Scheme::Ecdsa(hash), KeyAlgorithm::Ec(curve)) => match (curve, hash) {
            (Curve::P256, Hash::Sha1) => &lc::ECDSA_P256_SHA1_ASN1,
            (Curve::P256, Hash::Sha256) => &lc::ECDSA_P256_SHA256_ASN1,
            (Curve::P256, Hash::Sha384) => &lc::ECDSA_P256_SHA384_ASN1,
            (Curve::P256, Hash::Sha512) => &lc::ECDSA_P256_SHA512_ASN1,
            (Curve::P384, Hash::Sha256) => &lc::ECDSA_P384_SHA256_ASN1,
            (Curve::P384, Hash::Sha384) => &lc::ECDSA_P384_SHA384_ASN1,
            (Curve::P384, Hash::Sha512) => &lc::ECDSA_P384_SHA512_ASN1,
            (Curve::P521, Hash::Sha1) => &lc::ECDSA_P521_SHA1_ASN1,
            (Curve::P521, Hash::Sha224) => &lc::ECDSA_P521_SHA224_ASN1,
            (Curve::P521, Hash::Sha256) => &lc::ECDSA_P521_SHA256_ASN1,
            (Curve::P521, Hash::Sha384) => &lc::ECDSA_P521_SHA384_ASN1,
            (Curve::P521, Hash::Sha512) => &lc::ECDSA_P521_SHA512_ASN1,
            _ => return unsupported(),
        },
        (Scheme::Ed25519, KeyAlgorithm::Ed25519) => &lc::ED25519,
        (Scheme::MlDsa(set), KeyAlgorithm::MlDsa(key)) if set == key => match set {
            MlDsa::Set44 => &lc::ML_DSA_44,
            MlDsa::Set65 => &lc::ML_DSA_65,
            MlDsa::Set87 => &lc::ML_DSA_87,
        },
        (Scheme::Unknown(_), _) | (_, KeyAlgorithm::Other(_) | KeyAlgorithm::EcExplicit) => {
            return unsupported();
        }
        _ => return wrong_key(),
    })
}
