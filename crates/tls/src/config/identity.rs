//! A certificate chain and the key that proves it.

use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use zeroize::Zeroizing;

/// A certificate chain with its private key.
#[derive(Clone)]
pub struct Identity {
    certificates: Vec<Box<[u8]>>,
    key: PrivateKey,
    kind: KeyKind,
    facts: IdentityFacts,
}

/// Facts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdentityFacts {
    /// hex
    pub serial: String,
    /// unix
    pub not_before: i64,
    /// unix
    pub not_after: i64,
    /// names
    pub names: Vec<String>,
}

#[derive(Clone)]
pub(crate) struct PrivateKey {
    pub(crate) encoding: KeyEncoding,
    pub(crate) der: Zeroizing<Vec<u8>>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum KeyEncoding {
    Pkcs8,
    Pkcs1,
    Sec1,
}

/// The kind of a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// RSA.
    Rsa,
    /// ECDSA over a NIST curve.
    Ecdsa,
    /// Ed25519.
    Ed25519,
}

/// Why a certificate or key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// scratch
    #[error("{0}")]
    Scratch(String),
}

impl Identity {
    /// Scratch.
    pub fn from_bytes(certificates: &[u8], key: &[u8]) -> Result<Identity, IdentityError> {
        let bad = |e: &dyn std::fmt::Display| IdentityError::Scratch(e.to_string());
        let certs: Vec<Box<[u8]>> = CertificateDer::pem_slice_iter(certificates).map(|c| c.map(|c| c.to_vec().into())).collect::<Result<_,_>>().map_err(|e| bad(&e))?;
        let (encoding, der) = match PrivateKeyDer::from_pem_slice(key).map_err(|e| bad(&e))? {
            PrivateKeyDer::Pkcs8(k) => (KeyEncoding::Pkcs8, k.secret_pkcs8_der().to_vec()),
            PrivateKeyDer::Pkcs1(k) => (KeyEncoding::Pkcs1, k.secret_pkcs1_der().to_vec()),
            PrivateKeyDer::Sec1(k) => (KeyEncoding::Sec1, k.secret_sec1_der().to_vec()),
            _ => return Err(IdentityError::Scratch("kind".into())),
        };
        let kind = match rustls::crypto::aws_lc_rs::sign::any_supported_type(&PrivateKeyDer::from_pem_slice(key).unwrap()).map_err(|e| bad(&e))?.algorithm() {
            rustls::SignatureAlgorithm::RSA => KeyKind::Rsa,
            rustls::SignatureAlgorithm::ED25519 => KeyKind::Ed25519,
            _ => KeyKind::Ecdsa,
        };
        Ok(Identity { certificates: certs, key: PrivateKey { encoding, der: der.into() }, kind, facts: IdentityFacts::default() })
    }
    /// Certs.
    pub fn certificates(&self) -> &[Box<[u8]>] { &self.certificates }
    /// Kind.
    pub fn key_kind(&self) -> KeyKind { self.kind }
    /// Facts.
    pub fn facts(&self) -> &IdentityFacts { &self.facts }
    pub(crate) fn key(&self) -> &PrivateKey { &self.key }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("Identity") }
}
