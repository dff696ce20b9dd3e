//! How it came to a certificate's status.

use super::{CertificateStatus, attempt::Judged};
use crate::Fetched;
use ravelin_trust::{Verdict, revocation::RevocationStatus};
use std::{fmt, sync::Arc};

/// How it came to a certificate's status. Shown, it is a text for people.
#[derive(Clone, Debug)]
pub struct TrustReport {
    status: CertificateStatus,
    verdict: Arc<Verdict>,
    fetches: Vec<Fetched>,
}

impl TrustReport {
    pub(super) fn of(judged: &Judged) -> Option<TrustReport> {
        let verdict = Arc::clone(judged.verdict.as_ref()?);
        Some(TrustReport { status: judged.status, verdict, fetches: judged.fetches.clone() })
    }

    /// The status.
    pub fn status(&self) -> CertificateStatus {
        self.status
    }

    /// OpenSSL's and Node's name for the reason, as `CERT_HAS_EXPIRED`. None when trusted.
    pub fn code(&self) -> Option<&'static str> {
        self.verdict.code()
    }

    /// The verdict, with everything that was found on every path.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// What was asked of the network.
    pub fn fetches(&self) -> &[Fetched] {
        &self.fetches
    }

    /// Whether it is known of every certificate of the path, the anchor apart, that it is not revoked.
    pub fn is_revocation_checked(&self) -> bool {
        self.unchecked().next().is_none()
    }

    /// Those of which it is not known, by their place in the path, and why.
    fn unchecked(&self) -> impl Iterator<Item = (usize, &str)> {
        let known = self.verdict.deciding().revocation.iter();
        known
            .filter(|one| {
                matches!(
                    one.status,
                    RevocationStatus::Undetermined | RevocationStatus::NoInformation
                )
            })
            .map(|one| (one.certificate, one.detail.as_str()))
    }
}

impl fmt::Display for TrustReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.verdict.explanation())?;
        for (certificate, why) in self.unchecked() {
            write!(
                f,
                "; revocation of certificate {certificate} of the path was not checked, a revoked one may pass: {why}"
            )?;
        }
        Ok(())
    }
}
