//! Signature algorithms, and whether a signature holds.

use super::{
    AlgorithmError, Allowed, DigestAlgorithm, HmacParameters, NotAllowed, PssParameters,
    SignatureError, Switch, VerificationKey, backend,
    key::{Kind, RsaUse},
    rsa, unsupported,
};
use ravelin_trust::signature::{self as trust, DsaKey};
use std::fmt;

/// The URI of RSA-PSS whose parameters stand in the SignatureMethod (RFC 9231, section 2.3.9).
pub const RSA_PSS_URI: &str = "http://www.w3.org/2007/05/xmldsig-more#rsa-pss";

/// A signature algorithm (W3C XML Signature 1.1, sections 6.3 and 6.4; RFC 9231, sections 2.2 and 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// RSA with PKCS #1 v1.5 padding.
    RsaPkcs1(DigestAlgorithm),
    /// RSA with PSS padding.
    RsaPss(PssParameters),
    /// ECDSA, r and s side by side, each as wide as the curve.
    Ecdsa(DigestAlgorithm),
    /// DSA, r and s side by side, each as wide as q.
    Dsa(DigestAlgorithm),
    /// Ed25519.
    Ed25519,
    /// HMAC.
    Hmac(HmacParameters),
}

/// Algorithms without parameters in the document, and their URIs.
fn all() -> impl Iterator<Item = (SignatureAlgorithm, &'static str)> {
    use DigestAlgorithm as D;
    use SignatureAlgorithm as S;
    let hmac = |hash: D| S::Hmac(HmacParameters::whole(hash));
    let pss = |hash| S::RsaPss(PssParameters::fixed(hash));
    [
        (S::RsaPkcs1(D::Sha1), "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        (S::RsaPkcs1(D::Sha224), "http://www.w3.org/2001/04/xmldsig-more#rsa-sha224"),
        (S::RsaPkcs1(D::Sha256), "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"),
        (S::RsaPkcs1(D::Sha384), "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"),
        (S::RsaPkcs1(D::Sha512), "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"),
        (pss(D::Sha1), "http://www.w3.org/2007/05/xmldsig-more#sha1-rsa-MGF1"),
        (pss(D::Sha224), "http://www.w3.org/2007/05/xmldsig-more#sha224-rsa-MGF1"),
        (pss(D::Sha256), "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"),
        (pss(D::Sha384), "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1"),
        (pss(D::Sha512), "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1"),
        (pss(D::Sha3_224), "http://www.w3.org/2007/05/xmldsig-more#sha3-224-rsa-MGF1"),
        (pss(D::Sha3_256), "http://www.w3.org/2007/05/xmldsig-more#sha3-256-rsa-MGF1"),
        (pss(D::Sha3_384), "http://www.w3.org/2007/05/xmldsig-more#sha3-384-rsa-MGF1"),
        (pss(D::Sha3_512), "http://www.w3.org/2007/05/xmldsig-more#sha3-512-rsa-MGF1"),
        (S::Ecdsa(D::Sha1), "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1"),
        (S::Ecdsa(D::Sha224), "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha224"),
        (S::Ecdsa(D::Sha256), "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"),
        (S::Ecdsa(D::Sha384), "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"),
        (S::Ecdsa(D::Sha512), "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"),
        (S::Ecdsa(D::Sha3_224), "http://www.w3.org/2021/04/xmldsig-more#ecdsa-sha3-224"),
        (S::Ecdsa(D::Sha3_256), "http://www.w3.org/2021/04/xmldsig-more#ecdsa-sha3-256"),
        (S::Ecdsa(D::Sha3_384), "http://www.w3.org/2021/04/xmldsig-more#ecdsa-sha3-384"),
        (S::Ecdsa(D::Sha3_512), "http://www.w3.org/2021/04/xmldsig-more#ecdsa-sha3-512"),
        (S::Dsa(D::Sha1), "http://www.w3.org/2000/09/xmldsig#dsa-sha1"),
        (S::Dsa(D::Sha256), "http://www.w3.org/2009/xmldsig11#dsa-sha256"),
        (S::Ed25519, "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519"),
        (hmac(D::Sha1), "http://www.w3.org/2000/09/xmldsig#hmac-sha1"),
        (hmac(D::Sha224), "http://www.w3.org/2001/04/xmldsig-more#hmac-sha224"),
        (hmac(D::Sha256), "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
        (hmac(D::Sha384), "http://www.w3.org/2001/04/xmldsig-more#hmac-sha384"),
        (hmac(D::Sha512), "http://www.w3.org/2001/04/xmldsig-more#hmac-sha512"),
    ]
    .into_iter()
}

impl SignatureAlgorithm {
    /// The algorithm that a `SignatureMethod` names. For [`RSA_PSS_URI`] it has the default parameters; what the element
    /// says otherwise goes into a [`PssParameters`]. What an `HMACOutputLength` says is added by
    /// [`with_output_bits`](SignatureAlgorithm::with_output_bits).
    ///
    /// # Errors
    /// [`AlgorithmError::Unsupported`] for what is known by name, else [`AlgorithmError::Unknown`].
    pub fn from_uri(uri: &str) -> Result<SignatureAlgorithm, AlgorithmError> {
        if uri == RSA_PSS_URI {
            return Ok(SignatureAlgorithm::RsaPss(PssParameters::default()));
        }
        let mut all = all();
        all.find(|(_, own)| *own == uri)
            .map(|(algorithm, _)| algorithm)
            .ok_or_else(|| unsupported::signature(uri))
    }

    /// Its URI; none where nobody gave it one, as for DSA with SHA-512. For PSS with other parameters than those of one
    /// of the fixed algorithms it is [`RSA_PSS_URI`], and they have to be written beside it.
    pub fn uri(self) -> Option<&'static str> {
        let plain = match self {
            SignatureAlgorithm::RsaPss(pss) if !pss.is_fixed() => return Some(RSA_PSS_URI),
            SignatureAlgorithm::Hmac(hmac) => {
                SignatureAlgorithm::Hmac(HmacParameters::whole(hmac.hash()))
            }
            other => other,
        };
        all().find(|(algorithm, _)| *algorithm == plain).map(|(_, uri)| uri)
    }

    /// The same, its output cut to so many bits, as `HMACOutputLength` says.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameters`] when it is no HMAC, or has no such output.
    pub fn with_output_bits(self, bits: usize) -> Result<SignatureAlgorithm, AlgorithmError> {
        match self {
            SignatureAlgorithm::Hmac(hmac) => {
                hmac.with_output_bits(bits).map(SignatureAlgorithm::Hmac)
            }
            other => Err(AlgorithmError::Parameters(format!("{other} has no output length"))),
        }
    }

    /// The hash of the signed octets; none for Ed25519, which has one of its own.
    pub fn hash(self) -> Option<DigestAlgorithm> {
        match self {
            SignatureAlgorithm::RsaPkcs1(hash)
            | SignatureAlgorithm::Ecdsa(hash)
            | SignatureAlgorithm::Dsa(hash) => Some(hash),
            SignatureAlgorithm::RsaPss(pss) => Some(pss.hash()),
            SignatureAlgorithm::Hmac(hmac) => Some(hmac.hash()),
            SignatureAlgorithm::Ed25519 => None,
        }
    }

    /// Whether such signatures by such a key are taken at all. [`verify`](SignatureAlgorithm::verify) asks it too.
    ///
    /// # Errors
    /// Why not; never [`SignatureError::Bad`].
    pub fn check(self, key: &VerificationKey, allowed: &Allowed) -> Result<(), SignatureError> {
        let fits = match (self, &key.0) {
            (SignatureAlgorithm::RsaPkcs1(_), Kind::Rsa(key)) => key.usage == RsaUse::Any,
            (SignatureAlgorithm::RsaPss(pss), Kind::Rsa(key)) => match key.usage {
                RsaUse::Any | RsaUse::Pss => true,
                RsaUse::PssWith(hash) => {
                    pss.hash() == hash
                        && pss.mask_hash() == hash
                        && pss.salt_length() >= hash.length()
                }
            },
            (SignatureAlgorithm::Ecdsa(_), Kind::Ec(..))
            | (SignatureAlgorithm::Dsa(_), Kind::Dsa { .. })
            | (SignatureAlgorithm::Ed25519, Kind::Ed25519(_))
            | (SignatureAlgorithm::Hmac(_), Kind::Secret(_)) => true,
            _ => false,
        };
        if !fits {
            return Err(SignatureError::WrongKey {
                algorithm: self.to_string(),
                key: key.to_string(),
            });
        }
        if let SignatureAlgorithm::Hmac(hmac) = self {
            return Ok(allowed.hmac(hmac)?);
        }
        if let Some(hash) = self.hash() {
            allowed.hash(hash, || self.to_string())?;
        }
        match key.0 {
            Kind::Rsa(_) => allowed.rsa(key.bits())?,
            Kind::Dsa { .. } => allowed.dsa(key.bits())?,
            _ => {}
        }
        Ok(())
    }

    /// What has to be allowed before such signatures by such a key are taken: a report shows it.
    ///
    /// # Errors
    /// When nothing helps.
    pub fn needs(self, key: &VerificationKey) -> Result<Vec<Switch>, SignatureError> {
        let mut allowed = Allowed::default();
        let mut needed = Vec::new();
        loop {
            match self.check(key, &allowed) {
                Ok(()) => return Ok(needed),
                Err(SignatureError::NotAllowed(NotAllowed { switch: Some(switch), .. }))
                    if !needed.contains(&switch) =>
                {
                    allowed = allowed.with(switch);
                    needed.push(switch);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether `signature` is one over `message` by `key`.
    ///
    /// # Errors
    /// Why not: [`SignatureError::Bad`] only when algorithm and key are good and allowed, and the signature is not.
    pub fn verify(
        self,
        key: &VerificationKey,
        message: &[u8],
        signature: &[u8],
        allowed: &Allowed,
    ) -> Result<(), SignatureError> {
        self.check(key, allowed)?;
        let holds = match (self, &key.0) {
            (SignatureAlgorithm::RsaPkcs1(hash), Kind::Rsa(rsa)) => {
                backend::verify_rsa_pkcs1(rsa, key.bits(), hash, message, signature)
                    .unwrap_or_else(|| Ok(rsa::verify_pkcs1(rsa, hash, message, signature)))?
            }
            (SignatureAlgorithm::RsaPss(pss), Kind::Rsa(rsa)) => {
                backend::verify_rsa_pss(rsa, key.bits(), &pss, message, signature)
                    .unwrap_or_else(|| Ok(rsa::verify_pss(rsa, &pss, message, signature)))?
            }
            (SignatureAlgorithm::Ecdsa(hash), Kind::Ec(curve, point)) => {
                backend::verify_ecdsa(*curve, point, hash.digest(message), signature)?
            }
            (SignatureAlgorithm::Dsa(hash), Kind::Dsa { p, q, g, y }) => {
                return verify_dsa(DsaKey { p, q, g, y }, hash, message, signature);
            }
            (SignatureAlgorithm::Ed25519, Kind::Ed25519(point)) => {
                backend::verify_ed25519(point, message, signature)?
            }
            (SignatureAlgorithm::Hmac(hmac), Kind::Secret(secret)) => {
                signature.len() * 8 == hmac.output_bits()
                    && backend::verify_hmac(hmac.hash(), secret, message, signature)
                        .ok_or_else(|| SignatureError::Unsupported(self.to_string()))?
            }
            _ => false,
        };
        if holds { Ok(()) } else { Err(SignatureError::Bad) }
    }
}

/// W3C XML Signature 1.1, section 6.4.1: r and s, each as wide as q.
fn verify_dsa(
    key: DsaKey<'_>,
    hash: DigestAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    if signature.len() != key.q.len() * 2 {
        return Err(SignatureError::Bad);
    }
    let (r, s) = signature.split_at(key.q.len());
    key.verify_digest(hash.digest(message).as_ref(), r, s).map_err(|error| match error {
        trust::SignatureError::Unsupported(what) => SignatureError::Unsupported(what),
        _ => SignatureError::Bad,
    })
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SignatureAlgorithm::RsaPkcs1(hash) => write!(f, "RSA with {hash}"),
            SignatureAlgorithm::RsaPss(pss) => {
                write!(f, "RSA-PSS with {}", pss.hash())?;
                if pss.mask_hash() != pss.hash() {
                    write!(f, ", a mask by {}", pss.mask_hash())?;
                }
                if pss.salt_length() != pss.hash().length() {
                    write!(f, ", a salt of {} octets", pss.salt_length())?;
                }
                Ok(())
            }
            SignatureAlgorithm::Ecdsa(hash) => write!(f, "ECDSA with {hash}"),
            SignatureAlgorithm::Dsa(hash) => write!(f, "DSA with {hash}"),
            SignatureAlgorithm::Ed25519 => f.write_str("Ed25519"),
            SignatureAlgorithm::Hmac(hmac) => {
                write!(f, "HMAC with {}", hmac.hash())?;
                if hmac.output_bits() != hmac.hash().length() * 8 {
                    write!(f, ", cut to {} bits", hmac.output_bits())?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::SigningKey;
    use DigestAlgorithm::{Sha1, Sha256, Sha384};

    const MESSAGE: &[u8] = b"<SignedInfo/>";

    fn hmac(hash: DigestAlgorithm) -> SignatureAlgorithm {
        SignatureAlgorithm::Hmac(HmacParameters::new(hash).unwrap())
    }

    #[test]
    fn every_uri_leads_back_to_its_algorithm() {
        let mut seen = std::collections::HashSet::new();
        for (algorithm, uri) in all() {
            assert_eq!(SignatureAlgorithm::from_uri(uri), Ok(algorithm));
            assert_eq!(algorithm.uri(), Some(uri));
            assert!(seen.insert(algorithm), "{algorithm} twice");
        }
    }

    #[test]
    fn an_hmac_is_as_long_as_it_was_agreed_and_not_otherwise() {
        let signing = SigningKey::from_secret(b"secret").unwrap();
        let key = VerificationKey::from_secret(b"secret").unwrap();
        let whole = signing.sign(hmac(Sha256), MESSAGE).unwrap();
        let cut = hmac(Sha256).with_output_bits(128).unwrap();
        let allowed = Allowed::default();
        assert_eq!(signing.sign(cut, MESSAGE).unwrap(), whole[..16]);
        cut.verify(&key, MESSAGE, &whole[..16], &allowed).unwrap();
        for length in [0, 1, 15, 17, 32] {
            let result = cut.verify(&key, MESSAGE, &whole[..length], &allowed);
            assert_eq!(result, Err(SignatureError::Bad), "{length}");
        }
        for length in [0, 16, 31] {
            let result = hmac(Sha256).verify(&key, MESSAGE, &whole[..length], &allowed);
            assert_eq!(result, Err(SignatureError::Bad), "{length}");
        }
        let short = hmac(Sha256).with_output_bits(40).unwrap();
        let result = short.verify(&key, MESSAGE, &whole[..5], &allowed);
        let switch = Switch::HmacTruncation(40);
        let refusal = NotAllowed { what: "an HMAC of 40 bits".to_owned(), switch: Some(switch) };
        assert_eq!(result, Err(SignatureError::NotAllowed(refusal)));
        short.verify(&key, MESSAGE, &whole[..5], &allowed.with(switch)).unwrap();
    }

    #[test]
    fn a_key_of_another_kind_is_told_from_a_bad_signature() {
        let secret = VerificationKey::from_secret(b"secret").unwrap();
        let mut modulus = [0xff; 256];
        modulus[0] = 0x80;
        let rsa = VerificationKey::from_rsa(&modulus, &[1, 0, 1]).unwrap();
        for (algorithm, key) in [
            (SignatureAlgorithm::RsaPkcs1(Sha256), &secret),
            (hmac(Sha256), &rsa),
            (SignatureAlgorithm::Ed25519, &rsa),
            (SignatureAlgorithm::Ecdsa(Sha384), &rsa),
        ] {
            let result = algorithm.verify(key, MESSAGE, &[0; 256], &Allowed::default());
            assert!(matches!(result, Err(SignatureError::WrongKey { .. })), "{result:?}");
        }
        let result = SignatureAlgorithm::RsaPkcs1(Sha256).verify(
            &rsa,
            MESSAGE,
            &[0; 256],
            &Allowed::default(),
        );
        assert_eq!(result, Err(SignatureError::Bad));
        let error = hmac(Sha256).check(&rsa, &Allowed::default()).unwrap_err();
        assert_eq!(error.to_string(), "a key of RSA-2048 makes no signatures of HMAC with SHA-256");
    }

    #[test]
    fn what_is_needed_is_what_helps() {
        let p = [0xff; 64];
        let numbers = DsaKey { p: &p, q: &[0xff; 20], g: &[2], y: &[3] };
        let key = VerificationKey::from_dsa(numbers).unwrap();
        let algorithm = SignatureAlgorithm::Dsa(Sha1);
        let needed = algorithm.needs(&key).unwrap();
        assert_eq!(needed, [Switch::LegacySha1, Switch::Dsa]);
        let allowed = needed.into_iter().fold(Allowed::default(), Allowed::with);
        algorithm.check(&key, &allowed).unwrap();
        assert!(hmac(Sha1).with_output_bits(32).unwrap().needs(&key).is_err());
        let secret = VerificationKey::from_secret(b"secret").unwrap();
        assert_eq!(hmac(Sha1).needs(&secret), Ok(Vec::new()));
        assert!(hmac(Sha1).with_output_bits(32).unwrap().needs(&secret).is_err());
    }

    #[test]
    fn sha1_is_refused_before_anything_is_computed() {
        let mut modulus = [0xff; 256];
        modulus[0] = 0x80;
        let rsa = VerificationKey::from_rsa(&modulus, &[3]).unwrap();
        for algorithm in [
            SignatureAlgorithm::RsaPkcs1(Sha1),
            SignatureAlgorithm::RsaPss(PssParameters::fixed(Sha1)),
        ] {
            let error = algorithm.check(&rsa, &Allowed::default()).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("{algorithm} is not allowed; `legacy-sha1` allows it")
            );
            algorithm.check(&rsa, &Allowed::default().with(Switch::LegacySha1)).unwrap();
        }
    }
}
