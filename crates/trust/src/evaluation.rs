//! Answering a question, and asking for what would help.

use crate::{
    Certificate, Request, Verdict,
    path::search,
    revocation::{Crl, Location, LocationKind, OcspResponse},
};
use std::collections::HashSet;

/// Decides with what the request holds.
pub fn evaluate(request: &Request<'_>) -> Verdict {
    search(request, &[]).verdict
}

/// What an evaluation needs next.
#[derive(Debug)]
pub enum Step {
    /// Fetch this, then [supply](Evaluation::supply) it, or say that it [cannot be had](Evaluation::missing).
    NeedFetch(Location),
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
/// # fn fetch(location: &ravelin_trust::revocation::Location) -> Option<Vec<u8>> { None }
///
/// let mut evaluation = Evaluation::new(request);
/// let verdict = loop {
///     match evaluation.step() {
///         Step::NeedFetch(location) => match fetch(&location) {
///             Some(bytes) => evaluation.supply(&location, &bytes),
///             None => evaluation.missing(&location, "nobody answered"),
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
    asked: HashSet<Location>,
    problems: Vec<(Location, String)>,
}

/// An evaluation asks for no more than this many things.
pub const MAX_FETCHES: usize = 32;

impl<'a> Evaluation<'a> {
    /// Begins with what the request holds.
    pub fn new(request: Request<'a>) -> Evaluation<'a> {
        Evaluation { request, fetched: Vec::new(), asked: HashSet::new(), problems: Vec::new() }
    }

    /// Goes on. Whatever was not asked for yet, and would help, is asked for once.
    pub fn step(&mut self) -> Step {
        let outcome = search(&self.request, &self.fetched);
        if self.asked.len() < MAX_FETCHES {
            let next = outcome.wanted.into_iter().find(|one| !self.asked.contains(one));
            if let Some(location) = next {
                self.asked.insert(location.clone());
                return Step::NeedFetch(location);
            }
        }
        Step::Done(Box::new(outcome.verdict))
    }

    /// Gives what was fetched. Bytes that are not what was asked for are a [problem](Self::problems).
    pub fn supply(&mut self, location: &Location, bytes: &[u8]) {
        let problem = match location.kind {
            LocationKind::Issuer => {
                let found = certificates(bytes);
                let none = found.is_empty();
                self.fetched.extend(found);
                none.then(|| "it holds no certificate".to_owned())
            }
            LocationKind::Crl => match Crl::parse(bytes) {
                Ok(crl) => {
                    self.request.crls.push(crl.into_owned());
                    None
                }
                Err(error) => Some(error.to_string()),
            },
            LocationKind::Ocsp => match OcspResponse::parse(bytes) {
                Ok(response) => {
                    self.request.ocsp.push(response.into_owned());
                    None
                }
                Err(error) => Some(error.to_string()),
            },
        };
        if let Some(problem) = problem {
            self.problems.push((location.clone(), problem));
        }
    }

    /// Says that something cannot be had, and why.
    pub fn missing(&mut self, location: &Location, why: &str) {
        self.problems.push((location.clone(), why.to_owned()));
    }

    /// What was asked for and could not be had or used, and why.
    pub fn problems(&self) -> &[(Location, String)] {
        &self.problems
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
