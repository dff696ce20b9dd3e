//! The certificates that a CRL lists (RFC 5280, sections 5.1.2.6 and 5.3).

use super::{Crl, CrlError, MAX_CRL_EXTENSIONS};
use crate::{
    Time,
    certificate::{Extension, GeneralName, GeneralNames, Span},
    der::{DerError, Fault, Integer, Reader, Value, tag},
    name::DistinguishedName,
    oid,
    revocation::RevocationReason,
};
use std::sync::Arc;

/// A certificate that a CRL lists.
#[derive(Clone, Copy, Debug)]
pub struct CrlEntry<'a> {
    /// Its serial number.
    pub serial: Integer<'a>,
    /// Since when it is revoked.
    pub time: Time,
    /// Why.
    pub reason: Option<RevocationReason>,
    /// When it is known or suspected to have become invalid (RFC 5280, section 5.3.2).
    pub invalidity: Option<Time>,
    /// In an indirect CRL, the issuer of this certificate and of those that follow, up to the next entry that has one.
    pub certificate_issuer: Option<GeneralNames<'a>>,
}

/// What is known of all entries.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Listed {
    pub(super) count: u32,
    /// Whether some name the issuer of their certificates.
    issuers: bool,
    pub(super) unknown_critical: Option<Span>,
}

impl Listed {
    /// Looks at every entry, so that nothing unexpected is found later.
    pub(super) fn read(mut list: Reader<'_>) -> Result<Listed, CrlError> {
        let mut listed = Listed::default();
        while !list.is_empty() {
            let malformed = |error| CrlError::Malformed { what: "an entry", error };
            let (entry, unknown) =
                read(&mut list).map_err(malformed)?.ok_or(CrlError::TooManyExtensions)?;
            listed.count += 1;
            listed.issuers |= entry.certificate_issuer.is_some();
            listed.unknown_critical = listed.unknown_critical.or(unknown);
        }
        Ok(listed)
    }
}

pub(super) fn entries(mut list: Reader<'_>) -> impl Iterator<Item = CrlEntry<'_>> {
    std::iter::from_fn(move || Some(read(&mut list).ok()??.0))
}

/// Reads an entry, with its first unknown critical extension; none when it has too many extensions.
fn read<'a>(list: &mut Reader<'a>) -> Result<Option<(CrlEntry<'a>, Option<Span>)>, DerError> {
    let mut parts = list.sequence()?;
    let serial = parts.integer()?;
    let (time, _) = Time::read(&parts.any()?)?;
    let mut entry =
        CrlEntry { serial, time, reason: None, invalidity: None, certificate_issuer: None };
    let mut unknown = None;
    if let Some(extensions) = parts.optional(tag::SEQUENCE)? {
        let mut extensions = extensions.reader();
        let mut count = 0;
        while !extensions.is_empty() {
            count += 1;
            if count > MAX_CRL_EXTENSIONS {
                return Ok(None);
            }
            let extension = Extension::read(&mut extensions)?;
            let mut value = extension.reader();
            match extension.oid {
                oid::REASON_CODE => entry.reason = reason(&value.read(tag::ENUMERATED)?)?,
                oid::INVALIDITY_DATE => entry.invalidity = Some(Time::read(&value.any()?)?.0),
                oid::CERTIFICATE_ISSUER => {
                    entry.certificate_issuer = Some(GeneralNames::new(value.sequence()?));
                }
                oid::HOLD_INSTRUCTION => {}
                oid => {
                    if extension.critical && unknown.is_none() {
                        unknown = Some(Span::of(oid.0, extension.oid_offset));
                    }
                }
            }
        }
    }
    parts.end()?;
    Ok(Some((entry, unknown)))
}

/// A reason without a meaning counts as none: the certificate is revoked all the same.
fn reason(value: &Value<'_>) -> Result<Option<RevocationReason>, DerError> {
    if value.content.is_empty() {
        let fault = Fault::Value("a reason without a number");
        return Err(DerError { offset: value.offset, fault });
    }
    Ok(Integer(value.content).small().and_then(RevocationReason::of))
}

/// Where an entry is, and the entry that names its certificate's issuer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    entry: u32,
    /// The CRL's issuer where none is named.
    issuer: Option<std::num::NonZero<u32>>,
}

#[allow(clippy::cast_possible_truncation)] // MAX_CRL is far below
pub(super) fn index(crl: &Crl<'_>) -> Arc<[Slot]> {
    let mut list = crl.reader(crl.layout.entries);
    let mut slots = Vec::with_capacity(crl.len());
    let mut issuer = None;
    loop {
        let entry = list.offset() as u32;
        let Ok(Some((found, _))) = read(&mut list) else { break };
        if found.certificate_issuer.is_some() {
            issuer = std::num::NonZero::new(entry);
        }
        slots.push(Slot { entry, issuer });
    }
    slots.sort_unstable_by(|a, b| {
        serial_at(crl, *a).cmp(serial_at(crl, *b)).then(a.entry.cmp(&b.entry))
    });
    slots.into()
}

fn reader_at<'c>(crl: &'c Crl<'_>, offset: u32) -> Reader<'c> {
    let offset = offset as usize;
    let end = crl.layout.entries.range().end;
    Reader::at(crl.der.get(offset..end).unwrap_or_default(), offset)
}

fn serial_at<'c>(crl: &'c Crl<'_>, slot: Slot) -> &'c [u8] {
    let serial = reader_at(crl, slot.entry).sequence().and_then(|mut parts| parts.integer());
    serial.map(|serial| serial.minimal()).unwrap_or_default()
}

pub(super) fn find<'c>(
    crl: &'c Crl<'_>,
    certificate_issuer: &DistinguishedName<'_>,
    serial: Integer<'_>,
) -> Option<CrlEntry<'c>> {
    let serial = serial.minimal();
    let mut search = Search { crl, wanted: certificate_issuer, issuer: None, same: None };
    let mut removed = None;
    let mut consider = |entry: CrlEntry<'c>| {
        if entry.reason != Some(RevocationReason::RemoveFromCrl) {
            return Some(entry);
        }
        removed = removed.or(Some(entry));
        None
    };
    let revoked = if let Some(slots) = &crl.index {
        let first = slots.partition_point(|slot| serial_at(crl, *slot) < serial);
        slots[first..].iter().take_while(|slot| serial_at(crl, **slot) == serial).find_map(|slot| {
            if !search.is_by(slot.issuer.map(std::num::NonZero::get)) {
                return None;
            }
            consider(read(&mut reader_at(crl, slot.entry)).ok()??.0)
        })
    } else {
        let mut list = crl.reader(crl.layout.entries);
        let mut issuer = None;
        loop {
            let at = list;
            let Ok(mut parts) = list.sequence() else { break None };
            let Ok(found) = parts.integer() else { break None };
            if crl.layout.listed.issuers && names_issuer(at) {
                #[allow(clippy::cast_possible_truncation)] // MAX_CRL is far below
                {
                    issuer = Some(at.offset() as u32);
                }
            }
            if found.minimal() == serial
                && search.is_by(issuer)
                && let Ok(Some((entry, _))) = read(&mut { at })
                && let Some(entry) = consider(entry)
            {
                break Some(entry);
            }
        }
    };
    revoked.or(removed)
}

fn names_issuer(mut at: Reader<'_>) -> bool {
    matches!(read(&mut at), Ok(Some((CrlEntry { certificate_issuer: Some(_), .. }, _))))
}

/// Compares the issuers of entries with the one that is looked for, once for as many entries as follow one another: an
/// issuer's name may be long, and the entries that carry it on short and many.
struct Search<'s, 'c> {
    crl: &'c Crl<'c>,
    wanted: &'s DistinguishedName<'s>,
    issuer: Option<u32>,
    same: Option<bool>,
}

impl Search<'_, '_> {
    /// Whether entries are of the wanted issuer that follow the entry at `issuer`.
    fn is_by(&mut self, issuer: Option<u32>) -> bool {
        if self.issuer != issuer {
            self.issuer = issuer;
            self.same = None;
        }
        if let Some(same) = self.same {
            return same;
        }
        let same = match issuer {
            None => self.crl.issuer() == *self.wanted,
            Some(entry) => match read(&mut reader_at(self.crl, entry)) {
                Ok(Some((CrlEntry { certificate_issuer: Some(names), .. }, _))) => {
                    names.filter_map(Result::ok).any(
                        |name| matches!(name, GeneralName::Directory(name) if name == *self.wanted),
                    )
                }
                _ => false,
            },
        };
        self.same = Some(same);
        same
    }
}
