//! From a question to a verdict.

use super::question::Question;
use crate::commands::{
    cert::{input::InputError, moment},
    judgement::{Ders, Files, Judged, Kind, Online, Presented, Source, Terms, parsed},
};
use ravelin_trust::{
    Certificate, Request, evaluate,
    revocation::{Crl, OcspResponse},
};

/// Answers a question, with more that is fetched if `online` is given.
///
/// # Errors
/// When something that was given cannot be read.
pub fn judge(
    question: Question,
    files: &Files,
    online: Option<&Online>,
) -> Result<Judged, InputError> {
    let time = question.time.unwrap_or_else(moment::now);
    let anchors = files.anchors(&question.stores, &question.anchors, &question.distrust)?;
    let all = |sources: &[Source], kind| -> Result<Vec<(Source, Ders)>, InputError> {
        sources.iter().map(|one| Ok((one.clone(), files.read(one, kind)?))).collect()
    };
    let leaf = all(std::slice::from_ref(&question.leaf), Kind::Certificates)?;
    let intermediates = all(&question.intermediates, Kind::Certificates)?;
    let crls = all(&question.crls, Kind::Crls)?;
    let staple: Vec<Source> = question.staple.iter().cloned().collect();
    let staple = all(&staple, Kind::Ocsp)?;
    let ocsp = all(&question.ocsp, Kind::Ocsp)?;

    let mut chain = parsed(&leaf, "certificate", Certificate::parse)?;
    // A file that holds no certificate is an error already.
    let certificate = chain.remove(0);
    let mut request = Request::new(certificate, &anchors, time);
    request.intermediates = chain;
    request.intermediates.extend(parsed(&intermediates, "certificate", Certificate::parse)?);
    request.crls = parsed(&crls, "CRL", Crl::parse)?;
    request.ocsp = parsed(&ocsp, "OCSP response", OcspResponse::parse)?;
    request.stapled = parsed(&staple, "OCSP response", OcspResponse::parse)?;
    request.in_handshake = question.staple.is_some();
    request.names.clone_from(&question.names);
    request.purpose = question.purpose.clone();
    request.profile = question.profile.clone();
    request.policies = question.policies.clone();
    request.max_depth = question.max_depth;
    request.revocation = question.revocation;
    request.use_crls = question.use_crls;
    request.use_ocsp = question.use_ocsp;
    let (verdict, fetches) = match online {
        Some(online) => online.decide(request),
        None => (evaluate(&request), Vec::new()),
    };
    let terms = Terms {
        names: question.names,
        purpose: question.purpose,
        profile: question.profile,
        stores: question.stores,
        online: question.online,
        presented: Presented::InFile,
    };
    Ok(Judged { terms, time, verdict: verdict.into(), anchors: anchors.len(), fetches })
}
