//! Certificates with any field and any extension, broken ones too, signed by keys of every kind.
//!
//! ```
//! use ravelin_test::pki::{Entity, Template, extension};
//!
//! let root = Entity::new("Root");
//! let authority = Entity::new("Authority");
//! let anchor = Template::authority(&root).signed_by(&root);
//! let constraints = extension::name_constraints(&[extension::dns("a.example")], &[]);
//! let intermediate = Template::authority(&authority).with(constraints).signed_by(&root);
//! let server = Template::server(&Entity::new("Server"), "b.example").signed_by(&authority);
//! assert!([anchor, intermediate, server].iter().all(|der| der[0] == 0x30));
//! ```

pub mod encode;
pub mod extension;
mod key;

pub use key::{Digest, KeyKind, Signing, SigningKey, info, pss, rsa_info};

use encode::{bit_string, implicit, integer, oid, sequence, set, tagged, time, utf8, value};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// The first moment of usual test certificates: the beginning of 2025.
pub const NOT_BEFORE: i64 = 1_735_689_600;
/// The last moment of usual test certificates: the beginning of 2035.
pub const NOT_AFTER: i64 = 2_051_222_400;
/// A moment between: in January 2027.
pub const NOW: i64 = 1_800_000_000;

/// A name with a key.
#[derive(Clone, Debug)]
pub struct Entity {
    /// The name, encoded.
    pub name: Vec<u8>,
    /// The key.
    pub key: Arc<SigningKey>,
}

impl Entity {
    /// One of this common name, with a new P-256 key.
    pub fn new(common_name: &str) -> Entity {
        Entity::of_kind(common_name, KeyKind::P256)
    }

    /// One of this common name, with a new key of this kind.
    pub fn of_kind(common_name: &str, kind: KeyKind) -> Entity {
        let key = Arc::new(SigningKey::generate(kind));
        Entity { name: common_name_only(common_name), key }
    }

    /// One of this common name, with the Ed25519 key of a seed: the same each time.
    pub fn of_seed(common_name: &str, seed: &[u8; 32]) -> Entity {
        let key = Arc::new(SigningKey::of_seed(seed));
        Entity { name: common_name_only(common_name), key }
    }

    /// The same key under another name.
    #[must_use]
    pub fn named(&self, common_name: &str) -> Entity {
        Entity { name: common_name_only(common_name), key: self.key.clone() }
    }

    /// The same name with a new P-256 key.
    #[must_use]
    pub fn rekeyed(&self) -> Entity {
        Entity { name: self.name.clone(), key: Arc::new(SigningKey::generate(KeyKind::P256)) }
    }
}

/// A name of attributes: dotted kind and text, each in a set of its own.
pub fn name(attributes: &[(&str, &str)]) -> Vec<u8> {
    sequence(attributes.iter().map(|(kind, text)| set([sequence([oid(kind), utf8(text)])])))
}

/// A name that is a common name and nothing else.
pub fn common_name_only(text: &str) -> Vec<u8> {
    name(&[("2.5.4.3", text)])
}

/// What a certificate is made of. Each field is encoded, and may hold whatever a test wants.
#[derive(Clone, Debug)]
pub struct Template {
    /// The version field's number: 2 is version 3; none leaves the field out.
    pub version: Option<u64>,
    /// The serial number with tag and length.
    pub serial: Vec<u8>,
    /// The issuer, where not that of the signer.
    pub issuer: Option<Vec<u8>>,
    /// The validity.
    pub validity: Vec<u8>,
    /// The subject.
    pub subject: Vec<u8>,
    /// The SubjectPublicKeyInfo.
    pub key_info: Vec<u8>,
    /// What stands between key and extensions.
    pub unique_ids: Vec<u8>,
    /// The extensions; where there is none, the field is left out.
    pub extensions: Vec<Vec<u8>>,
    /// How it is signed, where not in the usual way of the signer's key.
    pub signing: Option<Signing>,
    /// What the signed part calls the algorithm, where not what it is.
    pub inner_algorithm: Option<Vec<u8>>,
    /// What the signature calls the algorithm, where not what it is.
    pub outer_algorithm: Option<Vec<u8>>,
    /// Whether an authority key identifier tells of the signer's key.
    pub identify_signer: bool,
}

impl Template {
    /// A certificate of version 3 without extensions for this entity.
    pub fn new(subject: &Entity) -> Template {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Template {
            version: Some(2),
            serial: integer(NEXT.fetch_add(1, Ordering::Relaxed)),
            issuer: None,
            validity: validity(NOT_BEFORE, NOT_AFTER),
            subject: subject.name.clone(),
            key_info: subject.key.info().to_vec(),
            unique_ids: Vec::new(),
            extensions: Vec::new(),
            signing: None,
            inner_algorithm: None,
            outer_algorithm: None,
            identify_signer: true,
        }
    }

    /// A CA's certificate.
    pub fn authority(subject: &Entity) -> Template {
        use extension::{CRL_SIGN, KEY_CERT_SIGN};
        Template::new(subject)
            .with(extension::basic_constraints(true, None))
            .with(extension::key_usage(&[KEY_CERT_SIGN, CRL_SIGN]))
            .with(extension::subject_key_id(&subject.key.identifier()))
    }

    /// A TLS server's certificate for one DNS name.
    pub fn server(subject: &Entity, dns: &str) -> Template {
        Template::end(subject).with(extension::subject_alt_names([extension::dns(dns)]))
    }

    /// A TLS server's certificate without alternative names.
    pub fn end(subject: &Entity) -> Template {
        Template::new(subject)
            .with(extension::key_usage(&[extension::DIGITAL_SIGNATURE]))
            .with(extension::extended_key_usage(&[extension::SERVER_AUTH]))
    }

    /// With this extension, in place of another of its kind if there is one.
    #[must_use]
    pub fn with(mut self, extension: Vec<u8>) -> Template {
        match self.extensions.iter_mut().find(|one| kind(one) == kind(&extension)) {
            Some(same) => *same = extension,
            None => self.extensions.push(extension),
        }
        self
    }

    /// Without the extension of this kind.
    #[must_use]
    pub fn without(mut self, dotted: &str) -> Template {
        let unwanted = oid(dotted);
        self.extensions.retain(|one| kind(one) != unwanted);
        self
    }

    /// Valid from and until these moments, in seconds since 1970.
    #[must_use]
    pub fn valid(mut self, not_before: i64, not_after: i64) -> Template {
        self.validity = validity(not_before, not_after);
        self
    }

    /// The certificate, signed by an entity.
    ///
    /// # Panics
    /// When its key cannot sign in the way that was asked for.
    pub fn signed_by(&self, signer: &Entity) -> Vec<u8> {
        let signing = self.signing.unwrap_or_else(|| signer.key.signing());
        self.signed_with(signer, &signing.algorithm(), |tbs| {
            signer.key.sign(signing, tbs).expect("the signer's key can sign in this way")
        })
    }

    /// The certificate with a signature that is made by a function, and called `algorithm`.
    pub fn signed_with(
        &self,
        signer: &Entity,
        algorithm: &[u8],
        sign: impl FnOnce(&[u8]) -> Vec<u8>,
    ) -> Vec<u8> {
        let tbs = self.signed_part(signer, algorithm);
        let signature = sign(&tbs);
        let outer = self.outer_algorithm.as_deref().unwrap_or(algorithm);
        sequence([&tbs[..], outer, &bit_string(&signature)])
    }

    /// What the signature covers (RFC 5280, section 4.1.1.1): [`assemble`] makes a certificate of it, after whatever
    /// changes.
    pub fn signed_part(&self, signer: &Entity, algorithm: &[u8]) -> Vec<u8> {
        let mut extensions = self.extensions.clone();
        let self_signed = self.key_info == signer.key.info() && self.subject == signer.name;
        if self.identify_signer && !self_signed && self.version == Some(2) {
            let identifier = extension::authority_key_id(&signer.key.identifier());
            if !extensions.iter().any(|one| kind(one) == kind(&identifier)) {
                extensions.push(identifier);
            }
        }
        let version = self.version.map(|number| tagged(0, &integer(number))).unwrap_or_default();
        let list =
            if extensions.is_empty() { Vec::new() } else { tagged(3, &sequence(extensions)) };
        sequence([
            &version[..],
            &self.serial,
            self.inner_algorithm.as_deref().unwrap_or(algorithm),
            self.issuer.as_deref().unwrap_or(&signer.name),
            &self.validity,
            &self.subject,
            &self.key_info,
            &self.unique_ids,
            &list,
        ])
    }
}

/// A certificate of what its signature covers, signed in the usual way of the signer's key.
///
/// # Panics
/// When the crypto library fails.
pub fn assemble(signed_part: &[u8], signer: &Entity) -> Vec<u8> {
    let signing = signer.key.signing();
    let signature = signer.key.sign(signing, signed_part).expect("the usual way works");
    sequence([signed_part, &signing.algorithm(), &bit_string(&signature)])
}

/// A validity from and until these moments, in seconds since 1970.
pub fn validity(not_before: i64, not_after: i64) -> Vec<u8> {
    sequence([time(not_before), time(not_after)])
}

/// Unique identifiers of issuer and subject (RFC 5280, section 4.1.2.8).
pub fn unique_ids() -> Vec<u8> {
    [implicit(1, &[0, 1]), implicit(2, &[0, 1])].concat()
}

/// A certificate as PEM.
pub fn pem(der: &[u8]) -> String {
    to_pem("CERTIFICATE", der)
}

/// Any object as PEM (RFC 7468).
pub fn to_pem(label: &str, der: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in der.chunks(3) {
        let mut bits = [0u8; 3];
        bits[..three.len()].copy_from_slice(three);
        let number = u32::from_be_bytes([0, bits[0], bits[1], bits[2]]);
        for digit in 0..4 {
            if digit <= three.len() {
                let index = usize::try_from(number >> (18 - 6 * digit) & 63).expect("six bits");
                text.push(char::from(ALPHABET[index]));
            } else {
                text.push('=');
            }
        }
    }
    let lines: Vec<String> =
        text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// The object identifier at the head of an extension, with tag and length.
fn kind(extension: &[u8]) -> &[u8] {
    let header = if extension[1] < 0x80 { 2 } else { 2 + usize::from(extension[1] & 0x7f) };
    &extension[header..header + 2 + usize::from(extension[header + 1])]
}

/// A value that says that it is longer than it is.
pub fn truncated(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut whole = value(tag, content);
    whole.pop();
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_of_every_kind_of_key_are_read_by_others() {
        use x509_parser::prelude::{FromDer, X509Certificate};
        for kind in [
            KeyKind::P256,
            KeyKind::P384,
            KeyKind::P521,
            KeyKind::Rsa2048,
            KeyKind::Ed25519,
            KeyKind::MlDsa44,
        ] {
            let root = Entity::of_kind("Root", kind);
            let der = Template::server(&Entity::new("Server"), "a.example").signed_by(&root);
            let (rest, read) = X509Certificate::from_der(&der).unwrap();
            assert!(rest.is_empty());
            assert_eq!(read.issuer().to_string(), "CN=Root");
            assert_eq!(read.validity().not_before.timestamp(), NOT_BEFORE);
            assert_eq!(read.validity().not_after.timestamp(), NOT_AFTER);
            let names = read.subject_alternative_name().unwrap().unwrap();
            assert_eq!(names.value.general_names.len(), 1);
            assert_eq!(read.extensions().len(), 4);
        }
    }

    #[test]
    fn an_extension_takes_the_place_of_another_of_its_kind() {
        let template = Template::authority(&Entity::new("A"));
        let changed = template.clone().with(extension::basic_constraints(false, None));
        assert_eq!(changed.extensions.len(), template.extensions.len());
        assert_eq!(template.without("2.5.29.19").extensions.len(), 2);
    }

    #[test]
    fn pem_is_base64_with_a_frame() {
        assert_eq!(to_pem("X", b"abcd"), "-----BEGIN X-----\nYWJjZA==\n-----END X-----\n");
    }
}
