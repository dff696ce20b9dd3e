//! The references of Manifest elements (W3C XML Signature 1.1, sections 2.3 and 5.1).

use super::{
    dereference::Dereference,
    references::{self, Context},
    report::{ReferenceReport, SignatureStatus},
};
use crate::{
    Error,
    c14n::Inherited,
    signature::{self, Cursor, Reference},
    xml::{Event, Legacy, Reader},
};
use std::{
    collections::BTreeMap,
    io::{Read, Seek, SeekFrom},
    ops::Range,
};

/// Looks at the references of the Manifest elements that good references cover, of all at once. They are told apart:
/// whatever is wrong with them says nothing about the signature.
pub(super) fn check<D: Read + Seek>(
    context: &mut Context<'_, D>,
    reports: &mut [ReferenceReport],
    dereference: &mut dyn Dereference,
    legacy: Legacy,
) -> Result<Legacy, Error> {
    let mut covered: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (report, offset) in std::mem::take(&mut context.manifests) {
        if reports[report].status == SignatureStatus::Valid {
            covered.entry(offset).or_default().push(report);
        }
    }
    if covered.is_empty() {
        return Ok(legacy);
    }
    let (found, legacy) = read(context, &covered, legacy)?;
    let mut all = Vec::new();
    let mut parts: Vec<(u64, Range<usize>)> = Vec::new();
    for (offset, result) in found {
        let too_many = || Error::limit("references");
        let result = result.and_then(|listed| {
            let fits = all.len() + listed.len() <= context.settings.limits.references;
            if fits { Ok(listed) } else { Err(too_many()) }
        });
        match result {
            Ok(listed) => {
                let first = all.len();
                all.extend(listed);
                parts.push((offset, first..all.len()));
            }
            Err(error) => {
                for report in &covered[&offset] {
                    reports[*report].detail = Some(format!("its Manifest cannot be read: {error}"));
                }
            }
        }
    }
    context.lenient = true;
    let (checked, legacy) = references::check(context, &all, dereference, legacy)?;
    for (offset, part) in parts {
        for report in &covered[&offset] {
            reports[*report].manifest = checked[part.clone()].to_vec();
        }
    }
    Ok(legacy)
}

type Listed = (u64, Result<Vec<Reference>, Error>);

/// Reads the Manifest elements that begin at these places.
fn read<D: Read + Seek>(
    context: &mut Context<'_, D>,
    places: &BTreeMap<u64, Vec<usize>>,
    legacy: Legacy,
) -> Result<(Vec<Listed>, Legacy), Error> {
    let bounds = context.settings.limits.bounds();
    context.document.seek(SeekFrom::Start(0))?;
    let memory = context.memory();
    let source = memory.of(&mut *context.document);
    let mut reader = Reader::again(source, &context.settings.xml(), legacy)?;
    let mut found = Vec::new();
    loop {
        match reader.next()? {
            Event::Start(start) if places.contains_key(&start.offset()) => {
                let offset = start.offset();
                let mut cursor = Cursor::new(reader, Inherited::default());
                found.push((offset, signature::references(&mut cursor, &bounds)));
                reader = cursor.into_reader();
            }
            Event::Finish => break,
            _ => {}
        }
    }
    let legacy = reader.into_legacy();
    context.was_read(&memory)?;
    Ok((found, legacy))
}
