//! X.509 certificates (RFC 5280, section 4.1).
//!
//! - this file: what is read at once, and what it says.
//! - `extensions`: what extensions say, read when asked for.
//! - `general_name`: the names in extensions.
//! - `key`: public keys.
//! - `timestamps`: promises of transparency logs.

mod extensions;
mod general_name;
mod key;
mod timestamps;

pub use extensions::{
    AccessDescription, AuthorityKeyIdentifier, BasicConstraints, DistributionPoint,
    DistributionPointName, Extension, ExtensionError, KeyUsage, NameConstraints, PolicyConstraints,
    PolicyInformation, PolicyQualifier, Reasons, Subtrees,
};
pub(crate) use extensions::{KNOWN, Kind, read_authority_key_id, read_points};
pub(crate) use general_name::address;
pub use general_name::{GeneralName, GeneralNames};
pub use key::{Curve, KeyAlgorithm, PublicKey};
pub use timestamps::SignedCertificateTimestamp;

use crate::{
    Time,
    der::{BitString, DerError, Integer, Reader, Value, tag},
    name::DistinguishedName,
    signature::AlgorithmIdentifier,
};
use std::{borrow::Cow, fmt, ops::Range};

/// A certificate of more bytes is refused: the largest real ones have some 10,000.
pub const MAX_CERTIFICATE: usize = 4 << 20;
/// A certificate with more extensions is refused: each costs a look at all the others.
pub const MAX_EXTENSIONS: usize = 128;

/// A certificate: its fields are read, its extensions are found, and read when asked for.
///
/// It borrows the bytes it is read from, or owns them: see [`into_owned`](Self::into_owned). What a certificate says is
/// not true because it says so: only a [`Verdict`](crate::Verdict) tells whether to believe it.
///
/// ```
/// use ravelin_trust::Certificate;
/// # let key = rcgen::KeyPair::generate()?;
/// # let params = rcgen::CertificateParams::new(["a.example".to_owned()])?;
/// # let der = params.self_signed(&key)?.der().to_vec();
///
/// let certificate = Certificate::parse(&der[..])?;
/// assert_eq!(certificate.version(), 3);
/// assert!(certificate.is_self_issued());
/// for name in certificate.subject_alt_names()?.into_iter().flatten() {
///     assert_eq!(name?.to_string(), "dns:a.example");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Certificate<'a> {
    der: Cow<'a, [u8]>,
    layout: Layout,
}

/// Where things stand in a certificate's bytes.
#[derive(Clone)]
pub(crate) struct Layout {
    /// The certificate itself; behind it there may be bytes that do not belong to it.
    whole: Span,
    tbs: Span,
    version: u8,
    serial: Span,
    inner_algorithm: Span,
    issuer: Span,
    not_before: Time,
    not_after: Time,
    /// Where the validity deviates from the standard's form, and how.
    validity_fault: Option<(u32, &'static str)>,
    subject: Span,
    key_info: Span,
    unique_ids: Option<u32>,
    known: [Option<Found>; KNOWN],
    unknown_critical: Option<(Span, u32)>,
    duplicate: Option<(Span, u32)>,
    extensions: Option<Span>,
    algorithm: Span,
    signature: Span,
}

/// A range of a certificate's bytes. Certificates are shorter than 4 GiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Of `content`, which stands at `offset`.
    #[allow(clippy::cast_possible_truncation)] // MAX_CERTIFICATE is far below
    pub(crate) fn of(content: &[u8], offset: usize) -> Span {
        Span { start: offset as u32, end: (offset + content.len()) as u32 }
    }

    /// Of a value with its tag and length.
    pub(crate) fn whole(value: &Value<'_>) -> Span {
        Span::of(value.whole, value.offset + value.content.len() - value.whole.len())
    }

    pub(crate) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// An extension's value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    value: Span,
    critical: bool,
}

/// Why bytes are no certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// Beyond our limit.
    #[error("a certificate of {length} bytes: at most {MAX_CERTIFICATE} are read")]
    TooLong {
        /// How many there are.
        length: usize,
    },
    /// The encoding is broken.
    #[error("not a certificate: {what}: {error}")]
    Malformed {
        /// Which part.
        what: &'static str,
        /// What is wrong with it.
        error: DerError,
    },
    /// A version that does not exist.
    #[error("not a certificate: version number {number} has no meaning")]
    Version {
        /// As encoded: 0 is version 1.
        number: u64,
    },
    /// Beyond our limit.
    #[error("a certificate with more than {MAX_EXTENSIONS} extensions")]
    TooManyExtensions,
}

impl<'a> Certificate<'a> {
    /// Reads a certificate. What deviates from the standard and still can be understood is accepted here, and becomes a
    /// finding when the certificate is judged.
    ///
    /// # Errors
    /// When the bytes are no certificate at all.
    pub fn parse(der: impl Into<Cow<'a, [u8]>>) -> Result<Certificate<'a>, CertificateError> {
        let der = der.into();
        let layout = Layout::read(&der)?;
        Ok(Certificate { der, layout })
    }

    /// The same certificate with its bytes.
    pub fn into_owned(self) -> Certificate<'static> {
        Certificate { der: Cow::Owned(self.der.into_owned()), layout: self.layout }
    }

    /// The same certificate, borrowing from this one.
    pub fn borrowed(&self) -> Certificate<'_> {
        Certificate { der: Cow::Borrowed(&self.der), layout: self.layout.clone() }
    }

    fn part(&self, span: Span) -> &[u8] {
        self.der.get(span.range()).unwrap_or_default()
    }

    fn reader(&self, span: Span) -> Reader<'_> {
        Reader::at(self.part(span), span.range().start)
    }

    /// The certificate's bytes, without anything that follows it.
    pub fn der(&self) -> &[u8] {
        self.part(self.layout.whole)
    }

    /// How many bytes follow the certificate that do not belong to it.
    pub fn trailing(&self) -> usize {
        self.der.len().saturating_sub(self.layout.whole.range().end)
    }

    /// What the signature covers.
    pub fn signed_part(&self) -> &[u8] {
        self.part(self.layout.tbs)
    }

    /// 1, 2 or 3.
    pub fn version(&self) -> u8 {
        self.layout.version
    }

    /// The issuer's number for it (RFC 5280, section 4.1.2.2).
    pub fn serial(&self) -> Integer<'_> {
        Integer(self.part(self.layout.serial))
    }

    /// Who signed it.
    pub fn issuer(&self) -> DistinguishedName<'_> {
        DistinguishedName::new(self.part(self.layout.issuer), self.layout.issuer.range().start)
    }

    /// Whom it is about.
    pub fn subject(&self) -> DistinguishedName<'_> {
        DistinguishedName::new(self.part(self.layout.subject), self.layout.subject.range().start)
    }

    /// First moment of its validity.
    pub fn not_before(&self) -> Time {
        self.layout.not_before
    }

    /// Last moment of its validity.
    pub fn not_after(&self) -> Time {
        self.layout.not_after
    }

    /// The subject's key.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn public_key(&self) -> Result<PublicKey<'_>, DerError> {
        PublicKey::read(self.reader(self.layout.key_info))
    }

    /// The subject's key as SubjectPublicKeyInfo.
    pub fn public_key_info(&self) -> &[u8] {
        self.part(self.layout.key_info)
    }

    /// How it is signed.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn signature_algorithm(&self) -> Result<AlgorithmIdentifier<'_>, DerError> {
        AlgorithmIdentifier::read(&mut self.reader(self.layout.algorithm))
    }

    /// The signature.
    pub fn signature(&self) -> &[u8] {
        self.part(self.layout.signature)
    }

    /// Whether the signed part names the same algorithm as the signature (RFC 5280, section 4.1.1.2).
    pub fn names_one_algorithm(&self) -> bool {
        self.part(self.layout.algorithm) == self.part(self.layout.inner_algorithm)
    }

    /// Whether issuer and subject are the same name (RFC 5280, section 3.2): all roots are, and certificates with which a
    /// CA certifies its own next key.
    pub fn is_self_issued(&self) -> bool {
        self.issuer() == self.subject()
    }

    /// Bytes of an extension's value, and whether it is critical.
    pub(crate) fn extension_value(&self, kind: Kind) -> Option<(Reader<'_>, bool)> {
        let found = self.layout.known[kind as usize]?;
        Some((self.reader(found.value), found.critical))
    }

    /// All extensions in their order, known or not.
    ///
    /// ```
    /// # use ravelin_trust::Certificate;
    /// # let key = rcgen::KeyPair::generate()?;
    /// # let der = rcgen::CertificateParams::new(["a.example".to_owned()])?.self_signed(&key)?.der().to_vec();
    /// let certificate = Certificate::parse(&der[..])?;
    /// let oids: Vec<String> = certificate.extensions().map(|one| one.oid.to_string()).collect();
    /// assert!(oids.contains(&"2.5.29.17".to_owned()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'_>> {
        let mut reader = self.layout.extensions.map(|span| self.reader(span));
        std::iter::from_fn(move || Extension::read(reader.as_mut()?).ok())
    }

    /// Whether one of its extensions has a say in which policies are valid.
    pub(crate) fn speaks_of_policies(&self) -> bool {
        const SAY: [Kind; 4] = [
            Kind::CertificatePolicies,
            Kind::PolicyMappings,
            Kind::PolicyConstraints,
            Kind::InhibitAnyPolicy,
        ];
        SAY.iter().any(|kind| self.layout.known[*kind as usize].is_some())
    }

    /// The first critical extension that the engine does not know.
    pub(crate) fn unknown_critical(&self) -> Option<(crate::der::Oid<'_>, usize)> {
        let (oid, offset) = self.layout.unknown_critical?;
        Some((crate::der::Oid(self.part(oid)), offset as usize))
    }

    /// The first extension that another of the same kind came before.
    pub(crate) fn duplicate(&self) -> Option<(crate::der::Oid<'_>, usize)> {
        let (oid, offset) = self.layout.duplicate?;
        Some((crate::der::Oid(self.part(oid)), offset as usize))
    }

    pub(crate) fn has_extensions(&self) -> bool {
        self.layout.extensions.is_some()
    }

    pub(crate) fn validity_fault(&self) -> Option<(usize, &'static str)> {
        self.layout.validity_fault.map(|(offset, what)| (offset as usize, what))
    }

    pub(crate) fn unique_ids(&self) -> Option<usize> {
        self.layout.unique_ids.map(|offset| offset as usize)
    }

    pub(crate) fn serial_offset(&self) -> usize {
        self.layout.serial.range().start
    }
}

impl PartialEq for Certificate<'_> {
    fn eq(&self, other: &Certificate<'_>) -> bool {
        self.der() == other.der()
    }
}

impl Eq for Certificate<'_> {}

impl fmt::Debug for Certificate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("subject", &self.subject().to_string())
            .field("issuer", &self.issuer().to_string())
            .field("not_after", &self.not_after().to_string())
            .finish_non_exhaustive()
    }
}

impl Layout {
    fn read(der: &[u8]) -> Result<Layout, CertificateError> {
        if der.len() > MAX_CERTIFICATE {
            return Err(CertificateError::TooLong { length: der.len() });
        }
        let in_part = |what| move |error| CertificateError::Malformed { what, error };
        let outer = in_part("its three parts");
        let mut reader = Reader::new(der);
        let whole = reader.read(tag::SEQUENCE).map_err(outer)?;
        let mut parts = whole.reader();
        let tbs = parts.read(tag::SEQUENCE).map_err(outer)?;
        let algorithm = parts.read(tag::SEQUENCE).map_err(in_part("the signature's algorithm"))?;
        let signature = parts.read(tag::BIT_STRING).map_err(in_part("the signature"))?;
        parts.end().map_err(outer)?;
        let signed_with = BitString::bytes_of(signature).map_err(in_part("the signature"))?;

        let mut fields = tbs.reader();
        let version = version(&mut fields)?;
        let serial = fields.read(tag::INTEGER).map_err(in_part("the serial number"))?;
        if serial.content.is_empty() {
            let error = serial.fault("an integer without bytes");
            return Err(CertificateError::Malformed { what: "the serial number", error });
        }
        let inner = fields.read(tag::SEQUENCE).map_err(in_part("the signed algorithm"))?;
        let issuer = fields.read(tag::SEQUENCE).map_err(in_part("the issuer"))?;
        let validity = fields.read(tag::SEQUENCE).map_err(in_part("the validity"))?;
        let (not_before, not_after, validity_fault) =
            read_validity(validity.reader()).map_err(in_part("the validity"))?;
        let subject = fields.read(tag::SEQUENCE).map_err(in_part("the subject"))?;
        let key_info = fields.read(tag::SEQUENCE).map_err(in_part("the public key"))?;
        let unique = in_part("the unique identifiers");
        let mut unique_ids = None;
        for number in [1, 2] {
            if let Some(id) = fields.optional(tag::context(number)).map_err(unique)? {
                unique_ids = unique_ids.or(u32::try_from(id.offset).ok());
            }
        }
        let span = |value: &Value<'_>| Span::of(value.content, value.offset);
        let mut layout = Layout {
            whole: Span::of(whole.whole, 0),
            tbs: Span::whole(&tbs),
            version,
            serial: span(&serial),
            inner_algorithm: Span::whole(&inner),
            issuer: Span::whole(&issuer),
            not_before,
            not_after,
            validity_fault,
            subject: Span::whole(&subject),
            key_info: Span::whole(&key_info),
            unique_ids,
            known: [None; KNOWN],
            unknown_critical: None,
            duplicate: None,
            extensions: None,
            algorithm: Span::whole(&algorithm),
            signature: Span::of(signed_with, signature.offset + 1),
        };
        let extensions = in_part("the extensions");
        if let Some(tagged) = fields.optional(tag::constructed(3)).map_err(extensions)? {
            let mut tagged = tagged.reader();
            let list = tagged.read(tag::SEQUENCE).map_err(extensions)?;
            tagged.end().map_err(extensions)?;
            layout.extensions = Some(span(&list));
            layout.find_extensions(list.reader())?;
        }
        fields.end().map_err(in_part("the signed part"))?;
        Ok(layout)
    }

    fn find_extensions(&mut self, mut list: Reader<'_>) -> Result<(), CertificateError> {
        let malformed = |error| CertificateError::Malformed { what: "the extensions", error };
        let mut unknown: Vec<&[u8]> = Vec::new();
        let mut count = 0;
        while !list.is_empty() {
            count += 1;
            if count > MAX_EXTENSIONS {
                return Err(CertificateError::TooManyExtensions);
            }
            let extension = Extension::read(&mut list).map_err(malformed)?;
            let oid = Span::of(extension.oid.0, extension.oid_offset);
            let at = oid.start;
            let found = Found {
                value: Span::of(extension.value, extension.offset),
                critical: extension.critical,
            };
            let again = if let Some(kind) = Kind::of(extension.oid) {
                self.known[kind as usize].replace(found).is_some()
            } else {
                if extension.critical && self.unknown_critical.is_none() {
                    self.unknown_critical = Some((oid, at));
                }
                let again = unknown.contains(&extension.oid.0);
                unknown.push(extension.oid.0);
                again
            };
            if again && self.duplicate.is_none() {
                self.duplicate = Some((oid, at));
            }
        }
        Ok(())
    }
}

fn version(fields: &mut Reader<'_>) -> Result<u8, CertificateError> {
    let malformed = |error| CertificateError::Malformed { what: "the version", error };
    let Some(tagged) = fields.optional(tag::constructed(0)).map_err(malformed)? else {
        return Ok(1);
    };
    let mut tagged = tagged.reader();
    let number = tagged.integer().map_err(malformed)?;
    tagged.end().map_err(malformed)?;
    match number.small() {
        Some(0) => Ok(1),
        Some(1) => Ok(2),
        Some(2) => Ok(3),
        number => Err(CertificateError::Version { number: number.unwrap_or(u64::MAX) }),
    }
}

/// The certificates in a CMS message that holds nothing else (RFC 5280, section 4.2.2.1; RFC 5652, section 5.1).
pub(crate) fn in_cms(bytes: &[u8]) -> Result<Vec<&[u8]>, DerError> {
    let mut outer = Reader::new(bytes).sequence()?;
    outer.oid()?;
    let tagged = outer.read(tag::constructed(0))?;
    let mut signed = tagged.reader().sequence()?;
    signed.integer()?;
    signed.read(tag::SET)?;
    signed.read(tag::SEQUENCE)?;
    let mut list = signed.read(tag::constructed(0))?.reader();
    let mut found = Vec::new();
    while !list.is_empty() {
        found.push(list.any()?.whole);
    }
    Ok(found)
}

type Validity = (Time, Time, Option<(u32, &'static str)>);

/// RFC 5280, section 4.1.2.5.
fn read_validity(mut reader: Reader<'_>) -> Result<Validity, DerError> {
    let mut fault = None;
    let mut read = || {
        let value = reader.any()?;
        let (time, lax) = Time::read(&value)?;
        let wrong_kind =
            (value.tag == tag::GENERALIZED_TIME) == (1950..2050).contains(&time.year());
        if fault.is_none() && (lax || wrong_kind) {
            let what = if lax {
                "a time in a form that RFC 5280 does not allow"
            } else {
                "a GeneralizedTime before 2050"
            };
            fault = u32::try_from(value.offset).ok().map(|offset| (offset, what));
        }
        Ok(time)
    };
    let (not_before, not_after) = (read()?, read()?);
    reader.end()?;
    Ok((not_before, not_after, fault))
}

#[cfg(test)]
mod tests;
