//! The first pass: which Signature, and where.

use super::settings::{Choice, Settings};
use crate::{
    Error,
    c14n::{Inherited, Method},
    signature::{self, Cursor, DSIG, Signature},
    xml::{Event, Legacy, Position, Reader, Snapshot, Start},
};
use std::io::{Read, Seek, SeekFrom};

/// What may be copied to keep places, besides one for every byte of the document.
const KEPT: u64 = 1 << 20;

/// A Signature, read.
#[derive(Debug)]
pub(super) struct Located {
    pub(super) signature: Signature,
    /// Where it begins.
    pub(super) position: Position,
    /// Bytes of the whole document.
    pub(super) length: u64,
    pub(super) legacy: Legacy,
}

/// A place to come back to.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) snapshot: Snapshot,
    pub(super) inherited: Inherited,
}

/// Reads the whole document, then the Signature that is chosen.
pub(super) fn locate<D: Read + Seek>(
    document: &mut D,
    settings: &Settings,
) -> Result<Located, Error> {
    let length = document.seek(SeekFrom::End(0))?;
    document.seek(SeekFrom::Start(0))?;
    let mut reader = Reader::with(&mut *document, &settings.xml())?;
    let found = find(&mut reader, &settings.signature)?;
    let mut legacy = reader.into_legacy_with_text();
    let (place, glimpsed) = match found {
        Found::Place(place, glimpsed) => (*place, glimpsed),
        Found::Offset(offset) => {
            document.seek(SeekFrom::Start(0))?;
            let mut reader = Reader::again(&mut *document, &settings.xml(), legacy)?;
            let found = find(&mut reader, &Choice::At(offset))?;
            legacy = reader.into_legacy_with_text();
            match found {
                Found::Place(place, glimpsed) => (*place, glimpsed),
                Found::Offset(_) => {
                    return Err(Error::malformed("the document was changed while it was read"));
                }
            }
        }
    };
    // What has no finer place is wrong with the Signature.
    let here = |error: Error| error.unless_placed(place.snapshot.position());

    // SignedInfo is canonicalized while it is read, but how is only said inside it.
    let method = if let Some(method) = glimpsed {
        method
    } else {
        let mut cursor = cursor(document, settings, legacy, &place)?;
        let method = signature::method(&mut cursor).map_err(here)?;
        legacy = cursor.into_reader().into_legacy_with_text();
        method
    };
    let mut cursor = cursor(document, settings, legacy, &place)?;
    let signature =
        signature::read(&mut cursor, method, &settings.limits.bounds()).map_err(here)?;
    let legacy = cursor.into_reader().into_legacy_with_text();
    Ok(Located { signature, position: place.snapshot.position(), length, legacy })
}

/// A cursor before the element at `place`.
pub(super) fn cursor<'d, D: Read + Seek>(
    document: &'d mut D,
    settings: &Settings,
    legacy: Legacy,
    place: &Place,
) -> Result<Cursor<&'d mut D>, Error> {
    document.seek(SeekFrom::Start(place.snapshot.position().offset))?;
    let reader = Reader::resume(document, &settings.xml(), legacy, &place.snapshot)?;
    Ok(Cursor::new(reader, place.inherited.clone()))
}

/// The Signature that is chosen.
enum Found {
    /// And how its SignedInfo is to be canonicalized, as far as that could be seen in passing.
    Place(Box<Place>, Option<Method>),
    /// It begins after so many bytes; more was not kept.
    Offset(u64),
}

fn find<R: Read>(reader: &mut Reader<R>, choice: &Choice) -> Result<Found, Error> {
    let name = reader.names_mut().intern("Signature");
    let namespace = reader.names_mut().uri(DSIG);
    let (Ok(name), Ok(namespace)) = (name, namespace) else { return Err(Error::limit("names")) };
    let mut found: Option<Place> = None;
    let mut last = None;
    // Each place costs what is in force there. Of many Signatures with much in force the last is found by its offset.
    let mut kept = 0;
    let mut glimpse = Glimpse::default();
    let mut inherited = Inherited::default();
    // Nothing later is chosen instead.
    let mut decided = false;
    loop {
        match reader.next()? {
            Event::Start(start) => {
                let is_signature =
                    start.uri() == namespace && start.names().parts(start.id()).local == name;
                if !is_signature || decided {
                    if glimpse.looks {
                        glimpse.start(&start);
                    }
                    inherited.open(&start);
                    continue;
                }
                let wanted = match choice {
                    Choice::First | Choice::Last => true,
                    Choice::Id(id) => start.attribute("", "Id") == Some(id),
                    Choice::At(offset) => start.offset() == *offset,
                };
                if wanted {
                    if matches!(choice, Choice::Id(_)) && last.is_some() {
                        let error = Error::dereference("two Signatures have this Id");
                        return Err(error.at(reader.position()));
                    }
                    decided =
                        *choice == Choice::First || (*choice == Choice::Last && start.depth() == 1);
                    glimpse = Glimpse { looks: true, depth: start.depth(), ..Glimpse::default() };
                    let offset = start.offset();
                    last = Some(offset);
                    kept += reader.snapshot_cost() + inherited.size();
                    found = None;
                    if kept <= KEPT + offset || matches!(choice, Choice::At(_)) {
                        let Some(snapshot) = reader.snapshot() else {
                            let error = Error::unsupported("the Signature stands in an entity");
                            return Err(error.at(reader.position()));
                        };
                        found = Some(Place { snapshot, inherited: inherited.clone() });
                    }
                }
                inherited.open(&reader.start());
            }
            Event::End(end) => {
                glimpse.looks &= end.depth() > glimpse.depth + 1;
                inherited.close(end.depth());
            }
            Event::Finish => break,
            _ => {}
        }
    }
    match (found, last, choice) {
        (Some(place), ..) => Ok(Found::Place(Box::new(place), glimpse.method)),
        (None, Some(offset), _) => Ok(Found::Offset(offset)),
        (None, None, Choice::Id(id)) => {
            let shown: String = id.chars().take(100).collect();
            let error = Error::malformed(format!("there is no Signature with the Id `{shown}`"));
            Err(error.at(reader.position()))
        }
        (None, None, Choice::At(offset)) => {
            let error = Error::malformed(format!("no Signature begins after {offset} bytes"));
            Err(error.at(reader.position()))
        }
        (None, None, _) => {
            let error = Error::malformed("there is no Signature in the document");
            Err(error.at(reader.position()))
        }
    }
}

/// Looks at the beginning of a Signature while it goes by. What it sees is checked when the Signature is read.
#[derive(Debug, Default)]
struct Glimpse {
    looks: bool,
    /// Of the Signature.
    depth: usize,
    method: Option<Method>,
}

impl Glimpse {
    fn start(&mut self, start: &Start<'_>) {
        let name = start.name();
        match start.depth() - self.depth {
            1 => self.looks = name.is(DSIG, "SignedInfo"),
            2 => self.method = start.attribute("", "Algorithm").and_then(Method::of),
            _ => {
                let list = start.attribute("", "PrefixList").unwrap_or_default();
                self.looks = self.method.as_mut().is_some_and(|method| method.list(list).is_ok());
            }
        }
    }
}
