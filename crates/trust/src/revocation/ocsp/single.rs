//! What OCSP responses say of each certificate (RFC 6960, section 4.2.1).

use super::{MAX_EXTENSIONS, time};
use crate::{
    Time,
    certificate::Extension,
    der::{DerError, Fault, Integer, Oid, Reader, tag},
    oid,
    revocation::RevocationReason,
    signature::AlgorithmIdentifier,
};

/// What a response says of one certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SingleResponse<'a> {
    /// The hash function of the two hashes that follow.
    pub hash_algorithm: Oid<'a>,
    /// The hash of the issuer's name.
    pub name_hash: &'a [u8],
    /// The hash of the issuer's key.
    pub key_hash: &'a [u8],
    /// The certificate's serial number.
    pub serial: Integer<'a>,
    /// What is known of it.
    pub status: CertStatus,
    /// When that was known to be right.
    pub this_update: Time,
    /// When, at the latest, more will be known; at any time where missing.
    pub next_update: Option<Time>,
    /// The first critical extension that the engine does not know.
    pub(super) unknown_critical: Option<Oid<'a>>,
}

/// What a responder knows of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertStatus {
    /// It is not revoked; some responders say so of every certificate that they do not know to be revoked.
    Good,
    /// It is revoked.
    Revoked {
        /// Since when.
        time: Time,
        /// Why.
        reason: Option<RevocationReason>,
    },
    /// The responder does not know it.
    Unknown,
}

impl<'a> SingleResponse<'a> {
    pub(super) fn read(list: &mut Reader<'a>) -> Result<SingleResponse<'a>, DerError> {
        let mut parts = list.sequence()?;
        let mut id = parts.sequence()?;
        let hash_algorithm = AlgorithmIdentifier::read(&mut id)?.oid;
        let name_hash = id.read(tag::OCTET_STRING)?.content;
        let key_hash = id.read(tag::OCTET_STRING)?.content;
        let serial = id.integer()?;
        id.end()?;
        let status = parts.any()?;
        let status = match status.tag {
            0x80 => CertStatus::Good,
            0xa1 => revoked(status.reader())?,
            0x82 => CertStatus::Unknown,
            _ => return Err(status.fault("a status of an unknown kind")),
        };
        let this_update = time(&parts.any()?)?;
        let next_update = match parts.optional(tag::constructed(0))? {
            Some(tagged) => Some(time(&tagged.reader().any()?)?),
            None => None,
        };
        let mut unknown_critical = None;
        if let Some(tagged) = parts.optional(tag::constructed(1))? {
            let mut extensions = tagged.reader().sequence()?;
            let mut count = 0;
            while !extensions.is_empty() {
                count += 1;
                if count > MAX_EXTENSIONS {
                    let fault = Fault::Value("too many extensions");
                    return Err(DerError { offset: extensions.offset(), fault });
                }
                let extension = Extension::read(&mut extensions)?;
                // The standard's own say nothing that changes the status: where the CRL is, how far back the responder
                // remembers; and the entry extensions of CRLs (RFC 6960, sections 4.4.2 to 4.4.5).
                let known = matches!(
                    extension.oid,
                    oid::OCSP_CRL
                        | oid::OCSP_ARCHIVE_CUTOFF
                        | oid::REASON_CODE
                        | oid::INVALIDITY_DATE
                );
                if extension.critical && !known && unknown_critical.is_none() {
                    unknown_critical = Some(extension.oid);
                }
            }
        }
        parts.end()?;
        Ok(SingleResponse {
            hash_algorithm,
            name_hash,
            key_hash,
            serial,
            status,
            this_update,
            next_update,
            unknown_critical,
        })
    }
}

fn revoked(mut parts: Reader<'_>) -> Result<CertStatus, DerError> {
    let time = time(&parts.any()?)?;
    let reason = match parts.optional(tag::constructed(0))? {
        Some(tagged) => {
            let value = tagged.reader().read(tag::ENUMERATED)?;
            if value.content.is_empty() {
                return Err(value.fault("a reason without a number"));
            }
            Integer(value.content).small().and_then(RevocationReason::of)
        }
        None => None,
    };
    parts.end()?;
    Ok(CertStatus::Revoked { time, reason })
}
