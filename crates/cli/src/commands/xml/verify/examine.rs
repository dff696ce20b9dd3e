//! From a question to a report.

use super::{
    detached::Detached,
    question::{Judging, Question, Whose},
};
use crate::{
    commands::{
        cert::{
            input::{self, InputError},
            moment,
        },
        judgement::{Ders, Fetch, Files, Judged, Kind, Online, Presented, Source, Terms, parsed},
        xml::{
            document,
            progress::{Progress, Watched},
        },
    },
    exit::Exit,
};
use ravelin_trust::{
    Certificate, Purpose,
    revocation::{Crl, OcspResponse},
};
use ravelin_xmldsig::{
    Error,
    algorithm::VerificationKey,
    verify::{KeySource, Next, Report, Settings, SignatureStatus, Trust, Verification},
    xml::{Event, Options, Reader},
};
use std::{
    io::{Read, Seek},
    path::{Path, PathBuf},
    sync::Arc,
};

/// The first octet of DER.
const SEQUENCE: u8 = 0x30;

/// A document whose signature was looked at.
#[derive(Debug)]
pub struct Examined {
    /// As it is called in messages.
    pub document: PathBuf,
    /// How it was verified.
    pub settings: Settings,
    /// What was found, or why nothing can be said.
    pub outcome: Result<Found, Error>,
}

/// What was found of a signature.
#[derive(Debug)]
pub struct Found {
    /// All of it.
    pub report: Report,
    /// What was found of the signer's certificate, if it was judged.
    pub judged: Option<Judged>,
    /// Whether a certificate was to be judged at all.
    pub judging: bool,
    /// The document element.
    pub root: Option<Root>,
}

/// The document element.
#[derive(Debug, PartialEq, Eq)]
pub struct Root {
    /// As `{namespace}name`.
    pub element: String,
    /// Where it begins, in bytes.
    pub start: u64,
}

impl Found {
    /// The exit code that tells it.
    pub fn exit(&self) -> Exit {
        match self.report.validity_status() {
            SignatureStatus::Valid => Exit::Yes,
            SignatureStatus::Invalid => Exit::No,
            SignatureStatus::Unknown => Exit::Undecided,
        }
    }
}

/// Answers a question, with evidence that is fetched if `online` is given.
///
/// # Errors
/// When something beside the document that was given cannot be read, or the document cannot be opened.
pub fn examine(
    question: Question,
    files: &Files,
    online: Option<&Online>,
    progress: Option<Progress>,
) -> Result<Examined, InputError> {
    let (keys, terms) = match &question.whose {
        Whose::Key(file) => (KeySource::Given(vec![public_key(file)?]), None),
        Whose::Secret(file) => (KeySource::Given(vec![secret(file)?]), None),
        Whose::Embedded => (KeySource::Embedded, None),
        Whose::Judged(judging) => {
            let trust = trust(judging, files)?;
            let terms = terms(judging, &trust, question.online);
            (KeySource::Certificate(trust), Some(terms))
        }
    };
    let mut document = Watched::new(document::open(&question.document)?, progress);
    let mut dereference = Detached::new(question.detached);
    let outcome = verify(&mut document, &question.settings, &keys, &mut dereference, online);
    let outcome = outcome.map(|(report, fetches)| {
        let judged = terms.as_ref().and_then(|terms| judged(terms, &report, fetches));
        let root = root(&mut document, &question.settings);
        Found { report, judged, judging: terms.is_some(), root }
    });
    Ok(Examined { document: question.document, settings: question.settings, outcome })
}

fn verify<D: Read + Seek>(
    document: D,
    settings: &Settings,
    keys: &KeySource,
    dereference: &mut Detached,
    online: Option<&Online>,
) -> Result<(Report, Vec<Fetch>), Error> {
    let mut verification = Verification::open(document, settings, keys, dereference)?;
    let mut round = online.map(|online| (online, online.round()));
    loop {
        match verification.next(dereference)? {
            Next::Done(report) => {
                let fetches = round.map(|(_, round)| round.into_fetches()).unwrap_or_default();
                return Ok((*report, fetches));
            }
            Next::Fetch(wanted) => match &mut round {
                None => verification.missing(wanted, "nothing is fetched"),
                Some((online, round)) => match online.fetch(round, &wanted) {
                    Ok(bytes) => verification.supply(wanted, bytes),
                    Err(why) => verification.missing(wanted, why),
                },
            },
        }
    }
}

/// What all reports of such a question say of it.
struct Asked {
    terms: Terms,
    anchors: usize,
    time: ravelin_trust::Time,
}

fn terms(judging: &Judging, trust: &Trust, online: bool) -> Asked {
    Asked {
        terms: Terms {
            names: Vec::new(),
            purpose: Purpose::Any,
            profile: judging.profile.clone(),
            stores: judging.stores.clone(),
            online,
            presented: Presented::InSignature,
        },
        anchors: trust.anchors.len(),
        time: trust.time,
    }
}

fn judged(asked: &Asked, report: &Report, fetches: Vec<Fetch>) -> Option<Judged> {
    let verdict = report.signer()?.verdict()?.clone();
    Some(Judged {
        terms: asked.terms.clone(),
        time: asked.time,
        verdict: Arc::new(verdict),
        anchors: asked.anchors,
        fetches,
    })
}

fn trust(judging: &Judging, files: &Files) -> Result<Trust, InputError> {
    let all = |sources: &[Source], kind| -> Result<Vec<(Source, Ders)>, InputError> {
        sources.iter().map(|one| Ok((one.clone(), files.read(one, kind)?))).collect()
    };
    let added = all(&judging.added, Kind::Certificates)?;
    let crls = all(&judging.crls, Kind::Crls)?;
    let ocsp = all(&judging.ocsp, Kind::Ocsp)?;
    let anchors = files.anchors(&judging.stores, &judging.trusted, &[])?;
    let mut trust = Trust::new(anchors, judging.time.unwrap_or_else(moment::now));
    let added = parsed(&added, "certificate", Certificate::parse)?;
    trust.certificates = added.into_iter().map(Certificate::into_owned).collect();
    let crls = parsed(&crls, "CRL", Crl::parse)?;
    trust.crls = crls.into_iter().map(Crl::into_owned).collect();
    let ocsp = parsed(&ocsp, "OCSP response", OcspResponse::parse)?;
    trust.ocsp = ocsp.into_iter().map(OcspResponse::into_owned).collect();
    trust.profile = judging.profile.clone();
    trust.revocation = judging.revocation;
    Ok(trust)
}

/// The key of a certificate, or a public key by itself.
fn public_key(file: &Path) -> Result<VerificationKey, InputError> {
    let bytes = input::read(file)?;
    let key = if bytes.first() == Some(&SEQUENCE) {
        match Certificate::parse(&bytes[..]) {
            Ok(certificate) => VerificationKey::from_certificate(&certificate),
            Err(_) => VerificationKey::from_spki_der(&bytes),
        }
    } else {
        VerificationKey::from_pem(&bytes)
    };
    key.map_err(|error| InputError::new(file, format!("cannot be used as a key: {error}")))
}

fn secret(file: &Path) -> Result<VerificationKey, InputError> {
    let bytes = input::read(file)?;
    VerificationKey::from_secret(&bytes)
        .map_err(|error| InputError::new(file, format!("cannot be used as a secret: {error}")))
}

/// The document element of a document that can be read.
fn root<D: Read + Seek>(document: &mut D, settings: &Settings) -> Option<Root> {
    document.rewind().ok()?;
    let options = Options { doctype: settings.doctype, limits: settings.limits.xml };
    let mut reader = Reader::with(document, &options).ok()?;
    loop {
        match reader.next().ok()? {
            Event::Start(start) => {
                let name = start.name();
                let element = match name.namespace {
                    "" => name.local.to_owned(),
                    namespace => format!("{{{namespace}}}{}", name.local),
                };
                return Some(Root { element, start: start.offset() });
            }
            Event::Finish => return None,
            _ => {}
        }
    }
}
