//! OCSP (RFC 6960).
//!
//! - this file: what is read of a response at once, and what it says.
//! - `single`: what it says of each certificate.
//! - `request`: requests.
//! - `judge`: what responses prove about one certificate.

mod judge;
mod request;
mod single;

pub(super) use judge::{judge, responders};
pub use request::{CertIdHash, MAX_NONCE, request, request_with};
pub use single::{CertStatus, SingleResponse};

use crate::{
    Certificate, Time,
    certificate::{Extension, Span},
    der::{BitString, DerError, Integer, Oid, Reader, Value, tag},
    name::DistinguishedName,
    oid,
};
use std::{borrow::Cow, fmt};

/// A response of more bytes is refused.
pub const MAX_OCSP_RESPONSE: usize = 4 << 20;
/// A response with more extensions in one place is refused.
const MAX_EXTENSIONS: usize = 32;
/// Certificates in a response beyond these are not looked at.
const MAX_CERTIFICATES: usize = 16;

/// An OCSP response (RFC 6960, section 4.2), with every single response in it looked at once.
///
/// It borrows the bytes it is read from, or owns them. What it says is not true because it says so.
///
/// ```
/// use ravelin_trust::revocation::{OcspResponse, ResponseStatus};
///
/// // What a responder sends that is too busy.
/// let response = OcspResponse::parse(&[0x30, 3, 0x0a, 1, 3][..])?;
/// assert_eq!(response.status(), ResponseStatus::TryLater);
/// assert_eq!(response.responses().count(), 0);
/// # Ok::<(), ravelin_trust::revocation::OcspError>(())
/// ```
#[derive(Clone)]
pub struct OcspResponse<'a> {
    der: Cow<'a, [u8]>,
    whole: Span,
    status: ResponseStatus,
    basic: Option<Basic>,
}

/// Where things stand in a response's bytes (RFC 6960, section 4.2.1).
#[derive(Clone)]
struct Basic {
    tbs: Span,
    responder: Responder,
    produced_at: Time,
    responses: Span,
    nonce: Option<Span>,
    unknown_critical: Option<Span>,
    algorithm: Span,
    signature: Span,
    certificates: Option<Span>,
}

#[derive(Clone, Copy)]
enum Responder {
    Name(Span),
    KeyHash(Span),
}

/// How the responder took the request (RFC 6960, section 4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseStatus {
    /// There is an answer.
    Successful,
    /// It does not understand the request.
    MalformedRequest,
    /// Something is wrong with the responder.
    InternalError,
    /// It is busy.
    TryLater,
    /// It wants requests signed.
    SigRequired,
    /// It does not answer to such a client.
    Unauthorized,
}

impl ResponseStatus {
    /// The standard's word.
    pub const fn name(self) -> &'static str {
        match self {
            ResponseStatus::Successful => "successful",
            ResponseStatus::MalformedRequest => "malformedRequest",
            ResponseStatus::InternalError => "internalError",
            ResponseStatus::TryLater => "tryLater",
            ResponseStatus::SigRequired => "sigRequired",
            ResponseStatus::Unauthorized => "unauthorized",
        }
    }
}

impl fmt::Display for ResponseStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a responder names itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponderId<'a> {
    /// By the subject of its certificate.
    Name(DistinguishedName<'a>),
    /// By the SHA-1 hash of its key.
    KeyHash(&'a [u8]),
}

/// Why bytes are no OCSP response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OcspError {
    /// Beyond our limit.
    #[error("an OCSP response of {length} bytes: at most {MAX_OCSP_RESPONSE} are read")]
    TooLong {
        /// How many there are.
        length: usize,
    },
    /// The encoding is broken.
    #[error("not an OCSP response: {what}: {error}")]
    Malformed {
        /// Which part.
        what: &'static str,
        /// What is wrong with it.
        error: DerError,
    },
    /// A status that does not exist.
    #[error("not an OCSP response: status {0} has no meaning")]
    Status(u64),
    /// Another kind of response than the basic one.
    #[error("an OCSP response of the kind {0}, which is not known")]
    Kind(String),
    /// Beyond our limit.
    #[error("an OCSP response with more than {MAX_EXTENSIONS} extensions in one place")]
    TooManyExtensions,
}

impl<'a> OcspResponse<'a> {
    /// Reads a response with all that is in it.
    ///
    /// # Errors
    /// When the bytes are no OCSP response.
    pub fn parse(der: impl Into<Cow<'a, [u8]>>) -> Result<OcspResponse<'a>, OcspError> {
        let der = der.into();
        if der.len() > MAX_OCSP_RESPONSE {
            return Err(OcspError::TooLong { length: der.len() });
        }
        let outer = |error| OcspError::Malformed { what: "its parts", error };
        let whole = Reader::new(&der).read(tag::SEQUENCE).map_err(outer)?;
        let mut parts = whole.reader();
        let status = status(&mut parts)?;
        let bytes = parts.optional(tag::constructed(0)).map_err(outer)?;
        parts.end().map_err(outer)?;
        let basic = match (status, bytes) {
            (ResponseStatus::Successful, Some(bytes)) => {
                let mut inner = bytes.reader();
                let mut bytes = inner.sequence().map_err(outer)?;
                inner.end().map_err(outer)?;
                let kind = bytes.oid().map_err(outer)?;
                if kind != oid::OCSP_BASIC {
                    return Err(OcspError::Kind(kind.to_string()));
                }
                let response = bytes.read(tag::OCTET_STRING).map_err(outer)?;
                bytes.end().map_err(outer)?;
                Some(Basic::read(response.reader())?)
            }
            (ResponseStatus::Successful, None) => {
                return Err(outer(whole.fault("a successful response without an answer")));
            }
            _ => None,
        };
        let whole = Span::whole(&whole);
        Ok(OcspResponse { der, whole, status, basic })
    }

    /// The same response with its bytes.
    pub fn into_owned(self) -> OcspResponse<'static> {
        OcspResponse {
            der: Cow::Owned(self.der.into_owned()),
            whole: self.whole,
            status: self.status,
            basic: self.basic,
        }
    }

    /// The same response, borrowing from this one.
    pub fn borrowed(&self) -> OcspResponse<'_> {
        OcspResponse {
            der: Cow::Borrowed(&self.der),
            whole: self.whole,
            status: self.status,
            basic: self.basic.clone(),
        }
    }

    fn part(&self, span: Span) -> &[u8] {
        self.der.get(span.range()).unwrap_or_default()
    }

    fn reader(&self, span: Span) -> Reader<'_> {
        Reader::at(self.part(span), span.range().start)
    }

    /// The response's bytes, without anything that follows it.
    pub fn der(&self) -> &[u8] {
        self.part(self.whole)
    }

    /// How the responder took the request. Only a successful response has what the other methods tell.
    pub fn status(&self) -> ResponseStatus {
        self.status
    }

    /// Who signed it.
    pub fn responder(&self) -> Option<ResponderId<'_>> {
        Some(match self.basic.as_ref()?.responder {
            Responder::Name(span) => {
                ResponderId::Name(DistinguishedName::new(self.part(span), span.range().start))
            }
            Responder::KeyHash(span) => ResponderId::KeyHash(self.part(span)),
        })
    }

    /// When it was signed.
    pub fn produced_at(&self) -> Option<Time> {
        self.basic.as_ref().map(|basic| basic.produced_at)
    }

    /// The nonce of the request that it answers (RFC 9654).
    pub fn nonce(&self) -> Option<&[u8]> {
        Some(self.part(self.basic.as_ref()?.nonce?))
    }

    /// What it says, certificate by certificate.
    pub fn responses(&self) -> impl Iterator<Item = SingleResponse<'_>> {
        let mut list = self.basic.as_ref().map(|basic| self.reader(basic.responses));
        std::iter::from_fn(move || SingleResponse::read(list.as_mut()?).ok())
    }

    /// Certificates that came along to check its signature by. Those that cannot be read are left out, and those beyond
    /// the first 16.
    pub fn certificates(&self) -> impl Iterator<Item = Certificate<'_>> {
        let mut list = self
            .basic
            .as_ref()
            .and_then(|basic| basic.certificates)
            .map(|certificates| self.reader(certificates));
        std::iter::from_fn(move || list.as_mut()?.any().ok())
            .take(MAX_CERTIFICATES)
            .filter_map(|value| Certificate::parse(value.whole).ok())
    }

    /// What the signature covers.
    pub fn signed_part(&self) -> Option<&[u8]> {
        self.basic.as_ref().map(|basic| self.part(basic.tbs))
    }

    /// The first critical extension of the whole response that the engine does not know.
    fn unknown_critical(&self) -> Option<Oid<'_>> {
        Some(Oid(self.part(self.basic.as_ref()?.unknown_critical?)))
    }
}

impl PartialEq for OcspResponse<'_> {
    fn eq(&self, other: &OcspResponse<'_>) -> bool {
        self.der() == other.der()
    }
}

impl Eq for OcspResponse<'_> {}

impl fmt::Debug for OcspResponse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OcspResponse")
            .field("status", &self.status)
            .field("responder", &self.responder())
            .field("produced_at", &self.produced_at())
            .finish_non_exhaustive()
    }
}

fn status(parts: &mut Reader<'_>) -> Result<ResponseStatus, OcspError> {
    let malformed = |error| OcspError::Malformed { what: "the status", error };
    let value = parts.read(tag::ENUMERATED).map_err(malformed)?;
    if value.content.is_empty() {
        return Err(malformed(value.fault("a status without a number")));
    }
    Ok(match Integer(value.content).small() {
        Some(0) => ResponseStatus::Successful,
        Some(1) => ResponseStatus::MalformedRequest,
        Some(2) => ResponseStatus::InternalError,
        Some(3) => ResponseStatus::TryLater,
        Some(5) => ResponseStatus::SigRequired,
        Some(6) => ResponseStatus::Unauthorized,
        number => return Err(OcspError::Status(number.unwrap_or(u64::MAX))),
    })
}

impl Basic {
    fn read(mut reader: Reader<'_>) -> Result<Basic, OcspError> {
        let in_part = |what| move |error| OcspError::Malformed { what, error };
        let outer = in_part("the answer");
        let mut parts = reader.sequence().map_err(outer)?;
        reader.end().map_err(outer)?;
        let tbs = parts.read(tag::SEQUENCE).map_err(outer)?;
        let algorithm = parts.read(tag::SEQUENCE).map_err(in_part("the signature's algorithm"))?;
        let signature = parts.read(tag::BIT_STRING).map_err(in_part("the signature"))?;
        let signed_with = BitString::bytes_of(signature).map_err(in_part("the signature"))?;
        let certificates = in_part("the certificates");
        let certificates = match parts.optional(tag::constructed(0)).map_err(certificates)? {
            Some(tagged) => {
                let mut inner = tagged.reader();
                let list = inner.read(tag::SEQUENCE).map_err(certificates)?;
                inner.end().map_err(certificates)?;
                Some(Span::of(list.content, list.offset))
            }
            None => None,
        };
        parts.end().map_err(outer)?;

        let mut fields = tbs.reader();
        let version = in_part("the version");
        if let Some(tagged) = fields.optional(tag::constructed(0)).map_err(version)?
            && tagged.reader().integer().map_err(version)?.small() != Some(0)
        {
            return Err(version(tagged.fault("a version that does not exist")));
        }
        let responder = responder(&mut fields).map_err(in_part("the responder"))?;
        let produced_at =
            fields.any().and_then(|value| time(&value)).map_err(in_part("the time of signing"))?;
        let responses = fields.read(tag::SEQUENCE).map_err(in_part("the single responses"))?;
        let mut list = responses.reader();
        while !list.is_empty() {
            SingleResponse::read(&mut list).map_err(in_part("a single response"))?;
        }
        let mut basic = Basic {
            tbs: Span::whole(&tbs),
            responder,
            produced_at,
            responses: Span::of(responses.content, responses.offset),
            nonce: None,
            unknown_critical: None,
            algorithm: Span::whole(&algorithm),
            signature: Span::of(signed_with, signature.offset + 1),
            certificates,
        };
        let extensions = in_part("the extensions");
        if let Some(tagged) = fields.optional(tag::constructed(1)).map_err(extensions)? {
            basic.find_extensions(tagged.reader())?;
        }
        fields.end().map_err(outer)?;
        Ok(basic)
    }

    fn find_extensions(&mut self, mut tagged: Reader<'_>) -> Result<(), OcspError> {
        let malformed = |error| OcspError::Malformed { what: "the extensions", error };
        let mut list = tagged.sequence().map_err(malformed)?;
        tagged.end().map_err(malformed)?;
        let mut count = 0;
        while !list.is_empty() {
            count += 1;
            if count > MAX_EXTENSIONS {
                return Err(OcspError::TooManyExtensions);
            }
            let extension = Extension::read(&mut list).map_err(malformed)?;
            match extension.oid {
                oid::OCSP_NONCE if self.nonce.is_none() => {
                    // Some responders leave the octet string within the octet string out.
                    let mut value = extension.reader();
                    let inner = value.read(tag::OCTET_STRING).ok().filter(|_| value.is_empty());
                    self.nonce = Some(match inner {
                        Some(inner) => Span::of(inner.content, inner.offset),
                        None => Span::of(extension.value, extension.offset),
                    });
                }
                oid::OCSP_EXTENDED_REVOKE => {}
                oid if extension.critical && self.unknown_critical.is_none() => {
                    self.unknown_critical = Some(Span::of(oid.0, extension.oid_offset));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn responder(fields: &mut Reader<'_>) -> Result<Responder, DerError> {
    let tagged = fields.any()?;
    let mut inner = tagged.reader();
    let responder = match tagged.tag {
        0xa1 => Responder::Name(Span::whole(&inner.read(tag::SEQUENCE)?)),
        0xa2 => {
            let hash = inner.read(tag::OCTET_STRING)?;
            Responder::KeyHash(Span::of(hash.content, hash.offset))
        }
        _ => return Err(tagged.fault("a responder of an unknown kind")),
    };
    inner.end()?;
    Ok(responder)
}

fn time(value: &Value<'_>) -> Result<Time, DerError> {
    Ok(Time::read(value)?.0)
}
