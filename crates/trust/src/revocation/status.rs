//! What can be said about a certificate's revocation, and what must be known about it.

use crate::Time;
use std::{fmt, str::FromStr};

/// How much must be known about revocation before a certificate is trusted.
///
/// ```
/// use ravelin_trust::revocation::RevocationPolicy;
///
/// let policy: RevocationPolicy = "required-if-available".parse()?;
/// assert_eq!(policy, RevocationPolicy::RequiredIfInfoAvailable);
/// assert_eq!("ALWAYS_REQUIRED".parse(), Ok(RevocationPolicy::AlwaysRequired));
/// assert_eq!(RevocationPolicy::default().to_string(), "best-effort");
/// # Ok::<(), ravelin_trust::revocation::UnknownPolicy>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RevocationPolicy {
    /// Nothing is looked at.
    Never,
    /// What is known counts; what is not known is accepted and said.
    #[default]
    BestEffort,
    /// The status of a certificate that publishes where to find it must be known.
    RequiredIfInfoAvailable,
    /// The status must be known.
    AlwaysRequired,
}

impl RevocationPolicy {
    /// Whether a certificate of this status may be trusted under the policy.
    ///
    /// ```
    /// use ravelin_trust::revocation::{RevocationPolicy, RevocationStatus};
    ///
    /// assert!(RevocationPolicy::BestEffort.accepts(RevocationStatus::Undetermined));
    /// assert!(!RevocationPolicy::RequiredIfInfoAvailable.accepts(RevocationStatus::Undetermined));
    /// assert!(RevocationPolicy::RequiredIfInfoAvailable.accepts(RevocationStatus::NoInformation));
    /// assert!(!RevocationPolicy::AlwaysRequired.accepts(RevocationStatus::NoInformation));
    /// ```
    pub const fn accepts(self, status: RevocationStatus) -> bool {
        match status {
            RevocationStatus::Good => true,
            RevocationStatus::NoInformation => !matches!(self, RevocationPolicy::AlwaysRequired),
            RevocationStatus::Undetermined => {
                matches!(self, RevocationPolicy::Never | RevocationPolicy::BestEffort)
            }
            RevocationStatus::Revoked { .. } => matches!(self, RevocationPolicy::Never),
        }
    }
}

impl fmt::Display for RevocationPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RevocationPolicy::Never => "never",
            RevocationPolicy::BestEffort => "best-effort",
            RevocationPolicy::RequiredIfInfoAvailable => "required-if-available",
            RevocationPolicy::AlwaysRequired => "always",
        })
    }
}

/// A word that names no revocation policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no revocation policy is called {word:?}: there are never, best-effort, required-if-available and always"
)]
pub struct UnknownPolicy {
    /// The word.
    pub word: String,
}

impl FromStr for RevocationPolicy {
    type Err = UnknownPolicy;

    /// Besides the words that are shown, those of AIR are known: `NEVER` or `never`, `BEST_EFFORT` or `bestEffort`,
    /// `REQUIRED_IF_AVAILABLE` or `requiredIfInfoAvailable`, `ALWAYS_REQUIRED` or `alwaysRequired`.
    fn from_str(word: &str) -> Result<RevocationPolicy, UnknownPolicy> {
        Ok(match word {
            "never" | "NEVER" => RevocationPolicy::Never,
            "best-effort" | "bestEffort" | "BEST_EFFORT" => RevocationPolicy::BestEffort,
            "required-if-available"
            | "requiredIfInfoAvailable"
            | "REQUIRED_IF_AVAILABLE"
            | "REQUIRED_IF_INFO_AVAILABLE" => RevocationPolicy::RequiredIfInfoAvailable,
            "always" | "alwaysRequired" | "ALWAYS_REQUIRED" => RevocationPolicy::AlwaysRequired,
            _ => return Err(UnknownPolicy { word: word.to_owned() }),
        })
    }
}

/// Why a certificate was revoked (RFC 5280, section 5.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RevocationReason {
    /// For none of the others.
    Unspecified,
    /// Its key is, or may be, in the wrong hands.
    KeyCompromise,
    /// Its CA's key is, or may be, in the wrong hands.
    CaCompromise,
    /// What it says about its subject is no longer right.
    AffiliationChanged,
    /// Another has taken its place.
    Superseded,
    /// It is not needed any more.
    CessationOfOperation,
    /// Suspended: this may be taken back.
    CertificateHold,
    /// In a delta CRL: what the base says is taken back.
    RemoveFromCrl,
    /// A privilege that it grants was withdrawn.
    PrivilegeWithdrawn,
    /// The key of its attribute authority is, or may be, in the wrong hands.
    AaCompromise,
}

impl RevocationReason {
    /// The reason with this number.
    pub(super) fn of(code: u64) -> Option<RevocationReason> {
        Some(match code {
            0 => RevocationReason::Unspecified,
            1 => RevocationReason::KeyCompromise,
            2 => RevocationReason::CaCompromise,
            3 => RevocationReason::AffiliationChanged,
            4 => RevocationReason::Superseded,
            5 => RevocationReason::CessationOfOperation,
            6 => RevocationReason::CertificateHold,
            8 => RevocationReason::RemoveFromCrl,
            9 => RevocationReason::PrivilegeWithdrawn,
            10 => RevocationReason::AaCompromise,
            _ => return None,
        })
    }
}

impl fmt::Display for RevocationReason {
    /// The standard's word.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RevocationReason::Unspecified => "unspecified",
            RevocationReason::KeyCompromise => "keyCompromise",
            RevocationReason::CaCompromise => "cACompromise",
            RevocationReason::AffiliationChanged => "affiliationChanged",
            RevocationReason::Superseded => "superseded",
            RevocationReason::CessationOfOperation => "cessationOfOperation",
            RevocationReason::CertificateHold => "certificateHold",
            RevocationReason::RemoveFromCrl => "removeFromCRL",
            RevocationReason::PrivilegeWithdrawn => "privilegeWithdrawn",
            RevocationReason::AaCompromise => "aACompromise",
        })
    }
}

/// What is known about a certificate's revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationStatus {
    /// It is not revoked.
    Good,
    /// It is revoked, from whatever time on: who stole a key may have set the clock back.
    Revoked {
        /// Why, where that is said.
        reason: Option<RevocationReason>,
        /// Since when.
        time: Time,
    },
    /// Something is published, or was supplied, and none of it could be used: the notes say why.
    Undetermined,
    /// The certificate does not say where to find its status, and nothing that is about it was supplied.
    NoInformation,
}

impl fmt::Display for RevocationStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RevocationStatus::Good => f.write_str("not revoked"),
            RevocationStatus::Revoked { reason: Some(reason), time } => {
                write!(f, "revoked at {time} ({reason})")
            }
            RevocationStatus::Revoked { reason: None, time } => write!(f, "revoked at {time}"),
            RevocationStatus::Undetermined => f.write_str("undetermined"),
            RevocationStatus::NoInformation => f.write_str("no information"),
        }
    }
}

/// Where a status comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A certificate revocation list.
    Crl,
    /// An OCSP response.
    Ocsp,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Source::Crl => "CRL",
            Source::Ocsp => "OCSP response",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_as_they_are_shown() {
        for policy in [
            RevocationPolicy::Never,
            RevocationPolicy::BestEffort,
            RevocationPolicy::RequiredIfInfoAvailable,
            RevocationPolicy::AlwaysRequired,
        ] {
            assert_eq!(policy.to_string().parse(), Ok(policy));
        }
        let error = "sometimes".parse::<RevocationPolicy>().unwrap_err();
        assert!(error.to_string().contains("sometimes"));
    }

    #[test]
    fn every_policy_has_an_answer_to_every_status() {
        let revoked = RevocationStatus::Revoked { reason: None, time: Time::from_unix(0) };
        let accepts = |policy: RevocationPolicy| {
            [
                RevocationStatus::Good,
                RevocationStatus::NoInformation,
                RevocationStatus::Undetermined,
                revoked,
            ]
            .map(|status| policy.accepts(status))
        };
        assert_eq!(accepts(RevocationPolicy::Never), [true, true, true, true]);
        assert_eq!(accepts(RevocationPolicy::BestEffort), [true, true, true, false]);
        let required = accepts(RevocationPolicy::RequiredIfInfoAvailable);
        assert_eq!(required, [true, true, false, false]);
        assert_eq!(accepts(RevocationPolicy::AlwaysRequired), [true, false, false, false]);
    }

    #[test]
    fn reasons_have_the_standards_numbers() {
        assert_eq!(RevocationReason::of(1), Some(RevocationReason::KeyCompromise));
        assert_eq!(RevocationReason::of(7), None);
        assert_eq!(RevocationReason::of(8), Some(RevocationReason::RemoveFromCrl));
        assert_eq!(RevocationReason::of(11), None);
    }
}
