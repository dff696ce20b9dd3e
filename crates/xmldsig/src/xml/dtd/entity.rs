//! Declarations of entities and notations (XML 1.0, sections 4.2 to 4.7).

use super::{
    super::{
        error::XmlFault,
        reference::{self, Reference},
    },
    Entity, EntityValue,
    cursor::{Cursor, Stop},
    subset::Subset,
};
use std::rc::Rc;

impl Subset<'_> {
    /// Reads a declaration behind `<!ENTITY`.
    pub(super) fn entity(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Stop> {
        cursor.space()?;
        let parameter = cursor.take("%")?;
        if parameter {
            cursor.space()?;
        }
        let (name_at, name) = (cursor.at, cursor.ncname()?);
        cursor.space()?;
        let value = if matches!(cursor.peek()?, b'"' | b'\'') {
            let (at, literal) = cursor.quoted()?;
            EntityValue::Internal(replacement(cursor, at, literal)?)
        } else {
            external(cursor, true)?;
            let space = cursor.skip_space();
            if !parameter && space && cursor.take("NDATA")? {
                cursor.space()?;
                cursor.ncname()?;
                EntityValue::Unparsed
            } else {
                EntityValue::External
            }
        };
        cursor.close()?;

        if parameter {
            if self.obeys && !self.parameters.contains_key(name) {
                let text = match value {
                    EntityValue::Internal(text) => Some(Rc::from(text)),
                    _ => None,
                };
                self.parameters.insert(name.to_owned(), text);
            }
            return Ok(());
        }
        if let Some(escaped) = predefined(name) {
            return if means(&value, escaped) {
                Ok(())
            } else {
                let why = "it is predefined, and declared as something else";
                Err(cursor.fault_at(name_at, XmlFault::Entity(name.to_owned(), why)))
            };
        }
        if self.obeys && !self.dtd.entities.contains_key(name) {
            let in_parameter = cursor.reference.is_some();
            self.dtd.entities.insert(name.to_owned(), Entity { value, in_parameter });
        }
        Ok(())
    }
}

/// Reads a declaration behind `<!NOTATION`.
pub(super) fn notation(cursor: &mut Cursor<'_>) -> Result<(), Stop> {
    cursor.space()?;
    cursor.ncname()?;
    cursor.space()?;
    external(cursor, false)?;
    cursor.close()
}

/// `ExternalID`. Of a notation a public identifier may stand alone.
pub(super) fn external(cursor: &mut Cursor<'_>, system: bool) -> Result<(), Stop> {
    if cursor.take("SYSTEM")? {
        cursor.space()?;
        cursor.quoted()?;
        return Ok(());
    }
    cursor.demand("PUBLIC", "a quotation mark, `SYSTEM` or `PUBLIC`")?;
    cursor.space()?;
    let (at, public) = cursor.quoted()?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || " \r\n-'()+,./:=?;!*#@$_%".contains(c);
    if let Some(found) = public.find(|c| !allowed(c)) {
        return Err(
            cursor.fault_at(at + found, XmlFault::Doctype("a character of a public identifier"))
        );
    }
    if system {
        cursor.space()?;
        cursor.quoted()?;
        return Ok(());
    }
    if cursor.skip_space() && matches!(cursor.peek()?, b'"' | b'\'') {
        cursor.quoted()?;
    }
    Ok(())
}

/// What an entity stands for: references to characters are replaced, those to entities stay (section 4.5).
fn replacement(cursor: &Cursor<'_>, begin: usize, literal: &str) -> Result<String, Stop> {
    let mut text = String::with_capacity(literal.len());
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'&', b'%', &literal.as_bytes()[at..]) {
        text.push_str(&literal[at..at + found]);
        at += found;
        let fault = |fault| cursor.fault_at(begin + at, fault);
        if literal.as_bytes()[at] == b'%' {
            // Section 2.8, "PEs in Internal Subset".
            return Err(fault(XmlFault::Misplaced(
                "`%`, a reference to a parameter entity inside a declaration,",
            )));
        }
        let read = reference::read_raw(&literal[at..]);
        let read = read.and_then(|read| read.ok_or_else(reference::no_end));
        let (reference, length) = read.map_err(fault)?;
        match reference {
            Reference::Character(c) => text.push(c),
            Reference::Entity(_) => text.push_str(&literal[at..at + length]),
        }
        at += length;
    }
    text.push_str(&literal[at..]);
    Ok(text)
}

fn predefined(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => None,
    }
}

/// Section 4.6: a reference to the character, or the character itself if that can be read again.
fn means(value: &EntityValue, escaped: char) -> bool {
    let EntityValue::Internal(text) = value else { return false };
    let itself = text.chars().eq([escaped]) && !matches!(escaped, '<' | '&');
    itself
        || (text.starts_with("&#")
            && matches!(reference::read(text), Ok(Some((Reference::Character(c), length)))
                if c == escaped && length == text.len()))
}
