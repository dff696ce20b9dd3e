use super::{report::SignatureStatus, settings};
use ravelin_trust::{
    Anchors, Certificate, Evaluation, Level, Profile, Purpose, Request, Rule, Status, Step, Time,
    Verdict, Wanted,
    revocation::{Crl, OcspResponse, RevocationPolicy},
};
use std::sync::Arc;

/// Whom to trust as a signer.
#[derive(Clone, Debug)]
pub struct Trust {
    /// Trust anchors.
    pub anchors: Arc<Anchors>,
    /// Certificates for chain building, trusted no more than those of the signature itself, which are used too.
    pub certificates: Vec<Certificate<'static>>,
    /// How certificates are judged. By default `interop`; AIR judged as `legacy` does.
    pub profile: Profile,
    /// What must be known about revocation.
    pub revocation: RevocationPolicy,
    /// CRLs at hand.
    pub crls: Vec<Crl<'static>>,
    /// OCSP responses at hand.
    pub ocsp: Vec<OcspResponse<'static>>,
    /// When the certificates are to be valid.
    pub time: Time,
    /// The object identifier, in dotted form, that `playlistSigning` asks for in the signer's extended key usage. There is
    /// none that everybody knows.
    pub playlist_signing: Option<String>,
}

impl Trust {
    /// By these anchors, at this time.
    pub fn new(anchors: Arc<Anchors>, time: Time) -> Trust {
        Trust {
            anchors,
            certificates: Vec::new(),
            profile: Profile::INTEROP,
            revocation: RevocationPolicy::BestEffort,
            crls: Vec::new(),
            ocsp: Vec::new(),
            time,
            playlist_signing: None,
        }
    }
}

/// The signer's certificate, and what was found of it.
#[derive(Clone, Debug)]
pub struct Signer {
    certificate: Certificate<'static>,
    status: SignatureStatus,
    verdict: Option<Verdict>,
    playlist_signing: Option<String>,
}

impl Signer {
    /// The certificate whose key the signature holds under.
    pub fn certificate(&self) -> &Certificate<'static> {
        &self.certificate
    }

    /// What the trust engine says. `None` while it has not said anything.
    pub fn verdict(&self) -> Option<&Verdict> {
        self.verdict.as_ref()
    }

    /// The common name of its subject; of several the last, which is the most specific.
    pub fn common_name(&self) -> Option<String> {
        self.certificate.subject().common_names().last().map(Into::into)
    }

    /// The name of its subject, as RFC 4514 writes it.
    pub fn distinguished_name(&self) -> String {
        self.certificate.subject().to_string()
    }

    /// The purposes its certificate names, as dotted object identifiers. Empty if it names none.
    pub fn extended_key_usages(&self) -> Vec<String> {
        let usages = self.certificate.extended_key_usage().ok().flatten().unwrap_or_default();
        usages.iter().map(ToString::to_string).collect()
    }

    /// What it is trusted to sign. Empty unless the identity is valid.
    pub fn trust_settings(&self) -> Vec<TrustSetting> {
        let mut settings = Vec::new();
        let Some(trusted) = self.verdict.as_ref().and_then(Verdict::trusted) else {
            return settings;
        };
        if self.status != SignatureStatus::Valid {
            return settings;
        }
        let usages = self.extended_key_usages();
        let has = |oid: &str| usages.iter().any(|usage| usage == oid);
        settings.push(TrustSetting::Signing);
        let purposes = &trusted.anchor().limits().purposes;
        if has(CODE_SIGNING) && (purposes.is_empty() || purposes.contains(&Purpose::CodeSigning)) {
            settings.push(TrustSetting::CodeSigning);
        }
        if self.playlist_signing.as_deref().is_some_and(has) {
            settings.push(TrustSetting::PlaylistSigning);
        }
        settings
    }
}

const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";

/// What a signer is trusted to sign (AIR's `SignerTrustSettings`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TrustSetting {
    /// Anything in general.
    Signing,
    /// Code.
    CodeSigning,
    /// Playlists.
    PlaylistSigning,
}

impl TrustSetting {
    /// AIR's word.
    pub fn word(self) -> &'static str {
        match self {
            TrustSetting::Signing => "signing",
            TrustSetting::CodeSigning => "codeSigning",
            TrustSetting::PlaylistSigning => "playlistSigning",
        }
    }
}

/// The question whether the signer is who the certificate says, while it is open.
#[derive(Debug)]
pub(super) struct Question {
    trust: Trust,
    certificate: Certificate<'static>,
    /// All certificates of the signature.
    others: Vec<Certificate<'static>>,
    crls: Vec<Crl<'static>>,
    profile: settings::Profile,
    answers: Vec<(Wanted, Result<Vec<u8>, String>)>,
}

impl Question {
    pub(super) fn new(
        trust: &Trust,
        certificates: Vec<Certificate<'static>>,
        signer: usize,
        crls: Vec<Crl<'static>>,
        profile: settings::Profile,
    ) -> Question {
        let certificate = certificates[signer].clone();
        Question {
            trust: trust.clone(),
            certificate,
            others: certificates,
            crls,
            profile,
            answers: Vec::new(),
        }
    }

    pub(super) fn certificate(&self) -> &Certificate<'static> {
        &self.certificate
    }

    /// What would help, or the answer; what was asked for and could not be had or used; and what did not help.
    pub(super) fn step(&self) -> (Step, Vec<(Wanted, String)>, Vec<Wanted>) {
        let trust = &self.trust;
        let mut request = Request::new(self.certificate.borrowed(), &trust.anchors, trust.time);
        request.intermediates =
            self.others.iter().chain(&trust.certificates).map(Certificate::borrowed).collect();
        request.purpose = Purpose::Any;
        request.profile = trust.profile.clone();
        request.revocation = trust.revocation;
        request.crls = trust.crls.iter().chain(&self.crls).cloned().collect();
        request.ocsp.clone_from(&trust.ocsp);
        let mut evaluation = Evaluation::new(request);
        // What was fetched is given again: the evaluation borrows too much to be kept.
        let step = loop {
            match evaluation.step() {
                Step::NeedFetch(wanted) => {
                    match self.answers.iter().find(|(asked, _)| *asked == wanted) {
                        None => break Step::NeedFetch(wanted),
                        Some((_, Ok(bytes))) => evaluation.supply(&wanted, bytes),
                        Some((_, Err(why))) => evaluation.missing(&wanted, why),
                    }
                }
                done @ Step::Done(_) => break done,
            }
        };
        (step, evaluation.problems().to_vec(), evaluation.in_vain().to_vec())
    }

    pub(super) fn answer(&mut self, wanted: Wanted, answer: Result<Vec<u8>, String>) {
        self.answers.push((wanted, answer));
    }

    pub(super) fn decided(self, verdict: Verdict) -> Signer {
        let status = self.status(&verdict);
        Signer {
            certificate: self.certificate,
            status,
            verdict: Some(verdict),
            playlist_signing: self.trust.playlist_signing,
        }
    }

    /// Valid: trusted. Invalid: something is wrong with the certificate itself. Unknown: it leads to nobody who is trusted.
    fn status(&self, verdict: &Verdict) -> SignatureStatus {
        if !self.may_sign() {
            return SignatureStatus::Invalid;
        }
        match verdict.status() {
            Status::Trusted => SignatureStatus::Valid,
            Status::Expired | Status::NotYetValid | Status::Revoked | Status::Unknown => {
                SignatureStatus::Invalid
            }
            Status::Invalid => {
                let of_itself =
                    |rule: Rule| matches!(rule, Rule::BadSignature | Rule::KeyUsageMismatch);
                let findings = verdict.findings().iter();
                let itself = findings
                    .filter(|finding| finding.severity == Level::Error && finding.certificate == 0);
                if itself.into_iter().any(|finding| of_itself(finding.rule)) {
                    SignatureStatus::Invalid
                } else {
                    SignatureStatus::Unknown
                }
            }
            _ => SignatureStatus::Unknown,
        }
    }

    /// Whether the key usage, if there is one, allows signatures over data (RFC 5280, section 4.2.1.3).
    fn may_sign(&self) -> bool {
        match self.certificate.key_usage() {
            Ok(Some(usage)) => {
                // AIR asks for the one bit. Qualified certificates for signatures of people have only the other.
                let binding =
                    self.profile == settings::Profile::Extended && usage.non_repudiation();
                usage.digital_signature() || binding
            }
            Ok(None) => true,
            Err(_) => false,
        }
    }
}

impl Signer {
    pub(super) fn status(&self) -> SignatureStatus {
        self.status
    }
}
