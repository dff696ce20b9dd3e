//! Driving `ravelin-trust`'s evaluation with what can be fetched.

use crate::fetch::{EvidenceKind, FetchRequest, Fetcher, Origin, REMEMBER_FAILURE};
use ravelin_trust::{Evaluation, Request, Step, Verdict, Wanted, WantedKind};
use std::time::Duration;

/// What was decided, and what was fetched for it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Evaluated {
    /// The decision.
    pub verdict: Box<Verdict>,
    /// Everything that was asked for, in that order.
    pub fetches: Vec<Fetched>,
}

/// One thing that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fetched {
    /// What it should be.
    pub kind: EvidenceKind,
    /// Where it should be.
    pub url: String,
    /// Where it came from, or why it could not be had or used.
    pub outcome: Result<Origin, String>,
}

/// Decides whether a certificate may be trusted, fetching issuers, CRLs and OCSP responses as certificates tell of them.
/// `now` is the real time, since 1970-01-01T00:00:00Z, for the caches; the time of the decision stands in the request.
///
/// What could be read and did not tell what it was asked for, being too old or by somebody else, is kept for
/// [`REMEMBER_FAILURE`] at most.
///
/// It takes as long as the fetches take, each within the fetcher's limits, [`MAX_FETCHES`](ravelin_trust::MAX_FETCHES)
/// at most. Dropping the future gives up.
///
/// ```no_run
/// # async fn example(
/// #     request: ravelin_trust::Request<'_>,
/// #     fetcher: &ravelin_net::fetch::Fetcher,
/// #     now: std::time::Duration,
/// # ) {
/// let evaluated = ravelin_net::evaluate(request, fetcher, now).await;
/// println!("{}", evaluated.verdict.status());
/// for fetched in evaluated.fetches {
///     println!("{} {}: {:?}", fetched.kind, fetched.url, fetched.outcome);
/// }
/// # }
/// ```
pub async fn evaluate(request: Request<'_>, fetcher: &Fetcher, now: Duration) -> Evaluated {
    let mut evaluation = Evaluation::new(request);
    let mut fetches: Vec<Fetched> = Vec::new();
    let mut obtained = Vec::new();
    let verdict = loop {
        let wanted = match evaluation.step() {
            Step::NeedFetch(wanted) => wanted,
            Step::Done(verdict) => break verdict,
        };
        let request = fetch_request(&wanted);
        let outcome = match fetcher.fetch(&request, now).await {
            Ok(evidence) => {
                let known = evaluation.problems().len();
                evaluation.supply(&wanted, evidence.bytes());
                if let Some((_, problem)) = evaluation.problems().get(known) {
                    // What cannot be used must not be kept for the next who asks.
                    fetcher.forget(&request).await;
                    Err(problem.clone())
                } else {
                    obtained.push((wanted.clone(), evidence.fresh_until()));
                    Ok(evidence.origin())
                }
            }
            Err(error) => {
                let why = error.to_string();
                evaluation.missing(&wanted, &why);
                Err(why)
            }
        };
        fetches.push(Fetched { kind: request.kind(), url: wanted.url, outcome });
    };
    for (wanted, fresh_until) in obtained {
        if evaluation.in_vain().contains(&wanted) {
            // A lie, or what is too old, is worth no more than a failure, whatever its server says.
            let until = fresh_until.min(now.saturating_add(REMEMBER_FAILURE));
            fetcher.keep_until(&fetch_request(&wanted), until, now).await;
        }
    }
    Evaluated { verdict, fetches }
}

pub(crate) fn fetch_request(wanted: &Wanted) -> FetchRequest {
    match (wanted.kind, &wanted.body) {
        (WantedKind::Ocsp, Some(body)) => FetchRequest::ocsp(&*wanted.url, body.clone()),
        (WantedKind::Ocsp, None) => FetchRequest::ocsp(&*wanted.url, []),
        (WantedKind::Issuer, _) => FetchRequest::issuer(&*wanted.url),
        (WantedKind::Crl, _) => FetchRequest::crl(&*wanted.url),
    }
}
