use super::evidence::Evidence;
use crate::{evaluate::Fetched, fetch::Fetcher};
use ravelin_xmldsig::{
    Error,
    verify::{Dereference, KeySource, Next, Report, Settings, Verification},
};
use std::{
    io::{Read, Seek},
    time::Duration,
};
use tokio::task::{JoinError, spawn_blocking};

/// What a verification found, and what was fetched for it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Verified {
    /// What was found.
    pub report: Report,
    /// Everything that was asked for, in that order.
    pub fetches: Vec<Fetched>,
}

/// Why a signature could not be verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// Something is wrong with the document, or with what its references refer to.
    #[error(transparent)]
    Document(#[from] Error),
    /// The dereferencer or the document's reader panicked, or the runtime shuts down.
    #[error("the verification was cut off: {0}")]
    CutOff(#[from] JoinError),
}

/// Verifies a signature of `document`, fetching what the certificates tell of. `now` is the real time, since
/// 1970-01-01T00:00:00Z, for the caches; the time of the decision stands in the trust settings.
///
/// It takes as long as the reading and the fetches take, each within the fetcher's limits. See the [module](super) for an
/// example.
///
/// # Errors
/// When it cannot be told whether the signature is good. One that is not is no error, but stands in the report.
pub async fn verify<D, R>(
    document: D,
    settings: Settings,
    keys: KeySource,
    dereference: R,
    fetcher: &Fetcher,
    now: Duration,
) -> Result<Verified, VerifyError>
where
    D: Read + Seek + Send + 'static,
    R: Dereference + Send + 'static,
{
    let mut evidence = Evidence::new(fetcher.clone(), now);
    let mut dereference = dereference;
    let opening = spawn_blocking(move || {
        let opened = Verification::open(document, &settings, &keys, &mut dereference);
        opened.map(|verification| Box::new((verification, dereference)))
    });
    let mut work = opening.await??;
    loop {
        let step = spawn_blocking(move || {
            let (verification, dereference) = &mut *work;
            let next = verification.next(dereference);
            (work, next)
        });
        let next;
        (work, next) = step.await?;
        evidence.problems(work.0.problems()).await;
        match next? {
            Next::Fetch(wanted) => match evidence.fetch(&wanted).await {
                Ok(bytes) => work.0.supply(wanted, bytes),
                Err(why) => work.0.missing(wanted, why),
            },
            Next::Done(report) => {
                evidence.in_vain(work.0.in_vain()).await;
                return Ok(Verified { report: *report, fetches: evidence.into_fetches() });
            }
        }
    }
}
