//! A certificate chain and the key that proves it.

use crate::hex;
use aws_lc_rs::{
    encoding::AsDer,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING,
        ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair,
    },
};
use ravelin_trust::{Certificate, certificate::GeneralName};
use rustls_pki_types::{
    PrivateKeyDer,
    pem::{PemObject as _, SectionKind},
};
use std::{fmt, net::IpAddr};
use zeroize::Zeroizing;

/// Files with certificates and keys beyond this size are refused unread.
pub const MAX_FILE: usize = 16 << 20;

/// A certificate chain with its private key, checked to belong together.
///
/// ```no_run
/// use ravelin_tls::Identity;
///
/// let identity = Identity::from_bytes(&std::fs::read("chain.pem")?, &std::fs::read("key.pem")?)?;
/// println!("serves {:?}", identity.facts().names);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Identity {
    certificates: Vec<Box<[u8]>>,
    key: PrivateKey,
    kind: KeyKind,
    facts: IdentityFacts,
}

/// What is known of an identity's own certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdentityFacts {
    /// Serial number in lower-case hexadecimal.
    pub serial: String,
    /// Start of validity, in seconds since 1970-01-01T00:00:00Z.
    pub not_before: i64,
    /// End of validity, in seconds since 1970-01-01T00:00:00Z.
    pub not_after: i64,
    /// DNS names in lower case and IP addresses it is valid for; the common name where it states none.
    pub names: Vec<String>,
    /// Whom it was issued to.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
}

/// A private key as the engine wants it.
#[derive(Clone)]
pub(crate) struct PrivateKey {
    pub(crate) encoding: KeyEncoding,
    pub(crate) der: Zeroizing<Vec<u8>>,
}

/// How a private key is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyEncoding {
    /// RFC 5208.
    Pkcs8,
    /// RFC 8017, appendix A.1.2: RSA only.
    Pkcs1,
    /// RFC 5915: elliptic curves only.
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
    /// A file beyond the limit.
    #[error("the {what} is larger than 16 MiB: that is no {what}")]
    TooLarge {
        /// What it should hold.
        what: &'static str,
    },
    /// PEM that cannot be read.
    #[error("the {what} is no valid PEM: {detail}")]
    Pem {
        /// What it should hold.
        what: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// A certificate that cannot be read.
    #[error("certificate {number} of the chain cannot be read: {detail}")]
    Certificate {
        /// Its place in the chain, the first being 1.
        number: usize,
        /// What is wrong.
        detail: String,
    },
    /// No certificate where one is needed.
    #[error("no certificate found: expected PEM blocks `CERTIFICATE`, or one certificate as DER")]
    NoCertificate,
    /// No key where one is needed.
    #[error(
        "no private key found: expected a PEM block `PRIVATE KEY`, `RSA PRIVATE KEY` or `EC PRIVATE KEY`, or DER"
    )]
    NoKey,
    /// A key under a password.
    #[error(
        "the private key is encrypted; decrypt it with `openssl pkey -in KEY -out PLAIN` and keep that file safe"
    )]
    Encrypted,
    /// A key of a kind that TLS servers do not use, or a broken one.
    #[error(
        "the private key cannot be used: expected RSA (2048 to 8192 bits), ECDSA (P-256, P-384, P-521) or Ed25519"
    )]
    Key,
    /// Key and certificate are strangers.
    #[error("the private key does not belong to the first certificate ({subject}){}", hint(*.other))]
    Mismatch {
        /// The first certificate's subject.
        subject: String,
        /// The certificate that it does belong to, the first being 1.
        other: Option<usize>,
    },
}

fn hint(other: Option<usize>) -> String {
    other.map_or_else(String::new, |number| {
        format!(": it belongs to certificate {number} of the file, which must come first")
    })
}

impl Identity {
    /// Reads a chain (the end certificate first) and a key, each as PEM or DER, detected. Both may be the same file.
    ///
    /// # Errors
    /// When one cannot be read, or they do not belong together.
    pub fn from_bytes(certificates: &[u8], key: &[u8]) -> Result<Identity, IdentityError> {
        let certificates = read_certificates(certificates)?;
        let key = read_key(key)?;
        let (kind, public) = public_key(&key)?;
        let mut facts = None;
        let mut owner = None;
        for (index, der) in certificates.iter().enumerate() {
            let unreadable =
                |detail: String| IdentityError::Certificate { number: index + 1, detail };
            let certificate =
                Certificate::parse(&der[..]).map_err(|error| unreadable(error.to_string()))?;
            if certificate.trailing() > 0 {
                return Err(unreadable(format!("{} bytes follow it", certificate.trailing())));
            }
            if owner.is_none() && certificate.public_key_info() == public {
                owner = Some(index);
            }
            if index == 0 {
                facts = Some(read_facts(&certificate));
            }
        }
        let facts = facts.ok_or(IdentityError::NoCertificate)?;
        if owner != Some(0) {
            let other = owner.map(|index| index + 1);
            return Err(IdentityError::Mismatch { subject: facts.subject, other });
        }
        Ok(Identity { certificates, key, kind, facts })
    }

    /// The chain as DER, the end certificate first.
    pub fn certificates(&self) -> &[Box<[u8]>] {
        &self.certificates
    }

    /// The key's kind.
    pub fn key_kind(&self) -> KeyKind {
        self.kind
    }

    /// What is known of the end certificate.
    pub fn facts(&self) -> &IdentityFacts {
        &self.facts
    }

    pub(crate) fn key(&self) -> &PrivateKey {
        &self.key
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("certificates", &self.certificates.len())
            .field("kind", &self.kind)
            .field("facts", &self.facts)
            .finish_non_exhaustive()
    }
}

/// DER begins with a SEQUENCE; PEM is text.
fn is_der(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0x30)
}

/// The blocks of a PEM file: what each calls itself, and what is in it.
type Sections = Vec<(SectionKind, Zeroizing<Vec<u8>>)>;

fn sections(what: &'static str, bytes: &[u8]) -> Result<Sections, IdentityError> {
    <(SectionKind, Vec<u8>)>::pem_slice_iter(bytes)
        .map(|section| {
            let (kind, der) =
                section.map_err(|error| IdentityError::Pem { what, detail: error.to_string() })?;
            Ok((kind, Zeroizing::new(der)))
        })
        .collect()
}

fn read_certificates(bytes: &[u8]) -> Result<Vec<Box<[u8]>>, IdentityError> {
    const WHAT: &str = "certificate file";
    if bytes.len() > MAX_FILE {
        return Err(IdentityError::TooLarge { what: WHAT });
    }
    if is_der(bytes) {
        return Ok(vec![bytes.into()]);
    }
    let certificates: Vec<Box<[u8]>> = sections(WHAT, bytes)?
        .into_iter()
        .filter(|(kind, _)| *kind == SectionKind::Certificate)
        .map(|(_, der)| der[..].into())
        .collect();
    if certificates.is_empty() { Err(IdentityError::NoCertificate) } else { Ok(certificates) }
}

fn read_key(bytes: &[u8]) -> Result<PrivateKey, IdentityError> {
    const WHAT: &str = "key file";
    if bytes.len() > MAX_FILE {
        return Err(IdentityError::TooLarge { what: WHAT });
    }
    if is_der(bytes) {
        let encoding = match PrivateKeyDer::try_from(bytes) {
            Ok(PrivateKeyDer::Pkcs8(_)) => KeyEncoding::Pkcs8,
            Ok(PrivateKeyDer::Pkcs1(_)) => KeyEncoding::Pkcs1,
            Ok(PrivateKeyDer::Sec1(_)) => KeyEncoding::Sec1,
            _ => return Err(IdentityError::Key),
        };
        return Ok(PrivateKey { encoding, der: bytes.to_vec().into() });
    }
    let contains = |word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
    if contains(b"BEGIN ENCRYPTED PRIVATE KEY") || contains(b"Proc-Type: 4,ENCRYPTED") {
        return Err(IdentityError::Encrypted);
    }
    for (kind, der) in sections(WHAT, bytes)? {
        let encoding = match kind {
            SectionKind::PrivateKey => KeyEncoding::Pkcs8,
            SectionKind::RsaPrivateKey => KeyEncoding::Pkcs1,
            SectionKind::EcPrivateKey => KeyEncoding::Sec1,
            _ => continue,
        };
        return Ok(PrivateKey { encoding, der });
    }
    Err(IdentityError::NoKey)
}

/// The key's kind, and its public half as a SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7).
fn public_key(key: &PrivateKey) -> Result<(KeyKind, Vec<u8>), IdentityError> {
    let der = &key.der[..];
    let rsa = match key.encoding {
        KeyEncoding::Pkcs8 => RsaKeyPair::from_pkcs8(der).ok(),
        KeyEncoding::Pkcs1 => RsaKeyPair::from_der(der).ok(),
        KeyEncoding::Sec1 => None,
    };
    if let Some(pair) = rsa {
        let public = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(pair.public_key());
        return Ok((KeyKind::Rsa, public.map_err(|_| IdentityError::Key)?.as_ref().to_vec()));
    }
    if key.encoding == KeyEncoding::Pkcs1 {
        return Err(IdentityError::Key);
    }
    for algorithm in [
        &ECDSA_P256_SHA256_ASN1_SIGNING,
        &ECDSA_P384_SHA384_ASN1_SIGNING,
        &ECDSA_P521_SHA512_ASN1_SIGNING,
    ] {
        let pair = match key.encoding {
            KeyEncoding::Sec1 => EcdsaKeyPair::from_private_key_der(algorithm, der),
            _ => EcdsaKeyPair::from_pkcs8(algorithm, der),
        };
        if let Ok(pair) = pair {
            let public =
                AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(pair.public_key());
            return Ok((KeyKind::Ecdsa, public.map_err(|_| IdentityError::Key)?.as_ref().to_vec()));
        }
    }
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|_| IdentityError::Key)?;
    let public = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(pair.public_key());
    Ok((KeyKind::Ed25519, public.map_err(|_| IdentityError::Key)?.as_ref().to_vec()))
}

fn read_facts(certificate: &Certificate<'_>) -> IdentityFacts {
    let mut names = Vec::new();
    for name in certificate.subject_alt_names().ok().flatten().into_iter().flatten().flatten() {
        match name {
            GeneralName::Dns(name) if name.is_ascii() => {
                names.push(String::from_utf8_lossy(name).to_ascii_lowercase());
            }
            GeneralName::Ip(bytes) => names.extend(address(bytes)),
            _ => {}
        }
    }
    if names.is_empty() {
        names.extend(certificate.subject().common_names().next().map(|name| name.to_lowercase()));
    }
    IdentityFacts {
        serial: hex(certificate.serial().0),
        not_before: certificate.not_before().unix(),
        not_after: certificate.not_after().unix(),
        names,
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    let address = match bytes.len() {
        4 => IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?),
        16 => IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?),
        _ => return None,
    };
    Some(address.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair};

    struct Made {
        certificate: rcgen::Certificate,
        key: KeyPair,
    }

    fn made(algorithm: &'static rcgen::SignatureAlgorithm) -> Made {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let names = ["Host.example", "*.wild.example", "127.0.0.1", "::1"];
        let mut params = CertificateParams::new(names.map(String::from)).unwrap();
        params.serial_number = Some(vec![0x0a, 0xbc].into());
        params.not_after = rcgen::date_time_ymd(2030, 1, 1);
        let certificate = params.self_signed(&key).unwrap();
        Made { certificate, key }
    }

    fn p256() -> Made {
        made(&rcgen::PKCS_ECDSA_P256_SHA256)
    }

    /// The octet string inside PKCS#8: the older forms of the same key.
    fn inner(pkcs8: &[u8]) -> Vec<u8> {
        use ravelin_trust::der::{Reader, tag};
        let mut parts = Reader::new(pkcs8).sequence().unwrap();
        parts.integer().unwrap();
        parts.sequence().unwrap();
        parts.read(tag::OCTET_STRING).unwrap().content.to_vec()
    }

    #[test]
    fn every_kind_and_encoding_is_read() {
        for (algorithm, kind) in [
            (&rcgen::PKCS_ECDSA_P256_SHA256, KeyKind::Ecdsa),
            (&rcgen::PKCS_ECDSA_P384_SHA384, KeyKind::Ecdsa),
            (&rcgen::PKCS_ECDSA_P521_SHA512, KeyKind::Ecdsa),
            (&rcgen::PKCS_ED25519, KeyKind::Ed25519),
            (&rcgen::PKCS_RSA_SHA256, KeyKind::Rsa),
        ] {
            let Made { certificate, key } = made(algorithm);
            let (chain, pkcs8) = (certificate.pem(), key.serialize_pem());
            let pem = Identity::from_bytes(chain.as_bytes(), pkcs8.as_bytes()).unwrap();
            assert_eq!(pem.key_kind(), kind);
            let der = key.serialize_der();
            Identity::from_bytes(certificate.der(), &der).unwrap();
            let combined = format!("{pkcs8}{chain}");
            Identity::from_bytes(combined.as_bytes(), combined.as_bytes()).unwrap();
            let (label, encoding) = match kind {
                KeyKind::Rsa => ("RSA PRIVATE KEY", KeyEncoding::Pkcs1),
                KeyKind::Ecdsa => ("EC PRIVATE KEY", KeyEncoding::Sec1),
                KeyKind::Ed25519 => continue,
            };
            let old = inner(&der);
            let identity = Identity::from_bytes(certificate.der(), &old).unwrap();
            assert_eq!(identity.key().encoding, encoding);
            let text = pem_of(label, &old);
            Identity::from_bytes(chain.as_bytes(), text.as_bytes()).unwrap();
        }
    }

    fn pem_of(label: &str, der: &[u8]) -> String {
        const DIGITS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::new();
        for chunk in der.chunks(3) {
            let mut group = [0; 4];
            group[1..=chunk.len()].copy_from_slice(chunk);
            let bits = u32::from_be_bytes(group);
            for digit in 0..4 {
                let six = (bits >> (18 - 6 * digit)) & 63;
                let filler = digit > chunk.len();
                text.push(if filler { '=' } else { char::from(DIGITS[six as usize]) });
            }
        }
        format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
    }

    #[test]
    fn facts_are_those_of_the_certificate() {
        let Made { certificate, key } = p256();
        let identity = Identity::from_bytes(certificate.der(), &key.serialize_der()).unwrap();
        let facts = identity.facts();
        assert_eq!(facts.serial, "0abc");
        assert_eq!(facts.names, ["host.example", "*.wild.example", "127.0.0.1", "::1"]);
        assert_eq!(facts.not_after, 1_893_456_000);
        assert!(!format!("{identity:?}").contains("der"));
    }

    #[test]
    fn strangers_are_told_apart() {
        let (one, two) = (p256(), p256());
        let pem = |made: &Made| made.certificate.pem();
        let error =
            Identity::from_bytes(pem(&one).as_bytes(), &two.key.serialize_der()).unwrap_err();
        assert!(matches!(error, IdentityError::Mismatch { other: None, .. }), "{error}");
        let both = pem(&one) + &pem(&two);
        let error = Identity::from_bytes(both.as_bytes(), &two.key.serialize_der()).unwrap_err();
        assert!(error.to_string().contains("certificate 2 of the file, which must come first"));
    }

    #[test]
    fn faults_are_named() {
        let Made { certificate, key } = p256();
        let (chain, plain) = (certificate.pem(), key.serialize_pem());
        let error =
            |certificates: &[u8], key: &[u8]| Identity::from_bytes(certificates, key).unwrap_err();
        assert_eq!(error(plain.as_bytes(), plain.as_bytes()), IdentityError::NoCertificate);
        assert_eq!(error(chain.as_bytes(), chain.as_bytes()), IdentityError::NoKey);
        assert_eq!(error(b"", b""), IdentityError::NoCertificate);
        let encrypted = plain.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
        assert_eq!(error(chain.as_bytes(), encrypted.as_bytes()), IdentityError::Encrypted);
        assert!(error(chain.as_bytes(), encrypted.as_bytes()).to_string().contains("openssl pkey"));
        let large = vec![b' '; MAX_FILE + 1];
        assert!(matches!(error(&large, b""), IdentityError::TooLarge { .. }));
        assert!(matches!(error(chain.as_bytes(), &large), IdentityError::TooLarge { .. }));
        let cut = &chain.as_bytes()[..chain.len() / 2];
        assert!(matches!(error(cut, plain.as_bytes()), IdentityError::Pem { .. }));
        let mut der = certificate.der().to_vec();
        der.truncate(100);
        let broken = error(&der, plain.as_bytes());
        assert!(matches!(broken, IdentityError::Certificate { number: 1, .. }), "{broken}");
        assert_eq!(error(chain.as_bytes(), &[0x30, 0x03, 2, 1, 0]), IdentityError::Key);
    }

    proptest! {
        #[test]
        fn anything_is_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Identity::from_bytes(&bytes, &bytes);
            let _ = Identity::from_bytes(&[&[0x30], &bytes[..]].concat(), &[&[0x30], &bytes[..]].concat());
        }
    }
}
