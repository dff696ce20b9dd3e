//! Answering a question, and asking for what would help.

use crate::{
    Certificate, Request, Verdict,
    certificate::PublicKey,
    der::Reader,
    oid,
    path::search,
    revocation::{self, Crl, Issuer, Location, OcspResponse, fetchable},
};
use std::collections::HashSet;

/// Decides with what the request holds.
pub fn evaluate(request: &Request<'_>) -> Verdict {
    search(request, &[]).verdict
}

/// Something that would help to decide, and where it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// What it is.
    pub kind: WantedKind,
    /// Where it is: an `http` or `https` URL out of a certificate, so as hostile as that.
    pub url: String,
    /// What to send there (RFC 6960, appendix A); nothing is sent for issuers and CRLs.
    pub body: Option<Vec<u8>>,
}

/// What kind of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WantedKind {
    /// The certificate of an issuer (RFC 5280, section 4.2.2.1).
    Issuer,
    /// A CRL, complete or delta (RFC 5280, sections 4.2.1.13 and 4.2.1.15).
    Crl,
    /// An OCSP response (RFC 6960).
    Ocsp,
}

impl Wanted {
    /// What tells about the revocation of `certificate`.
    pub(crate) fn of(
        location: &Location,
        certificate: &Certificate<'_>,
        issuer: &Issuer<'_>,
    ) -> Wanted {
        let url = location.url().to_owned();
        match location {
            Location::Crl(_) | Location::DeltaCrl(_) => {
                Wanted { kind: WantedKind::Crl, url, body: None }
            }
            Location::Ocsp(_) => {
                let key = PublicKey::read(Reader::new(issuer.key_info));
                let body =
                    key.ok().map(|key| revocation::request(certificate, &issuer.name, &key, None));
                Wanted { kind: WantedKind::Ocsp, url, body }
            }
        }
    }

    /// Where the issuer of `certificate` may be found.
    pub(crate) fn issuers(certificate: &Certificate<'_>) -> impl Iterator<Item = Wanted> {
        let access = certificate.authority_info_access().ok().flatten().unwrap_or_default();
        let urls: Vec<String> = access
            .iter()
            .filter(|one| one.method == oid::CA_ISSUERS)
            .filter_map(|one: &_| fetchable(&one.location))
            .collect();
        urls.into_iter().map(|url| Wanted { kind: WantedKind::Issuer, url, body: None })
    }
}

/// What an evaluation needs next.
#[derive(Debug)]
pub enum Step {
    /// Fetch this, then [supply](Evaluation::supply) it, or say that it [cannot be had](Evaluation::missing).
    NeedFetch(Wanted),
    /// Decided.
    Done(Box<Verdict>),
}

/// Decides step by step, asking for issuers, CRLs and OCSP responses that certificates tell of.
///
/// It does no I/O: whoever drives it fetches, or does not.
///
/// ```
/// use ravelin_trust::{Evaluation, Request, Step};
/// # use ravelin_trust::{Anchors, Certificate, Time};
/// # let key = rcgen::KeyPair::generate()?;
/// # let der = rcgen::CertificateParams::new(["a.example".to_owned()])?.self_signed(&key)?.der().to_vec();
/// # let anchors = Anchors::new();
/// # let request = Request::new(Certificate::parse(&der[..])?, &anchors, Time::from_unix(0));
/// # fn fetch(wanted: &ravelin_trust::Wanted) -> Option<Vec<u8>> { None }
///
/// let mut evaluation = Evaluation::new(request);
/// let verdict = loop {
///     match evaluation.step() {
///         Step::NeedFetch(wanted) => match fetch(&wanted) {
///             Some(bytes) => evaluation.supply(&wanted, &bytes),
///             None => evaluation.missing(&wanted, "nobody answered"),
///         },
///         Step::Done(verdict) => break verdict,
///     }
/// };
/// assert!(verdict.trusted().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Evaluation<'a> {
    request: Request<'a>,
    fetched: Vec<Certificate<'static>>,
    asked: HashSet<Wanted>,
    problems: Vec<(Wanted, String)>,
    in_vain: Vec<Wanted>,
}

/// An evaluation asks for no more than this many things.
pub const MAX_FETCHES: usize = 32;

impl<'a> Evaluation<'a> {
    /// Begins with what the request holds.
    pub fn new(request: Request<'a>) -> Evaluation<'a> {
        Evaluation {
            request,
            fetched: Vec::new(),
            asked: HashSet::new(),
            problems: Vec::new(),
            in_vain: Vec::new(),
        }
    }

    /// Goes on. Whatever was not asked for yet, and would help, is asked for once.
    pub fn step(&mut self) -> Step {
        let outcome = search(&self.request, &self.fetched);
        if self.asked.len() < MAX_FETCHES {
            let next = outcome.wanted.iter().find(|one| !self.asked.contains(one));
            if let Some(wanted) = next {
                self.asked.insert(wanted.clone());
                return Step::NeedFetch(wanted.clone());
            }
        }
        self.in_vain = outcome.wanted;
        self.in_vain.retain(|one| self.asked.contains(one));
        Step::Done(Box::new(outcome.verdict))
    }

    /// Gives what was fetched. Bytes that are not what was asked for are a [problem](Self::problems).
    pub fn supply(&mut self, wanted: &Wanted, bytes: &[u8]) {
        let problem = match wanted.kind {
            WantedKind::Issuer => {
                let found = certificates(bytes);
                let none = found.is_empty();
                self.fetched.extend(found);
                none.then(|| "it holds no certificate".to_owned())
            }
            WantedKind::Crl => match Crl::parse(bytes) {
                Ok(crl) => {
                    self.request.crls.push(crl.into_owned());
                    None
                }
                Err(error) => Some(error.to_string()),
            },
            WantedKind::Ocsp => match OcspResponse::parse(bytes) {
                Ok(response) => {
                    self.request.ocsp.push(response.into_owned());
                    None
                }
                Err(error) => Some(error.to_string()),
            },
        };
        if let Some(problem) = problem {
            self.problems.push((wanted.clone(), problem));
        }
    }

    /// Says that something cannot be had, and why.
    pub fn missing(&mut self, wanted: &Wanted, why: &str) {
        self.problems.push((wanted.clone(), why.to_owned()));
    }

    /// What was asked for and could not be had or used, and why.
    pub fn problems(&self) -> &[(Wanted, String)] {
        &self.problems
    }

    /// What was asked for and would still be wanted, now that it is decided: it could not be had, or it did not tell what
    /// it was asked for, being too old or by somebody else. Not to be kept for the next evaluation.
    pub fn in_vain(&self) -> &[Wanted] {
        &self.in_vain
    }
}

/// An issuer is served as a certificate, or as several in a degenerate CMS message (RFC 5280, section 4.2.2.1).
fn certificates(bytes: &[u8]) -> Vec<Certificate<'static>> {
    const MOST: usize = 16;
    if let Ok(one) = Certificate::parse(bytes) {
        return vec![one.into_owned()];
    }
    crate::certificate::in_cms(bytes)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|der| Certificate::parse(der).ok())
        .map(Certificate::into_owned)
        .take(MOST)
        .collect()
}
