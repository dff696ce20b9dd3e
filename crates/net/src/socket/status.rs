//! What is known about a server's certificate.

use ravelin_trust::Status;
use std::{fmt, str::FromStr};

/// What is known about the server's certificate: AIR's `CertificateStatus`, in its words.
///
/// ```
/// use ravelin_net::socket::CertificateStatus;
///
/// assert_eq!(CertificateStatus::default(), CertificateStatus::Unknown);
/// assert_eq!(CertificateStatus::PrincipalMismatch.to_string(), "principalMismatch");
/// assert_eq!("untrustedSigners".parse(), Ok(CertificateStatus::UntrustedSigners));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CertificateStatus {
    /// Its validity is over.
    Expired,
    /// Something else is wrong with it; also when its revocation had to be known and could not be found out.
    Invalid,
    /// Something is wrong with a root or an intermediate.
    InvalidChain,
    /// Its validity has not begun.
    NotYetValid,
    /// It is for another name.
    PrincipalMismatch,
    /// It is revoked, or another of its path is, or one is on the local list of distrust.
    Revoked,
    /// It is trusted.
    Trusted,
    /// It was not looked at yet.
    #[default]
    Unknown,
    /// It does not lead to a trust anchor.
    UntrustedSigners,
}

impl CertificateStatus {
    /// Every status.
    pub const ALL: [CertificateStatus; 9] = [
        CertificateStatus::Expired,
        CertificateStatus::Invalid,
        CertificateStatus::InvalidChain,
        CertificateStatus::NotYetValid,
        CertificateStatus::PrincipalMismatch,
        CertificateStatus::Revoked,
        CertificateStatus::Trusted,
        CertificateStatus::Unknown,
        CertificateStatus::UntrustedSigners,
    ];

    /// AIR's word for it.
    pub fn word(self) -> &'static str {
        match self {
            CertificateStatus::Expired => "expired",
            CertificateStatus::Invalid => "invalid",
            CertificateStatus::InvalidChain => "invalidChain",
            CertificateStatus::NotYetValid => "notYetValid",
            CertificateStatus::PrincipalMismatch => "principalMismatch",
            CertificateStatus::Revoked => "revoked",
            CertificateStatus::Trusted => "trusted",
            CertificateStatus::Unknown => "unknown",
            CertificateStatus::UntrustedSigners => "untrustedSigners",
        }
    }
}

impl From<Status> for CertificateStatus {
    /// The status of a validation that was made. The engine's word for a revocation that had to be known and is not,
    /// `unknown`, means here that no validation was made; so that is [`Invalid`](CertificateStatus::Invalid).
    fn from(status: Status) -> CertificateStatus {
        match status {
            Status::Trusted => CertificateStatus::Trusted,
            Status::Expired => CertificateStatus::Expired,
            Status::NotYetValid => CertificateStatus::NotYetValid,
            Status::Revoked => CertificateStatus::Revoked,
            Status::UntrustedSigners => CertificateStatus::UntrustedSigners,
            Status::PrincipalMismatch => CertificateStatus::PrincipalMismatch,
            Status::InvalidChain => CertificateStatus::InvalidChain,
            Status::Invalid | Status::Unknown => CertificateStatus::Invalid,
        }
    }
}

impl fmt::Display for CertificateStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A word that is no certificate status.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no certificate status is called `{0}`")]
pub struct UnknownStatus(String);

impl FromStr for CertificateStatus {
    type Err = UnknownStatus;

    fn from_str(word: &str) -> Result<CertificateStatus, UnknownStatus> {
        let known = CertificateStatus::ALL.into_iter().find(|one| one.word() == word);
        known.ok_or_else(|| UnknownStatus(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s17_the_words_are_airs_and_a_validation_never_ends_in_unknown() {
        let words = CertificateStatus::ALL.map(CertificateStatus::word);
        let airs = [
            "expired",
            "invalid",
            "invalidChain",
            "notYetValid",
            "principalMismatch",
            "revoked",
            "trusted",
            "unknown",
            "untrustedSigners",
        ];
        assert_eq!(words, airs);
        for one in CertificateStatus::ALL {
            assert_eq!(one.word().parse(), Ok(one));
        }
        for (engine, shown) in [
            (Status::Trusted, "trusted"),
            (Status::Expired, "expired"),
            (Status::NotYetValid, "notYetValid"),
            (Status::Revoked, "revoked"),
            (Status::UntrustedSigners, "untrustedSigners"),
            (Status::PrincipalMismatch, "principalMismatch"),
            (Status::InvalidChain, "invalidChain"),
            (Status::Invalid, "invalid"),
            (Status::Unknown, "invalid"),
        ] {
            assert_eq!(CertificateStatus::from(engine).word(), shown);
        }
    }
}
