//! Keys that make signatures.

use super::{
    Curve, DigestAlgorithm, HmacParameters, KeyError, SignatureAlgorithm, SigningError,
    VerificationKey,
    backend::{self, PrivateKey},
    key::{self, Kind},
};
use ravelin_trust::der::{Oid, Reader, tag};
use rustls_pki_types::{
    PrivateKeyDer,
    pem::{Error as PemError, PemObject},
};
use std::fmt;
use zeroize::Zeroizing;

/// rsaEncryption (RFC 3279, section 2.3.1).
const RSA: Oid<'static> = Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01]);
/// id-ecPublicKey (RFC 5480, section 2.1.1).
const EC: Oid<'static> = Oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]);
/// id-Ed25519 (RFC 8410, section 3).
const ED25519: Oid<'static> = Oid(&[0x2b, 0x65, 0x70]);

/// A key that makes signatures: a private key, or the secret of an HMAC.
///
/// ```
/// use ravelin_xmldsig::algorithm::{Allowed, SigningKey};
///
/// let key = SigningKey::from_secret(b"between us")?;
/// let algorithm = key.default_algorithm();
/// let signature = key.sign(algorithm, b"<SignedInfo/>")?;
/// let verification = key.verification_key()?;
/// algorithm.verify(&verification, b"<SignedInfo/>", &signature, &Allowed::default())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SigningKey(Half);

enum Half {
    Private(PrivateKey),
    Secret(Zeroizing<Vec<u8>>),
}

impl SigningKey {
    /// The first private key in PEM: `PRIVATE KEY`, `RSA PRIVATE KEY` or `EC PRIVATE KEY`.
    ///
    /// # Errors
    /// When there is none, when it is encrypted, and when it cannot be used.
    pub fn from_pem(pem: &[u8]) -> Result<SigningKey, KeyError> {
        match PrivateKeyDer::from_pem_slice(pem) {
            Ok(PrivateKeyDer::Pkcs8(key)) => SigningKey::from_pkcs8(key.secret_pkcs8_der()),
            Ok(PrivateKeyDer::Pkcs1(key)) => SigningKey::from_pkcs1(key.secret_pkcs1_der()),
            Ok(PrivateKeyDer::Sec1(key)) => SigningKey::from_sec1(key.secret_sec1_der()),
            Ok(_) => Err(KeyError::Unsupported("such a PEM section".to_owned())),
            Err(PemError::NoItemsFound) => {
                let encrypted = b"ENCRYPTED PRIVATE KEY";
                let what = if pem.windows(encrypted.len()).any(|window| window == encrypted) {
                    "it is encrypted: decrypt it first"
                } else {
                    "no PEM section with a private key"
                };
                Err(KeyError::Malformed(what.to_owned()))
            }
            Err(error) => Err(KeyError::Malformed(error.to_string())),
        }
    }

    /// A private key in PKCS #8, PKCS #1 or SEC 1, whichever it is.
    ///
    /// # Errors
    /// When it is none of them, and when it cannot be used.
    pub fn from_der(der: &[u8]) -> Result<SigningKey, KeyError> {
        let key =
            PrivateKeyDer::try_from(der).map_err(|error| KeyError::Malformed(error.to_owned()))?;
        match key {
            PrivateKeyDer::Pkcs8(key) => SigningKey::from_pkcs8(key.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(key) => SigningKey::from_pkcs1(key.secret_pkcs1_der()),
            PrivateKeyDer::Sec1(key) => SigningKey::from_sec1(key.secret_sec1_der()),
            _ => Err(KeyError::Unsupported("such a structure".to_owned())),
        }
    }

    /// The secret of an HMAC. It is wiped when the key goes.
    ///
    /// # Errors
    /// When it is empty, or longer than [`MAX_SECRET`](super::MAX_SECRET).
    pub fn from_secret(secret: &[u8]) -> Result<SigningKey, KeyError> {
        key::wiped(secret).map(|secret| SigningKey(Half::Secret(secret)))
    }

    /// The key that verifies what this one signs.
    ///
    /// # Errors
    /// When it is out of the bounds that verification has.
    pub fn verification_key(&self) -> Result<VerificationKey, KeyError> {
        let key = match &self.0 {
            Half::Secret(secret) => return VerificationKey::from_secret(secret),
            Half::Private(key) => key,
        };
        match key {
            PrivateKey::Rsa(_) => {
                let mut numbers = Reader::new(key.public()).sequence()?;
                let (modulus, exponent) = (numbers.integer()?, numbers.integer()?);
                VerificationKey::from_rsa(modulus.unsigned(), exponent.unsigned())
            }
            PrivateKey::Ec(curve, _) => VerificationKey::from_ec(*curve, key.public()),
            PrivateKey::Ed25519(_) => {
                let point = key.public().try_into().map_err(|_| {
                    KeyError::Malformed("an Ed25519 key that has not 32 octets".to_owned())
                })?;
                Ok(VerificationKey(Kind::Ed25519(point)))
            }
        }
    }

    /// What to sign with when nobody says otherwise: SHA-256, or the hash that is as strong as the curve.
    pub fn default_algorithm(&self) -> SignatureAlgorithm {
        match &self.0 {
            Half::Private(PrivateKey::Rsa(_)) => {
                SignatureAlgorithm::RsaPkcs1(DigestAlgorithm::Sha256)
            }
            Half::Private(PrivateKey::Ec(curve, _)) => SignatureAlgorithm::Ecdsa(match curve {
                Curve::P256 | Curve::Secp256k1 => DigestAlgorithm::Sha256,
                Curve::P384 => DigestAlgorithm::Sha384,
                Curve::P521 => DigestAlgorithm::Sha512,
            }),
            Half::Private(PrivateKey::Ed25519(_)) => SignatureAlgorithm::Ed25519,
            Half::Secret(_) => {
                let hmac = HmacParameters::new(DigestAlgorithm::Sha256);
                SignatureAlgorithm::Hmac(hmac.expect("XML signatures have HMAC with SHA-256"))
            }
        }
    }

    /// Signs `message`: the octets of a SignatureValue.
    ///
    /// RSA with PKCS #1 v1.5 padding, Ed25519 and HMAC give the same octets every time; RSA-PSS and ECDSA take fresh random
    /// numbers, so no two signatures of theirs are alike.
    ///
    /// # Errors
    /// When the key is of another kind than the algorithm's, and for what is verified for the sake of old documents but
    /// not made: RSA with other hashes than SHA-256, SHA-384 and SHA-512, PSS with other parameters than those of the
    /// fixed algorithms, anything else with SHA-1, and DSA.
    pub fn sign(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, SigningError> {
        let unsupported = || SigningError::Unsupported(algorithm.to_string());
        match (algorithm, &self.0) {
            (SignatureAlgorithm::RsaPkcs1(hash), Half::Private(PrivateKey::Rsa(pair))) => {
                backend::sign_rsa_pkcs1(pair, hash, message).ok_or_else(unsupported)?
            }
            (SignatureAlgorithm::RsaPss(pss), Half::Private(PrivateKey::Rsa(pair))) => {
                backend::sign_rsa_pss(pair, &pss, message).ok_or_else(unsupported)?
            }
            (SignatureAlgorithm::Ecdsa(hash), Half::Private(PrivateKey::Ec(curve, pair))) => {
                if hash.is_weak() {
                    return Err(unsupported());
                }
                backend::sign_ecdsa(*curve, pair, hash.digest(message))
            }
            (SignatureAlgorithm::Ed25519, Half::Private(PrivateKey::Ed25519(pair))) => {
                backend::sign_ed25519(pair, message)
            }
            (SignatureAlgorithm::Hmac(hmac), Half::Secret(secret)) => {
                if hmac.hash().is_weak() {
                    return Err(unsupported());
                }
                let tag = backend::hmac(hmac.hash(), secret, message).ok_or_else(unsupported)?;
                Ok(tag.as_ref()[..hmac.output_bits() / 8].to_vec())
            }
            (SignatureAlgorithm::Dsa(_), _) => Err(unsupported()),
            _ => Err(SigningError::WrongKey {
                algorithm: algorithm.to_string(),
                key: self.to_string(),
            }),
        }
    }

    /// RFC 5958.
    fn from_pkcs8(der: &[u8]) -> Result<SigningKey, KeyError> {
        let mut parts = Reader::new(der).sequence()?;
        parts.integer()?;
        let mut algorithm = parts.sequence()?;
        let key = match algorithm.oid()? {
            RSA => PrivateKey::rsa_pkcs8(der)?,
            EC => PrivateKey::ec(Curve::from_oid(algorithm.oid()?)?, der)?,
            ED25519 => PrivateKey::ed25519(der)?,
            other => return Err(KeyError::Unsupported(format!("the algorithm {other}"))),
        };
        Ok(SigningKey(Half::Private(key)))
    }

    /// RFC 8017, appendix A.1.2.
    fn from_pkcs1(der: &[u8]) -> Result<SigningKey, KeyError> {
        Ok(SigningKey(Half::Private(PrivateKey::rsa_pkcs1(der)?)))
    }

    /// RFC 5915, section 3.
    fn from_sec1(der: &[u8]) -> Result<SigningKey, KeyError> {
        let mut parts = Reader::new(der).sequence()?;
        parts.integer()?;
        parts.read(tag::OCTET_STRING)?;
        let Some(parameters) = parts.optional(tag::constructed(0))? else {
            return Err(KeyError::Malformed("it does not say over which curve it is".to_owned()));
        };
        let curve = Curve::from_oid(parameters.reader().oid()?)?;
        Ok(SigningKey(Half::Private(PrivateKey::ec(curve, der)?)))
    }
}

impl fmt::Display for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Half::Private(PrivateKey::Rsa(_)) => f.write_str("RSA"),
            Half::Private(PrivateKey::Ec(curve, _)) => write!(f, "ECDSA {curve}"),
            Half::Private(PrivateKey::Ed25519(_)) => f.write_str("Ed25519"),
            Half::Secret(_) => f.write_str("an HMAC secret"),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({self})")
    }
}
