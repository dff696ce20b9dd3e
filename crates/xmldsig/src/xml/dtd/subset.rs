//! Document type declarations (XML 1.0, section 2.8).

use super::{
    super::{error::XmlFault, instruction, limits::Limits, names::Names, tag::Fault},
    Dtd, Spent, content,
    cursor::{Cursor, Stop},
    entity,
};
use std::{collections::HashMap, rc::Rc};

/// The declarations read so far.
#[derive(Debug)]
pub(super) struct Subset<'a> {
    pub(super) names: &'a mut Names,
    pub(super) limits: &'a Limits,
    pub(super) dtd: Dtd,
    pub(super) spent: Spent,
    /// What parameter entities stand for. `None`: something outside the document.
    pub(super) parameters: HashMap<String, Option<Rc<str>>>,
    /// False after something was not read that might say otherwise (section 5.1): what follows is held to the grammar only.
    pub(super) obeys: bool,
    /// A parameter entity outside the document was not read.
    skipped: bool,
    /// Bytes that parameter entities stood for.
    expanded: usize,
}

/// What parameter entities stand for, while it is read.
struct Open {
    name: String,
    text: Rc<str>,
    at: usize,
    /// Where in the window the outermost is referred to.
    reference: usize,
}

enum Item {
    Declaration,
    Reference(String),
    /// What the parameter entity stands for has ended.
    EntityEnd,
    /// `]`.
    End,
}

/// Reads the declaration at `begin`: what it says, and where it ends. Nothing but names is kept when the window ends before
/// it does, for which the answer is `None`.
pub(in super::super) fn read(
    window: &str,
    begin: usize,
    standalone: bool,
    names: &mut Names,
    spent: &mut Spent,
    limits: &Limits,
) -> Result<Option<(Dtd, usize)>, Fault> {
    let mut subset = Subset {
        names,
        limits,
        dtd: Dtd { standalone, ..Dtd::default() },
        spent: *spent,
        parameters: HashMap::new(),
        obeys: true,
        skipped: false,
        expanded: 0,
    };
    match subset.declaration(window, begin) {
        Ok(end) => {
            *spent = subset.spent;
            Ok(Some((subset.dtd, end)))
        }
        Err(Stop::Incomplete) => Ok(None),
        Err(Stop::Fault(fault)) => Err(fault),
    }
}

impl Subset<'_> {
    fn declaration(&mut self, window: &str, begin: usize) -> Result<usize, Stop> {
        let mut cursor = Cursor { text: window, at: begin, reference: None };
        cursor.demand("<!DOCTYPE", "`<!DOCTYPE`")?;
        cursor.space()?;
        cursor.qname()?;
        let space = cursor.skip_space();
        if !matches!(cursor.peek()?, b'[' | b'>') {
            if !space {
                return Err(cursor.expected("white space, `[` or `>`"));
            }
            entity::external(&mut cursor, true)?;
            cursor.skip_space();
            self.dtd.incomplete = true;
        }
        if cursor.take("[")? {
            self.subset(&mut cursor, begin)?;
        }
        cursor.close()?;
        self.within_limit(cursor.at - begin).map_err(|fault| cursor.fault(fault))?;
        Ok(cursor.at)
    }

    fn subset(&mut self, document: &mut Cursor<'_>, begin: usize) -> Result<(), Stop> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            let item = match open.last_mut() {
                None => self.item(document)?,
                Some(entity) => {
                    let text = Rc::clone(&entity.text);
                    let reference = Some(entity.reference);
                    let mut cursor = Cursor { text: &text, at: entity.at, reference };
                    let item = self.item(&mut cursor)?;
                    entity.at = cursor.at;
                    item
                }
            };
            self.within_limit(document.at - begin).map_err(|fault| document.fault(fault))?;
            match item {
                Item::Declaration => {}
                Item::End => return Ok(()),
                Item::EntityEnd => drop(open.pop()),
                Item::Reference(name) => {
                    let at = open.first().map_or(document.at, |entity| entity.reference);
                    let entered = self.enter(name, at, &open).map_err(Stop::Fault)?;
                    open.extend(entered);
                }
            }
        }
    }

    fn within_limit(&self, read: usize) -> Result<(), XmlFault> {
        if read.saturating_add(self.expanded) > self.limits.dtd_bytes {
            return Err(XmlFault::Limit("dtd_bytes"));
        }
        Ok(())
    }

    /// White space and what comes after it.
    fn item(&mut self, cursor: &mut Cursor<'_>) -> Result<Item, Stop> {
        cursor.skip_space();
        if cursor.reference.is_some() && cursor.rest().is_empty() {
            return Ok(Item::EntityEnd);
        }
        match cursor.peek()? {
            b']' if cursor.reference.is_none() => {
                cursor.at += 1;
                return Ok(Item::End);
            }
            b'%' => {
                cursor.at += 1;
                let name = cursor.ncname()?.to_owned();
                cursor.demand(";", "`;` at the end of a reference")?;
                return Ok(Item::Reference(name));
            }
            _ => {}
        }
        if cursor.take("<!ELEMENT")? {
            content::read(cursor, self.limits)?;
        } else if cursor.take("<!ATTLIST")? {
            self.attlist(cursor)?;
        } else if cursor.take("<!ENTITY")? {
            self.entity(cursor)?;
        } else if cursor.take("<!NOTATION")? {
            entity::notation(cursor)?;
        } else if cursor.take("<!--")? {
            comment(cursor)?;
        } else if cursor.take("<?")? {
            instruction(cursor)?;
        } else if cursor.take("<![")? {
            return Err(cursor.fault(XmlFault::Misplaced("a conditional section")));
        } else {
            return Err(
                cursor.expected("a declaration, a parameter entity or the end of the subset")
            );
        }
        Ok(Item::Declaration)
    }

    /// Section 4.4.8, between declarations. Nothing outside the document is read.
    fn enter(&mut self, name: String, at: usize, open: &[Open]) -> Result<Option<Open>, Fault> {
        let fault = |fault| Err((at, fault));
        match self.parameters.get(&name) {
            Some(Some(text)) => {
                if open.iter().any(|open| open.name == name) {
                    return fault(XmlFault::ParameterEntity(name, "it refers to itself"));
                }
                if open.len() >= self.limits.entity_depth {
                    return fault(XmlFault::Limit("entity_depth"));
                }
                // An entity of no bytes costs as well.
                self.expanded = self.expanded.saturating_add(text.len() + 1);
                Ok(Some(Open { name, text: Rc::clone(text), at: 0, reference: at }))
            }
            None if !self.skipped => fault(XmlFault::ParameterEntity(name, "it is not declared")),
            Some(None) | None => {
                self.skipped = true;
                self.dtd.incomplete = true;
                self.obeys &= self.dtd.standalone;
                Ok(None)
            }
        }
    }
}

/// Behind `<!--`.
fn comment(cursor: &mut Cursor<'_>) -> Result<(), Stop> {
    let Some(length) = memchr::memmem::find(cursor.rest().as_bytes(), b"--") else {
        return Err(cursor.end());
    };
    let at = cursor.at + length;
    cursor.at = at + 2;
    if cursor.take(">")? {
        return Ok(());
    }
    Err(cursor.fault_at(at, XmlFault::Sequence("--", "a comment")))
}

/// Behind `<?`.
fn instruction(cursor: &mut Cursor<'_>) -> Result<(), Stop> {
    let Some(length) = memchr::memmem::find(cursor.rest().as_bytes(), b"?>") else {
        return Err(cursor.end());
    };
    let inner = &cursor.rest()[..length];
    instruction::split(inner).map_err(|fault| cursor.fault(fault))?;
    cursor.at += length + 2;
    Ok(())
}
