//! What OCSP responses prove about one certificate (RFC 6960, sections 3.2 and 4.2.2).

use super::{CertStatus, OcspResponse, ResponderId, ResponseStatus, SingleResponse};
use crate::{
    Certificate, Time,
    certificate::{ExtensionError, PublicKey},
    der::Reader,
    name::DistinguishedName,
    oid,
    revocation::{
        Case, Issuer, Location, Options, Problem, RevocationStatus, Signed, SignerPurpose, Signers,
        Source,
        note::{Journal, fetchable, shown},
    },
    signature::{AlgorithmIdentifier, Hash},
};
use std::fmt;

/// Seconds by which a responder's clock may differ from ours.
const CLOCK_TOLERANCE: i64 = 300;
/// Seconds that a response is believed which does not say when more will be known.
const MAX_AGE_WITHOUT_NEXT: i64 = 24 * 60 * 60;
/// No more responses are looked at for one certificate.
const MAX_RESPONSES: usize = 64;
/// No more certificates are tried as signer of one response.
const MAX_SIGNERS: usize = 8;

pub(in crate::revocation) fn judge(
    case: &Case<'_>,
    signers: &mut dyn Signers,
    journal: &mut Journal,
) -> Option<RevocationStatus> {
    let mut ids = Ids::default();
    let mut known = None;
    let stapled = case.evidence.stapled.iter().map(|response| (response, true));
    let others = case.evidence.ocsp.iter().map(|response| (response, false));
    for (index, (response, stapled)) in stapled.chain(others).take(MAX_RESPONSES).enumerate() {
        let nonce = case.options.nonce.filter(|_| !stapled);
        match prove(response, index, nonce, case, &mut ids, signers, journal) {
            Ok(status @ RevocationStatus::Revoked { .. }) => return Some(status),
            Ok(status) => known = Some(status),
            Err(problem) => journal.note(Source::Ocsp, Some(index), problem),
        }
    }
    match responders(case.subject) {
        Err(error) => journal.note(Source::Ocsp, None, Problem::Unreadable(error.to_string())),
        Ok(responders) if known.is_none() => {
            responders.into_iter().flatten().for_each(|url| journal.want(Location::Ocsp(url)));
        }
        Ok(_) => {}
    }
    known
}

/// The OCSP responders that the certificate names: their URLs, where they have one that can be asked.
pub(in crate::revocation) fn responders(
    subject: &Certificate<'_>,
) -> Result<Vec<Option<String>>, ExtensionError> {
    let descriptions = subject.authority_info_access()?.unwrap_or_default();
    let responders = descriptions.iter().filter(|description| description.method == oid::OCSP);
    Ok(responders.map(|description| fetchable(&description.location)).collect())
}

/// What one response says about the certificate.
fn prove(
    response: &OcspResponse<'_>,
    index: usize,
    nonce: Option<&[u8]>,
    case: &Case<'_>,
    ids: &mut Ids,
    signers: &mut dyn Signers,
    journal: &mut Journal,
) -> Result<RevocationStatus, Problem> {
    if response.status() != ResponseStatus::Successful {
        return Err(Problem::Refused(response.status().name()));
    }
    let single = choose(response, case, ids)?;
    if let Some(oid) = response.unknown_critical() {
        return Err(Problem::UnknownCritical { oid: shown(oid) });
    }
    if let Some(begins) = response.produced_at()
        && begins > case.options.time.plus(CLOCK_TOLERANCE)
    {
        return Err(Problem::Future { begins });
    }
    match (nonce, response.nonce()) {
        (Some(sent), Some(received)) if sent != received => return Err(Problem::NonceMismatch),
        _ => {}
    }
    check_signature(response, case, signers)?;
    if nonce.is_some() && response.nonce().is_none() {
        journal.note(Source::Ocsp, Some(index), Problem::NoNonce);
    }
    match single.status {
        CertStatus::Good => Ok(RevocationStatus::Good),
        CertStatus::Revoked { time, reason } => Ok(RevocationStatus::Revoked { reason, time }),
        CertStatus::Unknown => Err(Problem::Unknown),
    }
}

/// The single response that counts: one that can be used; and of those one that revokes, or else one that knows the
/// certificate.
fn choose<'r>(
    response: &'r OcspResponse<'_>,
    case: &Case<'_>,
    ids: &mut Ids,
) -> Result<SingleResponse<'r>, Problem> {
    let mut problem = Problem::NotAbout;
    let mut best: Option<SingleResponse<'r>> = None;
    for single in response.responses() {
        if !ids.names(&single, case) {
            continue;
        }
        match check_use(&single, case.options) {
            Ok(()) => {
                let rank = |single: &SingleResponse<'_>| match single.status {
                    CertStatus::Revoked { .. } => 2,
                    CertStatus::Good => 1,
                    CertStatus::Unknown => 0,
                };
                if best.as_ref().is_none_or(|best| rank(best) < rank(&single)) {
                    best = Some(single);
                }
            }
            Err(found) => problem = found,
        }
    }
    best.ok_or(problem)
}

/// Whether a single response is of our time and can be understood.
fn check_use(single: &SingleResponse<'_>, options: &Options<'_>) -> Result<(), Problem> {
    if let Some(oid) = single.unknown_critical {
        return Err(Problem::UnknownCritical { oid: shown(oid) });
    }
    let begins = single.this_update;
    if begins > options.time.plus(CLOCK_TOLERANCE) {
        return Err(Problem::Future { begins });
    }
    let too_late = |end: Time, tolerance| options.time > end.plus(tolerance);
    match single.next_update {
        Some(ended) if too_late(ended, CLOCK_TOLERANCE) => Err(Problem::Stale { ended }),
        None if too_late(begins, MAX_AGE_WITHOUT_NEXT) => Err(Problem::TooOld { made: begins }),
        _ => Ok(()),
    }
}

/// The hashes by which the certificate's issuer may be named, each made when it is first needed.
#[derive(Default)]
struct Ids([Option<Id>; 5]);

struct Id {
    /// Of the name as the certificate writes it, and as the issuer does.
    names: [Vec<u8>; 2],
    key: Vec<u8>,
}

impl Ids {
    /// Whether a single response is about the certificate.
    fn names(&mut self, single: &SingleResponse<'_>, case: &Case<'_>) -> bool {
        if single.serial.minimal() != case.subject.serial().minimal() {
            return false;
        }
        let Some(hash) = Hash::of(single.hash_algorithm) else { return false };
        let slot = match hash {
            Hash::Sha1 => 0,
            Hash::Sha224 => 1,
            Hash::Sha256 => 2,
            Hash::Sha384 => 3,
            _ => 4,
        };
        let id = self.0[slot].get_or_insert_with(|| Id::of(hash, case.subject, case.issuer));
        id.names.iter().any(|name| !name.is_empty() && name == single.name_hash)
            && !id.key.is_empty()
            && id.key == single.key_hash
    }
}

impl Id {
    fn of(hash: Hash, subject: &Certificate<'_>, issuer: &Issuer<'_>) -> Id {
        let digest = |bytes: &[u8]| {
            hash.digest(bytes).map(|digest| digest.as_ref().to_vec()).unwrap_or_default()
        };
        let key = PublicKey::read(Reader::new(issuer.key_info));
        Id {
            names: [digest(subject.issuer().der()), digest(issuer.name.der())],
            key: key.map(|key| digest(key.key)).unwrap_or_default(),
        }
    }
}

/// Whether the issuer signed the response, or one to whom it delegated that (RFC 6960, section 4.2.2.2).
fn check_signature(
    response: &OcspResponse<'_>,
    case: &Case<'_>,
    signers: &mut dyn Signers,
) -> Result<(), Problem> {
    let (Some(basic), Some(responder)) = (&response.basic, response.responder()) else {
        return Err(Problem::NotAbout);
    };
    let signed = Signed::new(
        response.part(basic.tbs),
        AlgorithmIdentifier::read(&mut response.reader(basic.algorithm)),
        response.part(basic.signature),
        case.options,
    )?;
    let mut problem = None;
    let issuer_key = PublicKey::read(Reader::new(case.issuer.key_info));
    if issuer_key.is_ok_and(|key| is(&responder, &case.issuer.name, &key)) {
        match signed.is_by(case.issuer.key_info) {
            Ok(()) => return Ok(()),
            Err(found) => problem = Some(found),
        }
    }
    let known = case.evidence.intermediates.iter().map(Certificate::borrowed);
    let candidates = response
        .certificates()
        .chain(known)
        .filter(|certificate| {
            certificate.public_key().is_ok_and(|key| is(&responder, &certificate.subject(), &key))
        })
        .take(MAX_SIGNERS);
    for candidate in candidates {
        let check = signed
            .is_by(candidate.public_key_info())
            .and_then(|()| check_delegate(&candidate, case))
            .and_then(|()| {
                signers
                    .trusts(&candidate, SignerPurpose::OcspSign)
                    .map_err(Problem::SignerNotEntitled)
            });
        match check {
            Ok(()) => return Ok(()),
            // That a key fits and may not sign says more than that another does not fit.
            Err(found @ Problem::SignerNotEntitled(_)) => problem = Some(found),
            Err(found) => problem = problem.or(Some(found)),
        }
    }
    Err(problem.unwrap_or_else(|| {
        Problem::NoSigner(match responder {
            ResponderId::Name(name) => shown(name),
            ResponderId::KeyHash(hash) => {
                shown(format_args!("the key with the hash {}", Hex(hash)))
            }
        })
    }))
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Whether a responder that calls itself so has this name or key.
fn is(responder: &ResponderId<'_>, name: &DistinguishedName<'_>, key: &PublicKey<'_>) -> bool {
    match responder {
        ResponderId::Name(own) => own == name,
        ResponderId::KeyHash(own) => {
            Hash::Sha1.digest(key.key).is_some_and(|digest| digest.as_ref() == *own)
        }
    }
}

/// Whether the issuer of the certificate in question lets this one answer for it: with the key that signed the certificate
/// itself, and for this purpose by name.
fn check_delegate(delegate: &Certificate<'_>, case: &Case<'_>) -> Result<(), Problem> {
    let refuse = |why: &str| Err(Problem::SignerNotEntitled(why.to_owned()));
    if delegate == case.subject {
        return refuse("a responder cannot vouch for its own certificate");
    }
    if delegate.issuer() != case.issuer.name {
        return refuse("the certificate's issuer did not issue the responder's certificate");
    }
    let purposes = match delegate.extended_key_usage() {
        Ok(purposes) => purposes.unwrap_or_default(),
        Err(error) => return refuse(&error.to_string()),
    };
    if !purposes.contains(&oid::OCSP_SIGNING) {
        return refuse("the responder's certificate lacks the purpose OCSPSigning");
    }
    match delegate.key_usage() {
        Ok(usage)
            if usage.is_none_or(|usage| usage.digital_signature() || usage.non_repudiation()) => {}
        Ok(_) => {
            return refuse("the key usage of the responder's certificate lacks digitalSignature");
        }
        Err(error) => return refuse(&error.to_string()),
    }
    let (from, until) = (delegate.not_before(), delegate.not_after());
    if !(from..=until).contains(&case.options.time) {
        return refuse(&format!("the responder's certificate is valid from {from} to {until}"));
    }
    let signed = Signed::new(
        delegate.signed_part(),
        delegate.signature_algorithm(),
        delegate.signature(),
        case.options,
    );
    match signed.and_then(|signed| signed.is_by(case.issuer.key_info)) {
        Ok(()) if delegate.names_one_algorithm() => Ok(()),
        _ => refuse("the certificate's issuer did not sign the responder's certificate"),
    }
}
