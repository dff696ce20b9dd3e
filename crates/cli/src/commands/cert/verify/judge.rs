//! From a question to a verdict.

use super::{
    files::{Ders, Files, Kind, fault},
    online::{Fetch, Online},
    question::{Question, Source},
};
use crate::commands::cert::{input::InputError, moment};
use ravelin_trust::{
    Certificate, Request, Status, Time, Verdict, evaluate,
    revocation::{Crl, OcspResponse},
};

/// A question with its answer.
#[derive(Debug)]
pub struct Judged {
    /// The question.
    pub question: Question,
    /// The moment it was judged for.
    pub time: Time,
    /// The answer.
    pub verdict: Verdict,
    /// What was fetched on the way.
    pub fetches: Vec<Fetch>,
}

impl Judged {
    /// Whether it may be trusted. Nothing is without the engine's proof.
    pub fn status(&self) -> Status {
        match self.verdict.status() {
            Status::Trusted if self.verdict.trusted().is_none() => Status::UntrustedSigners,
            status => status,
        }
    }
}

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

    let mut chain = parsed(&leaf, "certificate", |der| Certificate::parse(der))?;
    // A file that holds no certificate is an error already.
    let certificate = chain.remove(0);
    let mut request = Request::new(certificate, &anchors, time);
    request.intermediates = chain;
    request
        .intermediates
        .extend(parsed(&intermediates, "certificate", |der| Certificate::parse(der))?);
    request.crls = parsed(&crls, "CRL", |der| Crl::parse(der))?;
    request.ocsp = parsed(&ocsp, "OCSP response", |der| OcspResponse::parse(der))?;
    request.stapled = parsed(&staple, "OCSP response", |der| OcspResponse::parse(der))?;
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
    Ok(Judged { question, time, verdict, fetches })
}

/// Everything that sources hold, understood.
fn parsed<'d, T, E: std::fmt::Display>(
    loaded: &'d [(Source, Ders)],
    noun: &str,
    parse: impl Fn(&'d [u8]) -> Result<T, E>,
) -> Result<Vec<T>, InputError> {
    let mut all = Vec::new();
    for (source, ders) in loaded {
        for (index, der) in ders.iter().enumerate() {
            all.push(parse(der).map_err(|error| fault(source, noun, index, &error))?);
        }
    }
    Ok(all)
}
