//! The first pass: which Signature, and where.

use super::settings::{Choice, Settings};
use crate::{
    Error,
    c14n::Inherited,
    signature::{self, Cursor, DSIG, Signature},
    xml::{Event, Legacy, Position, Reader, Snapshot},
};
use std::io::{Read, Seek, SeekFrom};

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
    let place = find(&mut reader, &settings.signature)?;
    let legacy = reader.into_legacy();

    // SignedInfo is canonicalized while it is read, but how is only said inside it.
    let mut cursor = cursor(document, settings, legacy, &place)?;
    let method = signature::method(&mut cursor)?;
    let legacy = cursor.into_reader().into_legacy();
    let mut cursor = self::cursor(document, settings, legacy, &place)?;
    let signature = signature::read(&mut cursor, method, &settings.limits.bounds())?;
    let legacy = cursor.into_reader().into_legacy();
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

fn find<R: Read>(reader: &mut Reader<R>, choice: &Choice) -> Result<Place, Error> {
    let mut found: Option<Place> = None;
    let mut inherited = Inherited::default();
    // Nothing later is chosen instead.
    let mut decided = false;
    loop {
        match reader.next()? {
            Event::Start(start) => {
                let name = start.name();
                let wanted = !decided
                    && name.is(DSIG, "Signature")
                    && match choice {
                        Choice::First | Choice::Last => true,
                        Choice::Id(id) => start.attribute("", "Id") == Some(id),
                        Choice::At(offset) => start.offset() == *offset,
                    };
                let is_root = start.depth() == 1;
                if wanted {
                    if matches!(choice, Choice::Id(_)) && found.is_some() {
                        return Err(
                            Error::dereference("two Signatures have this Id").at(reader.position())
                        );
                    }
                    let Some(snapshot) = reader.snapshot() else {
                        return Err(Error::unsupported("the Signature stands in an entity")
                            .at(reader.position()));
                    };
                    decided = *choice == Choice::First || (*choice == Choice::Last && is_root);
                    found = Some(Place { snapshot, inherited: inherited.clone() });
                }
                inherited.open(&reader.start());
            }
            Event::End(end) => inherited.close(end.depth()),
            Event::Finish => break,
            _ => {}
        }
    }
    found.ok_or_else(|| match choice {
        Choice::Id(id) => Error::malformed(format!(
            "there is no Signature with the Id `{}`",
            id.chars().take(100).collect::<String>()
        )),
        Choice::At(offset) => Error::malformed(format!("no Signature begins after {offset} bytes")),
        _ => Error::malformed("there is no Signature in the document"),
    })
}
