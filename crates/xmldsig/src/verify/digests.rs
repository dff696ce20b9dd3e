//! For who signs: what a verification would find.

use super::{
    dereference::Dereference,
    locate,
    references::{self, Context},
    report::ReferenceReport,
    settings::Settings,
};
use crate::{
    Error,
    signature::Reference,
    xml::{Legacy, Position},
};
use std::io::{Read, Seek, SeekFrom};

/// Makes the digests of references that belong to the Signature at a place of the document.
pub(crate) fn digests<D: Read + Seek>(
    document: &mut D,
    settings: &Settings,
    signature: Position,
    references: &[Reference],
    dereference: &mut dyn Dereference,
    legacy: Legacy,
) -> Result<(Vec<ReferenceReport>, Legacy), Error> {
    let length = document.seek(SeekFrom::End(0))?;
    let mut context = Context::new(document, settings, signature, length);
    references::check(&mut context, references, dereference, legacy)
}

/// The octets that are signed in the Signature that the settings choose: the canonical form of its SignedInfo.
pub(crate) fn signed<D: Read + Seek>(
    document: &mut D,
    settings: &Settings,
) -> Result<Vec<u8>, Error> {
    Ok(locate::locate(document, settings)?.signature.signed)
}
