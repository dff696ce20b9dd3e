//! Attribute-list declarations (XML 1.0, section 3.3).

use super::{
    super::{event::AttributeKind, reference, tag},
    Entities,
    cursor::{Cursor, Stop},
    subset::Subset,
};

impl Subset<'_> {
    /// Reads a declaration behind `<!ATTLIST`.
    pub(super) fn attlist(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Stop> {
        cursor.space()?;
        let (element_at, element) = (cursor.at, cursor.qname()?);
        let element =
            self.names.intern(element).map_err(|fault| cursor.fault_at(element_at, fault))?;
        loop {
            let space = cursor.skip_space();
            if cursor.take(">")? {
                return Ok(());
            }
            if !space {
                return Err(cursor.expected("white space or `>`"));
            }
            let (name_at, name) = (cursor.at, cursor.qname()?);
            let name = self.names.intern(name).map_err(|fault| cursor.fault_at(name_at, fault))?;
            cursor.space()?;
            let kind = kind(cursor)?;
            cursor.space()?;
            let default = self.default(cursor, kind)?;
            if self.obeys {
                self.dtd.declare(element, name, kind, default);
            }
        }
    }

    fn default(
        &mut self,
        cursor: &mut Cursor<'_>,
        kind: AttributeKind,
    ) -> Result<Option<String>, Stop> {
        if cursor.take("#REQUIRED")? || cursor.take("#IMPLIED")? {
            return Ok(None);
        }
        if cursor.take("#FIXED")? {
            cursor.space()?;
        }
        let (at, value) = cursor.quoted()?;
        let mut text = String::new();
        let place = |(at, fault)| cursor.fault_at(at, fault);
        if !self.obeys {
            reference::check(value, at).map_err(place)?;
            return Ok(None);
        }
        let mut entities = Entities::new(Some(&self.dtd), self.limits, self.spent);
        if cursor.reference.is_some() {
            entities = entities.in_parameter();
        }
        let expanded = reference::expand(value, at, &mut text, &mut entities);
        self.spent = entities.spent();
        expanded.map_err(place)?;
        if kind != AttributeKind::Text {
            tag::collapse(&mut text, 0);
        }
        Ok(Some(text))
    }
}

/// Section 3.3.1.
fn kind(cursor: &mut Cursor<'_>) -> Result<AttributeKind, Stop> {
    if cursor.peek()? == b'(' {
        return one_of(cursor, |cursor| cursor.token().map(drop));
    }
    let at = cursor.at;
    match cursor.token()? {
        "CDATA" => Ok(AttributeKind::Text),
        "ID" => Ok(AttributeKind::Id),
        "IDREF" | "IDREFS" | "ENTITY" | "ENTITIES" | "NMTOKEN" | "NMTOKENS" => {
            Ok(AttributeKind::Tokens)
        }
        "NOTATION" => {
            cursor.space()?;
            one_of(cursor, |cursor| cursor.ncname().map(drop))
        }
        _ => {
            cursor.at = at;
            Err(cursor.expected("the type of an attribute"))
        }
    }
}

fn one_of(
    cursor: &mut Cursor<'_>,
    value: impl Fn(&mut Cursor<'_>) -> Result<(), Stop>,
) -> Result<AttributeKind, Stop> {
    cursor.demand("(", "`(`")?;
    loop {
        cursor.skip_space();
        value(cursor)?;
        cursor.skip_space();
        if cursor.take(")")? {
            return Ok(AttributeKind::Tokens);
        }
        cursor.demand("|", "`|` or `)`")?;
    }
}
