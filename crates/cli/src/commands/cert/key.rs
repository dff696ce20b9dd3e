//! Private keys: made, read, and compared with certificates.

use super::{facts::KeyFacts, input, passphrase::Passphrase};
use crate::{args::cert::Algorithm, exit::Failure};
use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING,
        ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    },
};
use rcgen::{
    KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, PublicKeyData as _,
    RsaKeySize,
};
use std::path::Path;
use x509_parser::{asn1_rs::FromDer as _, x509::SubjectPublicKeyInfo};
use zeroize::Zeroizing;

/// The only keys that are worked with.
const KINDS: &str = "RSA from 2048 to 8192 bits, ECDSA on P-256, P-384 or P-521, and Ed25519";

/// Makes a key.
///
/// # Errors
/// When the library cannot.
pub fn generate(algorithm: Algorithm) -> Result<KeyPair, Failure> {
    let rsa = |size| KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, size);
    let made = match algorithm {
        Algorithm::EcdsaP256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
        Algorithm::EcdsaP384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384),
        // Version 1 of PKCS#8, without the public key: not everybody reads version 2 (RFC 5958).
        Algorithm::Ed25519 => Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new())
            .map_err(|_| rcgen::Error::KeyGenerationUnavailable)
            .and_then(|pkcs8| KeyPair::try_from(pkcs8.as_ref())),
        Algorithm::Rsa2048 => rsa(RsaKeySize::_2048),
        Algorithm::Rsa3072 => rsa(RsaKeySize::_3072),
        Algorithm::Rsa4096 => rsa(RsaKeySize::_4096),
    };
    made.map_err(|error| Failure::input(format!("no key could be made: {error}")))
}

/// The first private key of a file.
///
/// # Errors
/// When there is none of a kind that is worked with.
pub fn read(file: &Path, passphrase: &Passphrase) -> Result<KeyPair, Failure> {
    let der = input::read_key(file, passphrase)?;
    parse(&der).ok_or_else(|| {
        input::InputError::new(file, format!("holds no private key that can be used: {KINDS} are"))
            .into()
    })
}

/// A private key as PKCS#8, PKCS#1 or SEC 1.
pub fn parse(der: &[u8]) -> Option<KeyPair> {
    KeyPair::try_from(der).ok()
}

/// The first public key of a file.
///
/// # Errors
/// When there is none of a kind that is worked with.
pub fn read_public(file: &Path) -> Result<rcgen::SubjectPublicKeyInfo, Failure> {
    public(&input::read_public_key(file)?)
        .map_err(|fault| input::InputError::new(file, fault).into())
}

/// A public key out of its SubjectPublicKeyInfo.
///
/// # Errors
/// When it is none of the kinds that are worked with; the message says so.
pub fn public(der: &[u8]) -> Result<rcgen::SubjectPublicKeyInfo, String> {
    rcgen::SubjectPublicKeyInfo::from_der(der)
        .map_err(|_| format!("the public key is of none of the kinds that can be used: {KINDS}"))
}

/// A key as PKCS#8 (RFC 5208), whatever it was read from.
///
/// # Errors
/// When the library cannot.
pub fn pkcs8(key: &KeyPair) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let der = key.serialized_der();
    let ecdsa = |algorithm| {
        EcdsaKeyPair::from_private_key_der(algorithm, der)
            .ok()?
            .to_pkcs8v1()
            .ok()
            .map(|made| made.as_ref().to_vec())
    };
    let made = if pkcs8::PrivateKeyInfoRef::try_from(der).is_ok() {
        Some(der.to_vec())
    } else if let Ok(pair) = rsa::KeyPair::from_der(der) {
        AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).ok().map(|made| made.as_ref().to_vec())
    } else {
        ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING)
            .or_else(|| ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING))
            .or_else(|| ecdsa(&ECDSA_P521_SHA512_ASN1_SIGNING))
    };
    made.map(Zeroizing::new).ok_or_else(|| Failure::input("the key cannot be written as PKCS#8"))
}

/// Whether the private key belongs to the public one.
pub fn fits(key: &KeyPair, public: &SubjectPublicKeyInfo<'_>) -> bool {
    public_info(key, |own| {
        own.algorithm == public.algorithm && own.subject_public_key == public.subject_public_key
    })
    .unwrap_or(false)
}

/// What the public half of a key is.
pub fn facts(key: &KeyPair) -> Option<KeyFacts> {
    public_info(key, KeyFacts::new)
}

fn public_info<T>(key: &KeyPair, look: impl FnOnce(&SubjectPublicKeyInfo<'_>) -> T) -> Option<T> {
    let der = key.subject_public_key_info();
    SubjectPublicKeyInfo::from_der(&der).ok().map(|(_, info)| look(&info))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_made_and_known_again() {
        for (algorithm, name) in [
            (Algorithm::EcdsaP256, "ecdsa-p256"),
            (Algorithm::EcdsaP384, "ecdsa-p384"),
            (Algorithm::Ed25519, "ed25519"),
            (Algorithm::Rsa2048, "rsa-2048"),
        ] {
            let key = generate(algorithm).unwrap();
            assert_eq!(facts(&key).unwrap().algorithm, name);
            let again = parse(&pkcs8(&key).unwrap()).unwrap();
            let der = key.subject_public_key_info();
            let (_, public) = SubjectPublicKeyInfo::from_der(&der).unwrap();
            assert!(fits(&again, &public));
            assert!(!fits(&generate(algorithm).unwrap(), &public));
            assert!(super::public(&der).is_ok());
        }
    }
}
