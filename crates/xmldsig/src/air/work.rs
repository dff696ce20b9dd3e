//! A verification that can be carried to another thread.

use super::ValidatorError;
use crate::{
    Error,
    verify::{
        Body, Dereference, DereferenceError, KeySource, Next, Report, Settings, SignatureStatus,
        Signer, Verification,
    },
};
use ravelin_trust::{Certificate, Wanted, WantedKind};
use std::{
    fmt,
    io::{Read, Seek},
};

pub(super) trait Document: Read + Seek + Send {}

impl<D: Read + Seek + Send> Document for D {}

/// What an application gave to find references by.
pub(super) type Dereferencer = Box<dyn Dereference + Send>;

/// A document that is about to be read: all that `verify` does before it runs. See
/// [`XmlSignatureValidator::prepare`](super::XmlSignatureValidator::prepare).
pub struct Opening {
    pub(super) document: Box<dyn Document>,
    pub(super) settings: Settings,
    pub(super) keys: KeySource,
}

impl Opening {
    /// Reads the document and verifies the signature over `SignedInfo`.
    ///
    /// # Errors
    /// What AIR throws: the document is not well-formed, has no Signature, or one that is not supported.
    pub fn open(self) -> Result<Opened, ValidatorError> {
        let Opening { document, settings, keys } = self;
        let verification = Verification::open(document, &settings, &keys, &mut NotYet)?;
        Ok(Opened(Box::new(verification)))
    }
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opening").finish_non_exhaustive()
    }
}

/// The order of things forbids to look at what references refer to before the signer is judged.
struct NotYet;

impl Dereference for NotYet {
    fn dereference(&mut self, _: Option<&str>) -> Result<Body<'_>, DereferenceError> {
        Err(DereferenceError("key information elsewhere is not part of profile `air`".to_owned()))
    }
}

/// A document that was read, with a Signature that is supported. See
/// [`XmlSignatureValidator::start`](super::XmlSignatureValidator::start).
pub struct Opened(pub(super) Box<Verification<Box<dyn Document>>>);

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Opened").field(&self.0.digest_status()).finish()
    }
}

/// A verification that runs, apart from its validator. See
/// [`XmlSignatureValidator::take_work`](super::XmlSignatureValidator::take_work).
pub struct Work {
    pub(super) verification: Box<Verification<Box<dyn Document>>>,
    pub(super) dereferencer: Dereferencer,
    pub(super) fetch_issuers: bool,
}

/// How far a verification came.
#[derive(Debug)]
pub enum Progress {
    /// Evidence about the signer is wanted. It is to be supplied, or said to be missing.
    Fetch(Work, Wanted),
    /// It came to its end, which its validator is to [hear](super::XmlSignatureValidator::finish).
    Ended(Box<Ended>),
}

impl Work {
    /// Goes on until something is wanted, or to the end. Reads the document and whatever the dereferencer gives.
    pub fn step(mut self) -> Progress {
        loop {
            match self.verification.next(&mut *self.dereferencer) {
                Ok(Next::Fetch(wanted))
                    if wanted.kind == WantedKind::Issuer && !self.fetch_issuers =>
                {
                    self.verification.missing(wanted, "issuers are not fetched unless asked for");
                }
                Ok(Next::Fetch(wanted)) => return Progress::Fetch(self, wanted),
                Ok(Next::Done(report)) => return self.ended(Outcome::of(*report), None),
                Err(error) => {
                    let outcome = Outcome {
                        digest: self.verification.digest_status(),
                        identity: self.verification.identity_status(),
                        signer: self.verification.signer().cloned(),
                        ..Outcome::default()
                    };
                    return self.ended(outcome, Some(error));
                }
            }
        }
    }

    /// Gives what was wanted. It is not trusted more than what the signature brought.
    pub fn supply(&mut self, wanted: Wanted, bytes: Vec<u8>) {
        self.verification.supply(wanted, bytes);
    }

    /// Says that what was wanted cannot be had, and why.
    pub fn missing(&mut self, wanted: Wanted, why: impl Into<String>) {
        self.verification.missing(wanted, why);
    }

    /// What was wanted and could not be had or used, and why.
    pub fn problems(&self) -> &[(Wanted, String)] {
        self.verification.problems()
    }

    pub(super) fn certificate(&self) -> Option<Certificate<'static>> {
        self.verification.certificate().cloned()
    }

    fn ended(self, outcome: Outcome, error: Option<Error>) -> Progress {
        let Work { verification, dereferencer, .. } = self;
        Progress::Ended(Box::new(Ended {
            outcome,
            error,
            dereferencer,
            problems: verification.problems().to_vec(),
            in_vain: verification.in_vain().to_vec(),
        }))
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work")
            .field("digest_status", &self.verification.digest_status())
            .field("identity_status", &self.verification.identity_status())
            .finish_non_exhaustive()
    }
}

/// The end of a verification, apart from its validator.
pub struct Ended {
    pub(super) outcome: Outcome,
    pub(super) error: Option<Error>,
    pub(super) dereferencer: Dereferencer,
    problems: Vec<(Wanted, String)>,
    in_vain: Vec<Wanted>,
}

impl Ended {
    /// What was wanted and could not be had or used, and why.
    pub fn problems(&self) -> &[(Wanted, String)] {
        &self.problems
    }

    /// What was wanted and did not help: not to be kept for the next verification.
    pub fn in_vain(&self) -> &[Wanted] {
        &self.in_vain
    }
}

impl fmt::Debug for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ended")
            .field("outcome", &self.outcome)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

/// What is known after the end.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) digest: SignatureStatus,
    pub(super) identity: SignatureStatus,
    pub(super) references: SignatureStatus,
    pub(super) signer: Option<Signer>,
    pub(super) report: Option<Report>,
}

impl Outcome {
    fn of(report: Report) -> Outcome {
        Outcome {
            digest: report.digest_status(),
            identity: report.identity_status(),
            references: report.references_status(),
            signer: report.signer().cloned(),
            report: Some(report),
        }
    }
}
