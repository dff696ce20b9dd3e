//! A signature on its way: digests of manifests, digests of what is signed, the signature, and whether it holds.

use super::{
    Manifest, Object, Reference, SignError, Signed, Signing,
    object::Content,
    place::{self, Gap},
    reference::check_id,
    spliced::Spliced,
    template::{Filled, Known, Template, Writer},
};
use crate::{
    Error,
    algorithm::{SignatureAlgorithm, VerificationKey},
    verify::{
        self, Choice, Dereference, KeySource, ReferenceReport, ReferencesValidation, Report,
        Settings, SignatureStatus,
    },
    xml::{Encoding, Legacy, Position, Reader, is_ncname},
};
use std::io::{Cursor, ErrorKind, Read, Seek, SeekFrom, Write};

/// Bytes that are written at once.
const BLOCK: usize = 64 << 10;

/// A document with a Signature that is not finished.
pub(super) struct Making<'s, D> {
    signing: &'s Signing,
    key: VerificationKey,
    settings: Settings,
    encoding: Encoding,
    template: Template,
    known: Known,
    filled: Filled,
    document: Spliced<D>,
    /// Where the insertion begins.
    gap: u64,
    /// Where the Signature begins.
    at: u64,
    /// Bytes behind the Signature that belong to the insertion.
    behind: usize,
    legacy: Legacy,
}

/// A document with a Signature that holds.
pub(super) struct Made<D> {
    document: Spliced<D>,
    signed: Signed,
}

/// The Manifest in an Object.
pub(super) fn manifest(object: &Object) -> Option<&Manifest> {
    match &object.content {
        Content::Manifest(manifest) => Some(manifest),
        _ => None,
    }
}

impl<'s> Making<'s, Cursor<&'static [u8]>> {
    /// No document but the Signature.
    pub(super) fn alone(signing: &'s Signing) -> Result<Self, SignError> {
        let key = check(signing)?;
        let legacy = Reader::with(&b"<a/>"[..], &signing.settings.xml()).map_err(Error::from)?;
        let gap = Gap {
            at: 0,
            removed: 0,
            before: "",
            behind: String::new(),
            encoding: Encoding::Utf8,
            legacy: legacy.into_legacy(),
        };
        Making::new(signing, key, Cursor::new(&[][..]), gap)
    }
}

impl<'s, D: Read + Seek> Making<'s, D> {
    /// In a document.
    pub(super) fn into_document(
        signing: &'s Signing,
        mut document: D,
    ) -> Result<Making<'s, D>, SignError> {
        let key = check(signing)?;
        let gap = place::find(&mut document, &signing.place, &signing.settings)?;
        Making::new(signing, key, document, gap)
    }

    fn new(
        signing: &'s Signing,
        key: VerificationKey,
        document: D,
        gap: Gap,
    ) -> Result<Making<'s, D>, SignError> {
        let lists = signing.lists();
        let algorithms = lists.into_iter().flatten().map(|one| one.digest_or(signing.digest));
        let known =
            Known { digests: algorithms.map(|one| (one, None)).collect(), value: Vec::new() };
        let (template, behind) = write(signing, &key, &gap);
        let behind = behind.fill(&known, gap.encoding)?.bytes.len();
        let at = gap.at + gap.before.len() as u64 * gap.encoding.unit();
        let settings = Settings {
            signature: Choice::At(at),
            references: ReferencesValidation::ValidOrUnknownIdentity,
            manifests: true,
            ..signing.settings.clone()
        };
        let mut making = Making {
            signing,
            key,
            settings,
            encoding: gap.encoding,
            template,
            known,
            filled: Filled::default(),
            document: Spliced::new(document, gap.at, gap.removed).map_err(Error::from)?,
            gap: gap.at,
            at,
            behind,
            legacy: gap.legacy,
        };
        making.fill()?;
        Ok(making)
    }

    /// Signs, and verifies what was signed.
    pub(super) fn make(mut self, sources: &mut dyn Dereference) -> Result<Made<D>, SignError> {
        let mut first = 0;
        for list in self.signing.lists() {
            self = self.digest(list, first, sources)?;
            first += list.len();
        }
        let octets = verify::signed(&mut self.document, &self.settings)?;
        self.known.value = self.signing.key.sign(self.signing.algorithm, &octets)?;
        self.fill()?;

        let keys = KeySource::Given(vec![self.key]);
        let report = verify::verify(&mut self.document, &self.settings, &keys, sources)?;
        if let Some(why) = fault(&report) {
            return Err(SignError::NotValid(why));
        }
        let end = self.gap + (self.filled.bytes.len() - self.behind) as u64;
        let length = self.document.seek(SeekFrom::End(0)).map_err(Error::from)?;
        let signed = Signed { range: self.at..end, length, report };
        Ok(Made { document: self.document, signed })
    }

    /// Makes the digests of a list whose first reference has this number.
    fn digest(
        mut self,
        list: &[Reference],
        first: usize,
        sources: &mut dyn Dereference,
    ) -> Result<Making<'s, D>, SignError> {
        // Errors come back with the position of their reference, which tells here which one it is.
        let position = |i: usize| Position { offset: i as u64, line: u64::MAX, column: 0 };
        let read = list.iter().enumerate();
        let read: Vec<_> =
            read.map(|(i, one)| one.as_read(self.signing.digest, position(i))).collect();
        let signature = Position { offset: self.at, line: 0, column: 0 };
        let document = &mut self.document;
        let made =
            verify::digests(document, &self.settings, signature, &read, sources, self.legacy);
        let (reports, legacy) = made.map_err(|error| named(error, list))?;
        self.legacy = legacy;
        for (i, (reference, report)) in list.iter().zip(&reports).enumerate() {
            self.known.digests[first + i].1 = Some(self.found(reference, report)?);
        }
        self.fill()?;
        Ok(self)
    }

    /// The digest that was made, if what it is made of does not change any more.
    fn found(
        &self,
        reference: &Reference,
        report: &ReferenceReport,
    ) -> Result<crate::algorithm::DigestValue, SignError> {
        let uri = reference.uri_text();
        let Some(digest) = report.digest else {
            let why = report.detail.as_deref().unwrap_or("it has no digest");
            return Err(SignError::setup(format!(
                "nothing is signed by the reference `{uri}`: {why}"
            )));
        };
        let open = self.known.digests.iter().zip(&self.filled.digests);
        let open = open.filter(|((_, digest), _)| digest.is_none()).map(|(_, at)| *at);
        let mut open = open.chain([self.filled.value]).map(|at| self.gap + at as u64);
        if let Some(covers) = &report.covers
            && !reference.is_enveloped()
            && open.any(|at| covers.range.contains(&at))
        {
            return Err(SignError::setup(format!(
                "the reference `{uri}` covers the signature itself, which cannot be: make it enveloped, or put the signature elsewhere"
            )));
        }
        Ok(digest)
    }

    fn fill(&mut self) -> Result<(), SignError> {
        self.filled = self.template.fill(&self.known, self.encoding)?;
        self.document.insert(self.filled.bytes.clone());
        Ok(())
    }
}

impl<D: Read + Seek> Made<D> {
    /// Writes it.
    pub(super) fn write<W: Write>(mut self, mut into: W) -> Result<Signed, SignError> {
        self.document.seek(SeekFrom::Start(0)).map_err(Error::from)?;
        let mut block = vec![0; BLOCK];
        loop {
            let count = match self.document.read(&mut block) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(Error::from(error).into()),
            };
            into.write_all(&block[..count]).map_err(SignError::Write)?;
        }
        into.flush().map_err(SignError::Write)?;
        Ok(self.signed)
    }
}

/// Whether what is asked for fits together; the key that verifies.
fn check(signing: &Signing) -> Result<VerificationKey, SignError> {
    if signing.references.is_empty() {
        return Err(SignError::setup("there is nothing to sign: add a reference"));
    }
    for id in [&signing.id, &signing.value_id, &signing.key_info_id] {
        check_id(id.as_deref())?;
    }
    let prefix = &signing.prefix[..];
    if !prefix.is_empty() && (!is_ncname(prefix) || prefix.to_ascii_lowercase().starts_with("xml"))
    {
        let shown = prefix.escape_debug();
        return Err(SignError::setup(format!("`{shown}` is no prefix: take `ds`, for example")));
    }
    signing.references.iter().try_for_each(Reference::check)?;
    signing.objects.iter().try_for_each(Object::check)?;

    let (algorithm, allowed) = (signing.algorithm, &signing.settings.allowed);
    for reference in signing.lists().into_iter().flatten() {
        allowed.digest(reference.digest_or(signing.digest)).map_err(Error::from)?;
    }
    let key = signing.key.verification_key()?;
    // Says at once what would else be said only in the end.
    let probe = signing.key.sign(algorithm, b"")?;
    algorithm.verify(&key, b"", &probe, allowed).map_err(Error::from)?;
    let signs = |key: &VerificationKey| algorithm.verify(key, b"", &probe, allowed).is_ok();
    for part in &signing.key_info {
        part.check(&key, signs)?;
    }
    Ok(key)
}

/// The Signature with what is around it, and what is behind it.
fn write(signing: &Signing, key: &VerificationKey, gap: &Gap) -> (Template, Template) {
    let mut out = Writer::new(&signing.prefix);
    let lists = signing.lists();
    let signed_first: usize = lists.iter().rev().skip(1).map(|list| list.len()).sum();
    out.raw(gap.before);
    let (declaration, namespace) = out.declaration();
    let attributes = [(&declaration[..], Some(namespace)), ("Id", signing.id.as_deref())];
    out.element("Signature", &attributes, |out| {
        out.element("SignedInfo", &[], |out| {
            out.canonicalization("CanonicalizationMethod", &signing.canonicalization);
            let uri = signing.algorithm.uri();
            out.element("SignatureMethod", &[("Algorithm", uri)], |out| {
                if let SignatureAlgorithm::Hmac(hmac) = signing.algorithm
                    && hmac.output_bits() < hmac.hash().length() * 8
                {
                    let bits = hmac.output_bits().to_string();
                    out.element("HMACOutputLength", &[], |out| out.raw(&bits));
                }
            });
            for (i, reference) in signing.references.iter().enumerate() {
                out.reference(signed_first + i, reference, reference.digest_or(signing.digest));
            }
        });
        out.element("SignatureValue", &[("Id", signing.value_id.as_deref())], Writer::value);
        if !signing.key_info.is_empty() {
            out.element("KeyInfo", &[("Id", signing.key_info_id.as_deref())], |out| {
                for part in &signing.key_info {
                    part.write(key, out);
                }
            });
        }
        let mut first = 0;
        for object in &signing.objects {
            out.object(object, first, signing.digest);
            first += manifest(object).map_or(0, |manifest| manifest.references.len());
        }
    });
    out.raw(&gap.behind);
    let mut behind = Writer::new("");
    behind.raw(&gap.behind);
    (out.finish(), behind.finish())
}

/// An error with the URI of the reference it belongs to.
fn named(error: Error, list: &[Reference]) -> Error {
    let reference = error
        .position
        .filter(|position| position.line == u64::MAX)
        .and_then(|position| list.get(usize::try_from(position.offset).ok()?));
    match reference {
        Some(reference) => Error {
            detail: format!("the reference `{}`: {}", reference.uri_text(), error.detail),
            position: None,
            ..error
        },
        None => error,
    }
}

/// Why a report is not good.
fn fault(report: &Report) -> Option<String> {
    if report.digest_status() != SignatureStatus::Valid {
        return Some("its value is not one over its SignedInfo".to_owned());
    }
    let all = report.references().iter().flat_map(|one| [one].into_iter().chain(&one.manifest));
    let mut bad = all.filter(|one| one.status != SignatureStatus::Valid);
    bad.next().map(|one| {
        let uri = one.uri.as_deref().unwrap_or_default();
        format!("`{uri}`: {}", one.detail.as_deref().unwrap_or("it was not looked at"))
    })
}
