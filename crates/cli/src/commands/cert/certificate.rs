//! Making certificates and requests.

use super::{dn::DistinguishedName, name::Name, purpose::Purpose};
use aws_lc_rs::rand;
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CrlDistributionPoint, CustomExtension, DnType, IsCa,
    Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, PublicKeyData, SerialNumber,
    SigningKey as _, SubjectPublicKeyInfo,
};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use yasna::{Tag, models::ObjectIdentifier};

/// Bytes of a serial number: as many as there may be (RFC 5280, section 4.1.2.2).
pub const SERIAL: usize = 20;

/// id-ce-extKeyUsage (RFC 5280, section 4.2.1.12).
const EXTENDED_KEY_USAGE: [u64; 4] = [2, 5, 29, 37];

/// id-pe-authorityInfoAccess, id-ad-ocsp and id-ad-caIssuers (RFC 5280, section 4.2.2.1).
const AUTHORITY_INFO_ACCESS: [u64; 9] = [1, 3, 6, 1, 5, 5, 7, 1, 1];
const OCSP: [u64; 9] = [1, 3, 6, 1, 5, 5, 7, 48, 1];
const CA_ISSUERS: [u64; 9] = [1, 3, 6, 1, 5, 5, 7, 48, 2];

/// What a certificate is to say.
#[derive(Debug)]
pub struct Template {
    /// Whom it is for.
    pub subject: DistinguishedName,
    /// Its names.
    pub names: Vec<Name>,
    /// The first moment it is good.
    pub not_before: Timestamp,
    /// The last moment it is good.
    pub not_after: Timestamp,
    /// Whether it is an authority's, and then how many may follow below it.
    pub rank: Rank,
    /// What it may be used for; empty: anything.
    pub purposes: Vec<Purpose>,
    /// Where its revocation list is.
    pub crl: Vec<String>,
    /// Who answers for it by OCSP.
    pub ocsp: Vec<String>,
    /// Where its issuer's certificate is.
    pub issuer_url: Vec<String>,
    /// Its number.
    pub serial: Vec<u8>,
}

/// Where in a chain a certificate stands (RFC 5280, section 4.2.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    /// At its end: it signs no other.
    End,
    /// Above others, of which so many may be authorities too.
    Authority {
        /// None: any number.
        path_length: Option<u8>,
    },
}

/// Who signs.
#[derive(Debug)]
pub struct Signer<'a> {
    /// Its subject, as its certificate has it.
    pub name: &'a [u8],
    /// Its subject key identifier, if its certificate has one.
    pub key_identifier: Option<Vec<u8>>,
    /// Its key.
    pub key: &'a KeyPair,
}

impl Template {
    /// The certificate for a key, signed by that key, as DER.
    ///
    /// # Errors
    /// When the library cannot sign it.
    pub fn self_signed(&self, key: &KeyPair) -> Result<Vec<u8>, rcgen::Error> {
        let made = self.params(key)?.self_signed(key)?;
        let name = self.subject.der();
        resigned(made.der(), &[(ISSUER, name), (SUBJECT, name)], key)
    }

    /// The certificate for a key, signed by another, as DER.
    ///
    /// # Errors
    /// When the library cannot sign it.
    pub fn signed_by(
        &self,
        key: &SubjectPublicKeyInfo,
        signer: &Signer<'_>,
    ) -> Result<Vec<u8>, rcgen::Error> {
        let mut issuer = CertificateParams::default();
        if let Some(identifier) = &signer.key_identifier {
            issuer.key_identifier_method = KeyIdMethod::PreSpecified(identifier.clone());
        }
        let made = self.params(key)?.signed_by(key, &Issuer::from_params(&issuer, signer.key))?;
        resigned(made.der(), &[(ISSUER, signer.name), (SUBJECT, self.subject.der())], signer.key)
    }

    fn params(&self, key: &impl PublicKeyData) -> Result<CertificateParams, rcgen::Error> {
        let mut params = params(&self.subject, &self.names)?;
        params.not_before = date(self.not_before).into();
        params.not_after = date(self.not_after).into();
        params.serial_number = Some(SerialNumber::from_slice(&self.serial));
        params.use_authority_key_identifier_extension = true;
        (params.is_ca, params.key_usages) = match self.rank {
            Rank::End => (IsCa::ExplicitNoCa, self.key_usages(key)),
            Rank::Authority { path_length } => (
                IsCa::Ca(
                    path_length
                        .map_or(BasicConstraints::Unconstrained, BasicConstraints::Constrained),
                ),
                vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign],
            ),
        };
        let points = self.crl.iter().map(|url| CrlDistributionPoint { uris: vec![url.clone()] });
        params.crl_distribution_points = points.collect();
        params.custom_extensions.extend(purposes(&self.purposes));
        params.custom_extensions.extend(self.access());
        Ok(params)
    }

    /// Signing, and for keys that can, the encryption of a secret to them.
    fn key_usages(&self, key: &impl PublicKeyData) -> Vec<KeyUsagePurpose> {
        let is_encrypted_to =
            |purpose: &Purpose| matches!(purpose, Purpose::ServerAuth | Purpose::Email);
        let mut usages = vec![KeyUsagePurpose::DigitalSignature];
        if key.algorithm() == &PKCS_RSA_SHA256 && self.purposes.iter().any(is_encrypted_to) {
            usages.push(KeyUsagePurpose::KeyEncipherment);
        }
        usages
    }

    fn access(&self) -> Option<CustomExtension> {
        const URI: Tag = Tag { tag_class: yasna::TagClass::ContextSpecific, tag_number: 6 };
        let ocsp = self.ocsp.iter().map(|url| (OCSP, url));
        let methods: Vec<_> =
            ocsp.chain(self.issuer_url.iter().map(|url| (CA_ISSUERS, url))).collect();
        let content = yasna::construct_der(|out| {
            out.write_sequence(|out| {
                for (method, url) in &methods {
                    out.next().write_sequence(|out| {
                        out.next().write_oid(&ObjectIdentifier::from_slice(method));
                        out.next().write_tagged_implicit(URI, |out| out.write_ia5_string(url));
                    });
                }
            });
        });
        (!methods.is_empty())
            .then(|| CustomExtension::from_oid_content(&AUTHORITY_INFO_ACCESS, content))
    }
}

/// A request (PKCS#10, RFC 2986) signed by the key it is for, as DER.
///
/// # Errors
/// When the library cannot sign it.
pub fn request(
    subject: &DistinguishedName,
    names: &[Name],
    key: &KeyPair,
) -> Result<Vec<u8>, rcgen::Error> {
    let made = params(subject, names)?.serialize_request(key)?;
    resigned(made.der(), &[(REQUEST_SUBJECT, subject.der())], key)
}

/// A random serial number, positive and of full length.
///
/// # Errors
/// When the system has no randomness to give.
pub fn random_serial() -> Result<Vec<u8>, rcgen::Error> {
    let mut serial = vec![0; SERIAL];
    rand::fill(&mut serial).map_err(|_| rcgen::Error::RingUnspecified)?;
    serial[0] = serial[0] & 0x7f | 0x40;
    Ok(serial)
}

fn params(subject: &DistinguishedName, names: &[Name]) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.subject_alt_names = names.iter().map(Name::to_san).collect::<Result<_, _>>()?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    if !subject.is_empty() {
        // Its place is kept: whether it is empty decides what is critical.
        params.distinguished_name.push(DnType::CommonName, "");
    }
    Ok(params)
}

/// A moment as the system's clock has it, which rcgen takes.
fn date(moment: Timestamp) -> SystemTime {
    let distance = Duration::from_secs(moment.as_second().unsigned_abs());
    if moment.as_second() < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance }
}

fn purposes(purposes: &[Purpose]) -> Option<CustomExtension> {
    let content = yasna::construct_der(|out| {
        out.write_sequence(|out| {
            for purpose in purposes {
                out.next().write_oid(&ObjectIdentifier::from_slice(purpose.oid()));
            }
        });
    });
    let mut extension = CustomExtension::from_oid_content(&EXTENDED_KEY_USAGE, content);
    // RFC 3161, section 2.3.
    extension.set_criticality(purposes == [Purpose::TimeStamping]);
    (!purposes.is_empty()).then_some(extension)
}

/// Fields of a TBSCertificate (RFC 5280, section 4.1) and of a CertificationRequestInfo (RFC 2986, section 4.1).
const ISSUER: usize = 3;
const SUBJECT: usize = 5;
const REQUEST_SUBJECT: usize = 1;

/// Puts other fields into what was signed, and signs it again. rcgen's names hold one attribute of a type and know
/// few encodings; an issuer's name must stand in its certificates byte for byte (RFC 5280, section 7.1).
fn resigned(
    signed: &[u8],
    fields: &[(usize, &[u8])],
    key: &KeyPair,
) -> Result<Vec<u8>, rcgen::Error> {
    let (mut content, algorithm) = yasna::parse_der(signed, |signed| {
        signed.read_sequence(|signed| {
            let mut content = Vec::new();
            signed.next().read_sequence_of(|field| {
                content.push(field.read_der()?);
                Ok(())
            })?;
            let algorithm = signed.next().read_der()?;
            signed.next().read_der()?;
            Ok((content, algorithm))
        })
    })
    .map_err(|error| rcgen::Error::X509(error.to_string()))?;
    for (place, field) in fields {
        content[*place] = field.to_vec();
    }
    let content = yasna::construct_der(|out| {
        out.write_sequence(|out| content.iter().for_each(|field| out.next().write_der(field)));
    });
    let signature = key.sign(&content)?;
    Ok(yasna::construct_der(|out| {
        out.write_sequence(|out| {
            out.next().write_der(&content);
            out.next().write_der(&algorithm);
            out.next().write_bitvec_bytes(&signature, signature.len() * 8);
        });
    }))
}
