//! OCSP requests (RFC 6960, section 4.1).

use crate::{
    Certificate,
    certificate::PublicKey,
    der::{Oid, tag},
    name::{DistinguishedName, wrap},
    oid,
    signature::Hash,
};

/// Bytes of the longest nonce (RFC 9654, section 2.1). 32 are recommended.
pub const MAX_NONCE: usize = 128;

/// The hash function by which a request names the certificate's issuer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CertIdHash {
    /// Understood everywhere (RFC 5019, section 2.1.1). It identifies, it does not protect.
    #[default]
    Sha1,
    /// Understood by newer responders (RFC 6960, section 4.3).
    Sha256,
}

/// The request to tell the status of `certificate`, to be sent with the media type `application/ocsp-request`. The issuer
/// is named by SHA-1, as all responders expect.
///
/// A nonce binds the answer to the request, where the responder supports that; take 32 random bytes. What is beyond 128
/// bytes of it is not sent.
///
/// ```
/// use ravelin_trust::{Certificate, revocation};
/// # let key = rcgen::KeyPair::generate()?;
/// # let der = rcgen::CertificateParams::new(["a.example".to_owned()])?.self_signed(&key)?.der().to_vec();
///
/// let certificate = Certificate::parse(&der[..])?;
/// let request =
///     revocation::request(&certificate, &certificate.issuer(), &certificate.public_key()?, None);
/// assert_eq!(request[0], 0x30);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn request(
    certificate: &Certificate<'_>,
    issuer_name: &DistinguishedName<'_>,
    issuer_key: &PublicKey<'_>,
    nonce: Option<&[u8]>,
) -> Vec<u8> {
    request_with(CertIdHash::Sha1, certificate, issuer_name, issuer_key, nonce)
}

/// As [`request`], with a choice of the hash function.
pub fn request_with(
    hash: CertIdHash,
    certificate: &Certificate<'_>,
    issuer_name: &DistinguishedName<'_>,
    issuer_key: &PublicKey<'_>,
    nonce: Option<&[u8]>,
) -> Vec<u8> {
    let (hash, algorithm) = match hash {
        CertIdHash::Sha1 => (Hash::Sha1, oid::SHA1),
        CertIdHash::Sha256 => (Hash::Sha256, oid::SHA256),
    };
    let digest = |bytes| {
        let digest = hash.digest(bytes);
        wrapped(tag::OCTET_STRING, digest.as_ref().map(AsRef::as_ref).unwrap_or_default())
    };
    let id = sequence(&[
        &sequence(&[&encoded(algorithm), &[tag::NULL, 0]]),
        &digest(issuer_name.der()),
        &digest(issuer_key.key),
        &wrapped(tag::INTEGER, certificate.serial().0),
    ]);
    let list = sequence(&[&sequence(&[&id])]);
    let extensions = nonce.map(|nonce| {
        let nonce = &nonce[..nonce.len().min(MAX_NONCE)];
        let value = wrapped(tag::OCTET_STRING, &wrapped(tag::OCTET_STRING, nonce));
        let extension = sequence(&[&encoded(oid::OCSP_NONCE), &value]);
        wrapped(tag::constructed(2), &sequence(&[&extension]))
    });
    sequence(&[&sequence(&[&list, &extensions.unwrap_or_default()])])
}

fn encoded(oid: Oid<'_>) -> Vec<u8> {
    wrapped(tag::OID, oid.0)
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    wrapped(tag::SEQUENCE, &parts.concat())
}

fn wrapped(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 4);
    wrap(tag, content, &mut out);
    out
}
