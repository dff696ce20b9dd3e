//! What extensions say (RFC 5280, section 4.2).

use super::{Certificate, GeneralName, GeneralNames};
use crate::{
    der::{BitString, DerError, Integer, Oid, Reader, Value, tag},
    oid,
};

/// Extensions that the engine knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    AuthorityInfoAccess,
    AuthorityKeyIdentifier,
    BasicConstraints,
    CertificatePolicies,
    CrlDistributionPoints,
    ExtendedKeyUsage,
    FreshestCrl,
    InhibitAnyPolicy,
    IssuerAltName,
    KeyUsage,
    NameConstraints,
    NetscapeCertType,
    OcspNoCheck,
    PolicyConstraints,
    PolicyMappings,
    SignedCertificateTimestamps,
    SubjectAltName,
    SubjectDirectoryAttributes,
    SubjectInfoAccess,
    SubjectKeyIdentifier,
    TlsFeature,
}

pub(crate) const KNOWN: usize = Kind::TlsFeature as usize + 1;

impl Kind {
    pub(crate) fn of(oid: Oid<'_>) -> Option<Kind> {
        Some(match oid {
            oid::AUTHORITY_INFO_ACCESS => Kind::AuthorityInfoAccess,
            oid::AUTHORITY_KEY_IDENTIFIER => Kind::AuthorityKeyIdentifier,
            oid::BASIC_CONSTRAINTS => Kind::BasicConstraints,
            oid::CERTIFICATE_POLICIES => Kind::CertificatePolicies,
            oid::CRL_DISTRIBUTION_POINTS => Kind::CrlDistributionPoints,
            oid::EXTENDED_KEY_USAGE => Kind::ExtendedKeyUsage,
            oid::FRESHEST_CRL => Kind::FreshestCrl,
            oid::INHIBIT_ANY_POLICY => Kind::InhibitAnyPolicy,
            oid::ISSUER_ALT_NAME => Kind::IssuerAltName,
            oid::KEY_USAGE => Kind::KeyUsage,
            oid::NAME_CONSTRAINTS => Kind::NameConstraints,
            oid::NETSCAPE_CERT_TYPE => Kind::NetscapeCertType,
            oid::OCSP_NO_CHECK => Kind::OcspNoCheck,
            oid::POLICY_CONSTRAINTS => Kind::PolicyConstraints,
            oid::POLICY_MAPPINGS => Kind::PolicyMappings,
            oid::SIGNED_CERTIFICATE_TIMESTAMPS => Kind::SignedCertificateTimestamps,
            oid::SUBJECT_ALT_NAME => Kind::SubjectAltName,
            oid::SUBJECT_DIRECTORY_ATTRIBUTES => Kind::SubjectDirectoryAttributes,
            oid::SUBJECT_INFO_ACCESS => Kind::SubjectInfoAccess,
            oid::SUBJECT_KEY_IDENTIFIER => Kind::SubjectKeyIdentifier,
            oid::TLS_FEATURE => Kind::TlsFeature,
            _ => return None,
        })
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Kind::AuthorityInfoAccess => "authority information access",
            Kind::AuthorityKeyIdentifier => "authority key identifier",
            Kind::BasicConstraints => "basic constraints",
            Kind::CertificatePolicies => "certificate policies",
            Kind::CrlDistributionPoints => "CRL distribution points",
            Kind::ExtendedKeyUsage => "extended key usage",
            Kind::FreshestCrl => "freshest CRL",
            Kind::InhibitAnyPolicy => "inhibit any-policy",
            Kind::IssuerAltName => "issuer alternative name",
            Kind::KeyUsage => "key usage",
            Kind::NameConstraints => "name constraints",
            Kind::NetscapeCertType => "Netscape certificate type",
            Kind::OcspNoCheck => "OCSP no-check",
            Kind::PolicyConstraints => "policy constraints",
            Kind::PolicyMappings => "policy mappings",
            Kind::SignedCertificateTimestamps => "signed certificate timestamps",
            Kind::SubjectAltName => "subject alternative name",
            Kind::SubjectDirectoryAttributes => "subject directory attributes",
            Kind::SubjectInfoAccess => "subject information access",
            Kind::SubjectKeyIdentifier => "subject key identifier",
            Kind::TlsFeature => "TLS feature",
        }
    }
}

/// An extension as it stands in a certificate, CRL or OCSP response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension<'a> {
    /// Its kind.
    pub oid: Oid<'a>,
    pub(crate) oid_offset: usize,
    /// Whether whoever does not understand it must refuse what contains it.
    pub critical: bool,
    /// Its value, encoded.
    pub value: &'a [u8],
    /// Where the value stands.
    pub offset: usize,
}

impl<'a> Extension<'a> {
    pub(crate) fn read(list: &mut Reader<'a>) -> Result<Extension<'a>, DerError> {
        let mut parts = list.sequence()?;
        let oid = parts.oid()?;
        let oid_offset = parts.offset() - oid.0.len();
        let critical = parts.default_false()?;
        let value = parts.read(tag::OCTET_STRING)?;
        parts.end()?;
        Ok(Extension { oid, oid_offset, critical, value: value.content, offset: value.offset })
    }

    pub(crate) fn reader(&self) -> Reader<'a> {
        Reader::at(self.value, self.offset)
    }
}

/// An extension that cannot be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{extension}: {error}")]
pub struct ExtensionError {
    /// Its name.
    pub extension: &'static str,
    /// What is wrong with it.
    pub error: DerError,
}

/// RFC 5280, section 4.2.1.9.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether the subject is a CA.
    pub ca: bool,
    /// How many intermediates may follow, self-issued ones not counted. More than 4 billion count as no limit.
    pub path_length: Option<u32>,
}

/// What a key may be used for (RFC 5280, section 4.2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUsage(u16);

impl KeyUsage {
    /// Names of the bits, in their order.
    pub const NAMES: [&'static str; 9] = [
        "digitalSignature",
        "nonRepudiation",
        "keyEncipherment",
        "dataEncipherment",
        "keyAgreement",
        "keyCertSign",
        "cRLSign",
        "encipherOnly",
        "decipherOnly",
    ];

    fn has(self, bit: u16) -> bool {
        self.0 & (1 << bit) != 0
    }

    /// Signatures other than on certificates and CRLs.
    pub fn digital_signature(self) -> bool {
        self.has(0)
    }

    /// Signatures that the signer cannot deny.
    pub fn non_repudiation(self) -> bool {
        self.has(1)
    }

    /// Encrypting keys.
    pub fn key_encipherment(self) -> bool {
        self.has(2)
    }

    /// Key agreement.
    pub fn key_agreement(self) -> bool {
        self.has(4)
    }

    /// Signatures on certificates.
    pub fn key_cert_sign(self) -> bool {
        self.has(5)
    }

    /// Signatures on CRLs.
    pub fn crl_sign(self) -> bool {
        self.has(6)
    }

    /// Whether no bit is set, which is forbidden.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Names of the bits that are set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES
            .into_iter()
            .zip(0..)
            .filter(move |(_, bit)| self.has(*bit))
            .map(|(name, _)| name)
    }
}

/// RFC 5280, section 4.2.1.1.
#[derive(Clone, Copy, Debug)]
pub struct AuthorityKeyIdentifier<'a> {
    /// The identifier of the issuer's key.
    pub key_id: Option<&'a [u8]>,
    /// The issuer of the issuer's certificate.
    pub issuer: Option<GeneralNames<'a>>,
    /// The serial number of the issuer's certificate.
    pub serial: Option<Integer<'a>>,
}

/// RFC 5280, section 4.2.1.10.
#[derive(Clone, Copy, Debug)]
pub struct NameConstraints<'a> {
    /// Names must be within one of these.
    pub permitted: Option<Subtrees<'a>>,
    /// Names must be within none of these.
    pub excluded: Option<Subtrees<'a>>,
}

impl<'a> NameConstraints<'a> {
    /// Reads the value of a name constraints extension.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(value: &'a [u8]) -> Result<NameConstraints<'a>, DerError> {
        read_name_constraints(Reader::new(value))
    }
}

/// Name spaces; each is read when it is its turn.
#[derive(Clone, Copy, Debug)]
pub struct Subtrees<'a> {
    reader: Reader<'a>,
}

impl Subtrees<'_> {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.reader.is_empty()
    }
}

#[expect(clippy::copy_iterator, reason = "a list in borrowed bytes is cheap to begin again")]
impl<'a> Iterator for Subtrees<'a> {
    /// The base, and whether `minimum` and `maximum` are at their defaults, as they must be.
    type Item = Result<(GeneralName<'a>, bool), DerError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.reader.is_empty() {
            return None;
        }
        let mut read = || {
            let mut parts = self.reader.sequence()?;
            let base = GeneralName::read(&mut parts)?;
            let minimum = parts.optional(tag::context(0))?;
            let maximum = parts.optional(tag::context(1))?;
            parts.end()?;
            let zero = minimum.is_none_or(|minimum| minimum.content == [0]);
            Ok((base, zero && maximum.is_none()))
        };
        let one = read();
        if one.is_err() {
            self.reader = Reader::new(&[]);
        }
        Some(one)
    }
}

/// A policy with what its CA says about it (RFC 5280, section 4.2.1.4).
#[derive(Clone, Copy, Debug)]
pub struct PolicyInformation<'a> {
    /// The policy.
    pub policy: Oid<'a>,
    qualifiers: Option<Reader<'a>>,
}

impl<'a> PolicyInformation<'a> {
    /// What the CA says about the policy.
    pub fn qualifiers(&self) -> impl Iterator<Item = PolicyQualifier<'a>> + use<'a> {
        let mut reader = self.qualifiers;
        std::iter::from_fn(move || {
            let mut parts = reader.as_mut()?.sequence().ok()?;
            let kind = parts.oid().ok()?;
            Some(match (kind, parts.any().ok()?) {
                (oid::CPS, value) => PolicyQualifier::Practices(value.content),
                (oid::USER_NOTICE, value) => PolicyQualifier::Notice(value.whole),
                (_, value) => PolicyQualifier::Other { kind, value: value.whole },
            })
        })
    }
}

/// RFC 5280, section 4.2.1.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyQualifier<'a> {
    /// URI of the CA's certification practice statement.
    Practices(&'a [u8]),
    /// A notice for people, encoded.
    Notice(&'a [u8]),
    /// Anything else.
    Other {
        /// Its kind.
        kind: Oid<'a>,
        /// Its value, encoded.
        value: &'a [u8],
    },
}

/// RFC 5280, section 4.2.1.11.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyConstraints {
    /// After so many certificates an acceptable policy must be named.
    pub require_explicit: Option<u32>,
    /// After so many certificates mappings are not followed any more.
    pub inhibit_mapping: Option<u32>,
}

/// Where a CRL is (RFC 5280, section 4.2.1.13).
#[derive(Clone, Copy, Debug)]
pub struct DistributionPoint<'a> {
    /// Its name.
    pub name: Option<DistributionPointName<'a>>,
    /// For which reasons of revocation it is; all where missing.
    pub reasons: Option<Reasons>,
    /// Who signs the CRL, where not the certificate's issuer.
    pub issuer: Option<GeneralNames<'a>>,
}

impl<'a> DistributionPoint<'a> {
    pub(crate) fn read(mut parts: Reader<'a>) -> Result<DistributionPoint<'a>, DerError> {
        let name = match parts.optional(tag::constructed(0))? {
            Some(tagged) => {
                let mut inner = tagged.reader();
                let name = DistributionPointName::read(&mut inner)?;
                inner.end()?;
                Some(name)
            }
            None => None,
        };
        let reasons = match parts.optional(tag::context(1))? {
            Some(bits) => Some(Reasons::of(BitString::of(bits)?)),
            None => None,
        };
        let issuer = parts.optional(tag::constructed(2))?;
        parts.end()?;
        Ok(DistributionPoint {
            name,
            reasons,
            issuer: issuer.map(|names| GeneralNames::new(names.reader())),
        })
    }
}

/// The name of a distribution point.
#[derive(Clone, Copy, Debug)]
pub enum DistributionPointName<'a> {
    /// Several names of one place.
    Full(GeneralNames<'a>),
    /// A piece of a name, to be put behind the CRL issuer's: the content of a RelativeDistinguishedName.
    Relative(&'a [u8]),
}

impl<'a> DistributionPointName<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<DistributionPointName<'a>, DerError> {
        let value = reader.any()?;
        match value.tag {
            0xa0 => Ok(DistributionPointName::Full(GeneralNames::new(value.reader()))),
            0xa1 => Ok(DistributionPointName::Relative(value.content)),
            _ => Err(value.fault("a distribution point's name of an unknown kind")),
        }
    }
}

/// A set of reasons for revocation (RFC 5280, section 4.2.1.13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reasons(u16);

impl Reasons {
    /// Every reason: bits 1 to 8.
    pub const ALL: Reasons = Reasons(0b1_1111_1110);
    /// None.
    pub const NONE: Reasons = Reasons(0);

    pub(crate) fn of(bits: BitString<'_>) -> Reasons {
        Reasons((0..9).filter(|bit| bits.bit(*bit)).fold(0, |set, bit| set | 1 << bit))
    }

    /// The reasons in both sets.
    #[must_use]
    pub fn and(self, other: Reasons) -> Reasons {
        Reasons(self.0 & other.0)
    }

    /// The reasons in either set.
    #[must_use]
    pub fn or(self, other: Reasons) -> Reasons {
        Reasons(self.0 | other.0)
    }

    /// Whether all of `other` are in this set.
    pub fn covers(self, other: Reasons) -> bool {
        other.0 & !self.0 == 0
    }
}

/// Where to find more (RFC 5280, section 4.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessDescription<'a> {
    /// What is there.
    pub method: Oid<'a>,
    /// Where it is.
    pub location: GeneralName<'a>,
}

/// Declares a getter that reads an extension when asked.
macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident: $kind:ident => $type:ty = $read:expr;)*) => {
        /// Extensions. Each is read when it is asked for: `None` when the certificate does not have it.
        impl Certificate<'_> {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                /// When the extension cannot be understood.
                pub fn $name(&self) -> Result<Option<$type>, ExtensionError> {
                    let Some((reader, _)) = self.extension_value(Kind::$kind) else { return Ok(None) };
                    let read: fn(Reader<'_>) -> Result<$type, DerError> = $read;
                    read(reader)
                        .map(Some)
                        .map_err(|error| ExtensionError { extension: Kind::$kind.name(), error })
                }
            )*
        }
    };
}

getters! {
    /// Whether it is a CA's (RFC 5280, section 4.2.1.9).
    basic_constraints: BasicConstraints => BasicConstraints = read_basic_constraints;
    /// What its key may be used for (section 4.2.1.3).
    key_usage: KeyUsage => KeyUsage = read_key_usage;
    /// The identifier of its key (section 4.2.1.2).
    subject_key_id: SubjectKeyIdentifier => &[u8] = |mut reader| {
        let value = reader.read(tag::OCTET_STRING)?;
        reader.end()?;
        Ok(value.content)
    };
    /// Which key signed it (section 4.2.1.1).
    authority_key_id: AuthorityKeyIdentifier => AuthorityKeyIdentifier<'_> = read_authority_key_id;
    /// Names of its subject (section 4.2.1.6).
    subject_alt_names: SubjectAltName => GeneralNames<'_> = read_names;
    /// Further names of its issuer (section 4.2.1.7).
    issuer_alt_names: IssuerAltName => GeneralNames<'_> = read_names;
    /// The name space of the certificates below it (section 4.2.1.10).
    name_constraints: NameConstraints => NameConstraints<'_> = read_name_constraints;
    /// Policies it was issued under (section 4.2.1.4).
    policies: CertificatePolicies => Vec<PolicyInformation<'_>> = read_policies;
    /// The issuer's policies and what they are called below it (section 4.2.1.5).
    policy_mappings: PolicyMappings => Vec<(Oid<'_>, Oid<'_>)> = read_policy_mappings;
    /// What it demands of policies below it (section 4.2.1.11).
    policy_constraints: PolicyConstraints => PolicyConstraints = read_policy_constraints;
    /// After how many certificates the wild card among policies counts no more (section 4.2.1.14).
    inhibit_any_policy: InhibitAnyPolicy => u32 = |mut reader| {
        let number = reader.read(tag::INTEGER)?;
        reader.end()?;
        count(&number)
    };
    /// The purposes it may serve (section 4.2.1.12).
    extended_key_usage: ExtendedKeyUsage => Vec<Oid<'_>> = |mut reader| {
        let mut list = reader.sequence()?;
        reader.end()?;
        let mut purposes = Vec::new();
        while !list.is_empty() {
            purposes.push(list.oid()?);
        }
        Ok(purposes)
    };
    /// Where its CRLs are (section 4.2.1.13).
    crl_distribution_points: CrlDistributionPoints => Vec<DistributionPoint<'_>> = read_points;
    /// Where delta CRLs are (section 4.2.1.15).
    freshest_crl: FreshestCrl => Vec<DistributionPoint<'_>> = read_points;
    /// Where to find its issuer and its issuer's OCSP responder (section 4.2.2.1).
    authority_info_access: AuthorityInfoAccess => Vec<AccessDescription<'_>> = read_access;
    /// Where to find what its subject offers (section 4.2.2.2).
    subject_info_access: SubjectInfoAccess => Vec<AccessDescription<'_>> = read_access;
    /// TLS extensions that its server promises to send (RFC 7633): 5 demands a stapled OCSP response.
    tls_features: TlsFeature => Vec<u64> = |mut reader| {
        let mut list = reader.sequence()?;
        reader.end()?;
        let mut features = Vec::new();
        while !list.is_empty() {
            features.push(list.integer()?.small().unwrap_or(u64::MAX));
        }
        Ok(features)
    };
}

impl Certificate<'_> {
    /// Whether an OCSP responder with this certificate needs no check for revocation (RFC 6960, section 4.2.2.2.1).
    pub fn has_ocsp_no_check(&self) -> bool {
        self.extension_value(Kind::OcspNoCheck).is_some()
    }

    /// Whether it tells where its issuer's certificate can be fetched (RFC 5280, section 4.2.2.1).
    pub fn names_its_issuers_address(&self) -> bool {
        let access = self.authority_info_access().ok().flatten().unwrap_or_default();
        access.iter().any(|one| one.method == oid::CA_ISSUERS)
    }

    /// Whether an extension is there and critical.
    pub(crate) fn critical(&self, kind: Kind) -> Option<bool> {
        self.extension_value(kind).map(|(_, critical)| critical)
    }
}

fn read_basic_constraints(mut reader: Reader<'_>) -> Result<BasicConstraints, DerError> {
    let mut parts = reader.sequence()?;
    reader.end()?;
    let ca = parts.default_false()?;
    let path_length = match parts.peek() {
        Some(tag::INTEGER) => {
            let value = parts.any()?;
            Some(count(&value)?).filter(|count| *count != u32::MAX)
        }
        _ => None,
    };
    parts.end()?;
    Ok(BasicConstraints { ca, path_length })
}

fn read_key_usage(mut reader: Reader<'_>) -> Result<KeyUsage, DerError> {
    let bits = reader.bit_string()?;
    reader.end()?;
    Ok(KeyUsage((0..9).filter(|bit| bits.bit(*bit)).fold(0, |set, bit| set | 1 << bit)))
}

pub(crate) fn read_authority_key_id(
    mut reader: Reader<'_>,
) -> Result<AuthorityKeyIdentifier<'_>, DerError> {
    let mut parts = reader.sequence()?;
    reader.end()?;
    let key_id = parts.optional(tag::context(0))?;
    let issuer = parts.optional(tag::constructed(1))?;
    let serial = parts.optional(tag::context(2))?;
    parts.end()?;
    Ok(AuthorityKeyIdentifier {
        key_id: key_id.map(|value| value.content),
        issuer: issuer.map(|names| GeneralNames::new(names.reader())),
        serial: serial.map(|value| Integer(value.content)),
    })
}

fn read_names(mut reader: Reader<'_>) -> Result<GeneralNames<'_>, DerError> {
    let list = reader.sequence()?;
    reader.end()?;
    Ok(GeneralNames::new(list))
}

fn read_name_constraints(mut reader: Reader<'_>) -> Result<NameConstraints<'_>, DerError> {
    let mut parts = reader.sequence()?;
    reader.end()?;
    let permitted = parts.optional(tag::constructed(0))?;
    let excluded = parts.optional(tag::constructed(1))?;
    parts.end()?;
    Ok(NameConstraints {
        permitted: permitted.map(|value| Subtrees { reader: value.reader() }),
        excluded: excluded.map(|value| Subtrees { reader: value.reader() }),
    })
}

fn read_policies(mut reader: Reader<'_>) -> Result<Vec<PolicyInformation<'_>>, DerError> {
    let mut list = reader.sequence()?;
    reader.end()?;
    let mut policies = Vec::new();
    while !list.is_empty() {
        let mut parts = list.sequence()?;
        let policy = parts.oid()?;
        let qualifiers = parts.optional(tag::SEQUENCE)?;
        parts.end()?;
        policies
            .push(PolicyInformation { policy, qualifiers: qualifiers.map(|value| value.reader()) });
    }
    Ok(policies)
}

fn read_policy_mappings(mut reader: Reader<'_>) -> Result<Vec<(Oid<'_>, Oid<'_>)>, DerError> {
    let mut list = reader.sequence()?;
    reader.end()?;
    let mut mappings = Vec::new();
    while !list.is_empty() {
        let mut pair = list.sequence()?;
        mappings.push((pair.oid()?, pair.oid()?));
        pair.end()?;
    }
    Ok(mappings)
}

fn read_policy_constraints(mut reader: Reader<'_>) -> Result<PolicyConstraints, DerError> {
    let mut parts = reader.sequence()?;
    reader.end()?;
    let require = parts.optional(tag::context(0))?;
    let inhibit = parts.optional(tag::context(1))?;
    parts.end()?;
    Ok(PolicyConstraints {
        require_explicit: require.as_ref().map(count).transpose()?,
        inhibit_mapping: inhibit.as_ref().map(count).transpose()?,
    })
}

/// A number of certificates. What is beyond reason counts as the most.
fn count(value: &Value<'_>) -> Result<u32, DerError> {
    let number = Integer(value.content);
    if number.is_negative() || number.0.is_empty() {
        return Err(value.fault("a number of certificates below zero"));
    }
    Ok(number.small().and_then(|number| u32::try_from(number).ok()).unwrap_or(u32::MAX))
}

pub(crate) fn read_points(mut reader: Reader<'_>) -> Result<Vec<DistributionPoint<'_>>, DerError> {
    let mut list = reader.sequence()?;
    reader.end()?;
    let mut points = Vec::new();
    while !list.is_empty() {
        points.push(DistributionPoint::read(list.sequence()?)?);
    }
    Ok(points)
}

fn read_access(mut reader: Reader<'_>) -> Result<Vec<AccessDescription<'_>>, DerError> {
    let mut list = reader.sequence()?;
    reader.end()?;
    let mut descriptions = Vec::new();
    while !list.is_empty() {
        let mut parts = list.sequence()?;
        let method = parts.oid()?;
        let location = GeneralName::read(&mut parts)?;
        parts.end()?;
        descriptions.push(AccessDescription { method, location });
    }
    Ok(descriptions)
}
