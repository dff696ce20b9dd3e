use crate::{
    evaluate::{Fetched, fetch_request},
    fetch::{Fetcher, REMEMBER_FAILURE},
};
use ravelin_trust::Wanted;
use std::time::Duration;

/// Fetches what one verification wants, and sees to it that what was of no use is not kept.
pub(super) struct Evidence {
    fetcher: Fetcher,
    now: Duration,
    obtained: Vec<(Wanted, Duration)>,
    fetches: Vec<Fetched>,
    /// The problems that were looked at.
    known: usize,
}

impl Evidence {
    pub(super) fn new(fetcher: Fetcher, now: Duration) -> Evidence {
        Evidence { fetcher, now, obtained: Vec::new(), fetches: Vec::new(), known: 0 }
    }

    /// What is wanted, or why it cannot be had.
    pub(super) async fn fetch(&mut self, wanted: &Wanted) -> Result<Vec<u8>, String> {
        let request = fetch_request(wanted);
        let (answer, outcome) = match self.fetcher.fetch(&request, self.now).await {
            Ok(evidence) => {
                self.obtained.push((wanted.clone(), evidence.fresh_until()));
                (Ok(evidence.bytes().to_vec()), Ok(evidence.origin()))
            }
            Err(error) => (Err(error.to_string()), Err(error.to_string())),
        };
        self.fetches.push(Fetched { kind: request.kind(), url: wanted.url.clone(), outcome });
        answer
    }

    /// Hears what could not be had or used. The latter must not be kept for the next who asks.
    pub(super) async fn problems(&mut self, problems: &[(Wanted, String)]) {
        let new = problems.get(self.known..).unwrap_or_default();
        self.known = problems.len();
        for (wanted, problem) in new {
            let Some(at) = self.obtained.iter().position(|(one, _)| one == wanted) else {
                continue;
            };
            self.obtained.remove(at);
            let request = fetch_request(wanted);
            self.fetcher.forget(&request).await;
            let of_it = |one: &&mut Fetched| one.kind == request.kind() && one.url == wanted.url;
            if let Some(fetched) = self.fetches.iter_mut().rev().find(of_it) {
                fetched.outcome = Err(problem.clone());
            }
        }
    }

    /// Hears what did not help. A lie, or what is too old, is worth no more than a failure, whatever its server says.
    pub(super) async fn in_vain(&self, in_vain: &[Wanted]) {
        for (wanted, fresh_until) in &self.obtained {
            if in_vain.contains(wanted) {
                let until = (*fresh_until).min(self.now.saturating_add(REMEMBER_FAILURE));
                self.fetcher.keep_until(&fetch_request(wanted), until, self.now).await;
            }
        }
    }

    /// Everything that was asked for, in that order.
    pub(super) fn into_fetches(self) -> Vec<Fetched> {
        self.fetches
    }
}
