use super::{CertificateStatus, Event, ValidatorError, evidence::Evidence};
use crate::{evaluate::Fetched, fetch::Fetcher, roots};
use ravelin_trust::{Time, Wanted};
use ravelin_xmldsig::{
    Error, ErrorKind,
    air::{Ended, Progress, Work, XmlSignatureValidator as Validator},
    verify::{Choice, Report, Signer},
};
use std::{
    fmt,
    io::{Read, Seek},
    ops::{Deref, DerefMut},
    time::SystemTime,
};
use tokio::task::{JoinHandle, spawn_blocking};

/// AIR's `XMLSignatureValidator` on tokio: [`verify`](Self::verify) begins, [`next_event`](Self::next_event) tells the end.
/// Settings and statuses are those of [`ravelin_xmldsig::air::XmlSignatureValidator`].
///
/// ```
/// use ravelin_net::xml::XmlSignatureValidator;
/// use ravelin_xmldsig::verify::SameDocument;
/// use std::io::Cursor;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut validator = XmlSignatureValidator::new();
/// validator.set_uri_dereferencer(SameDocument)?;
/// validator.set_use_system_trust_store(true)?;
/// match validator.verify(Cursor::new("<order>not signed</order>")).await {
///     Ok(()) => {
///         let event = validator.next_event().await;
///         println!("{event:?}: {}", validator.validity_status()?);
///     }
///     Err(error) => assert_eq!(error.class(), "Error"),
/// }
/// # Ok(())
/// # }
/// ```
pub struct XmlSignatureValidator {
    validator: Validator,
    fetcher: Option<Fetcher>,
    fetches: Vec<Fetched>,
    run: Option<Run>,
}

/// A verification that runs. It is whole whenever somebody stops to wait for it.
struct Run {
    evidence: Option<Evidence>,
    at: At,
}

enum At {
    Working(JoinHandle<Progress>),
    Wanting(Work, Wanted),
    Ended(Box<Ended>),
}

impl XmlSignatureValidator {
    /// One that fetches nothing: revocation is known from CRLs and OCSP responses that are added, if at all.
    pub fn new() -> XmlSignatureValidator {
        XmlSignatureValidator {
            validator: Validator::new(),
            fetcher: None,
            fetches: Vec::new(),
            run: None,
        }
    }

    /// One that fetches CRLs and OCSP responses, and issuers' certificates if that is
    /// [set](Validator::set_fetch_issuers).
    pub fn online(fetcher: Fetcher) -> XmlSignatureValidator {
        XmlSignatureValidator { fetcher: Some(fetcher), ..XmlSignatureValidator::new() }
    }

    /// Begins to verify the Signature of a document, at the present time: the document element if that is one, else the last.
    ///
    /// If the system's trust store is to be used, it is read now, from [`roots::platform`].
    ///
    /// # Errors
    /// As [`verify`](Validator::verify) of the validator below: what can be known at once. Then nothing runs.
    pub async fn verify(
        &mut self,
        document: impl Read + Seek + Send + 'static,
    ) -> Result<(), ValidatorError> {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        self.verify_at(document, Choice::Last, Time::since_epoch(now)).await
    }

    /// Begins to verify any Signature of a document, with certificates that are to be valid at `time`.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub async fn verify_at(
        &mut self,
        document: impl Read + Seek + Send + 'static,
        signature: Choice,
        time: Time,
    ) -> Result<(), ValidatorError> {
        if self.validator.use_system_trust_store()? {
            let store =
                spawn_blocking(|| Validator::system_trust_store(roots::platform().certificates));
            if let Ok(store) = store.await {
                self.validator.set_system_trust_store(store)?;
            }
        }
        let opening = self.validator.prepare(document, signature, time)?;
        let opened = match spawn_blocking(move || opening.open()).await {
            Ok(opened) => opened?,
            // Whoever reads the document panicked, or the runtime shuts down.
            Err(error) => {
                let detail = format!("the document cannot be read to its end: {error}");
                return Err(Error { kind: ErrorKind::Dereference, detail, position: None }.into());
            }
        };
        self.validator.start(opened)?;
        self.fetches.clear();
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        self.run = self.validator.take_work().map(|work| Run {
            evidence: self.fetcher.clone().map(|fetcher| Evidence::new(fetcher, now)),
            at: At::Working(spawn_blocking(move || work.step())),
        });
        Ok(())
    }

    /// The event that ends the verification that runs; `None` if none does. Dropping the future loses nothing: another call
    /// waits on.
    pub async fn next_event(&mut self) -> Option<Event> {
        loop {
            let run = self.run.as_mut()?;
            match &mut run.at {
                At::Working(working) => match working.await {
                    Ok(Progress::Fetch(work, wanted)) => run.at = At::Wanting(work, wanted),
                    Ok(Progress::Ended(ended)) => run.at = At::Ended(ended),
                    Err(error) => {
                        self.run = None;
                        return Some(self.validator.abandon(format!("it was cut off: {error}")));
                    }
                },
                At::Wanting(work, wanted) => {
                    let answer = match &mut run.evidence {
                        Some(evidence) => {
                            evidence.problems(work.problems()).await;
                            evidence.fetch(wanted).await
                        }
                        None => Err("nothing is fetched".to_owned()),
                    };
                    self.answer(answer);
                }
                At::Ended(ended) => {
                    if let Some(evidence) = &mut run.evidence {
                        evidence.problems(ended.problems()).await;
                        evidence.in_vain(ended.in_vain()).await;
                    }
                    return self.end();
                }
            }
        }
    }

    /// What was asked of the network by the last verification that ended, in that order.
    pub fn fetches(&self) -> &[Fetched] {
        &self.fetches
    }

    /// What is known about the signer's certificate, in the words of AIR's `CertificateStatus`; unknown if nobody looked.
    ///
    /// # Errors
    /// [`ValidatorError::Running`].
    pub fn signer_certificate_status(&self) -> Result<CertificateStatus, ValidatorError> {
        let signer = self.validator.report()?.and_then(Report::signer);
        let verdict = signer.and_then(Signer::verdict);
        Ok(verdict.map(|verdict| verdict.status().into()).unwrap_or_default())
    }

    /// Gives the work what it wants, and lets it go on.
    fn answer(&mut self, answer: Result<Vec<u8>, String>) {
        let Some(Run { evidence, at: At::Wanting(mut work, wanted) }) = self.run.take() else {
            return;
        };
        match answer {
            Ok(bytes) => work.supply(wanted, bytes),
            Err(why) => work.missing(wanted, why),
        }
        self.run = Some(Run { evidence, at: At::Working(spawn_blocking(move || work.step())) });
    }

    fn end(&mut self) -> Option<Event> {
        let Some(Run { evidence, at: At::Ended(ended) }) = self.run.take() else { return None };
        self.fetches = evidence.map(Evidence::into_fetches).unwrap_or_default();
        Some(self.validator.finish(*ended))
    }
}

impl Default for XmlSignatureValidator {
    fn default() -> XmlSignatureValidator {
        XmlSignatureValidator::new()
    }
}

/// Settings and statuses.
impl Deref for XmlSignatureValidator {
    type Target = Validator;

    fn deref(&self) -> &Validator {
        &self.validator
    }
}

impl DerefMut for XmlSignatureValidator {
    fn deref_mut(&mut self) -> &mut Validator {
        &mut self.validator
    }
}

impl fmt::Debug for XmlSignatureValidator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("XmlSignatureValidator").field(&self.validator).finish()
    }
}
