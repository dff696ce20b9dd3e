use super::{
    Ended, Opened, Opening, Progress, RevocationCheck, ValidatorError, Work,
    work::{Dereferencer, Outcome},
};
use crate::{
    algorithm::{Allowed, Switch},
    verify::{
        Choice, KeySource, Limits, Profile, ReferencesValidation, SameDocument, Settings,
        SignatureStatus, Trust, verify,
    },
};
use ravelin_trust::{
    Anchor, Anchors, Certificate, Profile as TrustProfile, Time, Wanted,
    revocation::{Crl, OcspResponse},
};
use std::{
    fmt,
    io::{Cursor, Read, Seek},
    sync::{Arc, OnceLock},
};

/// AIR's `XMLSignatureValidator`. See the [module](super) for AIR's names.
///
/// A verification begins with [`verify`](Self::verify) and *runs* until [`step`](Self::step) returns an [`Event`]. While it
/// runs, all but [`signer_cn`](Self::signer_cn), [`signer_dn`](Self::signer_dn) and
/// [`is_supported`](Self::is_supported) is an [error](ValidatorError::Running). Afterwards the statuses are those of this
/// verification, until the next begins.
///
/// ```
/// use ravelin_test::{Authority, Key, Request};
/// use ravelin_trust::Time;
/// use ravelin_xmldsig::{
///     air::{Event, Step, XmlSignatureValidator},
///     algorithm::SigningKey,
///     sign::{Reference, Signing},
///     verify::{SameDocument, SignatureStatus},
/// };
/// use std::{io::Cursor, time::SystemTime};
///
/// let authority = Authority::root("Example");
/// let signer = authority.issue(&Request { key: Key::Rsa2048, ..Request::new(["signer.example"]) });
/// let mut signed = Vec::new();
/// Signing::new(SigningKey::from_der(signer.key_der())?)
///     .certificates(signer.chain_der())
///     .reference(Reference::document().enveloped())
///     .sign_enveloped(Cursor::new("<order number='7'/>"), &mut signed)?;
///
/// let mut validator = XmlSignatureValidator::new();
/// validator.set_uri_dereferencer(SameDocument)?;
/// validator.add_certificate(authority.certificate_der(), true)?;
/// validator.verify(Cursor::new(signed), Time::since_epoch(SystemTime::UNIX_EPOCH.elapsed()?))?;
/// assert_eq!(validator.validity_status().unwrap_err().class(), "IllegalOperationError");
/// loop {
///     match validator.step() {
///         Some(Step::Fetch(wanted)) => validator.missing(wanted, "there is no network"),
///         Some(Step::Event(event)) => assert_eq!(event, Event::Complete),
///         None => break,
///     }
/// }
/// assert_eq!(validator.validity_status()?, SignatureStatus::Valid);
/// assert_eq!(validator.signer_cn().as_deref(), Some("signer.example"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct XmlSignatureValidator {
    pub(super) dereferencer: Option<Dereferencer>,
    pub(super) trusted: Vec<Certificate<'static>>,
    pub(super) added: Vec<Certificate<'static>>,
    pub(super) crls: Vec<Crl<'static>>,
    pub(super) ocsp: Vec<OcspResponse<'static>>,
    pub(super) use_system_trust_store: bool,
    pub(super) system: Arc<Anchors>,
    pub(super) references: ReferencesValidation,
    pub(super) revocation: RevocationCheck,
    pub(super) profile: TrustProfile,
    pub(super) playlist_signing: Option<String>,
    pub(super) rsa_sha1: bool,
    pub(super) fetch_issuers: bool,
    pub(super) limits: Limits,
    pub(super) state: State,
}

pub(super) enum State {
    /// None runs: what the last one found, or nothing.
    Idle(Box<Outcome>),
    Running {
        certificate: Option<Box<Certificate<'static>>>,
        /// `None` while it is taken.
        work: Option<Work>,
    },
}

impl Default for State {
    fn default() -> State {
        State::Idle(Box::default())
    }
}

/// How a verification ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is finished: the statuses tell what was found. It does not say that anything is valid.
    Complete,
    /// It cannot be finished.
    Error {
        /// Why, for people.
        text: String,
    },
}

impl Event {
    /// AIR's word for the type of the event.
    pub fn word(&self) -> &'static str {
        match self {
            Event::Complete => "complete",
            Event::Error { .. } => "error",
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Complete => f.write_str(self.word()),
            Event::Error { text } => write!(f, "{}: {text}", self.word()),
        }
    }
}

/// What comes of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Evidence about the signer is wanted. It is to be [supplied](XmlSignatureValidator::supply), or said to be
    /// [missing](XmlSignatureValidator::missing).
    Fetch(Wanted),
    /// The verification ended.
    Event(Event),
}

impl Default for XmlSignatureValidator {
    fn default() -> XmlSignatureValidator {
        XmlSignatureValidator::new()
    }
}

impl XmlSignatureValidator {
    /// One without dereferencer and certificates, with AIR's settings: `validIdentity`, the system's trust store not used,
    /// revocation by `bestEffort`.
    pub fn new() -> XmlSignatureValidator {
        XmlSignatureValidator {
            dereferencer: None,
            trusted: Vec::new(),
            added: Vec::new(),
            crls: Vec::new(),
            ocsp: Vec::new(),
            use_system_trust_store: false,
            system: Arc::new(Anchors::new()),
            references: ReferencesValidation::default(),
            revocation: RevocationCheck::default(),
            profile: TrustProfile::LEGACY,
            playlist_signing: None,
            rsa_sha1: false,
            fetch_issuers: false,
            limits: Limits::default(),
            state: State::default(),
        }
    }

    /// Whether signatures can be verified here (`isSupported`): one that is known to be good is, once, and one that is known
    /// to be bad is not.
    pub fn is_supported() -> bool {
        static SUPPORTED: OnceLock<bool> = OnceLock::new();
        *SUPPORTED.get_or_init(|| {
            let holds = |document: String| {
                let keys = KeySource::Embedded;
                let report =
                    verify(Cursor::new(document), &Settings::default(), &keys, &mut SameDocument);
                report.is_ok_and(|report| {
                    report.digest_status() == SignatureStatus::Valid
                        && report.references_status() == SignatureStatus::Valid
                })
            };
            let good = include_str!("self_test.xml");
            holds(good.to_owned()) && !holds(good.replacen("good", "bad", 1))
        })
    }

    /// Begins to verify the Signature of a document: the document element if that is one, else the last. The clock's `time`
    /// is that at which certificates are to be valid.
    ///
    /// The document is read from its beginning, twice, and never held: a file will do, or a [`Cursor`] over bytes. The
    /// dereferencer is asked what every URI of `SignedInfo` stands for, also the document itself (`""`) and its parts
    /// (`#id`): [`Body::SameDocument`](crate::verify::Body::SameDocument) says that it is this one.
    ///
    /// # Errors
    /// What can be known at once: no dereferencer is set, the document is not well-formed or has no Signature, or one
    /// outside AIR's subset. Then nothing runs and all statuses are unknown. [`ValidatorError::Running`] if another one
    /// runs, which goes on.
    pub fn verify(
        &mut self,
        document: impl Read + Seek + Send + 'static,
        time: Time,
    ) -> Result<(), ValidatorError> {
        self.verify_signature(document, Choice::Last, time)
    }

    /// Begins to verify another Signature of a document.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_signature(
        &mut self,
        document: impl Read + Seek + Send + 'static,
        signature: Choice,
        time: Time,
    ) -> Result<(), ValidatorError> {
        let opened = self.prepare(document, signature, time)?.open()?;
        self.start(opened)
    }

    /// Goes on with the verification that runs. `None` if none does, or its work was [taken](Self::take_work).
    pub fn step(&mut self) -> Option<Step> {
        let State::Running { work, .. } = &mut self.state else { return None };
        match work.take()?.step() {
            Progress::Fetch(left, wanted) => {
                *work = Some(left);
                Some(Step::Fetch(wanted))
            }
            Progress::Ended(ended) => Some(Step::Event(self.finish(*ended))),
        }
    }

    /// Gives what was wanted. It is not trusted more than what the signature brought.
    pub fn supply(&mut self, wanted: Wanted, bytes: Vec<u8>) {
        if let State::Running { work: Some(work), .. } = &mut self.state {
            work.supply(wanted, bytes);
        }
    }

    /// Says that what was wanted cannot be had, and why.
    pub fn missing(&mut self, wanted: Wanted, why: impl Into<String>) {
        if let State::Running { work: Some(work), .. } = &mut self.state {
            work.missing(wanted, why);
        }
    }

    /// Whether a verification runs.
    pub fn is_running(&self) -> bool {
        matches!(self.state, State::Running { .. })
    }
}

/// For whoever carries the work to another thread: [`verify`](XmlSignatureValidator::verify) and
/// [`step`](XmlSignatureValidator::step) in their parts.
impl XmlSignatureValidator {
    /// The first part of [`verify_signature`](Self::verify_signature): what can be said without the document.
    ///
    /// # Errors
    /// [`ValidatorError::NoDereferencer`] and [`ValidatorError::Running`].
    pub fn prepare(
        &mut self,
        document: impl Read + Seek + Send + 'static,
        signature: Choice,
        time: Time,
    ) -> Result<Opening, ValidatorError> {
        self.idle("verify")?;
        // What an earlier document was must not be taken for what this one is.
        self.state = State::default();
        if self.dereferencer.is_none() {
            return Err(ValidatorError::NoDereferencer);
        }
        let mut allowed = Allowed::default();
        if self.rsa_sha1 {
            allowed = allowed.with(Switch::LegacySha1);
        }
        let settings = Settings {
            profile: Profile::Air,
            allowed,
            signature,
            references: self.references,
            manifests: false,
            limits: self.limits,
            ..Settings::default()
        };
        let keys = KeySource::Certificate(self.trust(time));
        Ok(Opening { document: Box::new(document), settings, keys })
    }

    /// The last part of [`verify_signature`](Self::verify_signature): from now on it runs.
    ///
    /// # Errors
    /// [`ValidatorError::NoDereferencer`] and [`ValidatorError::Running`].
    pub fn start(&mut self, opened: Opened) -> Result<(), ValidatorError> {
        self.idle("verify")?;
        let dereferencer = self.dereferencer.take().ok_or(ValidatorError::NoDereferencer)?;
        let work = Work { verification: opened.0, dereferencer, fetch_issuers: self.fetch_issuers };
        let certificate = work.certificate().map(Box::new);
        self.state = State::Running { certificate, work: Some(work) };
        Ok(())
    }

    /// The work of the verification that runs. It keeps running until the end is [told](Self::finish).
    pub fn take_work(&mut self) -> Option<Work> {
        match &mut self.state {
            State::Running { work, .. } => work.take(),
            State::Idle(_) => None,
        }
    }

    /// Tells the end of the work that was taken from this validator.
    pub fn finish(&mut self, ended: Ended) -> Event {
        let Ended { outcome, error, dereferencer, .. } = ended;
        self.dereferencer = Some(dereferencer);
        self.state = State::Idle(Box::new(outcome));
        match error {
            None => Event::Complete,
            Some(error) => Event::Error { text: error.to_string() },
        }
    }

    /// Tells that the work that was taken is lost, and the dereferencer with it.
    pub fn abandon(&mut self, text: impl Into<String>) -> Event {
        self.state = State::default();
        Event::Error { text: text.into() }
    }

    fn trust(&self, time: Time) -> Trust {
        let mut anchors =
            if self.use_system_trust_store { (*self.system).clone() } else { Anchors::new() };
        for certificate in &self.trusted {
            // It was read when it was added.
            if let Ok(anchor) = Anchor::certificate(certificate.der()) {
                anchors.add_anchor(anchor);
            }
        }
        let mut trust = Trust::new(Arc::new(anchors), time);
        trust.certificates.clone_from(&self.added);
        trust.profile = self.profile.clone();
        trust.revocation = self.revocation.policy();
        trust.crls.clone_from(&self.crls);
        trust.ocsp.clone_from(&self.ocsp);
        trust.playlist_signing.clone_from(&self.playlist_signing);
        trust
    }

    pub(super) fn idle(&self, member: &'static str) -> Result<(), ValidatorError> {
        self.outcome(member).map(|_| ())
    }
}

impl fmt::Debug for XmlSignatureValidator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("XmlSignatureValidator")
            .field("references_validation_setting", &self.references)
            .field("revocation_check_setting", &self.revocation)
            .field("use_system_trust_store", &self.use_system_trust_store)
            .field("running", &self.is_running())
            .finish_non_exhaustive()
    }
}
