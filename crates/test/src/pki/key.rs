//! Keys that sign certificates, and the ways they do.

use super::encode::{bit_string, concat, digits, integer, oid, sequence, tagged, value};
use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{self as lc, KeyPair},
};
use std::fmt;

/// A kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the standards'")]
pub enum KeyKind {
    P256,
    P384,
    P521,
    Rsa2048,
    Rsa3072,
    Ed25519,
    MlDsa44,
    MlDsa65,
    MlDsa87,
}

/// A hash function of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the standard's")]
pub enum Digest {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    /// The hash as an AlgorithmIdentifier (RFC 4055, section 2.1), with parameters of NULL.
    pub fn algorithm(self) -> Vec<u8> {
        let dotted = match self {
            Digest::Sha1 => "1.3.14.3.2.26",
            Digest::Sha256 => "2.16.840.1.101.3.4.2.1",
            Digest::Sha384 => "2.16.840.1.101.3.4.2.2",
            Digest::Sha512 => "2.16.840.1.101.3.4.2.3",
        };
        sequence([oid(dotted), vec![5, 0]])
    }

    /// Bytes of a digest.
    pub fn length(self) -> u64 {
        match self {
            Digest::Sha1 => 20,
            Digest::Sha256 => 32,
            Digest::Sha384 => 48,
            Digest::Sha512 => 64,
        }
    }
}

/// How a certificate is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the standards'")]
pub enum Signing {
    RsaPkcs1(Digest),
    RsaPss(Digest),
    Ecdsa(Digest),
    Ed25519,
    MlDsa44,
    MlDsa65,
    MlDsa87,
}

impl Signing {
    /// The AlgorithmIdentifier that a certificate names it by.
    pub fn algorithm(self) -> Vec<u8> {
        let rsa = |last: u64| sequence([oid(&format!("1.2.840.113549.1.1.{last}")), vec![5, 0]]);
        let ecdsa = |last: &str| sequence([oid(&format!("1.2.840.10045.4.{last}"))]);
        match self {
            Signing::RsaPkcs1(Digest::Sha1) => rsa(5),
            Signing::RsaPkcs1(Digest::Sha256) => rsa(11),
            Signing::RsaPkcs1(Digest::Sha384) => rsa(12),
            Signing::RsaPkcs1(Digest::Sha512) => rsa(13),
            Signing::RsaPss(digest) => pss(digest, digest, digest.length()),
            Signing::Ecdsa(Digest::Sha1) => ecdsa("1"),
            Signing::Ecdsa(Digest::Sha256) => ecdsa("3.2"),
            Signing::Ecdsa(Digest::Sha384) => ecdsa("3.3"),
            Signing::Ecdsa(Digest::Sha512) => ecdsa("3.4"),
            Signing::Ed25519 => sequence([oid("1.3.101.112")]),
            Signing::MlDsa44 => sequence([oid("2.16.840.1.101.3.4.3.17")]),
            Signing::MlDsa65 => sequence([oid("2.16.840.1.101.3.4.3.18")]),
            Signing::MlDsa87 => sequence([oid("2.16.840.1.101.3.4.3.19")]),
        }
    }
}

/// The AlgorithmIdentifier of RSA-PSS with these parameters (RFC 4055, section 3.1), whether they go together or not.
pub fn pss(hash: Digest, mask: Digest, salt: u64) -> Vec<u8> {
    let mask = sequence([oid("1.2.840.113549.1.1.8"), mask.algorithm()]);
    let parameters = [tagged(0, &hash.algorithm()), tagged(1, &mask), tagged(2, &integer(salt))];
    sequence([oid("1.2.840.113549.1.1.10"), sequence(parameters)])
}

enum Pair {
    /// The curve's own key pair, and the key itself for other hashes.
    Ec(Vec<u8>),
    Rsa(lc::RsaKeyPair),
    Ed25519(lc::Ed25519KeyPair),
    MlDsa(lc::PqdsaKeyPair),
}

/// A key that signs.
pub struct SigningKey {
    kind: KeyKind,
    pair: Pair,
    info: Vec<u8>,
    pkcs8: Vec<u8>,
}

impl SigningKey {
    /// A new key.
    ///
    /// # Panics
    /// When the crypto library cannot make one.
    pub fn generate(kind: KeyKind) -> SigningKey {
        let made = "a key of a supported kind can be made";
        let ec = |algorithm, curve: &str| {
            let pair = lc::EcdsaKeyPair::generate(algorithm).expect(made);
            let pkcs8 = pair.to_pkcs8v1().expect(made).as_ref().to_vec();
            let info = info(&[oid("1.2.840.10045.2.1"), oid(curve)], pair.public_key().as_ref());
            (Pair::Ec(pkcs8.clone()), info, pkcs8)
        };
        let rsa = |size| {
            let pair = lc::RsaKeyPair::generate(size).expect(made);
            let pkcs8 = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).expect(made).as_ref().to_vec();
            let algorithm = [oid("1.2.840.113549.1.1.1"), vec![5, 0]];
            let info = info(&algorithm, pair.public_key().as_ref());
            (Pair::Rsa(pair), info, pkcs8)
        };
        let ml_dsa = |algorithm, last: u64| {
            let pair = lc::PqdsaKeyPair::generate(algorithm).expect(made);
            let pkcs8 = pair.to_pkcs8v1().expect(made).as_ref().to_vec();
            let dotted = format!("2.16.840.1.101.3.4.3.{last}");
            let info = info(&[oid(&dotted)], pair.public_key().as_ref());
            (Pair::MlDsa(pair), info, pkcs8)
        };
        let (pair, info, pkcs8) = match kind {
            KeyKind::P256 => ec(&lc::ECDSA_P256_SHA256_ASN1_SIGNING, "1.2.840.10045.3.1.7"),
            KeyKind::P384 => ec(&lc::ECDSA_P384_SHA384_ASN1_SIGNING, "1.3.132.0.34"),
            KeyKind::P521 => ec(&lc::ECDSA_P521_SHA512_ASN1_SIGNING, "1.3.132.0.35"),
            KeyKind::Rsa2048 => rsa(KeySize::Rsa2048),
            KeyKind::Rsa3072 => rsa(KeySize::Rsa3072),
            KeyKind::Ed25519 => {
                let pair = lc::Ed25519KeyPair::generate().expect(made);
                let pkcs8 = pair.to_pkcs8v1().expect(made).as_ref().to_vec();
                let info = info(&[oid("1.3.101.112")], pair.public_key().as_ref());
                (Pair::Ed25519(pair), info, pkcs8)
            }
            KeyKind::MlDsa44 => ml_dsa(&lc::ML_DSA_44_SIGNING, 17),
            KeyKind::MlDsa65 => ml_dsa(&lc::ML_DSA_65_SIGNING, 18),
            KeyKind::MlDsa87 => ml_dsa(&lc::ML_DSA_87_SIGNING, 19),
        };
        SigningKey { kind, pair, info, pkcs8 }
    }

    /// The Ed25519 key of a seed (RFC 8032, section 5.1.5): the same each time.
    ///
    /// # Panics
    /// When the crypto library fails.
    pub fn of_seed(seed: &[u8; 32]) -> SigningKey {
        let made = "every seed makes a key";
        let pair = lc::Ed25519KeyPair::from_seed_unchecked(seed).expect(made);
        let pkcs8 = pair.to_pkcs8v1().expect(made).as_ref().to_vec();
        let info = info(&[oid("1.3.101.112")], pair.public_key().as_ref());
        SigningKey { kind: KeyKind::Ed25519, pair: Pair::Ed25519(pair), info, pkcs8 }
    }

    /// Its kind.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Its public half as SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7).
    pub fn info(&self) -> &[u8] {
        &self.info
    }

    /// The key as PKCS #8.
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// Twenty bytes that stand for the key (RFC 7093, section 2, method 1).
    pub fn identifier(&self) -> Vec<u8> {
        aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &self.info).as_ref()[..20].to_vec()
    }

    /// The usual way to sign with it.
    pub fn signing(&self) -> Signing {
        match self.kind {
            KeyKind::P256 => Signing::Ecdsa(Digest::Sha256),
            KeyKind::P384 => Signing::Ecdsa(Digest::Sha384),
            KeyKind::P521 => Signing::Ecdsa(Digest::Sha512),
            KeyKind::Rsa2048 | KeyKind::Rsa3072 => Signing::RsaPkcs1(Digest::Sha256),
            KeyKind::Ed25519 => Signing::Ed25519,
            KeyKind::MlDsa44 => Signing::MlDsa44,
            KeyKind::MlDsa65 => Signing::MlDsa65,
            KeyKind::MlDsa87 => Signing::MlDsa87,
        }
    }

    /// Signs. None where the crypto library refuses to sign this way with this key.
    ///
    /// # Panics
    /// When the crypto library fails.
    pub fn sign(&self, signing: Signing, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ec(pkcs8) => {
                let algorithm = match (self.kind, signing) {
                    (KeyKind::P256, Signing::Ecdsa(Digest::Sha256)) => {
                        &lc::ECDSA_P256_SHA256_ASN1_SIGNING
                    }
                    (KeyKind::P384, Signing::Ecdsa(Digest::Sha384)) => {
                        &lc::ECDSA_P384_SHA384_ASN1_SIGNING
                    }
                    (KeyKind::P521, Signing::Ecdsa(Digest::Sha256)) => {
                        &lc::ECDSA_P521_SHA256_ASN1_SIGNING
                    }
                    (KeyKind::P521, Signing::Ecdsa(Digest::Sha384)) => {
                        &lc::ECDSA_P521_SHA384_ASN1_SIGNING
                    }
                    (KeyKind::P521, Signing::Ecdsa(Digest::Sha512)) => {
                        &lc::ECDSA_P521_SHA512_ASN1_SIGNING
                    }
                    _ => return None,
                };
                let pair = lc::EcdsaKeyPair::from_pkcs8(algorithm, pkcs8).expect("its own key");
                Some(pair.sign(&random, message).expect("a signature").as_ref().to_vec())
            }
            Pair::Rsa(pair) => {
                let padding: &'static dyn lc::RsaEncoding = match signing {
                    Signing::RsaPkcs1(Digest::Sha256) => &lc::RSA_PKCS1_SHA256,
                    Signing::RsaPkcs1(Digest::Sha384) => &lc::RSA_PKCS1_SHA384,
                    Signing::RsaPkcs1(Digest::Sha512) => &lc::RSA_PKCS1_SHA512,
                    Signing::RsaPss(Digest::Sha256) => &lc::RSA_PSS_SHA256,
                    Signing::RsaPss(Digest::Sha384) => &lc::RSA_PSS_SHA384,
                    Signing::RsaPss(Digest::Sha512) => &lc::RSA_PSS_SHA512,
                    _ => return None,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut signature).expect("a signature");
                Some(signature)
            }
            Pair::Ed25519(pair) if signing == Signing::Ed25519 => {
                Some(pair.sign(message).as_ref().to_vec())
            }
            Pair::MlDsa(pair) if signing == self.signing() => {
                let mut signature = vec![0; pair.algorithm().signature_len()];
                let length = pair.sign(message, &mut signature).expect("a signature");
                signature.truncate(length);
                Some(signature)
            }
            _ => None,
        }
    }
}

impl fmt::Debug for SigningKey {
    /// Leaves the key out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// A SubjectPublicKeyInfo.
pub fn info(algorithm: &[Vec<u8>], key: &[u8]) -> Vec<u8> {
    sequence([sequence(algorithm), bit_string(key)])
}

/// The SubjectPublicKeyInfo of an RSA key with any modulus and exponent: nobody has the private half.
pub fn rsa_info(modulus: &[u8], exponent: u64) -> Vec<u8> {
    let modulus = value(0x02, &concat([&[0][..], modulus]));
    let key = sequence([modulus, value(0x02, &digits(exponent))]);
    info(&[oid("1.2.840.113549.1.1.1"), vec![5, 0]], &key)
}
