//! Who signed: the key that SignatureValue holds under.

use super::{
    dereference::{Body, Dereference},
    locate::{self, Place},
    plan::Source,
    settings::Settings,
};
use crate::{
    Error,
    algorithm::{Allowed, SignatureError, VerificationKey},
    c14n::Inherited,
    signature::{self, Cursor, KeyInfo, Retrieval, Signature},
    xml::{AttributeKind, Event, Legacy, Reader},
};
use ravelin_trust::Certificate;
use std::io::{Read, Seek, SeekFrom};

/// Retrievals in what was retrieved, and so on, are followed no further.
const RETRIEVALS: usize = 8;
/// The type of retrievals of a certificate that stands alone, encoded as DER.
const RAW_CERTIFICATE: &str = "http://www.w3.org/2000/09/xmldsig#rawX509Certificate";

/// Adds what RetrievalMethod and KeyInfoReference elements refer to.
pub(super) fn retrieve<D: Read + Seek>(
    document: &mut D,
    settings: &Settings,
    mut legacy: Legacy,
    info: &mut KeyInfo,
    dereference: &mut dyn Dereference,
) -> Result<Legacy, Error> {
    let mut followed = 0;
    while let Some(retrieval) = info.retrievals.pop() {
        followed += 1;
        if followed > RETRIEVALS {
            return Err(Error::limit("retrievals"));
        }
        let body = dereference.dereference(Some(&retrieval.uri));
        match body.map_err(|error| Error::dereference(error.to_string()))? {
            Body::SameDocument => {
                legacy = same_document(document, settings, legacy, info, &retrieval)?;
            }
            Body::Octets(input) => {
                let mut octets = Vec::new();
                input.take(settings.limits.value as u64 + 1).read_to_end(&mut octets)?;
                if octets.len() > settings.limits.value {
                    return Err(Error::limit("value"));
                }
                other_document(octets, settings, info, &retrieval)?;
            }
        }
    }
    Ok(legacy)
}

/// Reads a certificate, or the document element of a document.
fn other_document(
    octets: Vec<u8>,
    settings: &Settings,
    info: &mut KeyInfo,
    retrieval: &Retrieval,
) -> Result<(), Error> {
    if !retrieval.transforms.is_empty() {
        return Err(Error::unsupported("transforms of key information"));
    }
    if retrieval.kind.as_deref() == Some(RAW_CERTIFICATE) {
        info.certificates.push(Ok(octets));
        return Ok(());
    }
    let mut cursor = Cursor::new(Reader::with(&octets[..], &settings.xml())?, Inherited::default());
    cursor.child()?;
    key_information(&mut cursor, settings, info)
}

/// Reads the element that a retrieval led to, which just began.
fn key_information<R: Read>(
    cursor: &mut Cursor<R>,
    settings: &Settings,
    info: &mut KeyInfo,
) -> Result<(), Error> {
    let bounds = settings.limits.bounds();
    if !cursor.is("KeyInfo") {
        return signature::part(cursor, &bounds, info);
    }
    while cursor.child()? {
        signature::part(cursor, &bounds, info)?;
    }
    Ok(())
}

/// Reads the element that a retrieval refers to.
fn same_document<D: Read + Seek>(
    document: &mut D,
    settings: &Settings,
    legacy: Legacy,
    info: &mut KeyInfo,
    retrieval: &Retrieval,
) -> Result<Legacy, Error> {
    let Source { id: Some(id), .. } = Source::of(&retrieval.uri)? else {
        return Err(Error::unsupported("a whole document is no key information"));
    };
    document.seek(SeekFrom::Start(0))?;
    let mut reader = Reader::again(&mut *document, &settings.xml(), legacy)?;
    let place = find(&mut reader, &id, settings)?;
    let legacy = reader.into_legacy_with_text();
    let mut cursor = locate::cursor(document, settings, legacy, &place)?;
    cursor.child()?;
    key_information(&mut cursor, settings, info)?;
    Ok(cursor.into_reader().into_legacy_with_text())
}

/// Where the only element with this identifier is.
fn find<R: Read>(reader: &mut Reader<R>, id: &str, settings: &Settings) -> Result<Place, Error> {
    let mut found: Option<Place> = None;
    let mut inherited = Inherited::default();
    loop {
        match reader.next()? {
            Event::Start(start) => {
                let identifies =
                    |local: &str| settings.id_attributes.iter().any(|name| name == local);
                let here = start.attributes().any(|attribute| {
                    attribute.value == id
                        && (attribute.kind == AttributeKind::Id || identifies(attribute.name.local))
                });
                if here {
                    if found.is_some() {
                        return Err(Error::dereference(
                            "two elements have the identifier of the key information",
                        ));
                    }
                    let Some(snapshot) = reader.snapshot() else {
                        return Err(Error::unsupported("the key information stands in an entity"));
                    };
                    found = Some(Place { snapshot, inherited: inherited.clone() });
                }
                inherited.open(&reader.start());
            }
            Event::End(end) => inherited.close(end.depth()),
            Event::Finish => {
                return found.ok_or_else(|| Error::dereference("the key information is not there"));
            }
            _ => {}
        }
    }
}

/// The certificates of KeyInfo.
pub(super) fn certificates(info: Option<&KeyInfo>) -> Result<Vec<Certificate<'static>>, Error> {
    let Some(info) = info else { return Ok(Vec::new()) };
    let mut certificates = Vec::new();
    for der in &info.certificates {
        let der = der.as_ref().map_err(Clone::clone)?;
        let certificate = Certificate::parse(der.as_slice()).map_err(|error| {
            Error::malformed(format!("a certificate in KeyInfo cannot be read: {error}"))
        })?;
        certificates.push(certificate.into_owned());
    }
    Ok(certificates)
}

/// The first key that the signature holds under; none if it holds under none of them. Keys that cannot have made such a
/// signature do not count, but one must.
pub(super) fn first_that_holds<'k>(
    signature: &Signature,
    keys: impl Iterator<Item = Result<&'k VerificationKey, Error>>,
    allowed: &Allowed,
) -> Result<Option<usize>, Error> {
    let mut fits = false;
    let mut unfit = None;
    for (i, key) in keys.enumerate() {
        let verified = key.and_then(|key| {
            match signature.algorithm.verify(key, &signature.signed, &signature.value, allowed) {
                Ok(()) => Ok(true),
                Err(SignatureError::Bad) => Ok(false),
                Err(error) => Err(error.into()),
            }
        });
        match verified {
            Ok(true) => return Ok(Some(i)),
            Ok(false) => fits = true,
            Err(error) => unfit = unfit.or(Some(error)),
        }
    }
    match unfit {
        Some(error) if !fits => Err(error),
        _ => Ok(None),
    }
}
