//! Whether certificates are revoked: CRLs (RFC 5280, sections 5 and 6.3) and OCSP (RFC 6960).
//!
//! - this file: what is asked, and the answer put together from both.
//! - `status`: the words of the answer, and the policies that judge it.
//! - `note`: why a source was not used, and where others are.
//! - `crl`: certificate revocation lists.
//! - `ocsp`: OCSP responses, and requests for them.
//!
//! Nothing is fetched here: a [`Determination`] says what is wanted.

mod crl;
mod note;
mod ocsp;
mod status;

pub use crl::{Crl, CrlEntry, CrlError, IssuingDistributionPoint, MAX_CRL, MAX_CRL_EXTENSIONS};
pub use note::{Location, MAX_LOCATIONS, MAX_NOTES, MAX_URL, Note, Problem};
pub use ocsp::{
    CertIdHash, CertStatus, MAX_NONCE, MAX_OCSP_RESPONSE, OcspError, OcspResponse, ResponderId,
    ResponseStatus, SingleResponse, request, request_with,
};
pub use status::{RevocationPolicy, RevocationReason, RevocationStatus, Source, UnknownPolicy};

use crate::{
    Certificate, Time,
    certificate::PublicKey,
    der::Reader,
    name::DistinguishedName,
    signature::{self, AlgorithmIdentifier, Scheme},
};
pub(crate) use note::fetchable;
use note::{Journal, shown};

/// Who issued the certificate that is asked about. An anchor may be a name and a key and nothing else.
#[derive(Clone, Copy)]
pub(crate) struct Issuer<'a> {
    pub(crate) name: DistinguishedName<'a>,
    /// SubjectPublicKeyInfo.
    pub(crate) key_info: &'a [u8],
    pub(crate) certificate: Option<&'a Certificate<'a>>,
}

/// What there is to judge from.
#[derive(Clone, Copy, Default)]
pub(crate) struct Evidence<'a> {
    pub(crate) crls: &'a [Crl<'a>],
    /// What the peer sent with its certificate. No nonce is expected in these: the peer asked.
    pub(crate) stapled: &'a [OcspResponse<'a>],
    /// Answers to own requests, or supplied otherwise.
    pub(crate) ocsp: &'a [OcspResponse<'a>],
    /// Where signers of CRLs and of OCSP responses may be found.
    pub(crate) intermediates: &'a [Certificate<'a>],
}

/// How it is judged.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Options<'a> {
    pub(crate) time: Time,
    pub(crate) use_crl: bool,
    pub(crate) use_ocsp: bool,
    /// The nonce of the request that `Evidence::ocsp` answers.
    pub(crate) nonce: Option<&'a [u8]>,
    /// Whether a CRL must have what RFC 5280 demands: a number that is not critical, the identifier of its key, the time
    /// of the next one.
    pub(crate) strict_crl: bool,
    /// Whether signatures over SHA-1 count.
    pub(crate) weak_signatures: bool,
}

impl Options<'_> {
    /// Both means, CRLs to the letter, no nonce, no SHA-1.
    pub(crate) fn new(time: Time) -> Self {
        Options {
            time,
            use_crl: true,
            use_ocsp: true,
            nonce: None,
            strict_crl: true,
            weak_signatures: false,
        }
    }
}

/// What a signer signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignerPurpose {
    CrlSign,
    OcspSign,
}

/// Validates those who sign evidence and are not the certificate's issuer itself.
pub(crate) trait Signers {
    /// Whether a path from `certificate` reaches the anchor that the certificate in question is judged by. Signature,
    /// key usage and, for OCSP, the direct issuance, the purpose and the validity period are checked already. A
    /// responder without `id-pkix-ocsp-nocheck` may need its own revocation looked at.
    ///
    /// # Errors
    /// Why not.
    fn trusts(
        &mut self,
        certificate: &Certificate<'_>,
        purpose: SignerPurpose,
    ) -> Result<(), String>;
}

/// What is known about the revocation of one certificate, from what, and what else could be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Determination {
    /// What is known.
    pub status: RevocationStatus,
    /// Where it is known from, if it is.
    pub source: Option<Source>,
    /// Why sources were not used, and what is odd about those that were.
    pub notes: Vec<Note>,
    /// Where more can be found: while the status is not known, OCSP responders and CRLs of the reasons not covered; and
    /// delta CRLs of CRLs that were used without one. Nothing when the certificate is revoked.
    pub wanted: Vec<Location>,
}

/// One question.
struct Case<'a> {
    subject: &'a Certificate<'a>,
    issuer: &'a Issuer<'a>,
    evidence: &'a Evidence<'a>,
    options: &'a Options<'a>,
}

/// What the evidence says about `subject`. Where OCSP and CRLs disagree, it is revoked.
pub(crate) fn determine(
    subject: &Certificate<'_>,
    issuer: &Issuer<'_>,
    evidence: &Evidence<'_>,
    options: &Options<'_>,
    signers: &mut dyn Signers,
) -> Determination {
    let mut journal = Journal::default();
    let case = Case { subject, issuer, evidence, options };
    let by_ocsp = if options.use_ocsp { ocsp::judge(&case, signers, &mut journal) } else { None };
    let by_crl = if options.use_crl { crl::judge(&case, signers, &mut journal) } else { None };
    let Journal { notes, mut wanted, relevant } = journal;
    let is_revoked = |status: &Option<_>| matches!(status, Some(RevocationStatus::Revoked { .. }));
    let (status, source) = match (by_ocsp, by_crl) {
        (ocsp, Some(crl)) if is_revoked(&Some(crl)) && !is_revoked(&ocsp) => {
            (crl, Some(Source::Crl))
        }
        (Some(ocsp), _) => (ocsp, Some(Source::Ocsp)),
        (None, Some(crl)) => (crl, Some(Source::Crl)),
        (None, None) if relevant || publishes(subject) => (RevocationStatus::Undetermined, None),
        (None, None) => (RevocationStatus::NoInformation, None),
    };
    match status {
        RevocationStatus::Revoked { .. } => wanted.clear(),
        RevocationStatus::Good => {
            wanted.retain(|location| matches!(location, Location::DeltaCrl(_)));
        }
        RevocationStatus::Undetermined | RevocationStatus::NoInformation => {}
    }
    Determination { status, source, notes, wanted }
}

/// Whether the certificate says where its status is found.
fn publishes(subject: &Certificate<'_>) -> bool {
    let points = subject.crl_distribution_points();
    points.map_or(true, |points| points.is_some_and(|points| !points.is_empty()))
        || ocsp::responders(subject).map_or(true, |responders| !responders.is_empty())
}

/// A signature on evidence, not checked yet.
#[derive(Clone, Copy)]
struct Signed<'a> {
    message: &'a [u8],
    scheme: Scheme<'a>,
    signature: &'a [u8],
}

impl<'a> Signed<'a> {
    fn new(
        message: &'a [u8],
        algorithm: Result<AlgorithmIdentifier<'a>, crate::der::DerError>,
        signature: &'a [u8],
        options: &Options<'_>,
    ) -> Result<Signed<'a>, Problem> {
        let scheme = algorithm.map_err(|error| Problem::Signature(shown(error)))?.scheme();
        if !options.weak_signatures && scheme.hash().is_some_and(signature::Hash::is_weak) {
            return Err(Problem::WeakSignature(scheme.to_string()));
        }
        Ok(Signed { message, scheme, signature })
    }

    /// Whether the owner of this key (SubjectPublicKeyInfo) made it.
    fn is_by(&self, key_info: &[u8]) -> Result<(), Problem> {
        let problem = |why: &dyn std::fmt::Display| Problem::Signature(shown(why));
        let key = PublicKey::read(Reader::new(key_info)).map_err(|error| problem(&error))?;
        signature::verify(self.scheme, &key, self.message, self.signature)
            .map_err(|error| problem(&error))
    }
}

#[cfg(test)]
mod tests;
