//! The only file that calls AWS-LC (and `sha3`, for the one hash that AWS-LC's bindings leave out).

use super::{
    Curve, DigestAlgorithm, DigestValue, KeyError, PssParameters, SigningError, key::RsaKey,
};
use aws_lc_rs::{
    constant_time, digest as lc_digest, hmac as lc_hmac,
    rand::SystemRandom,
    rsa,
    signature::{self as lc, KeyPair},
};
use sha3::digest::Digest as _;
use std::sync::{Arc, OnceLock};

/// A digest that grows.
#[derive(Clone)]
pub(super) enum Digest {
    Lc(lc_digest::Context),
    Sha3_224(Box<sha3::Sha3_224>),
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Digest::Lc(context) => write!(f, "{:?}", context.algorithm()),
            Digest::Sha3_224(_) => f.write_str("SHA3-224"),
        }
    }
}

impl Digest {
    pub(super) fn new(algorithm: DigestAlgorithm) -> Digest {
        Digest::Lc(lc_digest::Context::new(match algorithm {
            DigestAlgorithm::Sha1 => &lc_digest::SHA1_FOR_LEGACY_USE_ONLY,
            DigestAlgorithm::Sha224 => &lc_digest::SHA224,
            DigestAlgorithm::Sha256 => &lc_digest::SHA256,
            DigestAlgorithm::Sha384 => &lc_digest::SHA384,
            DigestAlgorithm::Sha512 => &lc_digest::SHA512,
            DigestAlgorithm::Sha3_224 => return Digest::Sha3_224(Box::default()),
            DigestAlgorithm::Sha3_256 => &lc_digest::SHA3_256,
            DigestAlgorithm::Sha3_384 => &lc_digest::SHA3_384,
            DigestAlgorithm::Sha3_512 => &lc_digest::SHA3_512,
        }))
    }

    #[inline]
    pub(super) fn update(&mut self, octets: &[u8]) {
        match self {
            Digest::Lc(context) => context.update(octets),
            Digest::Sha3_224(hash) => hash.update(octets),
        }
    }

    pub(super) fn finish(self) -> DigestValue {
        match self {
            Digest::Lc(context) => DigestValue::of(context.finish().as_ref()),
            Digest::Sha3_224(hash) => DigestValue::of(&hash.finalize()),
        }
    }
}

/// Whether an RSA signature with PKCS #1 v1.5 padding holds; none where AWS-LC does not verify such.
pub(super) fn verify_rsa_pkcs1(
    key: &RsaKey,
    bits: usize,
    hash: DigestAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Option<Result<bool, KeyError>> {
    let algorithm = match (hash, bits) {
        (DigestAlgorithm::Sha1, 1024..=8192) => &lc::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
        (DigestAlgorithm::Sha256, 1024..=8192) => {
            &lc::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY
        }
        (DigestAlgorithm::Sha384, 2048..=8192) => &lc::RSA_PKCS1_2048_8192_SHA384,
        (DigestAlgorithm::Sha512, 1024..=8192) => {
            &lc::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY
        }
        _ => return None,
    };
    Some(verify_rsa(algorithm, key, message, signature))
}

/// Whether an RSA signature with PSS padding holds; none where AWS-LC does not verify such.
pub(super) fn verify_rsa_pss(
    key: &RsaKey,
    bits: usize,
    pss: &PssParameters,
    message: &[u8],
    signature: &[u8],
) -> Option<Result<bool, KeyError>> {
    let algorithm = match pss.hash() {
        _ if !(2048..=8192).contains(&bits) || !pss.is_fixed() => return None,
        DigestAlgorithm::Sha256 => &lc::RSA_PSS_2048_8192_SHA256,
        DigestAlgorithm::Sha384 => &lc::RSA_PSS_2048_8192_SHA384,
        DigestAlgorithm::Sha512 => &lc::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    };
    Some(verify_rsa(algorithm, key, message, signature))
}

/// An RSA key as AWS-LC has it, for the algorithm that it verified with first.
#[derive(Clone, Default)]
pub(super) struct Prepared(Arc<OnceLock<(&'static lc::RsaParameters, lc::ParsedPublicKey)>>);

fn verify_rsa(
    algorithm: &'static lc::RsaParameters,
    key: &RsaKey,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, KeyError> {
    let holds = |key: &lc::ParsedPublicKey| key.verify_sig(message, signature).is_ok();
    match key.prepared.0.get() {
        Some((known, prepared)) if std::ptr::eq(*known, algorithm) => Ok(holds(prepared)),
        Some(_) => verify(algorithm, &key.der, message, signature),
        None => {
            let parsed = parse(algorithm, &key.der)?;
            let result = holds(&parsed);
            // Another thread may have been faster.
            let _ = key.prepared.0.set((algorithm, parsed));
            Ok(result)
        }
    }
}

/// Whether an ECDSA signature, r and s side by side, holds.
pub(super) fn verify_ecdsa(
    curve: Curve,
    point: &[u8],
    digest: DigestValue,
    signature: &[u8],
) -> Result<bool, KeyError> {
    let algorithm = match curve {
        Curve::P256 => &lc::ECDSA_P256_SHA256_FIXED,
        Curve::P384 => &lc::ECDSA_P384_SHA384_FIXED,
        Curve::P521 => &lc::ECDSA_P521_SHA512_FIXED,
        Curve::Secp256k1 => &lc::ECDSA_P256K1_SHA256_FIXED,
    };
    let key = parse(algorithm, point)?;
    let digest = fit(curve, digest);
    Ok(key.verify_digest_sig(&digest, signature).is_ok())
}

/// Whether an Ed25519 signature holds.
pub(super) fn verify_ed25519(
    key: &[u8; 32],
    message: &[u8],
    signature: &[u8],
) -> Result<bool, KeyError> {
    verify(&lc::ED25519, key, message, signature)
}

fn verify(
    algorithm: &'static dyn lc::VerificationAlgorithm,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<bool, KeyError> {
    Ok(parse(algorithm, key)?.verify_sig(message, signature).is_ok())
}

fn parse(
    algorithm: &'static dyn lc::VerificationAlgorithm,
    key: &[u8],
) -> Result<lc::ParsedPublicKey, KeyError> {
    lc::ParsedPublicKey::new(algorithm, key)
        .map_err(|error| KeyError::Malformed(format!("the crypto library says {error}")))
}

/// ECDSA signs a number: the leftmost bits of the digest, as many as the curve's order has (FIPS 186-5, section 6.4.1).
/// So any digest can stand in the place of the one that AWS-LC joins with a curve, cut or with zeros before it: each of
/// those is as wide as its curve's order, but for P-521, which is wider than any digest.
fn fit(curve: Curve, digest: DigestValue) -> lc_digest::Digest {
    let algorithm = match curve {
        Curve::P256 | Curve::Secp256k1 => &lc_digest::SHA256,
        Curve::P384 => &lc_digest::SHA384,
        Curve::P521 => &lc_digest::SHA512,
    };
    let width = algorithm.output_len();
    let digest = digest.as_ref();
    let digest = &digest[..digest.len().min(width)];
    let mut fitted = [0; 64];
    fitted[width - digest.len()..width].copy_from_slice(digest);
    lc_digest::Digest::import_less_safe(&fitted[..width], algorithm)
        .expect("a digest of the algorithm's length")
}

/// Whether `tag` begins the HMAC of `message`; how long it has to be is the caller's to say. None for hashes that have no
/// HMAC here. Takes the same time wherever they differ.
pub(super) fn verify_hmac(
    hash: DigestAlgorithm,
    secret: &[u8],
    message: &[u8],
    tag: &[u8],
) -> Option<bool> {
    let whole = hmac(hash, secret, message)?;
    let start = whole.as_ref().get(..tag.len()).filter(|start| !start.is_empty());
    Some(start.is_some_and(|start| constant_time::verify_slices_are_equal(start, tag).is_ok()))
}

/// The HMAC of `message`; none for hashes that have no HMAC here.
pub(super) fn hmac(
    hash: DigestAlgorithm,
    secret: &[u8],
    message: &[u8],
) -> Option<impl AsRef<[u8]> + use<>> {
    let algorithm = match hash {
        DigestAlgorithm::Sha1 => lc_hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        DigestAlgorithm::Sha224 => lc_hmac::HMAC_SHA224,
        DigestAlgorithm::Sha256 => lc_hmac::HMAC_SHA256,
        DigestAlgorithm::Sha384 => lc_hmac::HMAC_SHA384,
        DigestAlgorithm::Sha512 => lc_hmac::HMAC_SHA512,
        _ => return None,
    };
    Some(lc_hmac::sign(&lc_hmac::Key::new(algorithm, secret), message))
}

/// A private key.
pub(super) enum PrivateKey {
    Rsa(Box<rsa::KeyPair>),
    Ec(Curve, Box<lc::EcdsaKeyPair>),
    Ed25519(Box<lc::Ed25519KeyPair>),
}

impl PrivateKey {
    pub(super) fn rsa_pkcs1(der: &[u8]) -> Result<PrivateKey, KeyError> {
        Ok(PrivateKey::Rsa(Box::new(rsa::KeyPair::from_der(der).map_err(rejected)?)))
    }

    pub(super) fn rsa_pkcs8(der: &[u8]) -> Result<PrivateKey, KeyError> {
        Ok(PrivateKey::Rsa(Box::new(rsa::KeyPair::from_pkcs8(der).map_err(rejected)?)))
    }

    /// From SEC 1 (RFC 5915) or PKCS #8.
    pub(super) fn ec(curve: Curve, der: &[u8]) -> Result<PrivateKey, KeyError> {
        let algorithm = match curve {
            Curve::P256 => &lc::ECDSA_P256_SHA256_FIXED_SIGNING,
            Curve::P384 => &lc::ECDSA_P384_SHA384_FIXED_SIGNING,
            Curve::P521 => &lc::ECDSA_P521_SHA512_FIXED_SIGNING,
            Curve::Secp256k1 => &lc::ECDSA_P256K1_SHA256_FIXED_SIGNING,
        };
        let pair = lc::EcdsaKeyPair::from_private_key_der(algorithm, der).map_err(rejected)?;
        Ok(PrivateKey::Ec(curve, Box::new(pair)))
    }

    pub(super) fn ed25519(der: &[u8]) -> Result<PrivateKey, KeyError> {
        let pair = lc::Ed25519KeyPair::from_pkcs8(der).map_err(rejected)?;
        Ok(PrivateKey::Ed25519(Box::new(pair)))
    }

    /// The public half: an RSAPublicKey, a point, or the 32 octets of an Ed25519 key.
    pub(super) fn public(&self) -> &[u8] {
        match self {
            PrivateKey::Rsa(pair) => pair.public_key().as_ref(),
            PrivateKey::Ec(_, pair) => pair.public_key().as_ref(),
            PrivateKey::Ed25519(pair) => pair.public_key().as_ref(),
        }
    }
}

/// Signs with PKCS #1 v1.5 padding; none for hashes that AWS-LC does not sign so.
pub(super) fn sign_rsa_pkcs1(
    pair: &rsa::KeyPair,
    hash: DigestAlgorithm,
    message: &[u8],
) -> Option<Result<Vec<u8>, SigningError>> {
    let encoding = match hash {
        DigestAlgorithm::Sha256 => &lc::RSA_PKCS1_SHA256,
        DigestAlgorithm::Sha384 => &lc::RSA_PKCS1_SHA384,
        DigestAlgorithm::Sha512 => &lc::RSA_PKCS1_SHA512,
        _ => return None,
    };
    Some(sign_rsa(pair, encoding, message))
}

/// Signs with PSS padding; none for parameters that AWS-LC does not sign with.
pub(super) fn sign_rsa_pss(
    pair: &rsa::KeyPair,
    pss: &PssParameters,
    message: &[u8],
) -> Option<Result<Vec<u8>, SigningError>> {
    let encoding = match pss.hash() {
        _ if !pss.is_fixed() => return None,
        DigestAlgorithm::Sha256 => &lc::RSA_PSS_SHA256,
        DigestAlgorithm::Sha384 => &lc::RSA_PSS_SHA384,
        DigestAlgorithm::Sha512 => &lc::RSA_PSS_SHA512,
        _ => return None,
    };
    Some(sign_rsa(pair, encoding, message))
}

fn sign_rsa(
    pair: &rsa::KeyPair,
    encoding: &'static dyn lc::RsaEncoding,
    message: &[u8],
) -> Result<Vec<u8>, SigningError> {
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(encoding, &SystemRandom::new(), message, &mut signature)
        .map_err(|_| SigningError::Failed("RSA".to_owned()))?;
    Ok(signature)
}

/// r and s side by side.
pub(super) fn sign_ecdsa(
    curve: Curve,
    pair: &lc::EcdsaKeyPair,
    digest: DigestValue,
) -> Result<Vec<u8>, SigningError> {
    let signature = pair
        .sign_digest(&fit(curve, digest))
        .map_err(|_| SigningError::Failed("ECDSA".to_owned()))?;
    Ok(signature.as_ref().to_vec())
}

pub(super) fn sign_ed25519(
    pair: &lc::Ed25519KeyPair,
    message: &[u8],
) -> Result<Vec<u8>, SigningError> {
    let signature =
        pair.try_sign(message).map_err(|_| SigningError::Failed("Ed25519".to_owned()))?;
    Ok(signature.as_ref().to_vec())
}

fn rejected(error: aws_lc_rs::error::KeyRejected) -> KeyError {
    KeyError::Malformed(format!("the crypto library says {error}"))
}
