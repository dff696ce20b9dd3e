//! Digest algorithms and digests.

use super::{AlgorithmError, backend, unsupported};
use std::fmt;

/// Octets of the longest digest.
const MAX_LENGTH: usize = 64;

/// A digest algorithm (W3C XML Signature 1.1, section 6.2; RFC 9231, section 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are the standards'")]
pub enum DigestAlgorithm {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha3_224,
    Sha3_256,
    Sha3_384,
    Sha3_512,
}

impl DigestAlgorithm {
    /// Every algorithm.
    pub const ALL: [DigestAlgorithm; 9] = [
        DigestAlgorithm::Sha1,
        DigestAlgorithm::Sha224,
        DigestAlgorithm::Sha256,
        DigestAlgorithm::Sha384,
        DigestAlgorithm::Sha512,
        DigestAlgorithm::Sha3_224,
        DigestAlgorithm::Sha3_256,
        DigestAlgorithm::Sha3_384,
        DigestAlgorithm::Sha3_512,
    ];

    /// The algorithm that a `DigestMethod` names.
    ///
    /// # Errors
    /// [`AlgorithmError::Unsupported`] for MD5, RIPEMD-160 and others that are known, else [`AlgorithmError::Unknown`].
    pub fn from_uri(uri: &str) -> Result<DigestAlgorithm, AlgorithmError> {
        DigestAlgorithm::ALL
            .into_iter()
            .find(|algorithm| algorithm.uri() == uri)
            .ok_or_else(|| unsupported::digest(uri))
    }

    /// Its URI.
    pub fn uri(self) -> &'static str {
        match self {
            DigestAlgorithm::Sha1 => "http://www.w3.org/2000/09/xmldsig#sha1",
            DigestAlgorithm::Sha224 => "http://www.w3.org/2001/04/xmldsig-more#sha224",
            DigestAlgorithm::Sha256 => "http://www.w3.org/2001/04/xmlenc#sha256",
            DigestAlgorithm::Sha384 => "http://www.w3.org/2001/04/xmldsig-more#sha384",
            DigestAlgorithm::Sha512 => "http://www.w3.org/2001/04/xmlenc#sha512",
            DigestAlgorithm::Sha3_224 => "http://www.w3.org/2007/05/xmldsig-more#sha3-224",
            DigestAlgorithm::Sha3_256 => "http://www.w3.org/2007/05/xmldsig-more#sha3-256",
            DigestAlgorithm::Sha3_384 => "http://www.w3.org/2007/05/xmldsig-more#sha3-384",
            DigestAlgorithm::Sha3_512 => "http://www.w3.org/2007/05/xmldsig-more#sha3-512",
        }
    }

    /// Octets of a digest.
    pub fn length(self) -> usize {
        match self {
            DigestAlgorithm::Sha1 => 20,
            DigestAlgorithm::Sha224 | DigestAlgorithm::Sha3_224 => 28,
            DigestAlgorithm::Sha256 | DigestAlgorithm::Sha3_256 => 32,
            DigestAlgorithm::Sha384 | DigestAlgorithm::Sha3_384 => 48,
            DigestAlgorithm::Sha512 | DigestAlgorithm::Sha3_512 => 64,
        }
    }

    /// Whether collisions can be made: a signature over such a digest does not bind its signer.
    pub fn is_weak(self) -> bool {
        self == DigestAlgorithm::Sha1
    }

    /// The digest of `octets`.
    pub fn digest(self, octets: &[u8]) -> DigestValue {
        let mut digest = Digest::new(self);
        digest.update(octets);
        digest.finish()
    }
}

impl fmt::Display for DigestAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DigestAlgorithm::Sha1 => "SHA-1",
            DigestAlgorithm::Sha224 => "SHA-224",
            DigestAlgorithm::Sha256 => "SHA-256",
            DigestAlgorithm::Sha384 => "SHA-384",
            DigestAlgorithm::Sha512 => "SHA-512",
            DigestAlgorithm::Sha3_224 => "SHA3-224",
            DigestAlgorithm::Sha3_256 => "SHA3-256",
            DigestAlgorithm::Sha3_384 => "SHA3-384",
            DigestAlgorithm::Sha3_512 => "SHA3-512",
        })
    }
}

/// A digest that grows.
///
/// ```
/// use ravelin_xmldsig::algorithm::{Digest, DigestAlgorithm};
///
/// let mut digest = Digest::new(DigestAlgorithm::Sha256);
/// digest.update(b"<a>");
/// digest.update(b"</a>");
/// assert_eq!(digest.finish(), DigestAlgorithm::Sha256.digest(b"<a></a>"));
/// ```
#[derive(Clone, Debug)]
pub struct Digest(backend::Digest);

impl Digest {
    /// An empty one.
    pub fn new(algorithm: DigestAlgorithm) -> Digest {
        Digest(backend::Digest::new(algorithm))
    }

    /// Takes more octets in.
    #[inline]
    pub fn update(&mut self, octets: &[u8]) {
        self.0.update(octets);
    }

    /// The digest of all that was taken in.
    pub fn finish(self) -> DigestValue {
        self.0.finish()
    }
}

/// The octets of a digest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DigestValue {
    octets: [u8; MAX_LENGTH],
    length: usize,
}

impl DigestValue {
    pub(super) fn of(value: &[u8]) -> DigestValue {
        let mut octets = [0; MAX_LENGTH];
        octets[..value.len()].copy_from_slice(value);
        DigestValue { octets, length: value.len() }
    }
}

impl AsRef<[u8]> for DigestValue {
    fn as_ref(&self) -> &[u8] {
        &self.octets[..self.length]
    }
}

impl fmt::Debug for DigestValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestValue(")?;
        self.as_ref().iter().try_for_each(|octet| write!(f, "{octet:02x}"))?;
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_uri_leads_back_to_its_algorithm() {
        for algorithm in DigestAlgorithm::ALL {
            assert_eq!(DigestAlgorithm::from_uri(algorithm.uri()), Ok(algorithm));
        }
    }

    #[test]
    fn digests_have_their_length_however_the_octets_come() {
        let octets: Vec<u8> = (0..=255).cycle().take(5000).collect();
        for algorithm in DigestAlgorithm::ALL {
            let whole = algorithm.digest(&octets);
            assert_eq!(whole.as_ref().len(), algorithm.length());
            for size in [1, 7, 136, 4096] {
                let mut digest = Digest::new(algorithm);
                octets.chunks(size).for_each(|chunk| digest.update(chunk));
                assert_eq!(digest.clone().finish(), whole, "{algorithm} in pieces of {size}");
                digest.update(b"x");
                assert_ne!(digest.finish(), whole);
            }
        }
    }

    #[test]
    fn what_is_not_supported_is_called_by_its_name() {
        let error = DigestAlgorithm::from_uri("http://www.w3.org/2001/04/xmldsig-more#md5");
        assert_eq!(error, Err(AlgorithmError::Unsupported("MD5")));
        let error = DigestAlgorithm::from_uri("http://www.w3.org/2001/04/xmlenc#ripemd160");
        assert_eq!(error.unwrap_err().to_string(), "RIPEMD-160 is not supported");
    }

    #[test]
    fn an_unknown_uri_is_repeated_but_not_without_end() {
        let error = DigestAlgorithm::from_uri("urn:x").unwrap_err();
        assert_eq!(error.to_string(), "there is no digest algorithm `urn:x`");
        let error = DigestAlgorithm::from_uri(&"é".repeat(100_000)).unwrap_err();
        assert!(error.to_string().len() < 500);
    }
}
