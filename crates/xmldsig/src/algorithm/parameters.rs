//! What an algorithm's element may say besides its name.

use super::{AlgorithmError, DigestAlgorithm, MAX_RSA_BITS, SignatureAlgorithm};

/// Bits of the shortest HMAC that can be allowed at all.
pub const MIN_HMAC_BITS: usize = 40;
/// Octets of the longest PSS salt: the longest that a modulus has room for.
pub const MAX_SALT: usize = MAX_RSA_BITS / 8;

/// Parameters of RSA-PSS (RFC 8017, section 8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PssParameters {
    hash: DigestAlgorithm,
    mask_hash: DigestAlgorithm,
    salt_length: usize,
}

/// Parameters of an HMAC (W3C XML Signature 1.1, section 6.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HmacParameters {
    hash: DigestAlgorithm,
    output_bits: usize,
}

impl PssParameters {
    /// Parameters as they stand in a document; what is left out has its default (RFC 9231, section 2.3.9): SHA-256, a
    /// mask by MGF1 with the same hash, a salt as long as the hash, the trailer 1. (The standard leaves open whose hash
    /// makes a mask that is not told; Java's implementations, which leave it out when it is the same, decided it.)
    ///
    /// # Errors
    /// For another trailer, or a salt that no key has room for.
    pub fn new(
        hash: Option<DigestAlgorithm>,
        mask_hash: Option<DigestAlgorithm>,
        salt_length: Option<usize>,
        trailer: Option<u64>,
    ) -> Result<PssParameters, AlgorithmError> {
        let hash = hash.unwrap_or(DigestAlgorithm::Sha256);
        let mask_hash = mask_hash.unwrap_or(hash);
        let salt_length = salt_length.unwrap_or_else(|| hash.length());
        if trailer.is_some_and(|trailer| trailer != 1) {
            return Err(AlgorithmError::Parameters("RSA-PSS has no trailer but 1".to_owned()));
        }
        if salt_length > MAX_SALT {
            return Err(AlgorithmError::Parameters(format!(
                "an RSA-PSS salt of {salt_length} octets, more than {MAX_SALT}"
            )));
        }
        Ok(PssParameters { hash, mask_hash, salt_length })
    }

    /// Those of the algorithms that have their parameters in their name (RFC 9231, section 2.3.10).
    pub fn fixed(hash: DigestAlgorithm) -> PssParameters {
        PssParameters { hash, mask_hash: hash, salt_length: hash.length() }
    }

    /// The hash of the signed octets.
    pub fn hash(&self) -> DigestAlgorithm {
        self.hash
    }

    /// The hash that makes the mask. SHA-1 does no harm here.
    pub fn mask_hash(&self) -> DigestAlgorithm {
        self.mask_hash
    }

    /// Octets of the salt.
    pub fn salt_length(&self) -> usize {
        self.salt_length
    }

    /// Whether one of the algorithms with fixed parameters has these.
    pub fn is_fixed(&self) -> bool {
        *self == PssParameters::fixed(self.hash)
    }
}

impl Default for PssParameters {
    fn default() -> PssParameters {
        PssParameters::fixed(DigestAlgorithm::Sha256)
    }
}

impl HmacParameters {
    /// An HMAC in its whole length.
    ///
    /// # Errors
    /// For the SHA-3 hashes, with which XML signatures have no HMAC.
    pub fn new(hash: DigestAlgorithm) -> Result<HmacParameters, AlgorithmError> {
        let whole = HmacParameters::whole(hash);
        if SignatureAlgorithm::Hmac(whole).uri().is_none() {
            return Err(AlgorithmError::Unsupported("HMAC with SHA-3"));
        }
        Ok(whole)
    }

    pub(super) fn whole(hash: DigestAlgorithm) -> HmacParameters {
        HmacParameters { hash, output_bits: hash.length() * 8 }
    }

    /// The same, cut to so many bits. Whether that is enough is for [`Allowed`](super::Allowed) to say.
    ///
    /// # Errors
    /// When it is no multiple of 8, nothing, or more than there is.
    pub fn with_output_bits(self, bits: usize) -> Result<HmacParameters, AlgorithmError> {
        let most = self.hash.length() * 8;
        if bits == 0 || bits > most || !bits.is_multiple_of(8) {
            return Err(AlgorithmError::Parameters(format!(
                "an HMAC with {} of {bits} bits: there are 8 to {most}, in steps of 8",
                self.hash
            )));
        }
        Ok(HmacParameters { output_bits: bits, ..self })
    }

    /// The hash.
    pub fn hash(self) -> DigestAlgorithm {
        self.hash
    }

    /// Bits of the output.
    pub fn output_bits(self) -> usize {
        self.output_bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::RSA_PSS_URI;
    use DigestAlgorithm::{Sha1, Sha256, Sha512};

    #[test]
    fn parameters_of_pss_have_their_defaults() {
        let default = PssParameters::new(None, None, None, None).unwrap();
        assert_eq!(default, PssParameters::fixed(Sha256));
        assert_eq!(
            SignatureAlgorithm::from_uri(RSA_PSS_URI),
            Ok(SignatureAlgorithm::RsaPss(default))
        );
        let other = PssParameters::new(Some(Sha512), None, None, Some(1)).unwrap();
        assert_eq!(other, PssParameters::fixed(Sha512));
        let other = PssParameters::new(Some(Sha512), Some(Sha256), None, Some(1)).unwrap();
        assert_eq!((other.mask_hash(), other.salt_length()), (Sha256, 64));
        let algorithm = SignatureAlgorithm::RsaPss(other);
        assert_eq!(algorithm.uri(), Some(RSA_PSS_URI));
        assert_eq!(algorithm.to_string(), "RSA-PSS with SHA-512, a mask by SHA-256");
        assert!(PssParameters::new(None, None, None, Some(2)).is_err());
        assert!(PssParameters::new(None, None, Some(MAX_SALT + 1), None).is_err());
    }

    #[test]
    fn output_lengths_are_whole_octets_of_what_there_is() {
        let hmac = SignatureAlgorithm::Hmac(HmacParameters::new(Sha1).unwrap());
        for bits in [0, 4, 81, 161, 168, usize::MAX] {
            assert!(
                matches!(hmac.with_output_bits(bits), Err(AlgorithmError::Parameters(_))),
                "{bits}"
            );
        }
        assert_eq!(hmac.with_output_bits(160), Ok(hmac));
        let cut = hmac.with_output_bits(96).unwrap();
        assert_eq!(cut.uri(), hmac.uri());
        assert!(SignatureAlgorithm::Ed25519.with_output_bits(160).is_err());
        assert!(HmacParameters::new(DigestAlgorithm::Sha3_256).is_err());
    }
}
