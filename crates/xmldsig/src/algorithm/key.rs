//! Keys that verify signatures, from everywhere a document or a user may have them.

use super::{Curve, DigestAlgorithm, ExplicitCurve, KeyError, backend::Prepared};
use ravelin_trust::{
    Certificate,
    certificate::{self, KeyAlgorithm, PublicKey},
    der::{Oid, Reader},
    signature::{AlgorithmIdentifier, DsaKey, Hash, Scheme},
};
use rustls_pki_types::{
    CertificateDer, SubjectPublicKeyInfoDer,
    pem::{Error as PemError, PemObject},
};
use std::fmt;
use zeroize::Zeroizing;

/// Bits of the shortest RSA modulus that can be allowed at all.
pub const MIN_RSA_BITS: usize = 512;
/// Bits of the longest RSA modulus: what it costs to verify grows with the square.
pub const MAX_RSA_BITS: usize = 16_384;
/// Bits of the longest RSA exponent: what it costs to verify grows with it. (AWS-LC has the same limit.)
pub const MAX_EXPONENT_BITS: usize = 33;
/// Octets of the longest HMAC secret.
pub const MAX_SECRET: usize = 64 * 1024;

/// id-RSASSA-PSS (RFC 4055, section 3).
const ID_PSS: Oid<'static> = Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a]);

/// A key that verifies signatures: a public key, or the secret of an HMAC.
///
/// ```
/// use ravelin_xmldsig::algorithm::VerificationKey;
///
/// let secret = VerificationKey::from_secret(b"secret")?;
/// assert_eq!(secret.to_string(), "an HMAC secret");
/// # Ok::<(), ravelin_xmldsig::algorithm::KeyError>(())
/// ```
#[derive(Clone)]
pub struct VerificationKey(pub(super) Kind);

#[derive(Clone)]
pub(super) enum Kind {
    Rsa(RsaKey),
    Dsa { p: Vec<u8>, q: Vec<u8>, g: Vec<u8>, y: Vec<u8> },
    Ec(Curve, Vec<u8>),
    Ed25519([u8; 32]),
    Secret(Zeroizing<Vec<u8>>),
}

#[derive(Clone)]
pub(super) struct RsaKey {
    /// Without leading zeros, as is the exponent.
    pub modulus: Vec<u8>,
    pub exponent: Vec<u8>,
    /// Both as an RSAPublicKey (RFC 8017, appendix A.1.1), which is what AWS-LC reads.
    pub der: Vec<u8>,
    /// What AWS-LC made of it, so that a key that verifies again need not be prepared again.
    pub prepared: Prepared,
    pub usage: RsaUse,
}

/// What an RSA key says that it is for (RFC 4055, section 1.2).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum RsaUse {
    Any,
    Pss,
    /// PSS with this hash, which makes the mask too, and a salt not shorter than it.
    PssWith(DigestAlgorithm),
}

/// The numbers of a key, in big-endian octets without leading zeros, as KeyValue elements hold them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyNumbers<'a> {
    /// RSA.
    Rsa {
        /// The modulus.
        modulus: &'a [u8],
        /// The public exponent.
        exponent: &'a [u8],
    },
    /// DSA.
    Dsa(DsaKey<'a>),
    /// ECDSA.
    Ec {
        /// The curve.
        curve: Curve,
        /// The point, as SEC 1, section 2.3.3 encodes it.
        point: &'a [u8],
    },
    /// Ed25519: the key of RFC 8032, section 5.1.5.
    Ed25519(&'a [u8; 32]),
    /// The secret of an HMAC, which is nobody's business.
    Secret,
}

impl VerificationKey {
    /// The key of a certificate.
    ///
    /// # Errors
    /// When it is of a kind that is not supported, or out of bounds.
    pub fn from_certificate(certificate: &Certificate<'_>) -> Result<VerificationKey, KeyError> {
        VerificationKey::from_public_key(&certificate.public_key()?)
    }

    /// A SubjectPublicKeyInfo (RFC 5280, section 4.1), which a `DEREncodedKeyValue` holds.
    ///
    /// # Errors
    /// When it is none, of a kind that is not supported, or out of bounds.
    pub fn from_spki_der(der: &[u8]) -> Result<VerificationKey, KeyError> {
        VerificationKey::from_public_key(&PublicKey::read(Reader::new(der))?)
    }

    /// The first `PUBLIC KEY` in PEM, or the key of the first `CERTIFICATE` when there is none.
    ///
    /// # Errors
    /// When there is neither, or it cannot be used.
    pub fn from_pem(pem: &[u8]) -> Result<VerificationKey, KeyError> {
        match SubjectPublicKeyInfoDer::from_pem_slice(pem) {
            Ok(key) => return VerificationKey::from_spki_der(&key),
            Err(PemError::NoItemsFound) => {}
            Err(error) => return Err(KeyError::Malformed(error.to_string())),
        }
        match CertificateDer::from_pem_slice(pem) {
            Ok(certificate) => {
                let certificate = Certificate::parse(certificate.as_ref())
                    .map_err(|error| KeyError::Malformed(error.to_string()))?;
                VerificationKey::from_certificate(&certificate)
            }
            Err(PemError::NoItemsFound) => {
                Err(KeyError::Malformed("no PEM section `PUBLIC KEY` or `CERTIFICATE`".to_owned()))
            }
            Err(error) => Err(KeyError::Malformed(error.to_string())),
        }
    }

    /// An `RSAKeyValue`.
    ///
    /// # Errors
    /// When a number is out of bounds or even.
    pub fn from_rsa(modulus: &[u8], exponent: &[u8]) -> Result<VerificationKey, KeyError> {
        RsaKey::new(modulus, exponent, RsaUse::Any).map(|key| VerificationKey(Kind::Rsa(key)))
    }

    /// A `DSAKeyValue`; its numbers are looked at when a signature is verified.
    ///
    /// # Errors
    /// When a number is longer than any that would be taken.
    pub fn from_dsa(key: DsaKey<'_>) -> Result<VerificationKey, KeyError> {
        let [p, q, g, y] = [key.p, key.q, key.g, key.y].map(strip);
        check_bits("prime p", bits(p), 512, 3072)?;
        check_bits("prime q", bits(q), 160, 256)?;
        for (what, number) in [("generator g", g), ("number y", y)] {
            check_bits(what, bits(number), 2, bits(p))?;
        }
        let [p, q, g, y] = [p, q, g, y].map(<[u8]>::to_vec);
        Ok(VerificationKey(Kind::Dsa { p, q, g, y }))
    }

    /// An `ECKeyValue`: a curve, from its name or from [`ExplicitCurve::named`], and a point in the form of SEC 1,
    /// section 2.3.3.
    ///
    /// # Errors
    /// When the point has not the curve's width. Whether it lies on the curve is seen when a signature is verified.
    pub fn from_ec(curve: Curve, point: &[u8]) -> Result<VerificationKey, KeyError> {
        curve.check_form(point)?;
        Ok(VerificationKey(Kind::Ec(curve, point.to_vec())))
    }

    /// The same from a point's coordinates, as the `ECDSAKeyValue` of RFC 4050 has them.
    ///
    /// # Errors
    /// When one is wider than the curve.
    pub fn from_ec_coordinates(
        curve: Curve,
        x: &[u8],
        y: &[u8],
    ) -> Result<VerificationKey, KeyError> {
        let mut point = vec![4];
        for (what, coordinate) in [("coordinate x", x), ("coordinate y", y)] {
            let coordinate = strip(coordinate);
            check_bits(what, coordinate.len() * 8, 0, curve.width() * 8)?;
            point.resize(point.len() + curve.width() - coordinate.len(), 0);
            point.extend(coordinate);
        }
        Ok(VerificationKey(Kind::Ec(curve, point)))
    }

    /// The secret of an HMAC. It is wiped when the key goes.
    ///
    /// # Errors
    /// When it is empty, or longer than [`MAX_SECRET`].
    pub fn from_secret(secret: &[u8]) -> Result<VerificationKey, KeyError> {
        wiped(secret).map(|secret| VerificationKey(Kind::Secret(secret)))
    }

    /// A public key that a certificate reader has read.
    ///
    /// # Errors
    /// When it is of a kind that is not supported, or out of bounds.
    pub fn from_public_key(key: &PublicKey<'_>) -> Result<VerificationKey, KeyError> {
        let unsupported = || KeyError::Unsupported(key.algorithm.to_string());
        match key.algorithm {
            KeyAlgorithm::Rsa { pss, .. } => {
                let mut numbers = Reader::at(key.key, key.offset).sequence()?;
                let (modulus, exponent) = (numbers.integer()?, numbers.integer()?);
                if modulus.is_negative() || exponent.is_negative() {
                    return Err(KeyError::Malformed("a negative number".to_owned()));
                }
                let usage = if pss { pss_use(key)? } else { RsaUse::Any };
                let key = RsaKey::new(modulus.unsigned(), exponent.unsigned(), usage)?;
                Ok(VerificationKey(Kind::Rsa(key)))
            }
            KeyAlgorithm::Dsa { .. } => {
                VerificationKey::from_dsa(DsaKey::of(key)?.ok_or_else(unsupported)?)
            }
            KeyAlgorithm::Ec(curve) => VerificationKey::from_ec(named(curve)?, key.key),
            KeyAlgorithm::EcExplicit => {
                let parameters = key.parameters.ok_or_else(unsupported)?;
                VerificationKey::from_ec(ExplicitCurve::read(parameters)?.named()?, key.key)
            }
            KeyAlgorithm::Ed25519 => {
                let key = key.key.try_into().map_err(|_| {
                    KeyError::Malformed("an Ed25519 key that has not 32 octets".to_owned())
                })?;
                Ok(VerificationKey(Kind::Ed25519(key)))
            }
            _ => Err(unsupported()),
        }
    }

    /// The numbers that make up the key.
    pub fn numbers(&self) -> KeyNumbers<'_> {
        match &self.0 {
            Kind::Rsa(RsaKey { modulus, exponent, .. }) => KeyNumbers::Rsa { modulus, exponent },
            Kind::Dsa { p, q, g, y } => KeyNumbers::Dsa(DsaKey { p, q, g, y }),
            Kind::Ec(curve, point) => KeyNumbers::Ec { curve: *curve, point },
            Kind::Ed25519(key) => KeyNumbers::Ed25519(key),
            Kind::Secret(_) => KeyNumbers::Secret,
        }
    }

    /// Bits that say how strong it is: of the modulus, of the curve, of the secret.
    pub fn bits(&self) -> usize {
        match &self.0 {
            Kind::Rsa(key) => bits(&key.modulus),
            Kind::Dsa { p, .. } => bits(p),
            Kind::Ec(Curve::P521, _) => 521,
            Kind::Ec(curve, _) => curve.width() * 8,
            Kind::Ed25519(_) => 256,
            Kind::Secret(secret) => secret.len() * 8,
        }
    }
}

impl fmt::Display for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Rsa(key) if key.usage == RsaUse::Any => write!(f, "RSA-{}", self.bits()),
            Kind::Rsa(_) => write!(f, "RSA-PSS-{}", self.bits()),
            Kind::Dsa { .. } => write!(f, "DSA-{}", self.bits()),
            Kind::Ec(curve, _) => write!(f, "ECDSA {curve}"),
            Kind::Ed25519(_) => f.write_str("Ed25519"),
            Kind::Secret(_) => f.write_str("an HMAC secret"),
        }
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerificationKey({self})")
    }
}

impl RsaKey {
    fn new(modulus: &[u8], exponent: &[u8], usage: RsaUse) -> Result<RsaKey, KeyError> {
        let (modulus, exponent) = (strip(modulus), strip(exponent));
        check_bits("modulus", bits(modulus), MIN_RSA_BITS, MAX_RSA_BITS)?;
        check_bits("exponent", bits(exponent), 2, MAX_EXPONENT_BITS)?;
        for (what, number) in [("modulus", modulus), ("exponent", exponent)] {
            if number.last().is_some_and(|last| last % 2 == 0) {
                return Err(KeyError::Malformed(format!("an even {what}")));
            }
        }
        let der = element(0x30, &[integer(modulus), integer(exponent)].concat());
        Ok(RsaKey {
            modulus: modulus.to_vec(),
            exponent: exponent.to_vec(),
            der,
            prepared: Prepared::default(),
            usage,
        })
    }
}

/// RFC 4055, section 3.3: what a key's parameters say binds every signature by it.
fn pss_use(key: &PublicKey<'_>) -> Result<RsaUse, KeyError> {
    let Some(parameters) = key.parameters else { return Ok(RsaUse::Pss) };
    let algorithm = AlgorithmIdentifier { oid: ID_PSS, parameters: Some(parameters) };
    let hash = match algorithm.scheme() {
        Scheme::RsaPss(Hash::Sha1) => DigestAlgorithm::Sha1,
        Scheme::RsaPss(Hash::Sha224) => DigestAlgorithm::Sha224,
        Scheme::RsaPss(Hash::Sha256) => DigestAlgorithm::Sha256,
        Scheme::RsaPss(Hash::Sha384) => DigestAlgorithm::Sha384,
        Scheme::RsaPss(Hash::Sha512) => DigestAlgorithm::Sha512,
        _ => return Err(KeyError::Unsupported("RSA-PSS with such parameters".to_owned())),
    };
    Ok(RsaUse::PssWith(hash))
}

fn named(curve: certificate::Curve<'_>) -> Result<Curve, KeyError> {
    match curve {
        certificate::Curve::P256 => Ok(Curve::P256),
        certificate::Curve::P384 => Ok(Curve::P384),
        certificate::Curve::P521 => Ok(Curve::P521),
        certificate::Curve::Other(oid) => Curve::from_oid(oid),
        other => Err(KeyError::Unsupported(other.to_string())),
    }
}

/// A copy of an HMAC's secret that is wiped in the end.
pub(super) fn wiped(secret: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    check_bits("HMAC secret", secret.len() * 8, 8, MAX_SECRET * 8)?;
    Ok(Zeroizing::new(secret.to_vec()))
}

pub(super) fn strip(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    &number[zeros..]
}

pub(super) fn bits(stripped: &[u8]) -> usize {
    stripped.first().map_or(0, |first| stripped.len() * 8 - first.leading_zeros() as usize)
}

fn check_bits(what: &'static str, found: usize, least: usize, most: usize) -> Result<(), KeyError> {
    if (least..=most).contains(&found) {
        return Ok(());
    }
    Err(KeyError::Size { what, found, least, most })
}

/// A number without leading zeros as an INTEGER.
fn integer(stripped: &[u8]) -> Vec<u8> {
    let sign = stripped.first().is_none_or(|first| *first >= 0x80);
    let octets = if sign { [&[0], stripped].concat() } else { stripped.to_vec() };
    element(0x02, &octets)
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length = strip(&length);
    let mut out = vec![tag];
    if content.len() < 0x80 {
        out.push(length.first().copied().unwrap_or(0));
    } else {
        out.push(0x80 + u8::try_from(length.len()).unwrap_or(8));
        out.extend(length);
    }
    out.extend(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::{Allowed, SignatureAlgorithm, SignatureError};
    use proptest::prelude::*;

    /// An odd number of so many bits.
    fn odd(bits: usize) -> Vec<u8> {
        let mut number = vec![0xff; bits.div_ceil(8)];
        number[0] >>= (8 - bits % 8) % 8;
        number
    }

    #[test]
    fn rsa_keys_are_bounded() {
        let size = |bits, exponent: &[u8]| VerificationKey::from_rsa(&odd(bits), exponent);
        for bits in [512, 1023, 1024, 2048, 16_384] {
            assert_eq!(size(bits, &[3]).unwrap().bits(), bits);
        }
        for bits in [8, 511, 16_385, 1_000_000] {
            assert!(matches!(
                size(bits, &[3]),
                Err(KeyError::Size { what: "modulus", found, .. }) if found == bits
            ));
        }
        for exponent in [&[][..], &[0], &[1], &[0, 1], &[0xff; 5], &[0xff; 256]] {
            let result = size(2048, exponent);
            assert!(matches!(result, Err(KeyError::Size { what: "exponent", .. })), "{result:?}");
        }
        size(2048, &[1, 0xff, 0xff, 0xff, 0xff]).unwrap();
        size(2048, &[0, 0, 0, 0, 0, 0, 3]).unwrap();
        assert!(matches!(size(2048, &[4]), Err(KeyError::Malformed(_))));
        let mut even = odd(2048);
        even[255] = 0xfe;
        assert!(matches!(VerificationKey::from_rsa(&even, &[3]), Err(KeyError::Malformed(_))));
    }

    #[test]
    fn keys_at_every_bound_are_worked_with() {
        for bits in [512, 513, 1023, 1024, 2047, 2048, 8192, 8193, 16_384] {
            let key = VerificationKey::from_rsa(&odd(bits), &[1, 0xff, 0xff, 0xff, 0xff]).unwrap();
            let allowed = Allowed::default().with("rsa-512".parse().unwrap());
            for uri in [
                "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
                "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
                "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1",
            ] {
                let algorithm = SignatureAlgorithm::from_uri(uri).unwrap();
                let signature = vec![1; bits.div_ceil(8)];
                let result = algorithm.verify(&key, b"", &signature, &allowed);
                assert_eq!(result, Err(SignatureError::Bad), "{bits} bits");
            }
        }
    }

    #[test]
    fn other_keys_are_bounded_too() {
        let dsa = |p, q, g: &[u8], y: &[u8]| {
            VerificationKey::from_dsa(DsaKey { p: &odd(p), q: &odd(q), g, y })
        };
        dsa(1024, 160, &[2], &[3]).unwrap();
        for (p, q, g, y) in [
            (511, 160, 2, 2),
            (3073, 256, 2, 2),
            (1024, 159, 2, 2),
            (1024, 257, 2, 2),
            (1024, 160, 1025, 2),
            (1024, 160, 2, 1025),
            (1024, 160, 1, 2),
            (1024, 160, 2, 1),
        ] {
            let result = dsa(p, q, &odd(g), &odd(y));
            assert!(matches!(result, Err(KeyError::Size { .. })), "{p} {q} {g} {y}: {result:?}");
        }
        assert!(VerificationKey::from_secret(b"").is_err());
        assert!(VerificationKey::from_secret(&vec![1; MAX_SECRET]).is_ok());
        assert!(VerificationKey::from_secret(&vec![1; MAX_SECRET + 1]).is_err());
        assert!(VerificationKey::from_ec(Curve::P384, &[4; 65]).is_err());
        assert!(VerificationKey::from_ec_coordinates(Curve::P256, &[1; 33], &[1]).is_err());
    }

    #[test]
    fn a_point_beside_its_curve_is_the_keys_fault() {
        for curve in Curve::ALL {
            let key = VerificationKey::from_ec_coordinates(curve, &[1], &[1]).unwrap();
            let algorithm = SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256);
            let signature = vec![1; 2 * curve.width()];
            let result = algorithm.verify(&key, b"", &signature, &Allowed::default());
            assert!(matches!(result, Err(SignatureError::Key(_))), "{curve}: {result:?}");
        }
    }

    #[test]
    fn secrets_do_not_show() {
        let key = VerificationKey::from_secret(b"secret").unwrap();
        assert_eq!(format!("{key:?}"), "VerificationKey(an HMAC secret)");
        assert_eq!(key.numbers(), KeyNumbers::Secret);
    }

    proptest! {
        #[test]
        fn no_octets_make_it_panic(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = VerificationKey::from_spki_der(&octets);
            let _ = VerificationKey::from_pem(&octets);
            let _ = crate::algorithm::SigningKey::from_der(&octets);
            let _ = ExplicitCurve::read(&octets);
        }

        #[test]
        fn rsa_keys_are_encoded_as_they_are_read(
            modulus in prop::collection::vec(any::<u8>(), 65..300),
            exponent in prop::collection::vec(any::<u8>(), 1..6),
        ) {
            if let Ok(key) = VerificationKey::from_rsa(&modulus, &exponent) {
                let Kind::Rsa(rsa) = &key.0 else { panic!("{key:?}") };
                let mut numbers = Reader::new(&rsa.der).sequence().unwrap();
                prop_assert_eq!(numbers.integer().unwrap().unsigned(), strip(&modulus));
                prop_assert_eq!(numbers.integer().unwrap().unsigned(), strip(&exponent));
                prop_assert!(ravelin_trust::der::first_deviation(&rsa.der).is_none());
            }
        }
    }
}
