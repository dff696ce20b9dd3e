//! What was decided, and everything that was found on the way.

use crate::{
    Certificate,
    revocation::{RevocationStatus, Source},
    rule::{Class, Level, Rule},
};
use std::{fmt, sync::Arc};

/// Whether a certificate may be trusted. Exactly the words of AIR's `CertificateStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// It may.
    Trusted,
    /// The end certificate's validity is over.
    Expired,
    /// The end certificate's validity has not begun.
    NotYetValid,
    /// A certificate of the path is revoked.
    Revoked,
    /// No path ends in a trust anchor.
    UntrustedSigners,
    /// The end certificate is for another name.
    PrincipalMismatch,
    /// Something is wrong with a CA of the path.
    InvalidChain,
    /// Something else is wrong with the end certificate.
    Invalid,
    /// It could not be decided.
    Unknown,
}

impl Status {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Status::Trusted => "trusted",
            Status::Expired => "expired",
            Status::NotYetValid => "notYetValid",
            Status::Revoked => "revoked",
            Status::UntrustedSigners => "untrustedSigners",
            Status::PrincipalMismatch => "principalMismatch",
            Status::InvalidChain => "invalidChain",
            Status::Invalid => "invalid",
            Status::Unknown => "unknown",
        }
    }

    /// Which of several faults decides: the lowest.
    fn order(self) -> u8 {
        match self {
            Status::Revoked => 0,
            Status::NotYetValid => 1,
            Status::Expired => 2,
            Status::Invalid => 3,
            Status::InvalidChain => 4,
            Status::UntrustedSigners => 5,
            Status::PrincipalMismatch => 6,
            Status::Unknown => 7,
            Status::Trusted => 8,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A rule that something breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// [`Level::Error`] or [`Level::Warning`].
    pub severity: Level,
    /// Which certificate of the path: 0 is the end certificate.
    pub certificate: usize,
    /// What was found, in a sentence for people.
    pub detail: String,
    /// Where in the certificate, in bytes, if it is one place.
    pub offset: Option<usize>,
}

impl Finding {
    /// The status that this finding alone leads to, if it is an error.
    pub(crate) fn status(&self) -> Option<Status> {
        if self.severity != Level::Error {
            return None;
        }
        let end = self.certificate == 0;
        Some(match self.rule.class() {
            Class::Revoked => Status::Revoked,
            Class::Expired if end => Status::Expired,
            Class::NotYetValid if end => Status::NotYetValid,
            Class::Certificate if end => Status::Invalid,
            Class::Expired | Class::NotYetValid | Class::Certificate | Class::Chain => {
                Status::InvalidChain
            }
            Class::Untrusted => Status::UntrustedSigners,
            Class::Name => Status::PrincipalMismatch,
            Class::Undetermined => Status::Unknown,
        })
    }

    /// OpenSSL's name for it (X509_V_ERR_… without the prefix), which is Node's too.
    pub fn code(&self) -> &'static str {
        match self.rule {
            Rule::Sha1Signature if self.certificate == 0 => "EE_KEY_TOO_SMALL",
            Rule::RsaKeySmall | Rule::RsaKeySize | Rule::DsaKey if self.certificate > 0 => {
                "CA_KEY_TOO_SMALL"
            }
            // With nothing but the end certificate, OpenSSL cannot even check its signature.
            Rule::IssuerNotFound if self.certificate == 0 => "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
            rule => rule.code(),
        }
    }
}

/// A path that was tried.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CandidatePath {
    /// Its certificates, the end certificate first, the anchor last if it is one and was given as a certificate.
    pub certificates: Vec<Arc<Certificate<'static>>>,
    /// The anchor it ends in.
    pub anchor: Option<Arc<crate::Anchor>>,
    /// Whether nothing speaks against it.
    pub accepted: bool,
    /// All that was found on it.
    pub findings: Vec<Finding>,
    /// What is known about each certificate's revocation, where it was looked at.
    pub revocation: Vec<CertificateRevocation>,
    /// Policies that are valid for the path and acceptable, as encoded object identifiers.
    pub policies: Vec<Box<[u8]>>,
}

/// What is known about one certificate's revocation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateRevocation {
    /// Which certificate of the path.
    pub certificate: usize,
    /// What is known.
    pub status: RevocationStatus,
    /// What told, if anything did.
    pub source: Option<Source>,
    /// How it came to that, in a sentence for people.
    pub detail: String,
}

impl CandidatePath {
    /// The status that this path alone would lead to.
    pub fn status(&self) -> Status {
        let statuses = self.findings.iter().filter_map(Finding::status);
        let sound = if self.accepted { Status::Trusted } else { Status::Unknown };
        statuses.min_by_key(|status| status.order()).unwrap_or(sound)
    }

    fn errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.severity == Level::Error).count()
    }
}

/// The decision about a certificate. It cannot be made by hand: holding one means that the engine decided.
#[derive(Clone, Debug)]
pub struct Verdict {
    paths: Vec<CandidatePath>,
    deciding: usize,
    profile: &'static str,
}

impl Verdict {
    /// `paths` must not be empty: there is always one, of the end certificate alone if of nothing else.
    pub(crate) fn new(paths: Vec<CandidatePath>, profile: &'static str) -> Verdict {
        let rank = |path: &CandidatePath| {
            let length = usize::MAX - path.certificates.len();
            (!path.accepted, path.anchor.is_none(), path.errors(), length)
        };
        let deciding = (0..paths.len()).min_by_key(|index| rank(&paths[*index])).unwrap_or(0);
        Verdict { paths, deciding, profile }
    }

    /// Says of the path that decides that the search ended before its end, if it is not a good one.
    pub(crate) fn was_cut_short(&mut self, why: impl FnOnce(usize) -> Finding) {
        let path = &mut self.paths[self.deciding];
        if !path.accepted && !path.findings.iter().any(|finding| finding.rule == Rule::Budget) {
            let last = path.certificates.len().saturating_sub(1);
            path.findings.push(why(last));
        }
    }

    /// Whether the certificate may be trusted.
    pub fn status(&self) -> Status {
        self.deciding().status()
    }

    /// OpenSSL's name for the reason (X509_V_ERR_… without the prefix), which is Node's too, save that a wrong name is
    /// called as Node calls it. None when trusted.
    pub fn code(&self) -> Option<&'static str> {
        let status = self.status();
        let deciding = self.deciding().findings.iter();
        deciding.filter(|finding| finding.status() == Some(status)).map(Finding::code).next()
    }

    /// The TLS alert that tells a peer the reason (RFC 8446, section 6.2). None when trusted.
    pub fn alert(&self) -> Option<u8> {
        alert(self.status(), self.code()?)
    }

    /// Why, in a sentence for people: the status, what decided, and the code. The status alone when trusted.
    pub fn explanation(&self) -> String {
        let code = self.code();
        let errors = self.findings().iter().filter(|finding| finding.severity == Level::Error);
        match (code, errors.min_by_key(|finding| Some(finding.code()) != code)) {
            (Some(code), Some(finding)) => {
                format!("{}: {} ({code})", self.status(), finding.detail)
            }
            _ => self.status().to_string(),
        }
    }

    /// The path that decided.
    pub fn deciding(&self) -> &CandidatePath {
        &self.paths[self.deciding]
    }

    /// Every path that was tried, in the order they were tried.
    pub fn paths(&self) -> &[CandidatePath] {
        &self.paths
    }

    /// The name of the profile in force.
    pub fn profile(&self) -> &'static str {
        self.profile
    }

    /// All that was found on the path that decided.
    pub fn findings(&self) -> &[Finding] {
        &self.deciding().findings
    }

    /// The proof that the certificate may be trusted; none when it may not.
    pub fn trusted(&self) -> Option<Trusted<'_>> {
        (self.status() == Status::Trusted && self.deciding().accepted)
            .then(|| Trusted { path: self.deciding() })
    }
}

/// The proof that a path was judged and found good. Only [`Verdict::trusted`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct Trusted<'v> {
    path: &'v CandidatePath,
}

impl<'v> Trusted<'v> {
    /// The certificates of the path, the end certificate first.
    pub fn certificates(&self) -> &'v [Arc<Certificate<'static>>] {
        &self.path.certificates
    }

    /// The end certificate.
    pub fn certificate(&self) -> &'v Certificate<'static> {
        &self.path.certificates[0]
    }

    /// The anchor.
    pub fn anchor(&self) -> &'v crate::Anchor {
        // A path without one is never accepted.
        self.path.anchor.as_ref().expect("an accepted path has an anchor")
    }
}

/// The one table from statuses and codes to TLS alerts.
fn alert(status: Status, code: &str) -> Option<u8> {
    const BAD_CERTIFICATE: u8 = 42;
    const UNSUPPORTED_CERTIFICATE: u8 = 43;
    const CERTIFICATE_REVOKED: u8 = 44;
    const CERTIFICATE_EXPIRED: u8 = 45;
    const UNKNOWN_CA: u8 = 48;
    const DECRYPT_ERROR: u8 = 51;
    Some(match (status, code) {
        (Status::Trusted, _) => return None,
        (Status::Expired, _) => CERTIFICATE_EXPIRED,
        (Status::Revoked, _) => CERTIFICATE_REVOKED,
        (Status::Invalid | Status::InvalidChain, "CERT_SIGNATURE_FAILURE") => DECRYPT_ERROR,
        (Status::Invalid, "INVALID_PURPOSE") => UNSUPPORTED_CERTIFICATE,
        (Status::InvalidChain | Status::UntrustedSigners | Status::Unknown, _) => UNKNOWN_CA,
        (Status::Invalid | Status::NotYetValid | Status::PrincipalMismatch, _) => BAD_CERTIFICATE,
    })
}
