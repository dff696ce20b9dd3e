//! Certificate revocation lists (RFC 5280, section 5).
//!
//! - this file: what is read at once, and what it says.
//! - `entry`: the certificates it lists.
//! - `scope`: which certificates it is about.
//! - `judge`: what it proves about one certificate.

mod entry;
mod judge;
mod scope;

pub use entry::CrlEntry;
pub(super) use judge::judge;
pub use scope::IssuingDistributionPoint;

use crate::{
    Time,
    certificate::{
        AuthorityKeyIdentifier, DistributionPoint, Extension, Span, read_authority_key_id,
        read_points,
    },
    der::{BitString, DerError, Integer, Oid, Reader, tag},
    name::DistinguishedName,
    oid,
    signature::AlgorithmIdentifier,
};
use entry::{Listed, Slot};
use std::{borrow::Cow, fmt, sync::Arc};

/// A CRL of more bytes is refused.
pub const MAX_CRL: usize = 16 << 20;
/// A CRL with more extensions of its own, or an entry with more, is refused.
pub const MAX_CRL_EXTENSIONS: usize = 32;

/// A certificate revocation list: its fields are read and every entry is looked at once, so that later look-ups cannot
/// fail. Entries are found by going through them all, without allocating; a list that is asked often can be
/// [`indexed`](Self::indexed).
///
/// It borrows the bytes it is read from, or owns them. What it says is not true because it says so.
///
/// ```
/// use ravelin_trust::revocation::Crl;
/// # use rcgen::{BasicConstraints, CertificateParams, CertificateRevocationListParams, IsCa, Issuer, KeyIdMethod, KeyPair,
/// #     KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd};
/// # let key = KeyPair::generate()?;
/// # let mut params = CertificateParams::new([])?;
/// # params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
/// # params.key_usages = vec![KeyUsagePurpose::CrlSign];
/// # let list = CertificateRevocationListParams {
/// #     this_update: date_time_ymd(2026, 1, 1), next_update: date_time_ymd(2026, 2, 1),
/// #     crl_number: SerialNumber::from(7), issuing_distribution_point: None,
/// #     revoked_certs: vec![RevokedCertParams { serial_number: SerialNumber::from(99),
/// #         revocation_time: date_time_ymd(2025, 12, 1), reason_code: None, invalidity_date: None }],
/// #     key_identifier_method: KeyIdMethod::Sha256,
/// # };
/// # let der = list.signed_by(&Issuer::new(params, &key))?.der().to_vec();
/// let crl = Crl::parse(&der[..])?;
/// assert_eq!(crl.number().and_then(|number| number.small()), Some(7));
/// assert_eq!(crl.this_update().to_string(), "2026-01-01T00:00:00Z");
/// let serial = ravelin_trust::der::Integer(&[99]);
/// assert!(crl.find(&crl.issuer(), serial).is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Crl<'a> {
    der: Cow<'a, [u8]>,
    layout: Layout,
    index: Option<Arc<[Slot]>>,
}

/// Where things stand in a CRL's bytes.
#[derive(Clone)]
struct Layout {
    whole: Span,
    tbs: Span,
    version: u8,
    inner_algorithm: Span,
    issuer: Span,
    this_update: Time,
    next_update: Option<Time>,
    entries: Span,
    listed: Listed,
    extensions: Option<Span>,
    known: [Option<Found>; KNOWN],
    unknown_critical: Option<Span>,
    duplicate: bool,
    algorithm: Span,
    signature: Span,
}

#[derive(Clone, Copy)]
struct Found {
    value: Span,
    critical: bool,
}

/// Extensions of CRLs that the engine knows (RFC 5280, section 5.2).
#[derive(Clone, Copy)]
enum Kind {
    AuthorityKeyIdentifier,
    BaseNumber,
    FreshestCrl,
    IssuingDistributionPoint,
    Number,
}

const KNOWN: usize = Kind::Number as usize + 1;

/// Why bytes are no CRL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CrlError {
    /// Beyond our limit.
    #[error("a CRL of {length} bytes: at most {MAX_CRL} are read")]
    TooLong {
        /// How many there are.
        length: usize,
    },
    /// The encoding is broken.
    #[error("not a CRL: {what}: {error}")]
    Malformed {
        /// Which part.
        what: &'static str,
        /// What is wrong with it.
        error: DerError,
    },
    /// A version that does not exist.
    #[error("not a CRL: version number {number} has no meaning")]
    Version {
        /// As encoded: 1 is version 2.
        number: u64,
    },
    /// Beyond our limit.
    #[error("a CRL with more than {MAX_CRL_EXTENSIONS} extensions in one place")]
    TooManyExtensions,
}

impl<'a> Crl<'a> {
    /// Reads a CRL with all its entries.
    ///
    /// # Errors
    /// When the bytes are no CRL.
    pub fn parse(der: impl Into<Cow<'a, [u8]>>) -> Result<Crl<'a>, CrlError> {
        let der = der.into();
        let layout = Layout::read(&der)?;
        Ok(Crl { der, layout, index: None })
    }

    /// The same CRL with its bytes.
    pub fn into_owned(self) -> Crl<'static> {
        Crl { der: Cow::Owned(self.der.into_owned()), layout: self.layout, index: self.index }
    }

    /// The same CRL, borrowing from this one.
    pub fn borrowed(&self) -> Crl<'_> {
        Crl {
            der: Cow::Borrowed(&self.der),
            layout: self.layout.clone(),
            index: self.index.clone(),
        }
    }

    /// The same CRL with its entries sorted, eight bytes for each, so that look-ups take logarithmic time.
    #[must_use]
    pub fn indexed(mut self) -> Crl<'a> {
        self.index = Some(entry::index(&self));
        self
    }

    fn part(&self, span: Span) -> &[u8] {
        self.der.get(span.range()).unwrap_or_default()
    }

    fn reader(&self, span: Span) -> Reader<'_> {
        Reader::at(self.part(span), span.range().start)
    }

    /// The CRL's bytes, without anything that follows it.
    pub fn der(&self) -> &[u8] {
        self.part(self.layout.whole)
    }

    /// What the signature covers.
    pub fn signed_part(&self) -> &[u8] {
        self.part(self.layout.tbs)
    }

    /// 1 or 2.
    pub fn version(&self) -> u8 {
        self.layout.version
    }

    /// Who signed it.
    pub fn issuer(&self) -> DistinguishedName<'_> {
        DistinguishedName::new(self.part(self.layout.issuer), self.layout.issuer.range().start)
    }

    /// When it was made.
    pub fn this_update(&self) -> Time {
        self.layout.this_update
    }

    /// When, at the latest, the next one is made. RFC 5280 demands it (section 5.1.2.5).
    pub fn next_update(&self) -> Option<Time> {
        self.layout.next_update
    }

    /// How many certificates it lists.
    pub fn len(&self) -> usize {
        self.layout.listed.count as usize
    }

    /// Whether it lists none.
    pub fn is_empty(&self) -> bool {
        self.layout.listed.count == 0
    }

    /// Its number, which grows from one to the next (RFC 5280, section 5.2.3).
    pub fn number(&self) -> Option<Integer<'_>> {
        self.integer(Kind::Number)
    }

    /// For a delta CRL, the number of the CRL that it adds to (RFC 5280, section 5.2.4).
    pub fn base(&self) -> Option<Integer<'_>> {
        self.integer(Kind::BaseNumber)
    }

    /// Which certificates it is about (RFC 5280, section 5.2.5); where missing, all of its issuer.
    pub fn issuing_distribution_point(&self) -> Option<IssuingDistributionPoint<'_>> {
        // `Layout::read` has read it already.
        IssuingDistributionPoint::read(self.extension(Kind::IssuingDistributionPoint)?.0).ok()
    }

    /// Which key signed it (RFC 5280, section 5.2.1).
    pub fn authority_key_id(&self) -> Option<AuthorityKeyIdentifier<'_>> {
        read_authority_key_id(self.extension(Kind::AuthorityKeyIdentifier)?.0).ok()
    }

    /// Where its delta CRLs are (RFC 5280, section 5.2.6). What cannot be read is left out.
    pub fn freshest_crl(&self) -> Vec<DistributionPoint<'_>> {
        self.extension(Kind::FreshestCrl)
            .and_then(|(reader, _)| read_points(reader).ok())
            .unwrap_or_default()
    }

    /// All extensions in their order, known or not.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'_>> {
        let mut reader = self.layout.extensions.map(|span| self.reader(span));
        std::iter::from_fn(move || Extension::read(reader.as_mut()?).ok())
    }

    /// The certificates it lists, in their order.
    pub fn entries(&self) -> impl Iterator<Item = CrlEntry<'_>> {
        entry::entries(self.reader(self.layout.entries))
    }

    /// Looks up a certificate by its issuer and serial number. In indirect CRLs each entry may be of another issuer
    /// (RFC 5280, section 5.3.3). Where several entries are of one certificate, one that revokes it is found.
    pub fn find(
        &self,
        certificate_issuer: &DistinguishedName<'_>,
        serial: Integer<'_>,
    ) -> Option<CrlEntry<'_>> {
        entry::find(self, certificate_issuer, serial)
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

    fn names_one_algorithm(&self) -> bool {
        self.part(self.layout.algorithm) == self.part(self.layout.inner_algorithm)
    }

    fn extension(&self, kind: Kind) -> Option<(Reader<'_>, bool)> {
        let found = self.layout.known[kind as usize]?;
        Some((self.reader(found.value), found.critical))
    }

    fn integer(&self, kind: Kind) -> Option<Integer<'_>> {
        self.extension(kind)?.0.integer().ok()
    }

    /// The first critical extension, of the CRL or of an entry, that the engine does not know.
    fn unknown_critical(&self) -> Option<Oid<'_>> {
        let span = self.layout.unknown_critical.or(self.layout.listed.unknown_critical)?;
        Some(Oid(self.part(span)))
    }
}

impl PartialEq for Crl<'_> {
    fn eq(&self, other: &Crl<'_>) -> bool {
        self.der() == other.der()
    }
}

impl Eq for Crl<'_> {}

impl fmt::Debug for Crl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crl")
            .field("issuer", &self.issuer().to_string())
            .field("this_update", &self.this_update().to_string())
            .field("entries", &self.len())
            .finish_non_exhaustive()
    }
}

impl Layout {
    /// RFC 5280, section 5.1.
    fn read(der: &[u8]) -> Result<Layout, CrlError> {
        if der.len() > MAX_CRL {
            return Err(CrlError::TooLong { length: der.len() });
        }
        let in_part = |what| move |error| CrlError::Malformed { what, error };
        let outer = in_part("its three parts");
        let whole = Reader::new(der).read(tag::SEQUENCE).map_err(outer)?;
        let mut parts = whole.reader();
        let tbs = parts.read(tag::SEQUENCE).map_err(outer)?;
        let algorithm = parts.read(tag::SEQUENCE).map_err(in_part("the signature's algorithm"))?;
        let signature = parts.read(tag::BIT_STRING).map_err(in_part("the signature"))?;
        parts.end().map_err(outer)?;
        let signed_with = BitString::bytes_of(signature).map_err(in_part("the signature"))?;

        let mut fields = tbs.reader();
        let version = version(&mut fields)?;
        let inner = fields.read(tag::SEQUENCE).map_err(in_part("the signed algorithm"))?;
        let issuer = fields.read(tag::SEQUENCE).map_err(in_part("the issuer"))?;
        let this_update = time(&mut fields).map_err(in_part("the time it was made"))?;
        let next_update = match fields.peek() {
            Some(tag::UTC_TIME | tag::GENERALIZED_TIME) => {
                Some(time(&mut fields).map_err(in_part("the time of the next one"))?)
            }
            _ => None,
        };
        let entries = fields.optional(tag::SEQUENCE).map_err(in_part("the entries"))?;
        let (entries, listed) = match entries {
            Some(list) => (Span::of(list.content, list.offset), Listed::read(list.reader())?),
            None => (Span::default(), Listed::default()),
        };
        let mut layout = Layout {
            whole: Span::whole(&whole),
            tbs: Span::whole(&tbs),
            version,
            inner_algorithm: Span::whole(&inner),
            issuer: Span::whole(&issuer),
            this_update,
            next_update,
            entries,
            listed,
            extensions: None,
            known: [None; KNOWN],
            unknown_critical: None,
            duplicate: false,
            algorithm: Span::whole(&algorithm),
            signature: Span::of(signed_with, signature.offset + 1),
        };
        let extensions = in_part("the extensions");
        if let Some(tagged) = fields.optional(tag::constructed(0)).map_err(extensions)? {
            let mut tagged = tagged.reader();
            let list = tagged.read(tag::SEQUENCE).map_err(extensions)?;
            tagged.end().map_err(extensions)?;
            layout.extensions = Some(Span::of(list.content, list.offset));
            layout.find_extensions(list.reader())?;
        }
        fields.end().map_err(in_part("the signed part"))?;
        Ok(layout)
    }

    fn find_extensions(&mut self, mut list: Reader<'_>) -> Result<(), CrlError> {
        let in_part = |what| move |error| CrlError::Malformed { what, error };
        let mut count = 0;
        while !list.is_empty() {
            count += 1;
            if count > MAX_CRL_EXTENSIONS {
                return Err(CrlError::TooManyExtensions);
            }
            let extension = Extension::read(&mut list).map_err(in_part("the extensions"))?;
            let mut value = extension.reader();
            let kind = match extension.oid {
                oid::AUTHORITY_KEY_IDENTIFIER => {
                    read_authority_key_id(value)
                        .map_err(in_part("the authority key identifier"))?;
                    Kind::AuthorityKeyIdentifier
                }
                oid::CRL_NUMBER => {
                    number(&mut value).map_err(in_part("the CRL number"))?;
                    Kind::Number
                }
                oid::DELTA_CRL_INDICATOR => {
                    number(&mut value).map_err(in_part("the number of its base"))?;
                    Kind::BaseNumber
                }
                oid::ISSUING_DISTRIBUTION_POINT => {
                    IssuingDistributionPoint::read(value)
                        .map_err(in_part("the issuing distribution point"))?;
                    Kind::IssuingDistributionPoint
                }
                oid::FRESHEST_CRL => Kind::FreshestCrl,
                oid::ISSUER_ALT_NAME | oid::AUTHORITY_INFO_ACCESS => continue,
                unknown => {
                    if extension.critical && self.unknown_critical.is_none() {
                        self.unknown_critical = Some(Span::of(unknown.0, extension.oid_offset));
                    }
                    continue;
                }
            };
            let found = Found {
                value: Span::of(extension.value, extension.offset),
                critical: extension.critical,
            };
            self.duplicate |= self.known[kind as usize].replace(found).is_some();
        }
        Ok(())
    }
}

fn version(fields: &mut Reader<'_>) -> Result<u8, CrlError> {
    if fields.peek() != Some(tag::INTEGER) {
        return Ok(1);
    }
    let number =
        fields.integer().map_err(|error| CrlError::Malformed { what: "the version", error })?;
    match number.small() {
        Some(0) => Ok(1),
        Some(1) => Ok(2),
        number => Err(CrlError::Version { number: number.unwrap_or(u64::MAX) }),
    }
}

fn time(fields: &mut Reader<'_>) -> Result<Time, DerError> {
    Ok(Time::read(&fields.any()?)?.0)
}

/// Numbers of CRLs are compared, so they must not be below zero.
fn number(value: &mut Reader<'_>) -> Result<(), DerError> {
    let whole = *value;
    let number = value.integer()?;
    value.end()?;
    if number.is_negative() {
        let error = crate::der::Fault::Value("a CRL number below zero");
        return Err(DerError { offset: whole.offset(), fault: error });
    }
    Ok(())
}
