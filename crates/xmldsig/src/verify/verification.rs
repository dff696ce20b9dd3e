use super::{
    dereference::Dereference,
    keys, locate, manifests, profile,
    references::{self, Context},
    report::{ReferenceReport, Report, SignatureStatus, overall},
    same::Memory,
    settings::{Profile, ReferencesValidation, Settings},
    signed::SignedDocument,
    signer::{Question, Signer, Trust},
    tree,
};
use crate::{
    Error,
    algorithm::{DigestValue, VerificationKey},
    signature::{KeyInfo, Signature},
    xml::{Legacy, Position},
};
use ravelin_trust::{Certificate, Step, Wanted, revocation::Crl};
use std::{
    io::{Read, Seek, SeekFrom},
    sync::Arc,
};

/// Whose signature counts.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one of it for a verification, or for many")]
pub enum KeySource {
    /// That of a certificate in the signature, which is judged.
    Certificate(Trust),
    /// That of one of these keys. Nobody's identity is looked at.
    Given(Vec<VerificationKey>),
    /// That of any key or certificate in the signature: it only shows that nothing was changed since somebody signed.
    /// Nobody's identity is looked at.
    Embedded,
}

/// A verification on its way: the signature itself has been verified, the signer is being judged, the references come
/// last. It never fetches anything; what would help to judge the signer is asked for.
///
/// [`verify`](super::verify) does all of it at once.
#[derive(Debug)]
pub struct Verification<D> {
    document: D,
    settings: Settings,
    signature: Signature,
    position: Position,
    length: u64,
    /// `None` only while it is lent.
    legacy: Option<Legacy>,
    digest: SignatureStatus,
    identity: Identity,
    signed: Option<Arc<SignedDocument>>,
    problems: Vec<(Wanted, String)>,
    in_vain: Vec<Wanted>,
}

#[derive(Debug)]
enum Identity {
    /// There is nobody to judge, or no reason to.
    Nobody,
    Open(Box<Question>),
    Decided(Box<Signer>),
}

/// What a verification needs next.
#[derive(Debug)]
pub enum Next {
    /// Evidence about the signer's certificates. It is to be [supplied](Verification::supply), or said to be
    /// [missing](Verification::missing).
    Fetch(Wanted),
    /// It is finished.
    Done(Box<Report>),
}

impl<D: Read + Seek> Verification<D> {
    /// Reads the document, and verifies the signature over SignedInfo.
    ///
    /// # Errors
    /// When the document is not well-formed or has no such Signature, the Signature is not built as it must be or needs
    /// what is not supported or not allowed, or no key fits it. A signature that does not hold is no error.
    pub fn open(
        mut document: D,
        settings: &Settings,
        keys: &KeySource,
        dereference: &mut dyn Dereference,
    ) -> Result<Verification<D>, Error> {
        let located = locate::locate(&mut document, settings)?;
        let mut signature = located.signature;
        // What is wrong without a finer place is wrong with the Signature.
        let at = |error: Error| error.unless_placed(located.position);
        profile::check(&signature, settings).map_err(at)?;
        let mut legacy = located.legacy;
        if let (Some(info), KeySource::Certificate(_) | KeySource::Embedded) =
            (&mut signature.key_info, keys)
        {
            legacy =
                keys::retrieve(&mut document, settings, legacy, info, dereference).map_err(at)?;
        }
        let (holds, identity) = verify_value(&signature, settings, keys).map_err(at)?;
        Ok(Verification {
            document,
            settings: settings.clone(),
            signature,
            position: located.position,
            length: located.length,
            legacy: Some(legacy),
            digest: if holds { SignatureStatus::Valid } else { SignatureStatus::Invalid },
            identity,
            signed: None,
            problems: Vec::new(),
            in_vain: Vec::new(),
        })
    }

    /// Goes on.
    ///
    /// # Errors
    /// When a reference leads nowhere or to something that cannot be read, or goes beyond a limit.
    pub fn next(&mut self, dereference: &mut dyn Dereference) -> Result<Next, Error> {
        if let Identity::Open(question) = &self.identity {
            let (step, problems, in_vain) = question.step();
            (self.problems, self.in_vain) = (problems, in_vain);
            match step {
                Step::NeedFetch(wanted) => return Ok(Next::Fetch(wanted)),
                Step::Done(verdict) => {
                    let Identity::Open(question) =
                        std::mem::replace(&mut self.identity, Identity::Nobody)
                    else {
                        unreachable!("it was open above");
                    };
                    self.identity = Identity::Decided(Box::new(question.decided(*verdict)));
                }
            }
        }
        let references = if self.may_look_at_references() {
            let found = self.references(dereference);
            Some(found.map_err(|error| error.unless_placed(self.position))?)
        } else {
            None
        };
        Ok(Next::Done(Box::new(self.report(references))))
    }

    /// Gives what was asked for. It is not trusted more than what the signature brought.
    pub fn supply(&mut self, wanted: Wanted, bytes: Vec<u8>) {
        if let Identity::Open(question) = &mut self.identity {
            question.answer(wanted, Ok(bytes));
        }
    }

    /// Says that what was asked for cannot be had, and why.
    pub fn missing(&mut self, wanted: Wanted, why: impl Into<String>) {
        if let Identity::Open(question) = &mut self.identity {
            question.answer(wanted, Err(why.into()));
        }
    }

    /// Whether SignatureValue is one over SignedInfo.
    pub fn digest_status(&self) -> SignatureStatus {
        self.digest
    }

    /// The certificate that the signature holds under.
    pub fn certificate(&self) -> Option<&Certificate<'static>> {
        match &self.identity {
            Identity::Nobody => None,
            Identity::Open(question) => Some(question.certificate()),
            Identity::Decided(signer) => Some(signer.certificate()),
        }
    }

    /// The signer, once judged and until the report has it.
    pub fn signer(&self) -> Option<&Signer> {
        match &self.identity {
            Identity::Decided(signer) => Some(signer),
            _ => None,
        }
    }

    /// What was asked for and could not be had or used, and why, as of the last step.
    pub fn problems(&self) -> &[(Wanted, String)] {
        &self.problems
    }

    /// What was asked for and did not help, as of the last step: it could not be had, or did not tell what it was asked
    /// for, being too old or by somebody else. Not to be kept for the next verification.
    pub fn in_vain(&self) -> &[Wanted] {
        &self.in_vain
    }

    /// Whether the signer is trusted. Unknown until the signer was judged.
    pub fn identity_status(&self) -> SignatureStatus {
        match &self.identity {
            Identity::Decided(signer) => signer.status(),
            _ => SignatureStatus::Unknown,
        }
    }

    /// Whether the order of things lets the references be looked at.
    fn may_look_at_references(&self) -> bool {
        if self.digest != SignatureStatus::Valid {
            return false;
        }
        let someone = matches!(self.identity, Identity::Decided(_));
        match (self.settings.references, self.identity_status()) {
            (ReferencesValidation::Never, _) | (_, SignatureStatus::Invalid) => false,
            (ReferencesValidation::ValidIdentity, SignatureStatus::Unknown) => !someone,
            _ => true,
        }
    }

    fn references(
        &mut self,
        dereference: &mut dyn Dereference,
    ) -> Result<Vec<ReferenceReport>, Error> {
        let Some(mut legacy) = self.legacy.take() else { return Ok(Vec::new()) };
        if self.settings.keep_document {
            // What is handed out is compared with what is read from here on.
            legacy.forget_text();
        }
        let mut context =
            Context::new(&mut self.document, &self.settings, self.position, self.length);
        let (mut reports, legacy) =
            references::check(&mut context, &self.signature.references, dereference, legacy)?;
        let legacy = if self.settings.manifests && self.settings.profile == Profile::Extended {
            manifests::check(&mut context, &mut reports, dereference, legacy)?
        } else {
            legacy
        };
        let digested = context.digested;
        self.legacy = Some(legacy);
        let valid = overall(reports.iter().map(|report| report.status)) == SignatureStatus::Valid;
        if self.settings.keep_document && valid {
            self.signed = Some(Arc::new(self.keep(&reports, digested)?));
        }
        Ok(reports)
    }

    /// Reads the document that was verified into memory.
    fn keep(
        &mut self,
        reports: &[ReferenceReport],
        digested: Option<DigestValue>,
    ) -> Result<SignedDocument, Error> {
        self.document.seek(SeekFrom::Start(0))?;
        let memory = Memory::new(true);
        let document = tree::read(memory.of(&mut self.document), &self.settings)?;
        if digested.is_some() && memory.value() != digested {
            return Err(Error::malformed("the document was changed while it was read"));
        }
        Ok(SignedDocument::new(document, reports, self.position.offset))
    }

    fn report(&mut self, references: Option<Vec<ReferenceReport>>) -> Report {
        let identity_status = self.identity_status();
        let references_status = match &references {
            Some(reports) => overall(reports.iter().map(|report| report.status)),
            None => SignatureStatus::Unknown,
        };
        let signer = match std::mem::replace(&mut self.identity, Identity::Nobody) {
            Identity::Decided(signer) => Some(*signer),
            _ => None,
        };
        let written = || self.signature.references.iter().map(ReferenceReport::unknown).collect();
        Report {
            digest_status: self.digest,
            identity_status,
            references_status,
            signer,
            references: references.unwrap_or_else(written),
            algorithm: self.signature.algorithm,
            signature_id: self.signature.id.clone(),
            signed: self.signed.take(),
        }
    }
}

/// Whether the signature holds, and whom to judge.
fn verify_value(
    signature: &Signature,
    settings: &Settings,
    keys: &KeySource,
) -> Result<(bool, Identity), Error> {
    let allowed = &settings.allowed;
    let info = signature.key_info.as_ref();
    match keys {
        KeySource::Given(keys) => {
            let holds = keys::first_that_holds(signature, keys.iter().map(Ok), allowed)?;
            Ok((holds.is_some(), Identity::Nobody))
        }
        KeySource::Embedded => {
            let none = KeyInfo::default();
            let info = info.unwrap_or(&none);
            let of_certificates = keys::certificates(Some(info))?;
            let of_certificates = of_certificates
                .iter()
                .map(|one| VerificationKey::from_certificate(one).map_err(Error::from));
            let of_certificates: Vec<_> = of_certificates.collect();
            let all = info
                .keys
                .iter()
                .chain(&of_certificates)
                .map(|key| key.as_ref().map_err(Clone::clone));
            if all.clone().next().is_none() {
                return Err(Error::unsupported("there is no key in the signature; give one"));
            }
            let holds = keys::first_that_holds(signature, all, allowed)?;
            Ok((holds.is_some(), Identity::Nobody))
        }
        KeySource::Certificate(trust) => {
            let mut certificates = keys::certificates(info)?;
            let of_signature = certificates.len();
            if certificates.is_empty() {
                let anchors = trust.anchors.iter().filter_map(|anchor| anchor.as_certificate());
                let known = trust.certificates.iter().chain(anchors);
                certificates = known.take(settings.limits.certificates).cloned().collect();
            }
            if certificates.is_empty() {
                return Err(Error::unsupported(
                    "there is no certificate in the signature, and none is known beside it; give a certificate or a key",
                ));
            }
            let keys: Vec<_> = certificates
                .iter()
                .map(|one| VerificationKey::from_certificate(one).map_err(Error::from))
                .collect();
            let keys = keys.iter().map(|key| key.as_ref().map_err(Clone::clone));
            let Some(signer) = keys::first_that_holds(signature, keys, allowed)? else {
                if of_signature == 0 {
                    return Err(Error::unsupported(
                        "there is no certificate in the signature, and it holds under none that is known beside it",
                    ));
                }
                return Ok((false, Identity::Nobody));
            };
            let mut crls = Vec::new();
            for der in info.into_iter().flat_map(|info| &info.crls) {
                let der = der.as_ref().map_err(Clone::clone)?;
                let crl = Crl::parse(der.as_slice());
                let crl = crl.map_err(|error| {
                    Error::malformed(format!("a CRL in KeyInfo cannot be read: {error}"))
                })?;
                crls.push(crl.into_owned());
            }
            let question = Question::new(trust, certificates, signer, crls, settings.profile);
            Ok((true, Identity::Open(Box::new(question))))
        }
    }
}
